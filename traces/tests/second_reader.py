#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of trace files, written from traces/FORMAT.md alone.

    second_reader.py FILE [--meta]

Prints the records as `vpci-trace dump --format csv` does, or the metadata.  It shows
that FORMAT.md is enough, and that the C reader reads what the page says.

It skips checksums: XXH3 is not in Python's standard library.  Blocks that are
compressed with zstd need the `zstd` command; packed ones need nothing.
"""

import json
import struct
import subprocess
import sys

MAGIC = b"\x89VPT\r\n\x1a\n"
BLOCK = struct.Struct("<IBBHIIIIQQQQQ")
META, RECORDS, INDEX, END = 1, 2, 3, 4

# Name, width in bytes, context: in the order in which they are stored.
COLUMNS = (
    ("pcpu", 2, None),
    ("domain", 2, ("pcpu",)),
    ("vcpu", 2, ("pcpu",)),
    ("kind", 1, ("domain", "vcpu")),
    ("flags", 2, ("domain", "vcpu")),
    ("sbdf", 4, ("domain", "vcpu")),
    ("reg", 2, ("domain", "vcpu")),
    ("size", 1, ("sbdf", "reg")),
    ("value", 4, ("sbdf", "reg", "size")),
    ("duration", 4, ("domain", "vcpu")),
    ("time", 8, None),
)

KINDS = (None, "cfg-read", "cfg-write", "msix-read", "msix-write", "mmio", "device-add",
         "device-remove", "device-assign", "device-deassign", "domain-create", "domain-destroy",
         "device-reset", "mmcfg-reserved", "msi-map", "msi-unmap", "dump", "iommu-fault",
         "pv-cfg-write", "driver-bind", "driver-unbind", "msi-enable", "cfg-block",
         "lock-contended", "lost")

FLAGS = ("size-inferred", "vcpu-inferred", "domain-inferred", "time-bracketed", "port", "ecam",
         "injected", "synthetic", "second-half", "split", "absent", "value-unknown", "cf8-stale")


class Damage(Exception):
    pass


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def bits(data, at, count, width):
    """count numbers of width bits, and where their last whole byte ends."""
    length = (count * width + 7) // 8
    number = int.from_bytes(data[at:at + length], "little")
    mask = (1 << width) - 1
    return [number >> (i * width) & mask for i in range(count)], at + length


def unpack(packing, data, count, width):
    """The residuals of a column."""
    at, out = 0, []
    if packing == 0:
        value, at = varint(data, at)
        out = [value] * count
    elif packing == 1:
        out = [int.from_bytes(data[i * width:(i + 1) * width], "little") for i in range(count)]
        at = count * width
    elif packing == 2:
        for _ in range(count):
            value, at = varint(data, at)
            out.append(value)
    elif packing == 3:
        at = (count + 7) // 8
        for i in range(count):
            value = 0
            if data[i // 8] >> (i % 8) & 1:
                value, at = varint(data, at)
            out.append(value)
    elif packing == 4:
        while len(out) < count:
            value, at = varint(data, at)
            repeat, at = varint(data, at)
            out += [value] * repeat
    elif packing == 5:
        entries = data[0] + 1
        at = 1 + entries * width
        words = [int.from_bytes(data[1 + i * width:1 + (i + 1) * width], "little")
                 for i in range(entries)]
        indices, at = bits(data, at, count, (entries - 1).bit_length())
        out = [words[i] for i in indices]
    elif packing == 6:
        while len(out) < count:
            group, at = bits(data, at + 1, min(64, count - len(out)), data[at])
            out += group
    else:
        raise Damage(f"unknown packing {packing}")
    if at != len(data) or len(out) != count:
        raise Damage("a column is not used up exactly")
    return out


def unzigzag(number):
    return -(number + 1) // 2 if number & 1 else number // 2


def predict(transform, residuals, name, width, context, columns, first_time):
    mask = (1 << 8 * width) - 1
    out, previous, table = [], first_time if name == "time" else 0, [0] * 4096
    for i, residual in enumerate(residuals):
        if transform == 0:
            value = residual & mask
        elif transform == 1:
            value = (previous + residual) & mask
        elif transform == 2:
            value = (previous + unzigzag(residual)) & mask
        elif transform == 3 and context:
            keys = [columns[key][i] for key in context] + [0, 0]
            slot = ((keys[0] * 0x9E3779B1 + keys[1] * 0x85EBCA77 + keys[2] * 0xC2B2AE3D)
                    & 0xFFFFFFFF) >> 20
            value = table[slot] = (table[slot] + unzigzag(residual)) & mask
        else:
            raise Damage(f"unknown transform {transform}")
        out.append(value)
        previous = value
    return out


def records(payload, count, first_time):
    at, columns = 0, {}
    for name, width, context in COLUMNS:
        coding, length = struct.unpack_from("<BI", payload, at)
        at += 5
        residuals = unpack(coding & 15, payload[at:at + length], count, width)
        at += length
        columns[name] = predict(coding >> 4, residuals, name, width, context, columns, first_time)
    if at != len(payload):
        raise Damage("bytes after the last column")
    return columns


def unzstd(payload):
    try:
        return subprocess.run(["zstd", "-d", "-c", "-q"], input=payload, check=True,
                              stdout=subprocess.PIPE).stdout
    except FileNotFoundError:
        sys.exit("second_reader.py: this block needs the zstd command")


def blocks(stream):
    """(type, record count, first time, payload) up to the end or the last whole block."""
    header = stream.read(32)
    version, length, flags = struct.unpack_from("<HHI", header, 8)
    if header[:8] != MAGIC or version != 1 or length != 32 or flags != 0:
        raise Damage("not a trace of version 1")
    number = 0
    while True:
        header = stream.read(BLOCK.size)
        if len(header) < BLOCK.size:
            return
        (magic, kind, encoding, _, count, stored, unpacked, sequence, first, _, _, _, _) = \
            BLOCK.unpack(header)
        if magic != 0x4B425056 or sequence != number:
            raise Damage(f"expected block {number}")
        number += 1
        payload = stream.read(stored)
        if len(payload) < stored:
            return
        if encoding == 1:
            payload = unzstd(payload)
        if len(payload) != unpacked:
            raise Damage("a payload has the wrong length")
        yield kind, count, first, payload


def sbdf_text(sbdf):
    return "" if sbdf == 0xFFFFFFFF else \
        f"{sbdf >> 16:04x}:{sbdf >> 8 & 255:02x}:{sbdf >> 3 & 31:02x}.{sbdf & 7}"


def known(number):
    return "" if number == 0xFFFF else number


def print_csv(columns, count):
    for i in range(count):
        r = {name: columns[name][i] for name, _, _ in COLUMNS}
        flags = "|".join(name for bit, name in enumerate(FLAGS) if r["flags"] >> bit & 1)
        print(f"{r['time']},{known(r['pcpu'])},{r['domain']},{known(r['vcpu'])},"
              f"{sbdf_text(r['sbdf'])},{KINDS[r['kind']]},0x{r['reg']:03x},{r['size']},"
              f"0x{r['value']:x},{r['duration']},{flags}")


def main():
    want_meta = "--meta" in sys.argv
    path = [argument for argument in sys.argv[1:] if argument != "--meta"][0]
    meta = None
    if not want_meta:
        print("time_ns,pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,flags")
    with open(path, "rb") as stream:
        for kind, count, first, payload in blocks(stream):
            if kind == META:
                meta = json.loads(payload)
            elif kind == RECORDS and not want_meta:
                print_csv(records(payload, count, first), count)
    if want_meta:
        json.dump(meta, sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()
