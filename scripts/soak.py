#!/usr/bin/env python3
"""Damages a share of all pictures and sounds of a copy of tuxpaint's stamps, and of films if any are given, and extracts
features from them.

Each extraction must end with status 0, every item must be either encoded or recorded with its reason, and nothing that
was left whole may be recorded. Needs only Python's standard library and a built ieum.
"""
import argparse
import csv
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

STAMPS = pathlib.Path("/usr/share/tuxpaint/stamps")


def cut(data, dice):
    return data[: dice.randrange(len(data))]


def flip(data, dice):
    damaged = bytearray(data)
    for _ in range(max(8, len(damaged) // 200)):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def wrong_type(data, dice):
    return dice.choice([b"%PDF-1.7\n", b"PK\x03\x04", b"<html></html>", b"\0" * 512, b"GIF89a", b"\xff\xd8\xff", b"OggS\0"])


def empty(data, dice):
    return b""


KINDS = [cut, flip, wrong_type, empty]


def build(folder, media, column, share, dice):
    """Copies files, damages some, writes the table; returns {id: kind of damage or None}."""
    folder.mkdir()
    broken = set(dice.sample(range(len(media)), max(1, round(share * len(media)))))
    kinds = {}
    with open(folder / "items.csv", "w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["id", "text", column, "label"])
        for number, path in enumerate(media):
            name = f"{number:05d}{path.suffix}"
            data = path.read_bytes()
            kind = dice.choice(KINDS) if number in broken else None
            (folder / name).write_bytes(kind(data, dice) if kind else data)
            kinds[f"i{number}"] = kind.__name__ if kind else None
            rows.writerow([f"i{number}", path.stem, name, path.parent.name])
    return kinds


def run(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"soak: ieum {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def check(kinds, shown):
    reasons = {error["id"]: error["message"] for error in shown["errors"]}
    faults = [f"{item} was whole, but: {reasons[item]}" for item in reasons if kinds.get(item) is None]
    if len(reasons) != len(shown["errors"]):
        faults.append("an item is recorded twice")
    if shown["items"] + len(reasons) != len(kinds):
        faults.append(f"{shown['items']} encoded and {len(reasons)} recorded are not {len(kinds)} items")
    faults += [f"{item} has no reason" for item, reason in reasons.items() if not reason.strip()]
    for kind in KINDS:
        mine = [item for item in kinds if kinds[item] == kind.__name__]
        refused = [item for item in mine if item in reasons]
        example = f", such as: {reasons[refused[0]]}" if refused else ""
        print(f"  {kind.__name__}: {len(refused)} of {len(mine)} refused{example}")
        if kind in (wrong_type, empty) and len(refused) != len(mine):
            faults.append(f"{len(mine) - len(refused)} files of kind {kind.__name__} were taken for media")
    return faults


def soak(given, name, media, column, encoder, dice, root):
    """One extraction over partly damaged media; returns what was wrong with it."""
    folder = root / name
    kinds = build(folder, media, column, given.share, dice)
    table = str(folder / "items.csv")
    command = ["features", "extract", "--dataset", "manifest", "--root", table, "--encoder", encoder]
    damaged = sum(kind is not None for kind in kinds.values())
    print(f"{name} through {encoder}: {len(kinds)} items, {damaged} damaged")
    path = run(given.ieum, *command).strip()
    shown = json.loads(run(given.ieum, "features", "show", path, "--json"))
    faults = check(kinds, shown)
    if run(given.ieum, *command).strip() != path:
        faults.append("a second run did not find the first one's file")
    print(f"  {shown['items']} encoded, {len(shown['errors'])} recorded as errors")
    return [f"{name}: {fault}" for fault in faults]


def found(folder, suffixes, limit, dice):
    media = sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in suffixes)
    return media if limit is None or len(media) <= limit else sorted(dice.sample(media, limit))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ieum", default=".build/release/ieum", help="the program")
    options.add_argument("--encoder", default="efficientnet-lite0", help="of pictures and films")
    options.add_argument("--films", help="a folder of films to copy and damage too")
    options.add_argument("--share", type=float, default=0.05, help="of files to damage")
    options.add_argument("--limit", type=int, help="files of each medium at most, drawn at random")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    dice = random.Random(given.seed)
    parts = [
        ("pictures", found(STAMPS, {".png", ".svg"}, given.limit, dice), "images", given.encoder),
        ("sounds", found(STAMPS, {".ogg", ".wav"}, given.limit, dice), "audio", "log-mel"),
    ]
    if not parts[0][1]:
        sys.exit(f"soak: no pictures under {STAMPS}; install tuxpaint-stamps-default")
    if given.films:
        films = found(given.films, {".mp4", ".mkv", ".webm", ".avi", ".mov"}, given.limit, dice)
        parts.append(("films", films, "video", given.encoder))
    root = pathlib.Path(tempfile.mkdtemp(prefix="ieum-soak-"))
    faults = []
    try:
        os.environ["IEUM_CACHE"] = str(root / "cache")
        for name, media, column, encoder in parts:
            if media:
                faults += soak(given, name, media, column, encoder, dice, root)
    finally:
        shutil.rmtree(root)
    if faults:
        sys.exit("soak: " + "\nsoak: ".join(faults))


main()
