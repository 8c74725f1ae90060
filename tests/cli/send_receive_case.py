"""What the tests of wirelab send and wirelab receive share: a folder to fill, files to send, and bare sockets that play a receiver."""

import os
import shutil
import socket
import threading

from service_case import SOON, Peer, ServiceCase, Talk, frame
from wirelab_case import without_privilege

ID = "0123456789abcdef" * 2


def offer(name="a.txt", size=4, **changes):
    fields = {"type": "offer", "name": name, "size": size, "blocks": -(-int(size) // 32768), "mtime": 0,
              "sha256": "none", "id": ID} | changes
    return frame(**{key: value for key, value in fields.items() if value is not None})


def said(frames, kind):
    return any(fields.get("type") == kind for fields, _ in frames)


class FakeReceiver(threading.Thread):
    """Accepts connections and gives each to the next of `plays`: one after the other, or at once."""

    def __init__(self, case, *plays, at_once=False):
        super().__init__(daemon=True)
        self.at_once = at_once
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(SOON)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.plays = plays
        case.addCleanup(self.listener.close)
        self.start()

    def run(self):
        for play in self.plays:
            peer = Peer.__new__(Peer)
            peer.socket, peer.data = self.listener.accept()[0], b""
            peer.socket.settimeout(SOON)
            player = threading.Thread(target=self.give, args=(play, peer), daemon=True)
            player.start()
            if not self.at_once:
                player.join()

    @staticmethod
    def give(play, peer):
        with peer.socket:
            play(peer)


class SendReceiveCase(ServiceCase):
    def setUp(self):
        super().setUp()
        self.target = self.path("target")
        self.make_folder(self.target)

    def make_folder(self, path):
        os.mkdir(path)
        if without_privilege():
            shutil.chown(path, 65534, 65534)

    def source(self, name, content):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o644)
        return path

    def receive(self, *words, folder=None):
        receiver = Talk(self, "receive", folder or self.target, "--listen", "127.0.0.1:0", *words)
        return receiver, receiver.until("listening", service="files")["address"]

    def received(self, name):
        with open(os.path.join(self.target, name), "rb") as file:
            return file.read()

    @staticmethod
    def nobody():
        """An address of loopback at which nothing listens."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return "127.0.0.1:%d" % taken.getsockname()[1]
