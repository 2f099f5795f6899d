"""Pairs of views: the other side of the loader bench.

Reads a configuration (JSON) from the first argument, then a number of seconds from each line of its input, and answers
each with a line of JSON: pairs made, and the seconds of processor time they took. One process without workers, so that
its processor time is all there is to count.
"""
import json
import sys
import time

import PIL
import torch
from torch.utils.data import DataLoader

from pairs import Pairs, Photographs, batches, torchvision

configuration = json.loads(sys.argv[1])
torch.set_num_threads(1)
data = Pairs(Photographs(configuration["folder"]), configuration)
source = batches(DataLoader(data, batch_size=configuration["batch"], shuffle=True, num_workers=0))
next(source)
versions = {"torchvision": torchvision.__version__, "pillow": PIL.__version__, "torch": torch.__version__}
print(json.dumps({"versions": versions}), flush=True)
for line in sys.stdin:
    began, used, pairs = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < float(line):
        pairs += len(next(source)[0])
    print(json.dumps({"pairs": pairs, "processorSeconds": time.process_time() - used}), flush=True)
