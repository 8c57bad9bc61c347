"""Why a goal is missed: where the time of this program's samples goes, by a profile taken in the same process."""

MOST = 10  # parts of a profile that are shown
LIMITS = {"multiplyAddF32": "multiply-adds in f32", "multiplyAddBF16": "multiply-adds in bf16", "product": "matrix products"}


def lines(run):
    """The report's section on the profiles of a run."""
    names = dict.fromkeys(goal["case"] for goal in run["goals"])
    shown = {name: run["profiles"].get(name) for name in names if missed(run, name) or left(run, name)}
    if not shown:
        return []
    result = ["", "## Why", "",
              "Where the time goes in each case that misses a goal or has something left to a limit, measured by the warm "
              "program after its last sample. `of the limit`: operations a second of this part, of what this machine can do; "
              "`lost`: the share of all the time that would be gone if the part ran at that limit, or, where it counts no "
              "operations, took none."]
    for name, profile in shown.items():
        profile = profile or {"note": "no profile was taken"}
        result += ["", f"### {name}", "", told(run, name), *table(profile, "stages", run["limits"])]
        if profile.get("operators"):
            result += ["", "By libtorch's operators, each without those that it calls:",
                       *table(profile, "operators", run["limits"])]
        if profile.get("note"):
            result += ["", sentence(profile["note"])]
    return result


def of_case(run, name):
    return [goal for goal in run["goals"] if goal["case"] == name]


def missed(run, name):
    return [goal for goal in of_case(run, name) if goal["met"] is False]


def left(run, name):
    return [goal for goal in of_case(run, name) if goal["met"] is None and "value" in goal]


def told(run, name):
    """What is to be explained."""
    parts = [f"{goal['measured']}, where the goal is {goal['goal']}" for goal in missed(run, name)]
    parts += [goal["measured"] for goal in left(run, name)]
    return sentence("; ".join(parts))


def sentence(text):
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def table(profile, kind, limits):
    """The costliest parts; the rest in one line."""
    parts = sorted(profile.get(kind, []), key=lambda part: part["share"], reverse=True)
    if not parts:
        return []
    top = limits.get(profile.get("limit"))
    counted = top and any(part.get("rate") for part in parts)
    top = top if counted else None
    rows = [cells(part, top) for part in parts[:MOST]]
    if len(parts) > MOST:
        rows.append(sums(f"{len(parts) - MOST} others", parts[MOST:], top))
    if top:
        rows.append(sums("together", parts, top))
    limit = LIMITS.get(profile.get("limit"), "the limit")
    head = ["part", "time"] + ([f"of the limit ({limit})", "lost"] if counted else [])
    return ["", row(head), row(["---"] + ["---:"] * (len(head) - 1)), *map(row, rows)]


def cells(part, top):
    """Name and share; where operations are counted also the share of the limit and what it costs not to reach it."""
    shown = [part["name"], percent(part["share"])]
    if top:
        shown += [f"{100 * part['rate'] / top:.0f} %" if part.get("rate") else "", percent(lost(part, top))]
    return shown


def sums(name, parts, top):
    shown = [name, percent(sum(part["share"] for part in parts))]
    return shown + ["", percent(sum(lost(part, top) for part in parts))] if top else shown


def lost(part, top):
    return part["share"] * (1 - min(1, (part.get("rate") or 0) / top)) if top else 0


def row(cells):
    return "| " + " | ".join(cells) + " |"


def percent(share):
    return f"{100 * share:.1f} %"
