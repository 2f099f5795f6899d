"""Writes vision-transformers.json: names and features of small vision transformers, as the programs themselves have them.

    pip install torch==2.13.0 torchvision==0.28.0 timm==1.0.31 transformers==5.24.0 && python vision_transformers.py

timm, Hugging Face and torchvision build their own networks. DINO, iBOT, MoCo v3, MAE and DINOv2 have timm's blocks; what is
their own (positions, how these are resized, registers) is written here from their public definitions. Every tensor is made
by formula from its name in the file, so the file itself need not be kept.
"""

import math
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "nn" / "golden"))

import torch
import transformers as hugging_face
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer
from torch.nn import functional
from torchvision.models.vision_transformer import VisionTransformer as TorchvisionTransformer
from torchvision.models.vision_transformer import interpolate_embeddings

from formula import numbers
from written import write

PATCH, SIDE, WIDTH, DEPTH, HEADS, CHANNELS = 4, 4, 128, 2, 2, 3
# The size of the positions, a larger one, and one that is not square.
SIZES = [(16, 16), (24, 24), (12, 20)]


def value(name, shape):
    """The test makes the same."""
    scale = 0.1 if len(shape) > 1 else 0.5
    offset = 1.0 if len(shape) == 1 and name.endswith("weight") else 0.0
    return torch.tensor(numbers(name, math.prod(shape), scale), dtype=torch.float32).reshape(shape) + offset


def images(height, width):
    made = torch.tensor(numbers("x", height * width * CHANNELS, 1.0), dtype=torch.float32)
    return made.reshape(1, height, width, CHANNELS).permute(0, 3, 1, 2).double()


def made(shapes, fixed=None):
    """A state by formula; fixed positions are what they are."""
    return {
        name: fixed if fixed is not None and name.endswith("pos_embed") else value(name, shape)
        for name, shape in shapes.items()
    }


def shapes_of(state):
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def case(name, shapes, features, sizes=SIZES, **more):
    return {
        "name": name,
        **more,
        "tensors": [[one, list(shape)] for one, shape in shapes.items()],
        "features": [
            # The first 32 channels: each of them depends on all that is in the network.
            {"height": height, "width": width, "y": features(images(height, width))[0, :32].tolist()}
            for height, width in sizes
        ],
    }


def body(side=SIDE, **options):
    given = {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS, **options}
    return VisionTransformer(
        img_size=side * PATCH, patch_size=PATCH, num_classes=0, dynamic_img_size=True, **given
    ).double().eval()


def features_of(model, x):
    with torch.no_grad():
        return model.forward_head(model.forward_features(x), pre_logits=True)


# timm


def timm(name, **options):
    model = body(**options)
    shapes = shapes_of(model.state_dict())
    if name == "timm":
        shapes |= {"head.weight": (10, WIDTH), "head.bias": (10,)}
    state = made(shapes)
    model.load_state_dict({one: tensor for one, tensor in state.items() if not one.startswith("head.")})
    return case(name, shapes, lambda x: features_of(model, x))


# Programs with timm's blocks


def resized_by_scale(positions, rows, columns):
    side = math.isqrt(positions.shape[1])
    grid = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    factors = ((rows + 0.1) / side, (columns + 0.1) / side)
    grid = functional.interpolate(grid, scale_factor=factors, mode="bicubic")
    return grid.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)


def resized_by_size(positions, rows, columns, antialias=False):
    side = math.isqrt(positions.shape[1])
    grid = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False, antialias=antialias)
    return grid.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)


def last_blocks(model, x, count):
    """Tokens after each of the last blocks and the last norm, as DINO's eval_linear.py asks for them."""
    tokens = model._pos_embed(model.patch_embed(x))
    after = []
    with torch.no_grad():
        for block in model.blocks:
            tokens = block(tokens)
            after.append(model.norm(tokens))
    return after[-count:]


LAYERS = {
    "class-4": lambda model, x: torch.cat([tokens[:, 0] for tokens in last_blocks(model, x, 4)], dim=1),
    "class-patches": lambda model, x: torch.cat(
        [part for tokens in last_blocks(model, x, 1) for part in (tokens[:, 0], tokens[:, 1:].mean(1))], dim=1
    ),
}


def own_positions(name, prefix, resize, beside=(), others=(), fixed=None, rename=lambda one: one, **options):
    """`beside`: tensors of the network that are not used; `others`: prefixes of networks that are not taken."""
    plain = body(**options)
    width, registers = plain.embed_dim, 0 if plain.reg_token is None else plain.reg_token.shape[1]
    own = shapes_of(plain.state_dict())
    # Their class token has a position, whatever else there is.
    own["pos_embed"] = (1, 1 + SIDE**2, width)
    if registers:
        own["register_tokens"] = own.pop("reg_token")
    shapes = {prefix + rename(one): shape for one, shape in own.items()}
    for other in others:
        shapes = {other + rename(one): shape for one, shape in own.items()} | shapes
    shapes |= dict(beside)
    state = made(shapes, fixed)

    def features(x, layers=None):
        rows, columns = x.shape[2] // PATCH, x.shape[3] // PATCH
        given = {one: state[prefix + rename(one)] for one in own}
        positions = given.pop("pos_embed").double()
        patches = positions[:, 1:]
        if (rows, columns) != (SIDE, SIDE):
            patches = resize(patches, rows, columns)
        model = body(**{**options, "no_embed_class": True})
        if registers:
            given["reg_token"] = given.pop("register_tokens")
        given["cls_token"] = given["cls_token"].double() + positions[:, :1]
        given["pos_embed"] = torch.zeros(1, SIDE**2, width)
        model.load_state_dict(given)
        model._pos_embed = lambda tokens: torch.cat(
            [model.cls_token]
            + ([model.reg_token] if registers else [])
            + [tokens.reshape(1, rows * columns, width) + patches],
            dim=1,
        )
        return features_of(model, x) if layers is None else layers(model, x)

    more = {} if fixed is None else {"fixed": name}
    if name == "DINO":
        more["layers"] = {
            layer: features(images(*SIZES[1]), of)[0, ::8].tolist() for layer, of in LAYERS.items()
        }
    return case(name, shapes, features, **more)


def moco_positions(width):
    rows, columns = torch.meshgrid(torch.arange(SIDE).float(), torch.arange(SIDE).float(), indexing="ij")
    omega = 10000.0 ** -(torch.arange(width // 4).float() / (width // 4))
    parts = [place.flatten()[:, None] * omega for place in (rows, columns)]
    patches = torch.cat([function(part) for part in parts for function in (torch.sin, torch.cos)], dim=1)
    return torch.cat([torch.zeros(1, width), patches])[None]


def mae_positions(width):
    """The column comes first."""
    positions = moco_positions(width)
    patches = positions[0, 1:].reshape(SIDE, SIDE, width).transpose(0, 1)
    return torch.cat([positions[0, :1], patches.reshape(-1, width)])[None]


# Hugging Face


def hugging(name, config, model_class, network=lambda model: model):
    with tempfile.TemporaryDirectory() as folder:
        model_class(config).save_pretrained(folder)
        file = Path(folder, "model.safetensors")
        shapes = shapes_of(load_file(file))
        save_file(made(shapes), file, metadata={"format": "pt"})
        model = network(model_class.from_pretrained(folder)).double().eval()

    def features(x):
        interpolate = {} if name == "Hugging Face, DINOv2" or "registers" in name else {"interpolate_pos_encoding": True}
        if "MAE" in name:
            interpolate["noise"] = torch.arange(x.shape[2] * x.shape[3] // PATCH**2)[None].double()
        with torch.no_grad():
            return model(x, **interpolate).last_hidden_state[:, 0]

    return case(name, shapes, features)


# torchvision


def torchvision(name, rename=lambda one: one):
    def built(size):
        return TorchvisionTransformer(size, PATCH, DEPTH, HEADS, WIDTH, 4 * WIDTH)

    shapes = {rename(one): shape for one, shape in shapes_of(built(SIDE * PATCH).state_dict()).items()}
    state = made(shapes)

    def features(x):
        resized = interpolate_embeddings(x.shape[2], PATCH, dict(state))
        model = built(x.shape[2])
        model.load_state_dict(resized)
        model.heads = torch.nn.Identity()
        with torch.no_grad():
            return model.double().eval()(x)

    return case(name, shapes, features, [(height, width) for height, width in SIZES if height == width])


config = {
    "image_size": SIDE * PATCH,
    "patch_size": PATCH,
    "hidden_size": WIDTH,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": HEADS,
}
perceptron = {"intermediate_size": 4 * WIDTH}
decoder = {
    "decoder_hidden_size": 32,
    "decoder_num_hidden_layers": 1,
    "decoder_num_attention_heads": 1,
    "decoder_intermediate_size": 64,
    "mask_ratio": 0.0,
}
masked = [("mask_token", (1, WIDTH))]

write(
    __file__,
    "vision-transformers.json",
    {
        "patch": PATCH,
        "side": SIDE,
        "depth": DEPTH,
        "channels": CHANNELS,
        "cases": [
            timm("timm"),
            timm("timm, mean of the patches", global_pool="avg", fc_norm=True),
            timm("timm, registers", reg_tokens=4, no_embed_class=True, init_values=1.0),
            timm("timm, no biases of queries, keys and values", qkv_bias=False, init_values=1.0),
            own_positions("DINO", "", resized_by_scale),
            own_positions(
                "DINO, student and teacher",
                "teacher.backbone.",
                resized_by_scale,
                others=["student.module.backbone."],
                beside=[("teacher.head.mlp.0.weight", (16, WIDTH)), ("student.module.head.mlp.0.weight", (16, WIDTH))],
            ),
            own_positions(
                "iBOT",
                "teacher.backbone.",
                resized_by_scale,
                others=["student.module.backbone."],
                beside=[("student.module.backbone.masked_embed", (1, WIDTH))],
            ),
            own_positions(
                "MoCo v3",
                "state_dict.module.base_encoder.",
                resized_by_size,
                others=["state_dict.module.momentum_encoder."],
                beside=[("state_dict.module.base_encoder.head.0.weight", (16, 384))],
                fixed=moco_positions(384),
                embed_dim=384,
                num_heads=12,
                depth=1,
            ),
            own_positions(
                "MAE",
                "model.",
                resized_by_size,
                beside=[
                    ("model.mask_token", (1, 1, 32)),
                    ("model.decoder_pos_embed", (1, 1 + SIDE**2, 32)),
                    ("model.decoder_embed.weight", (32, WIDTH)),
                    ("model.decoder_blocks.0.norm1.weight", (32,)),
                ],
                fixed=mae_positions(WIDTH),
            ),
            own_positions("DINOv2", "", resized_by_scale, beside=masked, init_values=1.0),
            own_positions(
                "DINOv2, with registers",
                "",
                lambda *given: resized_by_size(*given, antialias=True),
                beside=masked,
                init_values=1.0,
                reg_tokens=4,
            ),
            own_positions(
                "DINOv2, in groups of blocks",
                "teacher.backbone.",
                resized_by_scale,
                beside=[("teacher.backbone.mask_token", (1, WIDTH))],
                rename=lambda one: one.replace("blocks.0.", "blocks.0.0.").replace("blocks.1.", "blocks.1.1."),
                init_values=1.0,
            ),
            hugging("Hugging Face", hugging_face.ViTConfig(**config, **perceptron), hugging_face.ViTModel),
            hugging(
                "Hugging Face, classifier",
                hugging_face.ViTConfig(**config, **perceptron),
                hugging_face.ViTForImageClassification,
                lambda model: model.vit,
            ),
            hugging(
                "Hugging Face, MAE",
                hugging_face.ViTMAEConfig(**config, **perceptron, **decoder),
                hugging_face.ViTMAEForPreTraining,
                lambda model: model.vit,
            ),
            hugging("Hugging Face, DINOv2", hugging_face.Dinov2Config(**config), hugging_face.Dinov2Model),
            hugging(
                "Hugging Face, DINOv2 with registers",
                hugging_face.Dinov2WithRegistersConfig(**config),
                hugging_face.Dinov2WithRegistersModel,
            ),
            torchvision("torchvision"),
            torchvision(
                "torchvision, older names",
                lambda one: one.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."),
            ),
        ],
    },
)
