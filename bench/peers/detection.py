"""A training step and a search of a detector in PyTorch with torchvision's operations: the other side of the detection bench.

Reads a configuration (JSON) from the first argument, then a number from each line of its input, and answers each with a line of
JSON: the milliseconds of that many training steps and of as many searches.
"""
import json
import resource
import sys
import time

import torch
from detectors import detectors
from torch import nn

configuration = json.loads(sys.argv[1])
options = configuration["options"]
torch.set_num_threads(configuration["threads"])
torch.manual_seed(1)


def start(model):
    """Initial weights as the trainer has them."""
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            if name.endswith(("objectness_logits", "anchor_deltas", "rpn_head.conv", "cls_score")):
                nn.init.normal_(module.weight, std=0.01)
            elif name.endswith(("bbox_pred", "mask_head.predictor")):
                nn.init.normal_(module.weight, std=0.001)
            else:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


model = detectors[configuration["detector"]](options)
start(model)
model = model.to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(model.parameters(), configuration["rate"], momentum=0.9, weight_decay=1e-4)
if configuration["compiled"]:
    # What has no shape that depends on values: the rest breaks every graph.
    parts = [model.encoder, model.proposal_generator.rpn_head["conv"], getattr(model, "backbone", None)]
    parts += [model.encoder.layer4] if configuration["detector"] == "detection-c4" else [model.roi_heads["mask_head"]]
    for part in parts:
        if part is not None:
            part.compile()

side, pictures = configuration["side"], configuration["pictures"]
images = torch.randn(pictures, 3, side, side).contiguous(memory_format=torch.channels_last)
sizes = [(side, side)] * pictures
targets = []
for boxes, labels in zip(configuration["boxes"], configuration["labels"]):
    target = {"boxes": torch.tensor(boxes, dtype=torch.float32), "labels": torch.tensor(labels)}
    if configuration["detector"] == "detection-fpn":
        target["masks"] = torch.zeros(len(boxes), side, side)
        for mask, (left, top, right, bottom) in zip(target["masks"], boxes):
            mask[top:bottom, left:right] = 1
    targets.append(target)
shapes = {"proposals": configuration["anchors"], "regions": options["proposals"]["training"][1], "objects": len(boxes)}


def step():
    began = time.perf_counter()
    optimizer.zero_grad()
    terms = model(images, sizes, targets, {name: torch.rand(pictures, count) for name, count in shapes.items()})
    loss = sum(terms.values())
    loss.backward()
    optimizer.step()
    return (time.perf_counter() - began) * 1000, loss.item()


def find():
    began = time.perf_counter()
    found = model.find(images, sizes)
    return (time.perf_counter() - began) * 1000, sum(len(one["boxes"]) for one in found)


print(json.dumps({"versions": {"torch": torch.__version__, "python": sys.version.split()[0]}}), flush=True)
for line in sys.stdin:
    model.train()
    steps = [step() for _ in range(int(line))]
    model.eval()
    finds = [find() for _ in range(int(line))]
    print(
        json.dumps(
            {
                "steps": [one for one, _ in steps],
                "finds": [one for one, _ in finds],
                "loss": steps[-1][1],
                "found": finds[-1][1],
                "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        ),
        flush=True,
    )
