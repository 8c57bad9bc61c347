"""What is measured, against whom, and what the goals are."""

import os
from dataclasses import dataclass, field

import peers_media

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 5


@dataclass
class Goal:
    """`ratio`: at least so many times the best (or the named) others; `share`: of a limit of this machine;
    `left`: no goal, but how far that limit still is; `busy`: at least such a share of the time; `seconds`: at most;
    `bytes`: at most, together with those of the named other cases; `within`: expected over taken, off by at most."""
    kind: str
    value: float
    of: tuple = ()


@dataclass
class Case:
    name: str
    unit: str
    commands: list  # name, command, and the rounds where fewer are enough
    goals: list
    operations: float = 0  # floating-point operations per item
    limit: str = ""        # the limit of this machine that counts them
    rounds: int = ROUNDS
    per: str = "perSecond"  # what ratios compare
    note: str = ""
    shows: bool = False  # where the time goes, also where no goal is missed
    variables: dict = field(default_factory=dict)  # what the programs find in their environment besides


# encoder, images per call of ours, GFLOP per image, goal against the best of the others, share of the limit
ENCODERS = [
    ("resnet50", 8, 8.17, 1.0, 0.9),
    ("resnet152", 8, 23.0, 1.0, 0.9),
    ("inception-v3", 8, 11.4, 1.0, 0.9),
    ("efficientnet-b0", 8, 0.768, 1.4, None),
    ("efficientnet-b7", 2, 75.5, 1.4, None),
]
TORCH_ALONE = {("resnet50", "f32"): 1.6, ("resnet50", "bf16"): 1.35}
# size, title, GFLOP per sentence of 32 tokens
TEXTS = [("minilm", "MiniLM", 0.689), ("base", "BERT-base", 5.474)]
# work, GFLOP per item forward and backward, goals by precision
TRAININGS = [("dual-encoder", 0.5, {"f32": 1.0, "bf16": 3.0}), ("resnet18", 10.65, {"f32": 1.0, "bf16": 3.0})]
MULTIPLY_ADDS = {"f32": "multiplyAddF32", "bf16": "multiplyAddBF16"}


class Cases:
    def __init__(self, ieum, python, folder, threads, quick):
        self.ieum, self.python, self.folder, self.threads, self.quick = ieum, python, folder, str(threads), quick
        self.seconds = "0.3" if quick else "0.5"
        self.rounds = 3 if quick else ROUNDS

    def all(self):
        yield from self.starts()
        yield from self.encoders()
        yield from self.texts()
        yield from self.rankings()
        yield from self.media()
        yield from self.training()

    def own(self, *arguments):
        return ("ieum", [self.ieum, "bench", *arguments, "--seconds", self.seconds, "--answering"])

    def peer(self, name, *arguments, label=None, rounds=ROUNDS):
        kind, rest = arguments[0], arguments[1:]
        command = [self.python, f"{HERE}/peers.py", kind, name, *rest, self.seconds, self.threads]
        return (label or name, command, rounds)

    def inference(self, kind, name, precision, *arguments):
        peers = ["torch", "onnxruntime", "openvino"] if precision == "f32" else ["torch", "openvino"]
        return [self.peer(peer, kind, name, precision, *arguments) for peer in peers]

    def encoders(self):
        for name, images, giga, goal, share in ENCODERS[:1] + ENCODERS[3:4] if self.quick else ENCODERS:
            for precision in ["f32", "bf16"]:
                own = ["encoder", "--encoder", name, "--precision", precision, "--images", str(images)]
                limit = MULTIPLY_ADDS[precision]
                goals = [Goal("ratio", goal)] + [Goal("share", share, (limit,)) if share else Goal("left", 0, (limit,))]
                if (name, precision) in TORCH_ALONE:
                    goals.append(Goal("ratio", TORCH_ALONE[name, precision], ("torch",)))
                yield Case(f"{name} {precision}", "images/s",
                           [self.own(*own), *self.inference("encoder", name, precision, str(images))], goals,
                           operations=giga * 1e9, limit=limit, rounds=self.rounds, shows=share is None)

    def texts(self):
        for size, title, giga in TEXTS[:1] if self.quick else TEXTS:
            for precision in ["f32", "bf16"]:
                own = ["text", "--size", size, "--precision", precision]
                yield Case(f"{title} {precision}", "sentences/s",
                           [self.own(*own), *self.inference("text", size, precision, "32")], [Goal("ratio", 1.05)],
                           operations=giga * 1e9, limit=MULTIPLY_ADDS[precision], rounds=self.rounds,
                           note="32 sentences of 32 tokens")

    def rankings(self):
        queries, gallery, dimension = (5000, 1000, 512) if self.quick else (25000, 5000, 512)
        sizes = [str(queries), str(gallery), str(dimension)]
        flags = ["--queries", sizes[0], "--gallery", sizes[1], "--dimension", sizes[2]]
        yield Case(f"exact ranks {queries:,} × {gallery:,} × {dimension}", "queries/s",
                   [self.own("rank", *flags), self.peer("numpy", "rank", *sizes, rounds=3),
                    self.peer("torchmetrics", "rank", *sizes, rounds=2)],
                   [Goal("ratio", 20, ("numpy",)), Goal("share", 0.6, ("product",))],
                   operations=2.0 * gallery * dimension, limit="product", rounds=self.rounds,
                   note="numpy: full sort; torchmetrics: hit rate at 1, 5 and 10 on 64 queries, all it can hold")
        if self.quick:
            return
        # The whole would take hours: one side at its full size at a time, the memory of both added up.
        whole = "1,000,000 × 1,000,000 × 256"
        flags = ["--queries", "1000000", "--gallery", "2000", "--dimension", "256"]
        yield Case(f"{whole}, 2,000 of the gallery", "queries/s", [self.own("rank", *flags)], [],
                   operations=2.0 * 2000 * 256, limit="product", rounds=1)
        flags = ["--queries", "4000", "--gallery", "1000000", "--dimension", "256"]
        yield Case(f"{whole}, 4,000 of the queries", "queries/s", [self.own("rank", *flags)],
                   [Goal("bytes", 1e9, (f"{whole}, 2,000 of the gallery",)), Goal("share", 0.6, ("product",))],
                   operations=2.0 * 1_000_000 * 256, limit="product", rounds=1)

    def media(self):
        picture = os.path.join(self.folder, "picture.jpg")
        yield Case("JPEG 640 × 480 to 224 × 224", "pictures/s",
                   [self.own("media", picture), *(self.peer(p, "picture", picture) for p in ("pillow", "torchvision"))],
                   [Goal("ratio", 2.1, ("pillow",))], rounds=self.rounds, per="perProcessorSecond",
                   note="decoded, resized, normalised on one thread; compared per processor second")
        store, items = os.path.join(self.folder, "store"), os.path.join(self.folder, "items.csv")
        extract = (f"rm -rf {store}; IEUM_CACHE={store} {self.ieum} features extract --dataset manifest --root {items} "
                   "--encoder resnet50 --weights random")
        yield Case("extraction from JPEG files, ResNet-50", "busy", [("ieum", ["sh", "-c", extract])], [Goal("busy", 0.95)],
                   rounds=2, note="share of the time in which the encoder waited neither for pictures nor for the store")
        for interval in peers_media.KEYS:
            film = os.path.join(self.folder, f"film-{interval}.mp4")
            yield Case(f"12 frames of 10 s of H.264, a key frame every {interval}", "films/s",
                       [self.own("media", film, "--frames", "12"),
                        *(self.peer(p, "film", film, label=f"PyAV, {p}") for p in ("decoding all", "seeking"))],
                       [Goal("ratio", 1.5)], rounds=self.rounds, per="perProcessorSecond",
                       note="320 × 240, 25 frames a second, x264's defaults; compared per processor second")

    def training(self):
        for work, giga, goals in TRAININGS:
            for precision, goal in goals.items():
                peers = [self.peer("torch", "train", work, "f32", label="torch f32")]
                if precision == "bf16":
                    # No goal is against it, and its step takes ten seconds.
                    peers.append(self.peer("torch", "train", work, "bf16", label="torch bf16", rounds=2))
                own = ["train", "--work", work, "--precision", precision]
                yield Case(f"training {work} {precision}", "items/s", [self.own(*own), *peers],
                           [Goal("ratio", goal, ("torch f32",))], operations=giga * 1e9, limit=MULTIPLY_ADDS[precision],
                           rounds=self.rounds)
        if self.quick:
            return
        yield Case("training text-image network, full size", "items/s",
                   # A sample of ours is whole steps, and takes a minute.
                   [self.own("train", "--work", "text-image", "--cold"),
                    self.peer("torch", "train", "text-image", "f32")], [Goal("ratio", 8.0)], rounds=1,
                   note="ieum: whole steps of 512 items; torch: forward and backward of 8, without the optimiser's share")

    def starts(self):
        yield Case("ieum --help", "s", [("ieum", [self.ieum, "--help"])], [Goal("seconds", 0.05)], rounds=self.rounds)
        if self.quick:
            return
        cache, out = os.path.join(self.folder, "cache"), os.path.join(self.folder, "results")
        run = [self.ieum, "run", "experiments/quickstart.yaml", "--results", out]
        variables = {"IEUM_CACHE": cache}
        if self.folder:
            known = os.environ.get("IEUM_CACHE") or os.path.expanduser("~/.cache/ieum")
            os.makedirs(cache, exist_ok=True)
            if not os.path.islink(f"{cache}/weights"):
                os.symlink(f"{known}/weights", f"{cache}/weights")
        yield Case("quickstart from an empty cache", "expected",
                   [("ieum", [[self.ieum, "plan", "experiments/quickstart.yaml", "--json"], run])], [Goal("within", 0.3)],
                   rounds=1, variables=variables, note="`ieum plan` on the empty cache, then the run")
        yield Case("quickstart from the cache", "s", [("ieum", run)], [Goal("seconds", 3.0)], rounds=self.rounds,
                   variables=variables)
