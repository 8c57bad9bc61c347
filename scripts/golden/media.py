#!/usr/bin/env python3
"""Golden files of the media tests: small pictures, and what Pillow and torchvision make of them.

Usage: media.py [OUT]   (default: Tests/DatasetsTests/Golden/media beside this repository's root)
Needs Pillow, numpy, torch and torchvision; their versions are recorded in media.json.
"""
import base64
import hashlib
import json
import pathlib
import sys
import warnings

import numpy
import PIL
import torchvision
from PIL import Image, ImageOps
from torchvision import transforms

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                   pathlib.Path(__file__).resolve().parents[2] / "Tests/DatasetsTests/Golden/media")


def scene(width, height):
    """A smooth colour gradient with a few hard edges."""
    y, x = numpy.mgrid[0:height, 0:width]
    pixels = numpy.stack([x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x * 7 + y * 11) % 256], -1)
    pixels[height // 4:height // 2, width // 4:width // 2] = [230, 20, 40]
    return pixels.astype(numpy.uint8)


def noise(width, height, seed):
    """The pixels that the Swift test makes from the same congruential generator."""
    state, values = seed, []
    for _ in range(3 * width * height):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return numpy.array(values, numpy.uint8).reshape(height, width, 3)


def write_pictures():
    rgb = Image.fromarray(scene(23, 17))
    alpha = numpy.linspace(0, 255, 23 * 17).reshape(17, 23).astype(numpy.uint8)
    rgba = Image.fromarray(numpy.dstack([scene(23, 17), alpha]))
    save = lambda image, name, **options: image.save(OUT / name, **options)
    save(rgb, "rgb.png")
    save(rgb.convert("L"), "grey.png")
    save(rgb.convert("1"), "bilevel.png")
    save(rgb.quantize(13), "palette.png")
    save(rgb.quantize(13), "palette-transparent.png", transparency=3)
    save(rgba, "alpha.png")
    save(rgba.convert("LA"), "grey-alpha.png")
    save(Image.fromarray((numpy.arange(23 * 17).reshape(17, 23) * 167).astype(numpy.uint16)), "grey16.png")
    for name, subsampling in [("444", 0), ("422", 1), ("420", 2)]:
        save(rgb, f"jpeg-{name}.jpg", quality=88, subsampling=subsampling)
    save(rgb, "progressive.jpg", quality=80, progressive=True)
    save(rgb.convert("L"), "grey.jpg", quality=90)
    save(rgb.convert("CMYK"), "cmyk.jpg", quality=95)
    save(Image.fromarray(scene(24, 16)), "even.jpg", quality=88, subsampling=2)
    save(Image.fromarray(noise(45, 33, 5)), "noise.jpg", quality=70, subsampling=2)
    save(Image.fromarray(noise(45, 33, 6)), "restarts.jpg", quality=85, subsampling=1, restart_marker_blocks=2)
    save(Image.fromarray(noise(19, 21, 7)), "stored-rgb.jpg", quality=90, keep_rgb=True)
    # The same data read as YCCK: in the Adobe marker the last byte tells how the inks are stored.
    inks = bytearray((OUT / "cmyk.jpg").read_bytes())
    inks[inks.index(b"Adobe") + 11] = 2
    (OUT / "ycck.jpg").write_bytes(inks)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        save(rgb, f"orientation-{orientation}.jpg", quality=90, subsampling=0, exif=exif)
    save(rgb, "lossy.webp", quality=80)
    save(Image.fromarray(scene(24, 16)), "lossy-even.webp", quality=80)
    save(rgb, "lossless.webp", lossless=True)
    save(rgba, "alpha.webp", quality=85)
    save(rgb, "animated.webp", save_all=True, append_images=[rgb.transpose(Image.Transpose.ROTATE_180)], lossless=True)
    save(rgb, "still.gif")
    save(rgb.quantize(20), "animated.gif", save_all=True, append_images=[rgb.transpose(Image.Transpose.ROTATE_180)])
    save(rgb, "rgb.bmp")
    save(rgb.quantize(9), "palette.bmp")
    save(rgb, "rgb.tif", compression="tiff_lzw")
    save(rgb.convert("L"), "grey.tif")
    (OUT / "wrong-name.jpg").write_bytes((OUT / "rgb.png").read_bytes())


def reference(path):
    """What a viewer shows: upright, on white, 8-bit RGB."""
    with Image.open(path) as image:
        image.load()
        if image.mode.startswith("I;16"):
            return Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8)).convert("RGB")
        image = ImageOps.exif_transpose(image)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            image = Image.alpha_composite(white, image)
        return image.convert("RGB")


def decoded():
    rows = []
    for path in sorted(OUT.iterdir()):
        if path.suffix in (".json", ".svg"):
            continue
        image = reference(path)
        rows.append({"file": path.name, "width": image.width, "height": image.height,
                     "pixels": base64.b64encode(image.tobytes()).decode()})
    return rows


def preprocessed():
    modes = {"bilinear": transforms.InterpolationMode.BILINEAR, "bicubic": transforms.InterpolationMode.BICUBIC}
    cases = [(64, 48, 32, 28), (48, 64, 33, 30), (301, 97, 40, 40), (97, 301, 41, 32), (20, 31, 56, 48), (32, 32, 32, 32),
             (45, 33, 33, 21), (200, 150, 16, 24), (640, 427, 64, 56), (5, 4, 3, 3), (1, 9, 4, 4), (50, 37, 37, 40), (90, 181, 31, 24),
             (60, 200, 120, 100)]
    imagenet = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    rows = []
    for index, (width, height, resize, crop) in enumerate(cases):
        for name, mode in modes.items():
            mean, std = imagenet if index % 2 == 0 else ([0.5] * 3, [0.5] * 3)
            pipeline = transforms.Compose([
                transforms.Resize(resize, interpolation=mode), transforms.CenterCrop(crop), transforms.ToTensor()])
            image = Image.fromarray(noise(width, height, index + 1))
            tensor = pipeline(image)
            levels = (tensor.numpy() * 255).round().astype(numpy.uint8)
            values = transforms.Normalize(mean, std)(tensor).numpy().astype("<f4")
            rows.append({"width": width, "height": height, "seed": index + 1, "resize": resize, "crop": crop,
                         "interpolation": name, "half": index % 2 == 1,
                         "levels": hashlib.sha256(levels.tobytes()).hexdigest(),
                         "sum": float(values.astype(numpy.float64).sum()),
                         "first": [float(v) for v in values.reshape(-1)[:8]],
                         "floats": hashlib.sha256(values.tobytes()).hexdigest()})
    return rows


def main():
    warnings.simplefilter("ignore")
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*"):
        old.unlink()
    write_pictures()
    versions = {"pillow": PIL.__version__, "torchvision": torchvision.__version__, "numpy": numpy.__version__}
    golden = {"versions": versions, "decoded": decoded(), "preprocessed": preprocessed()}
    (OUT / "media.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
