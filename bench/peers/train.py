"""VICReg pretraining in PyTorch from JPEG files: the other side of the train bench.

Reads a configuration (JSON) from the first argument, then a number of steps from each line of its input, and answers each
with a line of JSON: the pairs trained on and the seconds they took.
"""
import json
import sys
import time

import PIL
import torch
from torch.utils.data import DataLoader

from pairs import Pairs, Photographs, batches, torchvision
from vicreg import build

configuration = json.loads(sys.argv[1])
torch.set_num_threads(configuration["threads"])
torch.manual_seed(1)
data = Pairs(Photographs(configuration["folder"]), configuration)
options = {"batch_size": configuration["batch"], "shuffle": True, "drop_last": True, "persistent_workers": True}
source = batches(DataLoader(data, num_workers=configuration["workers"], **options))
# The workers are forked here, before anything has computed.
next(source)
model, optimizer = build(configuration)
forward = torch.compile(model) if configuration["compiled"] else model


def step():
    views = [view.contiguous(memory_format=torch.channels_last) for view in next(source)]
    optimizer.zero_grad()
    forward(*views).backward()
    optimizer.step()
    return len(views[0])


versions = {"torchvision": torchvision.__version__, "pillow": PIL.__version__, "torch": torch.__version__}
print(json.dumps({"versions": versions}), flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    pairs = sum(step() for _ in range(int(line)))
    print(json.dumps({"pairs": pairs, "seconds": time.perf_counter() - began}), flush=True)
