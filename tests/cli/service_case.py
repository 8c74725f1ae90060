"""What the tests of the services share: a server of our own on loopback, peers that are bare sockets, and pipes to talk by."""

import json
import os
import selectors
import signal
import socket
import subprocess
import time

from wirelab_case import LIMIT, WirelabCase

SOON = 10  # seconds; a limit, not a wait


def frame(content=b"", **fields):
    """A frame with these fields in their order."""
    pairs = [f"CL:{len(content)}", *(f"{key}:{value}" for key, value in fields.items())]
    header = ";".join(pairs).encode()
    return len(header).to_bytes(2, "little") + header + content


def frames_in(data):
    """What a peer received: a list of (fields, content); the last bytes may be a frame that is not whole yet."""
    found = []
    while len(data) >= 2:
        size = int.from_bytes(data[:2], "little")
        fields = dict(pair.split(":", 1) for pair in data[2:2 + size].decode().split(";")) if len(data) >= 2 + size else {}
        end = 2 + size + int(fields.get("CL", len(data)))
        if len(data) < end:
            break
        found.append((fields, data[2 + size:end]))
        data = data[end:]
    return found


class Peer:
    """A bare TCP client."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=SOON)
        self.data = b""

    def __del__(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_until(self, wanted):
        """Reads until wanted(frames) holds; the frames."""
        while not wanted(frames_in(self.data)):
            piece = self.socket.recv(65536)
            if not piece:
                raise AssertionError(f"the server ended the connection: {self.data!r}")
            self.data += piece
        return frames_in(self.data)

    def read_to_the_end(self):
        """Everything up to the end: True if that was a reset."""
        try:
            while piece := self.socket.recv(65536):
                self.data += piece
        except ConnectionResetError:
            return True
        return False

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


class Talk:
    """A wirelab command with pipes on both sides; its objects come one by one."""

    def __init__(self, case, *words):
        self.process = subprocess.Popen(case.command(*words, "--json"), cwd=case.place, env=case.environment(),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.objects = []
        self.passed = 0  # of them, by until()
        self.rest = b""
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        case.addCleanup(self.end)

    def say(self, text):
        self.process.stdin.write(text if isinstance(text, bytes) else (text + "\n").encode())
        self.process.stdin.flush()

    def until(self, kind, **values):
        """The next object of that type with these values, behind the last one that was waited for."""
        limit = time.monotonic() + SOON
        while True:
            for entry in self.objects[self.passed:]:
                self.passed += 1
                if entry["type"] == kind and all(entry.get(key) == value for key, value in values.items()):
                    return entry
            if not self.selector.select(limit - time.monotonic()) or time.monotonic() > limit:
                raise AssertionError(f"no {kind} {values}, only {self.objects}")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise AssertionError(f"ended without {kind} {values}: {self.objects} {self.process.stderr.read()}")
            *lines, self.rest = (self.rest + piece).split(b"\n")
            self.objects += map(json.loads, lines)

    def finish(self, signal_number=None):
        """The exit code, once it ends by itself or by the signal."""
        if signal_number is not None:
            self.process.send_signal(signal_number)
        rest, self.errors = self.process.communicate(timeout=LIMIT)
        self.objects += map(json.loads, (self.rest + rest).splitlines())
        self.rest = b""
        return self.process.returncode

    def end(self):
        self.selector.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class ServiceCase(WirelabCase):
    def serve(self, *words, listen="127.0.0.1:0"):
        """A server, and where it listens."""
        server = Talk(self, "serve", *words, "--listen", listen)
        return server, server.until("listening")["address"]

    def assert_serves_and_ends(self, server):
        """It is still there, ends when it is told to, and without a word of a sanitizer."""
        self.assertIsNone(server.process.poll())
        self.assertEqual(server.finish(signal.SIGTERM), 0, server.errors)
        self.assertNotIn(b"Sanitizer", server.errors)
