"""Golden values of layers, optimisers and schedules from PyTorch.

    python scripts/golden/tensors.py Tests/TensorsTests/Golden

Rewrites *.json there. Every file: {"version", "input"…, "state" (name -> {shape, values}), "output"…}.
"""
import json
import pathlib
import sys

import torch
from torch import nn

OUT = pathlib.Path(sys.argv[1])


def plain(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]}


def state(module):
    return {k: plain(v.float()) for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}


def write(name, **parts):
    parts["version"] = torch.__version__
    (OUT / f"{name}.json").write_text(json.dumps(parts, separators=(",", ":")) + "\n")


def with_gradients(module, x, forward):
    """Outputs of forward(x) and the gradients of Σ output·cos(index) for the input and every parameter."""
    x = x.clone().requires_grad_(True)
    module.zero_grad()
    output = forward(x)
    weights = torch.cos(torch.arange(output.numel(), dtype=torch.float32)).reshape(output.shape)
    (output * weights).sum().backward()
    gradients = {k: plain(p.grad) for k, p in module.named_parameters()}
    return {"input": plain(x), "output": plain(output), "inputGradient": plain(x.grad), "gradients": gradients}


def recurrent(name, make):
    torch.manual_seed(1)
    module = make()
    lengths = torch.tensor([2, 5, 1, 4])
    x = torch.randn(4, 5, 3)
    hidden = {}

    def forward(x):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        output, last = module(packed)
        hidden["last"] = last[0] if isinstance(last, tuple) else last
        return nn.utils.rnn.pad_packed_sequence(output, batch_first=True, total_length=5)[0]

    result = with_gradients(module, x, forward)
    write(name, state=state(module), lengths=lengths.tolist(), hidden=plain(hidden["last"]), **result)


def layers():
    recurrent("rnn", lambda: nn.RNN(3, 4, batch_first=True))
    recurrent("lstm", lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True))
    recurrent("gru", lambda: nn.GRU(3, 4, batch_first=True))
    torch.manual_seed(2)
    for name, module, shape in [
        ("conv1d", nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), (2, 4, 9)),
        ("conv2d", nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2), (2, 4, 6, 5)),
        ("layernorm", nn.LayerNorm(6), (3, 2, 6)),
        ("linear", nn.Linear(5, 3), (2, 4, 5)),
    ]:
        for p in module.parameters():
            nn.init.normal_(p)
        write(name, state=state(module), **with_gradients(module, torch.randn(shape), module))
    attention()
    batchnorm()


def attention():
    module = nn.MultiheadAttention(8, 2, batch_first=True)
    nn.init.normal_(module.in_proj_bias)
    nn.init.normal_(module.out_proj.bias)
    used = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    result = with_gradients(
        module, torch.randn(2, 5, 8), lambda x: module(x, x, x, key_padding_mask=~used, need_weights=False)[0])
    write("attention", state=state(module), lengths=[5, 3], **result)


def batchnorm():
    module = nn.BatchNorm2d(3)
    nn.init.normal_(module.weight)
    nn.init.normal_(module.bias)
    before = state(module)
    x = torch.randn(4, 3, 2, 2) * 2 + 1
    result = with_gradients(module, x, module)
    after = state(module)
    module.eval()
    write("batchnorm", state=before, after=after, evaluated=plain(module(x)), **result)


def optimisers():
    runs = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.1),
        "sgd-nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "adam": lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    }
    results = {}
    for name, make in runs.items():
        p = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
        optimiser = make([p])
        steps = []
        for _ in range(6):
            optimiser.zero_grad()
            (p ** 4 / 4 + torch.sin(p)).sum().backward()
            optimiser.step()
            steps.append([float(f"{v:.9g}") for v in p.tolist()])
        results[name] = steps
    write("optimisers", runs=results)


def schedules():
    def trace(make, steps):
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = make(optimiser)
        values = []
        for _ in range(steps):
            values.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            schedule.step()
        return values

    kinds = torch.optim.lr_scheduler
    write(
        "schedules",
        stepwise=trace(lambda o: kinds.StepLR(o, 3, 0.5), 10),
        exponential=trace(lambda o: kinds.ExponentialLR(o, 0.9), 10),
        cosine=trace(lambda o: kinds.CosineAnnealingLR(o, 8, 0.1), 9),
    )


torch.set_num_threads(1)
layers()
optimisers()
schedules()
