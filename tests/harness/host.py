# SPDX-License-Identifier: Apache-2.0
"""Cgroups, network namespaces and clocks of the host."""
import ctypes
import ipaddress
import os
import signal
import socket
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
METADATA = "169.254.169.254"
OUTSIDE = "198.51.100.7"  # TEST-NET-2 (RFC 5737): stands for "the internet" on the namespace's own loopback


def boot_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def cgroup2_mount():
    """Directory of the first cgroup2 mount; the place differs between pure and hybrid hosts."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            if right.split()[0] == "cgroup2":
                return left.split()[4]
    raise RuntimeError("no cgroup2 mount in /proc/self/mountinfo")


def wait_until(condition, seconds, pause=0.02):
    """Calls `condition` until it is true or time is up; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


class Cgroup:
    """A directory below the cgroup2 mount, e.g. Cgroup("/ambit-quickstart/server")."""

    def __init__(self, path):
        self.path = path
        self.directory = cgroup2_mount() + path
        os.makedirs(self.directory, exist_ok=True)

    def pids(self):
        with open(self.directory + "/cgroup.procs", encoding="ascii") as procs:
            return [int(pid) for pid in procs.read().split()]

    def remove(self):
        """Kills what is left in it and removes it with its parents as far as they are empty."""
        for pid in self.pids() if os.path.isdir(self.directory) else []:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        wait_until(lambda: not os.path.isdir(self.directory) or not self.pids(), 5)
        directory, top = self.directory, cgroup2_mount()
        while directory != top:
            try:
                os.rmdir(directory)
            except FileNotFoundError:
                pass
            except OSError:
                break
            directory = os.path.dirname(directory)


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


def free_pair():
    """Two addresses of a /30 that no route of this host covers, out of the range for benchmarks (RFC 2544)."""
    routes = [line.split()[0] for line in ip("-4", "route", "show").stdout.splitlines()]
    taken = [ipaddress.ip_network(route, strict=False) for route in routes if route[0].isdigit()]
    for number in range(1, 255):
        network = ipaddress.ip_network(f"198.18.{number}.0/30")
        if not any(network.overlaps(other) for other in taken):
            first, second = network.hosts()
            return str(first), str(second)
    raise RuntimeError("every network of 198.18.0.0/16 is routed on this host")


class ServerNet:
    """A network namespace joined to the host by one veth pair. Its loopback also owns the metadata address and an
    "outside" address, so that acts reach them and no packet leaves the host."""

    def __init__(self, name):
        self.name, self.path = name, "/run/netns/" + name
        self.veth = name[:10] + "-h"
        self.remove()
        self.host_address, self.address = free_pair()
        ip("netns", "add", name)
        ip("link", "add", self.veth, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", self.host_address + "/30", "dev", self.veth)
        ip("link", "set", self.veth, "up")
        ip("-n", name, "addr", "add", self.address + "/30", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", name, "link", "set", device, "up")
        for extra in (METADATA, OUTSIDE):
            ip("-n", name, "addr", "add", extra + "/32", "dev", "lo")
        self.listeners = []

    def listen(self, address, port):
        """Opens a listener inside the namespace; it accepts by its backlog and never answers."""
        made = []

        def inside():
            enter_net(self.path)
            listener = socket.create_server((address, port), backlog=64)
            made.append(listener)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        self.listeners += made
        return bool(made)

    def remove(self):
        for listener in getattr(self, "listeners", []):
            listener.close()
        ip("link", "del", self.veth, check=False)
        ip("netns", "del", self.name, check=False)


def enter_net(path):
    """Moves the calling thread into a network namespace (os.setns is newer than Debian 12's Python)."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns " + path)
    finally:
        os.close(fd)


def die_with_parent():
    """For preexec_fn: a parent that is killed leaves nobody behind (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def launch_in(cgroup, net_path, arguments, **options):
    """Starts a program that is in its cgroup and network namespace before its first instruction. Nothing is opened by the
    child after it joined the cgroup, so the workload's life begins with the exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    procs = os.open(cgroup.directory + "/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
    net = os.open(net_path, os.O_RDONLY | os.O_CLOEXEC) if net_path else -1

    def join():
        die_with_parent()
        if net >= 0 and libc.setns(net, CLONE_NEWNET) != 0:
            os._exit(126)
        os.write(procs, b"0")

    try:
        # close_fds would list /proc/self/fd in the child, after the join; all our descriptors are close-on-exec anyway.
        return subprocess.Popen(arguments, preexec_fn=join, close_fds=False, **options)
    finally:
        os.close(procs)
        if net >= 0:
            os.close(net)
