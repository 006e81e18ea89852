# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's HTTP server (tests/fixtures/servers/llama) as a child process."""
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading

from . import host

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURE = os.path.join(ROOT, "tests/fixtures/servers/llama")
BUILT = os.path.join(ROOT, "build/fixtures/llama")
PYTHON = os.path.join(BUILT, "venv/bin/python")


def tiny_model():
    """Path of the small generated model; made once."""
    path = os.path.join(BUILT, "tiny.gguf")
    if not os.path.exists(path):
        subprocess.run([PYTHON, os.path.join(FIXTURE, "mktiny.py"), path + ".new"], check=True, stdout=subprocess.DEVNULL)
        os.rename(path + ".new", path)
    return path


class LlamaServer:
    def __init__(self, cgroup, net, model, port, log, secret=None, threads=1):
        self.address, self.port = (net.address if net else "127.0.0.1"), port
        self.replies = []
        self.reply_came = threading.Condition()
        arguments = [PYTHON, os.path.join(FIXTURE, "srv.py"), model, self.address, str(port), "--threads", str(threads)]
        if secret:
            arguments += ["--secret", secret]
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": os.path.dirname(log), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
        }
        with open(log, "ab") as errors:
            self.process = host.launch_in(
                cgroup, net.path if net else None, arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                env=environment, cwd="/", text=True, start_new_session=True)
        self.pid = self.process.pid
        threading.Thread(target=self._read_replies, daemon=True).start()

    def _read_replies(self):
        for line in self.process.stdout:
            with self.reply_came:
                self.replies.append(json.loads(line))
                self.reply_came.notify_all()

    def trigger(self, command, seconds=10):
        """Has the server's own process do an act; its truth."""
        with self.reply_came:
            before = len(self.replies)
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            if not self.reply_came.wait_for(lambda: len(self.replies) > before, seconds):
                raise RuntimeError(f"the server did not answer '{command}'")
            return self.replies[before]

    def get(self, path):
        connection = http.client.HTTPConnection(self.address, self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def is_ready(self):
        return self.get("/health")[0] == 200

    def wait_ready(self, seconds=60):
        if not host.wait_until(lambda: self.is_ready() or self.process.poll() is not None, seconds):
            raise RuntimeError("the model server did not become ready")
        if self.process.poll() is not None:
            raise RuntimeError(f"the model server ended with status {self.process.returncode}")

    def complete(self, prompt, tokens=8, connection=None):
        """One completion; the text. A connection may be kept over several calls."""
        own = connection or http.client.HTTPConnection(self.address, self.port, timeout=60)
        body = json.dumps({"prompt": prompt, "n_predict": tokens, "cache_prompt": False})
        own.request("POST", "/completion", body, {"Content-Type": "application/json"})
        answer = own.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if connection is None:
            own.close()
        if answer.status != 200:
            raise RuntimeError(f"completion: HTTP {answer.status}: {text[:200]}")
        return json.loads(text)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class TinyLlama:
    """The server with the small generated model under its pack, as the cases of real servers use it."""

    port = 8080

    @classmethod
    def is_installed(cls):
        return os.path.exists(PYTHON)

    @classmethod
    def prepare(cls, directory):
        os.makedirs(os.path.join(directory, "model"))
        shutil.copy(tiny_model(), os.path.join(directory, "model/tiny.gguf"))

    @classmethod
    def scope(cls, cgroup, net, directory):
        return f"""\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: tinyllama}}
spec:
  owner: {{team: tests}}
  extends: [llama-cpp]
  parameters:
    model_dir: {directory}/model
    address: {net.address}
    port: "{cls.port}"
    server: [/usr/bin/python3*]
    server_argv: "*srv.py*"
    program_dirs: ["{BUILT}/venv/**", "{FIXTURE}/**"]
  mode: alert
  select: {{cgroup: {cgroup.path}}}
"""

    def __init__(self, cgroup, net, directory):
        self.server = LlamaServer(cgroup, net, directory + "/model/tiny.gguf", self.port, directory + "/server.log")

    def wait_ready(self):
        self.server.wait_ready()

    def ask(self, number):
        return self.server.complete(f"number {number}", tokens=2)

    def stop(self):
        return self.server.stop()
