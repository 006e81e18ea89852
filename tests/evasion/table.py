# SPDX-License-Identifier: Apache-2.0
"""The printed table, and the same between two markers of the README."""
BEGIN, END = "<!-- evasion table: written by tests/run.sh evasion -->", "<!-- end of the evasion table -->"
HEAD = "| # | technique | act confirmed | seen by | alert | quality |\n|---|---|---|---|---|---|\n"
PROOF_TEXT = {"bytes": "bytes read", "sent": "peer got it", "effect": "effect checked"}


def line(outcome):
    row = outcome.act.row
    confirmed = PROOF_TEXT[row.proof]
    if outcome.seen is None:
        why = outcome.because or "; ".join(outcome.faults)
        return f"| {row.number} | {row.title} | {confirmed} | not seen | - | {why} |"
    return (f"| {row.number} | {row.title} | {confirmed} | {outcome.hook} | {', '.join(sorted(row.rules))} | "
            f"{', '.join(outcome.quality) or '-'} |")


def text(outcomes):
    return HEAD + "".join(line(outcome) + "\n" for outcome in sorted(outcomes, key=lambda one: one.act.row.number))


def in_readme(path):
    """The README's table; None where a marker is missing."""
    with open(path, encoding="utf-8") as readme:
        content = readme.read()
    if BEGIN not in content or END not in content:
        return None
    return content.split(BEGIN)[1].split(END)[0].strip() + "\n"


def put_into_readme(path, table):
    with open(path, encoding="utf-8") as readme:
        content = readme.read()
    before, rest = content.split(BEGIN)
    with open(path, "w", encoding="utf-8") as readme:
        readme.write(before + BEGIN + "\n\n" + table + "\n" + END + rest.split(END)[1])


def differences(measured, printed):
    """Lines of either that the other lacks."""
    ours, theirs = measured.splitlines(), printed.splitlines()
    return ["+ " + one for one in ours if one not in theirs] + ["- " + one for one in theirs if one not in ours]
