# SPDX-License-Identifier: Apache-2.0
"""Mixed load for a long time: opens of known and of new names, forks, connects, reads of protected files, reloads, canaries.
The sanitizers find nothing, memory is flat, and no map or program is left over."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from harness import daemon, host
from harness.check import Cases, Skip, expect, expect_equal

PROGRAMS = os.path.join(os.path.abspath(sys.argv[1]), "tests/progs")
BUILDS, PRESETS = os.path.abspath(sys.argv[2]), sys.argv[3:]
SECONDS = float(os.environ.get("AMBIT_SOAK_SECONDS", "3600"))
WORKLOAD = "/ambit-soak/workload"
# Of the last tenth against the third; allocators settle, a leak goes on. In a minute they do not settle.
GROWTH = 1.05 if SECONDS >= 600 else 1.5
SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: soaked}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: "{cgroup}/**"}}
  mode: alert
  models: [{{name: tiny, path: "{dir}/model/**"}}]
  files: {{read: [/**], write: ["{dir}/out/**"]}}
  processes: {{server: {{executable: "/**"}}}}
  network: {{egress: [{{cidr: 127.0.0.0/8}}]}}
"""
# What each kind of load does, over and over, until it is killed.
LOADS = {
    "opens": 'while :; do "{progs}/open_loop" 5 "{dir}/known/" 200 >/dev/null; sleep 0.2; done',
    "new names": 'while :; do "{progs}/evade_blind" open_flood "{dir}/out" 200 >/dev/null; sleep 2; done',
    "forks": 'while :; do i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i+1)); done; sleep 0.5; done',
    "connects": 'while :; do "{progs}/connect_tcp" 127.0.0.1 {port} >/dev/null 2>&1; sleep 0.05; done',
}
SANITIZERS = {
    "asan": {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=16:malloc_context_size=8", "UBSAN_OPTIONS": "print_stacktrace=1"},
    "tsan": {"TSAN_OPTIONS": "exitcode=66:suppressions=" + os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(
        __file__)))) + "/lib/tsan.supp"},
}
REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def still_there(objects):
    """Those of {(kind, id)} that the kernel has not let go, whoever holds them."""
    return {(kind, number) for kind, number in objects
            if subprocess.run(["bpftool", kind, "show", "id", str(number)], capture_output=True, check=False).returncode == 0}


class Held:
    """The programs, maps and links behind a daemon's descriptors; other daemons may run on this host."""

    def __init__(self, pid):
        self.pid, self.ever = pid, set()

    def reading(self):
        found = set()
        for fd in os.listdir(f"/proc/{self.pid}/fdinfo"):
            try:
                with open(f"/proc/{self.pid}/fdinfo/{fd}", encoding="ascii", errors="replace") as info:
                    found.update((kind, int(number)) for kind, number in re.findall(r"^(prog|map|link)_id:\s*(\d+)", info.read(), re.M))
            except FileNotFoundError:
                continue  # closed in the meantime
        self.ever |= found
        return found

    def lasting(self):
        """How many of each kind, without the iterators that the daemon opens for a moment."""
        kept = self.reading()
        for _ in range(4):
            time.sleep(0.1)
            kept &= self.reading()
        return {kind: sum(1 for one, _ in kept if one == kind) for kind in ("prog", "map", "link")}


class Sanitized(daemon.Daemon):
    """TSan of GCC 12 cannot place its shadow where kernels randomise with 32 bits."""

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setarch", os.uname().machine, "-R", self.binary, "run", "--config", self.config], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=host.die_with_parent,
                env={**os.environ, **SANITIZERS[self.preset]})


def soak(preset):
    if not shutil.which("bpftool"):
        raise Skip("bpftool (Debian package bpftool)")
    directory = os.path.realpath(tempfile.mkdtemp(prefix="ambit-soak-"))
    os.chmod(directory, 0o755)
    for name in ("model", "known", "out"):
        os.mkdir(os.path.join(directory, name))
    weights = os.path.join(directory, "model/weights.gguf")
    for path in [weights] + [f"{directory}/known/{number}" for number in range(200)]:
        with open(path, "w", encoding="ascii") as out:
            out.write("x")
    cgroup = host.Cgroup(WORKLOAD)
    watched = Sanitized(os.path.join(BUILDS, preset), os.path.join(directory, "ambit"),
                        {"soaked": SCOPE.format(dir=directory, cgroup=WORKLOAD)}, extra="canaries: {interval: 30s}\n")
    watched.preset = preset
    loads = []
    try:
        watched.start(120)
        held = Held(watched.process.pid)
        names = {"dir": directory, "progs": PROGRAMS, "port": daemon.free_port()}
        for text in LOADS.values():
            loads.append(host.launch_in(cgroup, None, ["/bin/sh", "-c", text.format(**names)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"))
        samples = run_load(watched, held, weights, SECONDS / len(PRESETS))
    finally:
        for load in loads:
            load.kill()
            load.wait()
        cgroup.remove()
        status = watched.stop(120)
        log = watched.log_tail(100000)
        shutil.rmtree(directory, ignore_errors=True)
    check_reports(log)
    expect_equal("exit status", status, 0)
    check_flat(samples)
    # The kernel frees them behind the descriptors' end, after grace periods.
    host.wait_until(lambda: not still_there(held.ever), 60, 1)
    expect_equal("programs, maps and links left over", still_there(held.ever), set())


def check_reports(log):
    """The whole first report is told, since the log goes with its folder."""
    lines = log.splitlines()
    found = [number for number, line in enumerate(lines) if any(word in line for word in REPORTS)]
    if found:
        print("\n".join(lines[found[0]:found[0] + 50]), flush=True)
    expect(not found, lambda: f"{len(found)} lines of the sanitizer: {sorted({lines[number] for number in found})[:9]}")


def run_load(watched, held, weights, seconds):
    """[(resident kB, {kind of kernel object: how many})] along the way."""
    samples, end, number = [], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        subprocess.run([PROGRAMS + "/read_file", weights], stdout=subprocess.DEVNULL, check=False)
        if number % 10 == 0:
            expect_equal("reload", watched.cli("reload", seconds=60).returncode, 0)
            expect(watched.process.poll() is None, lambda: "the daemon ended: " + watched.log_tail())
            samples.append((watched.memory_kb()["RssAnon"], held.lasting()))
        time.sleep(0.5)
    return samples


def check_flat(samples):
    expect(len(samples) >= 4, f"only {len(samples)} samples: AMBIT_SOAK_SECONDS is too short")
    third, tenth = len(samples) // 3, max(1, len(samples) // 10)
    early = max(memory for memory, _ in samples[third:third + tenth])
    late = max(memory for memory, _ in samples[-tenth:])
    print(f"   anonymous memory {early} kB at a third, {late} kB at the end; {samples[-1][1]}", flush=True)
    expect(late <= early * GROWTH, f"memory grew from {early} to {late} kB")
    expect(all(samples[-1][1].values()), f"the daemon holds {samples[-1][1]}")
    expect_equal("programs, maps and links under load", samples[-1][1], samples[third][1])


def main():
    cases = Cases("soak")
    for preset in PRESETS:
        cases.run(preset, soak, preset)
    sys.exit(cases.status())


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
