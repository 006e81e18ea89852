# SPDX-License-Identifier: Apache-2.0
"""A full life of real model servers under their packs: cold start, warm-up, 1,000 requests with a reload of scopes and rules among
them, idle, scale-down. Silent, but for what each really does that its owner should know."""
import os
import shutil
import sys
import tempfile
import time

from harness import daemon, host
from harness.check import Cases, Skip, expect, expect_equal
from harness.llama import TinyLlama
from harness.model_servers import MlServer, Triton

BUILD = os.path.abspath(sys.argv[1])
REQUESTS = 1000
IDLE_SECONDS = 5


class Life:
    """One daemon, one namespace, one folder for one server."""

    def __init__(self, kind):
        if not kind.is_installed():
            raise Skip(f"{kind.__name__} (PyPI)")
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-servers-"))
        self.net = host.ServerNet("ambit-srv")
        self.cgroup = host.Cgroup("/ambit-servers/" + kind.__name__.lower())
        kind.prepare(self.dir)
        self.daemon = daemon.Daemon(BUILD, self.dir + "/ambit", {"scope": kind.scope(self.cgroup, self.net, self.dir)})
        self.daemon.start()
        self.server = None

    def live(self, server, requests=REQUESTS):
        self.server = server
        server.wait_ready()
        for number in range(requests):
            if number == requests // 2:
                self.reload()
            server.ask(str(number) if isinstance(server, Triton) else number)
        time.sleep(IDLE_SECONDS)
        self.daemon.wait_serving(type(server).__name__.lower())

    def reload(self):
        """Scopes and rules are read anew while the server answers."""
        done = self.daemon.cli("reload")
        expect(done.returncode == 0, f"reload: {done.stdout}{done.stderr}")

    def end(self):
        self.server.stop()
        time.sleep(1)

    def alerts(self):
        return [(a["rule"]["id"], a["message"]) for a in self.daemon.alerts.read()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for rule, message in self.alerts():
            print("  alert:", rule, message)
        if self.server:
            self.server.stop()
        self.daemon.stop()
        self.cgroup.remove()
        self.net.remove()
        shutil.rmtree(self.dir)


def triton_is_silent_and_a_shell_in_serve_is_not():
    """Triton runs sh and bash while it loads: in scope. The same from its model while it serves: an alert."""
    with Life(Triton) as life:
        life.live(Triton(life.cgroup, life.net, life.dir))
        expect_equal("alerts of start, requests and idle", life.alerts(), [])
        life.server.ask("act:shell ambit-triton-shell")
        alert = life.daemon.wait_alert(lambda a: a["rule"]["id"] == "AMB-1401", 3)
        expect(alert is not None, "the shell in serve is not seen")
        expect("ambit-triton-shell" in str(alert["process"].get("argv")), f"not our shell: {alert['process']}")
        expect_equal("phase", alert["verdict"]["phase"], "serve")
        life.end()
        expect_equal("all alerts", sorted(rule for rule, _ in life.alerts()), ["AMB-1401", "AMB-2301"])


def llama_is_silent():
    with Life(TinyLlama) as life:
        life.live(TinyLlama(life.cgroup, life.net, life.dir))
        life.end()
        expect_equal("alerts", life.alerts(), [])


def mlserver_is_silent_without_telemetry():
    with Life(MlServer) as life:
        life.live(MlServer(life.cgroup, life.net, life.dir, telemetry=False))
        life.end()
        expect_equal("alerts", life.alerts(), [])


def is_look_up(text):
    """The question for the name, or the resolver that it goes to: neither is in the server's scope."""
    return "events.data.microsoft.com" in text or " port 53 (udp" in text


def mlserver_telemetry_is_told():
    """ONNX Runtime phones home unless told not to: exactly its files alert, and the look-up if the server makes it."""
    session_file_was_there = os.path.exists("/tmp/.ses")
    with Life(MlServer) as life:
        life.live(MlServer(life.cgroup, life.net, life.dir, telemetry=True), requests=20)
        life.end()
        rules = {rule for rule, _ in life.alerts()}
        expect("AMB-2003" in rules, f"no telemetry alert, only {life.alerts()}")
        others = [(rule, text) for rule, text in life.alerts()
                  if rule != "AMB-2003" and not (rule in ("AMB-1203", "AMB-1201") and is_look_up(text))]
        expect_equal("alerts beside telemetry", others, [])
    if not session_file_was_there and os.path.exists("/tmp/.ses"):
        os.unlink("/tmp/.ses")


def main():
    cases = Cases("servers")
    for case in (llama_is_silent, triton_is_silent_and_a_shell_in_serve_is_not, mlserver_is_silent_without_telemetry, mlserver_telemetry_is_told):
        cases.run(case.__name__, case)
    return cases.status()


sys.exit(main())
