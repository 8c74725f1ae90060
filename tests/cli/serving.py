"""A service that a test has started, and plain sockets to it."""

import json
import signal
import socket
import struct

from wirelab_case import WirelabCase


class Serving(WirelabCase):
    def serve(self, service, *words):
        """Starts it on any free port of loopback, and knows its address from what it says."""
        self.process = self.start("serve", service, "--json", "--listen", "127.0.0.1:0", *words)
        line = self.process.stdout.readline()
        self.assertTrue(line, self.process.poll() is not None and self.process.stderr.read())
        listening = json.loads(line)
        self.assertEqual((listening["type"], listening["service"]), ("listening", service))
        self.address = listening["address"]
        self.told = [listening]
        return listening

    def endpoint(self):
        host, port = self.address.rsplit(":", 1)
        return host, int(port)

    def connect(self):
        client = socket.create_connection(self.endpoint(), timeout=20)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def reset(client):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    @staticmethod
    def rest_of(client):
        """Everything until the server ends, or resets."""
        received = b""
        while True:
            try:
                part = client.recv(1 << 20)
            except ConnectionResetError:
                return received
            if not part:
                return received
            received += part

    def end(self, ending=signal.SIGINT):
        """Ends it as a person would, and returns its result; self.told holds all that it said."""
        self.process.send_signal(ending)
        rest, errors = self.process.communicate(timeout=30)
        self.assertEqual(self.process.returncode, 0, errors[-3000:])
        self.told += [json.loads(line) for line in rest.splitlines()]
        result = self.told[-1]
        self.assertEqual((result["type"], result["ok"]), ("result", True))
        return result
