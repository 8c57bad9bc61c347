"""Writes the golden pickles of arrays, sentences and numbers for the tests of the Weights room.

    python scripts/golden/pickles.py Tests/WeightsTests/Golden

Needs numpy; made with numpy 2.4. Protocols 2 to 5 of the same features; one as Python 2 wrote it, assembled by hand.
"""

import os
import pickle
import struct
import sys
from collections import OrderedDict

import numpy as np

FEATURES = OrderedDict([
    ("video0", np.arange(6, dtype=np.float32).reshape(2, 3)),
    ("video1", np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3))),
    ("video2", np.arange(3, dtype=">f4").reshape(1, 3)),
    ("video3", float("nan")),
    ("video4", np.array([1.5, -2.0, 0.25], dtype=np.float16)),
    ("video5", np.array([[7, 8, 9]], dtype=np.int64)),
])
SENTENCES = {"video0": [["a", "dog", "runs"], ["개가", "달린다"]], "video1": ["a whole sentence"]}
NUMBERS = {"video0": 1, "video1": np.int64(0), "video2": 19}
TEXTS = {"video0": [np.ones((2, 3), np.float32), np.full((1, 3), 2, np.float32)], "video1": [np.zeros((1, 3), np.float32)]}


class Call:
    def __reduce__(self):
        return os.system, ("echo executed > executed",)


def old():
    """{'video0': array([0., 200.5], float32)} by Python 2: texts and bytes are one type, names are NumPy 1's."""
    def text(value):
        return b"U" + bytes([len(value)]) + value
    data = np.array([0.0, 200.5], "<f4").tobytes()
    dtype = (b"cnumpy\ndtype\n" + text(b"f4") + b"K\x00K\x01\x87R"
             + b"(K\x03" + text(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
    array = (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
             + b"(K\x01K\x02\x85" + dtype + b"\x89" + b"T" + struct.pack("<I", len(data)) + data + b"tb")
    result = b"\x80\x02}" + text(b"video0") + array + b"s."
    loaded = pickle.loads(result, encoding="latin1")
    assert loaded["video0"].tolist() == [0.0, 200.5]
    return result


def main(folder):
    def write(name, data):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    for protocol in range(2, 6):
        write(f"features-{protocol}.pkl", pickle.dumps(FEATURES, protocol))
    write("features-python2.pkl", old())
    write("sentences.pkl", pickle.dumps(SENTENCES, 4))
    write("numbers.pkl", pickle.dumps(NUMBERS, 4))
    write("captions.pkl", pickle.dumps(TEXTS, 4))
    write("objects.pkl", pickle.dumps({"video0": np.array([{"a": 1}], dtype=object)}, 4))
    write("calls.pkl", pickle.dumps({"video0": Call()}, 4))
    write("ascii.pkl", pickle.dumps({"video0": 1}, 0))


main(sys.argv[1])
