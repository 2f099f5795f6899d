"""Writes checkpoints as people have them, each of a few kilobytes, and what PyTorch reads in them.

`python make.py FOLDER` writes the files and `expected.json`: for each file, the shape of each tensor by its name and the
SHA-256 of its values as float32, and the names that hold something other than weights. With `all`, also the files that
hold source text of the machine they are made on.
"""
import argparse
import collections
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import io
import json
import pathlib
import pickle
import random
import struct
import sys
import tarfile
import uuid
import warnings

import numpy
import torch
from torch import nn

warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(3)
expected = {}


def digest(tensor):
    values = tensor.detach().to(torch.float32).contiguous().numpy()
    return {"shape": list(tensor.shape), "sha256": hashlib.sha256(values.tobytes()).hexdigest()}


def note(name, tensors, passed=()):
    real = {key: value for key, value in tensors.items() if value.is_floating_point()}
    expected[name] = {"tensors": {key: digest(value) for key, value in real.items()}, "passedOver": sorted(passed)}


def save(name, value, tensors, passed=(), **how):
    torch.save(value, folder / name, **how)
    note(name, tensors, passed)


def small():
    net = nn.Sequential(collections.OrderedDict(conv1=nn.Conv2d(3, 2, 3, bias=False), bn1=nn.BatchNorm2d(2)))
    net.bn1.running_mean.normal_()
    net.register_buffer("left", torch.ones(1), persistent=False)
    return net


class Kind(enum.Enum):
    STUDENT = 1


class Slots:
    __slots__ = ("a", "held")


class Wide(dict):
    pass


class Words(list):
    pass


class Meter:
    """What a training script keeps, with a tensor in it."""

    def __init__(self):
        self.best = torch.full((2,), 0.5)
        self.again = self


class OldNames:
    """Pickles with the module names of NumPy 1."""

    __name__ = "pickle"

    def __getattr__(self, name):
        return getattr(pickle, name)

    class Pickler(pickle._Pickler):
        def save_global(self, value, name=None):
            if (getattr(value, "__module__", None) or "").startswith("numpy._core"):
                own = (name or value.__qualname__).encode()
                self.write(b"cnumpy.core.multiarray\n" + own + b"\n")
                self.memoize(value)
            else:
                super().save_global(value, name)


net = small()
state = net.state_dict()
slots = Slots()
slots.a, slots.held = 1, torch.ones(2)
wide = Wide(inner=torch.zeros(2))
wide.also = 3
words = Words(["a", torch.ones(1)])
with_state = nn.Parameter(torch.arange(3.0))
with_state.note = "kept"

objects = {
    "float64": numpy.float64(71.2), "bool": numpy.bool_(True), "str": numpy.str_("best"), "day": numpy.datetime64("2024-01-01"),
    "numpy_rng": numpy.random.RandomState(0).get_state(), "generator": numpy.random.default_rng(0), "python_rng": random.Random(0).getstate()[:1],
    "structured": numpy.zeros(2, [("a", "f4")]), "objects": numpy.array([None, "a"], object), "counts": numpy.arange(3, dtype=">f4"),
    "defaultdict": collections.defaultdict(list, a=[1]), "counter": collections.Counter("aab"), "set": {1, 2}, "frozen": frozenset([1]),
    "path": pathlib.PurePosixPath("data"), "slice": slice(0, 3), "complex": 1 + 2j, "bytearray": bytearray(b"abc"), "partial": functools.partial(print, 1),
    "timedelta": datetime.timedelta(seconds=5), "datetime": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), "decimal": decimal.Decimal("0.1"),
    "fraction": fractions.Fraction(1, 3), "uuid": uuid.UUID(int=5), "enum": Kind.STUDENT, "namespace": argparse.Namespace(lr=0.1), "range": range(3),
    "deque": collections.deque([1.0], maxlen=4), "dtype": torch.float16, "layout": torch.strided, "function": nn.functional.relu, "class": nn.Linear,
    "optimizer": torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1), "ellipsis": ..., "bigint": 1 << 80, "none": None, "text": "ä\n", "nan": float("nan"),
    "complex64": torch.zeros(3, dtype=torch.complex64), "float8": torch.zeros(3).to(torch.float8_e4m3fn), "uint16": torch.zeros(3, dtype=torch.uint16),
    "sparse": torch.eye(3).to_sparse(), "csr": torch.eye(3).to_sparse_csr(), "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    "untyped": torch.zeros(3).untyped_storage(), "meta": torch.zeros(3, device="meta"), "nested": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
}
# Those that are numbers, texts and collections of them, and no objects.
plain = {"bigint", "none", "text", "nan", "python_rng", "set", "frozen", "bytearray"}
# Those that hold tensors beside something else.
inside = {
    "meter": Meter(), "slots": slots, "wide": wide, "words": words, "with_state": with_state, "buffer": nn.Buffer(torch.ones(2)),
    "array": numpy.arange(4.0).reshape(2, 2).T, "half": numpy.float16([1, 2]),
}
tensors_inside = {
    "meter.best": inside["meter"].best, "slots.held": slots.held, "wide.inner": wide["inner"], "words.1": words[1], "with_state": with_state,
    "buffer": inside["buffer"], "array": torch.from_numpy(inside["array"]), "half": torch.from_numpy(inside["half"]),
}
group = objects["optimizer"].param_groups[0]["params"]
optimizer = {f"optimizer.param_groups.0.params.{at}": one for at, one in enumerate(group)}
everything = {**objects, **inside, "state_dict": state, ("a", "tuple"): 1}
found = {**{f"state_dict.{key}": value for key, value in state.items()}, **tensors_inside, **optimizer}
classes = {"meter", "slots", "wide", "words"}
for protocol in [2, 3, 4, 5] if "all" in sys.argv else [2, 4]:
    save(f"objects-{protocol}.pth", everything, found, (set(objects) - plain) | classes, pickle_protocol=protocol)
save("protocol-0.pth", {"state_dict": state}, {f"state_dict.{key}": value for key, value in state.items()}, pickle_protocol=0)
scalar = {"best": numpy.float64(1), **state}
save("numpy-1.pth", scalar, state, {"best"}, pickle_module=OldNames())

old = {"_use_new_zipfile_serialization": False}
flat = torch.randn(12)
views = {"whole": flat, "part": flat[2:8].view(2, 3), "turned": flat[:6].view(2, 3).t(), "half": torch.randn(3).half(), "count": torch.tensor(5)}
for protocol in [2, 4]:
    save(f"old-{protocol}.pth", {"model": views, "args": argparse.Namespace(lr=0.1)}, {f"model.{k}": v for k, v in views.items()}, {"args"}, pickle_protocol=protocol, **old)
save("views.pth", views, views)

parallel = nn.DataParallel(small())
save("module.pth", net, state)
save("module-parallel.pth", {"net": parallel, "epoch": 3}, {f"net.{key}": value for key, value in parallel.state_dict().items()})
if "all" in sys.argv:
    save("old-module.pth", net, state, **old)

scripted = torch.jit.trace(nn.Conv2d(3, 2, 3), torch.zeros(1, 3, 4, 4))
torch.jit.save(scripted, folder / "scripted.pt")
note("scripted.pt", scripted.state_dict(), {""})

if hasattr(torch.serialization, "set_crc32_options"):
    torch.serialization.set_crc32_options(False)
    save("no-checksums.pth", state, state)
    torch.serialization.set_crc32_options(True)

arrays = {"model": {key: value.numpy() for key, value in state.items()}, "matching_heuristics": True}
for protocol in range(6):
    (folder / f"arrays-{protocol}.pkl").write_bytes(pickle.dumps(arrays, protocol))
    note(f"arrays-{protocol}.pkl", {f"model.{key}": value for key, value in state.items()})
    (folder / f"tensors-{protocol}.pkl").write_bytes(pickle.dumps({"model": views}, protocol))
    note(f"tensors-{protocol}.pkl", {f"model.{key}": value for key, value in views.items()})

haiku = {"res_net50/~/initial_conv": {"w": numpy.zeros((1, 1, 3, 2), numpy.float32)}}
(folder / "haiku.pkl").write_bytes(pickle.dumps({"experiment_state": {"online_params": haiku}}))


def tar(name):
    """The form before PyTorch 0.2, which PyTorch still reads: two storages, one of them a view, three tensors."""
    dump = lambda value: pickle.dumps(value, 2)
    storages = dump(1) + dump((11, "cpu", torch.FloatStorage)) + struct.pack("<q", 12) + flat.numpy().tobytes() + dump([(12, 11, 6, 6)])
    tensors = dump(3)
    for key, storage, shape, strides, start in [(1, 11, [12], [1], 0), (2, 11, [2, 3], [1, 2], 1), (3, 12, [6], [1], 0)]:
        tensors += dump((key, storage, torch.FloatTensor)) + struct.pack("<ii", len(shape), 0)
        tensors += struct.pack(f"<{2 * len(shape) + 1}q", *shape, *strides, start)

    class Key:
        def __init__(self, key):
            self.key = key

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            return value.key if isinstance(value, Key) else None

    stream = io.BytesIO()
    Pickler(stream, 2).dump(collections.OrderedDict((name, Key(key)) for key, name in [("1", "whole"), ("2", "turned"), ("3", "part")]))
    with tarfile.open(folder / name, "w:", format=tarfile.PAX_FORMAT) as archive:
        for member, data in [("sys_info", dump({"little_endian": True})), ("pickle", stream.getvalue()), ("tensors", tensors), ("storages", storages)]:
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    note(name, torch.load(folder / name, weights_only=False))


tar("tar.pth")
(folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
