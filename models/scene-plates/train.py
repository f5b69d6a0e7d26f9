#!/usr/bin/env python3
"""Trains the two small models for number plates of Ocellus' synthetic street (`scene:plates`): scene-plates,
which finds the plate on the picture of a vehicle, and scene-plate-text, which reads it.

    cargo build --release -p ocellus-media --example scene_dataset
    python3 -m venv venv && venv/bin/pip install torch numpy onnx onnxruntime
    venv/bin/python models/scene-plates/train.py --work /tmp/scene-plates

Renders scenes of seeds below 320 for training, trains on the CPU, writes both
`.onnx` files with their `model.toml` and prints the figures of the model cards on seeds 1000 to 1009, which the
training never saw. Needs `ffmpeg` on the path: most of the pictures go through H.264, since recordings do.
Everything random is seeded; sums may still differ in the last bits between machines and numbers of threads.
"""

import argparse
import hashlib
import json
import math
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).resolve().parent
FINDER, READER = HERE / "scene-plates.onnx", HERE.parent / "scene-plate-text" / "scene-plate-text.onnx"
SIDE, STRIDE, PAD = 160, 8, 114  # the finder's input is a square with grey bars
TEXT_WIDTH, TEXT_HEIGHT = 96, 24  # the reader's input
MARGIN = 0.08  # share of a plate's width and height that is added on each side before it is read
ALPHABET = "#0123456789ABCDEFGHJKLMNPRSTUVWXYZ"  # the blank, then what scenes write
SOURCE_WIDTH, SOURCE_HEIGHT = 200, 104  # part of a picture around a plate that is kept for training the reader
TRIM_X, TRIM_Y = 24, 28
SMALLEST = 20  # pixels across a plate: narrower ones are not taught; the scene has hardly any
# A stroke of a letter is 11.5 mm thick on a board of 520 mm: from this width on it covers a whole pixel.
LEGIBLE = 520 / 11.5
VEHICLES = (2, 3, 4, 5)


# --- data -------------------------------------------------------------------------------------------


def recording(arguments, scene, frames, crf=None):
    """The frames of a scene, after H.264 where `crf` is given, and its truth: two files, made once."""
    name = scene.replace("?", "-").replace("&", "-") + f"-{frames}"
    raw_path, truth_path = arguments.work / f"{name}.i420", arguments.work / f"{name}.jsonl"
    if not raw_path.exists():
        part_path = arguments.work / "part.i420"
        with part_path.open("wb") as raw:
            subprocess.run([arguments.renderer, scene, str(frames), "1", str(truth_path)], check=True, stdout=raw)
        if crf is not None:
            header = json.loads(truth_path.open().readline())
            recode(part_path, header["width"], header["height"], crf)
        part_path.rename(raw_path)
    return raw_path, truth_path


def render(arguments, scene, frames, crf=None):
    """Yields the frames of a scene as planes Y, U, V with the truth of each."""
    raw_path, truth_path = recording(arguments, scene, frames, crf)
    header, *truth = [json.loads(line) for line in truth_path.read_text().splitlines()]
    width, height = header["width"], header["height"]
    data = np.memmap(raw_path, np.uint8, "r").reshape(-1, width * height * 3 // 2)
    assert len(data) == len(truth), (scene, len(data), len(truth))
    area = width * height
    for frame, objects in zip(data, truth):
        y = frame[:area].reshape(height, width)
        u, v = frame[area : area * 5 // 4], frame[area * 5 // 4 :]
        yield (y, u.reshape(height // 2, -1), v.reshape(height // 2, -1)), objects["objects"]


def recode(path, width, height, crf):
    """Passes the frames through H.264, as `ocellus scene render` writes them."""
    coded = path.with_suffix(".h264")
    quiet = ["ffmpeg", "-y", "-loglevel", "error", "-threads", "1"]
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "10", "-i", str(path)]
    x264 = ["-c:v", "libx264", "-threads", "1", "-preset", "veryfast", "-crf", str(crf), "-g", "50", "-bf", "0"]
    subprocess.run([*quiet, *raw, *x264, "-f", "h264", str(coded)], check=True)
    plain = ["-f", "h264", "-i", str(coded), "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p"]
    subprocess.run([*quiet, *plain, str(path)], check=True)


def part(planes, left, top, right, bottom):
    """A part of a picture on whole pixels of its colour planes: Y, U and V as floats, the corner and the size."""
    height, width = planes[0].shape
    left, top = max(0, round(left)) // 2 * 2, max(0, round(top)) // 2 * 2
    right, bottom = min(width, -(-round(right) // 2) * 2), min(height, -(-round(bottom) // 2) * 2)
    if right - left < 2 or bottom - top < 2:
        return None
    half = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
    cut = [planes[0][top:bottom, left:right], planes[1][half], planes[2][half]]
    return [torch.from_numpy(plane.astype(np.float32))[None, None] for plane in cut], left, top


def coloured(planes, width, height, smooth=False):
    """Planes to RGB of a size, 0..255 [3, height, width]: resized bilinearly, then BT.601, as the product does; where
    `smooth`, averaged down to at most twice that size before."""
    shrink = max(1, min(planes[0].shape[3] // width, planes[0].shape[2] // height))
    if smooth and shrink > 1:
        planes = [F.avg_pool2d(plane, shrink, ceil_mode=True) for plane in planes]
    y, u, v = (F.interpolate(p, (height, width), mode="bilinear", align_corners=False)[0, 0] for p in planes)
    y, u, v = 1.164383 * (y - 16), u - 128, v - 128
    rgb = torch.stack([y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u])
    return rgb.round().clamp(0, 255).to(torch.uint8)


def finder_input(planes, rect, smooth=False):
    """The picture of a vehicle as the finder sees it, with scale and offsets from the picture's pixels to its own."""
    x, y, w, h = rect
    cut = part(planes, x, y, x + w, y + h)
    if cut is None:
        return None
    cut, left, top = cut
    height, width = cut[0].shape[2:]
    ratio = min(SIDE / width, SIDE / height)
    inner_w, inner_h = max(1, round(width * ratio)), max(1, round(height * ratio))
    across, down = (SIDE - inner_w) // 2, (SIDE - inner_h) // 2
    out = torch.full((3, SIDE, SIDE), PAD, dtype=torch.uint8)
    out[:, down : down + inner_h, across : across + inner_w] = coloured(cut, inner_w, inner_h, smooth)
    return out, ratio, across - left * ratio, down - top * ratio


def reader_input(planes, box):
    """A plate as the reader sees it; `box` holds its left, top, right and bottom in the picture's pixels. Of a plate that
    is larger than the input two by two samples make a pixel, as in the product."""
    x1, y1, x2, y2 = (float(at) for at in box)
    dx, dy = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
    x1, y1, x2, y2 = x1 - dx, y1 - dy, x2 + dx, y2 + dy
    cut = part(planes, x1 - 2, y1 - 2, x2 + 2, y2 + 2)
    if cut is None:
        return None
    cut, left, top = cut
    height, width = cut[0].shape[2:]
    finer = 2 if x2 - x1 > TEXT_WIDTH or y2 - y1 > TEXT_HEIGHT else 1
    across = x1 - left + (torch.arange(TEXT_WIDTH * finer) + 0.5) * (x2 - x1) / (TEXT_WIDTH * finer)
    down = y1 - top + (torch.arange(TEXT_HEIGHT * finer) + 0.5) * (y2 - y1) / (TEXT_HEIGHT * finer)
    v, u = torch.meshgrid(down / height * 2 - 1, across / width * 2 - 1, indexing="ij")
    rgb = coloured(cut, width, height).float()[None]
    seen = F.grid_sample(rgb, torch.stack([u, v], 2)[None].float(), padding_mode="border", align_corners=False)
    return F.avg_pool2d(seen, finer)[0]


def around(corners):
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def source_of(planes, corners):
    """A part of the picture around a plate, [3, SOURCE_HEIGHT, SOURCE_WIDTH], and the plate's corners in it."""
    x1, y1, x2, y2 = around(corners)
    left = round((x1 + x2 - SOURCE_WIDTH) / 2) // 2 * 2
    top = round((y1 + y2 - SOURCE_HEIGHT) / 2) // 2 * 2
    cut, at_x, at_y = part(planes, left, top, left + SOURCE_WIDTH, top + SOURCE_HEIGHT)
    height, width = cut[0].shape[2:]
    out = torch.full((3, SOURCE_HEIGHT, SOURCE_WIDTH), PAD, dtype=torch.uint8)
    out[:, at_y - top : at_y - top + height, at_x - left : at_x - left + width] = coloured(cut, width, height)
    return out, np.array(corners, np.float32) - [left, top]


def samples(frames, smooth, rng):
    """What both models learn from: pictures of vehicles with their plate's box, and plates with their text."""
    vehicles, boxes, sources, corners, texts = [], [], [], [], []
    for planes, objects in frames:
        plates = {thing["id"]: thing["plate"] for thing in objects if "plate" in thing}
        for thing in objects:
            x, y, w, h = thing["rect"]
            if thing["class"] not in VEHICLES or thing["visibility"] < 0.4 or w < 36 or h < 8:
                continue
            plate = plates.get(thing["id"])
            width = plate and around(plate["corners"])[2] - around(plate["corners"])[0]
            if plate and plate["visibility"] > 0.9 and width >= SMALLEST:
                source, at = source_of(planes, plate["corners"])
                sources.append(source), corners.append(at), texts.append(plate["text"])
            if plate and (plate["visibility"] < 0.8 or width < 18):
                continue  # neither there nor not there
            grown = rng.normal(0.02, 0.05, 4) * [w, h, w, h]
            rect = (x - grown[0], y - grown[1], w + grown[0] + grown[2], h + grown[1] + grown[3])
            seen = finder_input(planes, rect, smooth)
            if seen is None:
                continue
            picture, ratio, dx, dy = seen
            # Own plate first; other vehicles' plates in the picture are neither wanted nor wrong.
            rows = np.full((3, 5), -1, np.float32)
            others = [other for number, other in plates.items() if number != thing["id"]]
            for row, other in zip(rows, [plate] + others[:2]):
                if other:
                    x1, y1, x2, y2 = around(other["corners"])
                    row[:] = [other is plate, x1 * ratio + dx, y1 * ratio + dy, x2 * ratio + dx, y2 * ratio + dy]
            vehicles.append(picture), boxes.append(rows)
    return vehicles, boxes, sources, corners, texts


def dataset(arguments, name, plan):
    """Renders what `plan` lists, each scene once; later runs read it from the work folder."""
    folder, started, parts = arguments.work / name, time.time(), []
    folder.mkdir(exist_ok=True)
    for scene, frames, crf, smooth in plan:
        path = folder / f"{scene.partition('seed=')[2]}.npz"
        if not path.exists():
            rng = np.random.default_rng([arguments.seed, len(parts)])
            vehicles, boxes, sources, corners, texts = samples(render(arguments, scene, frames, crf), smooth, rng)
            parts.append({
                "vehicles": np.array([image.numpy() for image in vehicles], np.uint8).reshape(-1, 3, SIDE, SIDE),
                "boxes": np.array(boxes, np.float32).reshape(-1, 3, 5),
                "sources": np.array([image.numpy() for image in sources], np.uint8).reshape(-1, 3, SOURCE_HEIGHT, SOURCE_WIDTH),
                "corners": np.array(corners, np.float32).reshape(-1, 4, 2),
                "texts": np.array(texts, "U8"),
            })
            np.savez(path.with_suffix(".part.npz"), **parts[-1])
            path.with_suffix(".part.npz").rename(path)
            for file in recording(arguments, scene, frames):
                file.unlink()  # hundreds of scenes are tens of gigabytes
        else:
            parts.append(dict(np.load(path)))
    data = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    data["strips"] = strips(data["sources"], data["corners"])
    print(f"{name}: {len(data['vehicles'])} vehicles, {len(data['texts'])} plates in {time.time() - started:.0f} s", flush=True)
    return data


def plan(seeds, frames=45):
    """Short visits: half of them as rendered, the others through H.264 of differing quality. The finder sees vehicles of
    the first twenty scenes averaged down, and those of the others as the product resizes them."""
    return [(f"plates?seed={seed}&fps=1", frames, None if seed % 2 == 0 else 19 + seed % 11, seed < 20) for seed in seeds]


# --- models -----------------------------------------------------------------------------------------


def conv(cin, cout, kernel=3, stride=1, padding=None):
    padding = kernel // 2 if padding is None else padding
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(cout, eps=1e-3, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(conv(width, width // 2, 1), conv(width // 2, width))

    def forward(self, x):
        return x + self.body(x)


class Finder(nn.Module):
    """A plain convolutional network with one grid of stride 8, and context from stride 32."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv(3, 8, 3, 2), conv(8, 16, 3, 2))
        self.s8 = nn.Sequential(conv(16, 32, 3, 2), Residual(32))
        self.wide = nn.Sequential(conv(32, 48, 3, 2), Residual(48), conv(48, 48, 3, 2), Residual(48), conv(48, 32, 1))
        self.join = nn.Sequential(conv(64, 32, 1), Residual(32), Residual(32))
        self.boxes, self.score = nn.Conv2d(32, 4, 1), nn.Conv2d(32, 1, 1)
        nn.init.constant_(self.score.bias, -math.log(99))  # begins by seeing nothing, 1 in 100

    def forward(self, x):
        """Boxes [n, 4, a] as offset of the centre in cells and logarithm of the size in cells, and logits [n, a]."""
        x = self.s8(self.stem(x))
        x = self.join(torch.cat([x, F.interpolate(self.wide(x), scale_factor=4, mode="nearest")], 1))
        cells = (SIDE // STRIDE) ** 2
        return self.boxes(x).reshape(-1, 4, cells), self.score(x).reshape(-1, cells)


def grid():
    """Centre x and y of every cell, [2, a], in input pixels."""
    y, x = torch.meshgrid(torch.arange(SIDE // STRIDE), torch.arange(SIDE // STRIDE), indexing="ij")
    return (torch.stack([x, y]).flatten(1).float() + 0.5) * STRIDE


def decode(boxes, centres):
    """Network output to centre and size in input pixels, [n, 4, a]."""
    return torch.cat([centres + boxes[:, :2] * STRIDE, boxes[:, 2:].clamp(max=4).exp() * STRIDE], 1)


class Found(nn.Module):
    """The finder in the `yolov8` layout: [n, 4 + 1, a] of centre, size and score."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("centres", grid())

    def forward(self, images):
        boxes, logits = self.net(images)
        return torch.cat([decode(boxes, self.centres), logits.sigmoid()[:, None]], 1)


class Reader(nn.Module):
    """Convolutions down to one row of 24 columns, each of which says a character or the blank."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            conv(3, 20, 3, 2), conv(20, 40, 3, 2), Residual(40), Residual(40), conv(40, 56, 3, (2, 1)), Residual(56),
            conv(56, 80, (3, 3), 1, (0, 1)),
        )  # [n, 80, 1, 24]
        self.along = nn.Sequential(conv(80, 80, (1, 3), 1, (0, 1)), nn.Conv2d(80, len(ALPHABET), 1))

    def forward(self, x):
        """Logits [n, 24, characters]."""
        return self.along(self.body(x))[:, :, 0].transpose(1, 2)


class Read(nn.Module):
    """The reader in the layout `ctc`: probabilities [n, 24, characters]."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        return self.net(images).softmax(2)


# --- learning ---------------------------------------------------------------------------------------


def finder_loss(boxes, logits, rows, centres):
    """Cells near the plate's centre say where it is and how large; those nearest say that it is there, the surer the better
    their box. Those near other plates say nothing."""
    n = len(rows)
    middle = (rows[..., 1:3] + rows[..., 3:5]) / 2  # [n, 3, 2]
    size = rows[..., 3:5] - rows[..., 1:3]
    reach = (middle[:, :, :, None] - centres[None, None]).abs()  # [n, 3, 2, a]
    own = rows[:, 0, :1] == 1
    wanted = (reach[:, 0] <= STRIDE * 0.9).all(1) & own
    taught = (reach[:, 0] <= STRIDE * 1.5).all(1) & own
    beside = (reach <= STRIDE * 1.8 + size[..., None] / 2).all(2)
    ignored = (beside[:, 1:] & (rows[:, 1:, :1] == 0)).any(1) | taught
    picture, cell = taught.nonzero(as_tuple=True)
    found = boxes[picture, :, cell]
    own_middle, own_size = middle[picture, 0], size[picture, 0] / STRIDE
    place = (own_middle - centres.T[cell]) / STRIDE
    ideal = torch.cat([place, own_size.clamp(min=0.05).log()], 1)
    # An error counts by the plate's size, since the reader's margin does.
    scale = torch.cat([own_size, torch.ones_like(own_size)], 1)
    fit = F.smooth_l1_loss((found - ideal) / scale, torch.zeros_like(ideal), beta=0.02, reduction="sum") / max(1, len(picture))
    with torch.no_grad():
        half = found[:, 2:].clamp(max=4).exp() / 2
        low = torch.maximum(found[:, :2] - half, place - own_size / 2)
        high = torch.minimum(found[:, :2] + half, place + own_size / 2)
        both = (high - low).clamp(min=0).prod(1)
        overlap = both / (4 * half.prod(1) + own_size.prod(1) - both)
        target = torch.zeros_like(logits)
        target[picture, cell] = 0.5 + 0.5 * overlap
        target *= wanted
        # A plate that the picture's edge cuts looks much like a whole one: pictures without any weigh more.
        weight = logits.sigmoid().pow(1.5) * torch.where(own, 1.0, 3.0) * ~ignored
        weight = torch.where(wanted, 1.0, weight)
    count = wanted.sum().clamp(min=1)
    return F.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum") / count + 5.0 * fit


def relit(images, rng):
    """Light, contrast, colour and noise; floats 0..1."""
    n = len(images)
    draw = lambda low, high, *shape: torch.from_numpy(rng.uniform(low, high, (n, *shape))).float()
    mean = images.mean((1, 2, 3), keepdim=True)
    images = (images - mean) * draw(0.7, 1.2, 1, 1, 1) + mean
    images = images * draw(0.7, 1.3, 1, 1, 1) * draw(0.94, 1.06, 3, 1, 1) + draw(-0.08, 0.08, 1, 1, 1)
    noise = torch.from_numpy(rng.standard_normal(images.shape[1:], np.float32))  # one pattern: drawing it is what costs
    return (images + noise * draw(0.0, 0.025, 1, 1, 1)).clamp_(0, 1)


def finder_batch(data, chosen, rng):
    images = torch.from_numpy(data["vehicles"][chosen]).float().div_(255)
    rows = torch.from_numpy(data["boxes"][chosen]).clone()
    flipped = torch.from_numpy(rng.random(len(chosen)) < 0.5)
    images[flipped] = images[flipped].flip(3)
    known = rows[..., 0] >= 0
    swapped = rows[..., [0, 3, 2, 1, 4]]
    swapped[..., [1, 3]] = SIDE - swapped[..., [1, 3]]
    rows = torch.where((flipped[:, None] & known)[..., None], swapped, rows)
    if rng.random() < 0.2:
        images = F.avg_pool2d(images, 3, 1, 1)
    return relit(images, rng).contiguous(memory_format=torch.channels_last), rows


def reader_batch(data, chosen, rng):
    """Plates with boxes as a finder may give them: shifted, too large, too small, a little askew."""
    n = len(chosen)
    # The part that jittered boxes reach: smaller, since all of it is blurred and scaled.
    images = torch.from_numpy(data["sources"][chosen][:, :, TRIM_Y:-TRIM_Y, TRIM_X:-TRIM_X]).float().div_(255)
    far = torch.from_numpy(rng.random(n) < 0.25)
    if far.any():  # as from farther away
        factor = rng.uniform(0.6, 1.0)
        small = F.interpolate(images[far], scale_factor=factor, mode="bilinear", antialias=True)
        images[far] = F.interpolate(small, images.shape[2:], mode="bilinear", align_corners=False)
    corners = data["corners"][chosen] - np.array([TRIM_X, TRIM_Y], np.float32)
    low, high = corners.min(1), corners.max(1)  # [n, 2]
    size = high - low
    low = low + rng.normal(0, 1, (n, 2)) * size * [0.03, 0.07] - MARGIN * size
    high = high + rng.normal(0, 1, (n, 2)) * size * [0.03, 0.07] + MARGIN * size
    quad = np.stack([low, np.stack([high[:, 0], low[:, 1]], 1), np.stack([low[:, 0], high[:, 1]], 1), high], 1)
    quad = quad + rng.normal(0, 1, quad.shape) * size[:, None] * [0.008, 0.03]
    top_left, top_right, bottom_left, bottom_right = torch.from_numpy(quad).float().unbind(1)
    u = ((torch.arange(TEXT_WIDTH) + 0.5) / TEXT_WIDTH)[None, None, :, None]
    v = ((torch.arange(TEXT_HEIGHT) + 0.5) / TEXT_HEIGHT)[None, :, None, None]
    corner = lambda at: at[:, None, None, :]
    place = (1 - v) * ((1 - u) * corner(top_left) + u * corner(top_right))
    place = place + v * ((1 - u) * corner(bottom_left) + u * corner(bottom_right))
    place = place / torch.tensor([SOURCE_WIDTH - 2 * TRIM_X, SOURCE_HEIGHT - 2 * TRIM_Y]) * 2 - 1
    seen = F.grid_sample(images, place, mode="bilinear", padding_mode="border", align_corners=False)
    texts = [[ALPHABET.index(c) for c in str(data["texts"][i])] for i in chosen]
    left, right = corners[:, :, 0].min(1), corners[:, :, 0].max(1)
    columns = np.full((n, TEXT_WIDTH // 4), -100)
    for row, text, strip, a, b, start, end in zip(columns, texts, data["strips"][chosen], left, right, low[:, 0], high[:, 0]):
        at = (a + middles(text, strip) * (b - a) - start) / (end - start) * len(row)
        apart = np.abs(np.arange(len(row))[:, None] + 0.5 - at[None]).min(1)
        row[apart > 0.8] = 0
        row[np.clip(at.astype(int), 0, len(row) - 1)] = text
    return relit(seen, rng).contiguous(memory_format=torch.channels_last), texts, torch.from_numpy(columns)


def middles(text, strip):
    """Where the middles of a text's letters are on its board, 0..1, as the scene draws them; a coloured strip at the left
    moves them by half its width."""
    digits = [1 <= index <= 10 for index in text]
    breaks = [number for number in range(1, len(text)) if digits[number] != digits[number - 1]]
    if len(breaks) == 2 and breaks[1] - breaks[0] == 1:
        breaks = breaks[:1]  # such as ABC 1DEF
    gaps = np.array([sum(number >= cut for cut in breaks) for number in range(len(text))])
    places = np.arange(len(text)) * 58.5 + gaps * 22.0
    return 0.5 + (places - places[-1] / 2 + 19 * strip) / 520


def strips(sources, corners):
    """Which boards have a coloured strip at their left: it is much darker than the right end."""
    low, high = corners.min(1), corners.max(1)
    ends = []
    for share in (0.04, 0.96):
        x = (low[:, 0] + share * (high[:, 0] - low[:, 0])).astype(int)
        rows = (low[:, 1, None] + np.array([0.3, 0.5, 0.7]) * (high - low)[:, 1, None]).astype(int)
        ends.append(sources[np.arange(len(x))[:, None], :, rows, x[:, None]].mean((1, 2)))
    return ends[0] < 0.65 * ends[1]


def reader_loss(logits, texts, columns):
    """CTC (Graves et al. 2006), and what each column should say as far as the layout tells, which CTC alone is slow to
    find out. Columns at the edge of a letter may say it or nothing, but are to be sure of it, since the product takes
    the likeliest class of every column."""
    scores = logits.log_softmax(2)
    flat = torch.tensor([c for text in texts for c in text])
    lengths = torch.tensor([len(text) for text in texts])
    steps = torch.full((len(texts),), scores.shape[1])
    whole = F.ctc_loss(scores.transpose(0, 1), flat, steps, lengths, blank=0, zero_infinity=True)
    unsure = -scores.amax(2)[columns < 0].mean()
    return 0.3 * whole + F.nll_loss(scores.transpose(1, 2), columns) + 0.5 * unsure


def train(name, net, step, arguments, share, steps, batch):
    """`step(net, chosen, rng)` gives the loss over the chosen samples; `share` says of each sample how likely a round
    through all of them takes it. Where `--resume` is given, goes on from where the last run was stopped."""
    torch.manual_seed(arguments.seed)
    net = net().to(memory_format=torch.channels_last)
    print(f"{name}: {sum(p.numel() for p in net.parameters()):,} parameters", flush=True)
    averaged = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=arguments.rate, weight_decay=0.02)
    warm = max(1, min(300, steps // 10))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1, (s + 1) / warm) * (0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * min(1, s / steps))))
    )
    whole = {"net": net, "averaged": averaged, "optimiser": optimiser, "schedule": schedule}
    path, first = arguments.work / f"{name}.pt", 0
    if arguments.resume and path.exists():
        state = torch.load(path, weights_only=True)
        for key, value in whole.items():
            value.load_state_dict(state[key])
        first = state["step"]
    rng = np.random.default_rng([arguments.seed, first])
    order, losses, started = np.zeros(0, int), [], time.time()
    for number in range(first, steps):
        if len(order) < batch:
            order = rng.permutation(np.nonzero(rng.random(len(share)) < share)[0])
        chosen, order = np.sort(order[:batch]), order[batch:]
        value = step(net, chosen, rng)
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        averaged.update_parameters(net)
        losses.append(value.item())
        if (number + 1) % 250 == 0 or number + 1 == steps:
            print(f"{name} step {number + 1}/{steps}: loss {np.mean(losses):.4f}, {time.time() - started:.0f} s", flush=True)
            torch.save({"step": number + 1} | {key: value.state_dict() for key, value in whole.items()}, path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
            losses = []
    return averaged.module.eval()


# --- export -----------------------------------------------------------------------------------------


def export(model, path, size, output, manifest):
    import onnx

    path.parent.mkdir(exist_ok=True)
    images = torch.zeros(1, 3, *size)
    torch.onnx.export(
        model.eval(), (images,), path, opset_version=17, dynamo=False, input_names=["images"], output_names=["output0"],
        dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
    )
    proto = onnx.load(path)
    for known, dim in zip(output, proto.graph.output[0].type.tensor_type.shape.dim[1:]):
        dim.dim_value = known
    proto.metadata_props.add(key="license", value="Apache-2.0 OR MIT")
    proto.metadata_props.add(key="description", value=f"{path.stem}: knows the synthetic scenes of Ocellus, not the world")
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (path.parent / "model.toml").write_text(manifest.format(name=path.stem, digest=digest))
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, sha256 {digest}", flush=True)


ABOUT = """# Written by models/scene-plates/train.py.
{classes}[model]
name = "{{name}}"
task = "{task}"
licence = "Apache-2.0 OR MIT"
source = "trained by models/scene-plates/train.py on rendered scenes"
sha256 = "{{digest}}"

[input]
width = {width}
height = {height}
colour = "rgb"
scale = "0-1"
{more}

[output]
{output}
"""
FINDER_TOML = ABOUT.format(
    classes='classes = ["plate"]\n\n', task="detect", width=SIDE, height=SIDE,
    more=f'fit = "letterbox-centre"\npad = {PAD}', output='layout = "yolov8"',
)
READER_TOML = ABOUT.format(
    classes="", task="read", width=TEXT_WIDTH, height=TEXT_HEIGHT,
    more=f'fit = "stretch"\nmargin = {MARGIN}', output=f'alphabet = "{ALPHABET}"\nblank = "{ALPHABET[0]}"',
)


# --- figures ----------------------------------------------------------------------------------------


def spoken(probabilities):
    """The text of [24, characters] by the best path, and its confidence: the probability of that path."""
    best, text, before = probabilities.argmax(1), "", 0
    for index in best:
        if index and index != before:
            text += ALPHABET[index]
        before = index
    return text, float(probabilities.max(1).prod())


def elected(readings):
    """What a vehicle's readings [(text, confidence)] come to, as in the product (host/core/src/plate.rs): of the length that
    has most weight, character by character; nothing where fewer than two agree with it but for one character."""
    weights = defaultdict(float)
    for text, confidence in readings:
        weights[len(text)] += confidence
    if not weights:
        return ""
    length, said = max(weights, key=lambda length: (weights[length], length)), ""
    same = [(text, confidence) for text, confidence in readings if len(text) == length]
    for place in range(length):
        votes = defaultdict(float)
        for text, confidence in same:
            votes[text[place]] += confidence
        said += max(votes, key=votes.get)
    agreeing = sum(sum(a != b for a, b in zip(text, said)) <= 1 for text, _ in same)
    return said if agreeing >= 2 else ""


def session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnxruntime.InferenceSession(str(path), options)
    return lambda images: model.run(None, {"images": images.numpy().astype(np.float32) / 255})[0]


def judge(arguments, seeds, crf=20):
    """Reads all plates of recordings of 10 frames a second: from the truth's corners one by one, and found on vehicles and voted."""
    finder, reader = session(FINDER), session(READER)
    rows, misread = [], []
    for seed in seeds:
        readings, widest, wanted, single = defaultdict(list), defaultdict(float), {}, []
        lone, found = 0, [0, 0]
        for planes, objects in render(arguments, f"plates?seed={seed}", arguments.judge_frames, crf):
            for thing in objects:
                if thing["class"] not in VEHICLES:
                    continue
                plate = thing.get("plate")
                legible = False
                if plate:
                    x1, _, x2, _ = box = around(plate["corners"])
                    wanted[thing["id"]] = plate["text"]
                    if plate["visibility"] >= 0.95:
                        widest[thing["id"]] = max(widest[thing["id"]], x2 - x1)
                        legible = x2 - x1 >= LEGIBLE
                    if legible:
                        text, _ = spoken(reader(reader_input(planes, box)[None])[0])
                        single.append(text == plate["text"])
                if thing["visibility"] < 0.3:
                    continue
                x, y, w, h = thing["rect"]
                seen = finder_input(planes, (x - 0.05 * w, y - 0.05 * h, 1.1 * w, 1.1 * h))
                if seen is None:
                    continue
                picture, ratio, dx, dy = seen
                out = finder(picture[None])[0]
                best = out[4].argmax()
                if out[4, best] < 0.3:  # as in the product
                    found[1] += legible
                    continue
                cx, cy, w, h = out[:4, best]
                mine = [(cx - w / 2 - dx) / ratio, (cy - h / 2 - dy) / ratio, (cx + w / 2 - dx) / ratio, (cy + h / 2 - dy) / ratio]
                if legible:
                    overlap = shared(mine, box)
                    found[0] += int(overlap >= 0.5)
                    found[1] += 1
                lone += plate is None
                image = reader_input(planes, mine)
                if image is not None:
                    text, confidence = spoken(reader(image[None])[0])
                    if len(text) >= 3 and confidence >= 0.05:  # as in the product
                        readings[thing["id"]].append((text, confidence))
        judged = [number for number, width in widest.items() if width >= LEGIBLE]
        said = {number: elected(readings[number]) for number in judged}
        right = sum(said[number] == wanted[number] for number in judged)
        misread += [(seed, number, wanted[number], said[number], round(widest[number])) for number in judged if said[number] != wanted[number]]
        rows.append((seed, len(single), sum(single), found[1], found[0], len(judged), right, lone))
        print(f"seed {seed}: {rows[-1][1:]}", flush=True)
    total = [sum(row[i] for row in rows) for i in range(1, 8)]
    print("\n| seed | plates seen | read right, one by one | found on the vehicle | vehicles | right after the vote | found where no plate is whole |")
    print("|---|---|---|---|---|---|---|")
    for seed, single, correct, all_found, good, vehicles, right, lone in [*rows, ("all", *total)]:
        print(f"| {seed} | {single} | {correct / max(1, single):.4f} | {good / max(1, all_found):.4f} | {vehicles} | {right} ({right / max(1, vehicles):.2%}) | {lone} |")
    for seed, number, text, said, width in misread:
        print(f"misread: seed {seed}, vehicle {number}, {text} as {said!r}, at most {width} px wide")


def shared(a, b):
    """Intersection over union of two boxes given by their corners."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, w) * max(0, h)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both + 1e-9)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for rendered pictures and weights")
    parser.add_argument("--renderer", default=str(HERE.parents[1] / "target/release/examples/scene_dataset"))
    parser.add_argument("--seeds", type=int, default=320, help="how many seeds to train on, at most 900")
    parser.add_argument("--finder-steps", type=int, default=7500, help="of 16 pictures")
    parser.add_argument("--reader-steps", type=int, default=10000, help="of 64 pictures")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--judge-frames", type=int, default=300, help="length of the clips that are judged; 0 judges none")
    parser.add_argument("--judge-first", type=int, default=1000, help="the first of ten seeds; settings were chosen on those from 900")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on where the last run was stopped")
    parser.add_argument("--only", choices=("finder", "reader"), help="train one of the two")
    parser.add_argument("--only-judge", action="store_true", help="train nothing, take the models beside this file")
    parser.add_argument("--only-render", action="store_true", help="stop once the training pictures are there")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not shutil.which("ffmpeg") or not Path(arguments.renderer).exists():
        sys.exit(f"needs ffmpeg on the path and the renderer {arguments.renderer}: see the top of this script")
    torch.set_num_threads(arguments.threads)
    if arguments.only_render:
        dataset(arguments, "training", plan(range(min(900, arguments.seeds))))
        return
    if not arguments.only_judge:
        data = dataset(arguments, "training", plan(range(min(900, arguments.seeds))))
        centres = grid()

        # Those too small to be read with ease are many; they teach how unsure to be.
        share = np.minimum(1, np.ptp(data["corners"][:, :, 0], axis=1) / LEGIBLE) ** 2

        def reader_step(net, chosen, rng):
            images, texts, columns = reader_batch(data, chosen, rng)
            return reader_loss(net(images), texts, columns)

        def finder_step(net, chosen, rng):
            images, rows = finder_batch(data, chosen, rng)
            return finder_loss(*net(images), rows, centres)

        if arguments.only != "finder":
            net = train("reader", Reader, reader_step, arguments, share, arguments.reader_steps, 64)
            export(Read(net), READER, (TEXT_HEIGHT, TEXT_WIDTH), (TEXT_WIDTH // 4, len(ALPHABET)), READER_TOML)
        if arguments.only != "reader":
            share = np.ones(len(data["vehicles"]))
            net = train("finder", Finder, finder_step, arguments, share, arguments.finder_steps, 16)
            export(Found(net), FINDER, (SIDE, SIDE), (5, (SIDE // STRIDE) ** 2), FINDER_TOML)
    if arguments.judge_frames:
        judge(arguments, range(arguments.judge_first, arguments.judge_first + 10))


if __name__ == "__main__":
    main()
