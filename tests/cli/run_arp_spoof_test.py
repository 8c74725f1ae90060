"""wirelab run arp-spoof, from outside: what it finds, its text, and what tshark says of its packets."""

import unittest

from story_case import TSHARK, StoryCase
from wirelab_case import main

A, M, S = (f"02:77:00:00:00:0{number}" for number in (1, 2, 3))


class RunArpSpoof(StoryCase):
    story = "arp-spoof"

    def test_it_finds_two_macs_for_each_address(self):
        for poller in ("select", "epoll"):
            tables = {entry["columns"][0]: entry["rows"] for entry in self.play("--poller", poller)
                      if entry["type"] == "table"}
            self.assertEqual([row[:2] for row in tables["address"]],
                             [["10.0.1.1", A], ["10.0.1.1", M], ["10.0.1.3", S], ["10.0.1.3", M]])
            self.assertEqual(len(tables["done by hand"]), 6)

    def test_the_text_for_a_person(self):
        told = self.wirelab("run", "arp-spoof")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        for words in (f"sent by {M}", "CL:9;type:messagemessage", "(permanent)"):
            self.assertIn(words, told.stdout)
        self.assertLessEqual(max(len(line) for line in told.stdout.splitlines()), 100)

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_warns_of_it_too(self):
        self.play()
        self.assertGreater(self.count("arp.duplicate-address-detected"), 0)
        self.assertEqual(self.count("_ws.malformed"), 0)
        through = f"tcp.port == 17017 && tcp.len > 0 && eth.src == {M}"
        self.assertGreater(self.count(f"{through} && eth.dst == {S} && ip.ttl == 64"), 0)
        at_m = f'{through} && frame.interface_name == "M:eth0"'
        self.assertGreater(self.count(at_m), 0)
        self.assertEqual(self.count(f'{at_m} && not frame.comment contains "origin: raw"'), 0)


if __name__ == "__main__":
    main()
