"""wirelab run modes: the table that compares the modes, as JSON and as text."""

import re
import shutil
import signal
import subprocess
import unittest

from wirelab_case import WirelabCase, main


class RunModes(WirelabCase):
    def test_every_check_holds_and_the_table_says_what_each_mode_gets(self):
        told = self.wirelab("run", "modes", "--json", "--poller", "poll", "--pcap", self.path("t.pcapng"))
        self.assertEqual(told.returncode, 0, told.stdout[-3000:] + told.stderr)
        objects = self.objects(told)
        result = objects[-1]
        self.assertTrue(result["ok"])
        self.assertEqual(result["lost"], 0)
        self.assertNotIn("files", result)
        # What the loop did is told in every run.
        self.assertEqual(result["selector"]["poller"], "poll")
        for count in ("waits", "events", "scanned"):
            self.assertGreater(result["selector"][count], 0, count)
        (table,) = [entry for entry in objects if entry["type"] == "table"]
        self.assertEqual(table["columns"],
                         ["call", "blocking", "non-blocking, then poll", "time-out of 300 ms", "wire"])
        rows = {row[0]: row[1:] for row in table["rows"]}
        self.assertEqual(len(rows), 6)
        for row in rows.values():
            for cell in row[:3]:
                self.assertRegex(cell, r"^(\w+|\d+ bytes) after [\d.]+ (us|ms|s)(, then (\w+|\d+ bytes) after .*)?$")
        self.assertTrue(rows["connect, closed port"][0].startswith("ECONNREFUSED"))
        self.assertTrue(rows["connect, silent host"][2].startswith("EINPROGRESS"))
        self.assertTrue(rows["recv, nothing there yet"][1].startswith("EAGAIN"))

    def test_the_text_for_a_person(self):
        told = self.wirelab("run", "modes", "-v", "--width", "80")
        self.assertEqual(told.returncode, 0, told.stdout[-3000:] + told.stderr)
        self.assertRegex(told.stdout, r"(?m)^  call +blocking +non-blocking")
        self.assertRegex(told.stdout, r"selector: select, \d+ waits, \d+ events, \d+ descriptors scanned, \d+ timers")
        table = told.stdout.split("What the caller gets")[1].split("Verdict")[0]
        self.assertLessEqual(max(map(len, table.splitlines()[1:])), 80)
        self.assertEqual(len(re.findall(r"(?m)^  FAILED", told.stdout)), 0)

    def test_ctrl_c_while_calls_block(self):
        process = self.start("run", "modes", "--json", "--pcap", self.path("t.pcapng"))
        for line in process.stdout:
            if "drops every SYN" in line:
                break
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, rest + errors)
        self.assertIn('"interrupted"', rest.splitlines()[-1])

    @unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
    def test_each_suggested_filter_shows_something(self):
        told = self.wirelab("run", "modes", "--no-ladder")
        filters = re.findall(r"(?m)^  (.*?)  +", told.stdout.split("Display filters to try:\n")[1])
        self.assertGreaterEqual(len(filters), 4)
        for expression in filters:
            shown = subprocess.run(["tshark", "-n", "-r", self.path("wirelab-modes.pcapng"), "-Y", expression],
                                   capture_output=True, text=True, timeout=60)
            self.assertTrue(shown.stdout, f"{expression}: {shown.stderr}")


if __name__ == "__main__":
    main()
