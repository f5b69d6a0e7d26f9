#!/usr/bin/env python3
"""Fits scene-reid, which says what people of Ocellus' synthetic plazas wear.

    cargo build --release -p ocellus-media --example scene_dataset
    python3 -m venv venv && venv/bin/pip install numpy onnx onnxruntime
    venv/bin/python models/scene-reid/train.py --work /tmp/scene-reid

No network and no gradient: colours are counted by name in each eighth of the height, and linear discriminants (Fisher) say
which of these counts tell people apart. Renders plazas of seeds 0 to 34 to fit and prints the figures of the model card: seeds
900 to 904, by which the settings below were chosen, and seeds 1000 to 1009, which decided nothing. Takes a minute or
two, nearly all of it for rendering.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, DIMENSION = 32, 64, 64
ROWS = 8  # parts of the height
NAMES = 24  # colours that are told apart
SHARP = 60.0  # how sure a colour is of its name
FAINT = 1e-3  # keeps the root of an empty count tame
RIDGE = 0.1
LEAST_VISIBLE = 0.4  # people who are hidden further teach nothing
LEAST_HEIGHT = 16  # pixels
# Luma and two colour differences, which weigh more.
LUMA = np.array([0.299, 0.587, 0.114])
AXES = np.stack([LUMA, 1.5 * (np.array([1, 0, 0]) - LUMA), 1.5 * (np.array([0, 0, 1]) - LUMA)])
# How much a column counts: people are in the middle of their box.
COLUMNS = np.exp(-(((np.arange(WIDTH // 2) - 7.5) / 4.5) ** 2))
COLUMNS /= COLUMNS.mean()


# --- data -------------------------------------------------------------------------------------------


def resized(plane, width, height):
    """Bilinear, between the middles of pixels."""
    for axis, side in ((0, height), (1, width)):
        at = ((np.arange(side) + 0.5) * plane.shape[axis] / side - 0.5).clip(0, plane.shape[axis] - 1)
        before = np.floor(at).astype(int)
        after = np.minimum(before + 1, plane.shape[axis] - 1)
        share = (at - before).reshape((-1, 1) if axis == 0 else (1, -1))
        plane = np.take(plane, before, axis) * (1 - share) + np.take(plane, after, axis) * share
    return plane


def cut(picture, width, height, rect):
    """The part of an I420 picture under a box, as the product hands it to an embedder: whole pixels of the colour planes,
    each plane resized bilinearly, then BT.601. uint8 [3, HEIGHT, WIDTH], or None where the box shows nothing."""
    x, y, w, h = rect
    left, right = (max(0, min(width, round(v))) for v in (x, x + w))
    top, bottom = (max(0, min(height, round(v))) for v in (y, y + h))
    left, top, right, bottom = left & ~1, top & ~1, min(width, right + right % 2), min(height, bottom + bottom % 2)
    if right - left < 4 or bottom - top < 4:
        return None
    luma = picture[:height][top:bottom, left:right]
    chroma = picture[height:].reshape(2, height // 2, width // 2)[:, top // 2 : bottom // 2, left // 2 : right // 2]
    y, u, v = (resized(plane.astype(np.float32), WIDTH, HEIGHT) for plane in (luma, chroma[0], chroma[1]))
    y, u, v = 1.164383 * (y - 16), u - 128, v - 128
    rgb = np.stack([y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u])
    return rgb.round().clip(0, 255).astype(np.uint8)


def people(arguments, scene, frames, every, jitter, rng):
    """Crops of one camera, and rows of person, frame."""
    truth_path = arguments.work / "truth.jsonl"
    command = [arguments.renderer, scene, str(frames), str(every), str(truth_path)]
    data = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    header, *truth = [json.loads(line) for line in truth_path.read_text().splitlines()]
    width, height = header["width"], header["height"]
    pictures = np.frombuffer(data, np.uint8).reshape(-1, height * 3 // 2, width)
    crops, rows = [], []
    for picture, frame in zip(pictures, truth):
        for thing in frame["objects"]:
            x, y, w, h = thing["rect"]
            if thing["visibility"] < LEAST_VISIBLE or h < LEAST_HEIGHT:
                continue
            dx, dy, dw, dh = rng.normal(0, jitter, 4)
            rect = (x + w * (dx - dw / 2), y + h * (dy - dh / 2) * 0.6, w * (1 + dw), h * (1 + dh * 0.6))
            crop = cut(picture, width, height, rect)
            if crop is not None:
                crops.append(crop)
                rows.append((thing["id"], frame["frame"]))
    return crops, rows


def dataset(arguments, name, seeds, frames, every, jitter):
    """Crops uint8 [n, 3, HEIGHT, WIDTH] and rows of seed, person, view, frame; rendered once."""
    path = arguments.work / f"{name}.npz"
    if not path.exists():
        started, crops, rows = time.time(), [], []
        rng = np.random.default_rng(len(seeds))
        for seed in seeds:
            for view in range(3):
                overlap = "on" if seed % 2 == 0 else "off"
                found = people(arguments, f"plaza?seed={seed}&fps=1&view={view}&overlap={overlap}", frames, every, jitter, rng)
                crops.extend(found[0])
                rows.extend((seed, person, view, frame) for person, frame in found[1])
        np.savez(path, crops=np.stack(crops), rows=np.array(rows))
        print(f"{len(rows)} people cut out for {name} in {time.time() - started:.0f} s", flush=True)
    kept = np.load(path)
    return kept["crops"], kept["rows"]


# --- model ------------------------------------------------------------------------------------------


def colours(crops):
    """Every second pixel's colour, as mean of four, on AXES: [n, HEIGHT / 2, WIDTH / 2, 3]."""
    small = crops.reshape(len(crops), 3, HEIGHT // 2, 2, WIDTH // 2, 2).astype(np.float32).mean((3, 5)) / 255
    return small.transpose(0, 2, 3, 1) @ AXES.T.astype(np.float32)


def names(pixels, rng):
    """The colours that the names stand for: means of groups (k-means) of what is in the middle columns."""
    pixels = pixels[:, :, 3:13].reshape(-1, 3)
    pixels = pixels[rng.choice(len(pixels), 4000, replace=False)]
    centres = pixels[rng.choice(len(pixels), NAMES, replace=False)]
    for _ in range(8):
        nearest = ((pixels[:, None] - centres[None]) ** 2).sum(2).argmin(1)
        centres = np.stack([pixels[nearest == k].mean(0) if (nearest == k).any() else c for k, c in enumerate(centres)])
    return centres


def counts(pixels, centres):
    """Roots of how often each name stands in each part of the height: [n, NAMES * ROWS]."""
    found = []
    for part in np.array_split(pixels, len(pixels) // 500 + 1):
        sure = (2 * part @ centres.T - (centres**2).sum(1)) * SHARP
        share = np.exp(sure - sure.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        share = share.reshape(len(part), ROWS, HEIGHT // 2 // ROWS, WIDTH // 2, NAMES) * COLUMNS[:, None]
        found.append(np.sqrt(share.mean((2, 3)) + FAINT).transpose(0, 2, 1).reshape(len(part), -1))
    return np.concatenate(found)


def discriminants(features, persons):
    """The mean, and the directions in which different people differ most beside what one differs from picture to picture."""
    mean = features.mean(0)
    groups = [features[persons == person] - mean for person in np.unique(persons)]
    within = sum((group - group.mean(0)).T @ (group - group.mean(0)) for group in groups) / len(features)
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    between = np.cov(np.stack([group.mean(0) for group in groups]).T, bias=True)
    undone = np.linalg.inv(np.linalg.cholesky(within))
    worth, directions = np.linalg.eigh(undone @ between @ undone.T)
    worth, directions = worth[::-1][:DIMENSION], directions[:, ::-1][:, :DIMENSION]
    return mean, undone.T @ directions * np.sqrt(worth / (worth + 1))


def export(centres, mean, matrix, path):
    """The same as one graph."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    window = np.tile(COLUMNS / (4 * WIDTH // 2), (NAMES, 1, HEIGHT // 2 // ROWS, 1))
    constants = {
        "colour_weight": (2 * SHARP * centres @ AXES)[:, :, None, None],
        "colour_bias": -SHARP * (centres**2).sum(1),
        "window": window,
        "faint": np.array(FAINT),
        "matrix": matrix,
        "offset": -mean @ matrix,
    }
    node = helper.make_node
    nodes = [
        node("AveragePool", ["images"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["small", "colour_weight", "colour_bias"], ["sure"], kernel_shape=[1, 1]),
        node("Softmax", ["sure"], ["share"], axis=1),
        node("Conv", ["share", "window"], ["counts"], kernel_shape=[4, 16], strides=[4, 16], group=NAMES),
        node("Add", ["counts", "faint"], ["tame"]),
        node("Sqrt", ["tame"], ["roots"]),
        node("Flatten", ["roots"], ["flat"], axis=1),
        node("Gemm", ["flat", "matrix", "offset"], ["embeddings"]),
    ]
    graph = helper.make_graph(
        nodes,
        "scene-reid",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", DIMENSION])],
        [numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="scene-reid")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (HERE / "model.toml").write_text(
        f'# Written by train.py.\n[model]\nname = "scene-reid"\ntask = "embed"\nlicence = "Apache-2.0 OR MIT"\n'
        f'source = "fitted by models/scene-reid/train.py on rendered plazas"\nsha256 = "{digest}"\n\n'
        f'[input]\nwidth = {WIDTH}\nheight = {HEIGHT}\ncolour = "rgb"\nscale = "0-1"\nfit = "stretch"\n'
        f'normalise = "none"\n\n[output]\ndimension = {DIMENSION}\n'
    )
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, sha256 {digest}", flush=True)


# --- figures ----------------------------------------------------------------------------------------


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def show(title, session, data):
    """Over pairs of pictures of one seed from different views: how often the picture that is most alike is of the same person
    (rank 1), how many pairs of the same person are found where one in a hundred of the others is taken for one, and where both
    errors are equal; the same for means over the pictures that a view has of a person."""
    crops, rows = data
    parts = np.array_split(crops, len(crops) // 500 + 1)
    found = unit(np.concatenate([session.run(None, {"images": p.astype(np.float32) / 255})[0] for p in parts]))
    keys, which = np.unique(rows[:, :3], axis=0, return_inverse=True)
    means = unit(np.stack([found[which.ravel() == key].mean(0) for key in range(len(keys))]))
    for name, vectors, labels in (("pictures", found, rows), ("means", means, keys)):
        first, queries, same, other = 0, 0, [], []
        for seed in np.unique(labels[:, 0]):
            of = labels[:, 0] == seed
            who, where, cosines = labels[of, 1], labels[of, 2], vectors[of] @ vectors[of].T
            across = where[:, None] != where[None]
            alike = (who[:, None] == who[None]) & across
            able, best = alike.any(1), np.where(across, cosines, -2).argmax(1)
            first, queries = first + (who[best] == who)[able].sum(), queries + able.sum()
            same.append(cosines[alike])
            other.append(cosines[across & ~alike])
        same, other = np.sort(np.concatenate(same)), np.sort(np.concatenate(other))
        marks = np.linspace(-1, 1, 801)
        missed, taken = np.searchsorted(same, marks) / len(same), 1 - np.searchsorted(other, marks) / len(other)
        at = np.abs(missed - taken).argmin()
        print(
            f"| {title}, {name} | {queries} | {first / queries:.4f} | {(same > other[int(len(other) * 0.99)]).mean():.4f} "
            f"| {(missed[at] + taken[at]) / 2:.4f} at {marks[at]:.2f} | {np.median(same):.2f} / {np.median(other):.2f} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for crops")
    parser.add_argument("--renderer", default=str(HERE.parents[1] / "target/release/examples/scene_dataset"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not Path(arguments.renderer).exists():
        sys.exit(f"needs the renderer {arguments.renderer}: see the top of this script")
    rng = np.random.default_rng(1)
    crops, rows = dataset(arguments, "training", range(35), 40, 4, 0.07)
    pixels = colours(crops)
    centres = names(pixels, rng)
    persons = rows[:, 0] * 100 + rows[:, 1]
    print(f"{len(crops)} pictures of {len(np.unique(persons))} people", flush=True)
    mean, matrix = discriminants(counts(pixels, centres), persons)
    path = HERE / "scene-reid.onnx"
    export(centres, mean, matrix, path)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    show("900–904", session, dataset(arguments, "choosing", range(900, 905), 40, 8, 0.04))
    show("1000–1009", session, dataset(arguments, "judged", range(1000, 1010), 40, 8, 0.04))


if __name__ == "__main__":
    main()
