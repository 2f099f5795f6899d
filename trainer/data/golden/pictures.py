"""Writes pictures.json: files of every picture format that is read, and what Pillow makes of each.

    python3 -m pip install pillow==13.0.0 numpy && python3 pictures.py

`python3 pictures.py SEED FILE` draws other pictures and writes them to FILE, for pictures.nightly.test.ts.

What Pillow cannot write is put together here byte by byte; what is expected is always what Pillow reads.
"""

import base64
import hashlib
import io
import json
import pathlib
import struct
import sys
import zlib

import numpy
import PIL
from PIL import Image

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20261129
target = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).with_name("pictures.json")
random = numpy.random.default_rng(seed)
# Odd sides, so that rows are padded and blocks are cut.
width, height = (13, 9) if len(sys.argv) < 2 else (int(random.integers(1, 70)), int(random.integers(1, 60)))


def bytes_of(array):
    return numpy.ascontiguousarray(array).tobytes()


def smooth(channels, top=255):
    coarse = random.integers(0, 256, (height // 4 + 2, width // 4 + 2, 3), dtype=numpy.uint8)
    array = numpy.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC)).astype(int)
    array = numpy.concatenate([array, random.integers(0, 256, (height, width, 3))], -1)[..., :channels]
    return numpy.clip(array * top // 255, 0, top)


def eight(channels):
    return smooth(channels).astype(numpy.uint8)


colour = Image.fromarray(eight(3))
grey = Image.fromarray(eight(1)[..., 0])
colour_alpha = Image.fromarray(eight(4))
grey_alpha = Image.merge("LA", (grey, Image.fromarray(eight(4)[..., 3])))
cmyk = Image.frombytes("CMYK", (width, height), bytes_of(eight(4)))
palette = colour.quantize(37)


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def packed_rows(values, bits, align=1):
    """Rows of values below 2**bits, the first in the high bits, each row padded to `align` bytes."""
    rows = []
    for row in values:
        spread = numpy.unpackbits(row[:, None].astype(numpy.uint8), axis=1)[:, 8 - bits :].reshape(-1)
        row = numpy.packbits(spread).tobytes()
        rows.append(row + bytes(-len(row) % align))
    return rows


# BMP


def bmp(rows, bits, compression=0, header=40, colours=(), masks=b"", top_down=False, used=0):
    if header == 12:
        dib = struct.pack("<IHHHH", 12, width, height, 1, bits)
        table = b"".join(bytes(entry[::-1]) for entry in colours)
    else:
        data_size = sum(map(len, rows))
        dib = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, compression, data_size, 0, 0, used, 0)
        dib = struct.pack("<I", header) + dib[4:]
        if header > 40:
            dib = (dib + masks).ljust(header, b"\0")
            masks = b""
        table = masks + b"".join(bytes(entry[::-1]) + b"\0" for entry in colours)
    data = b"".join(rows if top_down else rows[::-1])
    offset = 14 + len(dib) + len(table)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + dib + table + data


def table_of(count):
    return [tuple(int(level) for level in entry) for entry in random.integers(0, 256, (count, 3))]


def rle(values, four):
    """Runs, absolute stretches, ends of lines and one jump."""
    out = b""
    for y, row in enumerate(values[::-1]):
        x = 0
        while x < width:
            run = 1
            while x + run < width and run < 255 and row[x + run] == row[x]:
                run += 1
            left = min(width - x, 5)
            if run >= 2 or left < 3:
                value = int(row[x])
                out += bytes([run, value << 4 | value if four else value])
                x += run
                continue
            part = [int(value) for value in row[x : x + left]]
            data = bytes(part)
            if four:
                part.append(0)
                data = bytes(part[i] << 4 | part[i + 1] for i in range(0, left, 2))
            out += bytes([0, left]) + data + bytes(len(data) % 2)
            x += left
        out += b"\0\0"
    return [out + b"\0\1"]


def bitmaps():
    yield "bmp-24", saved(colour, "BMP")
    yield "bmp-grey", saved(grey, "BMP")
    yield "bmp-palette", saved(palette, "BMP")
    yield "bmp-one-bit", saved(grey.convert("1"), "BMP")
    yield "bmp-alpha", saved(colour_alpha, "BMP")
    top = bytes_of(eight(3)[..., ::-1])
    rows = [top[3 * width * y : 3 * width * (y + 1)] + bytes(-3 * width % 4) for y in range(height)]
    yield "bmp-24-top-down", bmp(rows, 24, top_down=True)
    yield "bmp-24-os2", bmp(rows, 24, header=12)
    yield "bmp-24-os2-second", bmp(rows, 24, header=64)
    yield "bmp-24-v5", bmp(rows, 24, header=124)
    for bits in (1, 4, 8):
        values = random.integers(0, 1 << bits, (height, width))
        rows = packed_rows(values, bits, 4)
        yield f"bmp-{bits}-palette", bmp(rows, bits, colours=table_of(1 << bits))
        if bits < 8:
            yield f"bmp-{bits}-os2", bmp(rows, bits, header=12, colours=table_of(1 << bits))
    black_white = [(0, 0, 0), (255, 255, 255)]
    yield "bmp-1-inverted", bmp(packed_rows(random.integers(0, 2, (height, width)), 1, 4), 1, colours=black_white[::-1])
    yield "bmp-8-few-colours", bmp(packed_rows(random.integers(0, 5, (height, width)), 8, 4), 8, colours=table_of(5), used=5)
    yield "bmp-8-beyond-palette", bmp(packed_rows(random.integers(0, 9, (height, width)), 8, 4), 8, colours=table_of(5), used=5)
    grey_four = [(level, level, level) for level in range(16)]
    yield "bmp-4-grey", bmp(packed_rows(random.integers(0, 16, (height, width)), 4, 4), 4, colours=grey_four)
    runs = numpy.repeat(random.integers(0, 256, (height, width)), random.integers(1, 6, width), axis=1)[:, :width]
    yield "bmp-rle8", bmp(rle(runs, False), 8, 1, colours=table_of(256))
    yield "bmp-rle4", bmp(rle(runs % 16, True), 4, 2, colours=table_of(16))
    # A jump, a run that is longer than its row, rows that end early.
    jumps = [bytes([1, 7, 0, 2, 0, 1, 200, 9]) + bytes([0, 0, 200, 3]) * height]
    yield "bmp-rle8-jumps", bmp(jumps, 8, 1, colours=table_of(256))
    words = [bytes_of(row) + bytes(-2 * width % 4) for row in random.integers(0, 1 << 16, (height, width)).astype("<u2")]
    yield "bmp-16", bmp(words, 16)
    yield "bmp-565", bmp(words, 16, 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    yield "bmp-555", bmp(words, 16, 3, masks=struct.pack("<III", 0x7C00, 0x3E0, 0x1F))
    yield "bmp-444", bmp(words, 16, 3, masks=struct.pack("<III", 0xF00, 0xF0, 0xF))
    longs = [bytes_of(row) for row in random.integers(0, 1 << 32, (height, width), dtype=numpy.uint64).astype("<u4")]
    yield "bmp-32", bmp(longs, 32)
    for masks in ((0xFF0000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0), (0xFF000000, 0xFF00, 0xFF, 0)):
        yield f"bmp-32-masks-{masks[0]:x}-{masks[1]:x}", bmp(longs, 32, 3, masks=struct.pack("<III", *masks[:3]))
    for masks in (
        (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
        (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
        (0xFF000000, 0xFF00, 0xFF, 0xFF0000),
        (0, 0, 0, 0),
    ):
        name = f"bmp-32-v4-{masks[0]:x}-{masks[3]:x}"
        yield name, bmp(longs, 32, 3, header=108, masks=struct.pack("<IIII", *masks))


# Netpbm


def portable():
    yield "ppm", saved(colour, "PPM")
    yield "pgm", saved(grey, "PPM")
    yield "pbm", saved(grey.convert("1"), "PPM")
    size = f"{width} {height}"

    def plain(magic, array, maximum):
        text = "\n".join(" ".join(str(value) for value in row.reshape(-1)) for row in array)
        return f"{magic}\n# a comment\n{size} # another\n{maximum}\n{text}\n".encode()

    for maximum in (1, 7, 100, 255, 256, 1000, 65535):
        yield f"p2-{maximum}", plain("P2", smooth(1, maximum), maximum)
        yield f"p3-{maximum}", plain("P3", smooth(3, maximum), maximum)
        order = ">u1" if maximum < 256 else ">u2"
        for magic, channels in (("P5", 1), ("P6", 3)):
            data = bytes_of(smooth(channels, maximum).astype(order))
            yield f"{magic.lower()}-{maximum}", f"{magic} {size}\r\n#x\n{maximum}\n".encode() + data
    bits = random.integers(0, 2, (height, width))
    yield "p1", f"P1\n{size}\n".encode() + b"".join(bytes(48 + row.astype(numpy.uint8)) + b"\n" for row in bits)
    yield "p1-comments", f"P1\n{size}\n".encode() + b" #z\n".join(bytes(48 + row.astype(numpy.uint8)) for row in bits)
    yield "p4", f"P4 {size}\n".encode() + b"".join(packed_rows(bits, 1))
    yield "p5-over", f"P5 {size} 100\n".encode() + bytes_of(eight(1))
    yield "p5-short", f"P5 {size} 255\n".encode() + bytes_of(eight(1))[:-1]
    yield "p6-long", f"P6 {size} 255\n".encode() + bytes_of(eight(3)) + b"more"


# GIF


def codes(values, bits):
    """LZW with a clear code so often that the width of the codes never grows."""
    clear, stream, count = 1 << bits, 0, 0
    size = bits + 1

    def put(code):
        nonlocal stream, count
        stream |= code << count
        count += size

    for at, value in enumerate(values):
        if at % (clear - 2) == 0:
            put(clear)
        put(int(value))
    put(clear + 1)
    data = stream.to_bytes((count + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    return bytes([bits]) + blocks + b"\0"


def gif(values, bits, overall=(), local=(), place=(0, 0), interlaced=False, transparent=None, background=0, screen=None):
    def flags(table):
        return 0x80 | (len(table).bit_length() - 2) if table else 0

    def flat(table):
        return b"".join(map(bytes, table))

    rows, columns = values.shape
    out = b"GIF89a" + struct.pack("<HHBBB", *(screen or (width, height)), flags(overall), background, 0) + flat(overall)
    if transparent is not None:
        out += bytes([33, 249, 4, 1, 0, 0, transparent, 0])
    out += b"," + struct.pack("<HHHHB", *place, columns, rows, flags(local) | (64 if interlaced else 0)) + flat(local)
    if interlaced:
        order = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, rows, step)]
        values = values[order]
    return out + codes(values.reshape(-1), bits) + b";"


def gifs():
    yield "gif", saved(colour, "GIF")
    yield "gif-grey", saved(grey, "GIF")
    yield "gif-animated", saved(colour, "GIF", save_all=True, append_images=[grey])
    yield "gif-transparent", saved(palette, "GIF", transparency=3)
    yield "gif-one-bit", saved(grey.convert("1"), "GIF")
    values = random.integers(0, 16, (height, width))
    yield "gif-interlaced", gif(values, 4, table_of(16), interlaced=True)
    yield "gif-local", gif(values, 4, table_of(16), table_of(16))
    yield "gif-local-only", gif(values, 4, local=table_of(16))
    yield "gif-without-palette", gif(values, 4)
    yield "gif-grey-palette", gif(values, 4, [(level, level, level) for level in range(16)])
    yield "gif-beyond-palette", gif(values, 4, table_of(8))
    yield "gif-grown-screen", gif(values, 4, table_of(16), screen=(max(1, width // 2), max(1, height // 2)))
    yield "gif-grown-by-place", gif(values, 4, table_of(16), place=(3, 2), transparent=4)
    part = values[: (height + 1) // 2, : (width + 1) // 2]
    yield "gif-part", gif(part, 4, table_of(16), place=(2, 1), screen=(width + 4, height + 4), background=5)
    yield "gif-part-transparent", gif(part, 4, table_of(16), place=(2, 1), screen=(width + 4, height + 4), transparent=6)
    yield "gif-part-local", gif(part, 4, table_of(16), table_of(16), place=(2, 1), screen=(width + 4, height + 4), background=5)
    many = Image.fromarray(random.integers(0, 200, (70, 70), dtype=numpy.uint8))
    yield "gif-full-table", saved(many, "GIF")


# WebP


def webps():
    yield "webp-lossy", saved(colour, "WEBP", quality=80)
    yield "webp-coarse", saved(colour, "WEBP", quality=10)
    yield "webp-lossless", saved(colour, "WEBP", lossless=True)
    yield "webp-grey", saved(grey, "WEBP", quality=80)
    yield "webp-lossy-alpha", saved(colour_alpha, "WEBP", quality=80)
    yield "webp-lossless-alpha", saved(colour_alpha, "WEBP", lossless=True)
    yield "webp-hidden-colour", saved(colour_alpha, "WEBP", lossless=True, exact=True)
    other = Image.fromarray(eight(3))
    yield "webp-animated", saved(colour, "WEBP", save_all=True, append_images=[other], duration=40)
    yield "webp-animated-alpha", saved(colour_alpha, "WEBP", save_all=True, append_images=[other], lossless=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "webp-turned", saved(colour, "WEBP", exif=exif)


# TIFF


def tiff(samples, bits, photometric, order="<", **tags):
    """`samples` is [height, width, channels]; deflate, tiles, planes, a predictor and other tags as asked for."""
    compression, tile, planes = tags.pop("compression", 1), tags.pop("tile", None), tags.pop("planes", False)
    predictor, form, extra = tags.pop("predictor", 1), tags.pop("form", 1), tags.pop("extra", ())
    samples = samples.reshape(height, width, -1)
    channels = samples.shape[-1]
    rows = tile or (tags.pop("rows", None) or height)
    columns = tile or width
    parts = []
    for plane in ([samples[..., c : c + 1] for c in range(channels)] if planes else [samples]):
        for y in range(0, height, rows):
            for x in range(0, width, columns):
                part = plane[y : y + rows, x : x + columns]
                if tile:
                    part = numpy.pad(part, ((0, rows - part.shape[0]), (0, columns - part.shape[1]), (0, 0)))
                if predictor == 2:
                    part = numpy.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], 1)
                flat = part.reshape(part.shape[0], -1)
                if bits < 8:
                    data = b"".join(packed_rows(flat, bits))
                else:
                    kind = {1: "u", 2: "i", 3: "f"}[form]
                    data = flat.astype(f"{'i8' if form < 3 else 'f8'}").astype(f"{order}{kind}{bits // 8}").tobytes()
                parts.append(zlib.compress(data) if compression in (8, 32946) else data)
    entries = {256: [width], 257: [height], 258: [bits] * channels, 259: [compression], 262: [photometric], 277: [channels]}
    entries[284] = [2 if planes else 1]
    if predictor != 1:
        entries[317] = [predictor]
    if form != 1:
        entries[339] = [form] * channels
    if extra:
        entries[338] = list(extra)
    if tile:
        entries[322], entries[323] = [tile], [tile]
    else:
        entries[278] = [rows]
    entries.update({int(tag): list(value) for tag, value in tags.get("more", {}).items()})
    offset = 8
    offsets = []
    for part in parts:
        offsets.append(offset)
        offset += len(part) + len(part) % 2
    entries[324 if tile else 273], entries[325 if tile else 279] = offsets, [len(part) for part in parts]
    directory = struct.pack(order + "H", len(entries))
    beyond = b""
    after = offset + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        values = entries[tag]
        long = tag in (273, 279, 324, 325)
        data = struct.pack(order + ("I" if long else "H") * len(values), *values)
        if len(data) > 4:
            data, beyond = struct.pack(order + "I", after + len(beyond)), beyond + data
        directory += struct.pack(order + "HHI", tag, 4 if long else 3, len(values)) + data.ljust(4, b"\0")
    body = b"".join(part + bytes(len(part) % 2) for part in parts)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", offset)
    return head + body + directory + bytes(4) + beyond


def tiffs():
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"):
        yield f"tiff-{compression}", saved(colour, "TIFF", compression=compression)
        yield f"tiff-grey-{compression}", saved(grey, "TIFF", compression=compression)
    for name in ("group3", "group4", "tiff_ccitt"):
        yield f"tiff-{name}", saved(grey.convert("1"), "TIFF", compression=name)
    yield "tiff-jpeg", saved(colour, "TIFF", compression="jpeg", quality=90)
    yield "tiff-jpeg-grey", saved(grey, "TIFF", compression="jpeg")
    yield "tiff-jpeg-cmyk", saved(cmyk, "TIFF", compression="jpeg")
    yield "tiff-one-bit", saved(grey.convert("1"), "TIFF")
    yield "tiff-palette", saved(palette, "TIFF")
    yield "tiff-cmyk", saved(cmyk, "TIFF")
    yield "tiff-cmyk-lzw", saved(cmyk, "TIFF", compression="tiff_lzw")
    yield "tiff-alpha", saved(colour_alpha, "TIFF")
    yield "tiff-grey-alpha", saved(grey_alpha, "TIFF")
    yield "tiff-two-pages", saved(colour, "TIFF", save_all=True, append_images=[grey])
    yield "tiff-lab", saved(colour.convert("LAB"), "TIFF")
    yield "tiff-ycbcr", saved(colour.convert("YCbCr"), "TIFF")
    yield "tiff-lzma", saved(colour, "TIFF", compression="lzma")
    yield "tiff-zstd", saved(colour, "TIFF", compression="zstd")
    yield "tiff-big", saved(colour, "TIFF", big_tiff=True)
    for name, order in (("little", "<"), ("big", ">")):
        def make(suffix, *arguments, **tags):
            return f"tiff-{name}-{suffix}", tiff(*arguments, order=order, **tags)

        yield make("rgb", smooth(3), 8, 2, rows=4)
        yield make("rgb-deflate", smooth(3), 8, 2, compression=8, rows=4)
        yield make("rgb-predictor", smooth(3), 8, 2, compression=8, predictor=2)
        yield make("tiled", smooth(3), 8, 2, tile=16)
        yield make("tiled-deflate", smooth(1), 8, 1, tile=16, compression=8)
        yield make("planes", smooth(3), 8, 2, planes=True, rows=5)
        yield make("planes-deflate", smooth(3), 8, 2, planes=True, compression=8)
        yield make("grey-16", smooth(1, 400), 16, 1)
        yield make("grey-16-deflate", smooth(1, 65535), 16, 1, compression=8)
        yield make("grey-16-predictor", smooth(1, 900), 16, 1, compression=8, predictor=2)
        yield make("grey-16-signed", smooth(1, 900) - 300, 16, 1, form=2)
        yield make("rgb-16", smooth(3, 65535), 16, 2)
        yield make("rgb-16-deflate", smooth(3, 65535), 16, 2, compression=8)
        yield make("rgb-16-alpha", smooth(4, 65535), 16, 2, extra=[2])
        yield make("cmyk-16", smooth(4, 65535), 16, 5)
        yield make("float", smooth(1) * 1.5 - 40.25, 32, 1, form=3)
        yield make("float-deflate", smooth(1) * 1.5 - 40.25, 32, 1, form=3, compression=8)
        yield make("long", smooth(1, 500), 32, 1)
        yield make("long-signed", smooth(1, 500) - 100, 32, 1, form=2)
    for bits in (1, 2, 4, 8):
        yield f"tiff-{bits}-white-is-zero", tiff(smooth(1, (1 << bits) - 1), bits, 0)
        yield f"tiff-{bits}-black-is-zero", tiff(smooth(1, (1 << bits) - 1), bits, 1)
        yield f"tiff-{bits}-deflate", tiff(smooth(1, (1 << bits) - 1), bits, 0, compression=8)
        table = random.integers(0, 65536, 3 << bits)
        yield f"tiff-{bits}-palette", tiff(smooth(1, (1 << bits) - 1), bits, 3, more={320: table})
        if bits < 8:
            packed = tiff(smooth(1, (1 << bits) - 1), bits, 3, compression=8, more={320: table})
            yield f"tiff-{bits}-palette-deflate", packed
    low = random.integers(0, 256, 768)
    yield "tiff-palette-of-bytes", tiff(smooth(1), 8, 3, more={320: low})
    yield "tiff-16-white-is-zero", tiff(smooth(1, 400), 16, 0)
    for extra in (0, 1, 2):
        yield f"tiff-rgb-extra-{extra}", tiff(smooth(4), 8, 2, extra=[extra])
        yield f"tiff-rgb-extra-{extra}-deflate", tiff(smooth(4), 8, 2, extra=[extra], compression=8)
        yield f"tiff-grey-extra-{extra}", tiff(smooth(2), 8, 1, extra=[extra])
    yield "tiff-cmyk-extra", tiff(smooth(5), 8, 5, extra=[0])
    yield "tiff-rgb-two-extra", tiff(smooth(5), 8, 2, extra=[0, 0])
    yield "tiff-rgb-alpha-unnamed", tiff(smooth(4), 8, 2)
    for orientation in range(1, 9):
        yield f"tiff-turned-{orientation}", tiff(smooth(3), 8, 2, more={274: [orientation]})
    yield "tiff-turned-deflate", tiff(smooth(3), 8, 2, compression=8, more={274: [6]})
    yield "tiff-bits-reversed", tiff(smooth(1, 1), 1, 1, more={266: [2]})
    yield "tiff-lab-deflate", tiff(smooth(3), 8, 8, compression=8)
    yield "tiff-12-bits", tiff(smooth(1), 8, 1, more={258: [12]})
    yield "tiff-64-bits", tiff(smooth(1) * 1.0, 64, 1, form=3)


# PNG and JPEG


def png(rows, depth, kind, interlaced=False):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def unfiltered(rows):
    return b"".join(b"\0" + bytes_of(row) for row in rows)


# Offsets and steps of the seven passes of an interlaced picture.
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def pngs():
    yield "png", saved(colour, "PNG")
    for top in (700, 65535):
        yield f"png-grey-16-{top}", saved(Image.fromarray(smooth(1, top).astype(numpy.uint16)[..., 0]), "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "png-turned", saved(colour, "PNG", exif=exif)
    hidden = eight(4)
    hidden[: height // 2] = (255, 0, 0, 0)
    yield "png-hidden-colour", saved(Image.fromarray(hidden), "PNG")
    few = colour.quantize(16)
    yield "png-palette-alpha", saved(few, "PNG", transparency=bytes(range(0, 256, 16)))
    yield "png-palette-transparent", saved(few, "PNG", transparency=3)
    yield "png-rgb-transparent", saved(colour, "PNG", transparency=colour.getpixel((0, 0)))
    yield "png-grey-transparent", saved(grey, "PNG", transparency=grey.getpixel((0, 0)))
    yield "png-grey-alpha", saved(grey_alpha, "PNG")
    yield "png-one-bit", saved(grey.convert("1"), "PNG")
    for colours in (2, 4):
        yield f"png-{colours}-colours", saved(colour.quantize(colours), "PNG")
    for depth in (2, 4):
        rows = packed_rows(smooth(1, (1 << depth) - 1), depth)
        yield f"png-grey-{depth}", png(b"".join(b"\0" + row for row in rows), depth, 0)
    for kind, channels in ((0, 1), (2, 3), (6, 4)):
        array = eight(channels)
        rows = b"".join(unfiltered(array[y::down, x::across]) for x, y, across, down in passes if array[y::down, x::across].size)
        yield f"png-interlaced-{channels}", png(rows, 8, kind, True)
    for kind, channels in ((2, 3), (4, 2), (6, 4)):
        yield f"png-16-bits-{channels}", png(unfiltered(smooth(channels, 65535).astype(">u2")), 16, kind)


def jpegs():
    yield "jpeg", saved(colour, "JPEG", quality=90)
    for orientation in (3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"jpeg-turned-{orientation}", saved(colour, "JPEG", exif=exif)
    adobe = saved(cmyk, "JPEG", quality=92)
    at = adobe.index(b"\xff\xee")
    yield "jpeg-cmyk", adobe
    yield "jpeg-cmyk-unmarked", adobe[:at] + adobe[at + 2 + int.from_bytes(adobe[at + 2 : at + 4], "big") :]
    yield "jpeg-ycck", adobe[: at + 15] + b"\2" + adobe[at + 16 :]
    plain = saved(colour, "JPEG")
    exif = b"Exif\0\0MM\0*\x7f\xff\xff\xf0"
    yield "jpeg-exif-beyond", plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    yield "jpeg-more-after", plain + b"more" * 50
    yield "jpeg-bad-profile", saved(colour, "JPEG", icc_profile=bytes(200))
    yield "jpeg-progressive", saved(colour, "JPEG", progressive=True)
    yield "jpeg-grey", saved(grey, "JPEG")
    for subsampling in (0, 1, 2):
        yield f"jpeg-subsampled-{subsampling}", saved(colour, "JPEG", subsampling=subsampling)
    yield "jpeg-rgb", saved(colour, "JPEG", keep_rgb=True)


# Compared level by level, not by their hash.
compared = ("tiff-rgb-extra-1", "tiff-rgb-extra-1-deflate")


def read(name, data):
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception:
        return None
    pixels = image.tobytes()
    return {
        "width": image.width,
        "height": image.height,
        "sha256": hashlib.sha256(pixels).hexdigest()[:24],
        "pixels": base64.b64encode(zlib.compress(pixels)).decode() if name in compared else None,
    }


cases = []
for family in (bitmaps, portable, gifs, webps, tiffs, pngs, jpegs):
    for name, data in family():
        packed = base64.b64encode(zlib.compress(data, 9)).decode()
        cases.append({"name": name, "deflated": packed, "expected": read(name, data)})
document = {"pillow": PIL.__version__, "seed": seed, "cases": cases}
target.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print(target, target.stat().st_size, "bytes,", len(cases), "files; Pillow does not read", [c["name"] for c in cases if not c["expected"]])
