"""Rows, goals and the report of a run."""

import statistics

import reasons


def rows(case, contenders):
    """One row per contender; the figure is the median of its samples, `ratio` that of the rounds: what the machine does
    slower for a while it does slower for both."""
    own = contenders[0]
    for c in contenders:
        row = {"case": case.name, "program": c.name, "variant": c.variant, "unit": case.unit, "samples": len(c.samples)}
        if c.problem is not None:
            row["note"] = c.problem
        if c.samples:
            row |= {"seconds": c.median("seconds"), "processorSeconds": c.median("processorSeconds"),
                    "others": max(s["others"] for s in c.samples)}
            for key in ["busy", "expected"]:
                if all(key in s for s in c.samples):
                    row[key] = c.median(key)
            for key in ["perSecond", "perProcessorSecond", "extraBytes"]:
                if all(key in s for s in c.samples):
                    row[key] = max(s[key] for s in c.samples) if key == "extraBytes" else c.median(key)
            if c is not own and own.samples and case.per in row:
                row["ratio"] = statistics.median(ours[case.per] / its[case.per] for ours, its in zip(own.samples, c.samples))
        yield row


def limited(row, case, limits):
    """The row with its share of the limit that counts its operations."""
    top = limits.get(case.limit)
    if top and case.operations and "perSecond" in row:
        return row | {"share": row["perSecond"] * case.operations / top}
    return row


def judged(case, own, rows, limits, others):
    """One line per goal: what was to be reached, what was measured, and by how much it was missed.

    `others`: the first rows of the cases so far, by name."""
    for goal in case.goals:
        line = {"case": case.name, "goal": "", "measured": None, "met": None}
        unmeasured = own.get("note", "not measured")
        if goal.kind == "ratio":
            peers = [r for r in rows[1:] if "ratio" in r and (not goal.of or r["program"] in goal.of)]
            best = min(peers, key=lambda r: r["ratio"], default=None)
            name = best["program"] if best else (goal.of or ["the others"])[0]
            line["goal"] = f"≥ {goal.value:g} × {name}" + ("" if goal.of or not best else " (the best of the others)")
            if best:
                value = best["ratio"]
                line |= {"measured": f"{value:.2f} ×", "value": value, "met": value >= goal.value, "part": value / goal.value}
                share = limited(best, case, limits).get("share")
                if share:
                    line["most"] = 1 / share
        elif goal.kind == "share":
            top, title = limits.get(goal.of[0]), {"product": "matrix products"}.get(goal.of[0], "multiply-adds")
            line["goal"] = f"≥ {100 * goal.value:.0f} % of this machine's rate of {title}"
            if top and "perSecond" in own:
                value = own["perSecond"] * case.operations / top
                line |= {"measured": f"{100 * value:.0f} %", "value": value, "met": value >= goal.value, "part": value / goal.value}
        elif goal.kind == "left":
            line["goal"] = "what is left to this machine's rate of multiply-adds"
            value = limited(own, case, limits).get("share")
            if value:
                line |= {"measured": f"{100 * value:.0f} % used, {1 / value:.1f} × left", "value": value}
                yield line
                continue
        elif goal.kind == "within":
            line["goal"] = f"`ieum plan` right within {percent(goal.value)}"
            if "expected" in own:
                value = own["expected"]
                off = max(value, 1 / value) - 1 if value > 0 else float("inf")
                line |= {"measured": f"{own['seconds'] * value:.0f} s expected, {own['seconds']:.0f} s taken", "value": value,
                         "met": abs(value - 1) <= goal.value, "part": goal.value / max(off, 1e-9)}
        elif goal.kind == "busy":
            line["goal"] = f"encoder busy ≥ {percent(goal.value)} of the time"
            if "busy" in own:
                value = own["busy"]
                line |= {"measured": percent(value), "value": value, "met": value >= goal.value, "part": value / goal.value}
        elif goal.kind == "bytes":
            line["goal"] = f"≤ {goal.value / 1e9:g} GB beyond the vectors"
            parts = [own, *(others.get(name, {}) for name in goal.of)]
            if all("extraBytes" in part for part in parts):
                value = sum(part["extraBytes"] for part in parts)
                shown = " + ".join(f"{part['extraBytes'] / 1e9:.2f}" for part in parts)
                line |= {"measured": f"{shown} GB", "value": value, "met": value <= goal.value,
                         "part": goal.value / max(value, 1)}
        else:
            line["goal"] = f"≤ {goal.value:g} s"
            if "seconds" in own:
                value = own["seconds"]
                line |= {"measured": f"{value:.3f} s", "value": value, "met": value <= goal.value, "part": goal.value / value}
        if line["met"] is None:
            line["measured"] = unmeasured
        yield line


def is_close(line):
    """Whether a goal is missed or nearly so: the limits, which are measured again, may yet turn out higher."""
    return line["met"] is not None and line["part"] < 1.05


def verdict(line):
    if line["met"] is None:
        return "" if "value" in line else "not measured"
    if line["met"]:
        return "met"
    short = 100 * (1 - line["part"])
    missed = f"missed by {short:.0f} %" if short >= 0.5 else "missed by less than half a percent"
    # What the other program leaves of this machine's limit is all that could be won over it.
    return missed + (f"; at this machine's limit it would be {line['most']:.2f} ×" if "most" in line else "")


def percent(share):
    return f"{100 * share:.0f} %"


def text(run):
    """The report in Markdown."""
    limits, peers = run["limits"], run["provenance"]["peers"]
    giga = lambda value: "–" if value is None else f"{value / 1e9:.0f}"
    lines = ["# Measured speeds", "",
             f"{limits['cpu']}, {limits['threads']} thread(s), BLAS kernel {limits['blasCore']}, "
             + ", ".join(f"{k} {v}" for k, v in sorted(limits["versions"].items())) + ".",
             "Others: " + ", ".join(f"{name} {version}" for name, version in peers.items()) + ".",
             f"Taken {run['provenance']['date']} at revision {run['provenance']['revision']} in "
             f"{run['provenance']['minutes']:.0f} minutes.", "",
             "## Goals", "", "| case | goal | measured | |", "| --- | --- | ---: | --- |"]
    lines += [f"| {g['case']} | {g['goal']} | {g['measured']} | {verdict(g)} |" for g in run["goals"]]
    lines += ["", "## Limits of this machine", "", "Measured first, last and between; the best counts.", "",
              "| | |", "| --- | ---: |",
              f"| multiply-adds f32, GFLOP/s (one thread) | {giga(limits['multiplyAddF32'])} ({giga(limits['oneThreadF32'])}) |",
              f"| multiply-adds bf16, GFLOP/s (one thread) | {giga(limits.get('multiplyAddBF16'))} ({giga(limits.get('oneThreadBF16'))}) |",
              f"| matrix product f32 (bf16), GFLOP/s | {giga(limits['product'])} ({giga(limits.get('productBF16'))}) |",
              f"| convolution f32 (bf16), GFLOP/s | {giga(limits.get('convolutionF32'))} "
              f"({giga(limits.get('convolutionBF16'))}) |",
              f"| reading main memory, GB/s | {giga(limits['memoryRead'])} |", "",
              "## Cases", "",
              "All programs of a case are warm at once and answer in turn; figures are medians (of five, where no other number "
              "stands), and so are ratios, each of two samples of one round. `others` is the largest share of the machine that "
              "other programs used during a sample, after up to two repetitions; where it is not small, the rates per processor "
              "second are the ones to compare. Each of the other programs runs in the fastest of the settings it was tried in "
              "(`setting`). `of the limit`: of the rate of multiply-adds, or of matrix products for ranks. A number in brackets "
              "counts the samples where they are not five.", "",
              "| case | program | setting | rate | per processor second | of the limit | others | ieum is |",
              "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    lines += [cells(row) for row in run["rows"]]
    lines += notes(run) + reasons.lines(run)
    return "\n".join(lines) + "\n"


def cells(row):
    start = f"| {row['case']} | {row['program']} | {row.get('variant') or ''} "
    if not row["samples"]:
        return start + f"| {row.get('note', 'not measured')} | | | | |"
    if "perSecond" in row:
        rate, per = f"{row['perSecond']:.4g} {row['unit']}", f"{row['perProcessorSecond']:.4g}"
    else:
        rate, per = f"{row['seconds']:.3f} s", ""
        if "busy" in row:
            rate += f", {percent(row['busy'])} busy"
    if row["samples"] != 5:
        rate += f" ({row['samples']})"
    if "note" in row:  # it ended before its last sample
        rate += f", then: {row['note']}"
    ratio = f"{row['ratio']:.2f} ×" if "ratio" in row else ""
    share = percent(row["share"]) if "share" in row else ""
    return start + f"| {rate} | {per} | {share} | {percent(row['others'])} | {ratio} |"


def notes(run):
    lines = [f"* {name}: {note}." for name, note in run["notes"].items() if note]
    if lines:
        lines = ["", *lines]
    return lines
