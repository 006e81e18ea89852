# SPDX-License-Identifier: Apache-2.0
"""Single operations with the daemon off and on, alternating, in CPU time of the one thread that makes them."""
from bench import percentile

# (row, what the watching daemon has to do with the process, operation, reach)
ROWS = (
    ("getppid.base", "unwatched", "getppid", "<= 1.60"),
    ("open_close.judged.base", "watched", "open_close", "<= 1.22"),
    ("open_close.new.base", "fresh", "open_close", "<= 1.60"),
    ("open_close.unwatched.base", "unwatched", "open_close", "<= 1.18"),
    ("connect_refused.base", "watched", "connect_refused", "<= 1.05"),
    ("fork_exec.base", "watched", "fork_exec", "<= 1.04"),
    ("pread.base", "unwatched", "pread", "<= 1.25"),
    ("open_close.beside.base", "beside", "open_close", ""),
    ("pread.beside.base", "beside", "pread", ""),
)
STATES = {
    "unwatched": "a process of no workload, a model directory and a secret protected on the same file system",
    "watched": "a process of the workload, each access judged before",
    "fresh": "a process of the workload, a record each (a rule keeps the file out of the seen-table)",
    "beside": "a process of no workload, a file in a directory that fanotify watches, as a declared one is in it",
}
# What is not `file` and all operations.
FILES = {"fresh": "fresh", "beside": "beside"}
OPERATIONS = {"fresh": ["open_close"], "beside": ["open_close", "pread"]}


def once(bench, state):
    what = state.removesuffix(" off")
    run = bench.start("syscall_cost", bench.numbers["seconds"], getattr(bench, FILES.get(what, "file")), *OPERATIONS.get(what, []),
                      watched=state in ("watched", "fresh"))
    return bench.truth(run, 120)


def bench_operations(bench):
    taken = {state: [] for state in ("off", "fresh off", *STATES)}
    for _ in range(bench.numbers["rounds"]):
        for state in ("off", "fresh off"):
            taken[state].append(once(bench, state))
        running = bench.start_daemon()
        try:
            for state in STATES:
                taken[state].append(once(bench, state))
        finally:
            running.stop()
    for name, state, operation, reach in ROWS:
        # Other work on the machine only ever adds, but one turn with a faster clock must not make the ratio.
        on, off = (percentile([one[operation] for one in taken[which]], 0.25)
                   for which in (state, "fresh off" if state == "fresh" else "off"))
        method = (f"ns of CPU time, fastest batch in {bench.numbers['seconds']} s, lower quartile of {bench.numbers['rounds']} alternations; "
                  f"on: {STATES[state]}")
        bench.add_ratio(name, on, off, reach, method)
