"""Makes the numbers that our measures and trackers are held against; no test runs this.

    python3 -m venv venv && venv/bin/pip install trackeval==1.3.0
    OCELLUS_TEST_DATA=... cargo bench --profile release -p ocellus-core --bench trackers -- --write boxes
    OCELLUS_TEST_DATA=... venv/bin/python tests/golden/tracking/reference.py trackeval boxes > trackeval.json

and, with trackeval and one of `trackers==2.6.1` (which brings its supervision), `supervision==0.26.1` (the last releases
have no tracker) or `boxmot==25.0.0` (AGPL: only its results stand here; its motion-only trackers do not touch the torch
that it imports), each in an environment of its own,

    ... reference.py supervision boxes | trackers boxes | boxmot boxes     # one JSON object each: trackers.json has all three
    ... reference.py counts boxes > counts.json                            # with supervision 0.26.1
    ... reference.py heldout supervision boxes | heldout trackers boxes    # degraded by other seeds: heldout.json has both

`boxes` holds what the bench writes: text of MOTChallenge, the same for everybody. TUD-Campus comes from the test data.
"""

import contextlib
import json
import os
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

DATA = Path(os.environ["OCELLUS_TEST_DATA"]) / "mot"
MOT17 = ["MOT17-02", "MOT17-05", "MOT17-11", "MOT17-13"]
# What no constant was chosen on: the boxes that another tracker found, and boxes degraded by other seeds.
HELD_OUT = ["found", "degraded-1", "degraded-2", "degraded-3", "degraded-4"]
NUMBERS = ["HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "CLR_TP", "CLR_FN", "CLR_FP", "IDSW", "Frag", "MT", "PT",
           "ML", "IDF1", "IDP", "IDR", "IDTP"]
CURVES = ["HOTA", "DetA", "AssA", "LocA", "HOTA_TP"]


def digest(text):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def evaluate(benchmark, sequences):
    """TrackEval's own reading, preprocessing and measures; sequences: name -> (gt.txt, frames, text of tracks)."""
    from trackeval import Evaluator, datasets, metrics
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        (work / "trackers/t/data").mkdir(parents=True)
        for name, (truth, _, tracks) in sequences.items():
            (work / "gt" / name / "gt").mkdir(parents=True)
            (work / "gt" / name / "gt/gt.txt").write_text(Path(truth).read_text())
            (work / f"trackers/t/data/{name}.txt").write_text(tracks)
        dataset = datasets.MotChallenge2DBox({
            "GT_FOLDER": str(work / "gt"), "TRACKERS_FOLDER": str(work / "trackers"), "BENCHMARK": benchmark,
            "SEQ_INFO": {name: frames for name, (_, frames, _) in sequences.items()}, "SKIP_SPLIT_FOL": True,
            "PRINT_CONFIG": False})
        evaluator = Evaluator({"PRINT_RESULTS": False, "PRINT_CONFIG": False, "TIME_PROGRESS": False,
                               "OUTPUT_SUMMARY": False, "OUTPUT_DETAILED": False, "PLOT_CURVES": False,
                               "OUTPUT_EMPTY_CLASSES": False, "LOG_ON_ERROR": None})
        quiet = {"PRINT_CONFIG": False}
        with contextlib.redirect_stdout(sys.stderr):
            found, _ = evaluator.evaluate([dataset], [metrics.HOTA(), metrics.CLEAR(quiet), metrics.Identity(quiet)])
    found = found["MotChallenge2DBox"]["t"]
    return {name: numbers(found[name]["pedestrian"]) for name in [*sequences, "COMBINED_SEQ"]}


def numbers(found):
    """What the golden keeps: each number, HOTA's as means over the thresholds, and those at each threshold."""
    every = {key: value for part in ("HOTA", "CLEAR", "Identity") for key, value in found[part].items()}
    kept = {key: float(np.mean(every[key])) for key in NUMBERS}
    kept["alphas"] = {key: [float(value) for value in found["HOTA"][key]] for key in CURVES}
    return kept


def seqinfo(name):
    lines = (DATA / "mot17" / name / "seqinfo.ini").read_text().splitlines()
    return dict(line.split("=") for line in lines if "=" in line)


def mot17(tracks):
    """tracks: name -> text."""
    return evaluate("MOT17", {name: (DATA / "mot17" / name / "gt.txt", int(seqinfo(name)["seqLength"]), tracks[name])
                              for name in MOT17})


def mot15(tracks):
    return evaluate("MOT15", {"TUD-Campus": (DATA / "mot15/TUD-Campus/gt.txt", 71, tracks)})


def trackeval(boxes):
    sets = {"lif": {name: (DATA / "mot17" / name / "lif_t_frcnn.txt").read_text() for name in MOT17},
            "broken": {name: (boxes / f"{name}.broken.txt").read_text() for name in MOT17}}
    golden = {"trackeval": version("trackeval")}
    for key, texts in sets.items():
        golden[key] = mot17(texts)
        for name, text in texts.items():
            golden[key][name]["input"] = digest(text)
    golden["mot15"] = mot15((DATA / "mot15/TUD-Campus/test.txt").read_text())
    return golden


def frames_of(text):
    """frame -> array of x1, y1, x2, y2, confidence; every frame from the first to the last."""
    by_frame = defaultdict(list)
    for line in text.splitlines():
        frame, _, x, y, width, height, confidence, *_ = (float(value) for value in line.split(","))
        by_frame[int(frame)].append([x, y, x + width, y + height, confidence])
    return {frame: np.array(by_frame.get(frame, np.empty((0, 5))), dtype=np.float64).reshape(-1, 5)
            for frame in range(1, max(by_frame) + 1)}


def run(make, text, rate):
    """The tracks of a tracker in MOTChallenge text."""
    update, lines = make(rate), []
    for frame, rows in frames_of(text).items():
        for x1, y1, x2, y2, identity in update(rows):
            if identity >= 0:
                lines.append(f"{frame},{int(identity)},{x1},{y1},{x2 - x1},{y2 - y1},1,-1,-1,-1\n")
    return "".join(lines)


def through_supervision(update):
    """A tracker that takes and gives supervision's detections."""
    import supervision

    def step(rows):
        seen = supervision.Detections(xyxy=rows[:, :4], confidence=rows[:, 4], class_id=np.zeros(len(rows), dtype=int))
        found = update(seen)
        ids = found.tracker_id if found.tracker_id is not None else []
        return [(*box, identity) for box, identity in zip(found.xyxy, ids)]
    return step


def supervision_trackers():
    import supervision
    return {"ByteTrack": lambda rate: through_supervision(supervision.ByteTrack(frame_rate=rate).update_with_detections)}


def roboflow_trackers():
    import trackers
    return {
        "SORT": lambda rate: through_supervision(trackers.SORTTracker(frame_rate=rate).update),
        "ByteTrack": lambda rate: through_supervision(trackers.ByteTrackTracker(frame_rate=rate).update),
        "OC-SORT": lambda rate: through_supervision(trackers.OCSORTTracker(frame_rate=rate).update),
        "BoT-SORT": lambda rate: through_supervision(trackers.BoTSORTTracker(frame_rate=rate, enable_cmc=False).update),
    }


def boxmot_trackers():
    with contextlib.redirect_stdout(sys.stderr):
        from boxmot.trackers.box.botsort.tracker import BotSort
        from boxmot.trackers.box.bytetrack.tracker import ByteTrack
        from boxmot.trackers.box.ocsort.tracker import OcSort
    picture = np.zeros((1080, 1920, 3), dtype=np.uint8)

    def through(tracker):
        def step(rows):
            seen = np.hstack([rows, np.zeros((len(rows), 1))])
            return [tuple(row[:5]) for row in np.asarray(tracker.update(seen, picture)).reshape(-1, 8)]
        return step
    return {
        "ByteTrack": lambda rate: through(ByteTrack(frame_rate=rate)),
        "OC-SORT": lambda rate: through(OcSort()),
        "BoT-SORT": lambda rate: through(BotSort(frame_rate=rate, use_cmc=False, use_embeddings=False)),
    }


KEPT = ["HOTA", "DetA", "AssA", "LocA", "IDF1", "MOTA", "IDSW"]


def kept(row):
    return {key: round(100 * row[key], 4) if key != "IDSW" else row[key] for key in KEPT}


def on_mot17(make, kind, boxes):
    """What a tracker makes of one kind of boxes, by sequence."""
    texts = {sequence: (boxes / f"{sequence}.{kind}.txt").read_text() for sequence in MOT17}
    rates = {sequence: float(seqinfo(sequence)["frameRate"]) for sequence in MOT17}
    found = mot17({sequence: run(make, texts[sequence], rates[sequence]) for sequence in MOT17})
    scores = {at: kept(row) for at, row in found.items()}
    for sequence, text in texts.items():
        scores[sequence]["input"] = digest(text)
    return scores


def track(package, makers, boxes):
    """HOTA, IDF1 and MOTA of each tracker, by kind of boxes and sequence."""
    golden = {"version": version(package), "trackers": {}}
    for name, make in makers.items():
        scores = {kind: on_mot17(make, kind, boxes) for kind in ["clean", "degraded"]}
        tud = mot15(run(make, (DATA / "mot15/TUD-Campus/det.txt").read_text(), 25.0))["TUD-Campus"]
        scores["TUD-Campus"] = kept(tud)
        golden["trackers"][name] = scores
        print(package, name, scores, file=sys.stderr)
    return golden


def heldout(package, makers, boxes):
    """The same on boxes degraded by other seeds, which nothing was chosen by."""
    golden = {"version": version(package), "trackers": {}}
    for name, make in makers.items():
        golden["trackers"][name] = {kind: on_mot17(make, kind, boxes) for kind in HELD_OUT}
        print(package, name, file=sys.stderr)
    return golden


def crossings(frames, size, anchors):
    """How often supervision's line at half the width is crossed: left to right, right to left."""
    import supervision
    width, height = size
    # Longer than the picture: boxes reach beyond its edge, and nothing goes around the line.
    line = supervision.LineZone(supervision.Point(width / 2, 3 * height), supervision.Point(width / 2, -2 * height),
                                **({"triggering_anchors": anchors} if anchors else {}))
    for boxes, ids in frames:
        line.trigger(supervision.Detections(xyxy=boxes.reshape(-1, 4), class_id=np.zeros(len(boxes), dtype=int),
                                            tracker_id=np.asarray(ids, dtype=int)))
    return [line.out_count, line.in_count]


def counts(boxes):
    """Crossings by supervision: of tracks that are given, and of degraded boxes through its ByteTrack."""
    import supervision
    foot = [supervision.Position.BOTTOM_CENTER]
    golden = {"version": version("supervision")}
    for name in MOT17:
        info = seqinfo(name)
        size = int(info["imWidth"]), int(info["imHeight"])
        text = (boxes / f"{name}.switching.txt").read_text()
        rows = defaultdict(list)
        for line in text.splitlines():
            frame, identity, x, y, width, height, *_ = (float(value) for value in line.split(","))
            rows[frame].append(([x, y, x + width, y + height], identity))
        given = [(np.array([box for box, _ in rows[frame]]), [identity for _, identity in rows[frame]])
                 for frame in sorted(rows)]
        degraded = (boxes / f"{name}.degraded.txt").read_text()
        tracker = supervision.ByteTrack(frame_rate=float(info["frameRate"]))
        tracked = []
        for frame in frames_of(degraded).values():
            found = tracker.update_with_detections(supervision.Detections(
                xyxy=frame[:, :4], confidence=frame[:, 4], class_id=np.zeros(len(frame), dtype=int)))
            tracked.append((found.xyxy, found.tracker_id))
        golden[name] = {
            "switching": {"input": digest(text), "foot": crossings(given, size, foot),
                          "corners": crossings(given, size, None)},
            "degraded": {"input": digest(degraded), "foot": crossings(tracked, size, foot),
                         "corners": crossings(tracked, size, None)},
        }
    return golden


def main():
    what, boxes = sys.argv[1], Path(sys.argv[-1])
    if what == "trackeval":
        golden = trackeval(boxes)
    elif what == "counts":
        golden = counts(boxes)
    else:
        makers = {"supervision": supervision_trackers, "trackers": roboflow_trackers, "boxmot": boxmot_trackers}
        package = sys.argv[2] if what == "heldout" else what
        golden = (heldout if what == "heldout" else track)(package, makers[package](), boxes)
    json.dump(golden, sys.stdout, indent=1)
    print()


main()
