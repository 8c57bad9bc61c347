#!/usr/bin/env python3
"""Reference values of the sound tests, from torchaudio's own MelSpectrogram in single precision.

Only torchaudio's Python code is needed; its compiled extension is left out, so that any build of it serves.
"""
import importlib.machinery
import json
import pathlib
import sys
import types

import torch

extension = types.ModuleType("torchaudio._extension")
extension.__spec__ = importlib.machinery.ModuleSpec("torchaudio._extension", None)
extension._IS_TORCHAUDIO_EXT_AVAILABLE = extension._IS_RIR_AVAILABLE = extension._IS_ALIGN_AVAILABLE = False
extension.fail_if_no_align = lambda function: function
extension._load_lib = lambda name: False
sys.modules["torchaudio._extension"] = extension
sys.modules["torchaudio._extension.utils"] = types.ModuleType("torchaudio._extension.utils")

import torchaudio  # noqa: E402
from torchaudio.transforms import MelSpectrogram  # noqa: E402

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/DatasetsTests/Golden/audio"

WINDOWS = {"hann": torch.hann_window, "hamming": torch.hamming_window, "blackman": torch.blackman_window,
           "bartlett": torch.bartlett_window, "ones": torch.ones}

# Our names and values; `0`, `none` and strings are translated below.
CASES = [
    (8000, 0.25, {}),
    (16000, 0.12, {"n_mels": 40, "hop_length": 160}),
    (16000, 0.1, {"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 64, "f_min": 60.0, "f_max": 7800.0}),
    (22050, 0.1, {"n_fft": 1024, "hop_length": 512, "n_mels": 80, "norm": "slaney", "mel_scale": "slaney"}),
    (16000, 0.12, {"n_fft": 400, "power": 1.0, "normalized": "true", "window_fn": "hamming", "n_mels": 32}),
    (16000, 0.12, {"n_fft": 480, "normalized": "frame_length", "window_fn": "blackman", "n_mels": 32, "pad": 100}),
    (16000, 0.12, {"n_fft": 441, "center": False, "window_fn": "bartlett", "n_mels": 24}),
    (16000, 0.12, {"n_fft": 256, "pad_mode": "constant", "window_fn": "ones", "n_mels": 24}),
    (16000, 0.12, {"n_fft": 256, "pad_mode": "replicate", "n_mels": 24, "mel_scale": "slaney"}),
    (16000, 0.12, {"n_fft": 256, "pad_mode": "circular", "n_mels": 24, "norm": "slaney"}),
    (44100, 0.05, {"n_fft": 398, "hop_length": 100, "n_mels": 128}),
]


def sound(rate, seconds, seed):
    """A sweep, a quiet stretch and noise from an integer generator, on a 16-bit grid as in a WAV file."""
    count = int(rate * seconds)
    t = torch.arange(count, dtype=torch.float64) / rate
    sweep = 0.4 * torch.sin(2 * torch.pi * (200 + 3000 * t / seconds) * t)
    state, noise = seed, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        noise.append(state / 2**32 - 0.5)
    mixed = sweep + 0.05 * torch.tensor(noise, dtype=torch.float64)
    mixed[count // 3:count // 2] *= 1e-3
    return (mixed * 32768).round().clamp(-32768, 32767).to(torch.int16)


def arguments(rate, given):
    names = dict(given)
    options = {"sample_rate": rate}
    options["window_fn"] = WINDOWS[names.pop("window_fn", "hann")]
    normalized = names.pop("normalized", "false")
    options["normalized"] = {"false": False, "true": True}.get(normalized, normalized)
    return {**options, **names}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rows = []
    for index, (rate, seconds, given) in enumerate(CASES):
        samples = sound(rate, seconds, index + 1)
        mel = MelSpectrogram(**arguments(rate, given))(samples.to(torch.float32) / 32768)
        values = torch.log(mel + 1e-6).T
        rows.append({"parameters": {"sample_rate": rate, **given}, "samples": samples.tolist(),
                     "frames": values.shape[0], "mels": values.shape[1],
                     "values": [round(float(v), 5) for v in values.reshape(-1)]})
    golden = {"versions": {"torch": torch.__version__, "torchaudio": torchaudio.__version__}, "cases": rows}
    (OUT / "log-mel.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
