# SPDX-License-Identifier: Apache-2.0
"""Holds what came out of the daemon against what the acts did. Which alert belongs to which act is told by the act's tag, a
folder in every path that it uses, and by the processes that it named."""
from dataclasses import dataclass, field

# A matter of milliseconds, not of the evidence: the process was new to the daemon, or fanotify's number of it was looked up
# before its records were read.
PASSING_QUALITY = {"undecided", "unattributed"}
# What the techniques amount to one after the other: ten undeclared addresses, ten files of models removed, within a minute.
OF_ALL_TOGETHER = {"AMB-2302", "AMB-2310"}
OF_NO_WORKLOAD = {"AMB-1905"}  # acts on the daemon


@dataclass
class Act:
    row: object
    places: object
    started_ns: int
    truth: dict
    alerts: list = field(default_factory=list)

    @property
    def pids(self):
        return {self.truth[key] for key in ("pid", "child") if key in self.truth}


@dataclass
class Outcome:
    act: Act
    seen: object        # the alert that decides, or None
    because: str        # why it is not seen, where the table says so
    faults: list

    @property
    def hook(self):
        return self.seen["evidence"].get("hook", "-") if self.seen else "-"

    @property
    def quality(self):
        return quality_of(self.seen) if self.seen else []


def texts_of(alert):
    """Every text of an alert that can hold a path or an address."""
    about = alert.get("object", {})
    yield from (about.get(key, "") for key in ("path", "path2", "name"))
    if "address" in about:
        yield f"{about['address']}:{about.get('port', 0)}"
    for process in (alert.get("process", {}), about.get("process", {}), *alert.get("ancestors", [])):
        yield process.get("exe", "")
        yield from process.get("argv", [])


def is_of_this_world(alert, act):
    """Somebody else's ps that looks at our processes is a true alert, and none of ours."""
    root = act.places.names["dir"] + "/"
    lineage = [alert.get("process", {}), *alert.get("ancestors", [])]
    return any(text.startswith(root) for one in lineage for text in (one.get("exe", ""), *one.get("argv", [])))


def belongs(alert, act):
    if not is_of_this_world(alert, act):
        return False
    tag = act.places.tag
    parts = (text.replace("\0", "@") for text in texts_of(alert))
    if any(f"/{tag}/" in part or part.endswith("/" + tag) or f"{tag}-" in part and f"{tag}-twin" not in part
           or part.startswith(act.places.names["peer"] + ":") for part in parts):
        return True
    # A process number comes back; an act's own is held against its time.
    return alert.get("process", {}).get("pid") in act.pids and alert["boot_ns"] >= act.started_ns - 1_000_000_000


def collect(acts, alerts):
    for act in acts:
        act.alerts = [alert for alert in alerts if belongs(alert, act)]


def names_it(alert, act):
    about = act.row.about
    if about == "ino":
        return alert.get("object", {}).get("ino") == act.truth.get("ino")
    wanted = act.places.fill(about)
    if about == "pid":
        return alert["process"]["pid"] in act.pids
    return any(wanted in text for text in texts_of(alert))


def deciding(act):
    """The alert of the row's first rule that names the object; of several the best evidence."""
    fitting = [alert for alert in act.alerts
               if act.row.rules and alert["rule"]["id"] == act.row.rules[0] and names_it(alert, act)]
    return min(fitting, key=lambda alert: (len(quality_of(alert)), alert["evidence"].get("hook", "")), default=None)


def quality_of(alert):
    return [flag for flag in alert["evidence"].get("quality", []) if flag not in PASSING_QUALITY]


def is_complete(act):
    return deciding(act) is not None and set(act.row.rules) <= {alert["rule"]["id"] for alert in act.alerts}


def judge(act, because):
    """`because`: why this kernel and plan do not show the act; None where they must."""
    row, faults = act.row, []
    raised = {alert["rule"]["id"] for alert in act.alerts}
    seen = deciding(act)
    if because is None:
        missing = set(row.rules) - raised
        if missing:
            faults.append(f"not seen: no {', '.join(sorted(missing))}; raised: {sorted(raised)}")
        elif seen is None:
            faults.append(f"no {row.rules[0]} names {row.about}: {[alert['object'] for alert in act.alerts]}")
    elif seen is not None:
        faults.append(f"seen by {seen['evidence']}, though the table says it is not: {because}")
    extra = raised - set(row.rules) - set(row.also) - OF_ALL_TOGETHER
    if extra:
        faults.append(f"alerts that nobody expects: {sorted(extra)}: "
                      + str([alert.get("message") for alert in act.alerts if alert["rule"]["id"] in extra][:2]))
    for alert in act.alerts:
        if alert["rule"]["id"] not in OF_NO_WORKLOAD and alert.get("workload", {}).get("name") != "evasion":
            faults.append(f"{alert['rule']['id']} is told of workload {alert.get('workload')}")
            break
    return Outcome(act, seen if because is None else None, because, faults)


def judge_twin(act):
    if not act.alerts:
        return None
    return "its harmless twin alerts: " + str([(alert["rule"]["id"], alert.get("message")) for alert in act.alerts][:3])
