"""torchvision's networks beside ours: the other side of the weights test.

`make ARCHITECTURE FOLDER` writes a network with random weights and statistics as VICReg's official code keeps a checkpoint,
`checkpoint.pth` (the encoder below `module.backbone.`, a projector, an optimizer), and as torchvision does, `plain.pth`.
`take ARCHITECTURE FOLDER` loads `taken.pth`, weights only and strictly, in place of it. Both read `images.bin`, float32
[2, 3, 224, 224], and write the features of the network to `features.bin`.
"""
import os
import sys

import numpy
import torch
from torch import nn

from pairs import torchvision

task, architecture, folder = sys.argv[1:]
torch.manual_seed(7)
torch.set_num_threads(2)
network = getattr(torchvision.models, architecture)(zero_init_residual=False)
network.fc = nn.Identity()


def at(name):
    return os.path.join(folder, name)


if task == "make":
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            # As trained ones are: not all alike.
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
            nn.init.normal_(layer.running_mean, std=0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    torch.save(network.state_dict(), at("plain.pth"))
    projector = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))
    model = nn.ModuleDict({"module": nn.ModuleDict({"backbone": network, "projector": projector})})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    sum(parameter.sum() for parameter in model.parameters()).backward()
    optimizer.step()
    network.load_state_dict(torch.load(at("plain.pth"), weights_only=True))
    torch.save({"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, at("checkpoint.pth"))
else:
    network.load_state_dict(torch.load(at("taken.pth"), weights_only=True), strict=True)

images = torch.from_numpy(numpy.fromfile(at("images.bin"), dtype=numpy.float32).reshape(2, 3, 224, 224))
with torch.no_grad():
    network.eval()(images).numpy().tofile(at("features.bin"))
