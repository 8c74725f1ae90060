"""wirelab serve http from outside: curl, plain sockets, and everything that must not end it."""

import os
import re
import select
import shutil
import socket
import subprocess
import time
import unittest

from serving import Serving
from wirelab_case import WirelabCase, main

CURL = shutil.which("curl")
GOOD = b"GET /hello HTTP/1.1\r\nHost: lab\r\n\r\n"
HOST = b"GET / HTTP/1.1\r\nHost: lab\r\n"

# What comes, and the status that it is answered with before the connection ends.
REFUSED = (
    (b"nonsense\r\n", 400),
    (b"\x16\x03\x01\x00\xa5\x01", 400),  # TLS
    (b"GET /\r\n", 400),
    (b"GET / HTTP/1.1\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/2.0\r\n", 505),
    (b"GET /\x00 HTTP/1.1\r\n", 400),
    (b"GET /" + b"a" * 9000, 414),
    (HOST + b"Host: other\r\n\r\n", 400),
    (HOST + b"X : y\r\n\r\n", 400),
    (HOST + b" folded\r\n\r\n", 400),
    (HOST + b"X: y\rZ: w\r\n\r\n", 400),
    (HOST + b"X: " + b"y" * 20000, 431),
    (HOST + b"X: y\r\n" * 101 + b"\r\n", 431),
    (HOST + b"Content-Length: -1\r\n\r\n", 400),
    (HOST + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    (HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
    (HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    (HOST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\n", 400),
    (HOST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", 400),
    (HOST + b"Expect: a miracle\r\n\r\n", 417),
)


class Http(Serving):
    def exchange(self, sent, piece=None):
        """All that comes for these bytes, sent at once or in pieces, until the server ends; errors end it too."""
        with self.connect() as client:
            try:
                for begin in range(0, len(sent), piece or max(len(sent), 1)):
                    client.sendall(sent[begin:begin + (piece or len(sent))])
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was refused before all was said
            return self.rest_of(client)

    def assert_serves(self):
        answer = self.exchange(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertTrue(answer.endswith(b"Hello from wirelab.\n"), answer)

    def test_refuses_what_is_no_request_and_serves_on(self):
        self.serve("http")
        for sent, status in REFUSED:
            for piece in (None, 1) if len(sent) < 2000 else (None,):
                with self.subTest(sent=sent[:60], piece=piece):
                    answer = self.exchange(GOOD + sent, piece)
                    self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
                    self.assertIn(b"Hello from wirelab.\nHTTP/1.1 %d " % status, answer)
                    self.assertIn(b"Connection: close\r\n", answer.split(b"Hello from wirelab.\n")[1])
        self.assert_serves()
        result = self.end()
        self.assertGreaterEqual(result["malformed"], len(REFUSED))
        told = [entry for entry in self.told if entry["type"] == "malformed"]
        self.assertEqual(len(told), result["malformed"])
        self.assertTrue(all(entry["offset"] >= len(GOOD) and entry["reason"] for entry in told))

    def test_an_endless_header_is_cut_off(self):
        self.serve("http")
        begun = time.monotonic()
        with self.connect() as client:
            client.sendall(HOST)
            client.setblocking(False)
            ended, answer = False, b""
            while not ended:  # it says all the while that it has more to say
                self.assertLess(time.monotonic(), begun + 30, "it is listened to for ever")
                readable, writable, _ = select.select([client], [client], [], 1)
                try:
                    part = client.recv(10_000) if readable else b""
                    answer += part
                    if writable:
                        client.send(b"X-Header: " + b"y" * 10_000 + b"\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    ended = True
                except BlockingIOError:
                    pass
        self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer)
        self.assert_serves()

    def test_a_request_byte_by_byte_is_answered_408(self):
        self.serve("http", "--message-limit", "0.3")
        chunked = HOST + b"Transfer-Encoding: chunked\r\n\r\n"
        for begin in (b"GET", HOST + b"X: ", HOST + b"Content-Length: 1000\r\n\r\n", chunked + b"5;", chunked + b"0\r\nX: "):
            begun = time.monotonic()
            with self.subTest(begin=begin), self.connect() as client:
                client.settimeout(0.05)
                client.sendall(begin)
                answer = b""
                while b"in time" not in answer:
                    self.assertLess(time.monotonic(), begun + 20, "it waits for ever")
                    client.send(b"x")
                    try:
                        answer += client.recv(1000)
                    except TimeoutError:
                        pass
                self.assertTrue(answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n"), answer)
        self.assert_serves()
        self.assertEqual(self.end()["late"], 5)

    def test_who_says_nothing_is_let_go(self):
        self.serve("http", "--idle-limit", "0.2")
        with self.connect() as client:
            self.assertEqual(self.rest_of(client), b"")
        with self.connect() as client:
            client.sendall(GOOD)
            self.assertTrue(self.rest_of(client).endswith(b"Hello from wirelab.\n"))
        self.end()
        self.assertEqual([entry["reason"] for entry in self.told if entry["type"] == "left"], ["idle for too long"] * 2)

    def test_a_reset_at_every_point(self):
        self.serve("http")
        request = b"PUT / HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        for end in range(len(request) + 1):
            client = self.connect()
            client.sendall(request[:end])
            self.reset(client)
        self.assert_serves()
        self.assertEqual(self.end()["clients"], len(request) + 2)

    def test_pipelined_requests_are_answered_in_order(self):
        self.serve("http")
        paths = [b"/hello", b"/count", b"/nothing", b"/"] * 50
        requests = b"".join(b"GET %s HTTP/1.1\r\nHost: lab\r\n\r\n" % path for path in paths)
        answer = self.exchange(requests + GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        statuses = re.findall(rb"HTTP/1\.1 (\d{3})", answer)
        self.assertEqual(statuses, [b"200", b"200", b"404", b"200"] * 50 + [b"200"])
        self.assertEqual(answer.count(b"\r\n0\r\n\r\n"), 50)

    def test_more_clients_than_allowed_are_reset(self):
        self.serve("http", "--max-clients", "2")
        kept = [self.connect() for _ in range(2)]
        for client in kept:
            client.sendall(GOOD)
            self.assertIn(b"200 OK", client.recv(1000))
        with self.connect() as third, self.assertRaises(ConnectionResetError):
            third.sendall(GOOD)
            third.recv(1000)
        for client in kept:
            client.close()
        self.assertEqual(self.end()["refused"], 1)

    @unittest.skipUnless(CURL, "curl is not installed")
    def test_curl_is_served_files(self):
        site = self.path("site")
        os.mkdir(site)
        content = os.urandom(5_000_000)
        for name, data in (("large.bin", content), ("a b.txt", b"text"), ("empty", b"")):
            with open(os.path.join(site, name), "wb") as file:
                file.write(data)
        with open(self.path("secret"), "w") as secret:
            secret.write("secret")
        os.symlink("../secret", os.path.join(site, "link"))
        self.serve("http", "--root", site)

        def curl(path, *words):
            return subprocess.run([CURL, "-sS", "--path-as-is", *words, f"http://{self.address}{path}"],
                                  capture_output=True, timeout=30, check=True).stdout

        self.assertEqual(curl("/large.bin"), content)
        self.assertEqual(curl("/large.bin", "--http1.0"), content)
        self.assertEqual(curl("/a%20b.txt"), b"text")
        self.assertEqual(curl("/empty"), b"")
        self.assertIn(b"Content-Length: 5000000", curl("/large.bin", "-I"))
        self.assertIn(b"a%20b.txt", curl("/"))
        for outside in ("/../secret", "/%2e%2e/secret", "/link", "//etc/passwd", "/..%2fsecret", "/.hidden"):
            self.assertEqual(curl(outside, "-o", os.devnull, "-w", "%{http_code}"), b"404", outside)
        self.assertEqual(curl("/", "-d", "x", "-o", os.devnull, "-w", "%{http_code}"), b"405")
        twice = curl("/a%20b.txt", f"http://{self.address}/a%20b.txt", "-w", "%{num_connects} ")
        self.assertEqual(twice, b"text1 text0 ")  # one connection for both

    def test_a_reader_of_a_large_file_that_goes_away(self):
        with open(self.path("large.bin"), "wb") as file:
            file.truncate(100_000_000)
        self.serve("http", "--root", self.place)
        for ending in (self.reset, socket.socket.close):
            client = self.connect()
            client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: lab\r\n\r\n")
            self.assertTrue(client.recv(100_000))
            ending(client)
        self.assertIn(b" 404 ", self.exchange(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))


class HttpUsage(WirelabCase):
    def test_a_root_that_is_no_folder(self):
        self.assert_error(2, "serve", "http", "--listen", "127.0.0.1:0", "--root", self.path("nowhere"),
                          says=["nowhere", "--root"])
        self.assert_error(2, "serve", "echo", "--listen", "127.0.0.1:0", "--root", self.place, says=["http"])


if __name__ == "__main__":
    main(needs_a_lab=False)
