#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line of `vpci-trace import`: what it refuses, how, and that a refusal leaves no file.
#
#   import_cli.sh VPCI_TRACE SAMPLE_DIR      (SAMPLE_DIR holds an xentrace sample log)
set -u

vpci_trace=$1 sample=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$sample/trace.bin.zst
out=$work/out.vpt
failed=0

# expect STATUS WORDS ARGUMENTS...: the exit status, words on stderr, and no output unless status 0
expect() {
    status=$1 words=$2
    shift 2
    rm -f "$out"
    "$vpci_trace" import "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null
    found=$?
    if [ $found -ne "$status" ] || ! grep -qF -e "$words" "$work/stderr"; then
        echo "import $*"
        echo "  expected status $status and \"$words\", found status $found and:"
        sed 's/^/  /' "$work/stderr"
        failed=1
    fi
    if [ "$status" -ne 0 ] && [ -n "$(ls "$work" | grep -v -e stdout -e stderr -e input)" ]; then
        echo "import $*: left a file behind: $(ls "$work")"
        failed=1
    fi
}

xen="--from xentrace --tsc-hz 1GHz"
expect 2 "--from FORMAT is missing" "$log" -o "$out"
expect 2 'did you mean "xentrace"' --from xentrce "$log" -o "$out"
expect 2 "-o FILE is missing" $xen "$log"
expect 2 "IN" $xen -o "$out"
expect 2 "--tsc-hz" --from xentrace "$log" -o "$out"
expect 2 "with its unit" --from xentrace --tsc-hz 1000000000 "$log" -o "$out"
expect 2 "has no meaning with --from xentrace" $xen --align wall "$log" -o "$out"
expect 2 "has no meaning with --from qemu-log" --from qemu-log --ecam 0xb0000000:0:0-255 "$log" \
    -o "$out"
expect 2 "takes one input" $xen "$log" "$log" -o "$out"
expect 2 "expected svm or vmx" $xen --vendor amd "$log" -o "$out"
expect 2 "BASE:SEG:BUS0-BUS1" $xen --ecam b0000000 "$log" -o "$out"
expect 2 "both want standard output" $xen --json "$log" -o -
expect 2 "--only-domain" $xen --only-domain dom0 "$log" -o "$out"
expect 2 "--zstd" $xen --zstd 20 "$log" -o "$out"
expect 3 "--vendor vmx, but" $xen --vendor vmx "$log" -o "$out"
expect 3 "no xentrace log" $xen "$sample/spec.txt" -o "$out"
expect 3 "cpu_mhz" --from xentrace --xl-info "$sample/iomem.txt" "$log" -o "$out"
expect 3 "PCI MMCONFIG" $xen --iomem "$sample/spec.txt" "$log" -o "$out"
expect 3 "MCFG" $xen --mcfg "$sample/spec.txt" "$log" -o "$out"
expect 4 "No such file" $xen "$work/none" -o "$out"
expect 4 "No such file" $xen --devices "$work/none" "$log" -o "$out"
expect 4 "No such file" $xen "$log" -o "$work/none/out.vpt"

: > "$work/input"
expect 3 "empty" $xen "$work/input" -o "$out"
head -c 300000 "$log" > "$work/input"
expect 3 "byte 300000" $xen "$work/input" -o "$out"
expect 0 "stopped-at-damage" $xen --tolerate "$work/input" -o "$out"
# A window of 64 bytes on pCPU 0, of which 4 are there.
printf '\003\360\001\040\0\0\0\0\100\0\0\0\0\0\0\0' > "$work/input"
expect 0 "note: incomplete: the log ends within a window: 60 bytes" $xen "$work/input" -o "$out"
"$vpci_trace" info "$out" | tr -s ' \n' ' ' | grep -qF "ends within a window" || {
    echo "the trace of a log that was cut off does not say so"
    failed=1
}

# The same bytes whether to a file or into a pipe.
"$vpci_trace" import $xen --iomem "$sample/iomem.txt" - -o "$work/a.vpt" < "$log" 2> /dev/null &&
    "$vpci_trace" import $xen --iomem "$sample/iomem.txt" - -o - < "$log" 2> /dev/null \
        > "$work/b.vpt" && cmp "$work/a.vpt" "$work/b.vpt" || failed=1

# An existing file is replaced only when asked.
"$vpci_trace" import $xen "$log" -o "$work/a.vpt" 2> "$work/stderr"
[ $? -eq 4 ] || { echo "an existing output was replaced"; failed=1; }
"$vpci_trace" import $xen --force --json "$log" -o "$work/a.vpt" > "$work/json" 2> "$work/stderr" &&
    grep -q '"cfg-read": ' "$work/json" || failed=1
exit $failed
