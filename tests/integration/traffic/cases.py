# SPDX-License-Identifier: Apache-2.0
"""Bytes of a workload's connections: event, metric and ledger row against what both ends counted themselves."""
import os
import socket
import sqlite3
import sys
import threading

from harness import host
from harness.check import Cases, expect, expect_equal
from harness.one_act import Bench, Row, alerts_of, expect_active

BUILD = os.path.abspath(sys.argv[1])
BYTES, ANSWER = 3_000_017, b"thank you"

SCOPE = """\
  processes: {{server: {{executable: "{dir}/bin/*"}}}}
  files: {{read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache], write: ["/memfd:*"]}}
  network: {{egress: [{{cidr: 127.0.0.2/32}}]}}
"""


class Sink:
    """Reads what clients send until they close their side, then answers; counts."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.2", 0))
        self.port, self.got = self.door.getsockname()[1], 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                line, _ = self.door.accept()
            except OSError:
                return
            with line:
                while data := line.recv(65536):
                    self.got += len(data)
                line.sendall(ANSWER)


def ledger_sum(bench, workload):
    with sqlite3.connect(f"file:{bench.dir}/ambit/ledger.db?mode=ro", uri=True) as ledger:
        return ledger.execute("SELECT ifnull(sum(bytes_in),0), ifnull(sum(bytes_out),0) FROM traffic WHERE workload=? AND "
                              "peer='127.0.0.2' AND role='client' AND protocol='tcp'", (workload,)).fetchone()


def metric(bench, direction):
    return bench.daemon.metric("ambit_network_bytes_total", workload="traffic", direction=direction) or 0


def told(bench, pid):
    events = [e for e in bench.events.lines if e["event"] == "traffic" and e["process"]["pid"] == pid]
    return tuple(sum(e["network"][key] for e in events) for key in ("bytes_in", "bytes_out"))


def member_is_counted(bench, sink):
    expect_active(bench, "traffic")
    row = Row("send_much", f"transfer 127.0.0.2 {sink.port} {BYTES}", "traffic", "127.0.0.2", "in_scope")
    truth, pids = bench.act(row)
    expect_equal("what the peer got", sink.got, truth["sent"])
    wanted = (len(ANSWER), BYTES)
    host.wait_until(lambda: told(bench, truth["pid"]) == wanted, 5)
    expect_equal("events", told(bench, truth["pid"]), wanted)
    event = bench.events.wait(lambda e: e["event"] == "traffic" and e["process"]["pid"] == truth["pid"])
    expect_equal("workload", event.get("workload", {}).get("name"), "traffic")
    # Who has ended before the count comes is known by workload alone.
    expect(event["scope"]["verdict"] in ("in_scope", "unscoped"), event["scope"])
    expect_equal("port", event["network"]["remote"]["port"], sink.port)
    host.wait_until(lambda: ledger_sum(bench, "traffic") == wanted, 5)
    expect_equal("ledger", ledger_sum(bench, "traffic"), wanted)
    expect_equal("metric", (metric(bench, "in"), metric(bench, "out")), wanted)
    expect_equal("alerts", alerts_of(bench, pids), [])


def stranger_is_nobodys(bench, sink):
    before = metric(bench, "out")
    row = Row("stranger", f"transfer 127.0.0.2 {sink.port} 5000", "traffic", "", "unscoped", inside=False)
    truth, _ = bench.act(row)
    expect(bench.events.wait(lambda e: e["event"] == "exit" and e["process"]["pid"] == truth["pid"]), "no exit event")
    host.wait_until(lambda: told(bench, truth["pid"])[1] != 0, 3)  # what is told of it concerns no workload
    expect_equal("metric", metric(bench, "out"), before)


def main():
    cases = Cases("traffic")
    bench = Bench(BUILD, "traffic", SCOPE, ())
    sink = Sink()
    try:
        cases.run("member_is_counted", member_is_counted, bench, sink)
        cases.run("stranger_is_nobodys", stranger_is_nobodys, bench, sink)
    finally:
        sink.door.close()
        bench.stop()
    return cases.status()


sys.exit(main())
