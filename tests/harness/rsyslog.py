# SPDX-License-Identifier: Apache-2.0
"""A real rsyslog that writes what it receives over TCP to a file, one raw message a line."""
import os
import socket
import subprocess

from . import daemon, host


class Rsyslog:
    def __init__(self, directory, port=None):
        os.makedirs(directory, exist_ok=True)
        self.port = port or daemon.free_port()
        self.file = os.path.join(directory, "received.log")
        self.config = os.path.join(directory, "rsyslog.conf")
        self.pid_file = os.path.join(directory, "rsyslog.pid")
        self.log = os.path.join(directory, "rsyslogd.log")
        self.process = None
        with open(self.config, "w", encoding="ascii") as out:
            out.write(f'''global(workDirectory="{directory}" maxMessageSize="64k")
module(load="imtcp")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="received") {{ action(type="omfile" file="{self.file}" template="raw" flushOnTXEnd="on") }}
input(type="imtcp" port="{self.port}" address="127.0.0.1" ruleset="received")
''')

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["rsyslogd", "-n", "-f", self.config, "-i", self.pid_file], stdout=log, stderr=log)
        if not host.wait_until(self._listens, 10):
            raise RuntimeError("rsyslogd does not listen: " + open(self.log, encoding="utf-8").read())
        return self

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def lines(self):
        try:
            with open(self.file, encoding="utf-8", errors="replace") as text:
                return text.read().splitlines()
        except FileNotFoundError:
            return []
