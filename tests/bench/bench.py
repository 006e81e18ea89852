# SPDX-License-Identifier: Apache-2.0
"""What the parts of the benchmark share: a scope, a place, daemons that come and go, and the rows."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from harness import daemon, host  # noqa: E402

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: bench}}
spec:
  owner: {{team: bench}}
  select: {{cgroup: /ambit-bench/workload}}
  models: [{{name: bench, path: "{dir}/model/**", read: [members]}}]
  secrets: [{{id: bench, path: {dir}/secret/key, owner: bench, readers: [members]}}]
  files: {{read: [/**], write: [/**]}}
  network: {{egress: [{{cidr: 127.0.0.0/8}}], ingress: {{listen: ["1-65535"]}}}}
"""
# A rule that could hold for a repeated open of `fresh` if another process made it, so that each open of it is sent.
RULE = """\
- rule: Every open of one file
  id: BENCH-0001
  desc: Keeps opens of one file out of the seen-table.
  condition: evt.type = open and fd.name = {dir}/plain/fresh and proc.pid = 1
  output: never
  priority: informational
  examples:
    fires: [{{evt.type: open, fd.name: {dir}/plain/fresh, proc.pid: 1}}]
    silent: [{{evt.type: open, fd.name: {dir}/plain/fresh, proc.pid: 2}}]
"""


class Bench:
    def __init__(self, build, numbers):
        self.build, self.numbers, self.results = build, numbers, []
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-bench-"))
        for name in ("model", "secret", "acts", "flood", "rules", "plain"):
            os.mkdir(f"{self.dir}/{name}")
        self.weights, self.secret = self.dir + "/model/weights.gguf", self.dir + "/secret/key"
        self.file, self.fresh, self.beside = self.dir + "/plain/file", self.dir + "/plain/fresh", self.dir + "/beside"
        for path in (self.weights, self.secret, self.file, self.fresh, self.beside):
            with open(path, "wb") as out:
                out.write(b"x" * 8192)
        with open(self.dir + "/rules/bench.yaml", "w", encoding="utf-8") as out:
            out.write(RULE.format(dir=self.dir))
        self.cgroup = host.Cgroup("/ambit-bench/workload")
        self.count = 0

    def new_daemon(self):
        self.count += 1
        return daemon.Daemon(self.build, f"{self.dir}/ambit-{self.count}", {"bench": SCOPE.format(dir=self.dir)},
                             extra=f"rules: {{paths: [{ROOT}/rules/detections, {self.dir}/rules]}}\n")

    def start_daemon(self):
        return self.new_daemon().start()

    def program(self, name):
        return os.path.join(self.build, "tests/progs", name)

    def start(self, name, *arguments, watched=True, **options):
        """Starts a program of tests/progs, by default inside the workload; its truth is what it prints."""
        command = [self.program(name), *map(str, arguments)]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True, **options}
        return host.launch_in(self.cgroup, None, command, **options) if watched else subprocess.Popen(command, **options)

    @staticmethod
    def truth(process, seconds):
        out, _ = process.communicate(timeout=seconds)
        if process.returncode != 0:
            raise RuntimeError(f"{process.args[0]} ended with status {process.returncode}")
        return json.loads(out)

    def add(self, name, value, unit, reach, method, on=None, off=None):
        """`value` is what the bound `reach` is for; `on` and `off` are what a ratio was made of."""
        self.results.append({"name": name, "value": round(value, 4), "unit": unit, "reach": reach, "on": on, "off": off,
                             "method": method})

    def add_ratio(self, name, on, off, reach, method):
        self.add(name, on / off, "x", reach, method, round(on, 1), round(off, 1))

    def remove(self):
        self.cgroup.remove()
        shutil.rmtree(self.dir, ignore_errors=True)


def losses(running):
    """Records, rows and lines that the daemon says it lost since its start, by reason."""
    found = {}
    for line in running.get("/metrics")[1].splitlines():
        if line.startswith("ambit_losses_total{"):
            reason = line.partition('reason="')[2].partition('"')[0]
            found[reason] = found.get(reason, 0) + float(line.rsplit(" ", 1)[1])
    return found


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
