#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Does our import of an xentrace log agree with Xen's own decoder?
#
#   oracle_xenalyze.sh VPCI_TRACE UNPACK SAMPLE_DIR READS WRITES PORT ECAM PCPU0 PCPU1 PCPU2 PCPU3
#
# SAMPLE_DIR holds trace.bin.zst and xenalyze-dump-all.txt.zst, the text that
# `xenalyze --svm-mode --cpu-hz=1G --dump-all` printed for it.  The text's port and memory
# accesses are decoded here on their own, and compared with `vpci-trace dump` access
# by access: time, pCPU, vCPU, direction, device, register and value, in the
# order of each pCPU.  The counts on the command line are those counted
# independently when the log was captured.
set -eu

vpci_trace=$1 unpack=$2 sample=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$vpci_trace" import --from xentrace --xl-info "$sample/spec.txt" --iomem "$sample/iomem.txt" \
    --emulated "$sample/trace.bin.zst" -o "$work/trace.vpt" 2> "$work/report"

# One line per access: PCPU TIME_NS VCPU DIRECTION BUS DEVFN REGISTER VALUE, numbers in decimal.
"$unpack" "$sample/xenalyze-dump-all.txt.zst" | awk '
function hex(text,    i, n) {
    n = 0
    for (i = 1; i <= length(text); i++)
        n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return n
}
function out(dir, bus, devfn, reg, value) {
    printf "%d %s %s %s %d %d %d %.0f\n", index(state, "x") - 1, time, vcpu, dir, bus, devfn, reg,
        value
}
{
    if ($1 == "]")
        $0 = substr($0, index($0, "]") + 1)
    time = $1
    sub(/\./, "", time)
    sub(/^0+/, "", time)
    state = $2
    vcpu = $3
}
# TIME STATE VCPU io write port cf8 val 8000003c
$4 == "io" && $6 == "port" && $7 == "cf8" && $5 == "write" { latch[vcpu] = hex($9) }
$4 == "io" && $6 == "port" && $7 ~ /^cf[c-f]$/ {
    low = latch[vcpu] % 256
    out($5, int(latch[vcpu] / 65536) % 256, int(latch[vcpu] / 256) % 256,
        low - low % 4 + hex($7) - 3324, hex($9)) # 3324 is 0xcfc
}
# TIME STATE VCPU mmio_assist r gpa b0020100 data 14820001; the only window is b0000000-bfffffff
$4 == "mmio_assist" && $6 == "gpa" && $7 ~ /^b[0-9a-f]......$/ {
    out($5 == "r" ? "read" : "write", hex(substr($7, 2, 2)), hex(substr($7, 4, 2)),
        hex(substr($7, 6, 3)), hex($9))
}' | sort -s -n -k1,1 > "$work/xenalyze"

# time_ns,pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,flags
"$vpci_trace" dump --format csv "$work/trace.vpt" > "$work/csv"
awk -F , '
function hex(text,    i, n) {
    sub(/^0x/, "", text)
    n = 0
    for (i = 1; i <= length(text); i++)
        n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return n
}
$6 == "cfg-read" || $6 == "cfg-write" {
    split($5, part, /[:.]/)
    printf "%d %s d%dv%d %s %d %d %d %.0f\n", $2, $1, $3, $4, substr($6, 5), hex(part[2]),
        hex(part[3]) * 8 + part[4], hex($7), hex($9)
}' "$work/csv" | sort -s -n -k1,1 > "$work/ours"

if ! cmp -s "$work/xenalyze" "$work/ours"; then
    echo "the sequences of accesses differ (< xenalyze, > vpci-trace):"
    diff "$work/xenalyze" "$work/ours" | head -20
    exit 1
fi

counts=$(awk -F , '
$6 == "cfg-read" { reads++ }
$6 == "cfg-write" { writes++ }
/\|port/ { port++ }
/\|ecam/ { ecam++ }
NR > 1 { pcpu[$2]++ }
END { print reads + 0, writes + 0, port + 0, ecam + 0, pcpu[0], pcpu[1], pcpu[2], pcpu[3] }
' "$work/csv")
if [ "$counts" != "$*" ]; then
    echo "expected counts (reads writes port ecam pcpu0..3): $*"
    echo "found:                                             $counts"
    exit 1
fi

# Values against the devices themselves: what lspci printed on that host during the log.  Only the
# interrupt line of 00:00.0 was written meanwhile (the phase marks).
if [ -e "$sample/lspci-xxxx.txt" ]; then
    awk -F , '
    FNR == NR {
        if ($0 ~ /^[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]\.[0-7] /)
            device = "0000:" substr($0, 1, 7)
        else if ($0 ~ /^[0-9a-f]+: /) {
            n = split($0, byte, " ")
            base = hex(substr(byte[1], 1, length(byte[1]) - 1))
            for (i = 2; i <= n; i++)
                known[device, base + i - 2] = byte[i]
        }
        next
    }
    function hex(text,    i, n) {
        sub(/^0x/, "", text)
        n = 0
        for (i = 1; i <= length(text); i++)
            n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
        return n
    }
    $6 == "cfg-read" && !($5 == "0000:00:00.0" && $7 == "0x03c") {
        reg = hex($7)
        value = 0
        for (i = $8 - 1; i >= 0; i--) {
            if (!(($5, reg + i) in known)) {
                print "lspci has no byte " reg + i " of " $5
                bad = 1
                exit
            }
            value = value * 256 + hex(known[$5, reg + i])
        }
        if (value != hex($9)) {
            print "lspci shows another value: " $0
            bad = 1
            exit
        }
        checked++
    }
    END {
        if (!bad && !checked) {
            print "no value was checked"
            bad = 1
        }
        exit bad
    }' "$sample/lspci-xxxx.txt" "$work/csv" || exit 1
fi
echo "$(wc -l < "$work/ours") accesses agree"
