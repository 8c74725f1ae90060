"""wirelab run readiness: both tables, and the plot beside the trace."""

import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from wirelab_case import LEVEL, NOBODY, WirelabCase, main

SVG = "{http://www.w3.org/2000/svg}"


class RunReadiness(WirelabCase):
    def play(self, *words, **environment):
        told = self.wirelab("run", "readiness", "--json", *words, environment=self.environment(**environment))
        self.assertEqual(told.returncode, 0, told.stdout[-3000:] + told.stderr)
        return self.objects(told)

    def test_tables_and_plot(self):
        objects = self.play("--pcap", self.path("here.pcapng"))
        result = objects[-1]
        self.assertTrue(result["ok"])
        self.assertEqual(result["lost"], 0)
        cases, cost = [entry for entry in objects if entry["type"] == "table"]
        self.assertEqual(cases["columns"], ["case", "select", "poll", "epoll", "edge-triggered", "then"])
        self.assertIn(["connect refused", "r w", "IN OUT RDHUP ERR HUP", "as poll", "once",
                       "SO_ERROR ECONNREFUSED, SO_ERROR 0"], cases["rows"])
        self.assertEqual(cost["columns"], ["connections", "select", "poll", "epoll"])
        sizes = [int(row[0]) for row in cost["rows"]]
        self.assertEqual(sizes, sorted(set(sizes)))
        self.assertGreaterEqual(sizes[-1], 1000)
        for row in cost["rows"]:
            for cell in row[1:]:
                self.assertGreater(float(cell), 0)

        self.assertEqual(result["files"], [self.path("here-cost.svg")])
        root = ElementTree.parse(self.path("here-cost.svg")).getroot()
        self.assertEqual(root.tag, f"{SVG}svg")
        words = [text.text for text in root.iter(f"{SVG}text")]
        for word in ("select", "poll", "epoll", "10", "1000"):
            self.assertIn(word, words)
        lines = root.findall(f".//{SVG}polyline")
        self.assertEqual([len(line.get("points").split()) for line in lines], [len(sizes)] * 3)
        self.assertEqual(len({line.get("stroke-dasharray") for line in lines}), 3)

    def test_the_plot_lies_beside_the_trace_and_is_told(self):
        told = self.wirelab("run", "readiness")
        self.assertEqual(told.returncode, 0, told.stdout[-3000:] + told.stderr)
        self.assertIn("What a wake costs: wirelab-readiness-cost.svg", told.stdout)
        self.assertEqual(sorted(os.listdir(self.place)), ["wirelab-readiness-cost.svg", "wirelab-readiness.pcapng"])

    def test_a_plot_that_cannot_be_written(self):
        """The result is told all the same, and then what went wrong."""
        os.mkdir(self.path("t-cost.svg"))
        told = self.wirelab("run", "readiness", "--json", "--pcap", self.path("t.pcapng"))
        self.assertEqual(told.returncode, 2, told.stdout[-2000:] + told.stderr)
        result, error = self.objects(told)[-2:]
        self.assertTrue(result["ok"])
        self.assertNotIn("files", result)
        self.assertEqual(error["type"], "error")
        self.assertIn("t-cost.svg", error["error"]["message"])

    def test_where_too_few_descriptors_are_allowed_to_compare(self):
        lower = ["sh", "-c", 'ulimit -n 512 && exec "$@"', "sh", *self.command()]
        told = subprocess.run([*lower, "run", "readiness", "--json", "--pcap", self.path("t.pcapng")], cwd=self.place,
                              env=self.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual(told.returncode, 0, told.stdout[-3000:] + told.stderr)
        objects = self.objects(told)
        self.assertEqual(len([entry for entry in objects if entry["type"] == "table"]), 1)
        self.assertTrue(any("too few connections" in entry.get("text", "") for entry in objects))
        self.assertNotIn("files", objects[-1])

    @unittest.skipUnless(LEVEL == "root" and os.geteuid() == 0, "files change owner only under sudo")
    def test_under_sudo_the_plot_belongs_to_the_invoking_user(self):
        self.play("--pcap", self.path("t.pcapng"), SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY))
        self.assertEqual(os.stat(self.path("t-cost.svg")).st_uid, NOBODY)

    @unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
    def test_each_suggested_filter_shows_something(self):
        told = self.wirelab("run", "readiness", "--no-ladder")
        filters = re.findall(r"(?m)^  (.*?)  +", told.stdout.split("Display filters to try:\n")[1])
        self.assertGreaterEqual(len(filters), 4)
        for expression in filters:
            shown = subprocess.run(["tshark", "-n", "-r", self.path("wirelab-readiness.pcapng"), "-Y", expression],
                                   capture_output=True, text=True, timeout=60)
            self.assertTrue(shown.stdout, f"{expression}: {shown.stderr}")


if __name__ == "__main__":
    main()
