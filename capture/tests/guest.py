# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of our own: a stock Debian kernel with an initramfs that holds vpci-capture and
what makes the traffic, under QEMU's emulation, whose log is the witness."""

import base64
import glob
import io
import os
import re
import shutil
import subprocess
import tarfile

from capture_test import skip

PROGRAMS = ("lspci", "setpci", "strace")
BOOT_SECONDS = 1100
# A queued spinlock reports a wait only from the third CPU on, and none at all where the kernel
# knows that it is a guest (virt_spin_lock, kernel/locking/qspinlock.c).
CPUS = 4
EVENTS = ("pci_cfg_read", "pci_cfg_write", "memory_region_ops_read", "memory_region_ops_write")


# ----------------------------------------------------------------------- kernels

def debian_package(series):
    """The newest linux-image of a series ("6.1", "6.12") that apt knows, or None."""
    result = subprocess.run(["apt-cache", "search", "--names-only", r"^linux-image-6\..*-amd64$"],
                            capture_output=True, text=True)
    pattern = re.compile(r"^(linux-image-" + re.escape(series) + r"\.([0-9]+)(?:-([0-9]+))?"
                         r"(?:\+deb[0-9]+)?-amd64) ", re.M)
    found = [(int(match[2]), int(match[3] or 0), match[1])
             for match in pattern.finditer(result.stdout)]
    return max(found)[2] if found else None


def kernel(series):
    """Path of a vmlinuz of that series, from its package; downloaded once."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        skip("a Debian kernel needs apt-get and dpkg-deb")
    package = debian_package(series)
    if not package:
        skip(f"apt knows no Debian kernel {series}")
    path = f"vmlinuz-{package}"
    if os.path.exists(path):
        return path
    result = subprocess.run(["apt-get", "download", package], capture_output=True, text=True)
    archives = glob.glob(f"{package}_*.deb")
    if result.returncode != 0 or not archives:
        skip(f"{package} cannot be downloaded: {result.stderr.strip()[-200:]}")
    content = subprocess.run(["dpkg-deb", "--fsys-tarfile", archives[0]], check=True,
                             capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if re.fullmatch(r"\./boot/vmlinuz-.*", member.name):
                with open(path + ".part", "wb") as stream:
                    stream.write(archive.extractfile(member).read())
                os.rename(path + ".part", path)
    os.remove(archives[0])
    return path


# --------------------------------------------------------------------- initramfs

def with_libraries(program):
    """Path -> content of a program and the libraries it asks for."""
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        skip(f"{program} is not installed")
    files = {"bin/" + os.path.basename(program): path}
    for library in re.findall(r"(/\S+)", subprocess.run(["ldd", path], capture_output=True,
                                                        text=True).stdout):
        files[library.lstrip("/")] = library
    return {name: open(source, "rb").read() for name, source in files.items()}


def archive_entry(name, mode, data):
    """One file of a cpio archive, format newc (Documentation/driver-api/early-userspace/
    buffer-format.rst)."""
    raw = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    head = header + raw
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def initramfs(path, script):
    files = {"init": script.encode()}
    for program in (*PROGRAMS, "busybox"):
        files.update(with_libraries(program))
    with open(os.environ["VS_STATIC_CAPTURE"], "rb") as stream:
        files["bin/vpci-capture"] = stream.read()
    folders = {"proc", "sys", "dev", "tmp", "usr", "usr/sbin", "usr/bin"}
    for name in files:
        parts = name.split("/")[:-1]
        folders.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    with open(path, "wb") as stream:
        for folder in sorted(folders):
            stream.write(archive_entry(folder, 0o40755, b""))
        for name, data in sorted(files.items()):
            stream.write(archive_entry(name, 0o100755, data))
        stream.write(archive_entry("TRAILER!!!", 0, b""))


# --------------------------------------------------------------------------- run

# Under emulation on a busy host the kernel's own checks of timer and clocks fail: it then panics
# at boot, or changes its clock while a capture runs.
KERNEL_OPTIONS = ("console=ttyS0 quiet panic=-1 mitigations=off no_timer_check tsc=reliable "
                  "no_hash_pointers trace_buf_size=16M")
BOOTS = 3


def boot(vmlinuz, devices):
    """The guest's console until it powered off or panicked; its files are in sent."""
    for name in ("qemu.log", "sent"):
        if os.path.exists(name):
            os.remove(name)
    # One thread for all CPUs: with one each, code that a CPU patches (BPF attaching, the kernel's
    # static keys) has run torn on another, to a panic of the guest.
    return subprocess.run(
        ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=single",
         "-cpu", "max,hypervisor=off", "-smp", str(CPUS), "-m", "768", "-nodefaults",
         "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
         "-serial", "file:sent", "-kernel", vmlinuz, "-initrd", "initramfs",
         "-append", KERNEL_OPTIONS, *devices,
         "-msg", "timestamp=on", "-trace", "events=events", "-D", "qemu.log"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        timeout=BOOT_SECONDS).stdout


def run(vmlinuz, script, devices):
    """Boot, run script as init, and return its console output and {name: content} of the
    files it sent with `send NAME FILE`.  QEMU's log is in qemu.log.  A kernel that does not come
    as far as the script is booted again, loudly."""
    if not shutil.which("qemu-system-x86_64"):
        skip("qemu-system-x86_64 is not installed")
    if not os.path.exists(os.environ["VS_STATIC_CAPTURE"]):
        skip("there is no static vpci-capture: capture-static was skipped")
    initramfs("initramfs", script)
    with open("events", "w", encoding="ascii") as stream:
        stream.write("".join(f"{event}\n" for event in EVENTS))
    for attempt in range(BOOTS):
        console = boot(vmlinuz, devices)
        if "script begins" in console:
            break
        print(f"boot {attempt + 1} of at most {BOOTS} did not come to the script:\n{console}")
    sent = {}
    with open("sent", encoding="ascii", errors="replace") as stream:
        for match in re.finditer(r"^FILE (\S+)\s+(.*?)^END", stream.read(), re.M | re.S):
            sent[match[1]] = base64.b64decode(match[2])
    return console, sent


# What scripts start with.
PRELUDE = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
echo "script begins"
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs trace /sys/kernel/tracing
mkdir -p /tmp
# One after the other on one CPU, so that its clock alone tells their order; what is to run at
# one time says where.
taskset -p 1 $$ >/dev/null
D=/sys/bus/pci/devices
send() { { echo "FILE $1"; base64 "$2"; echo END; } >/dev/ttyS1; }
# Reads of one byte at 0x2d of 00:00.0, which nothing else makes: where a part begins and ends.
mark() { for i in 1 2 3; do dd if=$D/0000:00:00.0/config bs=1 skip=45 count=1 status=none >/dev/null; done; }
# The kernel's own count of waits for the two locks of config access.  Counted by address: its
# filter lets others through now and then.
T=/sys/kernel/tracing/events/lock/contention_begin
locks=$(awk '$3 == "pci_lock" || $3 == "pci_config_lock" { print $1 }' /proc/kallsyms)
count_waits() { echo >/sys/kernel/tracing/trace; echo 1 >$T/enable; }
waits() { grep contention_begin: /sys/kernel/tracing/trace | grep -c -F "$locks"; }
end_waits() { echo 0 >$T/enable; }
start() { # BACKEND TRACE
    vpci-capture ebpf --backend "$1" --snapshot -o "$2" 2>"$2.err" &
    capture=$!
    until grep -q ^Capturing "$2.err"; do
        kill -0 $capture 2>/dev/null || { echo "capture did not start:"; cat "$2.err"; poweroff -f; }
        sleep 1
    done
}
stop() { # TRACE
    kill -INT $capture
    wait $capture
    echo "capture ended with status $?"
    cat "$1.err"
    send "${1##*/}" "$1"
}
"""
