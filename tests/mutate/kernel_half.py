# SPDX-License-Identifier: Apache-2.0
"""The kernel half with one program emptied. The BPF object is part of each executable (a skeleton's bytes), so a mutant needs
one source compiled, one link of BPF objects, and those bytes exchanged in copies of the executables."""
import json
import os
import re
import subprocess

# What an emptied program answers: these say yes or no to what they see.
ALLOWING = ("cgroup",)


def table(root, name):
    with open(os.path.join(root, "daemon/kernel", name), encoding="utf-8") as text:
        return text.read()


def programs(root):
    """Names of all programs of the hook plan, in its order."""
    return list(dict.fromkeys(re.findall(r'ProgramSpec\{"(\w+)"', table(root, "program_table.cpp"))))


class Candidate:
    def __init__(self, signal, hook, names, denied):
        self.signal, self.hook, self.names, self.denied = signal, hook, names, denied


def candidates(root):
    """All ways to get each signal; `denied` are the hooks in front of it, without which it is not used."""
    constants = dict(re.findall(r'constexpr std::string_view (k\w+) = "([^"]+)"', table(root, "program_table.h")))
    found = []
    rows = re.findall(r'\{\s*"(\w+)",\s*("[^"]+"|k\w+),\s*\{([^}]*)\},', table(root, "candidate_table.cpp"))
    for signal, hook, names in rows:
        hook = constants.get(hook, hook.strip('"'))
        before = [one.hook for one in found if one.signal == signal]
        if hook == constants["kSysExit"]:
            before.append(constants["kFunctions"])  # the same, by the functions of the calls, comes first
        found.append(Candidate(signal, hook, re.findall(r'"(\w+)"', names), before))
    return found


class Builder:
    def __init__(self, root, build):
        self.root, self.build = root, build
        self.folder = os.path.join(build, "mutate")
        os.makedirs(self.folder, exist_ok=True)
        self.sources = {}

    def source_of(self, program):
        """The source that defines a program, and its text after the preprocessor."""
        for name in sorted(os.listdir(os.path.join(self.root, "bpf"))):
            if not name.endswith(".bpf.c"):
                continue
            if name not in self.sources:
                text = subprocess.run(self.compiler("-E", os.path.join(self.root, "bpf", name)),
                                      check=True, capture_output=True, text=True).stdout
                # The object holds the text of each line where the compiler finds its file: without, it is smaller in any case.
                self.sources[name] = text.replace(f'"{self.root}/', '"none/')
            if definition(self.sources[name], program):
                return name, self.sources[name]
        raise LookupError(f"no source defines {program}")

    def compiler(self, *words):
        return ["clang-14", "-target", "bpf", "-D__bpf__", "-D__TARGET_ARCH_x86", "-std=gnu11", "-O2", "-g", "-w",
                "-I" + os.path.join(self.root, "bpf"), "-isystem", os.path.join(self.root, "bpf/vmlinux/x86_64"),
                "-I" + os.path.join(self.root, "include"), *words]

    def object_without(self, program):
        """Bytes of the BPF object in which `program` does nothing."""
        name, text = self.source_of(program)
        begin, end = definition(text, program)
        answer = 1 if program.startswith(ALLOWING) else 0
        emptied = os.path.join(self.folder, program + ".i")
        with open(emptied, "w", encoding="utf-8") as out:
            out.write(text[:begin] + f"{{ return {answer}; }}" + text[end:])
        compiled = os.path.join(self.folder, program + ".o")
        subprocess.run(self.compiler("-x", "cpp-output", "-c", emptied, "-o", compiled), check=True)
        parts = []
        for part in sorted(os.listdir(os.path.join(self.root, "bpf"))):
            if part.endswith(".bpf.c"):
                parts.append(compiled if part == name else os.path.join(self.build, "bpf", part[:-2] + ".o"))
        linked = os.path.join(self.folder, program + ".linked.o")
        subprocess.run([tool("bpftool"), "gen", "object", linked, *parts], check=True)
        subprocess.run([tool("llvm-strip-14"), "-g", linked], check=True)
        with open(linked, "rb") as mutant:
            return mutant.read()


class Kept:
    """Emptied objects that a Builder made before, in a folder: for a guest, which has no compiler."""

    def __init__(self, folder):
        self.folder = folder

    def object_without(self, program):
        with open(os.path.join(self.folder, program + ".o"), "rb") as mutant:
            return mutant.read()


def exchange(executable, original, mutant, where):
    """A copy of an executable with another BPF object in the place of `original`."""
    with open(executable, "rb") as whole:
        content = whole.read()
    at = content.find(original)
    if at < 0 or content.find(original, at + 1) >= 0:
        raise LookupError(f"{executable} does not hold this build's BPF object once: build it again")
    if len(mutant) > len(original):
        raise LookupError("the emptied object is larger than the original")
    content = content[:at] + mutant.ljust(len(original), b"\0") + content[at + len(original):]
    os.makedirs(os.path.dirname(where), exist_ok=True)
    with open(where, "wb") as out:
        out.write(content)
    os.chmod(where, 0o755)
    return where


def tool(name):
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin"]:
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise LookupError(f"no {name} on this machine")


def definition(text, program):
    """(begin, end) of the braces of a function's body in preprocessed C; None where it is not defined there."""
    for match in re.finditer(rf"(?<![\w]){program}\(", text):
        depth, at = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        rest = re.match(r"\s*\{", text[at:])
        if not rest:
            continue
        begin = at + rest.end() - 1
        depth, at = 1, begin + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        return begin, at
    return None


def gtest_failures(report):
    """Names of tests that failed, from a JSON report; None where there is none."""
    try:
        with open(report, encoding="utf-8") as lines:
            suites = json.load(lines)["testsuites"]
    except (OSError, ValueError):
        return None
    return [f"{suite['name']}.{test['name']}" for suite in suites for test in suite["testsuite"] if test.get("failures")]
