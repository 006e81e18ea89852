# SPDX-License-Identifier: Apache-2.0
"""Acts on files beside the plain open: each with its twin that stays silent (harness/one_act.py)."""
import os
import subprocess
import sys

from harness.check import Cases
from harness.one_act import Bench, Row, Silence, check

BUILD = os.path.abspath(sys.argv[1])

SCOPE = """\
  models: [{{name: tiny, path: "{dir}/model/**", read: [members]}}]
  secrets: [{{id: key, path: {dir}/secret/key, owner: tests, readers: [members]}}]
  files:
    read: [/usr/**, /lib/**, /lib64/**, /etc/ld.so.cache, "{dir}/ok/**", "{dir}/bin/**"]
    write: ["{dir}/out/**"]
    deny: ["{dir}/ok/denied/**"]
"""

ROWS = [
    Row("absent_denied", "read_file {dir}/ok/denied/none", "open", "{dir}/ok/denied/none", "denied", ("AMB-2005",)),
    Row("absent_denied_by_dots", "read_file {dir}/other/../ok/denied/dots", "open", "{dir}/ok/denied/dots", "denied",
        ("AMB-2005",)),
    Row("absent_denied_from_directory", "read_from {dir}/ok/denied relative", "open", "{dir}/ok/denied/relative", "denied",
        ("AMB-2005",)),
    Row("absent_model_may_be_looked_for", "read_file {dir}/model/adapter.json", "open", "{dir}/model/adapter.json", "in_scope"),
    Silence("absent_elsewhere", "read_file {dir}/other/none", "open", "{dir}/other/none"),
    Silence("absent_elsewhere_from_directory", "read_from {dir}/other relative", "open", "{dir}/other/relative"),
    Silence("absent_denied_for_a_stranger", "read_file {dir}/ok/denied/none", "open", "{dir}/ok/denied/none", inside=False),
    Row("refused_counts", "read_from / {dir}/other/private 65534", "open", "{dir}/other/private", "out_of_scope", ("AMB-2002",)),
    Row("refused_from_directory_counts", "read_from {dir}/other unreadable 65534", "open", "{dir}/other/unreadable", "out_of_scope",
        ("AMB-2002",)),
    Row("layer_of_a_model", "read_file {dir}/layer/weights", "open", "{dir}/layer/weights", "out_of_scope", ("AMB-1001",), inside=False),
    Row("model_of_a_layer", "read_file {dir}/model/merged/weights", "open", "{dir}/model/merged/weights", "in_scope"),
    Silence("layer_through_another_overlay", "read_file {dir}/other/merged/weights", "open", "{dir}/other/merged/weights", inside=False),
    Silence("another_file_of_the_layer", "read_file {dir}/beside/plain", "open", "{dir}/beside/plain", inside=False),
]
OVERLAYS = {"model/merged": "below", "other/merged": "beside"}  # by what lies under the layer that both have

FILES = ("ok/file", "ok/denied/file", "other/file", "other/private", "other/unreadable", "out/a", "model/weights.gguf", "secret/key",
         "layer/weights", "below/plain", "beside/plain")


def mount_overlays(directory):
    """Two containers of one image, as far as files go."""
    for name, under in OVERLAYS.items():
        os.makedirs(os.path.join(directory, name))
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={directory}/layer:{directory}/{under}",
                        os.path.join(directory, name)], check=True)


def main():
    cases = Cases("files")
    bench = Bench(BUILD, "files", SCOPE, FILES, prepare=mount_overlays)
    os.chmod(bench.dir, 0o755)
    for name in ("other/private", "other/unreadable"):
        os.chmod(os.path.join(bench.dir, name), 0)
    try:
        for row in ROWS:
            cases.run(row.name, check, bench, row)
    finally:
        for name in OVERLAYS:
            subprocess.run(["umount", os.path.join(bench.dir, name)], check=True)
        bench.stop()
    return cases.status()


sys.exit(main())
