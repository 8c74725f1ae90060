#!/usr/bin/env python3
"""levels.py on reports such as ctest writes."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import levels  # noqa: E402

RAN, FAILED = '<testcase name="{}" status="run"/>', '<testcase name="{}" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="{}" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'


def outcomes(*cases):
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as junit:
        junit.write("<testsuite>" + "".join(form.format(name) for form, name in cases) + "</testsuite>")
        junit.flush()
        return levels.outcomes(junit.name)


class Levels(unittest.TestCase):
    def test_what_is_red(self):
        everything, nothing = (lambda level: True), (lambda level: False)
        facts = [  # cases, which levels are possible, the levels that must be complained about
            ([(RAN, "wire.net_test.root"), (RAN, "wire.net_test.user")], everything, []),
            ([(RAN, "wire.net_test.root"), (SKIPPED, "wire.net_test.user")], everything, ["user"]),
            ([(SKIPPED, "wire.net_test.root"), (SKIPPED, "wire.net_test.user")], everything, ["root", "user"]),
            ([(SKIPPED, "wire.net_test.root"), (SKIPPED, "wire.net_test.user")], nothing, []),
            ([(SKIPPED, "wire.a.user"), (RAN, "wire.b.user")], everything, []),
            ([(SKIPPED, "wire.a.user"), (FAILED, "wire.b.user")], everything, []),
            ([(SKIPPED, "Echo.Answers"), (SKIPPED, "style.clang_format")], everything, []),
            ([], everything, []),
        ]
        for cases, possible, expected in facts:
            with self.subTest(cases):
                self.assertEqual(levels.untested(outcomes(*cases), possible), expected)

    def test_a_probe_that_cannot_run_is_no_level(self):
        probe, levels.PROBE = levels.PROBE, ["false"]
        try:
            self.assertFalse(levels.possible("user"))
            self.assertFalse(levels.possible("root"))
        finally:
            levels.PROBE = probe


if __name__ == "__main__":
    unittest.main()
