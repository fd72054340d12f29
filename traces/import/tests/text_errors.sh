#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Command lines with bad text inputs: exact message, exit status, and no file left behind.
set -uo pipefail

failed=0
# expect STATUS MESSAGE ARGUMENT...: vpci-trace import ARGUMENT... fails just so.
expect()
{
  local status=$1 message=$2 found code
  shift 2
  found=$(vpci-trace import -o out.vpt "$@" 2>&1 > /dev/null)
  code=$?
  found=${found%$'\n'"Try 'vpci-trace import --help'."}
  if [ "$code" -ne "$status" ] || [ "$found" != "vpci-trace: $message" ] || [ -e out.vpt ]; then
    printf 'import %s\n  expected %d: %s\n  found    %d: %s\n' "$*" "$status" "$message" "$code" "$found"
    failed=1
  fi
}

: > empty
printf 'hello\n' > words
printf '1@5.000000:pci_cfg_read mch 00:00.0 @0x0 -> 0x8086\n1@5.000001:pci_cfg_read mch 00:0\n' > cut.log
printf 'time_ns,kind,sbdf,reg\n1,read,00:00.0,0x10\n2,reed,00:00.0,0x10\n' > bad.csv
printf 'time,kind\n1,dump\n' > unitless.csv
printf '{"time_ns":1,"kind":"dump"}\n{"time_ns":2,"kind":"dump"' > cut.jsonl

expect 3 'empty: byte 0: expected QEMU trace log lines, found an empty file' --from qemu-log empty
expect 3 "words:1: expected THREAD@SECONDS.MICROS:EVENT (QEMU prints it with -msg timestamp=on) at column 1, found 'hello'" --from qemu-log words
expect 3 "cut.log:2: expected ' @0xOFFSET' below 0x1000 at column 33, found the end of the line" --from qemu-log cut.log
expect 4 'missing.log: cannot open: No such file or directory' --from qemu-log missing.log
expect 2 "--threads: expected THREAD=CPU (CPU 0 to 65534) or THREAD=none, found '7'" --from qemu-log --threads 7 cut.log
expect 2 '--columns has no meaning with --from qemu-log' --from qemu-log --columns time=t:us cut.log
expect 3 'empty: byte 0: expected a header line that names the columns, found an empty file' --from csv empty
expect 3 "words:1: expected a column 'time_ns' for the time in the header, found none" --from csv words
expect 3 "bad.csv:3: column 'kind': expected a kind ('cfg-read', 'cfg-write', 'read', 'write', 'device-add', ...), found 'reed'" --from csv bad.csv
expect 2 "column 'time' has no unit: name it time_ns, _us, _ms or _s, or say --columns time=time:UNIT" --from csv unitless.csv
cut=$(vpci-trace import -o out.vpt --from jsonl cut.jsonl 2>&1 > /dev/null) || failed=1
rm -f out.vpt
case $cut in
  *'1  cut-last-line'*) ;;
  *) printf 'cut.jsonl: no cut-last-line in: %s\n' "$cut"; failed=1 ;;
esac
printf 'time_ns,kind,domain\n' > header.csv
none=$(vpci-trace import -o out.vpt --from csv header.csv 2>&1 > /dev/null) || failed=1
rm -f out.vpt
if [ "$none" != 'note: 0 records produced: expected a row for each record after the header' ]; then
  printf 'header.csv: found %s\n' "$none"
  failed=1
fi
expect 3 'empty: byte 0: expected one JSON object per line, found an empty file' --from jsonl empty
expect 3 "words:1: expected a device's line, '[SEGMENT:]BUS:DEVICE.FUNCTION ...', found 'hello'" --from csv --devices words bad.csv
expect 3 'empty: byte 0: expected the output of lspci -x, -xxx or -xxxx, found no device' --from csv --devices empty bad.csv
exit $failed
