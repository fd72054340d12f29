#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The release build from two directories is one file, byte for byte, and needs no library.
# Leaves it as static/vpci-capture, for the guests of test_guest.py.
set -euo pipefail

build() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -r "$VS_SOURCE_DIR"/{CMakeLists.txt,CMakePresets.json,capture,traces,sim,analysis,.ci} "$1"
    (cd "$1" && cmake --preset capture-static >configure.log 2>&1) || {
        if grep -q "libelf\|\.a'" "$1/configure.log"; then
            echo "skipped: a static library is missing:"
            tail -5 "$1/configure.log"
            exit 77
        fi
        cat "$1/configure.log"
        exit 1
    }
    (cd "$1" && cmake --build --preset capture-static >build.log 2>&1) || {
        tail -40 "$1/build.log"
        exit 1
    }
}

build one
build two/deeper
first=one/build/capture-static/bin/vpci-capture
second=two/deeper/build/capture-static/bin/vpci-capture
cmp "$first" "$second"
if readelf -d "$first" | grep NEEDED; then
    echo "failed: it needs libraries"
    exit 1
fi
"$first" --version
mkdir -p static
cp "$first" static/vpci-capture
echo "the same from two directories: $(stat -c %s "$first") bytes, $(sha256sum <"$first")"
rm -rf one two
