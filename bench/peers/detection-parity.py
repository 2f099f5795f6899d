"""A forward pass and one training step of a detector in PyTorch from a given state, and ROIAlign and suppression by themselves.

Each line of the input is a question as JSON, each line of the output its answer. `detector` names a folder: in it `in.json`
describes the tensors of `in.bin` (float32, one after the other), by the names and in the layout of the trainer's state. Of the
step it writes `out.bin`, the state after it in float32, and `exact.bin`, the same computed and written in float64.
"""
import json
import os
import sys

import numpy
import torch
from detectors import detectors
from torchvision.ops import nms, roi_align

torch.set_num_threads(2)


def turned(name, value, back=False):
    """A weight from the trainer's layout to PyTorch's."""
    if name.endswith("deconv/weight"):
        if back:
            return value.permute(0, 2, 3, 1).reshape(1, 1, len(value), -1)
        _, _, inputs, outputs = value.shape
        return value.reshape(inputs, 2, 2, outputs // 4).permute(0, 3, 1, 2)
    if value.ndim == 4:
        return value.permute(2, 3, 1, 0) if back else value.permute(3, 2, 0, 1)
    return value.T if value.ndim == 2 else value


def read(folder, description, dtype):
    values, tensors, at = numpy.fromfile(os.path.join(folder, "in.bin"), dtype=numpy.float32), {}, 0
    for tensor in description["tensors"]:
        size = int(numpy.prod(tensor["shape"], dtype=numpy.int64))
        tensors[tensor["name"]] = torch.from_numpy(values[at : at + size].copy()).to(dtype).reshape(tensor["shape"])
        at += size
    return tensors


def targets_of(tensors, with_masks):
    targets = []
    for picture, present in enumerate(tensors["batch/present"]):
        there = present > 0
        target = {"boxes": tensors["batch/boxes"][picture, there]}
        target["labels"] = tensors["batch/classes"][picture, there].long()
        if with_masks:
            target["masks"] = tensors["batch/masks"][picture, there]
        targets.append(target)
    return targets


def answer(folder, dtype, name):
    with open(os.path.join(folder, "in.json"), encoding="utf-8") as file:
        description = json.load(file)
    tensors, options = read(folder, description, dtype), description["options"]
    model = detectors[description["detector"]](options).to(dtype)
    state = {name: value for name, value in tensors.items() if not name.startswith(("optimizer/", "batch/"))}
    given = {name.replace("/", "."): turned(name, value) for name, value in state.items()}
    missing = model.load_state_dict(given, strict=False)
    assert not missing.unexpected_keys and all("num_batches" in name for name in missing.missing_keys), missing

    images = tensors["batch/images"].permute(0, 3, 1, 2).contiguous()
    sizes = [tuple(int(side) for side in size) for size in tensors["batch/sizes"]]
    model.eval()
    usual, every = model.find(images, sizes), model.find(images, sizes, 0.0, 1.0)
    model.train()
    draws = {name: tensors[f"batch/{name}"].float() for name in ("proposals", "regions", "objects")}
    terms = model(images, sizes, targets_of(tensors, "batch/masks" in tensors), draws)
    weight = options["proposalWeight"]
    loss = sum(value * (weight if term in ("objectness", "location") else 1) for term, value in terms.items())
    weights = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.SGD(weights, description["lr"], momentum=0.9, weight_decay=description["weightDecay"])
    loss.backward()
    optimizer.step()
    after = model.state_dict(keep_vars=True)
    with open(os.path.join(folder, name), "wb") as file:
        for tensor in description["tensors"]:
            path = tensor["name"].removeprefix("optimizer/momentum/")
            if path.startswith("batch/"):
                continue
            value = after[path.replace("/", ".")]
            if path != tensor["name"]:
                value = optimizer.state[value]["momentum_buffer"]
            turned(path, value.detach(), back=True).contiguous().numpy().tofile(file)
    found = [
        [{key: value.tolist() for key, value in one.items()} for one in pictures] for pictures in (usual, every)
    ]
    return {"loss": loss.item(), **{term: value.item() for term, value in terms.items()}}, found


def pool(question):
    features = torch.tensor(question["features"]).reshape(question["shape"]).permute(0, 3, 1, 2).contiguous()
    features.requires_grad_()
    boxes = list(torch.tensor(question["boxes"], dtype=torch.float32))
    pooled = roi_align(features, boxes, question["bins"], question["scale"], question["samples"], True)
    (pooled.permute(0, 2, 3, 1).flatten() * torch.tensor(question["dy"])).sum().backward()
    gradient = features.grad.permute(0, 2, 3, 1)
    return {"y": pooled.permute(0, 2, 3, 1).flatten().tolist(), "dx": gradient.flatten().tolist()}


def suppress(question):
    boxes, scores = (torch.tensor(question[name], dtype=torch.float32) for name in ("boxes", "scores"))
    return nms(boxes, scores, question["threshold"]).tolist()


for line in sys.stdin:
    asked = json.loads(line)
    if asked["kind"] == "pool":
        print(json.dumps(pool(asked)), flush=True)
    elif asked["kind"] == "suppress":
        print(json.dumps(suppress(asked)), flush=True)
    else:
        answer(asked["folder"], torch.float32, "out.bin")
        losses, detections = answer(asked["folder"], torch.float64, "exact.bin")
        print(json.dumps({"losses": losses, "usual": detections[0], "every": detections[1]}), flush=True)
