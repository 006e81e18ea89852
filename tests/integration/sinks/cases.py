# SPDX-License-Identifier: Apache-2.0
"""The syslog sinks before a real rsyslog: UDP, TCP with octet counting, TLS with and without a client certificate."""
import collections
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from harness import daemon, host
from harness.check import Cases, Skip, expect, expect_contains, expect_equal

PROBE = os.path.join(os.path.abspath(sys.argv[1]), "tests/integration/sinks/sink_probe")
FIELDS = ("pri", "time", "host", "app", "procid", "msgid", "sd", "msg")
TEMPLATE = ("%pri%\\t%timereported:::date-rfc3339%\\t%hostname%\\t%app-name%\\t%procid%\\t%msgid%\\t%structured-data%\\t"
            "%msg%\\n")
MODULES = {"udp": 'module(load="imudp")', "tcp": 'module(load="imtcp")'}


def need(program, package):
    if not shutil.which(program):
        raise Skip(f"{program} (Debian package {package})")


class Folder:
    """A folder for one case."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="ambit-sinks-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Receiver:
    """rsyslogd on one port; what it parsed, one line a message."""

    def __init__(self, folder, kind, certificates=None, client_must_have_certificate=False):
        need("rsyslogd", "rsyslog")
        self.folder, self.kind, self.port = folder, kind, daemon.free_port()
        self.file, self.process = os.path.join(folder, "received"), None
        module, head = MODULES.get(kind), ""
        if kind == "tls":
            if not glob.glob("/usr/lib/*/rsyslog/lmnsd_ossl.so"):
                raise Skip("lmnsd_ossl (Debian package rsyslog-openssl)")
            head = (f' DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="{certificates}/ca.pem"'
                    f' DefaultNetstreamDriverCertFile="{certificates}/server.pem"'
                    f' DefaultNetstreamDriverKeyFile="{certificates}/server.key"')
            mode = "x509/certvalid" if client_must_have_certificate else "anon"
            module = (f'module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1"'
                      f' StreamDriver.AuthMode="{mode}")')
        kind_of_input = "imudp" if kind == "udp" else "imtcp"
        with open(os.path.join(folder, "conf"), "w", encoding="ascii") as out:
            out.write(f'''global(workDirectory="{folder}" maxMessageSize="64k"{head})
{module}
template(name="fields" type="string" string="{TEMPLATE}")
ruleset(name="received") {{ action(type="omfile" file="{self.file}" template="fields" flushOnTXEnd="on") }}
input(type="{kind_of_input}" port="{self.port}" address="127.0.0.1" ruleset="received")
''')

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                ["rsyslogd", "-n", "-f", os.path.join(self.folder, "conf"), "-i", os.path.join(self.folder, "pid")],
                stdout=log, stderr=log)
        expect(host.wait_until(self.listens, 15), lambda: "rsyslogd does not listen: " + self.log())
        return self

    def listens(self):
        if self.kind != "udp":
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        with open("/proc/net/udp", encoding="ascii") as table:
            return f":{self.port:04X} " in table.read()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait(20)
        self.process = None

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as text:
            return text.read()

    def messages(self):
        try:
            with open(self.file, encoding="utf-8") as text:
                lines = text.read().split("\n")[:-1]
        except FileNotFoundError:
            return []
        # A kill of the receiver may cut its own line; such a message is sent again.
        rows = (dict(zip(FIELDS, line.split("\t", 7))) for line in lines if line.count("\t") >= 7)
        return [row for row in rows if row["app"] == "ambit" and row["msg"].rstrip().endswith("}")]

    def ids(self):
        return collections.Counter(re.search(r' id="([0-9A-Z]{26})"', m["sd"]).group(1) for m in self.messages())


class Probe:
    """sink_probe, and talk with it."""

    def __init__(self, folder, transport, port, address="127.0.0.1", **settings):
        self.command = [PROBE, os.path.join(folder, "ledger.db"), transport, address, str(port)]
        self.command += [f"{key}={value}" for key, value in settings.items()]
        self.log = os.path.join(folder, "probe.log")
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        return self

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        expect(answer, lambda: "sink_probe ended: " + open(self.log, encoding="utf-8").read())
        return answer.strip()

    def raise_alerts(self, first, last):
        expect_equal("answer", self.ask(f"raise {first} {last}"), f"raised {last}")

    def status(self):
        return json.loads(self.ask("status"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)
        self.process = None

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            self.process.wait(30)


def wanted_ids(last):
    return {f"01M60DN9E8{n:016}" for n in range(1, last + 1)}


def expect_all(receiver, last, seconds=30):
    complete = host.wait_until(lambda: set(receiver.ids()) >= wanted_ids(last), seconds)
    expect(complete, lambda: f"missing: {sorted(wanted_ids(last) - set(receiver.ids()))[:10]}, {receiver.log()}")
    expect_equal("unknown ids", set(receiver.ids()) - wanted_ids(last), set())


def expect_good_message(row):
    expect(re.fullmatch(r"10[67]", row["pri"]), f"priority {row['pri']}")  # log audit, critical or error
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)", row["time"]), f"time {row['time']}")
    expect_equal("host", row["host"], "probe-host")
    expect_equal("message id", row["msgid"], "AMB-1001")
    expect(row["procid"].isdigit(), f"process id {row['procid']}")
    expect(row["sd"].startswith("[ambit@32473 id=") and row["sd"].endswith('workload="chat-llama"]'), row["sd"])
    event = json.loads(row["msg"])
    expect_equal("class", event["class_uid"], 2004)
    expect(event["finding_info"]["uid"] in row["sd"], "ids of header and message differ")
    expect(re.fullmatch(r'/srv/models/act "\d+"\.gguf', event["evidences"][0]["file"]["path"]), "path")


def udp():
    with Folder() as folder, Receiver(folder, "udp") as receiver, Probe(folder, "syslog/udp", receiver.port) as probe:
        probe.raise_alerts(1, 20)
        expect_all(receiver, 20)
        for row in receiver.messages():
            expect_good_message(row)


def tcp():
    with Folder() as folder, Receiver(folder, "tcp") as receiver:
        with Probe(folder, "syslog/tcp", receiver.port, confirm_ms=1000) as probe:
            probe.raise_alerts(1, 300)
            expect_all(receiver, 300)
            expect_equal("repeats on an unbroken connection", [i for i, n in receiver.ids().items() if n != 1], [])
            for row in receiver.messages():
                expect_good_message(row)
            expect(host.wait_until(lambda: probe.status()["cursor"] == 300, 10), lambda: str(probe.status()))


def tcp_down_and_up():
    """Alerts while the receiver is stopped and killed again and again: none is missing, a repeat is the same message."""
    with Folder() as folder, Receiver(folder, "tcp") as receiver:
        with Probe(folder, "syslog/tcp", receiver.port) as probe:
            last = 0
            for turn in range(6):
                probe.raise_alerts(last + 1, last + 20)
                last += 20
                if turn % 2:
                    receiver.kill()
                else:
                    receiver.stop()
                probe.raise_alerts(last + 1, last + 5)
                last += 5
                expect(host.wait_until(lambda: probe.status()["state"] == "down", 10), "the loss was not noticed")
                receiver.start()
                expect(host.wait_until(lambda: probe.status()["lag"] == 0, 10), lambda: str(probe.status()))
            expect_all(receiver, last)
            texts, cut = {}, 0
            for row in receiver.messages():
                try:
                    alert = json.loads(row["msg"])
                except ValueError:
                    cut += 1  # by the receiver's own end; the whole message came again, as expect_all saw
                    continue
                expect_equal("repeat", row, texts.setdefault(alert["finding_info"]["uid"], row))
            expect(cut <= 6, lambda: f"{cut} messages are no JSON, and the receiver ended 6 times")
            expect(probe.status()["retried"] > 0, "nothing was sent again, so the test showed nothing")


def killed_sender():
    """The sender is killed with unconfirmed messages; its next run sends them again."""
    with Folder() as folder, Receiver(folder, "tcp") as receiver:
        last = 0
        for _ in range(4):
            probe = Probe(folder, "syslog/tcp", receiver.port).start()
            probe.raise_alerts(last + 1, last + 50)
            last += 50
            probe.kill()
        with Probe(folder, "syslog/tcp", receiver.port):
            expect_all(receiver, last)


def certificates(folder):
    need("openssl", "openssl")
    def run(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    def issue(name, alternative):
        with open(os.path.join(folder, name + ".ext"), "w", encoding="ascii") as out:
            out.write(f"subjectAltName={alternative}\n")
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", name + ".ext", "-out", name + ".pem")
    for ca in ("ca", "other"):
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", ca + ".key", "-out", ca + ".pem",
            "-subj", f"/CN={ca}", "-addext", "basicConstraints=critical,CA:TRUE")
    issue("server", "DNS:siem.test")
    issue("client", "DNS:agent.test")


def tls():
    with Folder() as folder:
        certificates(folder)
        with Receiver(folder, "tls", folder) as receiver:
            with Probe(folder, "syslog/tls", receiver.port, ca=folder + "/ca.pem", name="siem.test") as probe:
                probe.raise_alerts(1, 100)
                expect_all(receiver, 100)
                for row in receiver.messages():
                    expect_good_message(row)
                receiver.stop()
                probe.raise_alerts(101, 110)
                receiver.start()
                expect_all(receiver, 110)


def tls_refuses(what):
    with Folder() as folder:
        certificates(folder)
        settings = {"name": "siem.test", "ca": folder + "/ca.pem"}
        settings.update({"name": "else.test"} if what == "name" else {"ca": folder + "/other.pem"})
        with Receiver(folder, "tls", folder) as receiver, Probe(folder, "syslog/tls", receiver.port, **settings) as probe:
            probe.raise_alerts(1, 3)
            expect(host.wait_until(lambda: probe.status()["state"] == "down", 10), lambda: str(probe.status()))
            expect_contains("error", probe.status()["error"], "certificate verify failed")
            expect_equal("received", receiver.messages(), [])


def tls_client_certificate(is_given):
    with Folder() as folder:
        certificates(folder)
        settings = {"name": "siem.test", "ca": folder + "/ca.pem"}
        if is_given:
            settings.update(cert=folder + "/client.pem", key=folder + "/client.key")
        with Receiver(folder, "tls", folder, True) as receiver, Probe(folder, "syslog/tls", receiver.port, **settings) as probe:
            probe.raise_alerts(1, 5)
            if is_given:
                expect_all(receiver, 5)
                return
            expect(host.wait_until(lambda: probe.status()["retried"] > 0 or probe.status()["state"] == "down", 10),
                   lambda: str(probe.status()))
            expect_equal("received", receiver.messages(), [])
            expect_equal("cursor", probe.status()["cursor"], 0)


def unresolved():
    with Folder() as folder, Probe(folder, "syslog/tcp", 514, "no such host") as probe:
        probe.raise_alerts(1, 2)
        expect(host.wait_until(lambda: probe.status()["state"] == "unresolved", 15), lambda: str(probe.status()))
        expect_equal("waiting", probe.status()["lag"], 2)


cases = Cases("sinks")
cases.run("UdpMessagesArriveAndParse", udp)
cases.run("TcpMessagesArriveOnceAndParse", tcp)
cases.run("TcpLosesNothingOverAReceiverThatGoesAndComes", tcp_down_and_up)
cases.run("TcpLosesNothingOverKillsOfTheSender", killed_sender)
cases.run("TlsMessagesArriveAndSurviveARestart", tls)
cases.run("TlsRefusesAnotherName", tls_refuses, "name")
cases.run("TlsRefusesAnotherAuthority", tls_refuses, "authority")
cases.run("TlsSendsTheClientsCertificate", tls_client_certificate, True)
cases.run("TlsWithoutAWantedClientCertificateDeliversNothing", tls_client_certificate, False)
cases.run("ANameThatDoesNotResolveIsSaid", unresolved)
sys.exit(cases.status())
