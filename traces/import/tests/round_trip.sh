#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What dump prints as CSV and as JSON lines, import reads back to equal records: two captured guests
# as two domains (every flag and kind an importer makes), and synthetic events by hand.
set -euo pipefail
trap 'cat import.log' ERR

samples=$VS_SOURCE_DIR/traces/samples
vpci-trace import --from qemu-log --emulated --force -o guests.vpt \
  "$samples/qemu-q35-linux-a/trace.log.zst" "$samples/qemu-q35-linux-d/trace.log.zst" 2> import.log
cat > events.csv << 'END'
time_ns,pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,flags
0,0,0,0,0000:00:1f.2,cfg-read,0xffc,4,0xffffffff,4294967295,time-bracketed|port|absent|cf8-stale
1,65534,65535,,ffff:fe:1f.7,msix-write,0x7ffc,4,0x80000000,0,second-half|split
2,,0,3,,mmio,0x000,0,0xfee00,17,synthetic
3,,3,,0001:00:00.0,mmcfg-reserved,0x000,0,0x0,0,injected
18446744073709,,0,,,lost,0x000,0,0xffffffff,1000,
END
vpci-trace import --from csv --force -o events.vpt events.csv 2> import.log

for name in guests events; do
  vpci-trace dump "$name.vpt" --format csv > "$name.1.csv"
  vpci-trace dump "$name.vpt" --format jsonl > "$name.1.jsonl"
  vpci-trace import --from csv --force -o again.vpt - < "$name.1.csv" 2> import.log
  vpci-trace dump again.vpt --format csv | cmp - "$name.1.csv"
  vpci-trace import --from jsonl --force -o again.vpt "$name.1.jsonl" 2> import.log
  vpci-trace dump again.vpt --format csv | cmp - "$name.1.csv"
  vpci-trace dump again.vpt --format jsonl | cmp - "$name.1.jsonl"
done
cmp events.1.csv events.csv
test "$(wc -l < guests.1.csv)" -eq 300181
