"""wirelab doctor: every line says yes or no, why, and what to do."""

import os
import shutil
import subprocess
import unittest

from wirelab_case import LEVEL, WirelabCase, main


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

    @unittest.skipUnless(LEVEL == "root" and shutil.which("setpriv"), "only root can give up every capability")
    def test_without_privilege_it_names_what_is_refused(self):
        told = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", *self.command("doctor", "--json")],
                              cwd=self.place, env=self.environment(), capture_output=True, text=True, timeout=60)
        self.assertEqual(told.returncode, 77, told.stderr)
        *findings, result = self.objects(told)
        self.assertFalse(result["ok"])
        refused = [f for f in findings if f["needed"] and not f["ok"]]
        self.assertEqual([f["what"] for f in refused], ["namespaces"])
        self.assertTrue(refused[0]["why"] and refused[0]["todo"], refused)


if __name__ == "__main__":
    main()
