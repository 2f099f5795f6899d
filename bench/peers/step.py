"""One training step in PyTorch, of VICReg or of the method that is named: the other side of the step benches.

Reads a configuration (JSON) from the first argument, then a number of steps from each line of its input, and answers each
with a line of JSON: the milliseconds of every step.
"""
import json
import resource
import sys
import time

import torch

import methods
import vicreg

configuration = json.loads(sys.argv[1])
torch.set_num_threads(configuration["threads"])
torch.manual_seed(1)
other = configuration.get("method")
model, optimizer = methods.build(other) if other else vicreg.build(configuration)
forward = torch.compile(model) if configuration["compiled"] else model
shape = (configuration["batch"], 3, configuration["size"], configuration["size"])
views = [torch.randn(shape).contiguous(memory_format=torch.channels_last) for _ in range(2)]


def step():
    began = time.perf_counter()
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=configuration["precision"] == "bfloat16"):
        loss = forward(*views)
    loss.backward()
    optimizer.step()
    if other:
        model.follow()
    return (time.perf_counter() - began) * 1000, loss.item()


print(json.dumps({"versions": {"torch": torch.__version__, "python": sys.version.split()[0]}}), flush=True)
for line in sys.stdin:
    taken = [step() for _ in range(int(line))]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer = {"milliseconds": [one for one, _ in taken], "loss": taken[-1][1], "peakMemoryBytes": memory}
    print(json.dumps(answer), flush=True)
