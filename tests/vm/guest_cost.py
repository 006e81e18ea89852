# SPDX-License-Identifier: Apache-2.0
"""Inside a guest of boot.sh --icount, where a nanosecond is an instruction: what one operation takes without the daemon, with
it in a process that nobody watches, and in a watched one whose accesses were judged. Leaves /out/cost.json."""
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


def cost(cgroup=None):
    command = [f"{BUILD}/tests/progs/syscall_cost", SECONDS, f"{DIR}/file"]
    if cgroup is None:
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return json.loads(host.launch_in(cgroup, None, command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).communicate()[0])


os.makedirs(f"{DIR}/model")
for name in ("file", "model/weights"):
    with open(f"{DIR}/{name}", "wb") as out:
        out.write(b"x" * 8192)
group = host.Cgroup("/ambit-cost/workload")
result = {"off": cost()}
watcher = daemon.Daemon(BUILD, f"{DIR}/ambit", {"cost": SCOPE}).start(120)
try:
    result["unwatched"] = cost()
    result["watched"] = cost(group)
finally:
    watcher.stop()
result["off_again"] = cost()
with open("/out/cost.json", "w", encoding="utf-8") as out:
    json.dump(result, out, indent=1)
