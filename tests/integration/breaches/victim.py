# SPDX-License-Identifier: Apache-2.0
"""A small model server with the faults of the breaches that are replayed: it serves whatever lies below its folder, fetches
whatever address it is told, loads pickles, and maps compiled code from a cache. Answers say what was really done.

usage: victim.py FOLDER PORT; reads FOLDER/model/weights.safetensors, fills its cache from FOLDER/app/kernel.so, then listens, and is
loaded from then on.
"""
import ctypes
import hashlib
import http.client
import http.server
import importlib
import json
import os
import pickle
import socket
import sys
import urllib.parse


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def load_weights(folder, name):
    return {"digest": digest(os.path.join(folder, "model", name))}


def load_pickle(folder, name):
    with open(os.path.join(folder, "model", name), "rb") as file:
        return {"loaded": str(pickle.load(file))}


def run_kernel(folder, name):
    """What a just-in-time compiler does with its cache: maps the shared object and calls into it."""
    return {"answer": ctypes.CDLL(os.path.join(folder, ".triton/cache", name)).kernel()}


def save_kernel(folder, name, source):
    path = os.path.join(folder, ".triton/cache", name)
    with open(source, "rb") as code, open(path + ".new", "wb") as out:
        out.write(code.read())
    os.rename(path + ".new", path)
    return {"saved": path}


def use_package(folder, name, *arguments):
    """Calls main() of a module that was installed beside the server."""
    sys.path.append(os.path.join(folder, "app"))
    return importlib.import_module(name).main(*arguments)


def fetch(_, address, port, path):
    peer = http.client.HTTPConnection(address, int(port), timeout=2)
    try:
        peer.request("GET", path)
        answer = peer.getresponse()
        return {"status": answer.status, "body": answer.read(4096).decode("utf-8", "replace")}
    except OSError as refused:
        return {"error": refused.errno}
    finally:
        peer.close()


def upload(_, address, port, megabytes):
    """Sends so much to a peer, as whoever takes weights away does."""
    with socket.create_connection((address, int(port)), timeout=10) as peer:
        for _ in range(megabytes):
            peer.sendall(b"w" * 1048576)
    return {"sent": megabytes}


ACTS = {act.__name__: act for act in (load_weights, load_pickle, run_kernel, save_kernel, use_package, fetch, upload)}


class Handler(http.server.SimpleHTTPRequestHandler):
    """POST /ACT with a JSON list of arguments does an act; GET serves files."""

    folder = ""

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=os.path.join(self.folder, "www"))

    def do_POST(self):
        arguments = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            done = ACTS[urllib.parse.unquote(self.path.lstrip("/"))](self.folder, *arguments)
        except (OSError, pickle.UnpicklingError) as problem:
            done = {"problem": str(problem)}
        body = json.dumps({**done, "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


def main():
    Handler.folder = sys.argv[1]
    loaded = load_weights(Handler.folder, "weights.safetensors")
    for name in ("a.so", "b.so"):
        save_kernel(Handler.folder, name, os.path.join(Handler.folder, "app/kernel.so"))
    with http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler) as server:
        print(json.dumps({**loaded, "pid": os.getpid()}), flush=True)
        server.serve_forever()


main()
