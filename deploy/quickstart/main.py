# SPDX-License-Identifier: Apache-2.0
"""A real model server and the daemon on it; started by deploy/quickstart.sh once everything is installed and built."""
import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from harness import acts, daemon, host, llama  # noqa: E402

RUN = os.path.join(ROOT, "build/quickstart")
SOCKET = os.path.join(RUN, "session.sock")
WORKLOAD = "chat-llama"
SERVER_PORT = 18080
CGROUP = "/ambit-quickstart/server"


def scope_text(places, net, model_name):
    return f"""\
# The scope of the quick start: what the model server may touch. Everything else is an alert.
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: {WORKLOAD}, labels: {{environment: quickstart}}}}
spec:
  owner: {{team: quickstart, contact: you@example.com}}
  extends: [llama-cpp]
  parameters:
    model_dir: {places.model_dir}
    model: {model_name}
    address: {net.address}
    port: "{SERVER_PORT}"
    server: [/usr/bin/python3*]
    server_argv: "*srv.py*"
    program_dirs: ["{llama.BUILT}/venv/**", "{llama.FIXTURE}/**"]
  mode: alert
  select: {{cgroup: {CGROUP}}}
  secrets:
    - {{id: hf-token, path: {places.token}, owner: quickstart, readers: [server], phases: [load]}}
"""


class Session:
    """Server, daemon and what they stand on. Everything that start() makes, stop() removes."""

    def __init__(self, build_dir, model, check):
        self.build_dir, self.model, self.check = build_dir, model, check
        self.places = self.net = self.cgroup = self.server = self.daemon = self.actor = None

    def start(self):
        shutil.rmtree(RUN, ignore_errors=True)
        os.makedirs(RUN)
        places = self.places = acts.Places(RUN, self.model, os.path.join(self.build_dir, "tests/progs"))
        self.net = host.ServerNet("ambit-qs")
        host.Cgroup(CGROUP).remove()  # of a session that was killed
        self.cgroup = host.Cgroup(CGROUP)
        progress("starting the daemon")
        self.daemon = daemon.Daemon(
            self.build_dir, RUN, {"chat-llama": scope_text(places, self.net, os.path.splitext(os.path.basename(self.model))[0])}, port=None if self.check else wanted_port(),
            window="5m" if self.check else "10s", terminal=not self.check)
        self.daemon.start()
        progress("starting the model server")
        self.server = llama.LlamaServer(self.cgroup, self.net, places.weights, SERVER_PORT,
                                        os.path.join(RUN, "server.log"), secret=places.token)
        self.server.wait_ready()
        with open(os.path.join(RUN, "server-address"), "w", encoding="ascii") as address:
            address.write(self.net.address)
        self.actor = acts.Actor(places, self.server, self.net)

    def stop(self):
        if self.server:
            self.server.stop()
        time.sleep(0.3 if self.server else 0)
        if self.daemon:
            self.daemon.stop()
        if self.cgroup:
            self.cgroup.remove()
        if self.net:
            self.net.remove()
        if self.places:
            self.places.remove()


def wanted_port():
    """9477 as in the documentation, unless somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 9477))
            return 9477
        except OSError:
            return daemon.free_port()


def progress(text):
    print(f"  {text} ...", flush=True)


def served(session, count):
    """`count` completions over real connections."""
    for number in range(count):
        session.server.complete(f"request {number}")
        if (number + 1) % 50 == 0:
            progress(f"{number + 1} of {count} requests served")


def run_check(session):
    session.start()
    served(session, 200)
    session.daemon.wait_serving(WORKLOAD)
    time.sleep(1)  # late records had their time
    silent = list(session.daemon.alerts.read())
    rows, done_acts = [], []
    for act in acts.ACTS:
        done = session.actor.do(act)
        done_acts.append(done)
        alert = session.daemon.wait_alert(lambda a, d=done: acts.is_right(a, d, WORKLOAD), 3)
        took = (alert["_seen_ns"] - done.started_ns) / 1e6 if alert else None
        rows.append((act, alert, took))
    time.sleep(1.5)
    served(session, 5)
    session.server.stop()
    time.sleep(1)
    return report(session, silent, rows, done_acts)


def report(session, silent, rows, done_acts):
    print(f"\n{'act':<42} {'expected rule':<14} {'seen':<5} {'ms':>7}")
    good = True
    for act, alert, took in rows:
        in_time = alert is not None and took <= 1000
        good = good and in_time
        print(f"{act.title:<42} {act.rule:<14} {'yes' if in_time else 'late' if alert else 'NO':<5} "
              f"{f'{took:.1f}' if alert else '-':>7}")
    unexpected = list(silent)
    for alert in session.daemon.alerts.read()[len(silent):]:
        allowed = any(acts.is_about(alert, d) and alert["rule"]["id"] in (d.act.rule, *d.act.also) for d in done_acts)
        if not allowed:
            unexpected.append(alert)
    print(f"\n200 requests served, cold start included: {len(silent)} alerts")
    seen = sum(1 for _, alert, took in rows if alert and took <= 1000)
    print(f"{seen} of {len(rows)} acts seen, {len(unexpected) - len(silent)} other alerts")
    for alert in unexpected[:20]:
        print(f"  unexpected: {alert['rule']['id']} {alert['message']}")
    if seen < len(rows) or unexpected:
        print(f"  details: {session.daemon.alert_path} and {session.daemon.log}")
    return 0 if good and not unexpected else 1


def answer(session, request):
    """One request of `quickstart.sh attack`."""
    act = acts.find(request.get("attack", ""))
    if act is None:
        return {"error": "no such act", "acts": [(a.name, a.title) for a in acts.ACTS]}
    try:
        return {"title": act.title, "rule": act.rule, "truth": session.actor.do(act).truth}
    except (RuntimeError, OSError, subprocess.SubprocessError) as failure:
        return {"error": str(failure)}


def serve_requests(session):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)
    os.chmod(SOCKET, 0o600)
    listener.listen(4)

    def loop():
        while True:
            peer, _ = listener.accept()
            with peer:
                line = peer.makefile().readline()
                if line.strip():
                    peer.sendall((json.dumps(answer(session, json.loads(line))) + "\n").encode())

    threading.Thread(target=loop, daemon=True).start()


def run_foreground(session):
    session.start()
    serve_requests(session)
    tool = "deploy/quickstart.sh"
    ambit = f"{os.path.relpath(session.daemon.binary)} {{}} --socket {os.path.relpath(session.daemon.socket)}"
    print(f"""
Ambit watches a llama.cpp server (pid {session.server.pid}, cgroup {session.cgroup.path}, network namespace {session.net.name}).

  model server   http://{session.server.address}:{SERVER_PORT}
  metrics        http://127.0.0.1:{session.daemon.port}/metrics
  status page    http://127.0.0.1:{session.daemon.port}/
  alerts         below, and as JSON lines in {os.path.relpath(session.daemon.alert_path)}

Try in another terminal:
  {tool} ask "What is an ambit?"
  {tool} attack read-weights        ({tool} attack  lists all)
  {ambit.format('status')}
  {ambit.format('events')}

Ctrl-C stops and removes all of it.
""", flush=True)
    while session.server.process.poll() is None and session.daemon.process.poll() is None:
        time.sleep(0.2)
    print("the server or the daemon ended by itself; see", os.path.relpath(RUN), file=sys.stderr)
    return 1


def run_ask(prompt):
    try:
        with open(os.path.join(RUN, "server-address"), encoding="ascii") as address:
            connection = http.client.HTTPConnection(address.read().strip(), SERVER_PORT, timeout=120)
    except FileNotFoundError:
        print("no model server; is deploy/quickstart.sh running?", file=sys.stderr)
        return 1
    body = json.dumps({"prompt": prompt, "n_predict": 48})
    try:
        connection.request("POST", "/completion", body, {"Content-Type": "application/json"})
        print(json.loads(connection.getresponse().read())["content"])
        return 0
    except OSError as failure:
        print(f"the model server does not answer ({failure}); is deploy/quickstart.sh running?", file=sys.stderr)
        return 1


def run_attack(name):
    if not name:
        print("acts:")
        for act in acts.ACTS:
            print(f"  {act.name:<16} {act.title} ({act.rule})")
        return 0
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(SOCKET)
            peer.sendall((json.dumps({"attack": name}) + "\n").encode())
            reply = json.loads(peer.makefile().readline())
    except OSError as failure:
        print(f"no session answers ({failure}); is deploy/quickstart.sh running?", file=sys.stderr)
        return 1
    if "error" in reply:
        print(reply["error"], file=sys.stderr)
        for act, title in reply.get("acts", []):
            print(f"  {act:<16} {title}", file=sys.stderr)
        return 2
    print(f"done: {reply['title']}; the session's terminal shows {reply['rule']}")
    print(json.dumps(reply["truth"]))
    return 0


def main():
    arguments = argparse.ArgumentParser(prog="quickstart.sh")
    arguments.add_argument("command", nargs="?", default="run", choices=["run", "check", "ask", "attack"])
    arguments.add_argument("words", nargs="*")
    arguments.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    arguments.add_argument("--model")
    options = arguments.parse_args()
    if options.command == "ask":
        return run_ask(" ".join(options.words) or "Hello")
    if options.command == "attack":
        return run_attack(options.words[0] if options.words else "")

    session = Session(options.build, options.model or llama.tiny_model(), options.command == "check")

    def interrupted(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        return run_check(session) if session.check else run_foreground(session)
    except KeyboardInterrupt:
        return 130 if session.check else 0
    except (RuntimeError, OSError, subprocess.SubprocessError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    finally:
        for ended in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ended, signal.SIG_IGN)
        print("stopping and cleaning up", flush=True)
        session.stop()


if __name__ == "__main__":
    sys.exit(main())
