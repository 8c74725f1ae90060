"""Stories over emulated links: the options, what they do, and what the trace and the output tell."""

import unittest

from wirelab_case import WirelabCase, main

LOSSY = ("--loss", "30", "--seed", "7")


class RunLinks(WirelabCase):
    def play(self, scenario, *words):
        result = self.wirelab("run", scenario, "--json", "--pcap", self.path("t.pcapng"), *words)
        objects = self.objects(result)
        self.assertIn(result.returncode, (0, 1), result.stdout[-3000:] + result.stderr)
        return objects, objects[-1]

    def comments(self):
        shown = self.objects(self.wirelab("show", "--json", self.path("t.pcapng")))
        return [comment for entry in shown for comment in entry.get("comments", [])]

    def test_a_delay_shows_in_every_round_trip_and_no_check_minds(self):
        objects, result = self.play("ping", "--delay", "10", "--link", "right")
        self.assertTrue(result["ok"], [check for check in result["checks"] if not check["ok"]])
        replies = [entry for entry in objects if entry["type"] == "reply"]
        self.assertTrue(replies)
        for reply in replies:
            self.assertGreaterEqual(reply["rtt_us"], 20_000)

    def test_stories_hold_over_links_that_are_late_and_out_of_order(self):
        for scenario in ("chat", "echo", "files", "frames", "registry"):
            with self.subTest(scenario=scenario):
                _, result = self.play(scenario, "--delay", "2", "--jitter", "1")
                self.assertTrue(result["ok"], [check for check in result["checks"] if not check["ok"]])

    def test_lost_packets_are_named_and_counted(self):
        objects, result = self.play("ping", *LOSSY)
        tables = [entry for entry in objects if entry["type"] == "table" and "emulated links" in entry["title"]]
        self.assertEqual(len(tables), 1)
        self.assertIn("seed 7", tables[0]["title"])
        lost = sum(int(row[3]) for row in tables[0]["rows"])
        told = [comment for comment in self.comments() if comment.startswith("emulated link: lost behind ")]
        self.assertGreater(lost, 0)
        self.assertEqual(len(told), lost)
        self.assertIn("(loss 30 %; seed 7)", told[0])
        names = {check["name"]: check["ok"] for check in result["checks"]}
        self.assertTrue(names["the emulated links lost nothing that they were not meant to"])

    def test_the_ladder_names_them_too(self):
        result = self.wirelab("run", "ping", "--pcap", self.path("t.pcapng"), "--width", "160", *LOSSY)
        self.assertIn("lost by the emulated link", result.stdout)

    def test_explain_shows_the_links(self):
        result = self.wirelab("run", "ping", "--explain", "--delay", "25", "--loss", "5", "--rate", "10M")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count("each way: delay 25 ms, loss 5 %, 10 Mbit/s"), 2)
        one = self.wirelab("run", "ping", "--explain", "--delay", "25", "--link", "right")
        self.assertEqual(one.stdout.count("each way: delay 25 ms"), 1)

    def test_what_no_link_can_be_is_refused(self):
        refusals = (
            (("--delay", "-1"), "no link is like that: a delay of -1 ms is negative"),
            (("--delay", "nan"), "--delay nan is no time"),
            (("--jitter", "5"), "no link is like that: a jitter of 5 ms is more than the delay of 0 ms"),
            (("--loss", "101"), "--loss 101 is no share"),
            (("--reorder", "-1"), "--reorder -1 is no share"),
            (("--rate", "0"), "no link is like that: a rate of 0 bit/s is less than 1000"),
            (("--rate", "10X"), "--rate '10X' is no rate"),
            (("--rate", "1e300"), "--rate '1e300' is no rate"),
            (("--delay", "5", "--link", "middle"), "the lab has no link 'middle'"),
            (("--link", "left"), "--link alone changes nothing"),
        )
        for words, text in refusals:
            with self.subTest(words=words):
                result = self.wirelab("run", "ping", *words)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(text, result.stderr)
        timed = self.wirelab("run", "readiness", "--delay", "5")
        self.assertEqual(timed.returncode, 2)
        self.assertIn("readiness can only be told over links that neither delay nor lose", timed.stderr)


if __name__ == "__main__":
    main()
