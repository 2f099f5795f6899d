"""torchvision's networks in the names of other programs: the other side of the nightly test of `resources/weights/zoo.md`.

`zoo.py FOLDER` reads `cases.json`, a list of {"file", "depth", "names": {torchvision's name: the program's}}, and
`images.bin`, float32 [2, 3, SIZE, SIZE]. Of every case it writes a network with random weights and statistics as
`torch.save` keeps such a checkpoint, the first word of the names as a dictionary of its own, and the features of its
images, `FILE.features`. Networks are an eighth as wide as torchvision's.
"""
import json
import os
import sys

import numpy
import torch
from torch import nn

from pairs import torchvision
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

folder = sys.argv[1]
torch.set_num_threads(2)
width = 8
networks = {18: (BasicBlock, [2, 2, 2, 2]), 50: (Bottleneck, [3, 4, 6, 3])}


class Narrow(ResNet):
    """torchvision's network but for its width and its classifier."""

    def __init__(self, block, depths):
        super().__init__(block, depths)
        self.inplanes = width
        self.conv1 = nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        for stage, depth in enumerate(depths):
            stride = 1 if stage == 0 else 2
            setattr(self, f"layer{stage + 1}", self._make_layer(block, width * 2**stage, depth, stride=stride))
        self.fc = nn.Identity()


def network(depth):
    torch.manual_seed(depth)
    made = Narrow(*networks[depth])
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            # As trained ones are: not all alike.
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
            nn.init.normal_(layer.running_mean, std=0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    return made.eval()


def at(name):
    return os.path.join(folder, name)


images = torch.from_numpy(numpy.fromfile(at("images.bin"), dtype=numpy.float32))
images = images.reshape(2, 3, int((images.numel() // 6) ** 0.5), -1)
made = {depth: network(depth) for depth in networks}
for case in json.load(open(at("cases.json"))):
    state = {}
    for name, values in made[case["depth"]].state_dict().items():
        first, _, rest = case["names"][name].partition(".")
        if rest.count(".") < 2:
            state[case["names"][name]] = values
        else:
            state.setdefault(first, {})[rest] = values
    torch.save({"epoch": 3, **state}, at(case["file"]))
    with torch.no_grad():
        made[case["depth"]](images).numpy().tofile(at(case["file"] + ".features"))
