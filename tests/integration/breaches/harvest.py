# SPDX-License-Identifier: Apache-2.0
"""What credential stealers in packages do once they are imported: look through the home folder and the environments of other
processes. Says what could be read."""
import os

PLACES = (".aws/credentials", ".ssh/id_ed25519", ".netrc", ".cache/huggingface/token", ".config/gcloud/credentials.db",
          ".kube/config", ".docker/config.json")


def size_of(place):
    try:
        with open(place, "rb") as file:
            return len(file.read())
    except OSError as refused:
        return -refused.errno


def main(home, pid):
    places = [os.path.join(home, name) for name in PLACES] + [f"/proc/{pid}/environ"]
    return {"read": {place: size_of(place) for place in places}, "own": len(os.environ)}
