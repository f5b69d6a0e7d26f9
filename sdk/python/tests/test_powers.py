"""What a rule may do beyond seeing tracks, granted and refused."""

import math
import sys
import unittest
from pathlib import Path

from ocellus_sdk import Output, Refusal, Rule, ValueRefusal, values, wall_clock
from ocellus_sdk.instance import check
from ocellus_sdk.testing import Harness

sys.path.insert(0, str(Path(__file__).parent / "powers"))
from powers_rule import POWERS, Powers

NOT_GRANTED = "the power key-value is not granted to this rule"
NOT_NOW = "values cannot be used so in this call"
SAID = {"n": 7, "half": 0.5, "flag": True, "text": "a"}


class Plain(Rule):
    """Calls what a test gives it."""

    name = "plain"
    version = "1.0.0"
    summary = "Plain."
    settings_schema = {"type": "object"}

    def process(self, frame, tracks):
        type(self).call()
        return Output()


def with_call(call, granted=("key-value",)):
    """Runs `call` in a frame of a rule."""
    return Harness(type("Calls", (Plain,), {"call": staticmethod(call)}), granted=granted).frame(0, [])


class PowersTest(unittest.TestCase):
    def test_without_a_grant_nothing_is_kept_heard_or_known(self):
        harness = Harness(Powers)
        harness.set_wall_clock(5)
        harness.say("gate", "frames", SAID)
        [event] = harness.frame(0, []).events
        self.assertEqual((event.kind, event.attributes["granted"], event.attributes["wall"]), ("saw", "", "none"))
        for key in ("early", "kept", "missing", "empty key", "long value", "keys", "deleted"):
            self.assertEqual(event.attributes[key], NOT_GRANTED, key)
        with self.assertRaisesRegex(Refusal, "settings: this needs the power messages; grant it to the rule"):
            Harness(Powers, {"require": "messages"})
        with self.assertRaisesRegex(ValueRefusal, NOT_GRANTED):
            values.get("outside of a call")

    def test_a_power_that_does_not_exist_is_refused_by_name(self):
        for powers, part in [
            (["key_value"], "powers has 'key_value'; give some of embeddings, .*key-value"),
            ("messages", "powers is 'messages'; give a list"),
        ]:
            with self.assertRaisesRegex(TypeError, part):
                check(type("Odd", (Plain,), {"powers": powers}))
        with self.assertRaisesRegex(TypeError, "granted has 'files'"):
            Harness(Powers, granted=["files"])
        with self.assertRaisesRegex(TypeError, "has 'clock'"):
            Harness(Powers, {"require": "clock"}, granted=POWERS)

    def test_values_are_kept_within_their_limits(self):
        harness = Harness(Powers, granted=POWERS)
        harness.frame(0, [])
        said = harness.frame(1, []).events[0].attributes
        self.assertEqual((said["granted"], said["early"], said["kept"]), (",".join(POWERS), NOT_NOW, "2"))
        self.assertEqual(said["missing"], "none")
        self.assertEqual(said["empty key"], "the key must have 1 to 256 bytes")
        self.assertEqual(said["long value"], "the value has more than 65536 bytes")
        self.assertEqual((said["keys"], said["deleted"]), ("key/b key/größe", "1,0"))
        self.assertEqual(harness.value("frames"), b"2")

        def greedy():
            for n in range(17):
                values.set(f"part {n}", bytes(65536))

        with self.assertRaises(ValueRefusal) as raised:
            with_call(greedy)
        self.assertEqual(str(raised.exception), "the rule would keep more than 1048576 bytes")
        self.assertEqual(raised.exception.code, "full")

    def test_a_slip_in_the_use_of_values_is_a_fault(self):
        for call, part in [
            (lambda: values.set("key", "text"), "the value of key is str; give bytes"),
            (lambda: values.get(7), "the key is int; give a str"),
            (lambda: values.keys(limit=-1), "limit is -1"),
        ]:
            with self.assertRaisesRegex(TypeError, part):
                with_call(call)

    def test_questions_and_saving_change_no_values(self):
        harness = Harness(Powers, granted=POWERS)
        harness.set_wall_clock(5)
        harness.frame(0, [])
        self.assertEqual(harness.query(None), [NOT_NOW, ["frames"], None])
        self.assertEqual(harness.save().decode(), f'"{NOT_NOW}"')
        harness.swap()
        self.assertEqual(harness.value("restored"), b"1")
        self.assertEqual(harness.frame(1, []).events[0].attributes["kept"], "2")

    def test_a_rule_hears_the_topics_that_it_named_once_and_in_order(self):
        harness = Harness(Powers, {"topic": "near"}, granted=["messages"])
        harness.frame(1, [])
        harness.say("z", "near", SAID)
        harness.say("a", "near", {**SAID, "text": "b"})
        harness.say("a", "far", SAID)
        heard = [event.attributes for event in harness.frame(2, []).events[:-1]]
        common = {"time_us": 1_000_000, "camera": "other", "topic": "near", **SAID}
        self.assertEqual(heard, [{**common, "rule": "a", "text": "b"}, {**common, "rule": "z"}])
        self.assertEqual(len(harness.frame(3, []).events), 1)
        with self.assertRaisesRegex(Refusal, '"b c" is not a name: use 1 to 64 letters'):
            harness.say("a", "b c")
        for topics, error, part in [
            (["a b"], Refusal, 'settings: "a b" is not a name'),
            ("a", TypeError, "returned no list of strings"),
        ]:
            with self.assertRaisesRegex(error, part):
                Harness(type("Odd", (Plain,), {"topics": lambda self, topics=topics: topics}))

    def test_publications_and_webhook_calls_carry_what_was_built(self):
        output = Harness(Powers).frame(0, [])
        [said], [call] = output.publications, output.webhooks
        self.assertEqual((said.topic, said.attributes), ("frames", {**SAID, "n": 0, "text": "größer ✓"}))
        self.assertEqual((call.url, call.body), ("http://127.0.0.1:9/", '{"n":0}'))
        output = Output()
        for build, error, part in [
            (lambda: output.publish("a b"), Refusal, '"a b" is not a name'),
            (lambda: output.publish(7), TypeError, "topic is int"),
            (lambda: output.publish("a", {"b": None}), TypeError, "attribute b is NoneType"),
            (lambda: output.call_webhook("http://a/", math.nan), TypeError, "the webhook's body"),
            (lambda: output.call_webhook("http://a/", object()), TypeError, "not JSON serializable"),
        ]:
            with self.assertRaisesRegex(error, part):
                build()
        self.assertEqual((output.publications, output.webhooks), ([], []))

    def test_the_time_of_day_is_that_of_the_call_where_it_is_granted(self):
        harness = Harness(Powers, granted=["wall-clock"])
        self.assertEqual(harness.frame(0, []).events[0].attributes["wall"], "none")
        harness.set_wall_clock(1_700_000_000)
        self.assertEqual(harness.frame(1, []).events[0].attributes["wall"], "1700000000000000")
        commanded = harness.command(2, None).events[0].attributes
        self.assertEqual(commanded, {"time_us": 2_000_000, "wall_us": 1_700_000_000_000_000})
        harness.query(None)
        self.assertIsNone(wall_clock())


if __name__ == "__main__":
    unittest.main()
