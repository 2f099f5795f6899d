"""A pretraining run of VICReg on an IDX data set in PyTorch and torchvision: the other side of the convergence bench.

Reads from the first argument (JSON) the run's configuration with the number of `threads` and the folder to write to: the
encoder's tensors as `encoder.bin` (float32, one after the other) and their names and shapes as `encoder.json`, by the names
and in the layout of the trainer's state. Prints a line of JSON with its versions, then one with the last loss and the seconds.
"""
import gzip
import json
import math
import os
import sys
import time

import numpy
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

from pairs import Pairs, batches, torchvision
from vicreg import BasicBlock, Vicreg, encoder

configuration = json.loads(sys.argv[1])
run = configuration["run"]
torch.set_num_threads(configuration["threads"])
torch.manual_seed(run["seed"])


class Grey:
    """Images of an IDX file, gzipped."""

    def __init__(self, folder):
        with gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")) as file:
            count, height, width = numpy.frombuffer(file.read(16), dtype=">i4")[1:]
            self.pixels = numpy.frombuffer(file.read(), dtype=numpy.uint8).reshape(count, height, width)

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        return Image.fromarray(self.pixels[index])


def initialised(module):
    """As torchvision's residual networks begin."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return module


def rate(step, steps, steps_an_epoch):
    """Linear warm-up, then a half cosine."""
    options, peak = run["schedule"]["options"], run["optimizer"]["options"]["rate"]
    warmup = options["warmupEpochs"] * steps_an_epoch
    if step < warmup:
        return peak * step / warmup
    share = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
    return peak * share + options["finalFactor"] * peak * (1 - share)


def named_layers(layers):
    """The layers with tensors of a ResNet-18 with a small stem, by their paths."""
    yield "encoder/conv1", layers[0]
    yield "encoder/bn1", layers[1]
    blocks = [layer for layer in layers if isinstance(layer, BasicBlock)]
    for number, block in enumerate(blocks):
        path = f"encoder/layer{number // 2 + 1}/{number % 2}"
        for name in ("conv1", "bn1", "conv2", "bn2"):
            yield f"{path}/{name}", getattr(block, name)
        if isinstance(block.shortcut, nn.Sequential):
            for place, layer in enumerate(block.shortcut):
                yield f"{path}/downsample/{place}", layer


def write(layers, folder):
    listed = []
    with open(os.path.join(folder, "encoder.bin"), "wb") as file:
        for path, layer in named_layers(layers):
            for name, tensor in layer.state_dict().items():
                if name == "num_batches_tracked":
                    continue
                tensor = tensor.permute(2, 3, 1, 0) if tensor.ndim == 4 else tensor
                tensor.contiguous().numpy().tofile(file)
                listed.append({"name": f"{path}/{name}", "shape": list(tensor.shape)})
    with open(os.path.join(folder, "encoder.json"), "w", encoding="utf-8") as file:
        json.dump(listed, file)


options, expander = run["encoders"][0]["options"], run["method"]["options"]["expander"]
backbone, outputs = encoder(BasicBlock, [2, 2, 2, 2], options["width"], True, 1, options["stemStride"])
model = initialised(Vicreg(backbone, outputs, expander)).to(memory_format=torch.channels_last)
chosen = run["optimizer"]["options"]
optimizer = torch.optim.AdamW(
    model.parameters(),
    betas=(chosen["beta1"], chosen["beta2"]),
    eps=chosen["epsilon"],
    weight_decay=chosen["weightDecay"],
)
data = Pairs(Grey(run["data"]["path"]), run)
loader = DataLoader(data, batch_size=run["batch"], shuffle=True, drop_last=True, num_workers=1, persistent_workers=True)
steps = round(run["epochs"] * len(loader))
versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
print(json.dumps({"versions": versions}), flush=True)

began = time.perf_counter()
for step, views in zip(range(steps), batches(loader)):
    for group in optimizer.param_groups:
        group["lr"] = rate(step, steps, len(loader))
    optimizer.zero_grad()
    loss = model(*(view.contiguous(memory_format=torch.channels_last) for view in views))
    loss.backward()
    optimizer.step()
write(backbone, configuration["folder"])
print(json.dumps({"loss": loss.item(), "seconds": time.perf_counter() - began}), flush=True)
