"""wirelab chat and wirelab serve chat from outside: people, scripts, and peers that mean no good."""

import os
import select
import signal
import socket
import subprocess
import unittest

from service_case import Peer, ServiceCase, Talk, frame, frames_in
from wirelab_case import main


def types(frames):
    return [fields["type"] for fields, _ in frames]


class Chat(ServiceCase):
    def setUp(self):
        super().setUp()
        self.server, self.room = self.serve("chat")

    def member(self, name, *words):
        member = Talk(self, "chat", self.room, "--name", name, *words)
        member.welcome = member.until("welcome")
        return member

    def test_a_conversation_in_json(self):
        ada = self.member("Ada")
        self.assertEqual((ada.welcome["name"], ada.welcome["members"]), ("Ada", []))
        bob = self.member("Bob", "--poller", "epoll")
        self.assertEqual(bob.welcome["members"], ["Ada"])
        ada.until("joined", name="Bob")
        ada.say("hello; with: everything \\ and 小明")
        bob.until("said", name="Ada", text="hello; with: everything \\ and 小明")
        bob.say("exit")
        self.assertEqual(bob.finish(), 0)
        result = bob.objects[-1]
        self.assertEqual((result["type"], result["ok"], result["said"], result["heard"]), ("result", True, 0, 1))
        for key in ("waits", "events", "scanned"):
            self.assertGreater(result["selector"][key], 0)
        self.assertEqual(result["selector"]["poller"], "epoll")
        ada.until("left", name="Bob", why="exit")
        ada.process.stdin.close()
        self.assertEqual(ada.process.wait(10), 0)
        self.assert_serves_and_ends(self.server)

    def test_a_script_on_a_pipe_says_everything_before_it_leaves(self):
        ada = self.member("Ada")
        lines = [f"line {n}" for n in range(2000)]
        said = subprocess.run(self.command("chat", self.room, "--name", "script"), input="\n".join(lines), text=True,
                              cwd=self.place, env=self.environment(), capture_output=True, timeout=60)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual(said.stdout, "-- you are in the room with Ada\n")
        ada.until("left", name="script", why="exit")
        self.assertEqual([entry["text"] for entry in ada.objects if entry["type"] == "said"], lines)

    def test_the_text_for_a_person_obeys_no_control_character(self):
        ada = subprocess.Popen(self.command("chat", self.room, "--name", "Ada"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, cwd=self.place, env=self.environment(), text=True)
        self.addCleanup(ada.communicate)
        self.addCleanup(ada.kill)
        self.assertEqual(ada.stdout.readline(), "-- you are in the room, alone\n")
        eve = Peer(self.room)
        eve.send(frame(type="join", name="Eve") + frame(b"\x1b]0;evil\x07\nsecond line", type="say") + frame(type="exit"))
        self.assertEqual(ada.stdout.readline(), "-- Eve joined\n")
        self.assertEqual(ada.stdout.readline(), "Eve: \\x1b]0;evil\\x07\\x0asecond line\n")
        self.assertEqual(ada.stdout.readline(), "-- Eve left (exit)\n")

    def test_json_holds_no_control_character_either(self):
        ada = subprocess.Popen(self.command("chat", self.room, "--name", "Ada", "--json"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, cwd=self.place, env=self.environment())
        self.addCleanup(ada.communicate)
        self.addCleanup(ada.kill)
        self.assertIn(b'"welcome"', ada.stdout.readline())
        eve = Peer(self.room)
        eve.send(frame(type="join", name="Eve") + frame("\x9b2J \x7f \x1b ä".encode(), type="say"))
        self.assertIn(b'"joined"', ada.stdout.readline())
        self.assertIn('"\\u009b2J \\u007f \\u001b ä"'.encode(), ada.stdout.readline())

    def test_a_name_that_is_taken(self):
        self.member("Ada")
        self.assert_error(2, "chat", self.room, "--name", "ADA", says=["ADA", "another --name"])

    def test_names_that_cannot_be(self):
        for name in ("", "x" * 65, "a\x1b[2J", "a\nb", " a", "a;b"):
            with self.subTest(name=name):
                self.assert_error(2, "chat", self.room, "--name", name, says=["--name"])
        self.assert_error(2, "chat", self.room, says=["--name NAME"])

    def test_lines_that_the_room_does_not_take(self):
        ada, bob = self.member("Ada"), self.member("Bob")
        ada.say("x" * 5000)
        self.assertIn("4096", ada.until("complaint")["text"])
        ada.say("y" * 100_000)
        self.assertIn("65536", ada.until("complaint")["text"])
        ada.say(b"not \xff UTF-8\n")
        self.assertIn("UTF-8", ada.until("complaint")["text"])
        ada.say("fine")
        bob.until("said", text="fine")
        self.assertEqual([entry["text"] for entry in bob.objects if entry["type"] == "said"], ["fine"])

    def test_ctrl_c_leaves_in_order(self):
        for ending in (signal.SIGINT, signal.SIGTERM):
            ada = self.member("Ada")
            bob = self.member("Bob")
            self.assertEqual(bob.finish(ending), 0)
            self.assertEqual((bob.objects[-1]["type"], bob.objects[-1]["ok"]), ("result", True))
            ada.until("left", name="Bob", why="exit")
            ada.say("exit")
            self.assertEqual(ada.finish(), 0)

    def test_ctrl_c_before_there_is_a_room_is_no_success(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            ada = Talk(self, "chat", "127.0.0.1:%d" % mute.getsockname()[1], "--name", "Ada")
            connection, _ = mute.accept()
            self.assertTrue(connection.recv(65536))
            self.assertEqual(ada.finish(signal.SIGINT), 130)
            connection.close()

    def test_a_room_that_ends(self):
        ada = self.member("Ada")
        self.assertEqual(self.server.finish(signal.SIGINT), 0)
        self.assertEqual([entry["why"] for entry in self.server.objects if entry["type"] == "left"], ["ended"])
        self.assertEqual(ada.finish(), 3)
        error = ada.objects[-1]["error"]
        self.assertEqual((error["code"], error["message"]), ("no-answer", f"the room at {self.room} has ended"))

    def test_what_answers_and_is_no_room(self):
        for service in ("echo", "http", "registry"):
            _, other = self.serve(service)
            self.assert_error(3, "chat", other, "--name", "Ada", says=[f"{other} answered, but not like a chat room", "right port"])

    def test_the_server_tells_who_is_not_let_in_and_bounds_what_it_tells(self):
        self.member("Ada")
        eve = Peer(self.room)
        eve.send(frame(type="join", name="ada"))
        refused = self.server.until("refused")
        self.assertEqual((refused["name"], refused["why"]), ("ada", "taken"))
        eve.send(frame(type="nonsense") * 3000)
        eve.read_until(lambda frames: len(frames) == 3001)
        result_code = self.server.finish(signal.SIGINT)
        told = [entry["type"] for entry in self.server.objects]
        self.assertEqual(result_code, 0)
        self.assertIn("omitted", told)
        self.assertLess(told.count("malformed"), 300)
        self.assertEqual(self.server.objects[-1]["malformed"], 3000)
        self.assertGreater(self.server.objects[-1]["held_up"], 0)

    def test_who_reads_no_more_leaves(self):
        ada = self.member("Ada")
        bob = self.member("Bob")
        bob.process.stdout.close()
        bob.selector.close()
        for _ in range(100):
            ada.say("is anybody there?")
        ada.until("left", name="Bob", why="exit")

    def test_who_reads_no_more_is_noticed_while_nothing_happens(self):
        for poller in ("select", "poll", "epoll"):
            bob = self.member("Bob", "--poller", poller)
            bob.selector.close()
            bob.process.stdout.close()
            self.assertEqual(bob.process.wait(20), 0, poller)

    def test_what_others_say_does_not_tear_the_line_that_is_typed(self):
        ada = self.member("Ada")
        keys, terminal = os.openpty()
        bob = subprocess.Popen(self.command("chat", self.room, "--name", "Bob"), stdin=terminal, stdout=terminal, stderr=terminal,
                               cwd=self.place, env=self.environment(TERM="xterm", NO_COLOR="1"), start_new_session=True)
        os.close(terminal)
        self.addCleanup(bob.wait)
        self.addCleanup(bob.kill)
        shown = b""

        def until(text):
            nonlocal shown
            while text not in shown:
                self.assertTrue(select.select([keys], [], [], 20)[0], shown)
                shown += os.read(keys, 65536)
            shown = shown[shown.index(text) + len(text):]

        until(b"you are in the room with Ada")
        ada.until("joined", name="Bob")
        os.write(keys, "so öä\x7f\x7fon wrong\x17".encode())
        until(b"so on ")
        ada.say("in between")
        until(b"\r\x1b[KAda: in between\r\nso on ")
        os.write(keys, b"\x1b[Ait goes\n")
        ada.until("said", name="Bob", text="so on it goes")
        os.write(keys, b"x" * 5000 + b"\n")
        until(b"-- not said: nobody may say more than 4096 bytes at once")
        os.write(keys, b"\x04")
        ada.until("left", name="Bob", why="exit")
        self.assertEqual(bob.wait(20), 0)
        os.close(keys)

    def test_without_standard_input_it_enters_and_leaves(self):
        closed = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *self.command("chat", self.room, "--name", "Ada", "--json")],
                                cwd=self.place, env=self.environment(), capture_output=True, text=True, timeout=30)
        self.assertEqual([entry["type"] for entry in self.objects(closed)], ["welcome", "result"])
        folder = subprocess.run(["sh", "-c", 'exec "$@" </', "sh", *self.command("chat", self.room, "--name", "Ada", "--json")],
                                cwd=self.place, env=self.environment(), capture_output=True, text=True, timeout=30)
        self.assertEqual(folder.returncode, 69, folder.stderr)

    def test_no_room(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % nobody.getsockname()[1]
            self.assert_error(3, "chat", address, "--name", "Ada", says=[address, "wirelab serve chat"])
            early = Talk(self, "chat", address, "--name", "Ada", "--wait", "20")
        self.serve("chat", listen=address)
        self.assertEqual(early.until("welcome")["members"], [])

    def test_servers_that_are_none(self):
        for text in ("", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:0x1", "127.0.0.1:99999", "[::1", "no host.example"):
            with self.subTest(server=text):
                self.assert_error(2, "chat", text, "--name", "Ada")

    def test_a_server_that_hangs_up(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            address = "127.0.0.1:%d" % mute.getsockname()[1]
            ada = Talk(self, "chat", address, "--name", "Ada")
            mute.accept()[0].close()
            self.assertEqual(ada.finish(), 3)


class BadInput(ServiceCase):
    """From outside, against the real server: whatever comes, the others talk on."""

    def setUp(self):
        super().setUp()
        self.server, self.room = self.serve("chat", "--message-limit", "1")
        self.ada = Talk(self, "chat", self.room, "--name", "Ada")
        self.ada.until("welcome")

    def tearDown(self):
        self.ada.say("still here")
        watcher = Peer(self.room)
        watcher.send(frame(type="join", name="watcher"))
        self.ada.until("joined", name="watcher")
        self.ada.say("and heard")
        watcher.read_until(lambda frames: any(content == b"and heard" for _, content in frames))
        self.assert_serves_and_ends(self.server)
        super().tearDown()

    def joined(self, name="Eve"):
        peer = Peer(self.room)
        peer.send(frame(type="join", name=name))
        peer.read_until(lambda frames: "welcome" in types(frames))
        return peer

    def test_streams_that_are_no_frames(self):
        def header(text):
            return len(text).to_bytes(2, "little") + text
        streams = {
            header(b"type:say"): b"CL is missing",
            header(b"CL:1;type:say;CL:1"): b"CL is given twice",
            header(b"CL:-1;type:say"): b"no plain decimal number",
            header(b"CL:+1;type:say"): b"no plain decimal number",
            header(b"CL:01;type:say"): b"no plain decimal number",
            header(b"CL:0x10;type:say"): b"no plain decimal number",
            header(b"CL:;type:say"): b"no plain decimal number",
            header(b"CL:99999999999999999999999;type:say"): b"longer than the limit",
            header(b"CL:4294967296;type:say"): b"longer than the limit",
            header(b"CL:0;type:\xc0\xaf"): b"not UTF-8",
            header(b"CL:0;\xed\xa0\x80:x"): b"not UTF-8",
            b"\xff\xff" + b"x" * 100: b"the header is longer than the limit",
            header(b"CL:0;;type:say"): b"no ':'",
            header(b"CL:0;:x"): b"empty key",
            header(b""): b"CL is missing",
        }
        for stream, told in streams.items():
            with self.subTest(stream=stream):
                eve = self.joined()
                eve.send(stream)
                eve.read_to_the_end()
                fields, content = frames_in(eve.data)[-1]
                self.assertEqual(fields["type"], "error")
                self.assertIn(told, content)
                self.ada.until("left", name="Eve", why="malformed")

    def test_what_never_comes_to_an_end(self):
        for begin, more in ((b"\xff", b""), (b"\xff\x0f", b"k"), (b"\x10\x00CL:5", b""), (frame(b"12345", type="say")[:-1], b"")):
            with self.subTest(begin=begin):
                slow = self.joined("Slowloris")
                slow.send(begin)
                slow.socket.settimeout(0.05)
                while True:  # a byte now and then, until the server has enough of it
                    try:
                        if not slow.socket.recv(65536):
                            break
                    except TimeoutError:
                        try:
                            slow.socket.sendall(more)
                        except OSError:
                            break
                    except ConnectionResetError:
                        break
                self.ada.until("left", name="Slowloris", why="slow")

    def test_resets_at_every_point_of_a_message(self):
        message = frame(b"hello", type="say")
        for size in range(len(message) + 1):
            eve = self.joined(f"Eve {size}")
            eve.send(message[:size])
            eve.reset()
            why = self.ada.until("left", name=f"Eve {size}")["why"]
            self.assertEqual(why, "lost")

    def test_everything_in_one_piece_and_byte_by_byte(self):
        conversation = frame(type="join", name="Eve") + frame(b"one", type="say") + frame(type="alive") + frame(type="exit")
        for pieces in ([conversation], [bytes([byte]) for byte in conversation]):
            eve = Peer(self.room)
            eve.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                eve.send(piece)
            self.assertFalse(eve.read_to_the_end())
            self.assertEqual(types(frames_in(eve.data)), ["welcome", "alive"])
            self.ada.until("said", name="Eve", text="one")
            self.ada.until("left", name="Eve", why="exit")

    def test_names_that_would_reach_a_terminal(self):
        for name in ("\x1b[31mred", "a\x7f", "a\x85b", "\u202eevil", "a\u200bb", "a\u2028b", "two\nlines", "", "n" * 65):
            peer = Peer(self.room)
            peer.send(frame(type="join", name=name))
            answer = peer.read_until(len)
            self.assertEqual((answer[0][0]["type"], answer[0][0]["why"]), ("refused", "name"), name)
            peer.socket.close()

    def test_a_flood_of_nonsense(self):
        eve = self.joined()
        for _ in range(200):
            try:
                eve.send(frame(os.urandom(50), type="nonsense", x="y" * 200) * 20)
            except OSError:
                break
        eve.reset()
        self.ada.until("left", name="Eve")


if __name__ == "__main__":
    main(needs_a_lab=False)
