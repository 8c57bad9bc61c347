"""Other programs' speeds, in the protocol of `ieum bench ... --answering`: one sample per line on stdin.

    peers.py encoder torch|onnxruntime|openvino NAME f32|bf16 IMAGES SECONDS THREADS
    peers.py text torch|onnxruntime|openvino minilm|base f32|bf16 SENTENCES SECONDS THREADS
    peers.py rank numpy|torchmetrics QUERIES GALLERY DIMENSION SECONDS THREADS
    peers.py picture pillow|torchvision FILE SECONDS THREADS
    peers.py film "decoding all"|seeking FILE SECONDS THREADS
    peers.py train torch dual-encoder|resnet18|text-image f32|bf16 SECONDS THREADS
    peers.py make-media FOLDER

Each work is a function that does some items and returns how many. Where a program has settings whose best is not known
beforehand, several are tried and the fastest is measured.
"""

import json
import os
import resource
import sys
import time

os.environ.pop("OPENBLAS_CORETYPE", None)


def answer(seconds, warming, variants, refined=None):
    """Keeps the fastest of the named works and answers each line on stdin with its rate. `refined` gives, for the name of
    that one, further works that change something else of it; the fastest counts again."""
    best = fastest(warming, variants)
    more = refined(best[1]) if refined else []
    if more:
        best = fastest(warming, more, [best])
    _, name, work = best
    print(json.dumps({"ready": True, "variant": name}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(sample(seconds, work)), flush=True)


def fastest(warming, variants, known=()):
    """The rate, name and work of what is fastest in a short sample after so many calls, of `variants` and what is known
    already; the two best are asked once more, since another program may have had the machine during one."""
    tried, failure = list(known), None
    is_alone = len(variants) + len(tried) == 1
    for name, make in variants:
        try:
            work = make()
            for _ in range(1 if is_alone else warming):
                work()
            tried.append([0 if is_alone else sample(0.3, work)["perSecond"], name, work])
        except Exception as error:  # a setting that this network does not allow; the others stand
            failure = error
            continue
        # What is slower than two others is let go, with its memory.
        tried = sorted(tried, key=lambda entry: entry[0], reverse=True)[:2]
    if not tried:
        raise failure
    if len(tried) > 1:
        for entry in tried:
            entry[0] = max(entry[0], sample(0.3, entry[2])["perSecond"])
    return max(tried, key=lambda entry: entry[0])


def sample(seconds, work):
    items, start, used = 0, time.perf_counter(), processor_time()
    while True:
        items += work()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            break
    used = processor_time() - used
    return {"perSecond": items / elapsed, "perProcessorSecond": items / max(used, 1e-9), "seconds": elapsed,
            "processorSeconds": used}


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def rank_data(queries, gallery, dimension):
    import numpy

    random = numpy.random.default_rng(1)
    q = random.random((queries, dimension), dtype=numpy.float32) * 2 - 1
    g = random.random((gallery, dimension), dtype=numpy.float32) * 2 - 1
    return q, g, numpy.arange(queries) % gallery


def numpy_rank(queries, gallery, dimension):
    """What a user writes: the whole score matrix, a full sort of every row, the place of the right item."""
    import numpy

    q, g, right = rank_data(queries, gallery, dimension)

    def work():
        left = q / numpy.linalg.norm(q, axis=1, keepdims=True)
        other = g / numpy.linalg.norm(g, axis=1, keepdims=True)
        order = numpy.argsort(-(left @ other.T), axis=1)
        ranks = numpy.argmax(order == right[:, None], axis=1) + 1
        [(ranks <= k).mean() for k in (1, 5, 10)], numpy.median(ranks), ranks.mean()
        return queries

    return work


def torchmetrics_rank(queries, gallery, dimension):
    import torch
    from torchmetrics.retrieval import RetrievalHitRate

    # One flat list of pairs is all torchmetrics takes: a slice of the queries, or it would not fit into memory.
    queries = min(queries, 64)
    q, g, right = (torch.from_numpy(x) for x in rank_data(queries, gallery, dimension))
    indexes = torch.arange(queries).repeat_interleave(gallery)

    def work():
        scores = torch.nn.functional.normalize(q) @ torch.nn.functional.normalize(g).T
        target = torch.zeros(queries, gallery, dtype=torch.bool)
        target[torch.arange(queries), right] = True
        for k in (1, 5, 10):
            RetrievalHitRate(top_k=k)(scores.flatten(), target.flatten(), indexes=indexes)
        return queries

    return work


def main(arguments):
    if arguments[0] == "make-media":
        import peers_media

        return peers_media.make(arguments[1])
    kind, program, *rest, seconds, threads = arguments
    threads = int(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    refined = None
    if kind == "encoder":
        import peers_inference

        variants, refined = peers_inference.encoders(program, rest[0], rest[1], int(rest[2]), threads)
    elif kind == "text":
        import peers_inference

        variants = peers_inference.texts(program, rest[0], rest[1], int(rest[2]), threads)
    elif kind == "rank":
        make = numpy_rank if program == "numpy" else torchmetrics_rank
        variants = [("full sort" if program == "numpy" else "64 queries", lambda: make(*map(int, rest)))]
    elif kind in ("picture", "film"):
        import peers_media

        variants = peers_media.works(kind, program, rest[0])
    else:
        import peers_training

        variants = peers_training.works(rest[0], rest[1], threads)
    # PyTorch optimises its graphs during the first two calls, the others when they are loaded.
    answer(float(seconds), 2 if program == "torch" else 1, variants, refined)


if __name__ == "__main__":
    main(sys.argv[1:])
