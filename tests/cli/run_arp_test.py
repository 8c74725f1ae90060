"""wirelab run arp, from outside: its tables, its text, and what tshark says of its packets."""

import unittest

from story_case import TSHARK, StoryCase
from wirelab_case import main


class RunArp(StoryCase):
    story = "arp"

    def test_its_tables(self):
        for poller in ("select", "epoll"):
            tables = [entry for entry in self.play("--poller", poller) if entry["type"] == "table"]
            self.assertEqual(["from", "address", "sent by hand"], [table["columns"][0] for table in tables])
            self.assertEqual([len(table["rows"]) for table in tables], [12, 3, 11])

    def test_the_text_for_a_person(self):
        told = self.wirelab("run", "arp")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        for words in ("operation: 1 asks, 2 answers", "probe, who has 10.0.1.9? from 02:66:00:00:00:09",
                      "announcement 10.0.1.9 is at 02:66:00:00:00:99", "a phantom host"):
            self.assertIn(words, told.stdout)
        self.assertLessEqual(max(len(line) for line in told.stdout.splitlines()), 100)

    def test_what_it_does_not_take(self):
        self.assert_error(2, "run", "arp", "--count", "3", says=["--count means nothing to 'arp'"])
        self.assert_error(2, "run", "arp", "--ipv6", says=["--ipv6 means nothing to 'arp'"])

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_agrees(self):
        self.play()
        self.assertEqual(self.count("_ws.malformed"), 0)
        self.assertEqual(self.count("arp && frame.len != 42"), 0)
        on_a = ' && frame.interface_name == "A:eth0"'
        self.assertEqual(self.count("arp.isprobe" + on_a), 2)
        self.assertEqual(self.count("arp.isannouncement" + on_a), 1)
        self.assertEqual(self.count("arp.isgratuitous && arp.opcode == 2" + on_a), 1)
        # Nobody's frames are made by hand, all of them.
        self.assertGreater(self.count("eth.src == 02:66:00:00:00:09"), 6)
        self.assertEqual(self.count('eth.src[0:2] == 02:66 && not frame.comment contains "origin: raw"'), 0)


if __name__ == "__main__":
    main()
