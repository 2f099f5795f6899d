"""Writes golden.json: what Pillow does to small pictures, for augment.test.ts to be compared with.

    python3 -m pip install pillow==9.5.0 numpy && python3 make.py

Pillow 9.5 resizes horizontally first, always, as every version did when the papers were made; newer ones choose the order
by the shape, which moves single levels: resize.py.

Everything is PIL or numpy called as torchvision's functions on PIL images call them; nothing here is our own arithmetic.
"""

import base64
import io
import json
import pathlib

import numpy
import PIL
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

random = numpy.random.default_rng(20260101)


def text(array):
    return base64.b64encode(numpy.ascontiguousarray(array, dtype=numpy.uint8).tobytes()).decode()


def picture(image):
    array = numpy.asarray(image)
    channels = 1 if array.ndim == 2 else array.shape[2]
    return {"width": image.width, "height": image.height, "channels": channels, "pixels": text(array)}


def smooth(width, height, mode="RGB"):
    shape = (height // 4 + 2, width // 4 + 2, 3)
    noise = Image.fromarray(random.integers(0, 256, shape, dtype=numpy.uint8))
    return noise.resize((width, height), Image.BICUBIC).convert(mode)


def noisy(width, height, mode="RGB"):
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=numpy.uint8)).convert(mode)


def adjust_hue(image, turn):
    # torchvision/transforms/_functional_pil.py, adjust_hue
    if image.mode == "L":
        return image
    h, s, v = image.convert("HSV").split()
    array = numpy.array(h, dtype=numpy.uint8)
    with numpy.errstate(over="ignore"):
        array += numpy.array(turn * 255).astype("int64").astype("uint8")
    return Image.merge("HSV", (Image.fromarray(array, "L"), s, v)).convert("RGB")


sources = {
    "smooth": smooth(57, 43),
    "noisy": noisy(40, 31),
    "small": noisy(16, 13),
    "grey": smooth(28, 28, "L"),
    "tall": noisy(5, 70),
    "tiny": noisy(1, 1),
    # Colours that fill the cube coarsely.
    "cube": Image.fromarray(
        numpy.stack(numpy.meshgrid(*[numpy.arange(0, 256, 25)] * 3), -1).reshape(-1, 3).astype(numpy.uint8)[None]
    ),
}

cases = []


def case(name, source, result, **arguments):
    cases.append({"name": name, "source": source, "arguments": arguments, "expected": picture(result)})


filters = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
boxes = {
    "smooth": [(0, 0, 57, 43, 24), (5, 7, 30, 21, 24), (10, 3, 11, 13, 24), (1, 1, 24, 24, 24), (0, 0, 57, 43, 7)],
    "noisy": [(0, 0, 40, 31, 16), (3, 2, 37, 9, 20), (0, 0, 40, 31, 48)],
    "grey": [(0, 0, 28, 28, 28), (2, 3, 20, 22, 28), (1, 0, 17, 15, 28), (0, 0, 28, 28, 9)],
    "tall": [(0, 0, 5, 70, 16), (2, 10, 1, 33, 8)],
    "tiny": [(0, 0, 1, 1, 12)],
}
for source, list_of_boxes in boxes.items():
    for left, top, width, height, size in list_of_boxes:
        for filter_name, filter_number in filters.items():
            cropped = sources[source].crop((left, top, left + width, top + height))
            case(
                "crop-resize",
                source,
                cropped.resize((size, size), filter_number),
                left=left,
                top=top,
                width=width,
                height=height,
                size=size,
                interpolation=filter_name,
            )

for source in ("small", "grey", "cube"):
    image = sources[source]
    for factor in (0.0, 0.6, 0.8123456, 1.0, 1.25, 1.4, 1.7321):
        case("brightness", source, ImageEnhance.Brightness(image).enhance(factor), factor=factor)
        case("contrast", source, ImageEnhance.Contrast(image).enhance(factor), factor=factor)
        if image.mode == "RGB":
            case("saturation", source, ImageEnhance.Color(image).enhance(factor), factor=factor)
    if image.mode == "RGB":
        for turn in (-0.5, -0.1, -0.0371, 0.0, 0.05, 0.1, 0.4999):
            case("hue", source, adjust_hue(image, turn), turn=turn)
        grey = image.convert("L")
        case("grayscale", source, Image.merge("RGB", (grey, grey, grey)))
    case("solarize", source, ImageOps.solarize(image, threshold=128), threshold=128)
    case("solarize", source, ImageOps.solarize(image, threshold=60), threshold=60)

for source in ("small", "grey", "tall", "tiny"):
    for sigma in (0.1, 0.35, 0.5, 0.93, 1.0, 1.3717, 1.999, 5.0):
        case("blur", source, sources[source].filter(ImageFilter.GaussianBlur(radius=sigma)), sigma=sigma)


def evaluation(image, resize, crop, filter_number):
    # torchvision Resize(int) and CenterCrop on a PIL image
    width, height = image.size
    if resize is not None:
        short, long = (width, height) if width <= height else (height, width)
        new_short, new_long = resize, int(resize * long / short)
        width, height = (new_short, new_long) if width <= height else (new_long, new_short)
        image = image.resize((width, height), filter_number)
    top = int(round((height - crop) / 2.0))
    left = int(round((width - crop) / 2.0))
    return image.crop((left, top, left + crop, top + crop))


for source, resize, crop in (("smooth", 32, 28), ("smooth", 33, 28), ("noisy", 20, 9), ("grey", None, 28), ("tall", 8, 8)):
    for filter_name, filter_number in filters.items():
        result = evaluation(sources[source], resize, crop, filter_number)
        case("evaluation", source, result, resize=resize, crop=crop, interpolation=filter_name)


def squashed(image, resize, size, filter_number):
    # torchvision Resize(int) and Resize((size, size)) on a PIL image
    if resize is not None:
        width, height = image.size
        long = int(resize * max(width, height) / min(width, height))
        image = image.resize((resize, long) if width <= height else (long, resize), filter_number)
    return image.resize((size, size), filter_number)


for source, resize, crop in (("smooth", 32, 28), ("noisy", 20, 9), ("grey", None, 20), ("tall", 8, 12)):
    for filter_name, filter_number in filters.items():
        result = squashed(sources[source], resize, crop, filter_number)
        case("evaluation", source, result, resize=resize, crop=crop, interpolation=filter_name, fit="squash")


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def files():
    colour = sources["smooth"]
    grey = colour.convert("L")
    alpha = Image.fromarray(random.integers(0, 256, (colour.height, colour.width), dtype=numpy.uint8))
    key = Image.fromarray(random.integers(0, 160, (colour.height, colour.width), dtype=numpy.uint8))
    cmyk = colour.convert("CMYK")
    with_key = Image.merge("CMYK", (*cmyk.split()[:3], key))
    with_alpha = colour.copy()
    with_alpha.putalpha(alpha)
    exif = Image.Exif()
    exif[0x0112] = 6
    sixteen = Image.fromarray((numpy.arange(57 * 43).reshape(43, 57) * 3 % 700).astype(numpy.uint16))
    yield "plain.jpg", encoded(colour, "JPEG", quality=90)
    yield "coarse-420.jpg", encoded(colour, "JPEG", quality=40, subsampling=2)
    yield "fine-444.jpg", encoded(colour, "JPEG", quality=95, subsampling=0)
    yield "progressive.jpg", encoded(colour, "JPEG", progressive=True)
    yield "grey.jpg", encoded(grey, "JPEG")
    yield "cmyk.jpg", encoded(cmyk, "JPEG", quality=90)
    yield "cmyk-black.jpg", encoded(with_key, "JPEG", quality=90)
    yield "turned.jpg", encoded(colour, "JPEG", exif=exif)
    yield "plain.png", encoded(colour, "PNG")
    yield "grey.png", encoded(grey, "PNG")
    yield "bilevel.png", encoded(colour.convert("1"), "PNG")
    yield "alpha.png", encoded(with_alpha, "PNG")
    yield "grey-alpha.png", encoded(Image.merge("LA", (grey, alpha)), "PNG")
    yield "palette.png", encoded(colour.quantize(16), "PNG")
    yield "palette-alpha.png", encoded(colour.quantize(16), "PNG", transparency=3)
    yield "sixteen.png", encoded(sixteen, "PNG")


decodes = []
for name, data in files():
    image = Image.open(io.BytesIO(data)).convert("RGB")
    decodes.append({"name": name, "bytes": base64.b64encode(data).decode(), "expected": picture(image)})


# Whether PIL reads a JPEG cut short by so many bytes, or followed by junk (negative).
def reads(data):
    try:
        Image.open(io.BytesIO(data)).convert("RGB")
        return True
    except OSError:
        return False


whole = encoded(sources["smooth"], "JPEG", quality=90)
cuts = [
    {"cut": cut, "reads": reads(whole[:-cut] if cut > 0 else whole + b"junk" * -cut)}
    for cut in (-5, 1, 2, 3, 4, 20, len(whole) // 2, len(whole) - 40)
]

document = {
    "pillow": PIL.__version__,
    "sources": {name: picture(image) for name, image in sources.items()},
    "cases": cases,
    "decodes": decodes,
    "cuts": {"bytes": base64.b64encode(whole).decode(), "verdicts": cuts},
}
path = pathlib.Path(__file__).with_name("golden.json")
path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes,", len(cases), "cases,", len(decodes), "files")
