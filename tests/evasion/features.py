# SPDX-License-Identifier: Apache-2.0
"""What a technique may need of the machine. Each function gives None, or what is missing."""
import os
import platform
import shutil
import subprocess


LOADER = "/lib64/ld-linux-x86-64.so.2"


def _read(path):
    try:
        with open(path, encoding="ascii") as text:
            return text.read().strip()
    except OSError:
        return None


def _exists(path):
    return None if os.path.lexists(path) else f"{path} is not there"


def _filesystem(name):
    def known():
        with open("/proc/filesystems", encoding="ascii") as kinds:
            return any(line.split()[-1] == name for line in kinds)

    def missing():
        if not known():
            subprocess.run(["modprobe", name], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return None if known() else f"the kernel has no {name} file system"

    return missing


def _user_namespace():
    if _read("/proc/sys/user/max_user_namespaces") in (None, "0"):
        return "no user namespaces"
    if _read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "user namespaces are for root only (kernel.unprivileged_userns_clone)"
    return None


def _reflink():
    """An XFS image of our own: the file systems that machines run on have it too seldom."""
    if shutil.which("mkfs.xfs") is None:
        return "mkfs.xfs is not there"
    return _filesystem("xfs")() or _exists("/dev/loop0")


def _vsock():
    def known():
        return "AF_VSOCK" in (_read("/proc/net/protocols") or "")

    if not known():
        subprocess.run(["modprobe", "vsock"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return None if known() else "the kernel has no vsock"


FEATURES = {
    "dev_fd": lambda: _exists("/dev/fd"),
    "overlay": _filesystem("overlay"),
    "reflink": _reflink,
    "loader": lambda: _exists(LOADER),
    "ipv6": lambda: _exists("/proc/net/if_inet6"),
    "io_uring": lambda: "kernel.io_uring_disabled is 2" if _read("/proc/sys/kernel/io_uring_disabled") == "2" else None,
    "compat": lambda: None if platform.machine() == "x86_64" else "no 32-bit entry on this architecture",
    "core_pattern": lambda: _exists("/proc/sys/kernel/core_pattern"),
    "user_namespace": _user_namespace,
    "vsock": _vsock,
}


class Features:
    """Asks once each."""

    def __init__(self):
        self.known = {}

    def missing(self, names):
        for name in names:
            if name not in self.known:
                self.known[name] = FEATURES[name]()
            if self.known[name]:
                return f"needs {name}: {self.known[name]}"
        return None
