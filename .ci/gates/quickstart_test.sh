#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# quickstart.sh with made-up apt, dpkg, cmake and ctest: what it would install,
# in which order it works, and that a failure is one.  Nothing is installed.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/tree" "$scratch/fake"
cp "$VS_SOURCE_DIR/quickstart.sh" "$scratch/tree/"
export FAKE_LOG=$scratch/log FAKE_ABSENT=$scratch/absent FAKE_NONEXISTENT=$scratch/nonexistent
export FAKE_FAILS=$scratch/fails

fake() {
    cat >"$scratch/fake/$1"
    chmod +x "$scratch/fake/$1"
}

fake dpkg-query <<'END'
#!/bin/bash
grep -qx -- "${@: -1}" "$FAKE_ABSENT" && exit 1
printf installed
END
fake apt-cache <<'END'
#!/bin/bash
grep -qx -- "${@: -1}" "$FAKE_NONEXISTENT" || echo "$2 | 1.0 | somewhere"
END
fake id <<'END'
#!/bin/bash
echo 0
END
for name in apt-get cmake ctest; do
    fake "$name" <<'END'
#!/bin/bash
echo "${0##*/} $*" >>"$FAKE_LOG"
if [ "${0##*/}" = ctest ]; then echo "the last line"; fi
! grep -qx -- "${0##*/}" "$FAKE_FAILS"
END
done

failures=0
check() {
    if [ "$2" != "$3" ]; then
        printf 'FAILED %s\nexpected:\n%s\nfound:\n%s\n' "$1" "$3" "$2"
        failures=$((failures + 1))
    fi
}

# quickstart ABSENT NONEXISTENT FAILING ARGUMENT...: runs from another directory.
quickstart() {
    tr ' ' '\n' <<<"$1" >"$FAKE_ABSENT"
    tr ' ' '\n' <<<"$2" >"$FAKE_NONEXISTENT"
    tr ' ' '\n' <<<"$3" >"$FAKE_FAILS"
    shift 3
    : >"$FAKE_LOG"
    status=0
    output=$(cd / && PATH=$scratch/fake:$PATH "$scratch/tree/quickstart.sh" "$@" 2>&1) || status=$?
}

tests_run='cmake --preset dev
cmake --build --preset dev
ctest --test-dir build/dev --output-on-failure -L ebpf --repeat until-pass:2
ctest --test-dir build/dev --output-on-failure -j2 -LE ebpf'

for round in first second; do
    quickstart "" "" "" test
    check "nothing missing, $round time: status" "$status" 0
    check "nothing missing, $round time: no apt" "$(cat "$FAKE_LOG")" "$tests_run"
    check "nothing missing is said" "$(head -n 1 <<<"$output")" "Packages: nothing is missing."
    check "ctest has the last word" "$(tail -n 1 <<<"$output")" "the last line"
done

quickstart "ninja-build libjansson-dev" "" "" test
check "only what is missing is installed" "$(cat "$FAKE_LOG")" "apt-get -q update
apt-get -q install -y --no-install-recommends ninja-build libjansson-dev
$tests_run"
check "each package is named" "$(head -n 2 <<<"$output")" "Packages: installing ninja-build
Packages: installing libjansson-dev"

quickstart "clang-format-14 libclang-rt-14-dev libclang-rt-dev" "libclang-rt-14-dev" "" test
check "an alternative that is there is enough, else the one that exists is taken" \
    "$(grep install "$FAKE_LOG")" "apt-get -q install -y --no-install-recommends libclang-rt-dev"

for failing in cmake ctest apt-get; do
    quickstart "ninja-build" "" "$failing" test
    check "a failure of $failing is a failure" "$([ "$status" -ne 0 ] && echo failed)" failed
done

quickstart "" "" "" --help
check "help: status" "$status" 0
check "help: nothing is run" "$(cat "$FAKE_LOG")" ""
quickstart "" "" "" tset
check "an unknown argument: status" "$status" 2
quickstart "" "" "" test demo
check "two arguments: status" "$status" 2

echo "$failures failure(s)"
[ "$failures" -eq 0 ]
