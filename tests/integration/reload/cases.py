# SPDX-License-Identifier: Apache-2.0
"""New configuration under a running daemon: on request, by SIGHUP and by a change of its files; all of it or nothing, told in the
log, the ledger, the metrics, and as an alert where it is refused."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

from harness import daemon, host
from harness.check import Cases, expect, expect_contains, expect_equal

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAMS = os.path.join(BUILD, "tests/progs")
WORKLOAD = "/ambit-reload/workload"
SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: {name}}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: "{cgroup}"}}
  mode: alert
  files: {{read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache{more}]}}
  processes: {{server: {{executable: "{dir}/in/*"}}}}
"""
RULE = """\
- rule: {name}
  id: {id}
  desc: opens of one file
  condition: evt.type = open and fd.name = {path}
  output: "%proc.name opened %fd.name"
  priority: warning
"""
SETTLED = 1.5  # longer than a change is waited for before it counts (0.5 s) and read


class Scene:
    def __init__(self, scopes=None, rules=None):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-reload-"))
        os.chmod(self.dir, 0o755)
        for name in ("in", "rules", "conf"):
            os.mkdir(os.path.join(self.dir, name))
        self.plain, self.other = self.write("plain", "x"), self.write("other", "x")
        self.rule("own.yaml", "First", "TEST-1", "/nowhere")
        self.cgroup = host.Cgroup(WORKLOAD)
        self.daemon = daemon.Daemon(BUILD, os.path.join(self.dir, "ambit"), scopes if scopes is not None else {"chat": self.scope()},
                                    extra=f"rules: {{paths: [{rules or self.dir + '/rules'}]}}\n")

    def __enter__(self):
        self.daemon.start()
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        self.cgroup.remove()
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def scope(self, more="", name="chat", cgroup=WORKLOAD + "/**"):
        return SCOPE.format(dir=self.dir, name=name, more=more, cgroup=cgroup)

    def rule(self, file, name, rule_id, path):
        self.write("rules/" + file, RULE.format(name=name, id=rule_id, path=path))

    def read(self, path):
        program = shutil.copy2(os.path.join(PROGRAMS, "read_file"), f"{self.dir}/in/read_file")
        host.launch_in(self.cgroup, None, [program, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/").wait(10)

    def alerts(self, rule):
        return [alert for alert in self.daemon.alerts.read() if alert["rule"]["id"] == rule]

    def reloads(self, result):
        return self.daemon.metric("ambit_reloads_total", result=result) or 0

    def wait_reload(self, count, result="ok"):
        expect(host.wait_until(lambda: self.reloads(result) == count, 10, 0.05),
               lambda: f"{self.reloads(result)} reloads were {result}, expected {count}\n{self.daemon.log_tail(5)}")
        self.daemon.wait_ready()

    def changes(self):
        with sqlite3.connect(f"file:{self.dir}/ambit/ledger.db?mode=ro", uri=True) as db:
            return db.execute("SELECT kind, subject, detail FROM changes ORDER BY rowid").fetchall()


def a_changed_file_is_in_force():
    with Scene() as scene:
        scene.rule("own.yaml", "First", "TEST-1", scene.plain)
        scene.rule("more.yaml", "Second", "TEST-2", scene.other)
        scene.wait_reload(1)
        scene.read(scene.plain)
        scene.read(scene.other)
        expect(host.wait_until(lambda: scene.alerts("TEST-1") and scene.alerts("TEST-2"), 5), "the new rules are not in force")
        expect_contains("log", scene.daemon.log_tail(), "reload: files changed", "rules: 1 added (Second) 1 changed (First)")
        rows = scene.changes()
        for row in (("rule", "First", "changed"), ("rule", "Second", "added")):
            expect(row in rows, f"{row} is not in the ledger: {rows}")
        os.unlink(scene.dir + "/rules/more.yaml")
        os.rename(scene.write("next", scene.scope()), scene.dir + "/ambit/scopes/chat.yaml")  # the same content
        scene.write("ambit/scopes/more.yaml", scene.scope(name="more", cgroup="/elsewhere"))
        scene.wait_reload(2)
        rows = scene.changes()
        for row in (("rule", "Second", "removed"), ("scope", "more", "added")):
            expect(row in rows, f"{row} is not in the ledger: {rows}")
        expect(("scope", "chat", "changed") not in rows, "a scope that is the same is told as changed")


def what_is_the_same_is_no_reload():
    with Scene() as scene:
        scene.write("ambit/scopes/chat.yaml", scene.scope())
        os.utime(scene.dir + "/rules/own.yaml")
        scene.write("conf.d-not-read.yaml", "x")
        host.wait_until(lambda: False, SETTLED)
        expect_equal("reloads", (scene.reloads("ok"), scene.reloads("failed")), (0, 0))


def a_refused_change_is_told_once_and_changes_nothing():
    with Scene() as scene:
        scene.rule("own.yaml", "First", "TEST-1", scene.plain)
        scene.wait_reload(1)
        broken = scene.scope().replace("  mode:", "  moed:")
        scene.write("ambit/scopes/chat.yaml", broken)
        scene.rule("own.yaml", "First", "TEST-1", "/nowhere")  # fine by itself, and not taken
        scene.wait_reload(1, "failed")
        scene.write("ambit/scopes/chat.yaml", broken)
        host.wait_until(lambda: False, SETTLED)
        expect_equal("refusals", scene.reloads("failed"), 1)
        scene.read(scene.plain)
        expect(host.wait_until(lambda: scene.alerts("TEST-1"), 5), "the rules of before are not in force")
        expect_contains("log", scene.daemon.log_tail(), "reload refused, the running configuration stays in force",
                        "scopes/chat.yaml:7", "unknown key 'moed'", "did you mean 'mode'")
        expect(any(kind == "reload" and "chat.yaml:7" in detail for kind, _, detail in scene.changes()), "the ledger does not say why")
        answer = scene.daemon.cli("reload")
        expect_equal("exit of ambit reload", answer.returncode, 2)
        expect_contains("ambit reload", answer.stderr, "chat.yaml:7", "the running configuration stays in force")
        scene.write("ambit/scopes/chat.yaml", scene.scope())
        scene.wait_reload(2)


def a_refused_reload_is_an_alert():
    with Scene(rules=ROOT + "/rules/detections") as scene:
        scene.write("ambit/scopes/chat.yaml", scene.scope(more=", /srv/**"))
        scene.wait_reload(1)
        expect_equal("alerts of a reload that is fine", scene.alerts("AMB-1913"), [])
        scene.write("ambit/scopes/chat.yaml", scene.scope().replace("  mode:", "  moed:"))
        scene.wait_reload(1, "failed")
        expect(host.wait_until(lambda: scene.alerts("AMB-1913"), 5), "no alert")
        expect_contains("message", scene.alerts("AMB-1913")[0]["message"], "chat.yaml:7", "unknown key 'moed'")


def kubelet_writes(folder, version, text):
    """As the kubelet's atomic writer does it: a new folder, a link beside, renamed over `..data`."""
    os.makedirs(f"{folder}/..{version}")
    with open(f"{folder}/..{version}/chat.yaml", "w", encoding="utf-8") as out:
        out.write(text)
    os.symlink(f"..{version}", f"{folder}/..data_tmp")
    os.rename(f"{folder}/..data_tmp", f"{folder}/..data")
    if not os.path.islink(f"{folder}/chat.yaml"):
        os.symlink("..data/chat.yaml", f"{folder}/chat.yaml")


def a_config_map_that_is_swapped_is_in_force():
    scene = Scene(scopes={})
    volume = scene.dir + "/ambit/scopes"
    kubelet_writes(volume, "2026_01", scene.scope())
    with scene:
        kubelet_writes(volume, "2026_02", scene.scope(more=", /srv/**"))
        shutil.rmtree(volume + "/..2026_01")
        scene.wait_reload(1)
        expect(("scope", "chat", "changed") in scene.changes(), str(scene.changes()))
        kubelet_writes(volume, "2026_03", scene.scope(more=", /srv/**, /opt/**"))  # the new folders are watched as the old ones were
        shutil.rmtree(volume + "/..2026_02")
        scene.wait_reload(2)


def a_signal_and_a_request_are_reloads():
    with Scene() as scene:
        scene.daemon.process.send_signal(signal.SIGHUP)
        scene.wait_reload(1)
        answer = scene.daemon.cli("reload")
        expect_equal("ambit reload", (answer.returncode, answer.stdout.splitlines()[-1]), (0, "nothing changed"))
        scene.rule("own.yaml", "Other", "TEST-1", scene.plain)
        answer = scene.daemon.cli("reload")
        expect_contains("ambit reload", answer.stdout, "rules: 1 added (Other) 1 removed (First)")
        scene.read(scene.plain)
        expect(host.wait_until(lambda: scene.alerts("TEST-1"), 5), "the new rule is not in force")
        host.wait_until(lambda: False, SETTLED)
        expect_equal("reloads", scene.reloads("ok"), 3)  # what the request had read is no news to the watch


def the_profile_counts_since_the_rules_are_in_force():
    with Scene() as scene:
        scene.rule("own.yaml", "First", "TEST-1", scene.plain)
        scene.rule("more.yaml", "Second", "TEST-2", "/nowhere")
        scene.wait_reload(1)

        def row(rule):
            answer = json.loads(scene.daemon.cli("rules", "profile", "--json").stdout)
            return next(row for row in answer["rules"] if row["id"] == rule)

        for _ in range(7):
            scene.read(scene.plain)
        expect(host.wait_until(lambda: row("TEST-1")["held"] == 7, 5, 0.2), lambda: f"held {row('TEST-1')}, expected 7")
        # What its guard asked is not counted for it.
        expect(row("TEST-1")["tried"] >= 7 and row("TEST-1")["tests"] > 0, f"{row('TEST-1')}")
        expect_equal("of the rule on another file", row("TEST-2")["held"], 0)
        text = scene.daemon.cli("rules", "profile", "--top", "1").stdout.splitlines()
        expect_contains("head", text[0], "2 rules on")
        expect_equal("rows of the dearest one", len([line for line in text if line.startswith("TEST-")]), 1)
        scene.rule("own.yaml", "First", "TEST-1", "/nowhere")
        scene.wait_reload(2)
        expect(host.wait_until(lambda: row("TEST-1")["held"] == 0, 5, 0.2), "counts of the rules of before")


def no_act_falls_between_two_sets():
    with Scene() as scene:
        scene.rule("own.yaml", "First", "TEST-1", scene.plain)
        scene.wait_reload(1)
        # Every read of the file is to be told, before, while and after the rules are changed around it.
        for count in range(10):
            scene.rule(f"more-{count}.yaml", f"More {count}", f"TEST-M{count}", "/nowhere")
            reload = subprocess.Popen([scene.daemon.binary, "reload", "--socket", scene.daemon.socket], stdout=subprocess.DEVNULL)
            scene.read(scene.plain)
            expect_equal("ambit reload", reload.wait(20), 0)
        expect(host.wait_until(lambda: scene.alerts("TEST-1"), 5), "no alert at all")
        scene.daemon.stop()  # closes the window: the last revision has the count
        expect_equal("reads that were told", max(alert["count"] for alert in scene.alerts("TEST-1")), 10)


def main():
    cases = Cases("reload")
    for case in (a_changed_file_is_in_force, what_is_the_same_is_no_reload, a_refused_change_is_told_once_and_changes_nothing,
                 a_refused_reload_is_an_alert, a_config_map_that_is_swapped_is_in_force,
                 a_signal_and_a_request_are_reloads, the_profile_counts_since_the_rules_are_in_force, no_act_falls_between_two_sets):
        cases.run(case.__name__, case)
    sys.exit(cases.status())


main()
