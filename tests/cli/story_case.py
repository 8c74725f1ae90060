"""A story played by `wirelab run`, whose checks all hold, and what tshark finds in its trace."""

import shutil
import subprocess

from wirelab_case import WirelabCase

TSHARK = shutil.which("tshark")


class StoryCase(WirelabCase):
    story = ""

    def play(self, *words):
        played = self.wirelab("run", self.story, "--json", "--pcap", self.path("t.pcapng"), *words)
        objects = self.objects(played)
        self.assertEqual(played.returncode, 0, played.stdout[-3000:] + played.stderr)
        result = objects[-1]
        self.assertEqual((result["type"], result["ok"], result["lost"]), ("result", True, 0))
        self.assertTrue(all(check["ok"] for check in result["checks"]))
        return objects

    def count(self, display_filter):
        read = subprocess.run([TSHARK, "-n", "-r", self.path("t.pcapng"), "-Y", display_filter],
                              capture_output=True, text=True, timeout=60, check=True)
        return len(read.stdout.splitlines())
