# SPDX-License-Identifier: Apache-2.0
"""The install files before the tools that read them: systemd, the shipped schemas, Ambit itself."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import daemon
from harness.check import Cases, Skip, expect, expect_equal

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DEPLOY = os.path.join(ROOT, "deploy")
AMBIT = daemon.program(BUILD)
VALIDATE = os.path.join(ROOT, "build/fixtures/kubernetes/venv/bin/kubernetes-validate")


def read(*parts):
    with open(os.path.join(DEPLOY, *parts), encoding="utf-8") as text:
        return text.read()


def unit_is_valid():
    """systemd-analyze ends with 0 on an unknown key: any output is a fault."""
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze (Debian package systemd)")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ambit.service")
        with open(path, "w", encoding="utf-8") as unit:
            unit.write(read("systemd/ambit.service").replace("/usr/bin/ambit", AMBIT))
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False)
        expect_equal("systemd-analyze verify", (result.returncode, result.stdout + result.stderr), (0, ""))


def unit_is_hardened():
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze (Debian package systemd)")
    result = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=50",
                             os.path.join(DEPLOY, "systemd/ambit.service")], capture_output=True, text=True, check=False)
    expect(result.returncode == 0, lambda: result.stdout.strip().splitlines()[-1])


def manifests_fit_the_api():
    """Strictly: a misspelt key would be dropped by the API server without a word."""
    if not os.path.exists(VALIDATE):
        raise Skip("kubernetes-validate (PyPI)")
    base = os.path.join(DEPLOY, "kubernetes/base")
    files = [os.path.join(base, name) for name in ("namespace.yaml", "serviceaccount.yaml", "daemonset.yaml")]
    result = subprocess.run([VALIDATE, "--strict", *files], capture_output=True, text=True, check=False)
    expect(result.returncode == 0, lambda: result.stdout + result.stderr)


def kustomize_renders():
    if not shutil.which("kubectl"):
        raise Skip("kubectl (Debian package kubernetes-client)")
    result = subprocess.run(["kubectl", "kustomize", os.path.join(DEPLOY, "kubernetes")], capture_output=True, text=True, check=False)
    expect_equal("status", (result.returncode, result.stderr), (0, ""))
    if os.path.exists(VALIDATE):
        checked = subprocess.run([VALIDATE, "--strict", "-"], input=result.stdout, capture_output=True, text=True, check=False)
        expect(checked.returncode == 0, lambda: checked.stdout + checked.stderr)
    for part in ("kind: DaemonSet", "hostPID: true", "kind: Namespace", "ambit-config-", "registry.example.com/ambit:0.1.0"):
        expect(part in result.stdout, f"'{part}' is not rendered")


def kubernetes_configuration_is_valid():
    """The ConfigMaps' content is read by Ambit itself."""
    result = subprocess.run([AMBIT, "scope", "check", os.path.join(DEPLOY, "kubernetes/base/example-scope.yaml")],
                            capture_output=True, text=True, check=False)
    expect(result.returncode == 0, result.stdout + result.stderr)


def capabilities_agree():
    """What systemd and Kubernetes grant is the same set, and each has its reason written down."""
    unit = read("systemd/ambit.service")
    of_unit = set(re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M).group(1).replace("CAP_", "").split())
    manifest = read("kubernetes/base/daemonset.yaml")
    of_pod = set(re.findall(r'"(\w+)"', re.search(r"add: \[(.*)\]", manifest).group(1)))
    expect_equal("capabilities", of_pod, of_unit)
    reasons = "".join(line for line in unit.splitlines() if line.startswith("#"))
    for capability in of_unit:
        expect(capability in reasons, f"no reason for {capability}")


def container_packages_exist():
    """Every package of the Containerfile is one of Debian 12."""
    text = re.sub(r"\\\n", " ", read("container/Containerfile"))
    names = {name for line in re.findall(r"--no-install-recommends(.*?)&&", text, re.S) for name in line.split()}
    expect(len(names) > 20, f"only {names}")
    known = subprocess.run(["apt-cache", "--quiet", "pkgnames"], capture_output=True, text=True, check=False).stdout.split()
    if len(known) < 1000:
        raise Skip("apt's package lists (apt-get update)")
    expect_equal("unknown packages", sorted(names - set(known)), [])


def main():
    cases = Cases("deploy")
    for case in (unit_is_valid, unit_is_hardened, manifests_fit_the_api, kustomize_renders,
                 kubernetes_configuration_is_valid, capabilities_agree, container_packages_exist):
        cases.run(case.__name__, case)
    return cases.status()


sys.exit(main())
