"""Faster R-CNN C4 and Mask R-CNN FPN as detectron2 defines them, from torchvision's parts: the other side of the detectors.

torchvision's own detectors differ from detectron2's: rounded anchors, smooth L1, the background class first, no boxes without
an area, a batch of regions filled up with nothing. Its operations, coding, matcher and residual blocks are the same, and are
used here. Names of modules are those of the trainer's state.
"""
import math

import compiled  # noqa: F401, before torchvision
import torch
from torch import nn
from torch.nn import functional
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.ops import batched_nms, box_area, box_iou, clip_boxes_to_image, roi_align

networks = {"resnet-18": (BasicBlock, (2, 2, 2, 2)), "resnet-50": (Bottleneck, (3, 4, 6, 3))}
RATIOS = (0.5, 1, 2)
ANCHORS_A_PICTURE, OF_OBJECTS = 256, 128
PROPOSAL_OVERLAP, FINDING_OVERLAP, LEAST_SCORE = 0.7, 0.5, 0.05


class Encoder(nn.Module):
    def __init__(self, network, width, frozen):
        super().__init__()
        block, depths = networks[network]
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        inputs, self.channels = width, []
        for stage, depth in enumerate(depths):
            planes, blocks = width * 2**stage, []
            outputs = planes * block.expansion
            for place in range(depth):
                stride = 2 if stage > 0 and place == 0 else 1
                shortcut = None
                if stride > 1 or inputs != outputs:
                    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
                blocks.append(block(inputs, planes, stride, shortcut))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            self.channels.append(outputs)
        self.norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)] if frozen else []
        for norm in self.norms:
            norm.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for norm in self.norms:
            norm.eval()
        return self

    def forward(self, x, last):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        outputs = []
        for stage in range(1, last):
            x = getattr(self, f"layer{stage}")(x)
            outputs.append(x)
        return outputs


class Pyramid(nn.Module):
    def __init__(self, inputs, channels, norm):
        super().__init__()
        for index, width in enumerate(inputs, 2):
            for name, from_, size in (("lateral", width, 1), ("output", channels, 3)):
                layer = nn.Conv2d(from_, channels, size, padding=size // 2, bias=not norm)
                if norm:
                    layer.norm = nn.BatchNorm2d(channels)
                setattr(self, f"fpn_{name}{index}", layer)

    def layer(self, name, x):
        layer = getattr(self, name)
        return layer.norm(layer(x)) if hasattr(layer, "norm") else layer(x)

    def forward(self, stages):
        levels, coarser = [], None
        for index in range(len(stages) + 1, 1, -1):
            joined = self.layer(f"fpn_lateral{index}", stages[index - 2])
            if coarser is not None:
                joined = joined + functional.interpolate(coarser, size=joined.shape[2:], mode="nearest")
            levels.insert(0, self.layer(f"fpn_output{index}", joined))
            coarser = joined
        return [*levels, functional.max_pool2d(levels[-1], 1, 2)]


def anchors_of(features, stride, sizes):
    """Not rounded, the first place at pixel (0, 0)."""
    place = []
    for size in sizes:
        for ratio in RATIOS:
            width = math.sqrt(size**2 / ratio)
            place.append([-width / 2, -width * ratio / 2, width / 2, width * ratio / 2])
    rows, columns = features.shape[2:]
    y, x = torch.meshgrid(torch.arange(rows) * stride, torch.arange(columns) * stride, indexing="ij")
    shifts = torch.stack([x, y, x, y], -1).reshape(-1, 1, 4)
    return (shifts + features.new_tensor(place)).reshape(-1, 4)


def sample(labels, order, count, most_positive):
    """Of labels 1 and 0 each those of the highest `order`, up to `most_positive` and `count` together."""

    def first(label, number):
        places = torch.where(labels == label)[0]
        return places[torch.sort(order[places] + 1, descending=True, stable=True).indices[:number]]

    positive = first(1, most_positive)
    return positive, first(0, count - len(positive))


class ProposalNetwork(nn.Module):
    def __init__(self, channels, sizes, strides):
        super().__init__()
        each = len(sizes[0]) * len(RATIOS)
        self.rpn_head = nn.ModuleDict(
            {
                "conv": nn.Conv2d(channels, channels, 3, padding=1),
                "objectness_logits": nn.Conv2d(channels, each, 1),
                "anchor_deltas": nn.Conv2d(channels, 4 * each, 1),
            }
        )
        self.sizes, self.strides, self.coder = sizes, strides, BoxCoder((1.0, 1.0, 1.0, 1.0))
        self.matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)

    def forward(self, levels):
        """Anchors [a, 4], scores [n, a] and deltas [n, a, 4] of each level."""
        predictions = []
        for features, stride, sizes in zip(levels, self.strides, self.sizes):
            n = len(features)
            shared = functional.relu(self.rpn_head["conv"](features))
            scores = self.rpn_head["objectness_logits"](shared).permute(0, 2, 3, 1).reshape(n, -1)
            deltas = self.rpn_head["anchor_deltas"](shared).permute(0, 2, 3, 1).reshape(n, -1, 4)
            predictions.append((anchors_of(features, stride, sizes), scores, deltas))
        return predictions

    @torch.no_grad()
    def propose(self, predictions, sizes, before, after):
        found = []
        for picture, size in enumerate(sizes):
            boxes, scores, levels = [], [], []
            for level, (anchors, score, delta) in enumerate(predictions):
                top, places = score[picture].topk(min(before, len(anchors)))
                boxes.append(self.coder.decode_single(delta[picture, places], anchors[places]))
                scores.append(top)
                levels.append(torch.full_like(places, level))
            boxes, scores, levels = clip_boxes_to_image(torch.cat(boxes), size), torch.cat(scores), torch.cat(levels)
            real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
            boxes, scores, levels = boxes[real], scores[real], levels[real]
            found.append(boxes[batched_nms(boxes, scores, levels, PROPOSAL_OVERLAP)[:after]])
        return found

    def losses(self, predictions, sizes, targets, order):
        anchors = torch.cat([part for part, _, _ in predictions])
        scores = torch.cat([part for _, part, _ in predictions], 1)
        deltas = torch.cat([part for _, _, part in predictions], 1)
        x, y = (anchors[:, 0] + anchors[:, 2]) / 2, (anchors[:, 1] + anchors[:, 3]) / 2
        objectness, location = 0, 0
        for picture, (target, (height, width)) in enumerate(zip(targets, sizes)):
            matches = self.matcher(box_iou(target["boxes"], anchors))
            # The matcher's -1 is no object, -2 in between. Anchors beyond a picture, on the rest of the canvas, are not used.
            labels = matches.clamp(max=0) + 1
            labels[(x >= width) | (y >= height)] = -1
            positive, negative = sample(labels, order[picture], ANCHORS_A_PICTURE, OF_OBJECTS)
            drawn = torch.cat([positive, negative])
            objectness = objectness + functional.binary_cross_entropy_with_logits(
                scores[picture, drawn], labels[drawn].to(scores.dtype), reduction="sum"
            )
            wanted = self.coder.encode_single(target["boxes"][matches[positive]], anchors[positive])
            location = location + functional.l1_loss(deltas[picture, positive], wanted, reduction="sum")
        share = ANCHORS_A_PICTURE * len(sizes)
        return {"objectness": objectness / share, "location": location / share}


class Classifier(nn.Module):
    """Scores of the classes, the last of no object, and deltas for each class."""

    def __init__(self, width, classes):
        super().__init__()
        self.classes, self.coder = classes, BoxCoder((10.0, 10.0, 5.0, 5.0))
        self.cls_score, self.bbox_pred = nn.Linear(width, classes + 1), nn.Linear(width, 4 * classes)

    def forward(self, x):
        return self.cls_score(x), self.bbox_pred(x)

    def losses(self, scores, deltas, regions):
        labels = torch.cat([region["labels"] for region in regions])
        boxes, objects = (torch.cat([region[name] for region in regions]) for name in ("boxes", "objects"))
        [positive] = torch.where(labels < self.classes)
        own = deltas.reshape(len(labels), self.classes, 4)[positive, labels[positive]]
        wanted = self.coder.encode_single(objects[positive], boxes[positive])
        return {
            "classes": functional.cross_entropy(scores, labels),
            "boxes": functional.l1_loss(own, wanted, reduction="sum") / len(labels),
        }

    def find(self, scores, deltas, proposals, sizes, least, overlap, most):
        counts = [len(boxes) for boxes in proposals]
        decoded = self.coder.decode_single(deltas, torch.cat(proposals)).reshape(-1, self.classes, 4).split(counts)
        found = []
        for boxes, chances, size in zip(decoded, scores.softmax(1)[:, :-1].split(counts), sizes):
            boxes = clip_boxes_to_image(boxes, size)
            region, labels = torch.where(chances > least)
            boxes, chances = boxes[region, labels], chances[region, labels]
            kept = batched_nms(boxes, chances, labels, overlap)[:most]
            found.append({"boxes": boxes[kept], "scores": chances[kept], "classes": labels[kept]})
        return found


class MaskHead(nn.Module):
    def __init__(self, channels, classes, width):
        super().__init__()
        for index in range(1, 5):
            setattr(self, f"mask_fcn{index}", nn.Conv2d(channels if index == 1 else width, width, 3, padding=1))
        self.deconv, self.predictor = nn.ConvTranspose2d(width, width, 2, 2), nn.Conv2d(width, classes, 1)

    def forward(self, x):
        for index in range(1, 5):
            x = functional.relu(getattr(self, f"mask_fcn{index}")(x))
        return self.predictor(functional.relu(self.deconv(x)))

    def loss(self, logits, boxes, masks, labels):
        """`masks`: of each region the whole mask of its object."""
        places = torch.arange(len(boxes), dtype=boxes.dtype)[:, None]
        truths = roi_align(masks[:, None], torch.cat([places, boxes], 1), logits.shape[2], 1.0, 0, True)[:, 0] >= 0.5
        own = logits[torch.arange(len(boxes)), labels]
        return functional.binary_cross_entropy_with_logits(own, truths.to(own.dtype))


class Detector(nn.Module):
    """What both have in common. Options: network, width, frozen, classes, sizes, regions, proposals (before and
    after, when learning and when finding), findings."""

    def __init__(self, options):
        super().__init__()
        self.options, self.classes = options, options["classes"]
        self.encoder = Encoder(options["network"], options["width"], options["frozen"])
        self.matcher = Matcher(0.5, 0.5, allow_low_quality_matches=False)

    def sampled(self, proposals, targets, draws):
        regions, count = [], self.options["regions"]
        for own, target, *orders in zip(proposals, targets, draws["regions"], draws["objects"]):
            objects = target["boxes"]
            boxes = torch.cat([own, objects])
            matches = self.matcher(box_iou(objects, boxes))
            order = torch.cat([orders[0][: len(own)], orders[1][: len(objects)]])
            positive, negative = sample(matches.clamp(max=0) + 1, order, count, count // 4)
            drawn, object_ = torch.cat([positive, negative]), matches[positive]
            none = torch.full_like(negative, self.classes)
            region = {"boxes": boxes[drawn], "labels": torch.cat([target["labels"][object_], none])}
            region["objects"] = torch.cat([objects[object_], boxes[negative]])
            if "masks" in target:
                region["masks"] = target["masks"][object_]
            regions.append(region)
        return regions

    def forward(self, images, sizes, targets, draws):
        """The terms of the loss. `draws`: orders of anchors, of proposals (`regions`) and of objects, of each picture."""
        levels = self.levels(images)
        predictions = self.proposal_generator(levels)
        proposals = self.proposal_generator.propose(predictions, sizes, *self.options["proposals"]["training"])
        regions = self.sampled(proposals, targets, draws)
        boxes = [region["boxes"] for region in regions]
        classifier = self.roi_heads["box_predictor"]
        terms = self.proposal_generator.losses(predictions, sizes, targets, draws["proposals"])
        terms.update(classifier.losses(*classifier(self.features(levels, boxes)), regions))
        if "mask_head" in self.roi_heads:
            counts = [int((region["labels"] < self.classes).sum()) for region in regions]
            positive = [box[:count] for box, count in zip(boxes, counts)]
            labels = [region["labels"][:count] for region, count in zip(regions, counts)]
            logits = self.roi_heads["mask_head"](self.pooled(levels, positive, 14))
            masks = torch.cat([region["masks"] for region in regions])
            terms["masks"] = self.roi_heads["mask_head"].loss(logits, torch.cat(positive), masks, torch.cat(labels))
        return terms

    @torch.no_grad()
    def find(self, images, sizes, least=LEAST_SCORE, overlap=FINDING_OVERLAP):
        levels = self.levels(images)
        predictions = self.proposal_generator(levels)
        proposals = self.proposal_generator.propose(predictions, sizes, *self.options["proposals"]["finding"])
        classifier = self.roi_heads["box_predictor"]
        scored = classifier(self.features(levels, proposals))
        found = classifier.find(*scored, proposals, sizes, least, overlap, self.options["findings"])
        if "mask_head" in self.roi_heads:
            boxes, counts = [one["boxes"] for one in found], [len(one["boxes"]) for one in found]
            logits = self.roi_heads["mask_head"](self.pooled(levels, boxes, 14))
            own = logits[torch.arange(len(logits)), torch.cat([one["classes"] for one in found])].sigmoid()
            for one, masks in zip(found, own.split(counts)):
                one["masks"] = masks
        return found


class FasterRcnnC4(Detector):
    def __init__(self, options):
        super().__init__(options)
        *_, res4, res5 = self.encoder.channels
        self.proposal_generator = ProposalNetwork(res4, [options["sizes"]], [16])
        res5_norm = nn.ModuleDict({"norm": nn.BatchNorm2d(res5)})
        self.roi_heads = nn.ModuleDict({"res5": res5_norm, "box_predictor": Classifier(res5, self.classes)})

    def levels(self, images):
        return self.encoder(images, 4)[2:]

    def features(self, levels, boxes):
        regions = self.encoder.layer4(roi_align(levels[0], boxes, 14, 1 / 16, 0, True))
        return self.roi_heads["res5"]["norm"](regions).mean((2, 3))


class MaskRcnnFpn(Detector):
    def __init__(self, options):
        super().__init__(options)
        channels, width = options["channels"], options["boxWidth"]
        self.backbone = Pyramid(self.encoder.channels, channels, options["norm"])
        self.proposal_generator = ProposalNetwork(channels, [[size] for size in options["sizes"]], [4, 8, 16, 32, 64])
        self.roi_heads = nn.ModuleDict(
            {
                "box_head": nn.ModuleDict({"fc1": nn.Linear(49 * channels, width), "fc2": nn.Linear(width, width)}),
                "box_predictor": Classifier(width, self.classes),
                "mask_head": MaskHead(channels, self.classes, options["maskWidth"]),
            }
        )

    def levels(self, images):
        return self.backbone(self.encoder(images, 5))

    def pooled(self, levels, boxes, bins):
        """Each box from the level of its size."""
        picture = torch.cat([torch.full_like(box[:, :1], number) for number, box in enumerate(boxes)])
        boxes = torch.cat(boxes)
        rows = torch.cat([picture, boxes], 1)
        own = torch.floor(4 + torch.log2(box_area(boxes).sqrt() / 224 + 1e-8)).clamp(2, 5) - 2
        result = levels[0].new_zeros(len(boxes), levels[0].shape[1], bins, bins)
        for level, features in enumerate(levels[:4]):
            [places] = torch.where(own == level)
            result = result.index_put((places,), roi_align(features, rows[places], bins, 1 / 2 ** (level + 2), 0, True))
        return result

    def features(self, levels, boxes):
        x = self.pooled(levels, boxes, 7).permute(0, 2, 3, 1).flatten(1)
        for layer in ("fc1", "fc2"):
            x = functional.relu(self.roi_heads["box_head"][layer](x))
        return x


detectors = {"detection-c4": FasterRcnnC4, "detection-fpn": MaskRcnnFpn}
