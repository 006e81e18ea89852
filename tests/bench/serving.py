# SPDX-License-Identifier: Apache-2.0
"""What a model server gives with the daemon on against off. One server for the whole run; the daemon comes and goes, and
finds it by its inventory."""
import http.client
import shutil
import statistics
import time

from bench import percentile
from harness import daemon, llama


def serve_once(bench, server):
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    times, tokens, started = [], 0, time.monotonic()
    for number in range(bench.numbers["requests"]):
        before = time.monotonic()
        reply = server.complete(f"request {number}", bench.numbers["tokens"], connection)
        times.append((time.monotonic() - before) * 1000)
        tokens += reply["tokens_predicted"]
    connection.close()
    return {"rate": tokens / (time.monotonic() - started), "p99": percentile(times, 0.99)}


def alternate(bench, server, taken):
    for _ in range(bench.numbers["rounds"]):
        taken["off"].append(serve_once(bench, server))
        running = bench.start_daemon()
        try:
            taken["on"].append(serve_once(bench, server))
        finally:
            running.stop()


def bench_serving(bench):
    model = shutil.copy(llama.tiny_model(), bench.dir + "/model/tiny.gguf")
    server = llama.LlamaServer(bench.cgroup, None, model, daemon.free_port(), bench.dir + "/server.log")
    taken = {"off": [], "on": []}
    try:
        server.wait_ready()
        serve_once(bench, server)
        alternate(bench, server, taken)
    finally:
        server.stop()
    method = (f"llama.cpp with a tiny GGUF, {bench.numbers['requests']} requests of {bench.numbers['tokens']} tokens on one "
              f"connection, best of {bench.numbers['rounds']} alternations; on against off")
    rate = {state: max(one["rate"] for one in runs) for state, runs in taken.items()}
    p99 = {state: min(one["p99"] for one in runs) for state, runs in taken.items()}
    spread = statistics.pstdev(one["rate"] for one in taken["off"]) / rate["off"] * 100
    bench.add("serving.tokens", (1 - rate["on"] / rate["off"]) * 100, "% less", "<= 1",
              f"{method}; tokens a second, which spread by {spread:.1f} % with the daemon off", rate["on"], rate["off"])
    bench.add("serving.p99", (p99["on"] / p99["off"] - 1) * 100, "% more", "<= 1", f"{method}; ms", p99["on"], p99["off"])
