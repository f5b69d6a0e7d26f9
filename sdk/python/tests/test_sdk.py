"""The fake host keeps the contract's promises, and the SDK says what is wrong."""

import math
import time
import unittest
from unittest import mock

from ocellus_sdk import (
    CALIBRATION,
    LINE,
    OUTLINE,
    POSITION,
    Output,
    Polygon,
    Refusal,
    Rule,
    f32,
    hypot32,
    log,
    shortest32,
)
from ocellus_sdk.instance import check, log_fault
from ocellus_sdk.schema import read
from ocellus_sdk.testing import Columns, Harness, track

SCHEMA = {
    "type": "object",
    "properties": {
        "factor": {"type": "number", "minimum": 0, "default": 1},
        "area": OUTLINE,
        "at": POSITION,
        "mode": {"enum": ["one", "two"], "default": "one"},
        "name": {"type": ["string", "null"], "maxLength": 3},
    },
    "additionalProperties": False,
}


class Mean(Rule):
    """Adds up positions."""

    name = "mean"
    version = "1.2.3"
    summary = "Adds up."
    settings_schema = SCHEMA

    def __init__(self, settings, site):
        self.factor = settings["factor"]
        self.sum = 0.0
        log.info(f"on {site.cameras[0].name}")

    def process(self, frame, tracks):
        output = Output()
        for seen in tracks:
            at = seen.centre()
            self.sum += at.x * self.factor
            output.event("seen").track(seen.id).attribute("frame", frame.sequence).attribute("x", at.x)
            output.draw_label(at, "good", seen.class_name or "?")
        if 13 in tracks:
            raise Refusal("unlucky")
        if 14 in tracks:
            time.time()
        return output

    def save(self):
        return {"sum": self.sum, "name": "größer ✓"}

    def restore(self, state, version):
        if version.startswith("0."):
            raise Refusal(f"{version} added up otherwise")
        self.sum = state["sum"]

    def query(self, request):
        return [request, self.sum]


class Spy(Rule):
    """Keeps the tracks."""

    name = "spy"
    version = "1.0.0"
    summary = "Keeps the tracks."
    settings_schema = {"type": "object"}
    seen: list = []

    def process(self, frame, tracks):
        Spy.seen = list(tracks)
        return Output()


class Sdk(unittest.TestCase):
    def test_frames_are_counted_and_events_carry_what_was_built(self):
        harness = Harness(Mean, {"factor": 0.5})
        harness.frame(0, [])
        output = harness.frame(0.1, [track(5, "car").centre_at(0.5, 0.5)])
        event = output.events[0]
        self.assertEqual((event.kind, event.track_id, event.attributes), ("seen", 5, {"frame": 1, "x": 0.5}))
        self.assertEqual(output.overlays[0].text, "car")
        with self.assertRaisesRegex(ValueError, "does not increase"):
            harness.frame(0.1, [])
        with self.assertRaisesRegex(ValueError, "'unicorn' is none of the camera's classes"):
            harness.frame(0.2, [track(1, "unicorn")])
        self.assertEqual(harness.log(), [("info", "on camera")])

    def test_a_fault_is_logged_with_its_lines_and_without_looking_for_the_source(self):
        lines = []
        log.set_sink(lambda level, message: lines.append((level, message)))
        with mock.patch("os.stat", side_effect=AssertionError("a component has no files")):
            try:
                {}["missing"]
            except KeyError as error:
                log_fault(error)
        [(level, text)] = lines
        self.assertEqual(level, "error")
        self.assertRegex(text, r'File "test_sdk.py", line \d+, in test_a_fault')
        self.assertTrue(text.endswith("KeyError: 'missing'"), text)

    def test_a_refusal_leaves_the_rule_standing_and_the_clock_is_the_frames(self):
        harness = Harness(Mean)
        with self.assertRaisesRegex(Refusal, "^unlucky$"):
            harness.frame(0, [track(13, "car")])
        with self.assertRaisesRegex(RuntimeError, "frame.time_us"):
            harness.frame(1, [track(14, "car")])
        self.assertGreater(time.time(), 0, "put back")
        self.assertEqual(harness.query({"a": 1})[0], {"a": 1})
        with self.assertRaisesRegex(Refusal, "takes no commands"):
            harness.command(2, {})

    def test_state_goes_from_one_version_to_the_next(self):
        harness = Harness(Mean)
        harness.frame(0, [track(1, "car")])
        before = harness.query(None)[1]
        harness.swap()
        self.assertEqual(harness.query(None)[1], before)
        with self.assertRaisesRegex(Refusal, "added up otherwise"):
            harness.restore(b"{}", "0.9.0")
        with self.assertRaisesRegex(Refusal, "the state of version 1.0.0 cannot be read by 1.2.3"):
            harness.restore(b"\xff", "1.0.0")

    def test_settings_are_checked_by_their_schema(self):
        for settings, part in [
            ({"factor": "x"}, 'factor: invalid type: string "x", expected number'),
            ({"factor": -1}, "factor is -1; give 0 or more"),
            ('{"factor": NaN}', "settings are not JSON"),
            ({"fctor": 1}, "unknown field `fctor`, expected one of `factor`, `area`"),
            ({"area": [[0, 0], [1, 1]]}, "area: invalid length 2, expected 3 to 256 items"),
            ({"area": [[0, 0], [0.5, 0.5], [1, 1]]}, "area: the polygon has no area"),
            ({"area": [[0, 0], [0.5, 9], [1, 1]]}, "area[1] is [0.5, 9]; positions are 0..1"),
            ({"at": [0, "a"]}, "at[1]: invalid type"),
            ({"mode": "three"}, "mode: unknown variant `three`, expected `one` or `two`"),
            ({"name": "four"}, "name has 4 characters; give it 0 to 3"),
            ("{", "settings are not JSON"),
        ]:
            with self.subTest(settings=settings), self.assertRaises(Refusal) as raised:
                Harness(Mean, settings)
            self.assertIn(part, str(raised.exception))
        Harness(Mean, {"name": None, "area": [[0, 0], [1, 0], [0, 1]], "mode": "two"})

    def test_shapes_are_checked_by_their_place(self):
        place = {"picture": [0.1, 0.9], "ground": [0, 12.5]}
        for schema, settings, part in [
            (LINE, {"from": [0, 0]}, "missing field `to`"),
            (LINE, {"from": [0, 0], "to": [0, 7]}, "to is [0, 7]; positions are 0..1"),
            (LINE, {"from": [0, 0], "to": [1, 1], "name": "a"}, "unknown field `name`"),
            (CALIBRATION, [place] * 3, "invalid length 3, expected 4 to 256 items"),
            (CALIBRATION, [place] * 3 + [{"picture": [0, 0], "ground": [1]}], "[3].ground: invalid length 1"),
        ]:
            with self.subTest(settings=settings), self.assertRaises(Refusal) as raised:
                read(schema, settings)
            self.assertIn(part, str(raised.exception))
        self.assertEqual(read(CALIBRATION, [place] * 4)[3]["ground"][1], 12.5)

    def test_a_definition_that_cannot_be_is_refused_by_name(self):
        odd = {"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}
        for change, part in [
            ({"name": "a b"}, "name is 'a b'"),
            ({"version": "1"}, "version is '1'"),
            ({"settings_schema": odd}, "settings_schema.properties.a uses pattern"),
        ]:
            with self.assertRaisesRegex(TypeError, part):
                check(type("Odd", (Mean,), change))

    def test_columns_that_are_too_short_end_the_tracks(self):
        boxes = [0.1, 0.2, 0.2, 0.4, 0.5, 0.5, 0.1, 0.1]
        full = {"ids": [7, 8], "classes": [0, 9], "states": bytes([9, 1]), "boxes": boxes}
        harness = Harness(Spy)
        numbers = {"embeddings": [1.0, 2.0, 3.0, 4.0], "embedding_size": 2, "embedding_rows": [1, -1]}
        harness.columns(0, Columns(**full, **numbers))
        first, second = Spy.seen
        self.assertEqual((first.state, second.class_name), ("tentative", None))
        self.assertTrue(math.isnan(first.confidence))
        self.assertEqual((first.embedding(), second.embedding(), first.ground()), ([3.0, 4.0], None, None))
        cuts = [{"ids": [7]}, {"classes": [0]}, {"states": b"\1"}, {"boxes": boxes[:7]}]
        cuts.append({"boxes": [math.inf, *boxes[1:]]})
        for index, cut in enumerate(cuts):
            harness.columns(1 + index, Columns(**{**full, **cut}))
            self.assertEqual(len(Spy.seen), 1, f"cut {index}")

    def test_single_precision_is_kept(self):
        self.assertEqual(hypot32(3.0, 4.0), 5.0)
        self.assertAlmostEqual(hypot32(1e-30, 1e-30) / 1.41421356e-30, 1.0, 6)
        self.assertEqual(hypot32(-math.inf, math.nan), math.inf)
        for number in (0.1, 1 / 3, 1e-7, 123456.789):
            self.assertEqual(f32(shortest32(f32(number))), f32(number))
        self.assertEqual(f32(1e300), math.inf)
        square = Polygon([[0, 0], [1, 0], [1, 1], [0, 1]])
        self.assertEqual([square.contains((0.5, 0.5)), square.contains((1.5, 0.5)), square.area()], [True, False, 1.0])


if __name__ == "__main__":
    unittest.main()
