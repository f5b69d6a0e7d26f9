"""The cases of the rule in Rust (plugins/line-crossing/tests) that a slip in another language would break."""

import json
import unittest

from line_crossing import LineCrossing
from ocellus_sdk import Refusal
from ocellus_sdk.testing import Columns, Harness, track


def door(**more):
    line = {"name": "door", "from": [0.5, 0.2], "to": [0.5, 0.8], "entry": "left-to-right"}
    return {"lines": [line], **more}


def one_line(**change):
    return {"lines": [{**door()["lines"][0], **change}]}


def person(track_id, x, y=0.5):
    return track(track_id, "person").sized(0.04, 0.16).foot_at(x, y)


def count(settings, frames):
    """Entries and exits after these frames, a tenth of a second apart."""
    harness = Harness(LineCrossing, settings)
    outputs = [harness.frame(index / 10, tracks) for index, tracks in enumerate(frames)]
    outputs.append(harness.finish(1000))
    directions = [event.attributes["direction"] for output in outputs for event in output.events]
    return directions.count("entry"), directions.count("exit")


def walk(settings, xs):
    return count(settings, [[person(1, x)] for x in xs])


def follow(settings, path):
    return count(settings, [[person(1, x, y)] for x, y in path])


class Counting(unittest.TestCase):
    def test_directions_follow_the_line_and_the_setting(self):
        self.assertEqual(walk(door(), [0.4, 0.45, 0.48, 0.53, 0.6]), (1, 0))
        self.assertEqual(walk(door(), [0.6, 0.53, 0.48, 0.4]), (0, 1))
        self.assertEqual(walk(one_line(entry="right-to-left"), [0.4, 0.6]), (0, 1))
        upwards = one_line(**{"from": [0.5, 0.8], "to": [0.5, 0.2]})
        self.assertEqual(walk(upwards, [0.4, 0.6]), (0, 1))

    def test_the_event_the_report_and_the_answer_say_what_happened(self):
        harness = Harness(LineCrossing, door())
        harness.frame(0, [person(7, 0.4)])
        output = harness.frame(0.1, [person(7, 0.6)])
        event = output.events[0]
        self.assertEqual((event.kind, event.track_id), ("line-crossing", 7))
        self.assertEqual(list(event.attributes.items()), [("line", "door"), ("direction", "entry"), ("class", "person")])
        self.assertEqual((output.measured("door.entries"), output.measured("door.exits")), (1.0, 0.0))
        self.assertEqual(output.overlays[0].label, "door  in 1 out 0")
        self.assertEqual(harness.query(None), {"lines": {"door": {"entries": 1, "exits": 0}}})

    def test_trembling_turning_back_and_single_outliers_count_nothing(self):
        trembling = [0.504, 0.496] * 100
        self.assertEqual(walk(door(), [0.4, *trembling]), (0, 0))
        self.assertEqual(walk(door(), [0.4, *trembling, 0.6]), (1, 0))
        self.assertEqual(walk(door(), [0.4, 0.48, 0.502, 0.48, 0.4]), (0, 0))
        self.assertEqual(walk(door(), [0.4, 0.49, 0.51, 0.49, 0.4]), (0, 0))
        self.assertEqual(walk(door(), [0.4, 0.49, 0.51, 0.51, 0.51]), (1, 0))

    def test_the_way_around_an_end_counts_nothing_and_leaves_no_phantom(self):
        self.assertEqual(follow(door(), [(0.4, 0.5), (0.4, 0.9), (0.6, 0.9), (0.6, 0.5)]), (0, 0))
        back = [(0.4, 0.5), (0.6, 0.5), (0.6, 0.9), (0.4, 0.9), (0.4, 0.5), (0.3, 0.5)]
        self.assertEqual(follow(door(), back), (1, 0))
        full = one_line(**{"from": [0.5, 0], "to": [0.5, 1]})
        self.assertEqual(follow(full, [(0.4, 1.01), (0.6, 1.02)]), (1, 0))

    def test_without_hysteresis_every_change_of_side_counts(self):
        self.assertEqual(walk(door(hysteresis=0), [0.499, 0.501, 0.499, 0.501]), (2, 1))
        self.assertEqual(walk(door(hysteresis=0), [0.4, 0.5, 0.4]), (0, 0))

    def test_ids_that_change_at_the_line_count_once(self):
        wide = one_line(**{"from": [0.5, 0.1], "to": [0.5, 0.9]})

        def broad(track_id, x, y=0.5):
            return track(track_id, "person").sized(0.06, 0.24).foot_at(x, y)

        xs = [0.44, 0.46, 0.48, 0.49, 0.5, 0.51, 0.52, 0.54, 0.58]
        self.assertEqual(count(wide, [[broad(1 + index % 2, x)] for index, x in enumerate(xs)]), (1, 0))
        both = [
            [broad(1, 0.47, 0.4), broad(2, 0.53, 0.6)],
            [broad(1, 0.48, 0.4), broad(2, 0.52, 0.6)],
            [broad(3, 0.51, 0.4), broad(4, 0.49, 0.6)],
            [broad(3, 0.53, 0.4), broad(4, 0.47, 0.6)],
            [broad(3, 0.56, 0.4), broad(4, 0.44, 0.6)],
        ]
        self.assertEqual(count(wide, both), (1, 1))
        without_size = [[person(1, 0.47)], [], [person(2, 0.53).sized(0, 0)]]
        self.assertEqual(count(wide, without_size), (0, 0))

    def test_only_confirmed_tracks_of_the_chosen_classes_move(self):
        harness = Harness(LineCrossing, door(classes=["person"]))

        def car(x):
            return track(2, "car").foot_at(x, 0.5)

        harness.frame(0, [person(1, 0.4), car(0.4)])
        others = [person(1, 0.6).lost(), car(0.6), person(3, 0.6).tentative()]
        self.assertEqual(harness.frame(0.1, others).events, [])
        self.assertEqual(harness.frame(0.2, [person(1, 0.45)]).events, [])
        self.assertEqual(len(harness.frame(0.3, [person(1, 0.6)]).events), 1)

    def test_rows_that_are_no_objects_are_passed_over(self):
        harness = Harness(LineCrossing, door())
        rows = [track(1, "person").box(-1e30, 0, 3e38, 1), track(2, "person").box(0.5, 0.5, -0.1, -0.1)]
        harness.frame(0, [*rows, person(3, 0.4), person(3, 0.6)])
        self.assertEqual(len(harness.frame(0.1, [person(3, 0.6)]).events), 1)
        self.assertEqual(harness.columns(0.2, Columns(ids=[3, 4], classes=[0], states=[1])).events, [])


class State(unittest.TestCase):
    def test_a_swap_between_any_two_frames_changes_nothing(self):
        xs = [0.4, 0.49, 0.51, 0.49, 0.52, 0.52, 0.52, 0.6, 0.49, 0.48, 0.4]

        def run(swap_before):
            harness = Harness(LineCrossing, door())
            outputs = []
            for index, x in enumerate(xs):
                if swap_before == index:
                    harness.swap()
                outputs.append(harness.frame(index / 10, [person(1, x)]))
            return outputs, harness.save()

        undisturbed = run(None)
        for index in range(len(xs)):
            self.assertEqual(run(index), undisturbed, f"swapped before frame {index}")

    def test_a_state_of_the_rule_in_rust_is_taken_over(self):
        mover = {"id": 1, "at": [0.4, 0.5], "time_us": 900000, "velocity": [0.1, 0], "size": [0.04, 0.16], "class": 0}
        mover |= {"sightings": 5, "predecessor": None, "passages": [[1, 1, 0, 0, None]]}
        state = {"lines": [{"line": door()["lines"][0], "entries": 3, "exits": 1}], "movers": [mover]}
        harness = Harness(LineCrossing, door())
        harness.restore(json.dumps(state).encode(), "0.1.0")
        output = harness.frame(1, [person(1, 0.6)])
        self.assertEqual((output.measured("door.entries"), output.measured("door.exits")), (4.0, 1.0))

    def test_a_state_of_something_else_is_refused_and_changes_nothing(self):
        harness = Harness(LineCrossing, door())
        harness.frame(0, [person(1, 0.4)])
        state = harness.save()
        odd = b'{"lines":[],"movers":[{"id":1,"passages":[[0,0,0,0,null]]}]}'
        for bad in (b"", b"{", b"null", b"[1,2]", odd):
            with self.assertRaisesRegex(Refusal, "state"):
                harness.restore(bad, "9.9.9")
            self.assertEqual(harness.save(), state)

    def test_memory_and_state_stay_bounded_under_a_flood_of_tracks(self):
        lines = [{"name": f"line {index}", "from": [0.5, 0], "to": [0.5, 1]} for index in range(64)]
        harness = Harness(LineCrossing, {"lines": lines})
        largest = 0
        for frame in range(8):
            x = 0.508 if frame % 2 else 0.4
            crowd = [person(10**12 + frame // 2 * 300 + index, x) for index in range(300)]
            harness.frame(1e9 + frame / 10, crowd)
            largest = max(largest, len(harness.save()))
        self.assertTrue(100_000 < largest < 1 << 20, f"{largest} bytes")


class Settings(unittest.TestCase):
    def test_each_refusal_names_the_key_the_value_and_the_remedy(self):
        for settings, parts in [
            ({}, ["missing field `lines`"]),
            ([], ["settings"]),
            ({"lines": []}, ["lines has 0 lines", "1 to 64"]),
            (door(speed=1), ["unknown field `speed`", "`hysteresis`"]),
            (one_line(colour=1), ["lines[0]", "unknown field `colour`"]),
            (one_line(to=[0.5]), ["lines[0].to", "length 1"]),
            (one_line(to="x"), ["lines[0].to", '"x"']),
            (one_line(to=[0.5, 0.2]), ["lines[0]", "door", "move one end"]),
            (one_line(to=[0.5, 720]), ["lines[0].to", "720", "0..1"]),
            (one_line(entry="up"), ["lines[0].entry", "`up`", "`left-to-right`", "`right-to-left`"]),
            (door(anchor="head"), ["anchor", "`head`", "`foot`", "`centre`"]),
            (door(hysteresis=-0.1), ["hysteresis is -0.1", "0 to 0.5"]),
            (door(classes=["persn"]), ["classes", '"persn"', "person, bicycle"]),
            (door(classes=[]), ["classes is empty"]),
            ({"lines": door()["lines"] * 2}, ['lines[1].name is "door" like lines[0].name']),
            (one_line(name="a\nb"), ["lines[0].name is", "control characters"]),
            (one_line(name="門" * 41), ["lines[0].name has 123 bytes; give it at most 120"]),
            ("{", ["not JSON"]),
        ]:
            with self.subTest(settings=settings), self.assertRaises(Refusal) as raised:
                Harness(LineCrossing, settings)
            for part in parts:
                self.assertIn(part, str(raised.exception))


if __name__ == "__main__":
    unittest.main()
