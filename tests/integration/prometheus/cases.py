# SPDX-License-Identifier: Apache-2.0
"""The metrics page before promtool and a real Prometheus; the shipped alert rules and every query of the dashboard in it."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

from harness import daemon, host
from harness.check import Cases, Skip, expect, expect_equal

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAMS = os.path.join(BUILD, "tests/progs")
ALERTS = os.path.join(ROOT, "deploy/prometheus/alerts.yaml")
DASHBOARD = os.path.join(ROOT, "deploy/grafana/ambit.json")

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: scraped}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: /ambit-prometheus/workload}}
  models: [{{name: tiny, path: "{dir}/model/**"}}]
"""


def need(tool):
    if not shutil.which(tool):
        raise Skip(f"{tool} (Debian package prometheus)")


class Scraped:
    """A daemon with something to count, and a Prometheus that scrapes it every second."""

    def __init__(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-prometheus-"))
        os.mkdir(self.dir + "/model")
        with open(self.dir + "/model/weights.gguf", "w", encoding="ascii") as out:
            out.write("weights")
        self.cgroup = host.Cgroup("/ambit-prometheus/workload")
        self.daemon = daemon.Daemon(BUILD, self.dir + "/ambit", {"scraped": SCOPE.format(dir=self.dir)}).start()
        self.member = host.launch_in(self.cgroup, None, ["/bin/sleep", "600"], stdin=subprocess.DEVNULL)
        self.prometheus, self.port = None, daemon.free_port()

    def do_act(self):
        subprocess.run([PROGRAMS + "/read_file", self.dir + "/model/weights.gguf"], check=True, stdout=subprocess.DEVNULL)

    def start_prometheus(self):
        config = self.dir + "/prometheus.yaml"
        with open(config, "w", encoding="ascii") as out:
            out.write(f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{ALERTS}]\n"
                      f"scrape_configs:\n  - job_name: ambit\n    static_configs: [{{targets: ['127.0.0.1:{self.daemon.port}']}}]\n")
        with open(self.dir + "/prometheus.log", "wb") as log:
            self.prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.dir}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)

    def api(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError as problem:
            body = problem.read().decode() if hasattr(problem, "read") else ""
            return {"result": [], "error": f"{problem} {body}"}

    def query(self, expression):
        return self.api("query", query=expression)["result"]

    def stop(self):
        if self.prometheus:
            self.prometheus.terminate()
            self.prometheus.wait(20)
        self.member.kill()
        self.member.wait()
        self.daemon.stop()
        self.cgroup.remove()
        shutil.rmtree(self.dir)


def page_passes_promtool(scraped):
    need("promtool")
    status, page = scraped.daemon.get("/metrics")
    expect_equal("status", status, 200)
    result = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    expect_equal("promtool check metrics", (result.returncode, result.stdout + result.stderr), (0, ""))


def labels_hold_no_path_pid_or_peer(scraped):
    page = scraped.daemon.get("/metrics")[1]
    for name, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', page):
        if name == "hook":  # "tp_btf/sys_exit": a word of the program
            continue
        expect("/" not in value, f"label {name} holds a path: {value}")
        expect(not re.fullmatch(r"\d{3,}", value), f"label {name} holds a number: {value}")
        expect(not re.search(r"\d+\.\d+\.\d+\.\d+", value), f"label {name} holds an address: {value}")


def prometheus_scrapes(scraped):
    need("prometheus")
    scraped.start_prometheus()
    expect(host.wait_until(lambda: scraped.query('up{job="ambit"} == 1'), 20, 0.3), "up is not 1")
    scraped.do_act()
    expect(host.wait_until(lambda: scraped.query('ambit_alerts_total{rule="AMB-1001"} == 1'), 10, 0.3), "the alert is not counted")


def rules_are_healthy(scraped):
    need("prometheus")
    host.wait_until(lambda: all(rule.get("health") == "ok" for group in scraped.api("rules").get("groups", [{}])
                                for rule in group.get("rules", [{}])), 10, 0.3)
    rules = [rule for group in scraped.api("rules")["groups"] for rule in group["rules"]]
    expect(len(rules) >= 10, f"{len(rules)} rules are loaded")
    for rule in rules:
        expect_equal(f"health of {rule['name']}", rule["health"], "ok")
    firing = host.wait_until(lambda: [r["name"] for r in scraped.api("rules")["groups"][0]["rules"] if r["state"] == "firing"], 10, 0.3)
    expect("ModelServerOutOfBounds" in firing, f"firing: {firing}")


def rules_pass_their_tests(_):
    need("promtool")
    for arguments in (["check", "rules", ALERTS], ["test", "rules", os.path.join(ROOT, "deploy/prometheus/alerts_test.yaml")]):
        result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
        expect_equal("promtool " + " ".join(arguments[:2]), result.returncode, 0)


def dashboard_queries_are_answered(scraped):
    need("prometheus")
    with open(DASHBOARD, encoding="utf-8") as board:
        panels = json.load(board)["panels"]
    expect_equal("panel ids", len({panel["id"] for panel in panels}), len(panels))
    scraped.do_act()
    unanswered = {}
    for panel in panels:
        for target in panel["targets"]:
            expression = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "10s")
            if not host.wait_until(lambda e=expression: scraped.query(e), 15, 0.3):
                unanswered[panel["title"]] = expression
    expect(not unanswered, f"no answer for {unanswered}")


def main():
    cases = Cases("prometheus")
    scraped = Scraped()
    try:
        for case in (page_passes_promtool, labels_hold_no_path_pid_or_peer, prometheus_scrapes, rules_are_healthy,
                     rules_pass_their_tests, dashboard_queries_are_answered):
            cases.run(case.__name__, case, scraped)
    finally:
        scraped.stop()
    return cases.status()


sys.exit(main())
