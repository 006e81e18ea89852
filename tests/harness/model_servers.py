# SPDX-License-Identifier: Apache-2.0
"""Triton (python backend) and MLServer (ONNX Runtime) as children in a cgroup and namespace of their own, and their scopes."""
import http.client
import json
import os
import shutil
import signal
import subprocess

from . import host

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.path.join(ROOT, "tests/fixtures/servers")
BUILT = os.path.join(ROOT, "build/fixtures")


class HttpServer:
    """A server that speaks the Open Inference Protocol at net.address:port."""

    port = 0

    def launch(self, cgroup, net, arguments, directory, environment):
        self.cgroup, self.net, self.directory = cgroup, net, directory
        with open(os.path.join(directory, "server.log"), "ab") as log:
            self.process = host.launch_in(
                cgroup, net.path, arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": directory,
                     "PYTHONDONTWRITEBYTECODE": "1", **environment}, start_new_session=True)
        self.pid = self.process.pid

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.net.address, self.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except OSError as problem:
            return 0, str(problem)
        finally:
            connection.close()

    def is_ready(self):
        return self.request("GET", "/v2/health/ready")[0] == 200

    def wait_ready(self, seconds=90):
        host.wait_until(lambda: self.is_ready() or self.process.poll() is not None, seconds, 0.1)
        if not self.is_ready():
            with open(os.path.join(self.directory, "server.log"), encoding="utf-8", errors="replace") as log:
                raise RuntimeError("the server did not become ready: " + log.read()[-1500:])

    def infer(self, model, inputs):
        status, text = self.request("POST", f"/v2/models/{model}/infer", {"inputs": inputs})
        if status != 200:
            raise RuntimeError(f"inference: HTTP {status}: {text[:300]}")
        return json.loads(text)

    def stop(self, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        host.wait_until(lambda: not self.cgroup.pids(), 10, 0.1)
        return self.process.returncode


class Triton(HttpServer):
    port = 8000
    venv = os.path.join(BUILT, "triton/venv")
    packages = os.path.join(venv, "lib/python3.11/site-packages")
    home = os.path.join(packages, "pytriton/tritonserver")
    backends = os.path.join(BUILT, "triton/backends")

    @classmethod
    def is_installed(cls):
        return os.path.exists(cls.home + "/bin/tritonserver")

    @classmethod
    def prepare(cls, directory):
        """Backend folder with the stub of this Python, and a repository with one model; its path."""
        if not os.path.exists(cls.backends + "/python/triton_python_backend_stub"):
            shutil.copytree(cls.home + "/backends", cls.backends, dirs_exist_ok=True)
            shutil.copy2(cls.home + "/python_backend_stubs/3.11/triton_python_backend_stub", cls.backends + "/python/")
        repository = os.path.join(directory, "repository")
        version = os.path.join(repository, "echo/1")
        os.makedirs(version)
        shutil.copy(FIXTURES + "/triton/model/config.pbtxt", os.path.join(repository, "echo"))
        shutil.copy(FIXTURES + "/triton/model/model.py", version)
        # The stub's interpreter would write __pycache__ beside the weights, whatever the environment says.
        subprocess.run(["/usr/bin/python3", "-m", "py_compile", os.path.join(version, "model.py")], check=True)
        with open(os.path.join(version, "weights.bin"), "wb") as out:
            out.write(bytes(16 << 20))
        return repository

    @classmethod
    def scope(cls, cgroup, net, directory):
        return f"""\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: triton}}
spec:
  owner: {{team: tests}}
  extends: [triton-python]
  parameters:
    server: {cls.home}/bin/tritonserver
    backend_dir: {cls.backends}
    model_dir: {directory}/repository
    model: echo
    address: {net.address}
    program_dirs: ["{cls.venv}/**"]
  select: {{cgroup: {cgroup.path}}}
"""

    def __init__(self, cgroup, net, directory):
        libraries = os.path.join(self.packages, "nvidia_pytriton.libs")
        self.launch(cgroup, net, [
            self.home + "/bin/tritonserver", f"--model-repository={directory}/repository", f"--backend-directory={self.backends}",
            f"--http-address={net.address}", "--grpc-address=127.0.0.1", "--metrics-address=127.0.0.1",
        ], directory, {"LD_LIBRARY_PATH": libraries, "AMBIT_TEST_PACKAGES": self.packages})

    def ask(self, text):
        return self.infer("echo", [{"name": "TEXT", "shape": [1], "datatype": "BYTES", "data": [text]}])


class MlServer(HttpServer):
    port = 8080
    venv = os.path.join(BUILT, "mlserver/venv")

    @classmethod
    def is_installed(cls):
        return os.path.exists(cls.venv + "/bin/mlserver")

    @classmethod
    def prepare(cls, directory):
        """Working folder with settings, the runtime and the ONNX file."""
        onnx = os.path.join(BUILT, "mlserver/model.onnx")
        if not os.path.exists(onnx):
            subprocess.run([cls.venv + "/bin/python", FIXTURES + "/mlserver/mkonnx.py", onnx + ".new"], check=True)
            os.rename(onnx + ".new", onnx)
        for part in ("work", "models", ".cache"):
            os.makedirs(os.path.join(directory, part))
        shutil.copy(onnx, os.path.join(directory, "models/model.onnx"))
        shutil.copy(FIXTURES + "/mlserver/model/runtime.py", os.path.join(directory, "work"))
        return directory

    @classmethod
    def scope(cls, cgroup, net, directory):
        return f"""\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: mlserver}}
spec:
  owner: {{team: tests}}
  extends: [mlserver-onnx]
  parameters:
    model_dir: {directory}/models
    model: matmul
    work_dir: {directory}/work
    address: {net.address}
    program_dirs: ["{cls.venv}/**"]
  select: {{cgroup: {cgroup.path}}}
"""

    def __init__(self, cgroup, net, directory, telemetry):
        work = os.path.join(directory, "work")
        settings = {"host": net.address, "http_port": 8080, "grpc_port": 8081, "metrics_port": 8082, "parallel_workers": 1,
                    "debug": False}
        model = {"name": "matmul", "implementation": "runtime.OnnxModel", "parameters": {"uri": f"{directory}/models/model.onnx"}}
        for name, content in (("settings.json", settings), ("model-settings.json", model)):
            with open(os.path.join(work, name), "w", encoding="ascii") as out:
                json.dump(content, out)
        environment = {"PYTHONPATH": work} if telemetry else {"PYTHONPATH": work, "ORT_DISABLE_TELEMETRY": "1"}
        self.launch(cgroup, net, [self.venv + "/bin/python", self.venv + "/bin/mlserver", "start", work], work,
                    {**environment, "HOME": directory})

    def ask(self, number):
        data = [float(number % 7)] * 1024
        return self.infer("matmul", [{"name": "x", "shape": [1, 1024], "datatype": "FP32", "data": data}])
