"""wirelab run forge-tcp, from outside: the verdict, the table, and what tshark finds in the trace."""

import subprocess
import unittest

from story_case import TSHARK, StoryCase
from wirelab_case import main

PHANTOM = "10.0.1.9"


class RunForgeTcp(StoryCase):
    story = "forge-tcp"

    def fields(self, display_filter, *names):
        """Of the packets on A's tap."""
        words = [word for name in names for word in ("-e", name)]
        read = subprocess.run([TSHARK, "-n", "-r", self.path("t.pcapng"), "-T", "fields", *words,
                               "-Y", f'frame.interface_name == "A:eth0" && ({display_filter})'],
                              capture_output=True, text=True, timeout=60, check=True)
        return [line.split("\t") for line in read.stdout.splitlines()]

    def test_the_table_compares_four_clients(self):
        tables = [entry for entry in self.play() if entry["type"] == "table"]
        self.assertEqual(len(tables), 1)
        self.assertEqual(tables[0]["columns"], ["", "reference client", "A's address", "A's, with a rule", "phantom"])
        rows = {row[0]: row[1:] for row in tables[0]["rows"]}
        self.assertEqual(rows["made by"], ["stack", "raw", "raw", "raw"])
        self.assertEqual(rows["who reset"], ["nobody", "both kernels", "nobody", "nobody"])

    def test_the_text_for_a_person(self):
        told = self.wirelab("run", "forge-tcp")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        for words in ("What differs on the wire", "A's kernel kills the connection by a reset that nobody asked for",
                      "and none of them is on the wire", "eth.addr == 02:66:00:00:00:09"):
            self.assertIn(words, told.stdout)
        self.assertNotIn("FAILED", told.stdout)
        self.assertLessEqual(max(len(line) for line in told.stdout.splitlines()), 100)

    def test_a_message_that_does_not_fit(self):
        self.assert_error(2, "run", "forge-tcp", "--size", "2801", says=["--size 2801", "0 to 2800"])

    def test_over_ipv6_it_is_not_told(self):
        self.assert_error(2, "run", "forge-tcp", "--ipv6", says=["means nothing"])

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_sees_one_connection_that_is_reset_from_both_sides(self):
        self.play()
        resets = self.fields("tcp.flags.reset == 1", "ip.src", "tcp.stream", "frame.comment")
        self.assertEqual({source for source, _, _ in resets}, {"10.0.1.1", "10.0.1.2"})
        self.assertEqual(len({stream for _, stream, _ in resets}), 1)
        for _, _, comment in resets:
            self.assertIn("origin: kernel", comment)

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_sees_the_halves_in_the_wrong_order(self):
        self.play("--size", "1000")
        halves = [int(sequence) for sequence, in self.fields(f"ip.src == {PHANTOM} && tcp.len > 0", "tcp.seq")]
        self.assertEqual(len(halves), 2)
        self.assertGreater(halves[0], halves[1])
        gap = self.fields(f"ip.dst == {PHANTOM} && tcp.options.sack_le", "tcp.ack", "tcp.options.sack_le")
        self.assertEqual(gap[0][0], str(halves[1]))


if __name__ == "__main__":
    main()
