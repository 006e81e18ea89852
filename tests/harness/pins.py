# SPDX-License-Identifier: Apache-2.0
"""Bpf filesystems of the tests' own: what is pinned there is gone when they are unmounted."""
import atexit
import glob
import itertools
import os
import subprocess
import tempfile

PLACE = os.path.join(tempfile.gettempdir(), "ambit-bpf")
_numbers = itertools.count(1)


def remove(where):
    subprocess.run(["umount", "-l", where], check=False, stderr=subprocess.DEVNULL)
    if os.path.isdir(where):
        os.rmdir(where)


def sweep():
    """What tests left that were killed: their programs would stay in the kernel and tax every system call."""
    for where in glob.glob(PLACE + "-*-*"):
        if not os.path.exists(f"/proc/{where.split('-')[-2]}"):
            remove(where)


def folder():
    """A new place for `kernel.pin_path`; goes with this process."""
    sweep()
    where = f"{PLACE}-{os.getpid()}-{next(_numbers)}"
    os.mkdir(where, 0o700)
    subprocess.run(["mount", "-t", "bpf", "bpf", where], check=True)
    atexit.register(remove, where)
    return where + "/ambit"


def kernel_section(pin_path, extra):
    """(section, rest of `extra`): the configuration says where to pin ("" = nowhere), whatever `extra` asks of the kernel half."""
    section = f'kernel: {{pin_path: "{pin_path}"}}\n'
    lines = extra.splitlines(keepends=True)
    for line in lines:
        if line.startswith("kernel: {"):
            lines.remove(line)
            return line.replace("kernel: {", f'kernel: {{pin_path: "{pin_path}", ', 1), "".join(lines)
    return section, extra
