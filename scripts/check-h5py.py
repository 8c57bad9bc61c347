"""Checks that h5py reads feature files as their contract has it; exit status 1 at the first difference.

usage: python scripts/check-h5py.py FEATURES.h5...
"""
import sys

import h5py
import numpy as np

ATTRIBUTES = {
    "format": str, "format_version": np.integer, "modality": str, "dataset": str, "dataset_digest": str,
    "encoder": str, "encoder_digest": str, "dimension": np.integer, "complete": np.integer,
}


def check(path):
    with h5py.File(path) as file:
        for name, kind in ATTRIBUTES.items():
            assert isinstance(file.attrs[name], kind), f"attribute {name}: {file.attrs.get(name)!r}"
        assert file.attrs["format"] == "ieum-features" and file.attrs["complete"] == 1
        ids = file["ids"].asstr()[:]
        sequences = "frames" in file
        rows = file["frames/features" if sequences else "features"]
        count = file["frames/offsets"][-1] if sequences else len(ids)
        assert rows.shape == (count, file.attrs["dimension"]), rows.shape
        assert rows.dtype in (np.float32, np.float16) and (rows.size == 0 or rows.fletcher32)
        assert np.isfinite(rows[:]).all() and len(set(ids)) == len(ids)
        assert len(file["errors/ids"]) == len(file["errors/messages"])
        print(f"{path}: {len(ids)} ids, {rows.shape} {rows.dtype}, {len(file['errors/ids'])} errors")


for path in sys.argv[1:]:
    check(path)
