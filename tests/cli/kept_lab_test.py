"""Labs kept up with --keep: shell and exec into them, and the raw tools on an interface in there."""

import json
import os
import signal
import subprocess

from wirelab_case import WirelabCase, main


class KeptLab(WirelabCase):
    def keep(self):
        process = self.start("run", "ping", "--json", "--keep", "--pcap", self.path("t.pcapng"))
        for line in process.stdout:
            entry = json.loads(line)
            if entry["type"] == "kept":
                return process, entry["lab"]
        self.fail(process.stderr.read())

    def test_exec_runs_in_the_host_with_its_privileges(self):
        _, lab = self.keep()
        addresses = self.wirelab("exec", lab, "A", "--", "ip", "-br", "address")
        self.assertEqual(addresses.returncode, 0, addresses.stderr)
        self.assertIn("10.0.1.1/24", addresses.stdout)
        self.assertNotIn("10.0.2", addresses.stdout)
        dumped = self.wirelab("exec", lab, "A", "--", "sh", "-c",
                              "ping -ni 0.2 10.0.2.2 >/dev/null & tcpdump -nli eth0 -c 1 icmp 2>&1; kill $!")
        self.assertIn("ICMP echo request", dumped.stdout)
        self.assertEqual(self.wirelab("exec", lab, "R", "--", "sh", "-c", "exit 7").returncode, 7)

    def test_the_lab_may_be_left_out_when_one_is_up(self):
        _, lab = self.keep()
        told = self.wirelab("exec", "S", "--", "ip", "-br", "address")
        if "several labs" in told.stderr:  # another test's, of the same user
            self.assertIn(lab, told.stderr)
        else:
            self.assertIn("10.0.2.2/24", told.stdout)

    def test_shell(self):
        _, lab = self.keep()
        shell = subprocess.run(self.command("shell", lab, "R"), input="ip -br address\n", capture_output=True, text=True,
                               timeout=30, cwd=self.place, env=self.environment(SHELL="/bin/sh"))
        self.assertIn("10.0.1.2/24", shell.stdout)
        self.assertIn("10.0.2.1/24", shell.stdout)

    def test_an_unknown_host_or_lab(self):
        _, lab = self.keep()
        self.assert_error(2, "exec", lab, "Q", "--", "true", says=["Q", "A"])
        self.assert_error(2, "exec", "1", "A", "--", "true", says=["1"])

    def test_ctrl_c_ends_the_lab(self):
        process, lab = self.keep()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
        self.assert_error(2, "exec", lab, "A", "--", "true")

    def test_the_reference_services_go_on(self):
        _, lab = self.keep()
        ask = ("import socket; s = socket.create_connection(('10.0.2.2', 17017), 5);"
               "s.sendall(b'\\x11\\x00CL:7;type:messagecwsdwed'); print(s.recv(100))")
        answer = self.wirelab("exec", lab, "A", "--", "/usr/bin/env", "python3", "-c", ask)
        self.assertIn("cwsdwed", answer.stdout, answer.stderr)

    def ping(self, lab, *words):
        return self.wirelab("exec", lab, "A", "--", self.program, "ping", *words)

    def test_ping_on_an_interface_somebody_else_made(self):
        _, lab = self.keep()
        told = self.ping(lab, "10.0.2.2", "--interface", "eth0", "--json", "--count", "3", "--interval", "10")
        self.assertEqual(told.returncode, 0, told.stderr + told.stdout)
        objects = self.objects(told)
        replies = [entry for entry in objects if entry["type"] == "reply"]
        self.assertEqual([entry["sequence"] for entry in replies], [1, 2, 3])
        self.assertEqual({entry["rtt_source"] for entry in replies}, {"capture"})
        self.assertEqual(objects[-1]["type"], "result")
        self.assertEqual(objects[-1]["received"], 3)

    def test_a_flood_is_refused_on_an_interface(self):
        _, lab = self.keep()
        told = self.ping(lab, "10.0.2.2", "--interface", "eth0", "--interval", "1")
        self.assertEqual(told.returncode, 2)
        self.assertIn("flood", told.stderr)

    def test_ping_without_an_answer(self):
        _, lab = self.keep()
        told = self.ping(lab, "10.0.2.77", "--interface", "eth0", "--count", "1", "--timeout", "200", "--json")
        self.assertEqual(told.returncode, 3, told.stderr + told.stdout)
        self.assertEqual(self.objects(told)[-1]["received"], 0)

    def test_ping_on_an_interface_that_does_not_exist(self):
        _, lab = self.keep()
        told = self.ping(lab, "10.0.2.2", "--interface", "eth7")
        self.assertEqual(told.returncode, 2, told.stdout)
        self.assertIn("eth7", told.stderr)
        self.assertIn("eth0", told.stderr)


class WithoutPrivilege(WirelabCase):
    def test_ping_on_an_interface_is_refused_without_the_capability(self):
        """Nothing is sent: the process may not open a raw socket, and the address is of the loopback."""
        command = [self.program, "ping", "127.0.0.1", "--interface", "lo"]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                       "--bounding-set=-all", *command]
        refused = subprocess.run(command, cwd=self.place, env=self.environment(), capture_output=True, text=True, timeout=30)
        self.assertEqual(refused.returncode, 77, refused.stdout + refused.stderr)
        self.assertIn("CAP_NET_RAW", refused.stderr)

    def test_ping_in_the_default_lab_needs_no_interface_and_no_privilege(self):
        told = self.wirelab("ping", "S", "--count", "2", "--json")
        self.assertEqual(told.returncode, 0, told.stderr + told.stdout)
        self.assertEqual(self.objects(told)[-1]["received"], 2)
        self.assert_error(2, "ping", "192.0.2.99", says=["192.0.2.99", "--interface"])


if __name__ == "__main__":
    main()
