"""wirelab run echo and run frames, from outside."""

import shutil
import subprocess
import unittest

from wirelab_case import WirelabCase, main

TSHARK = shutil.which("tshark")


class RunEcho(WirelabCase):
    def play(self, scenario, *words):
        played = self.wirelab("run", scenario, "--json", "--pcap", self.path("t.pcapng"), *words)
        objects = self.objects(played)
        self.assertEqual(played.returncode, 0, played.stdout[-3000:] + played.stderr)
        result = objects[-1]
        self.assertEqual((result["type"], result["ok"], result["lost"]), ("result", True, 0))
        self.assertTrue(all(check["ok"] for check in result["checks"]))
        return objects

    def fields(self, display_filter, *names):
        words = [word for name in names for word in ("-e", name)]
        read = subprocess.run([TSHARK, "-n", "-r", self.path("t.pcapng"), "-Y", display_filter, "-T", "fields", *words],
                              capture_output=True, text=True, timeout=60, check=True)
        return [line.split("\t") for line in read.stdout.splitlines()]

    def test_echo(self):
        for poller in ("select", "epoll"):
            self.play("echo", "--poller", poller)

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_sees_the_death_and_the_closed_windows(self):
        self.play("echo")
        self.assertEqual({source for source, in self.fields("tcp.flags.reset == 1", "ip.src")}, {"10.0.1.3"})
        closed = self.fields("tcp.window_size == 0 && tcp.flags.reset == 0 && tcp.port == 40003", "ip.src")
        self.assertEqual({source for source, in closed}, {"10.0.1.1", "10.0.1.4"})

    def test_frames_shows_what_is_wrong_with_each(self):
        objects = self.play("frames")
        tables = [entry for entry in objects if entry["type"] == "table"]
        self.assertEqual(len(tables), 1)
        self.assertEqual(len(tables[0]["rows"]), 8)
        shown = self.wirelab("run", "frames", "--pcap", self.path("t.pcapng"))
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("CL is given twice (byte 33)", shown.stdout)

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_the_reference_frame_is_on_the_wire_byte_for_byte(self):
        self.play("frames")
        whole = "1100" + b"CL:7;type:messagecwsdwed".hex()
        payloads = [payload for payload, in self.fields("tcp.len == 26", "tcp.payload")]
        self.assertGreater(payloads.count(whole), 4)
        self.assertTrue(self.fields("tcp.len == 1", "tcp.payload"))


if __name__ == "__main__":
    main()
