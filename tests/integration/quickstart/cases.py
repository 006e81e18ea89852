# SPDX-License-Identifier: Apache-2.0
"""deploy/quickstart.sh as a person uses it: the unattended check, and a foreground session that is asked, attacked and ended."""
import os
import re
import signal
import subprocess
import sys
import time

from harness import host, llama
from harness.check import Cases, Skip, expect, expect_contains, expect_equal

BUILD = os.path.abspath(sys.argv[1])
ROOT = llama.ROOT
MAIN = os.path.join(ROOT, "deploy/quickstart/main.py")


def command(*arguments):
    return ["/usr/bin/python3", MAIN, *arguments]


def unattended_check():
    result = subprocess.run(command("check", "--build", BUILD), capture_output=True, text=True, timeout=300, check=False)
    print(result.stdout, result.stderr, sep="")
    expect(result.returncode == 0, lambda: result.stdout[-1500:] + result.stderr[-500:])


def foreground_session():
    log = os.path.join(ROOT, "build/logs/quickstart-session.log")
    with open(log, "w+", encoding="utf-8") as out:
        session = subprocess.Popen(command("run", "--build", BUILD), stdout=out, stderr=out, cwd=ROOT)

        def said():
            with open(log, encoding="utf-8") as text:
                return text.read()

        try:
            expect(host.wait_until(lambda: "Ctrl-C stops" in said() or session.poll() is not None, 60, 0.1), said)
            expect(session.poll() is None, said)
            asked = subprocess.run(command("ask", "--", "hello"), capture_output=True, text=True, timeout=60, check=False)
            expect_equal("ask", asked.returncode, 0)
            attacked = subprocess.run(command("attack", "read-weights"), capture_output=True, text=True, timeout=60, check=False)
            expect_equal("attack", attacked.returncode, 0)
            expect(host.wait_until(lambda: "AMB-1001" in said(), 3), lambda: "no alert on the terminal: " + said())
            unknown = subprocess.run(command("attack", "nosuch"), capture_output=True, text=True, timeout=60, check=False)
            expect_equal("unknown attack", unknown.returncode, 2)
            port = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", said()).group(1)
            expect_contains("status page", http_get(int(port)), "chat-llama")
        finally:
            session.send_signal(signal.SIGINT)
            try:
                session.wait(30)
            except subprocess.TimeoutExpired:
                session.kill()
    expect_equal("status after Ctrl-C", session.returncode, 0)
    nothing_is_left()


def http_get(port):
    import urllib.request
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        return answer.read().decode()


def nothing_is_left():
    expect(not os.path.isdir(host.cgroup2_mount() + "/ambit-quickstart"), "the cgroup is still there")
    expect("ambit-qs" not in subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout,
           "the network namespace is still there")
    expect("ambit-qs" not in subprocess.run(["ip", "link"], capture_output=True, text=True, check=False).stdout,
           "the veth pair is still there")
    expect(not os.path.exists("/run/secrets/ambit-quickstart"), "the secret's folder is still there")
    time.sleep(0.2)
    left = subprocess.run(["pgrep", "-f", os.path.join(ROOT, "build/quickstart")], capture_output=True, text=True, check=False).stdout
    expect(not left.strip(), f"processes {left.split()} are still there")


def main():
    cases = Cases("quickstart")
    for case in (unattended_check, foreground_session):
        def run(case=case):
            if not os.path.exists(llama.PYTHON):
                raise Skip("xllamacpp (PyPI)")
            case()
        cases.run(case.__name__, run)
    return cases.status()


sys.exit(main())
