"""Training steps in PyTorch, as a user writes them: channels-last pictures, the fused Adam, autocast for bf16."""


def works(work, precision, threads):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    make = {"dual-encoder": dual_encoder, "resnet18": resnet18, "text-image": text_image}[work]
    return [("autocast" if precision == "bf16" else "", lambda: make(torch, precision == "bf16"))]


def max_hinge(torch, first, second, margin=0.2):
    """Both directions, the hardest negative of the batch each."""
    scores = torch.nn.functional.normalize(first.float()) @ torch.nn.functional.normalize(second.float()).T
    true = scores.diag()
    off = torch.eye(len(scores), dtype=torch.bool)
    rows = (margin + scores - true[:, None]).clamp(min=0).masked_fill(off, 0).amax(1)
    columns = (margin + scores - true[None, :]).clamp(min=0).masked_fill(off, 0).amax(0)
    return (rows + columns).sum()


def stepping(torch, model, loss, items, reduced):
    """A step: gradients to nothing, loss, backward, Adam."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4, fused=True)

    def work():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            value = loss()
        value.item()
        value.backward()
        optimizer.step()
        return items

    return work


def dual_encoder(torch, reduced, batch=128, words=20):
    nn = torch.nn
    model = nn.ModuleDict({
        "words": nn.Embedding(10_000, 300, padding_idx=0), "text": nn.GRU(300, 1024, batch_first=True),
        "text_head": nn.Linear(1024, 1024), "image_head": nn.Linear(2048, 1024)})
    ids, pictures = torch.randint(1, 10_000, (batch, words)), torch.randn(batch, 2048)

    def loss():
        _, state = model["text"](model["words"](ids))
        return max_hinge(torch, model["image_head"](pictures), model["text_head"](state[-1]))

    return stepping(torch, model, loss, batch, reduced)


def resnet18(torch, reduced, batch=32):
    import torchvision

    nn = torch.nn
    trunk = torchvision.models.resnet18(weights=None)
    trunk.fc = nn.Identity()
    model = nn.ModuleDict({"trunk": trunk.to(memory_format=torch.channels_last), "image_head": nn.Linear(512, 1024),
                           "text_head": nn.Linear(768, 1024)})
    pixels = torch.randn(batch, 3, 224, 224).contiguous(memory_format=torch.channels_last)
    texts = torch.randn(batch, 768)

    def loss():
        return max_hinge(torch, model["image_head"](model["trunk"](pixels)), model["text_head"](texts))

    return stepping(torch, model, loss, batch, reduced)


def text_image(torch, reduced, batch=8, length=2816):
    """hong2022, table 6. A batch that fits into a benchmark: what an item costs does not depend on it, except for the
    optimiser's step, which is therefore left out."""
    nn = torch.nn
    layers, channels = [], 1
    for kernel, width in zip([32, 64, 128, 64, 16], [128, 256, 512, 1024, 2048]):
        layers += [nn.Conv1d(channels, width, kernel, padding="same"), nn.ReLU(), nn.MaxPool1d(2), nn.Dropout(0.3)]
        channels = width
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(length // 32 * channels, 256))
    features = torch.randn(batch, 1, length)

    def work():
        model.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            rows = nn.functional.normalize(model(features).float())
            anchors, positives, negatives = rows[0::2], rows[1::2], rows[0::2].roll(1, 0)
            near, far = ((anchors - other).square().sum(1) for other in (positives, negatives))
            value = nn.functional.silu(near - far + 0.2).mean()
        value.item()
        value.backward()
        return batch

    return work
