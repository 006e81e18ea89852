# SPDX-License-Identifier: Apache-2.0
"""Where the acts happen: folders, the workload with its server, the daemon on it. Every technique has a tag (t07; its twin
t07-twin) that stands as a folder in every path it uses, so that an alert says itself which act it belongs to."""
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import features
from harness import daemon, host
from peers import Peers

CGROUP = "/ambit-evasion/workload"
OUTSIDE = "/ambit-evasion/outside"
PORT = 7407  # on loopback addresses that nobody else uses

SCOPE = """\
apiVersion: ambit.dev/v1
kind: Scope
metadata: {{name: evasion}}
spec:
  owner: {{team: tests, contact: tests@example.com}}
  select: {{cgroup: "{cgroup}/**"}}
  models:
    - {{name: tiny, path: "{dir}/model/**", read: [server, "{dir}/in/**"]}}
    - {{name: cloned, path: "{dir}/reflink/model/**", read: [server, "{dir}/in/**"]}}
  secrets: [{{id: key, path: "{dir}/secret/**", owner: tests, readers: [server, "{dir}/in/**"]}}]
  files:
    read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache, "{dir}/in/**", "{dir}/child/**", "{dir}/ok/**", "{dir}/reflink/ok/**"]
    write: ["{dir}/out/**", "{dir}/reflink/out/**"]
  processes: {{server: {{executable: "{dir}/in/server/*"}}, children: [{{executable: "{dir}/in/**"}}, {{executable: "{dir}/child/**"}}]}}
  network:
    egress: [{{cidr: 127.0.67.0/24}}]
    unix: ["{dir}/server.sock", "{dir}/ok.sock", "{dir}/ok.dgram"]
  io: {{ioUring: deny, memfdExec: deny}}
"""

TARGETS = {"model": "model/{tag}/weights.gguf", "reflink": "reflink/model/{tag}/weights.gguf", "secret": "secret/{tag}/key", "undeclared": "other/{tag}/file",
           "granted": "ok/{tag}/file", "none": "ok/{tag}/file"}


class Places:
    """Paths of one act or twin."""

    def __init__(self, root, row, is_twin):
        self.tag, self.is_act = row.tag + ("-twin" if is_twin else ""), not is_twin
        kind = row.target
        if is_twin and kind != "reflink":  # what a member may read, a stranger as well: nobody protects it
            kind = "granted"
        self.target = os.path.join(root, TARGETS[kind].format(tag=self.tag))
        if is_twin:
            self.target = self.target.replace("/reflink/model/", "/reflink/ok/")
        self.scratch = os.path.join(root, "scratch", self.tag)
        self.bytes = f"{self.tag}-{secrets.token_hex(8)}"
        number = row.number
        self.names = {
            "dir": root, "small": root + "/small", "tag": self.tag, "target": self.target, "folder": os.path.dirname(self.target),
            "file": os.path.basename(self.target), "scratch": self.scratch, "bytes": self.bytes,
            "child": os.path.join(root, "child", self.tag), "server": os.path.join(root, "server.sock"),
            "peer": f"127.0.{67 if is_twin else 66}.{number}", "port": PORT, "abstract": f"evasion/{self.tag}/proxy",
            "program": os.path.join(root, "in" if row.by == "member" else "by", self.tag, row.run.split()[0]),
            "loader": features.LOADER, "cgroup": host.cgroup2_mount() + CGROUP, "outside": host.cgroup2_mount() + OUTSIDE,
        }

    def fill(self, text):
        return text.format(**self.names)


class World:
    def __init__(self, options):
        self.options = options
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="ambit-evasion-", dir=options.work))
        os.chmod(self.dir, 0o755)
        self.cgroup = host.Cgroup(CGROUP)
        self.outside = host.Cgroup(OUTSIDE)
        for part in ("model", "secret", "other", "ok", "out", "scratch", "in", "by", "child", "reflink"):
            os.mkdir(os.path.join(self.dir, part))
        self.daemon, self.server, self.mounts, self.peers, self.ledger = None, None, [], None, ""

    def mount_reflink(self):
        """A file system that can share blocks between files."""
        image, where = self.dir + "/reflink.img", self.dir + "/reflink"
        with open(image, "wb") as blocks:
            blocks.truncate(320 << 20)
        subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, where], check=True)
        self.mounts.append(where)
        for part in ("model", "ok", "out"):
            os.mkdir(os.path.join(where, part))

    def prepare(self, row, is_twin):
        """Files of an act, made before the daemon starts."""
        if row.target == "reflink" and not os.path.ismount(self.dir + "/reflink"):
            self.mount_reflink()
        places = Places(self.dir, row, is_twin)
        for folder in (places.scratch, os.path.dirname(places.target)):
            os.makedirs(folder, exist_ok=True)
        with open(places.target, "w", encoding="ascii") as out:
            out.write(places.bytes)
        for step in row.before:
            self.step(*places.fill(step).split())
        return places

    def step(self, verb, path, *more):
        if verb == "symlink":
            os.symlink(path, more[0])
        elif verb == "link":
            os.link(path, more[0])
        elif verb == "mkdir":
            os.makedirs(path)
        elif verb == "file":
            with open(path, "w", encoding="ascii") as out:
                out.write(more[0] if more else "harmless")
        elif verb == "program":
            os.makedirs(os.path.dirname(more[0]), exist_ok=True)
            shutil.copy2(os.path.join(self.options.progs, path), more[0])
        else:
            raise ValueError(f"no step is called {verb!r}")

    def start_daemon(self, stage):
        """`tight`: the smallest ring, and a ledger on a file system that an intruder can fill."""
        if self.daemon:
            self.daemon.stop()
        directory, extra = os.path.join(self.dir, stage), ""
        if stage == "tight":
            os.makedirs(self.dir + "/small")
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.dir + "/small"], check=True)
            self.mounts.append(self.dir + "/small")
            extra = "kernel: {ring_bytes: 1MiB, ring_reserve_bytes: 512KiB, fork_storm: 64}\n"
        deny = ", ".join(f'"{hook}"' for hook in self.options.deny)
        extra += f"hooks: {{deny: [{deny}]}}\n"
        self.daemon = daemon.Daemon(self.options.build, directory, {"evasion": SCOPE.format(cgroup=CGROUP, dir=self.dir)},
                                    extra=extra, is_pinned=stage == "tight")
        if stage == "tight":
            with open(self.daemon.config, encoding="utf-8") as text:
                config = text.read().replace(f"ledger: {{path: {directory}/", f"ledger: {{path: {self.dir}/small/")
            with open(self.daemon.config, "w", encoding="utf-8") as out:
                out.write(config)
        self.ledger = (self.dir + "/small" if stage == "tight" else directory) + "/ledger.db"
        self.daemon.binary = self.options.ambit
        self.daemon.start(self.options.patience * 10)
        return self.daemon

    def bring_daemon_back(self):
        """As its service manager does, whatever an act did to it."""
        if self.daemon.process.poll() is None:
            self.daemon.process.send_signal(signal.SIGCONT)
        else:
            self.daemon.start(self.options.patience * 10)

    def signals(self):
        """{signal: hook in use} as the daemon tells it; a signal without a hook is left out."""
        answer = self.daemon.cli("doctor", "--json", seconds=self.options.patience * 10)
        return {one["signal"]: one["hook"] for one in json.loads(answer.stdout)["signals"] if one["state"] == "active"}

    def start_server(self):
        if self.server:
            return
        where = os.path.join(self.dir, "in/server")
        os.mkdir(where)
        program = shutil.copy2(os.path.join(self.options.progs, "evade_server"), where)
        self.server = host.launch_in(self.cgroup, None, [program, self.dir + "/server.sock"], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, text=True, cwd="/", env=self.environment())
        self.server.stdout.readline()

    def start_peers(self, placed):
        """For every network game and its twin."""
        if self.peers:
            return
        self.peers = Peers()
        for row, *both in placed:
            if row.proof == "sent":
                for places in filter(None, both):
                    self.peers.listen_at(places.names["peer"], 53 if " 53 " in row.run else PORT)
            if "{abstract}" in row.run:
                self.peers.listen_unix("\0" + both[0].names["abstract"])
        for name in ("ok.sock", "proxy.sock", "other.sock"):
            self.peers.listen_unix(os.path.join(self.dir, name))
        for name in ("ok.dgram", "other.dgram"):
            self.peers.listen_unix(os.path.join(self.dir, name), socket.SOCK_DGRAM)
        self.peers.start()

    def act(self, row, places, command):
        """Runs an act to its end; its status, output and errors."""
        places.names.update(daemon=self.daemon.process.pid, pins=self.daemon.pin_path)
        words = self.command(places, command, "in" if row.by == "member" else "by")
        if row.by == "member":
            return self.act_inside(words)
        run = subprocess.Popen(words, preexec_fn=host.die_with_parent, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", env=self.environment())
        try:
            out, err = run.communicate(timeout=self.options.patience * 10)
        except subprocess.TimeoutExpired:
            run.kill()
            out, err = run.communicate()
        return run.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace").strip()

    def command(self, places, command, side):
        """Words of a command whose program has a path of its own."""
        source, *arguments = places.fill(command).split()
        where = os.path.join(self.dir, side, places.tag)
        os.makedirs(where, exist_ok=True)
        return [shutil.copy2(os.path.join(self.options.progs, source), where), *arguments]

    def start_beside(self, row, places):
        """What a member does while the act happens; a thread to be joined."""
        words = self.command(places, row.beside, "in")
        thread = threading.Thread(target=self.act_inside, args=(words,))
        thread.start()
        return thread

    def act_inside(self, command):
        """By a child of the workload's server."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, socket.socket(socket.AF_UNIX) as line:
            line.settimeout(self.options.patience * 10)
            line.connect(self.dir + "/server.sock")
            socket.send_fds(line, ["\0".join(["run", *command]).encode()], [out.fileno(), err.fileno()])
            answer = line.recv(64)
            out.seek(0)
            err.seek(0)
            status = os.waitstatus_to_exitcode(int(answer)) if answer else -1
            return status, out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace").strip()

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "AMBIT_SETTLE_MS": str(int(self.options.patience * 12))}

    def remove(self):
        if self.server:
            host.Cgroup(CGROUP + "/below").remove()
            self.server.kill()
            self.server.wait()
            self.server.stdout.close()
        if self.daemon:
            self.daemon.stop()
            self.daemon.unload()
        if self.peers:
            self.peers.stop()
        self.cgroup.remove()
        self.outside.remove()
        for where in self.mounts:
            subprocess.run(["umount", "-l", where], check=False)
        if not self.options.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
