# SPDX-License-Identifier: Apache-2.0
"""A recording of the running daemon against its own alerts: replayed they are the same, byte for byte; and what a recording
says of itself: filtered, cut, damaged, of a daemon that stopped."""
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib

from harness import daemon, host
from harness.check import Cases, expect, expect_contains, expect_equal

BUILD = os.path.abspath(sys.argv[1])
PROGRAMS = os.path.join(BUILD, "tests/progs")
AMBIT = daemon.program(BUILD)
WORKLOAD = "/ambit-record/workload"
PLANTED = "hf_" + "Q7rK2mXw9LpZ4tVb8NcY1sGd5HfJ6aEu3R"  # of the shape that decode takes out

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: recorded}}
spec:
  owner: {{team: tests}}
  select: {{cgroup: "{cgroup}/**"}}
  mode: alert
  models: [{{name: tiny, path: "{dir}/model/**", read: [server]}}]
  files: {{read: [{reads}]}}
  processes: {{server: {{executable: "{dir}/in/*"}}}}
"""
READS = "/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache"
RULE = """\
- rule: {name}
  id: {id}
  desc: opens of a folder
  condition: evt.type = {kind} and {condition}
  output: "%proc.name"
  priority: warning
"""


class Scene:
    def __init__(self, window="5m"):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-record-"))
        os.chmod(self.dir, 0o755)
        for name in ("model", "in", "other"):
            os.mkdir(os.path.join(self.dir, name))
        self.weights = self.write("model/weights.gguf", "weights")
        self.cgroup = host.Cgroup(WORKLOAD)
        self.daemon = daemon.Daemon(BUILD, os.path.join(self.dir, "ambit"), {"recorded": self.scope(READS)}, window=window)
        self.file = os.path.join(self.dir, "run.ambit")

    def __enter__(self):
        self.daemon.start()
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        self.cgroup.remove()
        shutil.rmtree(self.dir, ignore_errors=True)

    def scope(self, reads):
        return SCOPE.format(dir=self.dir, cgroup=WORKLOAD, reads=reads)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def member(self, *command):
        program = shutil.copy2(os.path.join(PROGRAMS, command[0]), f"{self.dir}/in/{command[0]}")
        run = host.launch_in(self.cgroup, None, [program, *command[1:]], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, text=True, cwd="/")
        return run.communicate(timeout=20)[0]

    def stranger(self, *command):
        subprocess.run([os.path.join(PROGRAMS, command[0]), *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       check=False)

    def settle(self):
        """Until what was done is judged and durable: an act of a kind of its own has its alert in the ledger."""
        mark = self.write(f"other/mark-{host.boot_ns()}", "")
        self.member("read_file", mark)
        expect(host.wait_until(lambda: any(mark in body for body in self.alerts()), 10), "the mark has no alert")

    def alerts(self):
        """Bodies as the ledger has them, in the order of the pipeline."""
        with sqlite3.connect(f"file:{self.dir}/ambit/ledger.db?mode=ro", uri=True) as db:
            return [body for body, in db.execute("SELECT body FROM alerts ORDER BY rowid")]

    def record(self, *options):
        """Begins to record and returns when the first blocks are written."""
        run = subprocess.Popen([AMBIT, "record", "-o", self.file, "--socket", self.daemon.socket, *options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begun = host.wait_until(lambda: run.poll() is not None or os.path.exists(self.file) and blocks(self.file)[2:], 10)
        expect(begun, "no recording began")
        return run

    def opens(self):
        return self.daemon.metric("ambit_events_total", kind="open") or 0


def end(run):
    if run.poll() is None:
        run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20)
    return run.returncode, out, err


def replay(*arguments):
    return subprocess.run([AMBIT, "replay", *arguments], capture_output=True, text=True, check=False, timeout=60)


def blocks(path):
    """Payloads of the whole blocks, by the description of the format alone."""
    with open(path, "rb") as file:
        data = file.read()
    at, found = 16, []
    while at + 24 <= len(data):
        magic, kind, _, _, number, size, stored, crc = struct.unpack_from("<4sBBHIIII", data, at)
        body = data[at + 24:at + 24 + stored]
        if magic != b"AMBK" or number != len(found) or len(body) < stored:
            break
        expect_equal("checksum", zlib.crc32(data[at:at + 20] + body), crc)
        payload = zlib.decompress(body)
        expect_equal("size of the payload", len(payload), size)
        found.append((kind, payload))
        at += 24 + stored
    return found


def replayed_alerts_are_the_live_ones():
    with Scene(window="2s") as scene:
        other = scene.write("other/plain", "x")
        scene.member("read_file", other)  # its window is open when the recording begins
        scene.stranger("read_file", scene.weights)
        scene.settle()
        before = len(scene.alerts())
        run = scene.record()
        expect(run.poll() is None, lambda: str(end(run)))
        scene.member("read_file", other)
        scene.member("read_file", scene.weights)
        scene.member("read_file", "/etc/shadow")
        scene.stranger("read_file", scene.weights)
        scene.stranger("write_file", scene.weights)
        scene.stranger("read_file", scene.weights, "--token", PLANTED)
        scene.member("connect_tcp", "127.0.0.1", "9")
        scene.settle()
        scene.write("ambit/scopes/recorded.yaml", scene.scope(READS + f', "{scene.dir}/other/plain"'))
        expect_equal("reload", scene.daemon.cli("reload").returncode, 0)
        host.wait_until(lambda: False, 2.5)  # windows close
        scene.member("read_file", other)  # granted now
        scene.member("read_file", "/etc/shadow")
        scene.settle()
        code, out, err = end(run)
        expect_equal("exit of record", (code, err), (0, ""))
        expect_contains("record", out, "events,", "ended: stopped")
        scene.stranger("write_file", scene.weights)
        scene.settle()
        live = scene.alerts()

        first = replay(scene.file, "--json")
        expect_equal("exit of replay", first.returncode, 0)
        lines = first.stdout.splitlines()
        expect(len(lines) >= 8, lambda: f"{len(lines)} alerts: {first.stderr}")
        expect(lines[0] in live, "the first replayed alert is none of the daemon's")
        start = live.index(lines[0])
        expect(start >= before - 2, f"begins at {start} of {before}")
        for place, line in enumerate(lines):
            expect_equal(f"alert {place}", line, live[start + place])
        rules = {json.loads(line)["rule"]["id"] for line in lines}
        expect(rules >= {"AMB-1001", "AMB-1002"}, str(rules))
        expect(any(json.loads(line)["revision"] == 1 for line in lines), "no window closed while it was recorded")
        expect(len(live) > start + len(lines), "what came after the end is in it")
        expect_equal("second replay", replay(scene.file, "--json").stdout, first.stdout)

        held = b"".join(payload for _, payload in blocks(scene.file))
        expect(b"--token" in held and b"<redacted>" in held, "the arguments are not in the recording")
        expect(PLANTED.encode() not in held, "a secret is in the recording")
        expect_equal("mode of the file", os.stat(scene.file).st_mode & 0o777, 0o600)


def every_access_is_recorded_and_none_repeated_after():
    with Scene() as scene:
        def opened():
            """Opens that were done, and opens that came as records."""
            before = scene.opens()
            done = json.loads(scene.member("open_loop", "0.3", "/etc/ld.so.cache"))["ret"]
            scene.settle()
            return done, scene.opens() - before

        done, came = opened()
        expect(came < done / 2, f"{came} of {done} opens came before: the seen-table is off")
        run = scene.record()
        done, came = opened()
        expect(came >= done, f"{came} of {done} opens came while it recorded")
        end(run)
        host.wait_until(lambda: False, 0.5)
        done, came = opened()
        expect(came < done / 2, f"{came} of {done} opens came after: the seen-table stayed off")


def a_filter_leaves_out_and_says_so():
    with Scene() as scene:
        run = scene.record("--filter", "evt.type = connect", "--duration", "1500ms")
        scene.member("read_file", "/etc/shadow")
        scene.member("connect_tcp", "127.0.0.1", "9")
        run.wait(10)
        code, out, err = end(run)
        expect_equal("exit of record", (code, err), (0, ""))
        expect_contains("record", out, "ended: duration")
        answer = replay(scene.file)
        expect_equal("exit of replay", answer.returncode, 0)
        expect_contains("replay", answer.stderr, "cannot be judged", "events of kind open were left out by the filter")
        expect("/etc/shadow" not in answer.stdout, "what the filter left out alerts")

        old = scene.write("old.yaml", RULE.format(name="Old", id="TEST-1", kind="connect", condition="fd.sport = 1"))
        new = scene.write("new.yaml", RULE.format(name="New", id="TEST-2", kind="connect", condition="fd.sport = 9"))
        opens = scene.write("opens.yaml", RULE.format(name="Opens", id="TEST-3", kind="open", condition="fd.name = /x"))
        answer = replay("--diff", old, new, scene.file)
        expect_equal("exit of diff", answer.returncode, 1)
        expect_contains("diff", answer.stdout, "gained", "TEST-2", "1 alert(s) gained, 0 lost")
        answer = replay("--diff", new, old, scene.file)
        expect_contains("diff", answer.stdout, "lost", "TEST-2", "0 alert(s) gained, 1 lost")
        answer = replay("--diff", new, new, scene.file)
        expect_equal("diff of the same", (answer.returncode, answer.stdout), (0, "0 alert(s) gained, 0 lost\n"))
        answer = replay("--diff", new, opens, scene.file, "--json")
        expect_equal("rules without a judgement", [row["rule"] for row in json.loads(answer.stdout)["cannot_judge"]], ["TEST-3"])


def damaged_files_say_where_they_end():
    with Scene() as scene:
        run = scene.record()
        scene.member("read_file", "/etc/shadow")
        scene.settle()
        expect_equal("exit of record", end(run)[0], 0)
        whole = replay(scene.file, "--json")
        with open(scene.file, "rb") as file:
            data = file.read()
        part = os.path.join(scene.dir, "part.ambit")

        def replay_of(content):
            with open(part, "wb") as out:
                out.write(content)
            return replay(part, "--json")

        cut = replay_of(data[:-1])
        expect_equal("exit of a cut file", cut.returncode, 4)
        expect_equal("alerts of a cut file", cut.stdout, whole.stdout)
        expect_contains("a cut file", cut.stderr, "part.ambit: byte ", "the file is cut inside a block; replayed up to 20")
        for name, content, text in (
                ("damaged", data[:-3] + bytes([data[-3] ^ 1]) + data[-2:], "a block is damaged: wrong checksum"),
                ("long", data[:-1] + bytes([data[-1]]) + b"more", ""),
        ):
            answer = replay_of(content)
            expect_equal(f"exit of a {name} file", answer.returncode, 4 if text else 0)
            expect_contains(f"a {name} file", answer.stderr, text)
        for name, content, text in (
                ("empty", b"", "not a recording of Ambit"),
                ("foreign", b"\x7fELF" * 100, "not a recording of Ambit"),
                ("newer", data[:8] + b"\x63" + data[9:], "recording version 99; this program reads version 2"),
                ("beheaded", data[:100], "nothing to replay: the recording ends at byte 16"),
        ):
            answer = replay_of(content)
            expect_equal(f"exit of a {name} file", answer.returncode, 2)
            expect_contains(f"a {name} file", answer.stderr, "part.ambit", text)
        missing = replay(os.path.join(scene.dir, "none.ambit"))
        expect_equal("exit of no file", missing.returncode, 2)
        expect_contains("no file", missing.stderr, "none.ambit: cannot be read")
        bad = scene.write("bad.yaml", RULE.format(name="Bad", id="T", kind="open", condition="nonsense.field = 1"))
        answer = replay(scene.file, "--rules", bad)
        expect_equal("exit of bad rules", answer.returncode, 2)
        expect_contains("bad rules", answer.stderr, "bad.yaml:4", "nonsense.field")


def requests_that_cannot_be_met_are_refused():
    with Scene() as scene:
        run = scene.record()
        second = subprocess.run([AMBIT, "record", "-o", scene.dir + "/second", "--socket", scene.daemon.socket],
                                capture_output=True, text=True, check=False, timeout=20)
        expect_equal("exit of a second recording", second.returncode, 2)
        expect_contains("a second recording", second.stderr, "another recording is under way")
        expect(not os.path.exists(scene.dir + "/second"), "an empty file is left")
        same = subprocess.run([AMBIT, "record", "-o", scene.file, "--socket", scene.daemon.socket], capture_output=True, text=True,
                              check=False, timeout=20)
        expect_equal("exit where the file is there", same.returncode, 2)
        expect_contains("the file is there", same.stderr, "File exists: --force writes over it")
        bad = subprocess.run([AMBIT, "record", "-o", scene.dir + "/bad", "--filter", "nonsense = 1", "--socket", scene.daemon.socket],
                             capture_output=True, text=True, check=False, timeout=20)
        expect_equal("exit of a bad filter", bad.returncode, 2)
        expect_contains("a bad filter", bad.stderr, "--filter: filter: column 1")
        # The one under way ends with its daemon, whole.
        scene.member("read_file", "/etc/shadow")
        scene.daemon.stop()
        code, out, err = end(run)
        expect_equal("exit of record", (code, err), (0, ""))
        expect_contains("record", out, "ended: the daemon stopped")
        expect_equal("exit of replay", replay(scene.file).returncode, 0)


def rules_are_tested_on_recordings():
    with Scene() as scene:
        other, plain = scene.write("other/one", "x"), scene.write("other/two", "x")
        run = scene.record("--filter", "evt.type in (open, exec, fork, exit)")
        for path in (other, plain, plain):
            scene.member("read_file", path)
        scene.member("connect_tcp", "127.0.0.1", "9")
        scene.settle()
        expect_equal("exit of record", end(run)[0], 0)
        scene.daemon.stop()
        test_rules(scene.dir, other, plain)


def test_rules(folder, other, plain):
    def write(name, text):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(text)
        return os.path.join(folder, name)

    def test(expected, *options):
        file = write("expected.yaml", expected)
        run = subprocess.run([AMBIT, "rules", "test", rules, "--recordings", file, *options], capture_output=True, text=True, check=False,
                             timeout=60)
        return run.returncode, run.stdout + run.stderr

    rules = write("rules.yaml", RULE.format(name="One", id="R-1", kind="open", condition=f"fd.name = {other}")
                  + RULE.format(name="Two", id="R-2", kind="open", condition=f"fd.name = {plain}")
                  + RULE.format(name="Peer", id="R-3", kind="connect", condition="fd.sport = 1"))
    head = "recording: run.ambit\nalerts:\n"
    code, out = test(head + "  - {rule: R-1, workload: recorded}\n  - {rule: R-2, count: 1}\n")
    expect_equal("exit where all is as expected", code, 0)
    expect_contains("summary", out, "3 rules, 0 examples, 1 recording(s): all as they should be")
    code, out = test(head + "  - {rule: R-1, count: 3}\n  - {rule: R-2, workload: elsewhere, count: 0}\n")
    expect_equal("exit where not", code, 1)
    expect_contains("differences", out, "expected.yaml:3: R-1: 1 alert(s), expected 3",
                    "expected.yaml:1: R-2 on recorded: 1 alert(s), expected none")
    code, out = test(head + "  - {rule: R-2}\nothers: ignore\n")
    expect_equal("exit where others are ignored", code, 0)
    code, out = test(head + "  - {rule: R-3, count: 0}\nothers: ignore\n")
    expect_equal("exit of a rule whose events were left out", code, 1)
    expect_contains("why", out, "expected.yaml:3: R-3 cannot be judged:", "left out by the filter")
    code, out = test(head + "  - {rule: R-9, cuont: 1}\n")
    expect_equal("exit of a faulty file", code, 2)
    expect_contains("faults", out, "expected.yaml:3", "unknown key 'cuont'; did you mean 'count'", "no rule has the id 'R-9'")
    code, out = test("recording: gone.ambit\nalerts: []\n")
    expect_equal("exit of a recording that is not there", code, 2)
    expect_contains("fault", out, "expected.yaml:1", "gone.ambit: cannot be read")
    with open(os.path.join(folder, "run.ambit"), "r+b") as file:
        file.truncate(os.path.getsize(file.name) - 10)
    code, out = test(head + "  - {rule: R-1}\n  - {rule: R-2}\n")
    expect_equal("exit of a cut recording", code, 1)
    expect_contains("fault", out, "expected.yaml:1:", "run.ambit: byte ")


def main():
    cases = Cases("record")
    for case in (replayed_alerts_are_the_live_ones, every_access_is_recorded_and_none_repeated_after, a_filter_leaves_out_and_says_so,
                 damaged_files_say_where_they_end, requests_that_cannot_be_met_are_refused, rules_are_tested_on_recordings):
        cases.run(case.__name__, case)
    sys.exit(cases.status())


main()
