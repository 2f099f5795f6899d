"""One training step in PyTorch, of VICReg or of the method that is named: the other side of the step benches.

Reads a configuration (JSON) from the first argument, then a number of steps from each line of its input, and answers each
with a line of JSON: the milliseconds of every step. On a GPU ("device": "cuda") the images come from pinned memory in every
step, as in a training, and float32 is not computed in TensorFloat-32.
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
device = configuration.get("device", "cpu")
on_gpu = device != "cpu"
if on_gpu:
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
other = configuration.get("method")
model, optimizer = methods.build(other) if other else vicreg.build(configuration)
model = model.to(device)
forward = torch.compile(model) if configuration["compiled"] else model
shape = (configuration["batch"], 3, configuration["size"], configuration["size"])
views = [torch.randn(shape).contiguous(memory_format=torch.channels_last) for _ in range(2)]
if on_gpu:
    views = [view.pin_memory() for view in views]


def step():
    began = time.perf_counter()
    optimizer.zero_grad()
    shown = [view.to(device, non_blocking=True) for view in views] if on_gpu else views
    with torch.autocast(device, torch.bfloat16, enabled=configuration["precision"] == "bfloat16"):
        loss = forward(*shown)
    loss.backward()
    optimizer.step()
    if other:
        model.follow()
    # Waits for the device.
    value = loss.item()
    if on_gpu:
        torch.cuda.synchronize()
    return (time.perf_counter() - began) * 1000, value


print(json.dumps({"versions": {"torch": torch.__version__, "python": sys.version.split()[0]}}), flush=True)
for line in sys.stdin:
    taken = [step() for _ in range(int(line))]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer = {"milliseconds": [one for one, _ in taken], "loss": taken[-1][1], "peakMemoryBytes": memory}
    print(json.dumps(answer), flush=True)
