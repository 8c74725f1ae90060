"""wirelab ping however it ends, and a kept lab while its story is still being told."""

import json
import os
import signal
import subprocess
import unittest

from wirelab_case import LEVEL, NOBODY, WirelabCase, main


def wait_for(process, kind):
    """Reads objects up to the first of that type."""
    for line in process.stdout:
        entry = json.loads(line)
        if entry["type"] == kind:
            return entry
    raise AssertionError(f"no {kind}: {process.stderr.read()}")


class Ping(WirelabCase):
    def test_ctrl_c_closes_the_trace_and_tells_the_result(self):
        process = self.start("ping", "S", "--count", "1000", "--interval", "20", "--pcap", self.path("t.pcapng"), "--json")
        wait_for(process, "reply")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, errors), (130, ""))
        *_, result, error = map(json.loads, rest.splitlines())
        self.assertEqual((error["type"], error["error"]["code"]), ("error", "interrupted"))
        self.assertEqual(result["type"], "result")
        self.assertLess(result["sent"], 1000)
        *packets, shown = self.objects(self.wirelab("show", "--json", self.path("t.pcapng")))
        self.assertTrue(shown["ok"])
        self.assertEqual(shown["dropped"], 0)
        requests = [packet for packet in packets if "ICMP echo request" in packet["text"]]
        self.assertEqual(len(requests), result["sent"])

    def test_where_no_route_leads_there_is_no_answer(self):
        nowhere = "2001:db8::1"  # for IPv4 a named interface is way enough: the kernel takes every address for a neighbour
        command = ["unshare", "-n" if os.geteuid() == 0 else "-Urn", "sh", "-c",
                   "ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up;"
                   '"$@"', "sh", self.program, "ping", "-6", nowhere, "--interface", "v0", "--json"]
        told = subprocess.run(command, cwd=self.place, env=self.environment(), capture_output=True, text=True, timeout=30)
        error = self.objects(told)[-1]["error"]
        self.assertEqual((told.returncode, error["exit"], error["code"]), (3, 3, "unreachable"), told.stderr)
        self.assertIn(nowhere, error["message"])


class StoryBeingTold(WirelabCase):
    def keep(self, *words):
        return self.start("run", "ping", "--json", "--keep", "--pcap", self.path("t.pcapng"), *words)

    def test_its_hosts_can_be_entered(self):
        process = self.keep("--count", "10000")
        wait_for(process, "reply")
        entered = self.wirelab("exec", process.pid, "R", "--", "sh", "-c", "exit 7")
        self.assertEqual(entered.returncode, 7, entered.stderr)

    def test_a_command_that_is_no_program(self):
        process = self.keep()
        lab = wait_for(process, "kept")["lab"]
        for program in ("no-such-program", "./nothing-here", "/etc/passwd"):
            self.assert_error(2, "exec", lab, "A", "--", program, says=[f"no program '{program}'"])

    def test_verbose_tells_what_was_built(self):
        told = self.wirelab("run", "ping", "--verbose")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("selector: ", told.stdout)
        self.assertLess(told.stdout.index("LAN 10.0.2.0/24"), told.stdout.index(" 1. "))
        first = self.objects(self.wirelab("run", "ping", "--verbose", "--json"))[0]
        self.assertEqual(first["type"], "topology")
        self.assertIn("LAN 10.0.2.0/24", first["text"])

    @unittest.skipUnless(LEVEL == "root" and os.geteuid() == 0, "files change owner only under sudo")
    def test_under_sudo_the_folder_for_a_trace_is_the_invoking_users(self):
        # The current folder is on a file system that nobody can write.
        mount = f"mount -t tmpfs -o ro none {self.place} && cd {self.place} && "
        environment = self.environment(SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY), TMPDIR=self.folder)
        told = subprocess.run(["unshare", "-m", "sh", "-c", mount + '"$@"', "sh", *self.command("run", "ping", "--json")],
                              cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)
        trace = self.objects(told)[-1]["pcap"]
        for path in (trace, os.path.dirname(trace)):
            self.assertEqual(os.stat(path).st_uid, NOBODY, path)


if __name__ == "__main__":
    main()
