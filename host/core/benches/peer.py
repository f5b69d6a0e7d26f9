"""The median time of an update of supervision's ByteTrack, in milliseconds, over the frames on standard input.

A line a frame: `x1,y1,x2,y2,confidence` of each detection, separated by blanks. Making its own form of the input is not timed.
"""

import statistics
import sys
import time

import numpy
import supervision


def frame(line):
    rows = numpy.array([[float(cell) for cell in row.split(",")] for row in line.split()]).reshape(-1, 5)
    return supervision.Detections(
        xyxy=rows[:, :4], confidence=rows[:, 4], class_id=numpy.zeros(len(rows), dtype=int)
    )


def seconds(tracker, detections):
    start = time.perf_counter()
    tracker.update_with_detections(detections)
    return time.perf_counter() - start


frames = [frame(line) for line in sys.stdin]
tracker = supervision.ByteTrack(frame_rate=30)
print(statistics.median(seconds(tracker, detections) for detections in frames) * 1e3)
