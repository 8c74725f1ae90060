"""wirelab run chat and run registry from outside, with tshark as a second witness."""

import shutil
import subprocess
import unittest

from wirelab_case import WirelabCase, main

TSHARK = shutil.which("tshark")


class RunServices(WirelabCase):
    def play(self, scenario, *words):
        played = self.wirelab("run", scenario, "--json", "--pcap", self.path("t.pcapng"), *words)
        objects = self.objects(played)
        self.assertEqual(played.returncode, 0, played.stdout[-3000:] + played.stderr)
        result = objects[-1]
        self.assertEqual((result["type"], result["ok"], result["lost"]), ("result", True, 0))
        return result

    def seen(self, display_filter, *names):
        words = [word for name in names for word in ("-e", name)]
        read = subprocess.run([TSHARK, "-n", "-r", self.path("t.pcapng"), "-Y", display_filter, "-T", "fields", *words],
                              capture_output=True, text=True, timeout=60, check=True)
        return {tuple(line.split("\t")) for line in read.stdout.splitlines()}

    def test_every_check_names_its_frames(self):
        for scenario, poller in (("chat", "select"), ("chat", "poll"), ("registry", "epoll")):
            result = self.play(scenario, "--poller", poller)
            self.assertEqual(result["selector"]["poller"], poller)
            self.assertGreater(len([check for check in result["checks"] if check["evidence"]]), 9)

    def test_settings_are_honoured_or_refused(self):
        self.play("chat", "--count", "1", "--size", "0", "--interval", "0", "-6")
        self.assert_error(2, "run", "chat", "--size", "4097", says=["4096"])
        self.assert_error(2, "run", "registry", "--count", "9", says=["--count"])

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_sees_who_was_reset_by_whom(self):
        self.play("chat")
        resets = self.seen("tcp.flags.reset == 1", "ip.src", "tcp.srcport", "tcp.dstport")
        self.assertIn(("10.0.1.3", "40002", "17018"), resets)  # Bob's death
        self.assertIn(("10.0.1.1", "17018", "40003"), resets)  # Cleo's end
        self.assertFalse(self.seen('tcp contains "said;name:Ada" && ip.dst == 10.0.1.2', "frame.number"))

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_sees_why_each_device_is_removed(self):
        self.play("registry")
        for why in ("restarted", "silent", "left"):
            self.assertTrue(self.seen(f'tcp contains "why:{why}" && ip.dst == 10.0.1.2', "frame.number"), why)


if __name__ == "__main__":
    main()
