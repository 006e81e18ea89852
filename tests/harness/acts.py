# SPDX-License-Identifier: Apache-2.0
"""The acts of the quick start: what a compromised server or an intruder on its host does, each with a name of its own, the
rule that has to fire, and the truth that the alert is held against.

`by` is "server" (inside the server's own process, by its trigger) or "stranger" (a program of tests/progs, copied to a path
of its own so that every act has its own executable).
"""
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field

from . import host

DOCKER_SOCKET = "/run/docker.sock"
SECRET_FOLDER = "/run/secrets/ambit-quickstart"  # where runtimes mount secrets: the catalogue knows it


@dataclass(frozen=True)
class Act:
    name: str
    title: str
    rule: str
    by: str
    command: str  # of the trigger, or a program of tests/progs and its arguments; {…} are the places of Places
    object: str   # what the alert's object has to show: a path, or address:port
    also: tuple = ()  # rules that rightly see the same act from another side


@dataclass
class Done:
    act: Act
    started_ns: int
    pids: set
    token: str  # in the alert: a path, port or name that no other act uses
    truth: dict = field(default_factory=dict)


class Places:
    """Files and addresses that acts use, below one directory. Made before the server starts: symlink and hard link exist
    already when an intruder finds them."""

    def __init__(self, directory, model, programs):
        self.directory, self.model, self.programs, self.count = directory, model, programs, 0
        self.model_dir = os.path.join(directory, "model")
        self.weights = os.path.join(self.model_dir, os.path.basename(model))
        self.symlink = os.path.join(directory, "links/current.gguf")
        self.hardlink = os.path.join(directory, "links/hard.gguf")
        self.staged = os.path.join(directory, "staging/new.gguf")
        self.token = os.path.join(directory, "secrets/hf-token")
        self.undeclared_secret = SECRET_FOLDER + "/api-key"
        for part in ("model", "links", "staging", "secrets", "acts"):
            os.makedirs(os.path.join(directory, part), exist_ok=True)
        self.made_run_secrets = not os.path.isdir(os.path.dirname(SECRET_FOLDER))
        os.makedirs(SECRET_FOLDER, exist_ok=True)
        self._copy(model, self.weights)
        for path, text in ((self.token, "hf_0000000000000000000000000000000000\n"), (self.undeclared_secret, "no key\n")):
            with open(path, "w", encoding="ascii") as secret:
                secret.write(text)
            os.chmod(path, 0o600)
        for path, make in ((self.symlink, os.symlink), (self.hardlink, os.link)):
            if os.path.lexists(path):
                os.unlink(path)
            make(self.weights, path)

    @staticmethod
    def _copy(source, target):
        subprocess.run(["cp", "--reflink=auto", source, target], check=True)

    def stage(self):
        """New weights, to be renamed over the old. Copied from the original: reading the served file would be an act itself."""
        self._copy(self.model, self.staged)

    def remove(self):
        """What lies outside the directory."""
        shutil.rmtree(SECRET_FOLDER, ignore_errors=True)
        if self.made_run_secrets:
            try:
                os.rmdir(os.path.dirname(SECRET_FOLDER))
            except OSError:
                pass

    def program(self, source, act):
        """A copy of a program of tests/progs under a name that no other act has."""
        self.count += 1
        path = os.path.join(self.directory, "acts", f"{act}-{self.count}")
        shutil.copy2(os.path.join(self.programs, source), path)
        return path


ACTS = [
    Act("read-weights", "another process reads the weights", "AMB-1001", "stranger", "read_file {weights}", "{weights}"),
    Act("read-symlink", "weights read through a symlink", "AMB-1001", "stranger", "read_file {symlink}", "{weights}"),
    Act("read-hardlink", "weights read through a hard link", "AMB-1001", "stranger", "read_file {hardlink}", "{hardlink}"),
    Act("read-proc-root", "weights read through /proc/self/root", "AMB-1001", "stranger", "read_file /proc/self/root{weights}", "{weights}"),
    Act("write-weights", "weights written", "AMB-1002", "stranger", "write_file {weights}", "{weights}"),
    Act("read-environ", "/proc/<server>/environ read", "AMB-1601", "stranger", "read_proc {server_pid} environ", "environ"),
    Act("read-memory", "/proc/<server>/mem read", "AMB-1602", "stranger", "read_proc {server_pid} mem", "mem"),
    Act("ptrace", "ptrace attach to the server", "AMB-1603", "stranger", "ptrace_attach {server_pid}", ""),
    Act("read-secret", "the server reads an undeclared secret", "AMB-1101", "server", "read {undeclared_secret}", "{undeclared_secret}"),
    Act("secret-late", "declared secret read in the wrong phase", "AMB-1102", "server", "read {token}", "{token}"),
    Act("egress", "undeclared egress", "AMB-1201", "server", "connect {outside} {open_port}", "{outside}:{open_port}"),
    Act("egress-refused", "undeclared egress, refused", "AMB-1201", "server", "connect {outside} {closed_port}", "{outside}:{closed_port}"),
    Act("metadata", "cloud metadata address", "AMB-1202", "server", "connect {metadata} 80", "{metadata}:80"),
    Act("shell", "a shell spawned by the server", "AMB-1401", "server", "shell {token_word}", "{token_word}", also=("AMB-2301",)),
    Act("listen", "undeclared listener", "AMB-1301", "server", "listen {listen_port}", ":{listen_port}"),
    Act("docker-socket", "docker socket connected to", "AMB-1501", "server", "connect_unix " + DOCKER_SOCKET, DOCKER_SOCKET),
    Act("memfd", "program executed from memory", "AMB-1407", "server", "memfd {token_word}", "{token_word}"),
    Act("rename-weights", "weights renamed over", "AMB-1003", "stranger", "change_name rename {staged} {weights}", "{weights}"),
]


def find(name):
    return next((act for act in ACTS if act.name == name), None)


def text_of(alert):
    return json.dumps(alert)


class Actor:
    """Does acts against one running server."""

    def __init__(self, places, server, net):
        self.places, self.server, self.net = places, server, net
        self.serial = 0

    def _names(self, act):
        """The placeholders. Ports and words are new for every act, so that no alert can stand for two."""
        self.serial += 1
        return {
            **{key: getattr(self.places, key) for key in ("weights", "symlink", "hardlink", "staged", "token", "undeclared_secret")},
            "server_pid": self.server.pid, "outside": host.OUTSIDE, "metadata": host.METADATA,
            "open_port": 20000 + self.serial, "closed_port": 30000 + self.serial, "listen_port": 40000 + self.serial,
            "token_word": f"ambit-{act.name}-{self.serial}",
        }

    def do(self, act):
        names = self._names(act)
        words = act.command.format(**names).split()
        shown = act.object.format(**names)
        if act.name == "egress":
            self.net.listen(host.OUTSIDE, names["open_port"])
        elif act.name == "metadata":
            self.net.listen(host.METADATA, 80)
        elif act.name == "rename-weights":
            self.places.stage()
        if act.by == "stranger":
            program = self.places.program(words[0], act.name)
            run = subprocess.run([program, *words[1:]], capture_output=True, text=True, timeout=20, check=True)
            truth, token = json.loads(run.stdout), os.path.basename(program)
        else:
            with docker_socket() if act.name == "docker-socket" else nothing():
                truth = self.server.trigger(" ".join(words))
            token = names["token_word"] if "token_word" in act.command else words[1] if act.name == "metadata" else words[-1]
            if not truth["ok"]:
                raise RuntimeError(f"{act.name}: the server could not do it: {truth}")
        pids = {truth[key] for key in ("pid", "child") if key in truth}
        return Done(act, truth["boot_ns"], pids, token, {**truth, "object": shown})


class nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


class docker_socket:
    """A listening socket where the container engine's would be, if none is there."""

    def __enter__(self):
        import socket
        self.listener = None
        if not os.path.exists(DOCKER_SOCKET):
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(DOCKER_SOCKET)
            self.listener.listen(1)
        return self

    def __exit__(self, *_):
        if self.listener:
            self.listener.close()
            os.unlink(DOCKER_SOCKET)
        return False


def shows_object(alert, shown):
    """Whether the alert's object is the one that was touched."""
    about = alert.get("object", {})
    address = f"{about.get('address', '')}:{about.get('port', '')}"
    places = [about.get("path", ""), about.get("path2", ""), address]
    if shown.startswith(":"):
        return address.endswith(shown)
    return not shown or shown in places or any(place.endswith("/" + shown) for place in places) or shown in text_of(alert)


def is_about(alert, done):
    """The alert was raised by this act: its process, and the name that only this act has."""
    return alert.get("process", {}).get("pid") in done.pids and done.token in text_of(alert)


def is_right(alert, done, workload):
    return (is_about(alert, done) and alert["rule"]["id"] == done.act.rule
            and alert.get("workload", {}).get("name") == workload and shows_object(alert, done.truth["object"]))
