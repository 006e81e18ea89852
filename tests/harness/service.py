# SPDX-License-Identifier: Apache-2.0
"""What tests with a systemd of their own share."""
import os
import subprocess

from . import host


def mount(kind, where, *options):
    subprocess.run(["mount", "-t", kind, *options, kind, where], check=True)


def systemd_hierarchies():
    """cgroup2 and, on hosts that have not only that, the name=systemd hierarchy."""
    found = [host.cgroup2_mount()]
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            kind, _, options = right.split()[:3]
            if kind == "cgroup" and "name=systemd" in options.split(","):
                found.append(left.split()[4])
    return found


class ManagerCgroup:
    """A cgroup in every hierarchy that a systemd manages, so that it touches no other."""

    def __init__(self, name):
        self.directories = [top + name for top in systemd_hierarchies()]
        for directory in self.directories:
            os.makedirs(directory, exist_ok=True)

    def join(self):
        """For `preexec_fn`."""
        for directory in self.directories:
            with open(directory + "/cgroup.procs", "wb") as procs:
                procs.write(b"0")

    def remove(self):
        """Once its manager has ended; what still runs in it is killed."""
        for directory in self.directories:
            for folder, _, _ in os.walk(directory, topdown=False):
                host.wait_until(lambda where=folder: not kill_all(where), 5)
                os.rmdir(folder)


def kill_all(directory):
    """Kills what is in a cgroup; how many that were."""
    with open(directory + "/cgroup.procs", encoding="ascii") as procs:
        pids = [int(pid) for pid in procs.read().split() if pid != "0"]
    for pid in pids:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass
    return len(pids)
