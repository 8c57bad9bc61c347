"""Writes the HDF5 files that the tests of store and indexes read: made by h5py, in other types than ieum itself writes.

usage: python scripts/golden/hdf5.py        (needs h5py and numpy)
"""
from pathlib import Path

import h5py
import numpy as np

tests = Path(__file__).parents[2] / "Tests"
out = tests / "DatasetsTests/Golden"


def embeddings():
    with h5py.File(out / "h5py-embeddings.h5", "w") as file:
        file["queries"] = np.array([[1.5, -2.0], [0.25, 4.0]], dtype=">f8")
        file.create_dataset("gallery", data=np.arange(6, dtype="f2").reshape(3, 2), compression="gzip")
        file["relevance/indptr"] = np.array([0, 2, 3], dtype="u1")
        file["relevance/indices"] = np.array([2, 0, 1], dtype="i4")
        file["query_ids"] = np.array([b"a", b"bcd"])
        file.create_dataset("gallery_ids", data=["가", "나나", ""], dtype=h5py.string_dtype())
        file["exclude"] = np.array([-1, 2], dtype="i2")


def features():
    with h5py.File(out / "h5py-features.h5", "w") as file:
        attributes = {"format": "ieum-features", "modality": "text", "dataset": "", "dataset_digest": "",
                      "encoder": "bert", "encoder_digest": np.bytes_("abc")}
        for key, value in attributes.items():
            file.attrs[key] = value
        file.attrs["format_version"] = np.int32(1)
        file.attrs["dimension"] = 3
        file.attrs["complete"] = np.uint8(1)
        file.create_dataset("ids", data=["하나", "two"], dtype=h5py.string_dtype())
        file.create_dataset("features", data=np.array([[1, 2, 3], [-0.5, 65504, 0]], dtype="f2"), chunks=(1, 3),
                            fletcher32=True)


def hamming():
    """A set as ann-benchmarks writes those of bits: booleans, distances as the share of bits that differ."""
    rng = np.random.default_rng(6)
    train, test = rng.integers(0, 2, (300, 40)).astype(bool), rng.integers(0, 2, (8, 40)).astype(bool)
    shares = (test[:, None] ^ train[None]).mean(axis=2)
    nearest = np.argsort(shares, axis=1, kind="stable")[:, :20]
    with h5py.File(tests / "CommandTests/Golden/h5py-hamming.hdf5", "w") as file:
        for key, value in {"distance": "hamming", "point_type": "bit", "type": "dense", "dimension": 40}.items():
            file.attrs[key] = value
        file["train"], file["test"] = train, test
        file["neighbors"] = nearest.astype("i4")
        file["distances"] = np.take_along_axis(shares, nearest, axis=1).astype("f4")


if __name__ == "__main__":
    embeddings()
    features()
    hamming()
