import unittest

from ocellus_sdk import Refusal
from ocellus_sdk.testing import Harness, track
from rule import Stay


class Test(unittest.TestCase):
    def test_somebody_who_stays_is_reported_once(self):
        harness = Harness(Stay, {"seconds": 10})
        self.assertEqual(harness.frame(0, [track(1, "person")]).events, [])
        self.assertEqual(len(harness.frame(10, [track(1, "person")]).events), 1)
        self.assertEqual(harness.frame(11, [track(1, "person")]).events, [])

    def test_a_change_of_version_forgets_nobody(self):
        harness = Harness(Stay, {"seconds": 10})
        harness.frame(0, [track(1, "person")])
        harness.swap()
        self.assertEqual(len(harness.frame(10, [track(1, "person")]).events), 1)

    def test_a_misspelt_setting_is_named(self):
        with self.assertRaisesRegex(Refusal, "unknown field `second`, expected `seconds` or `area`"):
            Harness(Stay, {"second": 10})


if __name__ == "__main__":
    unittest.main()
