#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
set -euo pipefail

usage() {
    cat <<'END'
Usage: ./quickstart.sh [demo|test|--help]

  demo    (default) install what is missing, build, replay the bundled captures
          under every locking policy, search every interleaving of a few vCPUs,
          and report in demo-out/
  test    install what is missing, build with warnings as errors, run every test

Missing packages are installed with apt, as root or through sudo, and named
before. Safe to run again: what is there is not installed, built or replayed twice.
END
}

# --------------------------------------------------------------------- packages
# One a word; where releases of Debian and Ubuntu differ, alternatives stand
# with a bar between, and the first that exists is taken.

build_packages=(build-essential cmake ninja-build pkg-config libjansson-dev libzstd-dev
    liblzma-dev zlib1g-dev libxxhash-dev libsqlite3-dev libcmocka-dev libck-dev liburcu-dev python3
    clang llvm libbpf-dev libelf-dev "bpftool|linux-tools-common")
run_packages=(sqlite3 gnuplot-nox zstd xz-utils gzip fonts-dejavu-core)
test_packages=("clang-format-14|clang-format" "libclang-rt-14-dev|libclang-rt-dev"
    qemu-system-x86 seabios pciutils strace busybox-static spin)

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

is_available() {
    [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

# The names to install for the words given, one a line.
missing_packages() {
    local word name names
    for word in "$@"; do
        IFS='|' read -r -a names <<<"$word"
        for name in "${names[@]}"; do
            is_installed "$name" && continue 2
        done
        for name in "${names[@]}"; do
            is_available "$name" && break
        done
        echo "$name"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is no Debian or Ubuntu; these packages, or their like, are expected: $*"
        return
    fi
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" -eq 0 ]; then
        echo "Packages: nothing is missing."
        return
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "quickstart.sh: missing, and neither root nor sudo to install it: ${missing[*]}" >&2
        exit 4
    fi
    as_root apt-get -q update
    mapfile -t missing < <(missing_packages "$@") # alternatives are known only now
    printf 'Packages: installing %s\n' "${missing[@]}"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${missing[@]}"
}

# ------------------------------------------------------------------------ stages

stage_number=0
stage_count=0

# stage TITLE COMMAND...: one line with the time taken.  The command's output
# goes through; its failure is the script's.
stage() {
    local title=$1 start_us=${EPOCHREALTIME//[^0-9]/} taken_ms
    shift
    stage_number=$((stage_number + 1))
    printf '[%d/%d] %s ...\n' "$stage_number" "$stage_count" "$title"
    "$@"
    taken_ms=$(((${EPOCHREALTIME//[^0-9]/} - start_us) / 1000))
    printf '[%d/%d] %s: %d.%d s\n' "$stage_number" "$stage_count" "$title" \
        $((taken_ms / 1000)) $((taken_ms % 1000 / 100))
}

configure_and_build() {
    local preset=$1
    cmake --preset "$preset" >"build/$preset.log" || { cat "build/$preset.log" >&2; return 4; }
    cmake --build --preset "$preset" >"build/$preset.log" || { cat "build/$preset.log" >&2; return 4; }
}

build() {
    mkdir -p build
    configure_and_build "$1"
}

# -------------------------------------------------------------------------- demo

out=demo-out
tools=build/release/bin
samples=traces/samples

# What every result from these logs has to carry; traces/samples/README.md says more.
xen_note="instruction counting ran one CPU at a time: no access meets another, the log holds no lock contention"
qemu_note="a bare Linux guest, not Xen: its accesses are replayed as if they were a vPCI domain's"

import_xen() {
    local name=$1 log=$samples/$2
    shift 2
    "$tools/vpci-trace" import --force --from xentrace --xl-info "$log/spec.txt" \
        --iomem "$log/iomem.txt" --emulated --note "$xen_note" "$@" \
        "$log/trace.bin.zst" -o "$out/$name.vpt" 2>"$out/$name.import.txt"
}

import_logs() {
    import_xen xen-reads xen-4.17-pvh-dom0-reads \
        --devices "$samples/xen-4.17-pvh-dom0-reads/lspci-xxxx.txt"
    import_xen xen-toggles xen-4.17-pvh-dom0-decode-toggles
    "$tools/vpci-trace" import --force --from qemu-log --backend "qemu 7.2 q35" --emulated \
        --note "$qemu_note" "$samples/qemu-q35-linux-a/trace.log.zst" \
        "$samples/qemu-q35-linux-d/trace.log.zst" -o "$out/two-guests.vpt" \
        2>"$out/two-guests.import.txt"
}

# Removals and decode toggles are rare in what was captured; put some in, marked.
inject_events() {
    "$tools/vpci-trace" inject --force "$out/xen-reads.vpt" -o "$out/xen-hotplug.vpt" --seed 7 \
        --remove 100/s --downtime 2ms --toggle 200/s >"$out/xen-hotplug.inject.txt" 2>&1
}

# replay NAME TRACE OPTION...: every policy, into the database; the table into tables/NAME.txt.
# A policy that deadlocks makes the exit status 1; that is a result here, not a failure.
replay() {
    local name=$1 trace=$2 status=0
    shift 2
    "$tools/vpci-sim" replay "$out/$trace.vpt" --db "$out/results.db" "$@" \
        >"$out/tables/$name.txt" 2>"$out/tables/$name.log" || status=$?
    [ "$status" -le 1 ] || { cat "$out/tables/$name.log" >&2; return "$status"; }
}

# Open timing: every access at its recorded time.  Closed timing would let the streams
# drift apart, since what an access costs here is not what it cost in the emulator.
replay_as_recorded() {
    replay as-recorded-xen-reads xen-reads --timing open
    replay as-recorded-xen-toggles xen-toggles --timing open
}

replay_what_ifs() {
    local speed
    replay what-if-hotplug xen-hotplug --replicas 5
    replay what-if-hotplug-crowded xen-hotplug --rebase --max-think 20us
    for speed in 1 4 16; do
        replay "what-if-toggles-speed-$speed" xen-toggles --rebase --max-think 20us --speed "$speed"
        replay "what-if-two-guests-speed-$speed" two-guests --rebase --max-think 100us \
            --speed "$speed"
    done
}

# Costs that are assumed, and load, far from where the profile and the log have them: which
# conclusions survive that?  A database of its own, since it is many runs.
sweep_assumptions() {
    local status=0
    "$tools/vpci-sim" sweep "$out/xen-hotplug.vpt" --db "$out/sweep.db" --rebase \
        --max-think 100us --speed 1,4 --vary config-cycle=500ns,1us,2us \
        --vary iommu-detach=50us,5ms --replicas 3 \
        >"$out/tables/sweep.txt" 2>"$out/tables/sweep.log" || status=$?
    [ "$status" -le 1 ] || { cat "$out/tables/sweep.log" >&2; return "$status"; }
}

# Every interleaving of a few vCPUs, and the claims of 2022: verdicts and schedules for the page.
prove() {
    "$tools/vpci-sim" check --db "$out/results.db" >"$out/tables/check.txt"
    "$tools/vpci-sim" hypotheses --db "$out/results.db" >"$out/tables/hypotheses.txt"
}

report() {
    "$tools/vpci-report" "$out/results.db" -o "$out/report" >"$out/report.txt"
    "$tools/vpci-report" "$out/sweep.db" -o "$out/sweep-report" >"$out/sweep-report.txt"
}

show_results() {
    local name
    for name in as-recorded-xen-reads what-if-hotplug what-if-hotplug-crowded \
        what-if-two-guests-speed-4; do
        printf '\n=== %s\n' "$name"
        cat "$out/tables/$name.txt"
    done
    cat <<END

Open next:
  $out/report/index.html        plots, tables, verdicts, claims, and where every number comes from
  $out/sweep-report/index.html  which conclusions survive other costs and loads
  $out/tables/                  every table: as recorded, what-ifs, check.txt, hypotheses.txt, sweep.txt
  $out/results.db               the database (sqlite3; sim/store/schema.sql explains it)
END
}

demo() {
    stage_count=8
    install_packages "${build_packages[@]}" "${run_packages[@]}"
    stage "build" build release
    mkdir -p "$out/tables"
    stage "import two Xen logs and two guests' logs" import_logs
    stage "inject removals and decode toggles (what-if)" inject_events
    stage "replay as recorded, under every policy" replay_as_recorded
    stage "replay what-ifs: overlapped, faster, two domains, hotplug" replay_what_ifs
    stage "sweep costs and loads" sweep_assumptions
    stage "search every interleaving, test the claims of 2022" prove
    stage "report" report
    show_results
}

# -------------------------------------------------------------------------- test

run_tests() {
    install_packages "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}"
    stage_count=1
    stage "build with warnings as errors" build dev
    # These watch the whole host; what else runs on it may disturb one once.
    ctest --test-dir build/dev --output-on-failure -L ebpf --repeat until-pass:2
    # Last, so that what ends the output is ctest's own summary.
    ctest --test-dir build/dev --output-on-failure -j2 -LE ebpf
}

if [ $# -gt 1 ]; then
    usage >&2
    exit 2
fi
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
case "${1:-demo}" in
demo) demo ;;
test) run_tests ;;
-h | --help | help) usage ;;
*)
    echo "quickstart.sh: unknown argument '$1'" >&2
    usage >&2
    exit 2
    ;;
esac
