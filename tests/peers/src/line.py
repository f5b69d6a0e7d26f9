"""Counts changes of side, as one writes it in Python; frames as JSON on stdin, figures as JSON on stdout."""

import json
import sys
import time


class Line:
    def __init__(self):
        self.sides = {}
        self.crossings = 0

    def frame(self, ids, boxes):
        crossed = []
        for id_, (x, _, width, _) in zip(ids, boxes):
            side = x + width / 2 > 0.5
            before = self.sides.get(id_)
            self.sides[id_] = side
            if before is not None and before != side:
                crossed.append(id_)
                self.crossings += 1
        return crossed


def main():
    turns, warm_up = int(sys.argv[1]), int(sys.argv[2])
    frames = [([row[0] for row in rows], [row[1] for row in rows]) for rows in json.load(sys.stdin)]
    line = Line()
    times = []
    for turn in range(warm_up + turns):
        ids, boxes = frames[turn % len(frames)]
        start = time.perf_counter_ns()
        line.frame(ids, boxes)
        took = time.perf_counter_ns() - start
        if turn >= warm_up:
            times.append(took)
    times.sort()
    figures = {"p50_us": times[turns // 2] / 1000, "p99_us": times[turns * 99 // 100] / 1000}
    print(json.dumps(figures | {"crossings": line.crossings}))


main()
