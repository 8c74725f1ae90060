"""wirelab serve from outside: what it says, how it ends, and what malformed frames and rude peers cannot do to it."""

import json
import os
import resource
import select
import signal
import socket
import subprocess
import time

from serving import Serving
from wirelab_case import WirelabCase, main

REFERENCE = b"\x11\x00CL:7;type:messagecwsdwed"


def frame(header, content=b""):
    return len(header).to_bytes(2, "little") + header + content


# What is no frame, what the server says of it, and at which byte.
MALFORMED = (
    (frame(b"type:message"), "CL is missing", 14),
    (frame(b"CL:1;CL:1", b"x"), "CL is given twice", 7),
    (frame(b"CL:-1"), "CL is no plain decimal number", 5),
    (frame(b"CL:+1"), "CL is no plain decimal number", 5),
    (frame(b"CL:01"), "CL is no plain decimal number", 5),
    (frame(b"CL:"), "CL is no plain decimal number", 5),
    (frame(b"CL:16777217"), "the content is longer than the limit", 5),
    (frame(b"CL:99999999999999999999999"), "the content is longer than the limit", 5),
    (frame(b"CL:0;name:\xc3"), "the header is not UTF-8", 12),
    (frame(b"CL:0;name:\xed\xa0\x80"), "the header is not UTF-8", 12),
    (frame(b"CL:0;:x"), "a pair of the header has an empty key", 7),
    (frame(b"CL:0;x"), None, 7),
    (b"\xff\xff", "the header is longer than the limit", 0),
    (b"\x01\x10" + b"x", "the header is longer than the limit", 0),
)


class Echo(Serving):
    def ask(self, sent, size):
        with self.connect() as client:
            client.sendall(sent)
            received = b""
            while len(received) < size:
                part = client.recv(1 << 16)
                self.assertTrue(part, received)
                received += part
            return received

    def assert_serves(self):
        self.assertEqual(self.ask(REFERENCE, len(REFERENCE)), REFERENCE)

    def test_echoes_over_tcp_and_udp_with_each_poller(self):
        for poller in ("select", "poll", "epoll"):
            with self.subTest(poller=poller):
                self.serve("echo", "--poller", poller)
                self.assert_serves()
                self.assertEqual(self.ask(REFERENCE * 1000, 26000), REFERENCE * 1000)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.settimeout(10)
                    for datagram in (b"", REFERENCE + b"x", REFERENCE):
                        client.sendto(datagram, self.endpoint())
                    self.assertEqual(client.recv(2000), REFERENCE)
                result = self.end()
                self.assertEqual((result["messages"], result["malformed"], result["clients"]), (1002, 2, 2))
                self.assertEqual(result["selector"]["poller"], poller)
                self.assertGreater(result["selector"]["waits"], 0)
                kinds = [entry["type"] for entry in self.told]
                self.assertEqual((kinds.count("joined"), kinds.count("left"), kinds.count("malformed")), (2, 2, 2))

    def test_malformed_frames_close_their_connection_alone(self):
        self.serve("echo")
        for sent, reason, offset in MALFORMED:
            for piece in (len(sent), 1):
                with self.subTest(sent=sent[:40], piece=piece), self.connect() as client:
                    client.sendall(REFERENCE)
                    for begin in range(0, len(sent), piece):
                        try:
                            client.sendall(sent[begin:begin + piece])
                        except (BrokenPipeError, ConnectionResetError):
                            break
                    self.assertEqual(self.rest_of(client), REFERENCE)
        self.assert_serves()
        self.end()
        told = [(entry["reason"], entry["offset"]) for entry in self.told if entry["type"] == "malformed"]
        self.assertEqual(len(told), 2 * len(MALFORMED))
        for number, (sent, reason, offset) in enumerate(MALFORMED):
            for one in told[2 * number:2 * number + 2]:
                self.assertEqual(one, (reason or one[0], len(REFERENCE) + offset), sent)

    def test_an_end_within_a_frame_is_told(self):
        self.serve("echo")
        with self.connect() as client:
            client.sendall(REFERENCE[:20])
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(self.rest_of(client), b"")
        self.end()
        self.assertIn(20, [entry["offset"] for entry in self.told if entry["type"] == "malformed"])

    def test_an_endless_header_is_cut_off_at_once(self):
        self.serve("echo")
        with self.connect() as client:
            client.sendall(b"\xff\xff" + b"x" * 10)
            self.assertEqual(self.rest_of(client), b"")
        self.assert_serves()

    def test_byte_by_byte_is_answered_in_time_and_cut_off_beyond(self):
        self.serve("echo", "--message-limit", "0.5")
        with self.connect() as client:
            for byte in REFERENCE:
                client.sendall(bytes([byte]))
            self.assertEqual(client.recv(100), REFERENCE)
        begun = time.monotonic()
        with self.connect() as client:
            client.settimeout(0.05)
            ended = False
            client.sendall(frame(b"CL:1000000"))
            while not ended:
                self.assertLess(time.monotonic(), begun + 20, "it waits for ever")
                try:
                    client.send(b"x")
                    ended = client.recv(10) == b""
                except TimeoutError:
                    pass
                except ConnectionError:
                    ended = True
        self.assert_serves()
        self.end()
        self.assertIn("the peer was too slow", [entry.get("reason") for entry in self.told])

    def test_a_reset_at_every_point(self):
        self.serve("echo")
        for end in range(len(REFERENCE) + 1):
            client = self.connect()
            client.sendall(REFERENCE[:end])
            self.reset(client)
        self.assert_serves()
        self.assertEqual(self.end()["clients"], len(REFERENCE) + 2)

    def test_who_does_not_read_hurts_nobody(self):
        self.serve("echo")
        with self.connect() as deaf:
            deaf.setblocking(False)
            question, rest, sent = frame(b"CL:60000", b"x" * 60000), b"", 0
            while sent < 200_000_000 and select.select([], [deaf], [], 0.3)[1]:
                rest = rest or question
                count = deaf.send(rest)
                rest, sent = rest[count:], sent + count
            self.assertLess(sent, 100_000_000, "the server takes what nobody reads")
            self.assert_serves()
            with open(f"/proc/{self.process.pid}/status") as status:
                resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
            self.assertLess(resident, 400_000)  # kB, with sanitizers
        self.end()

    def test_out_of_descriptors_it_sheds_and_serves_on(self):
        few = 40

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))

        self.process = subprocess.Popen(self.command("serve", "echo", "--json", "--listen", "127.0.0.1:0"),
                                        cwd=self.place, env=self.environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit)
        self.addCleanup(self.process.kill)
        self.told = [json.loads(self.process.stdout.readline())]
        self.address = self.told[0]["address"]
        crowd = [self.connect() for _ in range(3 * few)]
        for client in crowd:
            client.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                self.assert_serves()
                break
            except (ConnectionError, AssertionError):
                self.assertLess(time.monotonic(), deadline, "it does not serve any more")
        self.assertGreater(self.end()["shed"], 0)

    def test_ctrl_c_flushes_and_says_goodbye(self):
        for ending in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(ending=ending):
                self.serve("echo")
                client = self.connect()
                client.sendall(REFERENCE)
                self.assertEqual(client.recv(100), REFERENCE)
                self.process.send_signal(ending)
                self.assertEqual(client.recv(100), b"")
                client.close()
                rest, errors = self.process.communicate(timeout=20)
                self.assertEqual(self.process.returncode, 0, errors)
                self.assertEqual(json.loads(rest.splitlines()[-1])["type"], "result")


class Others(Serving):
    def test_chat_and_registry_listen_and_end(self):
        for service in ("chat", "registry"):
            with self.subTest(service=service):
                self.serve(service)
                with self.connect() as client:
                    client.sendall(b"\xff\xff")
                    self.rest_of(client)
                self.assertEqual(self.end()["malformed"], 1)

    def test_why_clients_have_left(self):
        self.serve("http")
        with self.connect() as wrong:
            wrong.sendall(b"nonsense\r\n\r\n")
            self.rest_of(wrong)
        with self.connect() as patient:
            patient.sendall(b"GET /hello HTTP/1.1\r\nHost: lab\r\n\r\n")
            patient.recv(1)
            self.process.send_signal(signal.SIGINT)
            self.rest_of(patient)
        rest, errors = self.process.communicate(timeout=20)
        self.assertEqual(self.process.returncode, 0, errors)
        left = [json.loads(line)["reason"] for line in rest.splitlines() if '"left"' in line]
        self.assertEqual(left, ["malformed", "the service ended"])

    def test_who_reads_no_more_ends_it_in_order(self):
        for poller in ("select", "poll", "epoll"):
            self.serve("echo", "--poller", poller)
            with self.connect() as client:
                client.sendall(REFERENCE)
                self.assertTrue(client.recv(100))
                self.process.stdout.close()
                self.assertEqual(self.rest_of(client), b"")
            self.assertEqual(self.process.wait(20), 0, poller)
            self.process.stdout = open(os.devnull)

    def test_text_for_a_person(self):
        process = self.start("serve", "echo", "-v", "--listen", "127.0.0.1:0")
        self.assertRegex(process.stdout.readline(), r"^echo listens at 127\.0\.0\.1:\d+; Ctrl-C ends it$")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(rest, "echo served 0 clients and 0 messages; malformed: 0\n")
        self.assertIn("selector:", errors)


class ServeUsage(WirelabCase):
    def test_what_cannot_be_served_is_told_with_what_helps(self):
        listen = ("--listen", "127.0.0.1:0")
        for exit_code, words, says in (
                (2, ("serve", "eco"), ["did you mean 'echo'"]),
                (2, ("serve",), ["usage"]),
                (2, ("serve", "echo", "--listen", "nowhere"), ["ADDRESS:PORT"]),
                (2, ("serve", "echo", "--listen", "localhost:0"), ["'localhost' is a name", "127.0.0.1"]),
                (2, ("serve", "echo", "--listen", "127.0.0.1:65536"), ["'65536' is no port", "65535"]),
                (2, ("serve", "echo", "--listen", "[::1]:99999"), ["'99999' is no port", "65535"]),
                (2, ("serve", "echo", "--listen", "192.0.2.1:0"), ["192.0.2.1 is no address", "ip address"]),
                (2, ("serve", "echo", "--listen", "::1:8080"), ["no address of this machine", "[::1]:8080"]),
                (2, ("serve", "echo", "--listen", "fe80::1%lo"), ["one link"]),
                (2, ("serve", "echo", "--listen", "[fe80::1]:0"), ["one link"]),
                (2, ("devices", "fe80::1%lo"), ["one link"]),
                (2, ("chat", "[fe80::1%lo]:17018", "--name", "Ada"), ["one link"]),
                (2, ("serve", "chat", "--max-clients", "10001", *listen), ["1 to 10000"]),
                (2, ("serve", "registry", "--max-clients", "10001", *listen), ["1 to 10000"]),
                (2, ("serve", "echo", "--poller", "kqueue", *listen), ["epoll"]),
                (2, ("serve", "echo", "--max-clients", "0", *listen), ["out of range"]),
                (2, ("serve", "echo", "--message-limit", "0", *listen), ["--message-limit"]),
                (2, ("serve", "chat", "--idle-limit", "5", *listen), ["echo and http"])):
            with self.subTest(words=words):
                self.assert_error(exit_code, *words, says=says)

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = "127.0.0.1:%d" % taken.getsockname()[1]
            for service in ("echo", "chat", "registry", "http"):
                error = self.assert_error(2, "serve", service, "--listen", where, says=[where, "in use", "--listen"])
                self.assertIn(f"'sport = :{where.split(':')[1]}'", error["error"]["next"])

    def test_more_clients_than_descriptors(self):
        command = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *self.command("serve", "echo", "--max-clients", "200")]
        told = subprocess.run(command, cwd=self.place, env=self.environment(), capture_output=True, text=True, timeout=20)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn("ulimit -n", told.stderr)

    def test_a_client_of_a_folder_takes_two_descriptors(self):
        with_files = self.command("serve", "http", "--root", self.place, "--max-clients", "60")
        told = subprocess.run(["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *with_files], cwd=self.place,
                              env=self.environment(), capture_output=True, text=True, timeout=20)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertIn("152 open files", told.stderr)


if __name__ == "__main__":
    main(needs_a_lab=False)
