#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
set -euo pipefail

usage() {
    cat <<'END'
Usage: ./quickstart.sh [demo|test|--help]

  demo    (default) install what is missing, build, replay the bundled captures
          under every locking policy, and report in demo-out/
  test    install what is missing, build with warnings as errors, run every test

Missing packages are installed with apt, as root or through sudo, and named
before. Safe to run again: what is there is not installed, built or run twice.
END
}

# --------------------------------------------------------------------- packages
# One a word; where releases of Debian and Ubuntu differ, alternatives stand
# with a bar between, and the first that exists is taken.

build_packages=(build-essential cmake ninja-build pkg-config libjansson-dev libzstd-dev
    liblzma-dev zlib1g-dev libxxhash-dev libsqlite3-dev libcmocka-dev python3)
run_packages=(sqlite3 gnuplot-nox zstd xz-utils gzip fonts-dejavu-core)
test_packages=("clang-format-14|clang-format" clang "libclang-rt-14-dev|libclang-rt-dev")

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
    cmake --build --preset "$preset"
}

build() {
    mkdir -p build
    configure_and_build "$1"
}

# -------------------------------------------------------------------------- demo

out=demo-out
tools=build/release/bin
samples=traces/samples

import_xentrace() {
    local name=$1
    "$tools/vpci-trace" import --from xentrace "$samples/$name/trace.bin.zst" -o "$out/$name.vpt"
}

import_qemu() {
    local name=$1
    "$tools/vpci-trace" import --from qemu-log "$samples/$name/trace.log.zst" -o "$out/$name.vpt"
}

replay() {
    "$tools/vpci-sim" replay "$out"/*.vpt --db "$out/results.db"
}

report() {
    "$tools/vpci-report" "$out/results.db" -o "$out/report"
}

demo() {
    stage_count=7
    install_packages "${build_packages[@]}" "${run_packages[@]}"
    stage "build" build release
    mkdir -p "$out"
    stage "import xen-4.17-pvh-dom0-reads" import_xentrace xen-4.17-pvh-dom0-reads
    stage "import xen-4.17-pvh-dom0-decode-toggles" \
        import_xentrace xen-4.17-pvh-dom0-decode-toggles
    stage "import qemu-q35-linux-a" import_qemu qemu-q35-linux-a
    stage "import qemu-q35-linux-d" import_qemu qemu-q35-linux-d
    stage "replay under every policy" replay
    stage "report" report
}

# -------------------------------------------------------------------------- test

run_tests() {
    install_packages "${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}"
    stage_count=1
    stage "build with warnings as errors" build dev
    # Last, so that what ends the output is ctest's own summary.
    ctest --test-dir build/dev --output-on-failure -j2
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
