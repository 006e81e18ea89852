# SPDX-License-Identifier: Apache-2.0
"""Inside a guest of boot.sh --icount, where a nanosecond is an instruction: what one operation takes without the daemon, with
it in a process that nobody watches, in a watched one whose accesses were judged, in a watched one that opens a file which
is told each time, and beside a declared directory (the directory above it is watched by fanotify). Leaves /out/cost.json."""
import json
import os
import subprocess

from harness import daemon, host

BUILD = "/t/build"
DIR = "/tmp/cost"
SECONDS = "0.05"  # of the guest's time, each operation: 50 million instructions
SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {name: cost}
spec:
  owner: {team: tests}
  select: {cgroup: /ambit-cost/workload}
  models: [{name: tiny, path: "/tmp/cost/model/**", read: [members]}]
  files: {read: [/**], write: [/**]}
  network: {egress: [{cidr: 127.0.0.1/32}], ingress: {listen: ["1-65535"]}}
"""
# A rule that could hold for a repeated open if another process made it, so that each open of the file is sent.
RULE = """\
- rule: Every open of one file
  id: BENCH-0001
  desc: Keeps opens of one file out of the seen-table.
  condition: evt.type = open and fd.name = /tmp/cost/plain/fresh and proc.pid = 1
  output: never
  priority: informational
  examples:
    fires: [{evt.type: open, fd.name: /tmp/cost/plain/fresh, proc.pid: 1}]
    silent: [{evt.type: open, fd.name: /tmp/cost/plain/fresh, proc.pid: 2}]
"""


def cost(cgroup=None, operations=(), name="plain/file"):
    command = [f"{BUILD}/tests/progs/syscall_cost", SECONDS, f"{DIR}/{name}", *operations]
    if cgroup is None:
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return json.loads(host.launch_in(cgroup, None, command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).communicate()[0])


os.makedirs(f"{DIR}/model")
os.mkdir(f"{DIR}/plain")
for made in ("plain/file", "plain/fresh", "beside", "model/weights"):
    with open(f"{DIR}/{made}", "wb") as out:
        out.write(b"x" * 8192)
os.mkdir(f"{DIR}/rules")
with open(f"{DIR}/rules/cost.yaml", "w", encoding="utf-8") as out:
    out.write(RULE)
group = host.Cgroup("/ambit-cost/workload")
result = {"off": cost()}
watcher = daemon.Daemon(BUILD, f"{DIR}/ambit", {"cost": SCOPE}, extra=f"rules: {{paths: [{DIR}/rules]}}\n").start(120)
try:
    result["unwatched"] = cost()
    result["watched"] = cost(group)
    result["fresh"] = cost(group, ["open_close"], "plain/fresh")
    result["beside"] = cost(None, ["open_close", "pread"], "beside")
finally:
    watcher.stop()
result["off_again"] = cost()
with open("/out/cost.json", "w", encoding="utf-8") as out:
    json.dump(result, out, indent=1)
