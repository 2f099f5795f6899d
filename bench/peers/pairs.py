"""Two views of each JPEG of a folder, by torchvision on PIL images."""
import os
import random

import torch

# Beside a torch for CPUs alone torchvision's compiled operations may not load. The transforms need none of them, but
# torchvision is not imported where these two are unknown.
if torch.version.cuda is None:
    # The library takes its operations back when it is collected.
    unloaded = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        unloaded.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision
from PIL import Image, ImageFilter, ImageOps
from torch.utils.data import Dataset
from torchvision.transforms import v2 as transforms
from torchvision.transforms.functional import InterpolationMode


class Blur:
    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=random.uniform(0.1, 2.0)))


class Solarize:
    def __call__(self, image):
        return ImageOps.solarize(image)


def view(options):
    steps = [
        transforms.RandomResizedCrop(options["size"], scale=options["cropArea"], interpolation=InterpolationMode.BICUBIC),
        transforms.RandomHorizontalFlip(p=0.5),
    ]
    if options["colour"]:
        steps += [
            transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
            transforms.RandomGrayscale(p=0.2),
            transforms.RandomApply([Blur()], p=options["blur"]),
            transforms.RandomApply([Solarize()], p=options["solarize"]),
        ]
    return transforms.Compose(
        [
            *steps,
            transforms.PILToTensor(),
            transforms.ToDtype(torch.float32, scale=True),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )


class Pairs(Dataset):
    """Decodes once for both views."""

    def __init__(self, folder, views):
        self.files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        self.views = [view(options) for options in views]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with Image.open(self.files[index]) as file:
            image = file.convert("RGB")
        return tuple(each(image) for each in self.views)


def batches(loader):
    """Epoch after epoch."""
    while True:
        yield from loader
