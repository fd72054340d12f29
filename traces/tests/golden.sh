#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each command's stdout, stderr and exit status, as golden/NAME.txt has them.
# With UPDATE=1 the files are written anew: read the difference before committing it.
set -u
golden=$(dirname "$0")/golden
failures=0

# golden NAME COMMAND...: run in this empty directory and compare.
golden() {
    local name=$1
    shift
    "$@" > out.txt 2> err.txt
    local status=$?
    {
        echo "\$ $*"
        cat out.txt
        sed 's/^/stderr: /' err.txt
        echo "status: $status"
    } > "$name.actual"
    if [ "${UPDATE:-}" = 1 ]; then
        cp "$name.actual" "$golden/$name.txt"
    elif ! diff -u "$golden/$name.txt" "$name.actual"; then
        echo "$name differs"
        failures=$((failures + 1))
    fi
}

rm -f ./*.vpt
# Sizes do not depend on a release of libzstd: --zstd 0 where a size is printed.
golden generate vpci-trace generate -o a.vpt --zstd 0 --seed 3 --domains 2 --vcpus 2 --devices 3 \
    -n 3000 --phases boot,poll,hotplug
golden generate-exists vpci-trace generate -o a.vpt -n 10
golden generate-bad-mix vpci-trace generate -o x.vpt --mix togle=3
golden generate-bad-rate vpci-trace generate -o x.vpt --rate 10
golden verify vpci-trace verify a.vpt
golden info vpci-trace info a.vpt
golden info-json vpci-trace info --json a.vpt
golden dump-text vpci-trace dump a.vpt --limit 12
golden dump-events vpci-trace dump a.vpt --kind device-remove --kind device-assign --kind device-add
golden dump-csv vpci-trace dump a.vpt --format csv --reg 0x04-0x05 --kind cfg-write --domain 1
golden dump-jsonl vpci-trace dump a.vpt --format jsonl --sbdf 0000:02:01.0 --from 60ms --to 62ms
golden dump-bad-kind vpci-trace dump a.vpt --kind cgf-read
golden dump-bad-time vpci-trace dump a.vpt --from 5
golden slice vpci-trace slice a.vpt -o s.vpt --zstd 0 --from 50ms --to 60ms --domain 1
golden slice-dump vpci-trace dump s.vpt --limit 5
golden slice-info vpci-trace info s.vpt
golden generate-second vpci-trace generate -o b.vpt --zstd 0 --seed 4 --vcpus 1 --devices 2 -n 400 \
    --arrivals bursty --rate 1/ms --phases poll
golden merge vpci-trace merge a.vpt b.vpt -o m.vpt --zstd 0 --offset 1ms --offset 20ms
golden merge-info vpci-trace info m.vpt
golden merge-second vpci-trace dump m.vpt --domain 2 --limit 5
golden merge-hosts vpci-trace merge b.vpt b.vpt -o h.vpt --zstd 0 --as hosts
golden merge-hosts-info vpci-trace info h.vpt
golden merge-too-many-offsets vpci-trace merge a.vpt -o x.vpt --offset 1s --offset 2s
golden inject vpci-trace inject b.vpt -o i.vpt --zstd 0 --seed 5 --remove 20/s --hotplug 10/s \
    --assign 10/s --toggle 40/s --toggle-gap 200us
golden inject-events vpci-trace dump i.vpt --kind device-add --kind device-remove \
    --kind device-assign --kind device-deassign
golden inject-info vpci-trace info i.vpt
golden inject-nothing vpci-trace inject b.vpt -o x.vpt
golden inject-bad-rate vpci-trace inject b.vpt -o x.vpt --remove 2

# Damage: a byte in the middle, a cut in the middle, another file.
golden generate-third vpci-trace generate -o c.vpt --seed 6 --vcpus 2 --devices 1 -n 20000 \
    --zstd 0
golden verify-third vpci-trace verify c.vpt
cp c.vpt damaged.vpt
printf '\xff' | dd of=damaged.vpt bs=1 seek=60000 conv=notrunc status=none
golden verify-damaged vpci-trace verify damaged.vpt
golden dump-damaged vpci-trace dump damaged.vpt --from 800ms --limit 3
head -c 60000 c.vpt > cut.vpt
golden verify-cut vpci-trace verify cut.vpt
golden verify-cut-complete vpci-trace verify --complete c.vpt cut.vpt
golden info-cut vpci-trace info cut.vpt
echo 'not a trace' > text.vpt
golden verify-text vpci-trace verify text.vpt
golden verify-missing vpci-trace verify missing.vpt
: > empty.vpt
golden verify-empty vpci-trace verify empty.vpt

[ -e x.vpt ] && echo "a failed command left x.vpt" && failures=$((failures + 1))
ls ./*.part 2>/dev/null && echo "a temporary file is left" && failures=$((failures + 1))
exit $((failures > 0))
