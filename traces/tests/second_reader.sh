#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The reader that was written from FORMAT.md alone prints what vpci-trace dump prints,
# on traffic that makes the writer choose every kind of coding.
set -eu
here=$(dirname "$0")

same() {
    vpci-trace dump --format csv "$1" > ours.csv
    python3 "$here/second_reader.py" "$1" > theirs.csv
    cmp ours.csv theirs.csv
    echo "$1: $(wc -l < ours.csv) lines agree"
}

vpci-trace generate --force --zstd 0 -o g.vpt --seed 9 --domains 3 -n 20000 --phases boot,poll,hotplug
same g.vpt
vpci-trace generate --force --zstd 0 -o w.vpt --seed 2 --vcpus 64 -n 20000 --phases poll --writes 0.9
same w.vpt
vpci-trace inject --force --zstd 0 g.vpt -o i.vpt --toggle 100/s --assign 20/s 2> /dev/null
same i.vpt
samples=$VS_SOURCE_DIR/traces/samples
vpci-trace import --force --zstd 0 --from qemu-log --emulated \
    "$samples/qemu-q35-linux-d/trace.log.zst" -o q.vpt 2> /dev/null
vpci-trace slice --force --zstd 0 q.vpt -o qs.vpt --from 30s --to 60s
same qs.vpt
# A killed writer's file ends quietly for both.
head -c 90000 g.vpt > cut.vpt
same cut.vpt
[ "$(wc -l < ours.csv)" -gt 8000 ]
if command -v zstd > /dev/null; then
    vpci-trace slice --force g.vpt -o z.vpt --zstd 3
    same z.vpt
else
    echo "no zstd command: compressed blocks not compared"
fi
# CSV and JSON lines come back as equal records.
for form in csv jsonl; do
    vpci-trace dump --format $form i.vpt > i.$form
    vpci-trace import --force --from $form i.$form -o back.vpt 2> /dev/null
    vpci-trace dump --format $form back.vpt > back.$form
    cmp i.$form back.$form
done
