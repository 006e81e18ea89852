# SPDX-License-Identifier: Apache-2.0
"""What Ambit costs and how fast it is. usage: run.py --build BUILD_DIR --mode smoke|full

Writes build/bench/results.json, a list of {name, value, unit, baseline, ratio, method}, and prints it as a table. The states
off, idle (daemon runs, nobody is watched) and watching alternate within one run, so that the machine's mood meets all of them.
Smoke proves that every figure can be taken; only a full run on a quiet machine is worth quoting.
"""
import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from harness import daemon, host, llama  # noqa: E402
from instructions import bench_instructions  # noqa: E402

MODES = {
    "smoke": {"rounds": 1, "seconds": 0.1, "requests": 20, "tokens": 16, "idle": 2, "acts": 20},
    "full": {"rounds": 7, "seconds": 0.5, "requests": 200, "tokens": 32, "idle": 20, "acts": 500},
}
OPERATIONS = {"getppid": "ns", "open_close": "ns", "connect_refused": "ns", "fork_exec": "ns", "pread": "ns"}

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: bench}}
spec:
  owner: {{team: bench}}
  select: {{cgroup: /ambit-bench/workload}}
  models: [{{name: tiny, path: "{dir}/model/**", read: [members]}}]
  files: {{read: [/**], write: [/**]}}
  network: {{egress: [{{cidr: 127.0.0.1/32}}], ingress: {{listen: ["1-65535"]}}}}
"""


class Bench:
    def __init__(self, build, numbers):
        self.build, self.numbers, self.results = build, numbers, []
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-bench-"))
        os.mkdir(self.dir + "/model")
        os.mkdir(self.dir + "/acts")
        self.weights = self.dir + "/model/tiny.gguf"
        shutil.copy(llama.tiny_model(), self.weights)
        self.file = self.dir + "/file"
        with open(self.file, "wb") as out:
            out.write(b"x" * 8192)
        self.cgroup = host.Cgroup("/ambit-bench/workload")
        self.count = 0

    def start_daemon(self):
        self.count += 1
        return daemon.Daemon(self.build, f"{self.dir}/ambit-{self.count}", {"bench": SCOPE.format(dir=self.dir)}).start()

    def program(self, name):
        return os.path.join(self.build, "tests/progs", name)

    def add(self, name, value, unit, method, baseline=None):
        ratio = round(value / baseline, 3) if baseline else None
        self.results.append({"name": name, "value": round(value, 3), "unit": unit,
                             "baseline": round(baseline, 3) if baseline is not None else None, "ratio": ratio, "method": method})

    def remove(self):
        self.cgroup.remove()
        shutil.rmtree(self.dir, ignore_errors=True)


def operations_once(bench, watched):
    command = [bench.program("syscall_cost"), str(bench.numbers["seconds"]), bench.file]
    if watched:
        run = host.launch_in(bench.cgroup, None, command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return json.loads(run.communicate(timeout=120)[0])
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


def bench_operations(bench):
    taken = {"off": [], "idle": [], "watching": []}
    for _ in range(bench.numbers["rounds"]):
        taken["off"].append(operations_once(bench, False))
        running = bench.start_daemon()
        try:
            taken["idle"].append(operations_once(bench, False))
            taken["watching"].append(operations_once(bench, True))
        finally:
            running.stop()
    method = f"fastest batch in {bench.numbers['seconds']} s, median of {bench.numbers['rounds']} alternations"
    for operation, unit in OPERATIONS.items():
        median = {state: statistics.median(one[operation] for one in runs) for state, runs in taken.items()}
        bench.add(f"{operation}, daemon off", median["off"], unit, method)
        bench.add(f"{operation}, process not watched", median["idle"], unit, method, median["off"])
        bench.add(f"{operation}, process watched", median["watching"], unit, method, median["off"])


def serve_once(bench, server):
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    times, tokens, started = [], 0, time.monotonic()
    for number in range(bench.numbers["requests"]):
        before = time.monotonic()
        reply = server.complete(f"request {number}", bench.numbers["tokens"], connection)
        times.append((time.monotonic() - before) * 1000)
        tokens += reply["tokens_predicted"]
    connection.close()
    return {"rate": tokens / (time.monotonic() - started), "median": statistics.median(times),
            "p99": sorted(times)[max(0, int(len(times) * 0.99) - 1)]}


def bench_server(bench):
    """One server for the whole run; the daemon comes and goes, and finds it by its inventory."""
    server = llama.LlamaServer(bench.cgroup, None, bench.weights, daemon.free_port(), bench.dir + "/server.log")
    taken = {"off": [], "on": []}
    try:
        server.wait_ready()
        serve_once(bench, server)
        for _ in range(bench.numbers["rounds"]):
            taken["off"].append(serve_once(bench, server))
            running = bench.start_daemon()
            try:
                used = running.cpu_seconds()
                began = time.monotonic()
                taken["on"].append(serve_once(bench, server))
                taken["on"][-1]["cpu"] = (running.cpu_seconds() - used) / (time.monotonic() - began)
            finally:
                running.stop()
    finally:
        server.stop()
    method = (f"tiny GGUF, {bench.numbers['requests']} requests of {bench.numbers['tokens']} tokens on one connection, "
              f"median of {bench.numbers['rounds']} alternations")

    def median(state, key):
        return statistics.median(one[key] for one in taken[state])

    for key, name, unit in (("rate", "served tokens", "1/s"), ("median", "request latency, median", "ms"),
                            ("p99", "request latency, 99th percentile", "ms")):
        bench.add(f"{name}, daemon off", median("off", key), unit, method)
        bench.add(f"{name}, server watched", median("on", key), unit, method, median("off", key))
    bench.add("daemon CPU while the server serves", median("on", "cpu") * 100, "% of a core", method)


def ring_mapping_kb(pid):
    """Resident part of the mappings of BPF maps, which hold the ring twice by design."""
    total, is_map = 0, False
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as smaps:
        for line in smaps:
            if "-" in line.split(" ")[0] and not line.split(" ")[0].endswith(":"):
                is_map = "bpf" in line
            elif is_map and line.startswith("Rss:"):
                total += int(line.split()[1])
    return total


def bench_daemon(bench):
    running = bench.start_daemon()
    try:
        time.sleep(1)
        used = running.cpu_seconds()
        time.sleep(bench.numbers["idle"])
        cpu = (running.cpu_seconds() - used) / bench.numbers["idle"] * 100
        bench.add("daemon CPU, idle", cpu, "% of a core", f"user and system time over {bench.numbers['idle']} s")
        bench_alerts(bench, running)
        resident, ring = running.memory_kb()["VmRSS"], ring_mapping_kb(running.process.pid)
        bench.add("daemon RSS with the ring's mapping", resident / 1024, "MiB", "VmRSS after the acts")
        bench.add("daemon RSS without the ring's mapping", (resident - ring) / 1024, "MiB", "VmRSS less Rss of BPF map mappings")
    finally:
        running.stop()


def bench_alerts(bench, running):
    took = []
    for number in range(bench.numbers["acts"]):
        program = shutil.copy2(bench.program("read_file"), f"{bench.dir}/acts/act-{number}")
        run = subprocess.Popen([program, bench.weights], stdout=subprocess.PIPE, text=True)
        end = time.monotonic() + 5
        alert = None
        while alert is None and time.monotonic() < end:
            alert = next((a for a in running.alerts.read()[number:] if a["process"]["pid"] == run.pid), None)
            time.sleep(0.0002)
        truth = json.loads(run.communicate(timeout=10)[0])
        if alert is None:
            raise RuntimeError(f"act {number} raised no alert")
        took.append((alert["_seen_ns"] - truth["boot_ns"]) / 1e6)
    took.sort()
    method = f"{len(took)} reads of weights by strangers; from before open() to the line in the JSON file, polled every 0.2 ms"
    bench.add("act to alert, median", statistics.median(took), "ms", method)
    bench.add("act to alert, 99th percentile", took[max(0, int(len(took) * 0.99) - 1)], "ms", method)


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def print_table(results, mode):
    print(f"\n{machine()}; mode {mode}; load average {os.getloadavg()[0]:.1f}")
    print(f"{'figure':<46} {'value':>12} {'unit':<12} {'off':>12} {'ratio':>7}")
    for row in results:
        baseline = "" if row["baseline"] is None else f"{row['baseline']:.1f}"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        print(f"{row['name']:<46} {row['value']:>12.1f} {row['unit']:<12} {baseline:>12} {ratio:>7}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    arguments.add_argument("--mode", choices=MODES, default="full")
    options = arguments.parse_args()
    bench = Bench(os.path.abspath(options.build), MODES[options.mode])
    failed = 0
    try:
        full_only = (bench_instructions,) if options.mode == "full" else ()
        for part in (bench_operations, bench_server, bench_daemon, *full_only):
            print(f"measuring: {part.__name__.removeprefix('bench_')} ...", flush=True)
            try:
                part(bench)
                print(f"PASS bench.{part.__name__.removeprefix('bench_')}")
            except (RuntimeError, OSError, subprocess.SubprocessError, ValueError) as problem:
                failed = 1
                print(f"FAIL bench.{part.__name__.removeprefix('bench_')}: {' '.join(str(problem).split())[:400]}")
    finally:
        bench.remove()
    os.makedirs(os.path.join(ROOT, "build/bench"), exist_ok=True)
    with open(os.path.join(ROOT, "build/bench/results.json"), "w", encoding="utf-8") as out:
        json.dump(bench.results, out, indent=1)
        out.write("\n")
    print_table(bench.results, options.mode)
    return failed


if __name__ == "__main__":
    sys.exit(main())
