# SPDX-License-Identifier: Apache-2.0
"""What the guests handed back, put together. usage:
matrix.py line KERNEL PLAN DIR           one line: signals seen / expected, tests passed / failed; prints the tests' lines to DIR/lines
matrix.py table RESULTS README [--write] the README's table; without --write it is held against it
matrix.py verified RESULTS TABLE         verified instructions against the table that the repository keeps"""
import json
import os
import re
import sys

BEGIN, END = "<!-- kernels: begin -->", "<!-- kernels: end -->"
# A program may grow by this much before somebody has to look; one that the table does not have yet may cost so much. The
# verifier's own limit is 1,000,000.
SLACK_RATIO, SLACK_INSTRUCTIONS = 1.25, 1000
UNKNOWN_MAX = 250_000


def signals_of(folder):
    try:
        with open(f"{folder}/doctor.json", encoding="utf-8") as doctor:
            return json.load(doctor)["signals"]
    except OSError:
        return []


def is_seen(signal):
    """Attached, and its canary fired where it has one."""
    return signal["state"] == "active" and signal.get("canary") not in ("missed", "waiting")


def lines_of(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".lines"):
            with open(f"{folder}/{name}", encoding="utf-8") as lines:
                found += [line.rstrip("\n") for line in lines]
    return found


def count(lines, kind):
    return sum(line.startswith(kind + " ") for line in lines)


def line(kernel, plan, folder):
    lines, signals = lines_of(folder), signals_of(folder)
    seen = sum(is_seen(signal) for signal in signals)
    for signal in signals:
        if signal["state"] == "active" and not is_seen(signal):
            lines.append(f"FAIL signal.{signal['signal']}: active, but its canary {signal['canary']}")
    if not signals:
        lines.append("FAIL signals: ambit doctor gave no answer")
    with open(f"{folder}/lines", "w", encoding="utf-8") as out:
        for text in lines:
            kind, _, rest = text.partition(" ")
            out.write(f"{kind} {kernel}.{plan}.{rest}\n")
    print(f"{kernel:8} {plan:6} signals {seen}/{len(signals)}  tests {count(lines, 'PASS')} passed, {count(lines, 'FAIL')} failed, "
          f"{count(lines, 'SKIP')} skipped")


def version_key(name):
    return [int(part) for part in re.findall(r"\d+", name.split("-")[0])]


def rows(results):
    """(release, plan, folder) of every guest that answered, oldest kernel first."""
    found = []
    for name in os.listdir(results):
        if os.path.exists(f"{results}/{name}/release"):
            with open(f"{results}/{name}/release", encoding="utf-8") as release:
                found.append((release.read().strip(), name.rpartition("-")[2], f"{results}/{name}"))
    return sorted(found, key=lambda row: (version_key(row[0]), row[1]))


def short(release):
    return ".".join(release.split(".")[:2])


def kernel_of(row):
    return row.partition("| ")[2].partition(" ")[0]


def table(results, readme, write):
    text = ["| kernel | hooks | signals | given less, and why |", "|---|---|---|---|"]
    for release, plan, folder in rows(results):
        signals = signals_of(folder)
        less = []
        for signal in signals:
            # The plan itself denies what others would use.
            reasons = [part for part in signal["detail"].split("; ")
                       if part and not part.endswith(("denied by configuration", " is denied")) and not part.startswith("canary ")]
            if not is_seen(signal):
                less.append(f"`{signal['signal']}` not at all: {'; '.join(reasons) or signal['detail']}")
            elif reasons:
                less.append(f"`{signal['signal']}` by {signal['hook']}")
        text.append(f"| {short(release)} | {plan} | {sum(map(is_seen, signals))} of {len(signals)} | {'; '.join(less) or 'nothing'} |")
    made = "\n".join([BEGIN, *text, END])
    with open(readme, encoding="utf-8") as page:
        whole = page.read()
    begin, end = whole.find(BEGIN), whole.find(END)
    if begin < 0 or end < 0:
        print("FAIL readme: no place for the table of kernels")
    elif write:
        with open(readme, "w", encoding="utf-8") as page:
            page.write(whole[:begin] + made + whole[end + len(END):])
    else:
        kept = set(whole[begin:end].splitlines())
        known = {kernel_of(row) for row in kept}
        wrong = [row for row in text[2:] if row not in kept and kernel_of(row) in known]
        new = [row for row in text[2:] if kernel_of(row) not in known]
        for row in new:
            print(f"SKIP readme.{kernel_of(row)}: a kernel that the table does not have yet (matrix.py table --write)")
        print(f"FAIL readme: not in the table of kernels: {wrong[0]}" if wrong else "PASS readme")


def read_numbers(path):
    with open(path, encoding="utf-8") as numbers:
        return {tuple(words[:-1]): words[-1] for words in (text.rstrip("\n").split("\t") for text in numbers) if len(words) > 1}


def verified(results, kept_path):
    kept = read_numbers(kept_path) if os.path.exists(kept_path) else {}
    now = {}
    for release, _, folder in rows(results):
        if os.path.exists(f"{folder}/verified.tsv"):
            for (program,), number in read_numbers(f"{folder}/verified.tsv").items():
                now[(short(release), program)] = number
    with open(f"{results}/verified.tsv", "w", encoding="utf-8") as out:
        for (kernel, program), number in sorted(now.items(), key=lambda row: (version_key(row[0][0]), row[0][1])):
            out.write(f"{kernel}\t{program}\t{number}\n")
    known = {kernel for kernel, _ in kept}
    newest = max(known, key=version_key, default="")
    wrong = []
    for (kernel, program), number in now.items():
        what = difference(kept.get((kernel if kernel in known else newest, program)), number)
        if what:
            wrong.append(f"{kernel}.{program}: {number}, {what}")
    for what in wrong:
        print(f"FAIL verified.{what}")
    if not wrong:
        print("PASS verified")


def difference(was, now):
    """Why somebody has to look at the verified instructions `now`; `was`: what the repository keeps, None: nothing yet."""
    if "refused" in (was, now):  # some kernels refuse some: their signal has another hook there, or the README's table says so
        return "the verifier refuses it" if was != "refused" else ""
    if was is None:
        return "" if now == "-" or int(now) <= UNKNOWN_MAX else f"more than {UNKNOWN_MAX} and not in tests/vm/verified.tsv"
    if "-" in (was, now):
        return "" if was == now else f"tests/vm/verified.tsv says {was}"
    return f"tests/vm/verified.tsv says {was}" if int(now) > int(was) * SLACK_RATIO + SLACK_INSTRUCTIONS else ""


if sys.argv[1] == "line":
    line(*sys.argv[2:5])
elif sys.argv[1] == "table":
    table(sys.argv[2], sys.argv[3], "--write" in sys.argv)
else:
    verified(*sys.argv[2:4])
