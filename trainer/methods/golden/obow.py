"""Writes obow.json: three steps of OBoW as its official code takes them (valeoai/obow at 3758504: obow/builder_obow.py lines 160 to
199, 267 to 281, 344 to 430 and 501 to 560), and with the mean distance of the batch, an order of our own in the teacher's momentum
and a map of one place.

Both levels see the same map here. The teacher's is 5 x 5 places, so that one window of 3 x 3 is left for the word of an image.
"""

import math

import torch
import torch.nn.functional as F
from common import CHANNELS, FEATURES, ROWS, STEPS, Weights, backbone, encoder, fill, follow, images, perceptron, pooled, train, write

LEVELS = ["res4", "res5"]
DECAY = 0.99


def official(sides, words, alpha_base, inv_delta, kappa):
    weights = Weights()
    shapes = {"encoder/weight": (CHANNELS, FEATURES), "encoder/norm/weight": (FEATURES,), "encoder/norm/bias": (FEATURES,)}
    initial = {f"teacher/{name}": fill(name, shape).flatten().tolist() for name, shape in shapes.items()}
    for name, shape in shapes.items():
        weights.kept[f"teacher/{name}"] = fill(name, shape)
    embedding, pointer = {}, 0
    for level in LEVELS:
        initial[f"distance/{level}"] = [0.5]
        weights.kept[f"distance/{level}"] = torch.tensor([0.5])
        # The oldest words stand first there and last here.
        blocks = fill(f"vocabulary/{level}", (words, FEATURES)).clamp(min=0).split(ROWS)
        initial[f"vocabulary/{level}"] = torch.cat(blocks).flatten().tolist()
        embedding[level] = torch.cat(blocks[::-1])

    def update_teacher(step):
        scale = 0.5 * (1.0 + math.cos((math.pi * step) / STEPS))
        alpha = 1.0 - (1.0 - alpha_base) * scale
        if alpha >= 1.0:
            return
        with torch.no_grad():
            for name in shapes:
                teacher = weights.kept[f"teacher/{name}"]
                weights.kept[f"teacher/{name}"] = teacher * alpha + weights.trained[name].detach() * (1.0 - alpha)

    def bow_target(features, level):
        """features: [batch, channels, height, width]."""
        nonlocal pointer
        features = features[:, :, 1:-1, 1:-1].contiguous()
        embeddings_b = embedding[level].pow(2).sum(1)
        embeddings_w = -2 * embedding[level].unsqueeze(2).unsqueeze(3)
        dist = features.pow(2).sum(1, keepdim=True) + F.conv2d(features, weight=embeddings_w, bias=embeddings_b)
        mu_min_dist = torch.min(dist, dim=1)[0].mean()
        name = f"distance/{level}"
        weights.kept[name] = weights.kept[name] * DECAY + mu_min_dist * (1.0 - DECAY)
        selected = F.avg_pool2d(features, kernel_size=3, stride=1, padding=0).flatten(2)[:, :, 0]
        embedding[level][pointer : pointer + ROWS] = selected
        codes = F.softmax(-(inv_delta / weights.kept[name]) * dist, dim=1)
        bow = F.max_pool2d(codes, (codes.size(2), codes.size(3))).flatten(1)
        return F.normalize(bow, p=1, dim=1)

    def loss_of(step):
        nonlocal pointer
        dictionary = [embedding[level].clone() for level in LEVELS]
        kinds = list(dict.fromkeys(sides[1:]))
        features = []
        for side in kinds:
            crops = [images(view, step, side) for view in range(1, len(sides)) if sides[view] == side]
            # Image by image, as [batch, crops, ...] becomes [batch * crops, ...].
            features.append(pooled(backbone(weights, torch.stack(crops, 1).flatten(0, 1))))
        weight = []
        for level, words_of in zip(LEVELS, dictionary):
            made = perceptron(
                weights,
                f"generator/{level}",
                F.normalize(words_of, p=2, dim=1),
                [2 * FEATURES, FEATURES],
                hidden_bias=False,
                output_bias=True,
            )
            weight.append(F.normalize(made, p=2, dim=1).t())
        predictions = [[torch.mm(f * kappa, w) for w in weight] for f in features]
        with torch.no_grad():
            update_teacher(step)
            whole = backbone(weights, images(0, step, sides[0]), "teacher/encoder", kept=True).permute(0, 3, 1, 2)
            targets = [bow_target(whole, level) for level in LEVELS]
        pointer = (pointer + ROWS) % words
        losses = []
        for logits in predictions:
            of_levels = []
            for p, t in zip(logits, targets):
                crops = len(p) // ROWS
                t = t.unsqueeze(1).repeat(1, crops, 1).view(-1, words)
                of_levels.append(F.kl_div(F.log_softmax(p, dim=1), t, reduction="batchmean"))
            losses.append(torch.stack(of_levels).mean())
        return torch.stack(losses).sum()

    def after(step):
        if step < STEPS - 1:
            return
        update_teacher(STEPS)
        for level in LEVELS:
            # Newest first.
            blocks = embedding[level].split(ROWS)
            newest = pointer // ROWS - 1
            weights.kept[f"vocabulary/{level}"] = torch.cat([blocks[newest - age] for age in range(len(blocks))])

    options = {
        "words": words,
        "momentum": alpha_base,
        "inverseDelta": inv_delta,
        "kappa": kappa,
        "distanceDecay": DECAY,
        "positiveWords": True,
        "momentumAhead": True,
    }
    return {"options": options, "sides": sides, "initial": initial, **train(weights, loss_of, after)}


def bag(features, vocabulary, inverse_delta):
    """Of one place each, so there is no maximum over places."""
    distances = torch.cdist(features, vocabulary).pow(2)
    shares = torch.softmax(-inverse_delta * distances / distances.min(1).values.mean(), dim=1)
    return shares / shares.sum(1, keepdim=True)


def ours(views, words, momentum, inverse_delta, kappa):
    weights = Weights()
    features = None

    def loss_of(step):
        nonlocal features
        features = encoder(weights, images(0, step), "teacher/encoder", kept=True)
        crops = encoder(weights, torch.cat([images(view, step) for view in range(1, views)]))
        losses = []
        for level in LEVELS:
            vocabulary = weights.state(f"vocabulary/{level}", words, FEATURES)
            widths = [2 * FEATURES, FEATURES]
            made = perceptron(
                weights, f"generator/{level}", F.normalize(vocabulary, dim=1), widths, hidden_bias=False, output_bias=True
            )
            scores = kappa * crops @ F.normalize(made, dim=1).T
            target = bag(features, vocabulary, inverse_delta).repeat(views - 1, 1)
            losses.append(F.kl_div(F.log_softmax(scores, dim=1), target, reduction="batchmean"))
        return sum(losses) / len(LEVELS)

    def after(step):
        follow(weights, 1 - (1 - momentum) * (math.cos(math.pi * step / STEPS) + 1) / 2)
        for level in LEVELS:
            name = f"vocabulary/{level}"
            weights.kept[name] = torch.cat([features.detach(), weights.kept[name]])[:words]

    options = {"words": words, "momentum": momentum, "inverseDelta": inverse_delta, "kappa": kappa}
    return {"options": options, "views": views, **train(weights, loss_of, after)}


write(
    __file__,
    {
        "official code, two crops and three patches": official([5, 2, 2, 1, 1, 1], 48, 0.9, 4, 2),
        "official code, two crops, a small vocabulary": official([5, 1, 1], 32, 0.99, 15, 8),
        "the batch's own distance, two crops": ours(3, 20, 0.9, 4, 2),
        "the batch's own distance, three crops, a small vocabulary": ours(4, 12, 0.99, 15, 8),
    },
)
