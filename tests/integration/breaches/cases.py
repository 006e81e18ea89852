# SPDX-License-Identifier: Apache-2.0
"""Breaches that the field knows, replayed with real acts against a small server: what has to alert does, and the act's honest
twin does not."""
import http.client
import http.server
import json
import os
import pickle
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading

from harness import daemon, host
from harness.check import Cases, expect, expect_equal

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = "ambit-breach-token-5f1c"

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: breaches, labels: {{formats: safe}}}}
spec:
  owner: {{team: tests, contact: tests@example.com}}
  extends: [base]
  mode: alert
  select: {{cgroup: /ambit-breaches/server}}
  phases: {{load: {{endsWhen: [{{listenOn: {port}}}], max: 10m}}}}
  models:
    - name: tiny
      path: "{dir}/model/**"
      read: {{processes: [server], identities: ["{dir}/bin/check"]}}
      write: {{identities: ["{dir}/bin/sync"]}}
  secrets: [{{id: token, path: {dir}/secret/token, owner: tests, readers: [server]}}]
  files:
    read: ["{dir}/app/**", "{dir}/www/**", "{dir}/.triton/cache/**", "{here}/*"]
    write: [{{path: "{dir}/.triton/cache/**", phases: [load]}}, "{dir}/out/**"]
  processes: {{server: {{executable: "/usr/bin/python3*"}}}}
  network: {{egress: [{{cidr: 127.0.0.1/32}}], ingress: {{listen: [{port}]}}}}
"""

HOME_FILES = (".aws/credentials", ".ssh/id_ed25519", ".netrc", ".cache/huggingface/token", ".config/gcloud/credentials.db",
              ".kube/config", ".docker/config.json")
KERNEL = "int kernel(void) {{ return {}; }}\n"


class Runs:
    """What a pickle of the breach carries: a command that runs while it is loaded."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())
    return path


def compile_kernel(path, answer):
    write(path + ".c", KERNEL.format(answer))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", path, path + ".c"], check=True)
    os.unlink(path + ".c")
    return path


class Metadata(http.server.BaseHTTPRequestHandler):
    """The one answer of a cloud's metadata service that an SSRF is after."""

    def do_GET(self):
        body = b'{"AccessKeyId": "ASIAEXAMPLE", "Token": "none"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


class Store(socketserver.BaseRequestHandler):
    """Takes what it is sent."""

    def handle(self):
        while self.request.recv(1 << 20):
            pass


class Stage:
    """The server in its control group and network namespace, the daemon, and the files of both sides."""

    def __init__(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-breaches-"))
        self.port = daemon.free_port()
        self._fill()
        self.net = host.ServerNet("ambit-breach")
        self.cgroup = host.Cgroup("/ambit-breaches/server")
        self.metadata = self._inside(lambda: http.server.HTTPServer((host.METADATA, 80), Metadata))
        self.upstream = self._inside(lambda: http.server.HTTPServer(("127.0.0.1", 0), Metadata))
        self.store = self._inside(lambda: socketserver.TCPServer(("127.0.0.1", 0), Store))
        self.services = (self.metadata, self.upstream, self.store)
        for service in self.services:
            threading.Thread(target=service.serve_forever, daemon=True).start()
        self.daemon = daemon.Daemon(BUILD, self.dir + "/ambit",
                                    {"breaches": SCOPE.format(dir=self.dir, here=HERE, port=self.port)})
        self.daemon.start()
        self.daemon.wait_ready()
        self.server = host.launch_in(self.cgroup, self.net.path, ["/usr/bin/python3", HERE + "/victim.py", self.dir, str(self.port)],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd="/",
                                     env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "API_TOKEN": TOKEN})
        self.loaded = json.loads(self.server.stdout.readline())
        self.daemon.wait_serving("breaches")
        self.seen = 0

    def _fill(self):
        write(self.dir + "/model/weights.safetensors", b"w" * 4096)
        write(self.dir + "/model/adapter.safetensors", b"a" * 4096)
        write(self.dir + "/model/plain.pkl", pickle.dumps({"weights": [1, 2, 3]}))
        write(self.dir + "/model/evil.pkl", pickle.dumps(Runs(f": >{self.dir}/out/ran")))
        write(self.dir + "/www/index.html", "hello\n")
        write(self.dir + "/www/answer.bin", b"a" * (64 << 20))
        write(self.dir + "/www/.git/HEAD", "ref: refs/heads/main\n")
        write(self.dir + "/www/.git/config", "[remote \"origin\"]\n\turl = https://user:password@git.example.com/x\n")
        for name in HOME_FILES:
            write(f"{self.dir}/home/{name}", "secret\n")
        for name in ("out", ".triton/cache", "bin", "staging"):
            os.makedirs(f"{self.dir}/{name}", exist_ok=True)
        write(self.dir + "/secret/token", TOKEN)
        compile_kernel(write(self.dir + "/app/kernel.so", b""), 1)
        compile_kernel(self.dir + "/app/poisoned.so", 2)
        shutil.copy(HERE + "/harvest.py", self.dir + "/app/harvest.py")
        write(self.dir + "/app/honest.py", "def main(*_):\n    return {'own': 1}\n")
        shutil.copy2("/usr/bin/sha256sum", self.dir + "/bin/check")
        for name in ("sync", "intruder"):
            shutil.copy2(BUILD + "/tests/progs/change_name", f"{self.dir}/bin/{name}")

    def _inside(self, make):
        """Calls `make` in the server's network namespace."""
        made = []

        def run():
            host.enter_net(self.net.path)
            made.append(make())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return made[0]

    def ask(self, act, *arguments):
        """What the server says that it did."""
        return json.loads(self._inside(lambda: self._request("POST", "/" + act, json.dumps(arguments))))

    def get(self, path):
        return self._inside(lambda: self._request("GET", path))

    def _request(self, method, path, body=None):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        peer.request(method, path, body)
        answer = peer.getresponse()
        text = answer.read().decode("utf-8", "replace")
        peer.close()
        return text if answer.status == 200 else f"status {answer.status}"

    def new_alerts(self):
        """Since the last time it was asked."""
        every = self.daemon.alerts.read()
        fresh, self.seen = every[self.seen:], len(every)
        return fresh

    def expect_quiet(self, what):
        host.wait_until(lambda: False, 2.5)  # an alert that should not be gets its chance; bytes are told once a second
        expect_equal("alerts of " + what, [(a["rule"]["id"], a["message"]) for a in self.new_alerts()], [])

    def expect_alerts(self, pid, wanted):
        """Exactly these (rule, end of the object's path), all by this process."""
        def told(alerts):
            return {(a["rule"]["id"], end) for a in alerts for _, end in wanted if place_of(a).endswith(end)}

        host.wait_until(lambda: told(self.daemon.alerts.read()[self.seen:]) >= set(wanted), 5)
        fresh = self.new_alerts()
        seen = [(a["rule"]["id"], place_of(a)) for a in fresh]
        expect_equal("alerts", told(fresh), set(wanted))
        extra = [one for one in seen if not any(rule == one[0] and one[1].endswith(end) for rule, end in wanted)]
        expect_equal("alerts of something else", extra, [])
        expect_equal("processes", {a["process"]["pid"] for a in fresh}, {pid} if isinstance(pid, int) else pid)
        expect_equal("workloads", {a["workload"]["name"] for a in fresh}, {"breaches"})

    def stop(self):
        self.server.terminate()
        self.server.wait(10)
        self.daemon.stop()
        for service in self.services:
            service.shutdown()
            service.server_close()
        self.cgroup.remove()
        self.net.remove()
        shutil.rmtree(self.dir)


def place_of(alert):
    about = alert.get("object", {})
    return about.get("path") or f"{about.get('address', '')}:{about.get('port', '')}"


def start_is_quiet(stage):
    """Cold start: weights read, the cache of compiled code filled, all in the load phase."""
    stage.expect_quiet("the start")


def runner_memory_is_read(stage):
    """tj-actions and reviewdog, March 2025: a script on a pipe finds the runner and reads its memory for secrets. No connection
    follows: the log was the way out."""
    with open(HERE + "/memory_dump.py", "rb") as script:
        run = subprocess.run(["/usr/bin/python3", "-", HERE + "/victim.py", TOKEN.encode().hex()], stdin=script, capture_output=True,
                             text=True, timeout=60, check=True)
    truth = json.loads(run.stdout)
    expect_equal("process that was found", truth["target"], stage.server.pid)
    expect(truth["hits"] > 0, f"the token was not in the memory: {truth}")
    stage.expect_alerts(truth["pid"], [("AMB-1604", "/maps"), ("AMB-1602", "/mem")])


def memory_of_nobody_is_quiet(stage):
    with subprocess.Popen(["/usr/bin/sleep", "60.5005"], env={"API_TOKEN": TOKEN}) as bystander, \
            open(HERE + "/memory_dump.py", "rb") as script:
        run = subprocess.run(["/usr/bin/python3", "-", "60.5005", TOKEN.encode().hex()], stdin=script, capture_output=True, text=True,
                             timeout=60, check=True)
        bystander.kill()
    expect_equal("process that was found", json.loads(run.stdout)["target"], bystander.pid)
    stage.expect_quiet("memory that belongs to no workload")


def git_folder_is_served(stage):
    """A .git folder below the document root: the scope grants the root, so only this detection can tell."""
    expect("password" in stage.get("/.git/config"), "the server did not serve .git/config")
    expect("refs/heads" in stage.get("/.git/HEAD"), "the server did not serve .git/HEAD")
    stage.expect_alerts(stage.server.pid, [("AMB-1113", "/.git/config"), ("AMB-1113", "/.git/HEAD")])


def page_is_served_quietly(stage):
    expect_equal("page", stage.get("/index.html"), "hello\n")
    stage.expect_quiet("a page")


def credentials_are_harvested(stage):
    """A package that was imported reads the home folder and the environment of another process."""
    with subprocess.Popen(["/usr/bin/sleep", "60"], env={"OTHER": "secret"}) as other:
        done = stage.ask("use_package", "harvest", stage.dir + "/home", other.pid)
        other.kill()
    expect(all(size > 0 for size in done["read"].values()), f"not all could be read: {done}")
    rules = {".aws/credentials": "AMB-1108", ".ssh/id_ed25519": "AMB-1109", ".netrc": "AMB-1112", ".cache/huggingface/token": "AMB-1110",
             ".config/gcloud/credentials.db": "AMB-1108", ".kube/config": "AMB-1112", ".docker/config.json": "AMB-1112"}
    stage.expect_alerts(stage.server.pid, [(rule, "/home/" + name) for name, rule in rules.items()] + [("AMB-1601", "/environ")])


def honest_package_is_quiet(stage):
    expect_equal("answer", stage.ask("use_package", "honest")["own"], 1)
    stage.expect_quiet("a package that reads nothing")


def pickle_runs_on_load(stage):
    """The model is a pickle that starts a shell while it is loaded."""
    done = stage.ask("load_pickle", "evil.pkl")
    expect(os.path.exists(stage.dir + "/out/ran"), f"the pickle did not run: {done}")
    alerts = host.wait_until(lambda: [a for a in stage.daemon.alerts.read()[stage.seen:] if a["rule"]["id"] == "AMB-1401"], 5)
    expect(alerts, "the shell is not told")
    expect(done["pid"] in [a["pid"] for a in alerts[0]["ancestors"]], f"not a child of the server: {alerts[0]['ancestors']}")
    stage.expect_alerts({done["pid"], alerts[0]["process"]["pid"]},
                        [("AMB-1011", "/evil.pkl"), ("AMB-1401", "sh"), ("AMB-2301", "sh"), ("AMB-2303", "sh")])


def weights_in_a_safe_format_are_quiet(stage):
    expect_equal("digest", stage.ask("load_weights", "weights.safetensors")["digest"], stage.loaded["digest"])
    stage.expect_quiet("weights without code")


def cache_is_poisoned(stage):
    """Compiled code is put into the cache after the load phase; what is served from then on is the intruder's."""
    expect_equal("answer before", stage.ask("run_kernel", "a.so")["answer"], 1)
    stage.expect_quiet("code from the cache")
    stage.ask("save_kernel", "b.so", stage.dir + "/app/poisoned.so")
    expect_equal("answer of the poisoned code", stage.ask("run_kernel", "b.so")["answer"], 2)
    stage.expect_alerts(stage.server.pid, [("AMB-1701", "/.triton/cache/b.so.new")])


def check_model(stage, name):
    run = subprocess.run([stage.dir + "/bin/check", f"{stage.dir}/model/{name}"], capture_output=True, text=True, check=True)
    return run.stdout.split()[0]


def model_is_swapped_after_the_check(stage):
    """The digest is right when it is checked; another file bears the name when it is loaded."""
    checked = check_model(stage, "adapter.safetensors")
    evil = write(stage.dir + "/staging/evil", b"e" * 4096)
    run = subprocess.run([stage.dir + "/bin/intruder", "rename", evil, stage.dir + "/model/adapter.safetensors"], capture_output=True,
                         text=True, check=True)
    expect(stage.ask("load_weights", "adapter.safetensors")["digest"] != checked, "the file that was checked was loaded")
    stage.expect_alerts(json.loads(run.stdout)["pid"], [("AMB-1003", "")])


def model_is_replaced_by_its_writer(stage):
    new = write(stage.dir + "/staging/new", b"n" * 4096)
    subprocess.run([stage.dir + "/bin/sync", "rename", new, stage.dir + "/model/adapter.safetensors"], capture_output=True, check=True)
    expect_equal("digest", stage.ask("load_weights", "adapter.safetensors")["digest"], check_model(stage, "adapter.safetensors"))
    stage.expect_quiet("a replacement by the declared writer")


def request_is_forged_to_the_metadata_service(stage):
    """SSRF: the server fetches what a client names, the address of the cloud's credentials for one."""
    done = stage.ask("fetch", host.METADATA, 80, "/latest/meta-data/iam/security-credentials/role")
    expect("AccessKeyId" in done.get("body", ""), f"no credentials were handed out: {done}")
    stage.expect_alerts(stage.server.pid, [("AMB-1202", host.METADATA + ":80")])


def request_to_the_upstream_is_quiet(stage):
    done = stage.ask("fetch", "127.0.0.1", stage.upstream.server_port, "/")
    expect_equal("status", done["status"], 200)
    stage.expect_quiet("a granted upstream")


def answers_are_drawn_out(stage):
    """Slow extraction through the API, one request after the other: only the sum of bytes by peer can tell."""
    stage.get("/answer.bin")
    stage.expect_quiet("one large answer")
    for _ in range(8):
        expect_equal("bytes", len(stage.get("/answer.bin")), 64 << 20)
    stage.expect_alerts(stage.server.pid, [("AMB-2307", "")])


def weights_are_uploaded(stage):
    """To a peer that the scope grants, after the model was read: the peer is right, the amount is not."""
    stage.ask("upload", "127.0.0.1", stage.store.server_address[1], 20)
    stage.expect_quiet("a small upload")
    expect_equal("MiB sent", stage.ask("upload", "127.0.0.1", stage.store.server_address[1], 90)["sent"], 90)
    stage.expect_alerts(stage.server.pid, [("AMB-2305", "")])


def main():
    cases = Cases("breaches")
    stage = Stage()
    try:
        for case in (start_is_quiet, page_is_served_quietly, git_folder_is_served, honest_package_is_quiet, credentials_are_harvested,
                     weights_in_a_safe_format_are_quiet, pickle_runs_on_load, cache_is_poisoned, model_is_replaced_by_its_writer,
                     model_is_swapped_after_the_check, request_to_the_upstream_is_quiet, request_is_forged_to_the_metadata_service,
                     memory_of_nobody_is_quiet, runner_memory_is_read, answers_are_drawn_out, weights_are_uploaded):
            cases.run(case.__name__, case, stage)
    finally:
        stage.stop()
    return cases.status()


sys.exit(main())
