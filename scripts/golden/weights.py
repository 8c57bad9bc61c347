"""Writes the golden weight files and word vectors for the tests of the Weights room.

    python scripts/golden/weights.py Tests/WeightsTests/Golden

Needs torch, numpy, safetensors and h5py; made with torch 2.15, numpy 2.4, safetensors 0.8, h5py 3.16.
expected.json holds, per file, what these libraries read: name, dtype, shape and values of every tensor.
"""

import io
import json
import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict

import h5py
import numpy as np
import safetensors.torch
import torch

NAMES = {torch.float32: "float32", torch.float64: "float64", torch.float16: "float16", torch.bfloat16: "bfloat16",
         torch.int64: "int64", torch.int32: "int32", torch.uint8: "uint8", torch.bool: "bool"}


def described(tensors):
    return [{"name": name, "dtype": NAMES[t.dtype], "shape": list(t.shape),
             "values": [float(v) for v in t.detach().to(torch.float64).flatten().tolist()]}
            for name, t in tensors]


def tensors():
    torch.manual_seed(20220801)
    base = torch.randn(40)
    return OrderedDict([
        ("conv.weight", torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last)),
        ("linear.weight", torch.randn(5, 3).t()),
        ("slice", base[3:27:2].reshape(3, 4)[:, 1:3]),
        ("shared.offset", base[30:36]),
        ("tied.a", base[:6].reshape(2, 3)),
        ("double", torch.randn(3, dtype=torch.float64)),
        ("half", torch.tensor([0.0, -0.0, 1.5, 65504.0, 6e-8, 6.1e-5, -2.25], dtype=torch.float16)),
        ("brain", torch.randn(2, 2).to(torch.bfloat16)),
        ("long", torch.tensor([[1, -2], [3, 2 ** 24]])),
        ("int", torch.tensor([7, -8], dtype=torch.int32)),
        ("byte", torch.tensor([0, 255], dtype=torch.uint8)),
        ("flag", torch.tensor([True, False, True])),
        ("scalar", torch.tensor(2.5)),
        ("empty", torch.zeros(0, 3)),
        ("검은새.weight", torch.nn.Parameter(torch.randn(2))),
    ])


class Call:
    """A pickle that asks for a function call when it is loaded."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def pytorch(folder, expected):
    state = tensors()
    for name, legacy in [("zip.pth", False), ("legacy.pth", True)]:
        torch.save(state, f"{folder}/{name}", _use_new_zipfile_serialization=not legacy)
        expected[name] = described(torch.load(f"{folder}/{name}").items())
    torch.save(state, f"{folder}/protocol4.pth", pickle_protocol=4)
    expected["protocol4.pth"] = described(state.items())
    checkpoint = {"epoch": 3, "rate": 0.1, "best": torch.tensor(1.0), "model": {"state_dict": dict(state)},
                  "note": None, "history": [1.0, {"a": (1, 2)}]}
    torch.save(checkpoint, f"{folder}/nested.pth")
    expected["nested.pth"] = described(state.items())
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    torch.save(module.state_dict(), f"{folder}/module.pth")
    expected["module.pth"] = described(module.state_dict().items())
    rewrap(f"{folder}/zip.pth", f"{folder}/zip64.pth")
    expected["zip64.pth"] = expected["zip.pth"]
    endianness(folder, expected)
    torch.save({"weight": torch.ones(2), "extra": Call(os.system, "touch executed")}, f"{folder}/malicious.pth")
    torch.save({"weight": torch.ones(2), "extra": Call(eval, "open('executed', 'w')")},
               f"{folder}/malicious-legacy.pth", _use_new_zipfile_serialization=False)
    with open(f"{folder}/malicious.pkl", "wb") as file:
        pickle.dump(Call(os.system, "touch executed"), file, protocol=2)
    torch.save(torch.nn.Linear(1, 1), f"{folder}/whole-module.pth")
    torch.save({"short": torch.ones(2, dtype=torch.int16)}, f"{folder}/short.pth")
    torch.save({"wide": torch.ones(1).expand(1000)}, f"{folder}/expanded.pth")


class ScriptPart(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)
        self.register_buffer("count", torch.tensor(5))
        self.width = 7

    def forward(self, x):
        return self.linear(x) * self.count


class ScriptWhole(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.part = ScriptPart()
        self.layers = torch.nn.Sequential(ScriptPart(), torch.nn.LayerNorm(2))
        self.scale = torch.nn.Parameter(torch.tensor(1.5))
        self.sizes = [1, 2, 3]
        self.table = {"x": 1}

    def forward(self, x):
        return self.layers(x) + self.part(x) * self.scale


def scripts(folder, expected):
    """TorchScript archives: scripted in float32, traced in float16."""
    torch.manual_seed(20220802)
    whole = ScriptWhole()
    torch.jit.save(torch.jit.script(whole), f"{folder}/script.pt")
    expected["script.pt"] = described(torch.jit.load(f"{folder}/script.pt").state_dict().items())
    traced = torch.jit.trace(ScriptWhole(), torch.zeros(1, 3)).half()
    torch.jit.save(traced, f"{folder}/traced.pt")
    expected["traced.pt"] = described(torch.jit.load(f"{folder}/traced.pt").state_dict().items())
    for name, data in [
        ("malicious-script.pt", pickle.dumps({"a": Call(os.system, "echo pwned > /tmp/ieum-pwned")}, protocol=2)),
        ("circular-script.pt", b"\x80\x02c__torch__\nM\n)\x81q\x00}(X\x04\x00\x00\x00selfh\x00ub."),
    ]:
        with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
            archive.writestr("m/data.pkl", data)
            archive.writestr("m/code/__torch__.py", "class M(Module): pass")


def endianness(folder, expected):
    """A big-endian file: the same archive with the bytes of the one storage turned round."""
    plain = io.BytesIO()
    values = torch.tensor([1.0, -2.5, 3.25])
    torch.save({"w": values}, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(f"{folder}/big-endian.pth", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("byteorder"):
                data = b"big"
            elif name.endswith("data/0"):
                data = values.numpy().astype(">f4").tobytes()
            target.writestr(name, data)
    expected["big-endian.pth"] = described([("w", values)])


def rewrap(source, target):
    """The same entries with zip64 extra fields and a zip64 end record, as in archives beyond 4 GiB."""
    with zipfile.ZipFile(source) as archive:
        entries = [(name, archive.read(name), archive.getinfo(name).CRC) for name in archive.namelist()]
    unset = 0xFFFFFFFF
    out, directory = bytearray(), bytearray()
    for name, data, crc in entries:
        offset, text = len(out), name.encode()
        sizes = struct.pack("<HHQQ", 1, 16, len(data), len(data))
        out += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 0, 0, 0, crc, unset, unset, len(text), len(sizes))
        out += text + sizes + data
        extra = struct.pack("<HHQQQ", 1, 24, len(data), len(data), offset)
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 45, 45, 0, 0, 0, 0, crc, unset, unset, len(text),
                                 len(extra), 0, 0, 0, 0, unset) + text + extra
    start = len(out)
    out += directory
    record = len(out)
    out += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, len(entries), len(entries), len(directory), start)
    out += struct.pack("<4sIQI", b"PK\6\7", 0, record, 1)
    out += struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, unset, unset, 0)
    with open(target, "wb") as file:
        file.write(out)


def safetensors_files(folder, expected):
    state = OrderedDict((name, t.detach().contiguous().clone()) for name, t in tensors().items())
    safetensors.torch.save_file(state, f"{folder}/plain.safetensors", metadata={"format": "pt", "note": "한글 \"q\"\n"})
    loaded = safetensors.torch.load_file(f"{folder}/plain.safetensors")
    with open(f"{folder}/plain.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    header.pop("__metadata__")
    order = sorted(header, key=lambda name: header[name]["data_offsets"])
    expected["plain.safetensors"] = described((name, loaded[name]) for name in order)


def keras(folder, expected):
    """The layout of Keras' save_weights (root) and save (group model_weights), with an attribute cut in two."""
    generator = np.random.default_rng(5)
    layers = [("conv1", {"conv1/kernel:0": (3, 3, 2, 4), "conv1/bias:0": (4,)}), ("relu", {}),
              ("bn", {"bn/gamma:0": (4,), "bn/moving_mean:0": (4,)}), ("inner", {"dense/kernel:0": (4, 2)})]
    values = {weight: generator.standard_normal(shape).astype("f4") for _, w in layers for weight, shape in w.items()}
    for name, root in [("keras-weights.h5", "/"), ("keras-model.h5", "model_weights"), ("keras-chunked.h5", "/")]:
        with h5py.File(f"{folder}/{name}", "w") as file:
            group = file.require_group(root)
            names = [layer.encode() for layer, _ in layers]
            if name == "keras-chunked.h5":
                group.attrs["layer_names0"], group.attrs["layer_names1"] = np.array(names[:2]), np.array(names[2:])
            elif name == "keras-model.h5":
                group.attrs["layer_names"] = [layer for layer, _ in layers]
            else:
                group.attrs["layer_names"] = np.array(names)
            group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", b"2.9.0"
            for layer, weights in layers:
                sub = group.create_group(layer)
                sub.attrs["weight_names"] = np.array([w.encode() for w in weights])
                for weight in weights:
                    sub.create_dataset(weight, data=values[weight])
        expected[name] = [
            {"name": weight if weight.startswith(layer + "/") else f"{layer}/{weight}", "dtype": "float32",
             "shape": list(values[weight].shape), "values": [float(v) for v in values[weight].flatten()]}
            for layer, weights in layers for weight in weights]
    with h5py.File(f"{folder}/other.h5", "w") as file:
        file["x"] = np.arange(3)


def vectors(folder, expected):
    words = ["the", "dog", "개", "검은새", "unk"]
    values = np.random.default_rng(7).standard_normal((5, 4)).astype("f4")
    values[1, 2], values[2, 0], values[3, 3] = -12, 1e-7, 3.25e12
    header = f"{len(words)} {values.shape[1]}\n".encode()
    for name, end in [("word2vec.bin", b"\n"), ("word2vec-joined.bin", b"")]:
        with open(f"{folder}/{name}", "wb") as file:
            file.write(header)
            for word, row in zip(words, values):
                file.write(word.encode() + b" " + row.astype("<f4").tobytes() + end)
    lines = [word + " " + " ".join(repr(float(v)) for v in row) + "\n" for word, row in zip(words, values)]
    with open(f"{folder}/word2vec.txt", "w", encoding="utf-8") as file:
        file.write(header.decode() + "".join(lines))
    with open(f"{folder}/glove.txt", "w", encoding="utf-8") as file:
        file.write("".join(lines))
    with open(f"{folder}/vocabulary.txt", "w", encoding="utf-8") as file:
        file.write("\n".join(words) + "\n")
    for name, version, array in [
        ("c-f4.npy", (1, 0), values), ("fortran-f8.npy", (2, 0), np.asfortranarray(values.astype("<f8"))),
        ("big-f4.npy", (3, 0), values.astype(">f4")), ("big-fortran-f8.npy", (1, 0), np.asfortranarray(values.astype(">f8"))),
    ]:
        with open(f"{folder}/{name}", "wb") as file:
            np.lib.format.write_array(file, array, version=version)
    half = np.random.default_rng(8).standard_normal((5, 4)).astype("f2")
    np.save(f"{folder}/f2.npy", half)
    np.save(f"{folder}/int.npy", np.ones((5, 4), dtype="i4"))
    expected["vectors"] = [{"name": "values", "dtype": "float32", "shape": [5, 4],
                            "values": [float(v) for v in values.flatten()]}]
    expected["vectors-f2"] = [{"name": "values", "dtype": "float16", "shape": [5, 4],
                               "values": [float(v) for v in half.flatten()]}]


def main():
    folder = sys.argv[1]
    expected = {}
    pytorch(folder, expected)
    scripts(folder, expected)
    safetensors_files(folder, expected)
    keras(folder, expected)
    vectors(folder, expected)
    with open(f"{folder}/expected.json", "w", encoding="utf-8") as file:
        json.dump(expected, file, ensure_ascii=False, indent=0)


main()
