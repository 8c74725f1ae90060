"""wirelab send and wirelab receive from outside: against each other, and each against bare sockets that do what they like."""

import hashlib
import os
import pty
import resource
import shutil
import signal
import socket
import subprocess
import threading

from send_receive_case import FakeReceiver, SendReceiveCase, offer, said
from service_case import SOON, Peer, Talk, frame, frames_in
from wirelab_case import main, without_privilege


class SendReceive(SendReceiveCase):
    def answer_to(self, address, *pieces):
        """What a bare socket hears that says this, up to the end."""
        peer = Peer(address)
        for piece in pieces:
            peer.send(piece)
        peer.read_to_the_end()
        return frames_in(peer.data)

    def assert_refused(self, address, message, why):
        (fields, _), = self.answer_to(address, message)
        self.assertEqual(fields["type"], "refuse", message)
        self.assertIn(why, fields["why"], message)

    # --- against each other ---------------------------------------------------------------------------------------

    def test_files_arrive_as_they_were(self):
        receiver, address = self.receive("--yes", "--count", 4)
        contents = {"empty": b"", "small.txt": b"text", "letter größe.bin": os.urandom(70_000), "big": os.urandom(9_000_000)}
        paths = [self.source(name, content) for name, content in contents.items()]
        sent = self.wirelab("send", *paths, address, "--json")
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(receiver.finish(), 0, receiver.errors)
        told = {entry["name"]: entry for entry in self.objects(sent) if entry["type"] == "sent"}
        heard = {entry["name"]: entry for entry in receiver.objects if entry["type"] == "received"}
        for name, content in contents.items():
            self.assertEqual(self.received(name), content)
            digest = hashlib.sha256(content).hexdigest()
            self.assertEqual((told[name]["result"], told[name]["sha256"], told[name]["size"]), ("verified", digest, len(content)))
            self.assertEqual((heard[name]["saved_as"], heard[name]["sha256"]), (name, digest))
        self.assertEqual(sorted(os.listdir(self.target)), sorted(contents))
        result = self.objects(sent)[-1]
        self.assertEqual((result["type"], result["ok"], result["verified"]), ("result", True, 4))
        self.assertGreater(result["selector"]["waits"], 0)
        self.assertEqual((receiver.objects[-1]["received"], receiver.objects[-1]["failed"]), (4, 0))

    def test_as_text_with_every_poller(self):
        for poller in ("select", "poll", "epoll"):
            receiver, address = self.receive("--yes", "--once", "--poller", poller)
            sent = self.wirelab("send", self.source(poller, b"text"), address, "--poller", poller, "-v")
            self.assertEqual(sent.returncode, 0, sent.stderr)
            self.assertRegex(sent.stdout, rf"{poller}: 4 B sent and verified in .* s")
            self.assertRegex(sent.stderr, rf"selector: {poller}, \d+ waits, .* descriptors scanned")
            self.assertEqual(receiver.finish(), 0)

    def test_both_ways_at_once(self):
        other = self.path("other")
        self.make_folder(other)
        one, one_address = self.receive("--yes", "--count", 3)
        two, two_address = self.receive("--yes", "--count", 3, folder=other)
        files = [self.source(f"f{number}", os.urandom(500_000)) for number in range(3)]
        senders = [Talk(self, "send", file, address) for file in files for address in (one_address, two_address)]
        for process in (*senders, one, two):
            self.assertEqual(process.finish(), 0, process.errors)
        for file in files:
            with open(file, "rb") as original:
                content = original.read()
            for folder in (self.target, other):
                with open(os.path.join(folder, os.path.basename(file)), "rb") as copy:
                    self.assertEqual(copy.read(), content)

    def test_what_is_there_stays(self):
        for clash, exit_code, names in (("refuse", 1, {"a": b"old"}), ("rename", 0, {"a": b"old", "a (1)": b"new"}),
                                        ("overwrite", 0, {"a": b"new", "a (1)": b"new"})):
            with open(os.path.join(self.target, "a"), "wb") as file:
                file.write(b"old")
            os.chmod(os.path.join(self.target, "a"), 0o666)
            receiver, address = self.receive("--yes", "--on-clash", clash)
            sent = self.wirelab("send", self.source("a", b"new"), address, "--json")
            self.assertEqual(sent.returncode, exit_code, sent.stderr)
            if clash == "rename":
                told = receiver.until("received")
                self.assertEqual((told["name"], told["saved_as"]), ("a", "a (1)"))
            self.assertEqual({name: self.received(name) for name in os.listdir(self.target)}, names)
            self.assertEqual(receiver.finish(signal.SIGINT), 0)

    def test_a_device_is_found_by_its_name(self):
        registry, where = self.serve("registry")
        receiver, _ = self.receive("--yes", "--registry", where, "--name", "Den")
        receiver.until("registered", name="Den")
        file = self.source("a", b"text")
        sent = self.wirelab("send", file, "Den", "--registry", where)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(self.received("a"), b"text")
        self.assert_error(2, "send", file, "Loft", "--registry", where, "--wait", 0, says=("no device 'Loft'", "wirelab devices"))
        other, _ = self.receive("--yes", "--registry", where, "--name", "Den")
        ids = [one.until("registered")["id"] for one in (other,)] + [receiver.objects[1]["id"]]
        self.assert_error(2, "send", file, "Den", "--registry", where, says=("2 devices are called 'Den'", "by its id", *ids))
        self.assert_serves_and_ends(registry)

    # --- the sender, against what a receiver may do -----------------------------------------------------------------

    def test_nobody_answers(self):
        nobody, file = self.nobody(), self.source("a", b"text")
        self.assert_error(3, "send", file, nobody, "--wait", 0.3, "--quiet", says=(nobody, "refused", "wirelab receive"))

    def test_a_sender_that_is_first_waits(self):
        later = self.nobody()
        sender = Talk(self, "send", self.source("a", b"text"), later)
        sender.until("retry")
        receiver = Talk(self, "receive", self.target, "--listen", later, "--yes", "--once")
        self.assertEqual(sender.finish(), 0, sender.errors)
        self.assertEqual(receiver.finish(), 0)

    def test_what_cannot_be_sent(self):
        self.assert_error(2, "send", self.path("none"), "127.0.0.1", says=("No such file",))
        self.assert_error(2, "send", self.place, "127.0.0.1", says=("no regular file", "pack"))
        self.assert_error(2, "send", "/dev/zero", "127.0.0.1", says=("no regular file",))
        self.assert_error(2, "send", "a", says=("needs FILE",))

    def change_while_sending(self, act, word):
        """Once the file is accepted it is changed; then as much is read as there is."""
        path = self.source(word, b"x" * 40_000_000)
        withdrawn = threading.Event()

        def take(peer):
            peer.read_until(lambda frames: said(frames, "offer"))
            act(path)
            peer.send(frame(type="accept", **{"from": 0, "prefix": "none"}))
            left = os.path.getsize(path) if word == "shrunk" else 40_000_000
            while left > 0:
                left -= len(peer.socket.recv(min(left, 1 << 20)))
            withdrawn.wait(SOON)

        def complain(peer):
            peer.read_until(lambda frames: said(frames, "withdraw"))
            withdrawn.set()

        # The complaint comes while the stream is still open.
        fake = FakeReceiver(self, take, complain, at_once=True)
        sent = self.wirelab("send", path, fake.address, "--json")
        self.assertEqual(sent.returncode, 1, sent.stdout)
        self.assertTrue(withdrawn.is_set())
        last = [entry for entry in self.objects(sent) if entry["type"] == "sent"][-1]
        self.assertEqual(last["result"], "changed")
        self.assertIn(word, last["why"])

    def test_a_source_that_shrinks_or_grows_is_told_to_both(self):
        self.change_while_sending(lambda path: os.truncate(path, 1_000_000), "shrunk")
        self.change_while_sending(lambda path: os.truncate(path, 40_000_001), "grown")

    def test_a_file_that_vanishes_does_not_stop_the_others(self):
        files = [self.source(name, b"text") for name in ("f1", "f2", "f3")]

        def take(peer):
            peer.read_until(lambda frames: said(frames, "offer"))
            if os.path.exists(files[1]):
                os.unlink(files[1])
            peer.send(frame(type="verified"))

        sent = self.wirelab("send", *files, FakeReceiver(self, take, take).address, "--json")
        told = [(entry["name"], entry["result"], entry.get("why", "")) for entry in self.objects(sent) if entry["type"] == "sent"]
        self.assertEqual([entry[:2] for entry in told], [("f1", "verified"), ("f2", "changed"), ("f3", "verified")])
        self.assertIn("No such file", told[1][2])
        result, error = self.objects(sent)[-2:]
        self.assertEqual((result["verified"], error["error"]["code"], sent.returncode), (2, "changed", 1))

    def test_a_receiver_that_resets_is_come_back_to(self):
        content = os.urandom(3_000_000)
        have = 1_000_000

        def half(peer):
            peer.read_until(lambda frames: said(frames, "offer"))
            peer.send(frame(type="accept", **{"from": 0, "prefix": "none"}))
            peer.socket.recv(have)
            peer.reset()

        def rest(peer):
            peer.read_until(lambda frames: said(frames, "offer"))
            peer.send(frame(type="accept", **{"from": have, "prefix": hashlib.sha256(content[:have]).hexdigest()}))
            data = b""
            while len(data) < len(content) - have:
                data += peer.socket.recv(1 << 20)
            self.arrived = data[:len(content) - have]
            peer.data = data[len(content) - have:]
            peer.read_until(lambda frames: said(frames, "done"))
            peer.send(frame(type="verified"))

        fake = FakeReceiver(self, half, half, rest)
        sent = self.wirelab("send", self.source("a", content), fake.address, "--json")
        self.assertEqual(sent.returncode, 0, sent.stdout)
        self.assertEqual(self.arrived, content[have:])

    def test_answers_that_are_none(self):
        answers = {frame(type="accept", **{"from": 5, "prefix": "none"}): "from",
                   frame(type="accept", **{"from": -1, "prefix": "none"}): "from",
                   frame(type="accept", **{"from": 0}): "prefix", frame(type="refuse", why="no \x1b[2J"): "no \\x1b[2J"}
        for answer, why in answers.items():
            def play(peer, answer=answer):
                peer.read_until(lambda frames: said(frames, "offer"))
                peer.send(answer)
                peer.read_to_the_end()

            sent = self.wirelab("send", self.source("a", b"text"), FakeReceiver(self, play).address, "--wait", 0)
            self.assertEqual(sent.returncode, 1, (answer, sent.stderr))
            self.assertIn(why, sent.stderr)
            self.assertNotIn("\x1b", sent.stderr)

    def test_another_service_is_called_no_receiver(self):
        file = self.source("a", b"text")
        for service in ("echo", "chat", "registry", "http"):
            _, address = self.serve(service)
            error = self.assert_error(3, "send", file, address, says=(address, "not like a wirelab receiver", "port 17020"))
            self.assertEqual(error["error"]["code"], "no-answer")
        sent = self.objects(self.wirelab("send", file, file, address, "--json"))
        self.assertEqual([entry["result"] for entry in sent if entry["type"] == "sent"], ["stranger"], "the second is not tried")

    def test_the_reason_is_said_once(self):
        sent = self.wirelab("send", self.source("a", b"text"), self.nobody(), "--wait", 0.3)
        self.assertIn(": Connection refused; trying again in 100 ms", sent.stderr)
        self.assertNotIn("failed", sent.stderr)

    # --- the receiver, against what a sender may do -----------------------------------------------------------------

    def test_names_that_lead_away_or_steer_a_terminal(self):
        receiver, address = self.receive("--yes")
        for name, why in (("..", "folder"), (".", "folder"), ("../a", "base name"), ("/etc/passwd", "base name"), ("a/", "base name"),
                          ("a\0b", "control"), ("a\nb", "control"), ("\x1b]0;x\x07".replace(";", ","), "control"), ("\x7f", "control"),
                          ("a\u202egpj.exe", "control"), ("\u009b2J", "control"), ("", "empty"), ("x" * 256, "255 bytes"),
                          (".profile", "hidden"), (".a.part", "hidden")):
            self.assert_refused(address, offer(name), why)
        self.assertEqual(os.listdir(self.target), [])
        self.assert_serves_and_ends(receiver)

    def test_offers_that_lie(self):
        receiver, address = self.receive("--yes")
        for message, why in ((offer(size=2 ** 63, blocks=2 ** 48), "size"), (offer(size=10 ** 30, blocks=1), "size"),
                             (offer(size="-1", blocks=0), "size"), (offer(size="04", blocks=1), "size"),
                             (offer(blocks=None), "blocks"),
                             (offer(blocks=7), "blocks"), (offer(mtime="yesterday"), "mtime"), (offer(sha256="abc"), "sha256"),
                             (offer(id="short"), "id"), (offer(id=None), "id"), (offer(resume="maybe"), "resume"),
                             (frame(type="hello"), "no offer"), (b"\xff\xff", "header"), (b"\x05\0hello", "':'"),
                             (offer(size=2 ** 62), "no space"), (frame(b"content", type="offer"), "content")):
            self.assert_refused(address, message, why)
        self.assertEqual(os.listdir(self.target), [])
        self.assert_serves_and_ends(receiver)

    def test_streams_that_are_not_what_was_offered(self):
        receiver, address = self.receive("--yes")
        short = Peer(address)
        short.send(offer(size=100_000))
        short.read_until(lambda frames: said(frames, "accept"))
        short.send(b"only this")
        short.socket.shutdown(socket.SHUT_WR)
        receiver.until("not-received", result="cut", bytes=9)
        more = Peer(address)
        more.send(offer("b", size=4))
        more.read_until(lambda frames: said(frames, "accept"))
        more.send(b"text and more")
        self.assertTrue(said(more.read_until(lambda frames: said(frames, "failed")), "failed"))
        wrong = Peer(address)
        wrong.send(offer("c", size=4, sha256="later"))
        wrong.read_until(lambda frames: said(frames, "accept"))
        wrong.send(b"text" + frame(type="done", sha256="0" * 64))
        wrong.read_until(lambda frames: said(frames, "corrupt"))
        receiver.until("not-received", result="corrupt")
        self.assertFalse({"a.txt", "b", "c", ".c.part"} & set(os.listdir(self.target)))
        self.assertEqual(receiver.finish(signal.SIGINT), 1, "what is corrupt shows in the exit code")

    def test_nothing_in_the_folder_is_followed(self):
        outside = self.source("outside", b"secret")
        for part, target in ((".a.part", outside), (".b.part", self.path("new")), ("c", "/nowhere")):
            os.symlink(target, os.path.join(self.target, part))
        receiver, address = self.receive("--yes")
        for name, why in (("a", "symbolic link"), ("b", "symbolic link"), ("c", "exists already")):
            self.assert_refused(address, offer(name), why)
        with open(outside, "rb") as file:
            self.assertEqual(file.read(), b"secret")
        self.assertFalse(os.path.exists(self.path("new")))
        self.assert_serves_and_ends(receiver)

    def test_a_reset_at_every_point_ends_nothing_else(self):
        receiver, address = self.receive("--yes", "--on-clash", "overwrite")
        text = os.urandom(5000)
        start = offer("a", size=len(text), sha256="later")
        rest = text + frame(type="done", sha256=hashlib.sha256(text).hexdigest())
        for size in (*range(0, len(start), 7), len(start)):
            peer = Peer(address)
            peer.send(start[:size])
            peer.reset()
        for size in (1, 2500, 4999, 5000, 5001, 5050, len(rest) - 1):
            peer = Peer(address)
            peer.send(start)
            fields = peer.read_until(lambda frames: said(frames, "accept"))[-1][0]
            peer.send(rest[int(fields["from"]):size])
            peer.reset()
        sent = self.wirelab("send", self.source("a", text), address)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(self.received("a"), text)
        self.assert_serves_and_ends(receiver)

    def test_what_came_before_a_cut_is_not_sent_again(self):
        receiver, address = self.receive("--yes", "--once")
        content = os.urandom(500_000)
        peer = Peer(address)
        peer.send(offer("a", size=len(content)))
        peer.read_until(lambda frames: said(frames, "accept"))
        peer.send(content[:200_000])
        receiver.until("accepted")
        peer.socket.shutdown(socket.SHUT_WR)
        receiver.until("not-received", result="cut", bytes=200_000)
        self.assertEqual(os.listdir(self.target), [".a.part"])
        sent = self.wirelab("send", self.source("a", content), address, "--json")
        self.assertEqual([entry["from"] for entry in self.objects(sent) if entry["type"] == "accepted"], [200_000])
        self.assertEqual(receiver.finish(), 0)
        self.assertEqual((receiver.objects[-1]["resumed"], receiver.objects[-1]["bytes"]), (1, len(content)))
        self.assertEqual(self.received("a"), content)

    def test_what_comes_back_beside_the_last_file_is_not_cut_by_it(self):
        receiver, address = self.receive("--yes", "--once")
        content = os.urandom(100_000)
        ids = {"a": "a" * 32, "b": "b" * 32}

        def begin(name):
            peer = Peer(address)
            peer.send(offer(name, size=len(content), id=ids[name]))
            peer.read_until(lambda frames: said(frames, "accept"))
            receiver.until("accepted", name=name)
            return peer

        def finish(peer, rest):
            peer.send(rest + frame(type="done", sha256="none"))
            peer.read_until(lambda frames: said(frames, "verified"))

        begin("a").reset()
        receiver.until("not-received", name="a", result="cut")
        second, first = begin("b"), begin("a")
        finish(second, content)
        receiver.until("received", name="b")
        self.assert_refused(address, offer("c", id="c" * 32), "takes no more")
        finish(first, content)
        for peer in (first, second):
            peer.socket.close()
        self.assertEqual(receiver.finish(), 0, receiver.errors)
        self.assertEqual((self.received("a"), self.received("b")), (content, content))

    def test_a_disk_that_is_full(self):
        unshare = [shutil.which("unshare"), "--mount", *(["--user", "--map-root-user"] if without_privilege() else [])]
        script = 'mount -t tmpfs -o size=1m wirelab-test "$1" && shift && exec "$@"'
        inside = [*without_privilege(), *unshare, "sh", "-c", script, "sh", self.target]
        if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no tmpfs of its own can be mounted here")
        plain, self.command = self.command, lambda *words: [*inside, self.program, *map(str, words)]
        receiver, address = self.receive("--yes")
        self.command = plain
        sent = self.wirelab("send", self.source("big", b"x" * 2_000_000), address)
        self.assertEqual(sent.returncode, 1, sent.stderr)
        self.assertIn("no space", sent.stderr)
        fits = self.wirelab("send", self.source("small", b"x" * 500_000), address)
        self.assertEqual(fits.returncode, 0, fits.stderr)
        self.assert_serves_and_ends(receiver)

    def test_a_disk_that_takes_no_more_in_the_middle(self):
        receiver, address = self.receive("--yes")
        peer = Peer(address)
        peer.send(offer("a", size=300_000))
        peer.read_until(lambda frames: said(frames, "accept"))
        try:
            resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        except PermissionError:
            self.skipTest("the limits of another account's process cannot be set here")
        peer.send(b"x" * 200_000)
        fields = peer.read_until(lambda frames: said(frames, "failed"))[-1][0]
        self.assertIn("File too large", fields["why"])
        receiver.until("not-received", result="failed", bytes=100_000)
        self.assertEqual(os.listdir(self.target), [".a.part"])
        self.assertIsNone(receiver.process.poll())

    def test_no_more_clients_than_allowed(self):
        receiver, address = self.receive("--yes", "--max-clients", 1)
        first = Peer(address)
        first.send(offer(size=100))
        first.read_until(lambda frames: said(frames, "accept"))
        with self.assertRaises(ConnectionResetError):  # by connecting already, or by reading
            with socket.create_connection(first.socket.getpeername(), timeout=SOON) as second:
                second.recv(1)
        first.reset()
        self.assert_serves_and_ends(receiver)

    def test_a_folder_and_options_that_cannot_be_used(self):
        self.assert_error(2, "receive", self.path("none"), "--yes", says=("No such file", "folder"))
        self.assert_error(2, "receive", "/dev/zero", "--yes", says=("folder",))
        self.assert_error(2, "receive", self.target, "--yes", "--on-clash", "mix", says=("refuse, rename or overwrite",))
        self.assert_error(2, "receive", self.target, "--yes", "--count", 0, says=("--count",))
        self.assert_error(2, "receive", self.target, "--yes", "--listen", "here", says=("--listen",))
        self.assert_error(2, "receive", self.target, says=("there is no terminal", "--yes"))
        self.assert_error(2, "receive", self.path("none"), says=("No such file", "folder"))

    def test_a_registry_that_is_not_there_is_tried_again(self):
        receiver = self.start("receive", self.target, "--yes", "--listen", "127.0.0.1:0", "--registry", self.nobody())
        self.assertRegex(receiver.stderr.readline(), r"^no registry at 127\.0\.0\.1:\d+: Connection refused; trying again in \d+ ms$")
        receiver.send_signal(signal.SIGINT)
        receiver.communicate(timeout=SOON)
        self.assertEqual(receiver.returncode, 0)

    # --- with a person ---------------------------------------------------------------------------------------------

    def test_a_person_is_asked(self):
        master, terminal = pty.openpty()
        receiver = subprocess.Popen(self.command("receive", self.target, "--listen", "127.0.0.1:0"), cwd=self.place,
                                    env=self.environment(TERM="xterm"), stdin=terminal, stdout=subprocess.PIPE, stderr=terminal)
        self.addCleanup(receiver.communicate)
        self.addCleanup(receiver.kill)
        os.close(terminal)
        address = receiver.stdout.readline().decode().split()[4].rstrip(";")
        shown = b""

        def wait_for(text):
            nonlocal shown
            while text not in shown:
                shown += os.read(master, 4096)

        for number, (answer, exit_code) in enumerate((("y", 0), ("", 1), ("n", 1), ("yes", 0))):
            name = f"f{number}"
            sender = Talk(self, "send", self.source(name, b"text"), address)
            wait_for(f"Take '{name}' (4 B) from 127.0.0.1? [y/N]".encode())
            os.write(master, (answer + "\n").encode())
            self.assertEqual(sender.finish(), exit_code, sender.objects)
        self.assertEqual(sorted(os.listdir(self.target)), ["f0", "f3"])
        # A question whose file is gone takes no answer.
        peer = Peer(address)
        peer.send(offer("bait"))
        wait_for(b"Take 'bait'")
        peer.reset()
        wait_for(b"(gone)")
        self.assertIsNone(receiver.poll())


if __name__ == "__main__":
    main(needs_a_lab=False)
