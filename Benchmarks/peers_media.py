"""Pictures and films as a user of Pillow, torchvision and PyAV reads them; and the files that are read."""

import os

SIDE, FRAMES = 224, 12
KEYS = [250, 25]  # frames from one key frame to the next
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def make(folder):
    """A noisy picture of 640 × 480, and films."""
    import numpy
    from PIL import Image

    random = numpy.random.default_rng(1)
    y, x = numpy.mgrid[0:480, 0:640]
    waves = numpy.stack([128 + 90 * numpy.sin((x * (3 + c) + y * (5 - c)) / 97 + c) for c in range(3)], axis=-1)
    picture = numpy.clip(waves + random.normal(0, 12, waves.shape), 0, 255).astype(numpy.uint8)
    path = os.path.join(folder, "picture.jpg")
    Image.fromarray(picture).save(path, quality=85)
    # A dataset of the same picture again and again: reading and decoding cost what they cost.
    with open(os.path.join(folder, "items.csv"), "w") as file:
        file.write("id,text,images,label,split\n")
        for index in range(192):
            os.link(path, os.path.join(folder, f"picture-{index}.jpg"))
            file.write(f"i{index},A picture number {index},picture-{index}.jpg,l{index % 2},{'train' if index % 3 else 'test'}\n")
    for interval in KEYS:
        film(os.path.join(folder, f"film-{interval}.mp4"), interval, random)


def film(path, interval, random):
    """Ten seconds of moving waves with a little grain, 320 × 240, 25 frames a second, x264's defaults but for the
    distance of key frames."""
    import av
    import numpy

    y, x = numpy.mgrid[0:240, 0:320]
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": str(interval), "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(250):
            waves = numpy.stack([
                128 + 60 * numpy.sin((x * (3 + c) + y * (5 - c)) / 23 + c + index / 25)
                + 40 * numpy.sin((x * x / 40 + y * (9 - c) + 40 * index / 25) / 31) for c in range(3)], axis=-1)
            pixels = numpy.clip(waves + random.normal(0, 4, waves.shape), 0, 255).astype(numpy.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def works(kind, program, path):
    make = {"pillow": pillow, "torchvision": torchvision_reader, "decoding all": decoding_all, "seeking": seeking}[program]
    return [("", lambda: make(path))]


def pillow(path):
    import torch
    from PIL import Image
    from torchvision import transforms

    torch.set_num_threads(1)
    prepare = transforms.Compose([
        transforms.Resize(SIDE), transforms.CenterCrop(SIDE), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])

    def work():
        prepare(Image.open(path).convert("RGB"))
        return 1

    return work


def torchvision_reader(path):
    import torch
    import torchvision
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    prepare = v2.Compose([v2.Resize(SIDE, antialias=True), v2.CenterCrop(SIDE), v2.ToDtype(torch.float32, scale=True),
                          v2.Normalize(MEAN, STD)])

    def work():
        prepare(torchvision.io.decode_jpeg(torchvision.io.read_file(path)))
        return 1

    return work


def wanted(count):
    return [(2 * i + 1) * count // (2 * FRAMES) for i in range(FRAMES)]


def decoding_all(path):
    import av

    def work():
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            places = set(wanted(stream.frames))
            [frame.to_ndarray(format="rgb24") for i, frame in enumerate(container.decode(stream)) if i in places]
        return 1

    return work


def seeking(path):
    import av

    def work():
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for place in wanted(stream.frames):
                time = int(place / stream.average_rate / stream.time_base)
                container.seek(time, stream=stream)
                next(f for f in container.decode(stream) if f.pts >= time).to_ndarray(format="rgb24")
        return 1

    return work
