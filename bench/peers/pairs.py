"""Two views of each picture, by torchvision on PIL images."""
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
    def __init__(self, sigma):
        self.sigma = sigma

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=random.uniform(*self.sigma)))


class Solarize:
    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, image):
        return ImageOps.solarize(image, self.threshold)


def view(options, normalization):
    """A view as a run's configuration describes it."""
    jitter = [options[name] for name in ("brightness", "contrast", "saturation", "hue")]
    # An operation that is never drawn is left out.
    drawn = [
        ("flip", transforms.RandomHorizontalFlip(p=1)),
        ("jitter", transforms.ColorJitter(*jitter)),
        ("grayscale", transforms.RandomGrayscale(p=1)),
        ("blur", Blur(options["blurSigma"])),
        ("solarize", Solarize(options["solarizeThreshold"])),
    ]
    size, mode = options["size"], InterpolationMode(options["interpolation"])
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(size, options["cropArea"], options["cropRatio"], mode),
            *(transforms.RandomApply([step], p=options[name]) for name, step in drawn if options[name] > 0),
            transforms.PILToTensor(),
            transforms.ToDtype(torch.float32, scale=True),
            transforms.Normalize(normalization["mean"], normalization["std"]),
        ]
    )


class Photographs:
    """JPEG files of a folder."""

    def __init__(self, folder):
        self.files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with Image.open(self.files[index]) as file:
            return file.convert("RGB")


class Pairs(Dataset):
    """Opens each picture once for both views."""

    def __init__(self, pictures, configuration):
        self.pictures = pictures
        self.views = [view(options, configuration["normalization"]) for options in configuration["views"]]

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        picture = self.pictures[index]
        return tuple(each(picture) for each in self.views)


def batches(loader):
    """Epoch after epoch."""
    while True:
        yield from loader
