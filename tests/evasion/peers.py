# SPDX-License-Identifier: Apache-2.0
"""Who receives what network games send: listeners on loopback addresses of their own, for the proof that bytes arrived."""
import os
import selectors
import socket
import threading


class Peers:
    def __init__(self):
        self.received, self.lock = b"", threading.Lock()
        self.waiting = selectors.DefaultSelector()
        self.wake, self.woken = os.pipe()
        self.waiting.register(self.wake, selectors.EVENT_READ, None)
        self.thread = None

    def listen_at(self, address, port):
        """TCP and UDP."""
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            self._add(socket.socket(socket.AF_INET, kind), (address, port), kind == socket.SOCK_STREAM)

    def listen_unix(self, name, kind=socket.SOCK_STREAM):
        self._add(socket.socket(socket.AF_UNIX, kind), name, kind == socket.SOCK_STREAM)

    def _add(self, door, name, is_stream):
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(name)
        if is_stream:
            door.listen(64)
        door.setblocking(False)
        self.waiting.register(door, selectors.EVENT_READ, self._accept if is_stream else self._read)

    def start(self):
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            for key, _ in self.waiting.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _accept(self, door):
        line, _ = door.accept()
        line.setblocking(False)
        self.waiting.register(line, selectors.EVENT_READ, self._read)

    def _read(self, line):
        try:
            data = line.recv(4096)
        except OSError:
            data = b""
        with self.lock:
            self.received += data
        if not data and line.type == socket.SOCK_STREAM:
            self.waiting.unregister(line)
            line.close()

    def got(self, text):
        with self.lock:
            return text.encode() in self.received

    def stop(self):
        if self.thread:
            os.write(self.woken, b"x")
            self.thread.join()
        for key in list(self.waiting.get_map().values()):
            if key.data is not None:
                key.fileobj.close()
        os.close(self.wake)
        os.close(self.woken)
