"""wirelab doctor: every line says yes or no, why, and what to do."""

import os

from wirelab_case import WirelabCase, main


class Doctor(WirelabCase):
    def test_this_machine_can_run_the_main_job(self):
        told = self.wirelab("doctor", "--json")
        self.assertEqual(told.returncode, 0, told.stdout + told.stderr)
        *findings, result = self.objects(told)
        self.assertTrue(result["ok"])
        for finding in findings:
            self.assertEqual(finding["type"], "finding")
            self.assertIn(finding["ok"], (True, False))
            self.assertTrue(finding["why"], finding)
        text = self.wirelab("doctor").stdout
        for word in ("AF_INET", "AF_PACKET", "namespace", "nftables", "tshark"):
            self.assertIn(word, text)

    def test_without_tshark_it_says_so_and_the_main_job_still_runs(self):
        os.mkdir(self.path("empty"))
        environment = self.environment()
        environment["PATH"] = self.path("empty")
        told = self.wirelab("doctor", "--json", environment=environment)
        tshark = [f for f in self.objects(told) if f["type"] == "finding" and "tshark" in f["what"]]
        self.assertFalse(tshark[0]["ok"])
        self.assertTrue(tshark[0]["todo"])
        self.assertEqual(told.returncode, 0)


if __name__ == "__main__":
    main()
