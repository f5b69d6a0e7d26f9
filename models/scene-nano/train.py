#!/usr/bin/env python3
"""Trains scene-nano and scene-street, the detectors that know Ocellus' synthetic scenes.

    cargo build --release -p ocellus-media --example scene_dataset
    python3 -m venv venv && venv/bin/pip install torch numpy onnx
    venv/bin/python models/scene-nano/train.py --work /tmp/scene-nano

Renders scenes of seeds below 800 for training and 900 to 914 to look at meanwhile, trains on the CPU, writes
`scene-nano.onnx` and `model.toml` beside this file and prints the figures of the model card on seeds from
2000 on, which the training never saw. Needs `ffmpeg` on the path: a part of the pictures goes through
H.264, since recordings do. Takes some 30 minutes on two shared cores, half of it for rendering. Everything
random is seeded; sums may still differ in the last bits between machines and numbers of threads.

`--name scene-street --scenes plaza:5 plates:3` trains a model for other scenes, a picture of a plaza shown five times
where one of the street with plates is shown three times, and writes it to `models/scene-street`. `--start FILE.onnx`
goes on from a model that an earlier run has written. `--minutes` lets the clock end the training; then no two runs
are alike. Each set of scenes needs a `--work` of its own.
"""

import argparse
import hashlib
import json
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent
CLASSES = ["person", "bicycle", "car", "truck", "bus", "motorcycle"]
WIDTH, HEIGHT = 400, 240  # the scenes' 5:3, and small enough for two cameras on two cores
STRIDES = (8, 16)
WINDOW = (224, 160)  # most of the training looks at such parts of pictures: the rest is empty ground
PAD = 114
KINDS = ("crossing", "parking-lot", "road")  # what scene-nano knows
SEEDS = {"crossing": 600, "parking-lot": 400, "road": 800, "plaza": 800, "plates": 450}  # for training
PLAZAS = [f"view={v}&views={n}&overlap={o}" for o in ("off", "on") for n in (2, 3) for v in range(n)]  # every camera
MOST_OBJECTS = 40
SHARPEN = (1.8, 0.6)  # exported scores are drawn apart by this factor (in logits) around this score
HIDDEN = 0.3  # of what is less visible than this, neither presence nor absence is taught


# --- data -------------------------------------------------------------------------------------------


def render(renderer, work, scene, frames, every, crf=None):
    """I420 frames [n, height * 3 / 2, width] of a scene, and its truth: the header and n frames."""
    truth_path = work / "truth.jsonl"
    command = [renderer, scene, str(frames), str(every if crf is None else 1), str(truth_path)]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    header, *truth = [json.loads(line) for line in truth_path.read_text().splitlines()]
    width, height = header["width"], header["height"]
    if crf is not None:
        data, truth = recode(data, width, height, crf), truth[::every]
        pictures = np.frombuffer(data, np.uint8).reshape(-1, height * 3 // 2, width)[::every]
    else:
        pictures = np.frombuffer(data, np.uint8).reshape(-1, height * 3 // 2, width)
    assert len(pictures) == len(truth), (scene, len(pictures), len(truth))
    return pictures, header, truth


def recode(data, width, height, crf):
    """The frames after H.264, as `ocellus scene render` writes them."""
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "10"]
    quiet = ["ffmpeg", "-loglevel", "error", "-threads", "1"]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-g", "50", "-bf", "0", "-f", "h264", "-"]
    coded = subprocess.run([*quiet, *raw, "-i", "-", *x264], input=data, check=True, stdout=subprocess.PIPE).stdout
    plain = ["-f", "h264", "-i", "-", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
    return subprocess.run([*quiet, *plain], input=coded, check=True, stdout=subprocess.PIPE).stdout


def to_input(pictures):
    """I420 pictures as the product hands them to the model: planes resized bilinearly, then BT.601, then
    centred between grey bars. Returns uint8 [n, 3, HEIGHT, WIDTH], the scale and the offset."""
    height, width = pictures.shape[1] * 2 // 3, pictures.shape[2]
    ratio = min(WIDTH / width, HEIGHT / height)
    inner_w, inner_h = round(width * ratio), round(height * ratio)
    left, top = (WIDTH - inner_w) // 2, (HEIGHT - inner_h) // 2
    flat = torch.from_numpy(pictures.reshape(len(pictures), -1).astype(np.float32))
    luma = flat[:, : width * height].reshape(-1, 1, height, width)
    chroma = flat[:, width * height :].reshape(-1, 2, height // 2, width // 2)
    luma, chroma = (F.interpolate(p, (inner_h, inner_w), mode="bilinear", align_corners=False) for p in (luma, chroma))
    y = 1.164383 * (luma[:, 0] - 16)
    u, v = chroma[:, 0] - 128, chroma[:, 1] - 128
    rgb = torch.stack([y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u], 1)
    out = torch.full((len(pictures), 3, HEIGHT, WIDTH), PAD, dtype=torch.uint8)
    out[:, :, top : top + inner_h, left : left + inner_w] = rgb.round().clamp(0, 255).to(torch.uint8)
    return out.numpy(), ratio, (left, top)


def labels(truth, ratio, offset):
    """One frame's objects as rows class, x1, y1, x2, y2, visibility in input pixels; class -1 fills up."""
    rows = np.full((MOST_OBJECTS, 6), -1, np.float32)
    for row, thing in zip(rows, truth["objects"][:MOST_OBJECTS]):
        x, y, w, h = thing["rect"]
        x1, y1 = x * ratio + offset[0], y * ratio + offset[1]
        row[:] = [thing["class"], x1, y1, x1 + w * ratio, y1 + h * ratio, thing["visibility"]]
    return rows


def dataset(arguments, name, plan):
    """Renders what `plan` lists, once; later runs read it from the work folder."""
    images_path, labels_path = arguments.work / f"{name}-images.npy", arguments.work / f"{name}-labels.npy"
    if not labels_path.exists():
        started, images, rows = time.time(), [], []
        for scene, frames, every, crf in plan:
            pictures, _, truth = render(arguments.renderer, arguments.work, scene, frames, every, crf)
            picture, ratio, offset = to_input(pictures)
            images.append(picture)
            rows.extend(labels(frame, ratio, offset) for frame in truth)
        np.save(images_path, np.concatenate(images))
        np.save(labels_path, np.stack(rows))
        print(f"rendered {len(rows)} pictures for {name} in {time.time() - started:.0f} s", flush=True)
    return np.load(images_path, mmap_mode="r"), np.load(labels_path)


def training_plan(kinds, scale):
    """Many short visits to many seeds; every tenth seed as a recording, some in other sizes."""
    plan = []
    for kind in kinds:
        for seed in range(int(SEEDS[kind] * scale)):
            size = ("", "&width=960&height=540", "&width=512&height=384")[(seed % 12 == 5) + 2 * (seed % 12 == 11)]
            if kind == "plaza":  # each ten seeds go through the cameras, from another one on
                size += f"&{PLAZAS[(seed + seed // 10) % len(PLAZAS)]}"
            if seed % 10 == 2:
                frames, every = (130, 26) if kind in KINDS else (66, 13)
                plan.append((f"{kind}?seed={seed}&fps=10{size}", frames, every, 20 + seed % 9))
            else:
                plan.append((f"{kind}?seed={seed}&fps=1{size}", 21, 4, None))
    return plan


def judging(kinds, seeds):
    """What figures are about: the scenes of scene-nano together, plazas by every one of their cameras, and plates."""
    visit = lambda kind, seed, camera="", frames=41: (f"{kind}?{camera}seed={seed}&fps=1", frames, 4, None)
    plans = {
        "scenes": [visit(kind, seed) for kind in KINDS if kind in kinds for seed in seeds],
        "plaza": [visit("plaza", seed, f"{camera}&", 17) for seed in seeds for camera in PLAZAS if "plaza" in kinds],
        "plates": [visit("plates", seed) for seed in seeds if "plates" in kinds],
    }
    return {name: plan for name, plan in plans.items() if plan}


# --- model ------------------------------------------------------------------------------------------


def conv(cin, cout, kernel=3, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(cout, eps=1e-3, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(conv(width, width // 2, 1), conv(width // 2, width))

    def forward(self, x):
        return x + self.body(x)


class Head(nn.Module):
    """Says for every cell where a box is and how much it is of each class."""

    def __init__(self, width):
        super().__init__()
        self.shared = conv(width, width)
        self.boxes = nn.Sequential(conv(width, width), nn.Conv2d(width, 4, 1))
        self.scores = nn.Sequential(conv(width, width), nn.Conv2d(width, len(CLASSES), 1))
        nn.init.constant_(self.scores[-1].bias, -math.log(99))  # begins by seeing nothing, 1 in 100
        nn.init.normal_(self.scores[-1].weight, std=0.01)

    def forward(self, x):
        cells = int(x.shape[2]) * int(x.shape[3])  # plain numbers, so that only the batch stays open in the export
        x = self.shared(x)
        return self.boxes(x).reshape(-1, 4, cells), self.scores(x).reshape(-1, len(CLASSES), cells)


class Nano(nn.Module):
    """A plain convolutional pyramid to stride 32, joined downwards, with a head each at strides 8 and 16."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 12, 3, 2), conv(12, 24, 3, 2), Residual(24))
        self.s8 = nn.Sequential(conv(24, 48, 3, 2), Residual(48), Residual(48))
        self.s16 = nn.Sequential(conv(48, 72, 3, 2), Residual(72), Residual(72))
        self.s32 = nn.Sequential(conv(72, 80, 3, 2), Residual(80), conv(80, 72, 1))
        self.join16 = nn.Sequential(conv(144, 64, 1), Residual(64))
        self.join8 = nn.Sequential(conv(112, 48, 1), Residual(48))
        self.heads = nn.ModuleList(Head(width) for width in (48, 64))

    def forward(self, x):
        """Boxes [n, 4, a] as offset of the centre and logarithm of the size in cells, and class logits."""
        a = self.s8(self.stem(x))
        b = self.s16(a)
        up = F.interpolate(self.s32(b), scale_factor=2, mode="nearest")[:, :, : int(b.shape[2]), : int(b.shape[3])]
        b = self.join16(torch.cat([b, up], 1))
        a = self.join8(torch.cat([a, F.interpolate(b, scale_factor=2, mode="nearest")], 1))
        parts = [head(level) for level, head in zip((a, b), self.heads)]
        return torch.cat([p[0] for p in parts], 2), torch.cat([p[1] for p in parts], 2)


def cells(width=WIDTH, height=HEIGHT):
    """Centre x, centre y and stride of every cell, [3, a], in input pixels."""
    grids = []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        centre = (torch.stack([x, y]).flatten(1).float() + 0.5) * stride
        grids.append(torch.cat([centre, torch.full((1, centre.shape[1]), float(stride))]))
    return torch.cat(grids, 1)


def decode(boxes, grid):
    """Network output to centre and size in input pixels, [n, 4, a]."""
    stride = grid[2]
    return torch.cat([grid[:2] + boxes[:, :2] * stride, boxes[:, 2:].clamp(max=6).exp() * stride], 1)


class Exported(nn.Module):
    """The network in the `yolov8` layout: [n, 4 + classes, a] of centre, size and scores.

    A tracker reads scores above 0.1 as a hint of something half hidden, while training leaves faint scores
    of that size on plain ground; drawing scores apart changes no order and keeps the two from mixing.
    """

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("grid", cells())

    def forward(self, images):
        boxes, logits = self.net(images)
        factor, fixed = SHARPEN
        centre = math.log(fixed / (1 - fixed))
        return torch.cat([decode(boxes, self.grid), (factor * (logits - centre) + centre).sigmoid()], 1)


def start_from(net, path, images):
    """Gives `net` the weights of an exported model, whose normalisation is folded into the convolutions.

    What the channels' means and variances are is measured on `images`, and the scales are set so that they cancel out: the
    network says what the exported one says, and its normalisation can go on learning.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    known = {weights.name: numpy_helper.to_array(weights) for weights in graph.initializer}
    folded = iter([node for node in graph.node if node.op_type == "Conv"])
    norms = {}  # of each convolution with a normalisation behind it
    for module in net.modules():
        if isinstance(module, nn.Sequential) and len(module) == 3 and isinstance(module[1], nn.BatchNorm2d):
            norms[module[0]] = module[1]

    def take(module, inputs):
        """Called in the order of the export's nodes."""
        weight, bias = (torch.from_numpy(known[name].copy()) for name in next(folded).input[1:3])
        assert weight.shape == module.weight.shape, (weight.shape, module.weight.shape)
        module.weight.data.copy_(weight)
        if norm := norms.get(module):
            norm.reset_running_stats()
            norm.weight.data.fill_(math.sqrt(1 + norm.eps))
            norm.bias.data.copy_(bias)
        else:
            module.bias.data.copy_(bias)

    sums = {module: [] for module in norms}

    def measure(module, inputs, output):
        sums[module].append((output.mean((0, 2, 3)), output.square().mean((0, 2, 3))))

    def once(hooks, batches):
        with torch.no_grad():
            for batch in batches:
                net(torch.from_numpy(np.array(batch)).float().div(255))
        for hook in hooks:
            hook.remove()

    net.eval()
    once([m.register_forward_pre_hook(take) for m in net.modules() if isinstance(m, nn.Conv2d)], [images[:1]])
    assert next(folded, None) is None, "the export has more convolutions than the network"
    spread = np.linspace(0, len(images) - 1, 256).astype(int)
    once([m.register_forward_hook(measure) for m in norms], [images[part] for part in spread.reshape(-1, 16)])
    for module, norm in norms.items():
        mean, square = (torch.stack(parts).mean(0) for parts in zip(*sums[module]))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_((square - mean.square()).clamp(min=0))
        norm.bias.data.add_(mean)
        norm.weight.data.copy_((norm.running_var + norm.eps).sqrt())
    net.train()


# --- learning ---------------------------------------------------------------------------------------


def assign(rows, grid):
    """Which object each cell is to report: [n, a] index or -1, and cells to leave alone.

    A cell belongs to an object if its centre lies within 1.5 cells of the object's centre; small objects
    belong to stride 8, large ones to stride 16. Where two want a cell, the nearer centre gets it.
    """
    known = rows[..., 0] >= 0
    centre = (rows[..., 1:3] + rows[..., 3:5]) / 2
    size = (rows[..., 3:5] - rows[..., 1:3]).clamp(min=1)
    extent = size.amax(-1)
    taught = known & (rows[..., 5] >= HIDDEN) & (size.amin(-1) >= 3)
    level = torch.where(extent < 56, 8.0, 16.0)
    away = ((grid[:2].T[None, None] - centre[:, :, None]).abs() / grid[2][None, None, :, None]).amax(-1)
    wanted = taught[..., None] & (level[..., None] == grid[2]) & (away < 1.5)
    nearness = torch.where(wanted, away, torch.inf)
    best, owner = nearness.min(1)
    owner = torch.where(best.isfinite(), owner, -1)
    # Whatever is hidden or tiny: cells inside its box learn nothing.
    inside = (
        (grid[0] >= rows[..., 1:2]) & (grid[0] <= rows[..., 3:4]) & (grid[1] >= rows[..., 2:3]) & (grid[1] <= rows[..., 4:5])
    )
    ignored = (inside & (known & ~taught)[..., None]).any(1) & (owner < 0)
    return owner, ignored


def ciou(a, b):
    """Complete IoU (Zheng et al. 2020) of boxes as centre and size, [m, 4], and the plain IoU."""
    a1, a2, b1, b2 = a[:, :2] - a[:, 2:] / 2, a[:, :2] + a[:, 2:] / 2, b[:, :2] - b[:, 2:] / 2, b[:, :2] + b[:, 2:] / 2
    shared = (torch.minimum(a2, b2) - torch.maximum(a1, b1)).clamp(min=0).prod(1)
    iou = shared / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - shared + 1e-6)
    hull = (torch.maximum(a2, b2) - torch.minimum(a1, b1)).pow(2).sum(1) + 1e-6
    apart = (a[:, :2] - b[:, :2]).pow(2).sum(1) / hull
    skew = 4 / math.pi**2 * (torch.atan(b[:, 2] / b[:, 3]) - torch.atan(a[:, 2] / a[:, 3])).pow(2)
    with torch.no_grad():
        weight = skew / (1 - iou + skew + 1e-6)
    return iou - apart - weight * skew, iou.detach()


def loss(boxes, logits, rows, grid):
    """Varifocal classification (Zhang et al. 2021; here with focus 1.5), whose target is the box's IoU, and
    box regression."""
    owner, ignored = assign(rows, grid)
    picture, cell = (owner >= 0).nonzero(as_tuple=True)
    things = rows[picture, owner[picture, cell]]
    wanted = torch.cat([(things[:, 1:3] + things[:, 3:5]) / 2, things[:, 3:5] - things[:, 1:3]], 1)
    found = decode(boxes, grid)[picture, :, cell]
    overlap, iou = ciou(found, wanted)
    stride = grid[2, cell, None]
    corners = torch.cat([(found - wanted)[:, :2], (found - wanted)[:, 2:] / 2], 1).abs() / stride
    target = torch.zeros_like(logits)
    target[picture, things[:, 0].long(), cell] = iou.clamp(min=0.1)
    with torch.no_grad():
        weight = torch.where(target > 0, target, logits.sigmoid().pow(1.5))
        weight = weight * (~ignored)[:, None]
    scores = F.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum")
    total = iou.sum().clamp(min=1)
    fit = ((1 - overlap) * iou.clamp(min=0.1)).sum() + 0.25 * (corners.sum(1) * iou.clamp(min=0.1)).sum()
    return scores / total + 2.0 * fit / total, float(iou.mean()) if len(iou) else 0.0


def windows(images, rows, rng):
    """Cuts a part of WINDOW's size out of each picture, most often around one of its objects."""
    w, h = WINDOW
    corners = rng.random((len(images), 2)) * [WIDTH - w, HEIGHT - h]
    for corner, things in zip(corners, rows):
        known = things[things[:, 0] >= 0]
        if len(known) and rng.random() < 0.85:
            x1, y1, x2, y2 = known[rng.integers(len(known)), 1:5]
            middle = np.array([x1 + x2, y1 + y2]) / 2 - [w / 2, h / 2]
            corner[:] = middle + rng.uniform(-0.4, 0.4, 2) * [w, h]
    corners = np.clip(corners.round().astype(int), 0, [WIDTH - w, HEIGHT - h])
    images = np.stack([image[:, y : y + h, x : x + w] for image, (x, y) in zip(images, corners)])
    moved = rows.copy()
    moved[..., 1:5] -= np.concatenate([corners, corners], 1)[:, None]
    return images, clipped(torch.from_numpy(moved), w, h)


def clipped(rows, width, height):
    """Cuts boxes off at the picture's edge; of what hardly any is left, nothing is."""
    known = rows[..., 0] >= 0
    before = (rows[..., 3:5] - rows[..., 1:3]).clamp(min=0.1).prod(-1)
    cut = torch.minimum(rows[..., 1:5].clamp(min=0), torch.tensor([width, height, width, height], dtype=torch.float32))
    left = (cut[..., 2:] - cut[..., :2]).clamp(min=0).prod(-1) / before
    rows = rows.clone()
    rows[..., 1:5] = torch.where(known[..., None], cut, rows[..., 1:5])
    rows[..., 0] = torch.where(known & (left > 0.02), rows[..., 0], -1.0)
    return rows


def augment(images, rows, rng):
    """Mirrors, zooms, relights and blurs a batch; uint8 in, 0..1 out."""
    images = torch.from_numpy(images).float().div_(255)
    height, width = images.shape[2:]
    if rng.random() < 0.4:  # zoom to a part, or out with grey around
        zoom = rng.uniform(0.75, 1.35)
        w, h = round(width * zoom), round(height * zoom)
        x, y = round(rng.random() * (width - w)), round(rng.random() * (height - h))
        resized = F.interpolate(images, (h, w), mode="bilinear", align_corners=False)
        images = torch.full_like(images, PAD / 255)
        images[:, :, max(y, 0) : y + h, max(x, 0) : x + w] = resized[:, :, max(-y, 0) : height - y, max(-x, 0) : width - x]
        moved = rows.clone()
        moved[..., 1:5] = rows[..., 1:5] * zoom + torch.tensor([x, y, x, y], dtype=torch.float32)
        rows = clipped(moved, width, height)
    n = len(images)
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    images[mirrored] = images[mirrored].flip(3)
    swapped = rows[..., [0, 3, 2, 1, 4, 5]]
    swapped[..., [1, 3]] = width - swapped[..., [1, 3]]
    rows = torch.where(mirrored[:, None, None], swapped, rows)
    gain = torch.from_numpy(rng.uniform(0.75, 1.25, (n, 1, 1, 1)) * rng.uniform(0.92, 1.08, (n, 3, 1, 1))).float()
    lift = torch.from_numpy(rng.uniform(-0.06, 0.06, (n, 1, 1, 1))).float()
    images = images * gain + lift
    if rng.random() < 0.3:  # one pattern of noise for the whole batch: drawing it is what costs
        images = images + torch.from_numpy(rng.standard_normal(images.shape[1:], np.float32)) * rng.uniform(0.005, 0.03)
    if rng.random() < 0.15:
        images = F.avg_pool2d(images, 3, 1, 1)
    return images.clamp_(0, 1), rows


def train(arguments, images, rows, shown):
    torch.manual_seed(arguments.seed)
    rng = np.random.default_rng(arguments.seed)
    net = Nano()
    if arguments.start:
        start_from(net, arguments.start, images)
    net = net.to(memory_format=torch.channels_last)
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters", flush=True)
    averaging = torch.optim.swa_utils.get_ema_multi_avg_fn(0.99 if arguments.start else 0.998)
    averaged = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=averaging, use_buffers=True)
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}], lr=arguments.rate)
    steps = arguments.steps
    warm = min(300, steps // 10)
    grids, started = {False: cells(*WINDOW), True: cells()}, time.time()
    order, losses, fits = np.zeros(0, int), [], []
    for step in range(steps):
        done = max(step / steps, (time.time() - started) / 60 / arguments.minutes)
        if done >= 1:
            break
        rate = arguments.rate * min(1, (step + 1) / warm) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        whole = done >= arguments.parts
        count = arguments.batch if whole else arguments.batch * 2
        if len(order) < count:
            order = rng.permutation(shown)
        chosen, order = np.sort(order[:count]), order[count:]
        batch, things = images[chosen], rows[chosen]
        batch, things = (batch, torch.from_numpy(things)) if whole else windows(batch, things, rng)
        batch, things = augment(batch, things, rng)
        with torch.autocast("cpu", torch.bfloat16):
            boxes, logits = net(batch.contiguous(memory_format=torch.channels_last))
        value, fit = loss(boxes.float(), logits.float(), things, grids[whole])
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimiser.step()
        averaged.update_parameters(net)
        losses.append(value.item())
        fits.append(fit)
        if (step + 1) % 100 == 0:
            spent = time.time() - started
            print(f"step {step + 1}, {done:.0%}: loss {np.mean(losses):.3f}, IoU {np.mean(fits):.3f}, {spent:.0f} s", flush=True)
            torch.save(averaged.module.state_dict(), arguments.work / "weights.pt")
            losses, fits = [], []
    torch.save(averaged.module.state_dict(), arguments.work / "weights.pt")
    return averaged.module.eval()


# --- figures ----------------------------------------------------------------------------------------


def detections(output, threshold, most_shared=0.6):
    """One picture's [4 + c, a] to rows x1, y1, x2, y2, score, class, best first (greedy suppression)."""
    score, kind = output[4:].max(0)
    keep = score > threshold
    centre, size = output[:2, keep].T, output[2:4, keep].T
    found = torch.cat([centre - size / 2, centre + size / 2, score[keep, None], kind[keep, None].float()], 1)
    found, chosen = found[found[:, 4].argsort(descending=True)], []
    while len(found):
        chosen.append(found[0])
        vehicles = (found[:, 5] >= 2) & (found[0, 5] >= 2)  # one vehicle seen under two classes is one
        same = (overlaps(found[:1], found)[0] > most_shared) & ((found[:, 5] == found[0, 5]) | vehicles)
        same[0] = True
        found = found[~same]
    return torch.stack(chosen) if chosen else torch.zeros(0, 6)


def overlaps(a, b):
    shared = (torch.minimum(a[:, None, 2:4], b[None, :, 2:4]) - torch.maximum(a[:, None, :2], b[None, :, :2])).clamp(min=0).prod(2)
    area = lambda boxes: (boxes[:, 2:4] - boxes[:, :2]).prod(1)
    return shared / (area(a)[:, None] + area(b)[None] - shared + 1e-9)


def evaluate(model, images, rows, threshold=0.5):
    """Per class: objects, recall and precision at `threshold` and IoU 0.5, mean IoU, average precision.

    Objects less visible than HIDDEN or less than 5 input pixels wide or high are neither wanted nor wrong.
    """
    totals = {c: {"wanted": 0, "ious": [], "ranked": []} for c in range(len(CLASSES))}
    for start in range(0, len(images), 16):
        with torch.no_grad():
            outputs = model(torch.from_numpy(np.array(images[start : start + 16])).float().div(255))
        for output, things in zip(outputs, torch.from_numpy(rows[start : start + 16])):
            things = things[things[:, 0] >= 0]
            wanted = (things[:, 5] >= HIDDEN) & ((things[:, 3:5] - things[:, 1:3]).amin(1) >= 5)
            found = detections(output, 0.05)
            for c, total in totals.items():
                truth, mine = things[things[:, 0] == c], found[found[:, 5] == c]
                counted, taken = wanted[things[:, 0] == c], set()
                total["wanted"] += int(counted.sum())
                shared = overlaps(mine, truth[:, 1:5]) if len(mine) and len(truth) else torch.zeros(len(mine), len(truth))
                for row, detection in zip(shared, mine):
                    free = [(float(iou), i) for i, iou in enumerate(row) if i not in taken and iou >= 0.5]
                    best = max(free, key=lambda pair: (bool(counted[pair[1]]), pair[0]), default=None)
                    if best is None:
                        if any(float(iou) > 0.3 and not counted[i] for i, iou in enumerate(row)):
                            continue
                        total["ranked"].append((float(detection[4]), False))
                    else:
                        taken.add(best[1])
                        if counted[best[1]]:
                            total["ranked"].append((float(detection[4]), True))
                            if detection[4] >= threshold:
                                total["ious"].append(best[0])
    figures = {}
    for c, total in totals.items():
        if not total["wanted"]:
            continue
        ranked = sorted(total["ranked"], reverse=True)
        hits = np.cumsum([hit for _, hit in ranked]) if ranked else np.zeros(1)
        precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
        recall = hits / total["wanted"]
        above = [hit for score, hit in ranked if score >= threshold]
        figures[CLASSES[c]] = {
            "objects": total["wanted"],
            "recall": sum(above) / total["wanted"],
            "precision": sum(above) / max(1, len(above)),
            "iou": float(np.mean(total["ious"])) if total["ious"] else 0.0,
            "ap50": float(np.sum(np.diff(np.concatenate([[0], recall])) * precision)),
        }
    return figures


def show(title, figures):
    print(f"\n{title}\n| class | objects | recall | precision | mean IoU | AP50 |\n|---|---|---|---|---|---|")
    for name, f in figures.items():
        print(f"| {name} | {f['objects']} | {f['recall']:.3f} | {f['precision']:.3f} | {f['iou']:.3f} | {f['ap50']:.3f} |")
    sys.stdout.flush()


# --- export -----------------------------------------------------------------------------------------


def export(net, folder):
    import onnx

    name, path = folder.name, folder / f"{folder.name}.onnx"
    model = Exported(net).eval()
    images = torch.zeros(1, 3, HEIGHT, WIDTH)
    torch.onnx.export(
        model, (images,), path, opset_version=17, dynamo=False, input_names=["images"], output_names=["output0"],
        dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
    )
    proto = onnx.load(path)
    facts = {
        "names": repr(dict(enumerate(CLASSES))), "task": "detect", "stride": "32", "imgsz": str([HEIGHT, WIDTH]),
        "description": f"{name}: knows synthetic scenes of Ocellus, not the world", "license": "Apache-2.0 OR MIT",
    }
    for key, value in facts.items():
        proto.metadata_props.add(key=key, value=value)
    for size, dim in zip((4 + len(CLASSES), model.grid.shape[1]), proto.graph.output[0].type.tensor_type.shape.dim[1:]):
        dim.dim_value = size
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    names = ", ".join(f'"{name}"' for name in CLASSES)
    (folder / "model.toml").write_text(
        f'# Written by models/scene-nano/train.py.\nclasses = [{names}]\n\n[model]\nname = "{name}"\ntask = "detect"\n'
        f'licence = "Apache-2.0 OR MIT"\nsource = "trained by models/scene-nano/train.py on rendered scenes"\n'
        f'sha256 = "{digest}"\n\n[input]\nwidth = {WIDTH}\nheight = {HEIGHT}\ncolour = "rgb"\nscale = "0-1"\n'
        f'fit = "letterbox-centre"\npad = {PAD}\n\n[output]\nlayout = "yolov8"\n'
    )
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, sha256 {digest}")
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for rendered pictures and weights")
    parser.add_argument("--renderer", default=str(HERE.parents[1] / "target/release/examples/scene_dataset"))
    parser.add_argument("--name", default="scene-nano", help="the model's folder beside this script's")
    parser.add_argument("--scenes", nargs="+", default=KINDS, metavar="KIND[:TIMES]", help="what to train on, and how often it is shown")
    parser.add_argument("--start", type=Path, help="an exported model of the same network to go on from")
    parser.add_argument("--steps", type=int, default=4500)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end sooner, once it has trained for as long as this")
    parser.add_argument("--parts", type=float, default=0.75, help="share of the steps that see windows only")
    parser.add_argument("--batch", type=int, default=16, help="whole pictures a step; twice as many windows")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the training seeds to render")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only-export", action="store_true", help="take the weights of the last run")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not shutil.which("ffmpeg") or not Path(arguments.renderer).exists():
        sys.exit(f"needs ffmpeg on the path and the renderer {arguments.renderer}: see the top of this script")
    torch.set_num_threads(arguments.threads)

    times = {kind: int(often or 1) for kind, _, often in (scene.partition(":") for scene in arguments.scenes)}
    judged = {}
    for title, name, seeds in (("for choosing", "choosing", range(900, 915)), ("never seen", "unseen", range(2000, 2020))):
        for group, plan in judging(times, seeds).items():
            judged[f"{group}, seeds {seeds[0]}-{seeds[-1]}, {title}"] = dataset(arguments, f"{name}-{group}", plan)
    if arguments.only_export:
        net = Nano()
        net.load_state_dict(torch.load(arguments.work / "weights.pt", weights_only=True))
        net.eval()
    else:
        plan = training_plan(times, arguments.scale)
        often = [times[scene.partition("?")[0]] for scene, frames, every, _ in plan for _ in range(0, frames, every)]
        shown = np.repeat(np.arange(len(often)), often)
        net = train(arguments, *dataset(arguments, "training", plan), shown)
    model = export(net, HERE.parent / arguments.name)
    for title, pictures in judged.items():
        show(title, evaluate(model, *pictures))


if __name__ == "__main__":
    main()
