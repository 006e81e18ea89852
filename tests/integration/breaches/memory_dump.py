# SPDX-License-Identifier: Apache-2.0
"""What the payload of March 2025's poisoned actions did to the runner: looks through /proc for a process by its command line,
then reads every readable mapping of it through /proc/<pid>/mem. Prints where the marker was found, and nothing else of it.

usage: python3 - WORD MARKER <memory_dump.py
"""
import json
import os
import re
import sys


def find(word):
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as line:
                if word.encode() in line.read():
                    return int(entry)
        except OSError:
            continue
    return None


def dump(pid, marker):
    total, hits = 0, 0
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, mode = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            if "r" not in mode or int(begin, 16) > 2**63:
                continue
            try:
                memory.seek(int(begin, 16))
                chunk = memory.read(int(end, 16) - int(begin, 16))
            except OSError:
                continue
            total += len(chunk)
            hits += chunk.count(marker)
    return total, hits


found = find(sys.argv[1])
size, times = dump(found, bytes.fromhex(sys.argv[2])) if found else (0, 0)
print(json.dumps({"pid": os.getpid(), "target": found, "bytes": size, "hits": times}))
