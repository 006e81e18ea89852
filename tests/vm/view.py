# SPDX-License-Identifier: Apache-2.0
"""The daemon in a mount namespace of its own, as in a container: declared paths are the host's, whatever lies there for the
daemon itself. In guests only: it takes a first process whose root may be read."""
import os
import sys

from harness.check import Cases
from harness.one_act import Bench, Row, Silence, check

BUILD = os.path.abspath(sys.argv[1])

SCOPE = """\
  models: [{{name: tiny, path: "{dir}/model/**", read: [members]}}]
  files: {{read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache, "{dir}/bin/**"]}}
"""

# The daemon sees an empty folder where the host has the model.
HIDDEN = 'mount -t tmpfs none "$0" && exec "$@"'

ROWS = [
    Row("read_by_stranger", "read_file {dir}/model/weights", "open", "{dir}/model/weights", "out_of_scope", ("AMB-1001",),
        inside=False, workload="view"),
    Row("read_by_member", "read_file {dir}/model/weights", "open", "{dir}/model/weights", "in_scope"),
    Silence("read_elsewhere_by_stranger", "read_file {dir}/other/file", "open", "{dir}/other/file", inside=False),
]


def main():
    cases = Cases("view")
    bench = Bench(BUILD, "view", SCOPE, ("model/weights", "other/file"),
                  prefix=lambda directory: ["unshare", "--mount", "sh", "-c", HIDDEN, f"{directory}/model"])
    try:
        for row in ROWS:
            cases.run(row.name, check, bench, row)
    finally:
        bench.stop()
    return cases.status()


sys.exit(main())
