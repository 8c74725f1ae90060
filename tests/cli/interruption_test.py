"""Ctrl-C, and a reader that leaves: what was done until then is told, and the exit code says whether it was all."""

import json
import os
import signal
import subprocess
import threading

from send_receive_case import FakeReceiver, SendReceiveCase, offer, said
from service_case import SOON, Peer, Talk, frame
from wirelab_case import main


class Interruption(SendReceiveCase):
    # --- send -------------------------------------------------------------------------------------------------------

    def start_sending(self, *words, size=40_000_000):
        """A sender whose file is accepted, and then not taken."""
        hold = threading.Event()
        self.addCleanup(hold.set)

        def take_nothing(peer):
            peer.read_until(lambda frames: said(frames, "offer"))
            peer.send(frame(type="accept", **{"from": 0, "prefix": "none"}))
            hold.wait(SOON)

        fake = FakeReceiver(self, take_nothing)
        return Talk(self, "send", self.source("big", b"x" * size), fake.address, *words)

    def test_an_interrupted_file_is_told(self):
        for ending in (signal.SIGINT, signal.SIGTERM):
            sender = self.start_sending()
            sender.until("accepted")
            self.assertEqual(sender.finish(ending), 130, sender.errors)
            sent, result, error = sender.objects[-3:]
            self.assertEqual((sent["type"], sent["name"], sent["ok"], sent["result"], sent["why"]),
                             ("sent", "big", False, "interrupted", "interrupted"))
            self.assertEqual((result["type"], result["ok"], result["files"], result["verified"]), ("result", False, 1, 0))
            self.assertEqual((error["type"], error["error"]["code"]), ("error", "interrupted"))

    def test_a_sender_that_waits_is_interrupted(self):
        sender = Talk(self, "send", self.source("a", b"text"), self.nobody())
        sender.until("retry")
        self.assertEqual(sender.finish(signal.SIGINT), 130, sender.errors)
        self.assertEqual([entry["type"] for entry in sender.objects[-3:]], ["sent", "result", "error"])

    # --- receive ----------------------------------------------------------------------------------------------------

    def test_a_receiver_without_a_count_ends_well(self):
        receiver, address = self.receive("--yes")
        self.assertEqual(self.wirelab("send", self.source("a", b"text"), address).returncode, 0)
        self.assertEqual(receiver.finish(signal.SIGINT), 0, receiver.errors)
        result = receiver.objects[-1]
        self.assertEqual((result["type"], result["ok"], result["received"]), ("result", True, 1))

    def test_a_receiver_with_a_count_is_not_done(self):
        for words in (("--once",), ("--count", 2)):
            receiver, _ = self.receive("--yes", *words)
            self.assertEqual(receiver.finish(signal.SIGINT), 130, receiver.errors)
            result, error = receiver.objects[-2:]
            self.assertEqual((result["type"], result["ok"], result["received"]), ("result", False, 0))
            self.assertEqual(error["error"]["code"], "interrupted")

    def test_the_summary_of_a_receiver_as_text(self):
        receiver = self.start("receive", self.target, "--yes", "--listen", "127.0.0.1:0")
        address = receiver.stdout.readline().split()[4].rstrip(";")
        self.assertEqual(self.wirelab("send", self.source("a", b"text"), address).returncode, 0)
        receiver.send_signal(signal.SIGINT)
        told, errors = receiver.communicate(timeout=SOON)
        self.assertEqual(receiver.returncode, 0, errors)
        self.assertEqual(told.splitlines()[-1], "received 1 file, 4 B through the network")

    def test_what_was_coming_is_cut_and_told(self):
        receiver, address = self.receive("--yes")
        peer = Peer(address)
        peer.send(offer("a", size=100))
        peer.read_until(lambda frames: said(frames, "accept"))
        self.assertEqual(receiver.finish(signal.SIGINT), 0, receiver.errors)
        ended, result = receiver.objects[-2:]
        self.assertEqual((ended["type"], ended["result"]), ("not-received", "cut"))
        self.assertEqual((result["received"], result["failed"]), (0, 0))

    # --- a reader that leaves ---------------------------------------------------------------------------------------

    def start_with_reader(self, *words):
        """The process, and its standard output's reading end."""
        reader, writer = os.pipe()
        process = subprocess.Popen(self.command(*words), cwd=self.place, env=self.environment(), stdin=subprocess.DEVNULL,
                                   stdout=writer, stderr=subprocess.PIPE, text=True)
        os.close(writer)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process, os.fdopen(reader)

    def test_a_receiver_whose_reader_left_ends_quietly(self):
        for words, exit_code in (((), 0), (("--once",), 130)):
            receiver, reader = self.start_with_reader("receive", self.target, "--yes", "--json", "--listen", "127.0.0.1:0", *words)
            self.assertEqual(json.loads(reader.readline())["type"], "listening")
            reader.close()
            _, errors = receiver.communicate(timeout=SOON)
            self.assertEqual((receiver.returncode, errors), (exit_code, ""))

    def test_a_sender_whose_reader_left_ends_quietly(self):
        hold = threading.Event()
        self.addCleanup(hold.set)

        def verify(peer):
            peer.read_until(lambda frames: said(frames, "offer"))
            peer.send(frame(type="verified"))
            peer.read_to_the_end()

        fake = FakeReceiver(self, verify, lambda peer: hold.wait(SOON))
        sender, reader = self.start_with_reader("send", self.source("one", b"text"), self.source("two", b""), fake.address)
        self.assertTrue(reader.readline().startswith("one: 4 B sent"))
        reader.close()
        _, errors = sender.communicate(timeout=SOON)
        self.assertEqual((sender.returncode, errors), (130, ""))


if __name__ == "__main__":
    main(needs_a_lab=False)
