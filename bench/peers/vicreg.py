"""VICReg in PyTorch, written from the formulas: networks, loss and LARS for the benches."""
import torch
from torch import nn
from torch.nn import functional


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = shortcut(inputs, planes, stride)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x), inplace=True)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, planes, stride):
        super().__init__()
        outputs = 4 * planes
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs, stride)

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = functional.relu(self.bn2(self.conv2(y)), inplace=True)
        return functional.relu(self.bn3(self.conv3(y)) + self.shortcut(x), inplace=True)


def shortcut(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def encoder(block, depths, width, small, channels=3, stem_stride=1):
    if small:
        first = nn.Conv2d(channels, width, 3, stem_stride, 1, bias=False)
        layers = [first, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    else:
        layers = [nn.Conv2d(channels, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        layers.append(nn.MaxPool2d(3, 2, 1))
    inputs = width
    for stage, depth in enumerate(depths):
        for place in range(depth):
            planes = width * 2**stage
            layers.append(block(inputs, planes, 2 if stage > 0 and place == 0 else 1))
            inputs = planes * block.expansion
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), inputs


def expander(inputs, widths):
    layers = []
    for width in widths[:-1]:
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, widths[-1], bias=False))


class Vicreg(nn.Module):
    def __init__(self, backbone, outputs, widths):
        super().__init__()
        self.encoder = backbone
        self.expander = expander(outputs, widths)

    def forward(self, x, y):
        x = self.expander(self.encoder(x)).float()
        y = self.expander(self.encoder(y)).float()
        with torch.autocast(x.device.type, enabled=False):
            rows, columns = x.shape
            invariance = functional.mse_loss(x, y)
            x = x - x.mean(0)
            y = y - y.mean(0)
            variance = sum(functional.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean() / 2 for z in (x, y))
            covariance = 0
            for z in (x, y):
                matrix = z.T @ z / (rows - 1)
                covariance = covariance + (matrix.pow(2).sum() - matrix.diagonal().pow(2).sum()) / columns
            return 25 * invariance + 25 * variance + covariance


class Lars(torch.optim.Optimizer):
    """Momentum 0.9; weights of more than one dimension get decay and the trust ratio."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                direction = weight.grad
                if weight.ndim != 1:
                    direction = direction.add(weight, alpha=1e-6)
                    weight_norm, norm = torch.norm(weight), torch.norm(direction)
                    one = torch.ones_like(weight_norm)
                    ratio = torch.where((weight_norm > 0) & (norm > 0), 0.001 * weight_norm / norm, one)
                    direction = direction * ratio
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].mul_(0.9).add_(direction)
                weight.add_(state["momentum"], alpha=-group["lr"])


def build(configuration):
    """The model in channels-last memory, and its optimizer."""
    small = configuration["encoder"] == "resnet-18"
    block, depths = (BasicBlock, [2, 2, 2, 2]) if small else (Bottleneck, [3, 4, 6, 3])
    backbone, outputs = encoder(block, depths, 64, configuration["stem"] == "small")
    model = Vicreg(backbone, outputs, configuration["expander"]).to(memory_format=torch.channels_last)
    return model, Lars(model.parameters(), 0.1)
