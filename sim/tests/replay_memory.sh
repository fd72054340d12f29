#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# replay_memory.sh MAKE_TRACE: --memory bounds what grows with the trace and changes no result.
set -u
make_trace=$1
command -v vpci-sim >/dev/null || { echo 'FAILED: no vpci-sim in PATH'; exit 1; }
failures=0

fail() {
    echo "FAILED: $*"
    sed 's/^/    /' err | head -5
    failures=$((failures + 1))
}

# expect STATUS TEXT COMMAND...: exit status, and a line of stderr with TEXT.
expect() {
    local status=$1 text=$2 got
    shift 2
    "$@" >out 2>err
    got=$?
    if [ $got -ne "$status" ] || ! grep -qF -- "$text" err; then
        fail "$*: expected status $status and '$text', got $got"
    fi
}

work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
mkdir spill
export TMPDIR=$work/spill
"$make_trace" busy.vpt 400 || exit 1

# Bad values.
for value in 64 64MB -1MiB 1MiBx ""; do
    for command in replay sweep saturate; do
        expect 2 "--memory" vpci-sim $command busy.vpt --memory "$value"
    done
done

# The same bytes with everything in memory, in files, and in both; and files that are gone.
for options in "" "--clone 3 --speed 4 --rebase" "--timing open --max-think 1us" "--replicas 3"; do
    # shellcheck disable=SC2086
    vpci-sim replay busy.vpt busy.vpt $options --json >all.json 2>err
    status=$?
    [ $status -le 1 ] || fail "replay $options: status $status"
    for bound in 1B 64KiB; do
        # shellcheck disable=SC2086
        vpci-sim replay busy.vpt busy.vpt $options --json --memory $bound >less.json 2>err
        [ $? -eq $status ] || fail "replay $options --memory $bound: another status than $status"
        cmp all.json less.json || fail "replay $options --memory $bound: other results"
        [ "$(grep -c "temporary files in $TMPDIR" err)" = 1 ] ||
            fail "replay $options --memory $bound: does not say once where"
    done
done
vpci-sim replay - --json <busy.vpt >all.json 2>err || [ $? -eq 1 ] || fail "standard input"
vpci-sim replay - --json --memory 1B <busy.vpt >less.json 2>err
cmp all.json less.json || fail "standard input: other results"
for command in "sweep --speed 1,4 --clone 1,2" "saturate --p99 50us --to 8"; do
    for bound in 0B 1B; do
        # shellcheck disable=SC2086
        vpci-sim $command busy.vpt -p pci-lock -p none --db $bound.db --json --memory $bound \
            >$bound.json 2>$bound.err || [ $? -eq 1 ] || fail "$command --memory $bound"
    done
    grep -v '"db"' 0B.json >all.json
    grep -v '"db"' 1B.json >less.json
    if ! [ -s all.json ] || ! cmp all.json less.json; then fail "$command: other results"; fi
    if grep -q "temporary" 0B.err || [ "$(grep -c "temporary" 1B.err)" != 1 ]; then
        fail "$command: does not say once where"
    fi
    rm -f 0B.db 1B.db
done
[ -z "$(ls spill)" ] || fail "temporary files are left: $(ls spill)"

# No room for them: one error, and a database stays as it is.
vpci-sim replay busy.vpt -p none --db kept.db >out 2>err || fail "kept.db"
before=$(sha256sum kept.db)
limited() { (ulimit -f 1024 && "$@"); }
vpci-trace generate -o large.vpt -n 300000 --domains 2 --rate 100/ms 2>err || fail "large.vpt"
TMPDIR=$work/nowhere expect 4 "No such file or directory" \
    vpci-sim replay large.vpt -p pci-lock --db kept.db --memory 1B
expect 4 "temporary file in $TMPDIR" \
    limited vpci-sim replay large.vpt -p pci-lock --db kept.db --memory 1B
expect 4 "--memory" limited vpci-sim sweep large.vpt -p pci-lock --db kept.db --memory 1B
[ "$(grep -c "error\|cannot" err)" = 1 ] || fail "more than one error"
[ "$before" = "$(sha256sum kept.db)" ] || fail "the database was touched"
mkdir tiny
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m none tiny 2>/dev/null; then
    TMPDIR=$work/tiny expect 4 "No space left on device" \
        vpci-sim replay large.vpt -p pci-lock --memory 1B
    grep -q "itself in memory" err || fail "does not say that a tmpfs is memory"
    umount tiny
else
    echo "no tmpfs can be mounted here: a full disk is not tried"
fi

# A limit on memory that the program itself fits in, and the trace does not.
limit=$((56 << 20))
if ! prlimit --data=$limit vpci-sim replay busy.vpt -p pci-lock -j 1 >out 2>err; then
    echo "under this limit not even a small trace can be replayed (a sanitizer?): not tried"
else
    vpci-trace generate -o large.vpt -f -n 1500000 --domains 2 --rate 100/ms 2>err ||
        fail "large.vpt"
    vpci-sim replay large.vpt -p pci-lock -j 1 --json >all.json 2>err || fail "no limit"
    expect 4 "out of memory" \
        prlimit --data=$limit vpci-sim replay large.vpt -p pci-lock -j 1 --json
    prlimit --data=$limit vpci-sim replay large.vpt -p pci-lock -j 1 --json --memory 8MiB \
        >less.json 2>err || fail "within the limit, with --memory 8MiB"
    cmp all.json less.json || fail "within the limit: other results"
fi
exit $((failures > 0))
