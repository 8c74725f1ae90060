"""The main job from outside: wirelab run ping, judged by its JSON and by tshark."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import unittest

from wirelab_case import LEVEL, NOBODY, WirelabCase, main

TSHARK = shutil.which("tshark")
VERIFY = [word for layer in ("ip", "udp", "tcp")
          for word in ("-o", f"{layer}.check_checksum:TRUE")] if TSHARK else []


def tshark(path, *words):
    result = subprocess.run([TSHARK, "-n", *VERIFY, "-r", path, *words], capture_output=True, text=True, timeout=60)
    # Lua and root warnings are about tshark itself; whatever it says of the file counts.
    faults = [line for line in result.stderr.splitlines() if "tshark:" in line]
    assert result.returncode == 0 and not faults, result.stderr
    return result.stdout.splitlines()


class RunPing(WirelabCase):
    def play(self, *words):
        result = self.wirelab("run", "ping", "--json", "--pcap", self.path("t.pcapng"), *words)
        objects = self.objects(result)
        self.assertEqual(result.returncode, 0, result.stdout[-3000:] + result.stderr)
        return objects, objects[-1]

    def test_every_check_holds_and_names_its_frames(self):
        _, result = self.play()
        self.assertEqual(result["type"], "result")
        self.assertTrue(result["ok"])
        self.assertEqual(result["lost"], 0)
        self.assertGreater(result["packets"], 40)
        self.assertGreater(len(result["checks"]), 10)
        for check in result["checks"]:
            self.assertTrue(check["ok"], check)
            for frame in check["evidence"]:
                self.assertIn(frame, range(1, result["packets"] + 1))
        proven = [check for check in result["checks"] if check["evidence"]]
        self.assertGreater(len(proven), 8)

    def test_replies_have_the_form_that_checks_rely_on(self):
        objects, _ = self.play("--count", "4", "--interval", "0")
        replies = [entry for entry in objects if entry["type"] == "reply"]
        self.assertEqual(len(replies), 8)
        for reply in replies:
            self.assertEqual(reply["from"], "10.0.2.2")
            self.assertEqual(reply["ttl"], 63)
            self.assertEqual(reply["rtt_source"], "capture")
            self.assertGreater(reply["rtt_us"], 0)

    def test_count_size_and_interval_do_what_they_say(self):
        self.play("--count", "3", "--size", "200", "--interval", "30")
        shown = self.objects(self.wirelab("show", "--json", self.path("t.pcapng")))
        sent = [float(entry["time"]) for entry in shown if entry["type"] == "packet" and entry["tap"] == "A:eth0"
                and "echo request" in entry["text"] and "length 208" in entry["text"]]
        self.assertEqual(len(sent), 6)  # by each of the two sockets
        for one, next_one in ((0, 1), (1, 2), (3, 4), (4, 5)):
            self.assertGreaterEqual(sent[next_one] - sent[one], 0.030)

    def test_each_poller_plays_it(self):
        for poller in ("select", "poll", "epoll"):
            with self.subTest(poller=poller):
                _, result = self.play("--poller", poller)
                self.assertEqual(result["selector"]["poller"], poller)

    def test_over_ipv6(self):
        objects, result = self.play("--ipv6")
        self.assertTrue(result["ok"])
        self.assertTrue(all(":" in entry["from"] for entry in objects if entry["type"] == "reply"))

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_agrees(self):
        self.play("--count", "5", "--size", "100", "--pcap-dir", self.path("taps"))
        for name in ("t.pcapng", *(os.path.join("taps", tap) for tap in os.listdir(self.path("taps")))):
            path = self.path(name)
            with self.subTest(file=name):
                self.assertEqual(tshark(path, "-Y", "ipv6"), [])
                self.assertEqual(tshark(path, "-Y", "_ws.malformed || frame.len > 1514"), [])
                wrong = tshark(path, "-Y", "ip.checksum.status == 0 || tcp.checksum.status == 0 || "
                                           "udp.checksum.status == 0 || icmp.checksum.status == 0",
                               "-T", "fields", "-e", "frame.packet_id", "-e", "frame.comment")
                # The one that was made wrong on purpose, once a tap.
                self.assertEqual(len(wrong), 1 if name.startswith("taps") else 2, wrong)
                self.assertEqual(len({line.split()[0] for line in wrong}), 1, wrong)
                self.assertIn("origin: raw", wrong[0])
        taps = sorted(os.listdir(self.path("taps")))
        self.assertEqual(len(taps), 2)
        sent = tshark(os.path.join(self.path("taps"), taps[0]), "-Y", "icmp.type == 8 && data.len == 100 && ip.ttl == 64")
        self.assertGreaterEqual(len(sent), 10)
        # The same packet on both links carries the same id.
        self.assertTrue(tshark(self.path("t.pcapng"), "-Y", "frame.packet_id == 1"))
        self.assertIn("A:eth0", set(tshark(self.path("t.pcapng"), "-T", "fields", "-e", "frame.interface_name")))

    def test_the_seed_repeats_what_is_chosen_at_random(self):
        def identifiers(seed):
            _, result = self.play("--seed", seed)
            shown = self.objects(self.wirelab("show", "--json", self.path("t.pcapng")))
            return [entry["text"].split(" id ")[1].split()[0] for entry in shown
                    if entry["type"] == "packet" and "echo request id" in entry["text"]][:2], result["seed"]

        once, seed = identifiers(7)
        self.assertEqual(seed, 7)
        self.assertEqual(once, identifiers(7)[0])
        self.assertNotEqual(once, identifiers(8)[0])

    def test_the_text_for_a_person(self):
        told = self.wirelab("run", "ping")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(told.stderr, "")
        for words in ("1.", "holds", "packets looked at, e.g. frames 1, 2, 3", "Trace: wirelab-ping.pcapng", "Display filters to try", "wirelab show"):
            self.assertIn(words, told.stdout)
        self.assertNotIn("\x1b", told.stdout)
        self.assertLessEqual(max(len(line) for line in told.stdout.splitlines()), 100)
        quiet = self.wirelab("run", "ping", "--quiet")
        self.assertLess(len(quiet.stdout.splitlines()), len(told.stdout.splitlines()) / 3)

    def test_explain_sends_nothing_and_leaves_no_file(self):
        told = self.wirelab("run", "ping", "--explain")
        self.assertEqual(told.returncode, 0)
        self.assertIn("privilege", told.stdout)
        self.assertEqual(os.listdir(self.place), [])

    @unittest.skipUnless(LEVEL == "root" and os.geteuid() == 0, "files change owner only under sudo")
    def test_under_sudo_files_belong_to_the_invoking_user(self):
        environment = self.environment(SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY))
        self.wirelab("run", "ping", "--pcap", self.path("t.pcapng"), "--pcap-dir", self.path("taps"),
                     environment=environment)
        for path in ("t.pcapng", "taps", *(os.path.join("taps", name) for name in os.listdir(self.path("taps")))):
            self.assertEqual(os.stat(self.path(path)).st_uid, NOBODY, path)


class TraceFiles(WirelabCase):
    def test_a_folder_in_the_place_of_the_trace(self):
        self.assert_error(2, "run", "ping", "--pcap", self.place, says=[self.place])

    def test_a_fifo_in_the_place_of_the_trace(self):
        os.mkfifo(self.path("fifo"))
        os.chmod(self.path("fifo"), 0o666)
        self.assert_error(2, "run", "ping", "--pcap", self.path("fifo"), says=["fifo"])
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("fifo")).st_mode))

    def test_a_folder_that_does_not_exist(self):
        self.assert_error(2, "run", "ping", "--pcap", self.path("no/t.pcapng"), says=[self.path("no")])

    def test_a_file_in_the_place_of_the_folder(self):
        with open(self.path("file"), "w"):
            pass
        trace = self.path("earlier.pcapng")
        with open(trace, "w") as earlier:
            earlier.write("an earlier trace")
        self.assert_error(2, "run", "ping", "--pcap", trace, "--pcap-dir", self.path("file"), says=["file"])
        with open(trace) as earlier:
            self.assertEqual(earlier.read(), "an earlier trace", "what is refused overwrites nothing")

    def test_a_full_disk(self):
        # A tmpfs of 16 kB, in a mount namespace of its own. The program runs in there with the rights it would have.
        mount = f"mount -t tmpfs -o size=16k,mode=777 none {self.place}"
        for words in ((), ("--json",)):
            command = self.command("run", "ping", "--count", "50", "--interval", "0", "--pcap", self.path("t.pcapng"), *words)
            unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
            full = subprocess.run([*unshare, "sh", "-c", mount + ' && "$@" && ls; code=$?; tail -c 100000 '
                                   + self.path("t.pcapng") + f' > {self.folder}/saved; exit $code', "sh", *command],
                                  cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=60)
            self.assertEqual(full.returncode, 69, full.stdout[-2000:] + full.stderr)
            said = full.stderr if not words else json.loads(full.stdout.splitlines()[-1])["error"]["message"]
            self.assertIn("t.pcapng", said)
            self.assertIn("No space left", said)
            # What did fit is whole.
            shown = subprocess.run([self.program, "show", "--json", f"{self.folder}/saved"], capture_output=True, text=True)
            self.assertEqual(shown.returncode, 0, shown.stdout[-500:])

    def test_a_current_folder_that_cannot_be_written(self):
        os.mkdir(self.path("tmp"))
        os.chmod(self.path("tmp"), 0o777)
        if LEVEL == "root" and os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        os.chmod(self.place, 0o555)
        told = self.wirelab("run", "ping", "--json", environment=self.environment(TMPDIR=self.path("tmp")))
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertTrue(self.objects(told)[-1]["pcap"].startswith(self.path("tmp")))


class Endings(WirelabCase):
    """However a run ends, nothing stays behind, and what was captured can be read."""

    def start_long(self):
        process = self.start("run", "ping", "--json", "--count", "10000", "--interval", "5", "--pcap", self.path("t.pcapng"))
        for line in process.stdout:
            if json.loads(line)["type"] == "reply":
                return process
        self.fail("no reply: " + process.stderr.read())

    def wait_for(self, condition, what):
        """A state, not a time: asked again until it holds, for two seconds at most."""
        import time
        end = time.monotonic() + 2
        while not condition():
            self.assertLess(time.monotonic(), end, what)

    @staticmethod
    def namespaces_of(pid):
        """The network namespaces that a process holds or is in."""
        found = set()
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except FileNotFoundError:  # closed meanwhile: the process is at work
                continue
            if target.startswith("net:"):
                found.add(target)
        return found | {os.readlink(f"/proc/{pid}/ns/net")}

    @staticmethod
    def namespaces_in_use():
        found = set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/net"))
                for name in os.listdir(f"/proc/{pid}/fd"):
                    found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
            except OSError:
                continue  # gone meanwhile, or not ours
        return found

    def test_kill_9_leaves_nothing(self):
        links = socket.if_nameindex()
        named = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
        process = self.start_long()
        held = self.namespaces_of(process.pid) - {os.readlink("/proc/self/ns/net")}
        self.assertGreaterEqual(len(held), 4)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        self.wait_for(lambda: not (held & self.namespaces_in_use()), "namespaces are still held")
        self.assertEqual(socket.if_nameindex(), links)
        ours = [name for name in os.listdir("/run") if "wirelab" in name or str(process.pid) in name]
        self.assertEqual(ours + (os.listdir("/run/netns") if os.path.isdir("/run/netns") else []), named)
        self.assertEqual(os.listdir(self.place), ["t.pcapng"])
        with open("/proc/net/unix") as sockets:
            self.assertNotIn(f"wirelab/{os.geteuid()}/{process.pid}", sockets.read())
        shown = self.wirelab("show", "--json", self.path("t.pcapng"))
        packets = [entry for entry in self.objects(shown) if entry["type"] == "packet"]
        self.assertGreater(len(packets), 10)

    def test_ctrl_c_closes_the_trace(self):
        for ending in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=ending.name):
                process = self.start_long()
                process.send_signal(ending)
                rest, errors = process.communicate(timeout=20)
                self.assertEqual(process.returncode, 130, errors)
                told, last = map(json.loads, rest.splitlines()[-2:])
                self.assertEqual((last["type"], last["error"]["code"]), ("error", "interrupted"))
                self.assertEqual((told["type"], told["ok"], told["interrupted"]), ("result", False, True))
                self.assertEqual([check for check in told["checks"] if not check["ok"]], [])
                shown = self.wirelab("show", "--json", self.path("t.pcapng"))
                self.assertEqual(shown.returncode, 0, shown.stderr)
                result = self.objects(shown)[-1]
                self.assertEqual(result["dropped"], 0)
                if TSHARK:
                    self.assertEqual(len(tshark(self.path("t.pcapng"))), result["packets"])


    def test_an_interrupted_run_blames_nothing(self):
        process = self.start("run", "ping", "--count", "10000", "--interval", "5", "--pcap", self.path("t.pcapng"))
        self.assertTrue(process.stdout.readline().startswith(" 1. "))
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, errors), (130, "wirelab: interrupted\n"))
        self.assertIn("the story was interrupted", told)
        self.assertNotIn("FAILED", told)

    def test_a_run_whose_reader_left_ends_quietly(self):
        process = self.start("run", "ping", "--count", "10000", "--interval", "5", "--pcap", self.path("t.pcapng"))
        self.assertTrue(process.stdout.readline().startswith(" 1. "))
        process.stdout.close()
        self.assertEqual(process.stderr.read(), "")
        self.assertEqual(process.wait(timeout=20), 130)
        process.stdout = None
        self.assertEqual(self.wirelab("show", "--json", self.path("t.pcapng")).returncode, 0)


class NoPrivilege(WirelabCase):
    def test_where_user_namespaces_are_refused(self):
        # A user namespace that allows no further ones, and a process in it without any capability.
        refuse = ("echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --bounding-set=-all "
                  '--no-new-privs "$@"')
        inside = [self.program, "run", "ping"]
        for words in ((), ("--json",)):
            command = ["unshare", "-Ur", "sh", "-c", refuse, "sh", *inside, *words]
            if LEVEL == "user" and os.geteuid() == 0:
                command = self.command()[:-1] + command
            refused = subprocess.run(command, cwd=self.place, env=self.environment(), capture_output=True, text=True,
                                     timeout=30)
            self.assertEqual(refused.returncode, 77, refused.stdout + refused.stderr)
            if words:
                error = json.loads(refused.stdout.splitlines()[-1])["error"]
                self.assertEqual(error["code"], "denied")
                self.assertTrue(error["next"])
            else:
                self.assertEqual(len(refused.stderr.strip().splitlines()), 2, refused.stderr)
                self.assertIn("namespace", refused.stderr)


if __name__ == "__main__":
    main()
