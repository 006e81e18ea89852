# SPDX-License-Identifier: Apache-2.0
"""Real sequences of acts, each with its twin that must not be taken for one: a program run after or before a request, many or
few undeclared peers, bytes to a peer or connections of a client above or below a limit, many or few processes looked into, a
secret of two workloads or of one; what is kept over a reload."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from harness import host
from harness.check import Cases, expect, expect_contains, expect_equal
from harness.one_act import Bench, Row, expect_active

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LIMIT = 1 << 20
DAY_LIMIT = 1 << 30    # AMB-2306
PIECE = 1 << 27
BURST = 3000           # AMB-2308
LOOKED_INTO = 10       # AMB-2309

SCOPE = """\
  processes: {{server: {{executable: "{dir}/bin/*"}}}}
  files: {{read: [/**], write: ["/memfd:*"]}}
  network: {{egress: [{{cidr: 127.0.0.2/31}}], ingress: {{listen: [{listen}]}}}}
"""
# Two workloads that may read the same secret; each has one of its own besides. FOLDER stands for where they are.
SECRETS = """\
  secrets:
    - {{id: shared, path: FOLDER/shared, owner: tests, readers: [members]}}
    - {{id: own, path: FOLDER/own, owner: tests, readers: [members]}}
"""
OTHER_CGROUP = "/ambit-correlation/other"
OTHER = f"""\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: other}}
spec:
  owner: {{team: tests, contact: tests@example.com}}
  select: {{cgroup: {OTHER_CGROUP}}}
  secrets:
    - {{id: shared, path: FOLDER/shared, owner: tests, readers: [members]}}
    - {{id: others, path: FOLDER/others, owner: tests, readers: [members]}}
"""
SERVER = """\
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as door:
    print(flush=True)
    while True:
        door.accept()[0].close()
"""
RULES = f"""\
- rule: Bytes exchanged
  id: TEST-1
  desc: Feeds TEST-2.
  condition: evt.type = traffic and peer.bytes_out > 0 and peer.address = 127.0.0.2
  output: bytes
  priority: informational
  generate: false
- rule: Many bytes to one peer
  id: TEST-2
  desc: More than a peer should get.
  correlation:
    type: value_sum
    rules: [TEST-1]
    group-by: [workload.name, peer.address]
    timespan: 10m
    condition: {{field: peer.bytes_out, gte: {LIMIT}}}
  output: "%peer.address got %correlation.value bytes from %workload.name"
  priority: error
- rule: Program outside the scope
  id: TEST-3
  desc: Feeds TEST-4.
  condition: evt.type = exec and workload.member = true and proc.name = sleep
  output: sleep
  priority: informational
  generate: false
- rule: Program again and again
  id: TEST-4
  desc: Twice the same.
  correlation: {{type: event_count, rules: [TEST-3], group-by: [workload.name], timespan: 10m, condition: {{gte: 2}}}}
  output: "%correlation.count times"
  priority: warning
"""


def raised(bench, rule):
    return [alert for alert in bench.daemon.alerts.read() if alert["rule"]["id"] == rule and alert["revision"] == 0]


def settle(bench, truth):
    """Everything up to the end of the process is judged, and correlations have waited for late events."""
    expect(bench.events.wait(lambda e: e["event"] == "exit" and e["process"]["pid"] == truth["pid"]), "no exit event")
    host.wait_until(lambda: False, 1.5)


def serve(bench, name, when):
    """What serve_request did; the request is this test's."""
    program = os.path.join(bench.dir, "bin", name)
    with open(os.path.join(bench.programs, "serve_request"), "rb") as source, open(program, "wb") as target:
        target.write(source.read())
    os.chmod(program, 0o755)
    port = bench.names["listen"]
    run = host.launch_in(bench.cgroup, None, [program, str(port), when, "/usr/bin/true"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, text=True, cwd="/")

    def request():
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as line:
                return line.recv(1) == b""
        except ConnectionRefusedError:
            return False

    expect(host.wait_until(request, 10), "nobody took the request")
    output, _ = run.communicate(timeout=20)
    return json.loads(output)


def program_after_a_request_is_told(bench):
    truth = serve(bench, "served", "after")
    expect(host.wait_until(lambda: raised(bench, "AMB-2301"), 5), "no alert")
    (alert,) = raised(bench, "AMB-2301")
    expect_equal("process", alert["process"]["pid"], truth["child"])
    expect_equal("workload", alert["workload"]["name"], bench.workload)
    steps = [(step["rule"], step["event"], step["pid"]) for step in alert["trail"]]
    expect_equal("trail", steps, [("AMB-2391", "accept", truth["worker"]), ("AMB-2392", "exec", truth["child"])])
    expect(alert["trail"][0]["boot_ns"] < alert["trail"][1]["boot_ns"] == alert["boot_ns"], alert["trail"])
    expect(truth["worker"] in [p["pid"] for p in alert["ancestors"]], "the chain lacks the worker")
    explained = bench.daemon.cli("explain", alert["id"]).stdout
    expect("led to by" in explained and "AMB-2391 accept" in explained, explained)


def program_before_a_request_is_not(bench):
    before = len(raised(bench, "AMB-2301"))
    truth = serve(bench, "early", "before")
    settle(bench, truth)
    expect(any(alert["process"]["pid"] == truth["child"] for alert in bench.daemon.alerts.read()), "the program alone was not told")
    expect_equal("alerts", len(raised(bench, "AMB-2301")), before)


def few_peers_are_not_a_scan(bench):
    for last in range(11, 20):
        truth, _ = bench.act(Row(f"peer_{last}", f"connect_tcp 127.0.0.{last} 9", "connect", "", "out_of_scope"))
    settle(bench, truth)
    expect_equal("alerts", raised(bench, "AMB-2302"), [])


def one_more_peer_is(bench):
    truth, _ = bench.act(Row("peer_20", "connect_tcp 127.0.0.20 9", "connect", "", "out_of_scope"))
    expect(host.wait_until(lambda: raised(bench, "AMB-2302"), 5), "no alert")
    (alert,) = raised(bench, "AMB-2302")
    expect_equal("process", alert["process"]["pid"], truth["pid"])
    expect_equal("steps", len(alert["trail"]), 8)
    expect_equal("earlier ones", alert["trail_more"], 2)


class Sink:
    """Reads what clients send until they close their side."""

    def __init__(self, address):
        self.address, self.door = address, socket.create_server((address, 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                line, _ = self.door.accept()
            except OSError:
                return
            with line:
                while line.recv(1 << 20):
                    pass


def send(bench, name, sink, count):
    truth, _ = bench.act(Row(name, f"transfer {sink.address} {sink.port} {count}", "traffic", sink.address, "in_scope"))
    expect_equal("sent", truth["sent"], count)
    return truth


def bytes_below_the_limit_are_not_told(bench, sink):
    expect_active(bench, "traffic")
    settle(bench, send(bench, "little", sink, LIMIT // 2))
    settle(bench, send(bench, "little_more", sink, LIMIT // 2 - 1))
    expect_equal("alerts", raised(bench, "TEST-2"), [])


def the_last_byte_is(bench, sink):
    expect_active(bench, "traffic")
    send(bench, "last", sink, 1)
    expect(host.wait_until(lambda: raised(bench, "TEST-2"), 5), "no alert")
    (alert,) = raised(bench, "TEST-2")
    expect_equal("message", alert["message"], f"127.0.0.2 got {LIMIT} bytes from {bench.workload}")


def pieces_below_the_limit_of_a_day_are_not_told(bench, sink):
    expect_active(bench, "traffic")
    for number in range(1, DAY_LIMIT // PIECE):
        send(bench, f"piece_{number}", sink, PIECE)
    settle(bench, send(bench, "last_piece", sink, PIECE - 1))
    expect_equal("alerts", raised(bench, "AMB-2306"), [])


def the_last_byte_of_a_day_is(bench, sink):
    expect_active(bench, "traffic")
    truth = send(bench, "last_of_a_day", sink, 1)
    expect(host.wait_until(lambda: raised(bench, "AMB-2306"), 5), "no alert")
    (alert,) = raised(bench, "AMB-2306")
    expect_equal("process", alert["process"]["pid"], truth["pid"])
    expect_contains("message", alert["message"], f"{bench.workload} sent {DAY_LIMIT} bytes to {sink.address} port {sink.port} within a day")


@contextlib.contextmanager
def serving(bench, name):
    """A member that closes whatever it accepts."""
    program = shutil.copy2(os.path.realpath("/usr/bin/python3"), f"{bench.dir}/bin/{name}")
    server = host.launch_in(bench.cgroup, None, [program, "-S", "-c", SERVER, str(bench.names["listen"])], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True, cwd="/")
    try:
        server.stdout.readline()
        yield server
    finally:
        server.kill()
        server.communicate()


def call(bench, count):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", bench.names["listen"]), 10, ("127.0.0.8", 0)) as line:
            line.recv(1)


def connections_below_the_limit_are_no_burst(bench):
    with serving(bench, "door") as server:
        call(bench, BURST - 1)
    settle(bench, {"pid": server.pid})
    expect_equal("alerts", raised(bench, "AMB-2308"), [])


def one_more_connection_makes_a_burst(bench):
    with serving(bench, "door_again") as server:
        call(bench, 1)
        expect(host.wait_until(lambda: raised(bench, "AMB-2308"), 5), "no alert")
    (alert,) = raised(bench, "AMB-2308")
    expect_equal("process", alert["process"]["pid"], server.pid)
    expect_contains("message", alert["message"], f"127.0.0.8 made {BURST} connections to {bench.workload} within a minute")


@contextlib.contextmanager
def crowd(bench, name):
    """Processes of the workload that wait: their numbers."""
    program = shutil.copy2(os.path.join(bench.programs, "crowd"), f"{bench.dir}/bin/{name}")
    parent = host.launch_in(bench.cgroup, None, [program, str(LOOKED_INTO), "0", "/dev/null"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True, cwd="/")
    try:
        parent.stdout.readline()
        yield sorted(set(bench.cgroup.pids()) - {parent.pid})
    finally:
        parent.communicate(timeout=10)


def look_into(bench, name, pids):
    """A stranger's program, one process, opens what /proc shows of each."""
    files = " ".join(f"/proc/{pid}/maps" for pid in pids)
    truth, _ = bench.act(Row(name, "spawn /usr/bin/grep -qs ambit-no-such-text " + files, "open", "", "out_of_scope", inside=False))
    return truth


def few_processes_looked_into_are_no_search(bench):
    with crowd(bench, "crowd") as pids:
        settle(bench, look_into(bench, "glance", pids[1:] + pids[1:]))
    expect(any(alert["rule"]["id"] == "AMB-1604" for alert in bench.daemon.alerts.read()), "nothing was told of the files")
    expect_equal("alerts", raised(bench, "AMB-2309"), [])


def one_more_process_is(bench):
    with crowd(bench, "crowd_again") as pids:
        truth = look_into(bench, "search", pids)
        expect(host.wait_until(lambda: raised(bench, "AMB-2309"), 5), "no alert")
    (alert,) = raised(bench, "AMB-2309")
    expect_equal("process", alert["process"]["pid"], truth["child"])
    expect_contains("message", alert["message"], f"looked into {LOOKED_INTO} processes")


def read_in(bench, cgroup, name, path):
    program = shutil.copy2(os.path.join(bench.programs, "read_file"), f"{bench.dir}/bin/{name}")
    run = host.launch_in(cgroup, None, [program, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd="/")
    output, _ = run.communicate(timeout=20)
    truth = json.loads(output)
    expect(bench.events.wait(lambda e: e["event"] == "open" and e["process"]["pid"] == run.pid and e["object"].get("ino") == truth["ino"]),
           f"no open of {path}")
    return truth


def secrets_of_one_workload_each_are_not_told(bench, other, folder):
    for number, (cgroup, name) in enumerate(((bench.cgroup, "shared"), (bench.cgroup, "shared"), (bench.cgroup, "own"), (other, "others"))):
        truth = read_in(bench, cgroup, f"read_{number}", f"{folder}/{name}")
    settle(bench, truth)
    expect_equal("alerts", raised(bench, "AMB-2311"), [])


def a_secret_of_two_workloads_is(bench, other, folder):
    truth = read_in(bench, other, "read_shared", folder + "/shared")
    expect(host.wait_until(lambda: raised(bench, "AMB-2311"), 5), "no alert")
    (alert,) = raised(bench, "AMB-2311")
    expect_equal("process", alert["process"]["pid"], truth["pid"])
    expect_contains("message", alert["message"], f"secret {folder}/shared (shared) is read by 2 workloads, last by other")
    expect_equal("trail", [step["rule"] for step in alert["trail"]], ["AMB-2390"] * 3)


def run_sleep(bench, name):
    truth, _ = bench.act(Row(name, "spawn /usr/bin/sleep 0", "exec", "/usr/bin/sleep", "out_of_scope"))
    return truth


def a_reload_keeps_what_was_counted(bench):
    settle(bench, run_sleep(bench, "once"))
    expect_equal("alerts", raised(bench, "TEST-4"), [])
    expect_equal("reload", bench.daemon.cli("reload").returncode, 0)
    run_sleep(bench, "twice")
    expect(host.wait_until(lambda: raised(bench, "TEST-4"), 5), "no alert")


def status_shows_the_bounds(bench):
    for table in ("correlation_groups", "correlation_bytes", "correlation_waiting"):
        capacity = bench.daemon.metric("ambit_table_capacity_entries", table=table)
        expect(capacity and capacity > 0, f"no bound of {table}")


def make_secrets(folder):
    for name in ("shared", "own", "others"):
        with open(f"{folder}/{name}", "w", encoding="ascii") as out:
            out.write(name)


def main():
    cases = Cases("correlation")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="ambit-rules-") as rules, \
            tempfile.TemporaryDirectory(prefix="ambit-secrets-") as folder:
        rules.write(RULES)
        rules.flush()
        make_secrets(folder)
        other = host.Cgroup(OTHER_CGROUP)
        bench = Bench(BUILD, "correlation", SCOPE + SECRETS.replace("FOLDER", folder), (), {"other": OTHER.replace("FOLDER", folder)},
                      extra=f"rules: {{paths: [{ROOT}/rules/detections, {rules.name}]}}\n")
        sinks = Sink("127.0.0.2"), Sink("127.0.0.3")
        try:
            for case in (program_before_a_request_is_not, program_after_a_request_is_told, few_peers_are_not_a_scan,
                         one_more_peer_is, a_reload_keeps_what_was_counted, status_shows_the_bounds,
                         connections_below_the_limit_are_no_burst, one_more_connection_makes_a_burst,
                         few_processes_looked_into_are_no_search, one_more_process_is):
                cases.run(case.__name__, case, bench)
            for case in (bytes_below_the_limit_are_not_told, the_last_byte_is):
                cases.run(case.__name__, case, bench, sinks[0])
            for case in (pieces_below_the_limit_of_a_day_are_not_told, the_last_byte_of_a_day_is):
                cases.run(case.__name__, case, bench, sinks[1])
            for case in (secrets_of_one_workload_each_are_not_told, a_secret_of_two_workloads_is):
                cases.run(case.__name__, case, bench, other, folder)
        finally:
            for sink in sinks:
                sink.door.close()
            other.remove()
            bench.stop()
    return cases.status()


sys.exit(main())
