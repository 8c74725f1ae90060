"""wirelab devices and wirelab serve registry from outside."""

import signal
import socket
import unittest

from service_case import Peer, ServiceCase, Talk, frame, frames_in
from wirelab_case import main


def device(number=1, **changes):
    fields = {"id": f"id-{number}", "name": "Den", "instance": f"run-{number}", "port": 17020} | changes
    return frame(type="register", **fields)


def listed(frames):
    return any(fields["type"] == "list" for fields, _ in frames)


class Devices(ServiceCase):
    def setUp(self):
        super().setUp()
        self.server, self.registry = self.serve("registry")

    def register(self, *arguments, **changes):
        peer = Peer(self.registry)
        peer.send(device(*arguments, **changes))
        peer.read_until(listed)
        return peer

    def list(self, *words):
        told = self.wirelab("devices", self.registry, "--json", *words)
        self.assertEqual(told.returncode, 0, told.stderr)
        return self.objects(told)

    def test_an_empty_registry(self):
        only_list, result = self.list()
        self.assertEqual((only_list["type"], only_list["devices"]), ("list", 0))
        self.assertEqual((result["type"], result["ok"], result["devices"]), ("result", True, 0))
        self.assertGreater(result["selector"]["waits"], 0)

    def test_two_devices_with_one_name_are_told_apart(self):
        peers = [self.register(1), self.register(2)]
        *devices, _, result = self.list("--poller", "poll")
        self.assertEqual([(entry["type"], entry["name"], entry["id"]) for entry in devices],
                         [("device", "Den", "id-1"), ("device", "Den", "id-2")])
        self.assertEqual(devices[0]["address"], "127.0.0.1")
        self.assertEqual(devices[0]["port"], 17020)
        self.assertEqual(result["devices"], 2)
        text = self.wirelab("devices", self.registry).stdout.splitlines()
        self.assertEqual(len(text), 2)
        self.assertNotEqual(*text)
        for line in text:
            self.assertIn("Den", line)
            self.assertIn("127.0.0.1:17020", line)
        for peer in peers:
            peer.reset()

    def test_every_change_is_watched(self):
        watcher = Talk(self, "devices", self.registry, "--watch")
        watcher.until("list", devices=0)
        first = self.register(1)
        watcher.until("added", id="id-1", name="Den", address="127.0.0.1", port=17020, instance="run-1")
        first.send(device(1, name="Cave \\ 小", port=9))
        watcher.until("changed", id="id-1", name="Cave \\ 小", port=9)
        first.send(frame(type="leave"))
        watcher.until("removed", id="id-1", why="left")
        self.register(2).reset()
        watcher.until("removed", id="id-2", why="lost")
        self.assertEqual(watcher.finish(signal.SIGINT), 0)
        self.assertEqual(watcher.objects[-1]["type"], "result")
        self.assert_serves_and_ends(self.server)

    def test_a_registry_that_restarts_is_found_again(self):
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % chosen.getsockname()[1]
        first, _ = self.serve("registry", listen=address)
        watcher = Talk(self, "devices", address, "--watch")
        watcher.until("list", devices=0)
        first.process.kill()
        first.process.wait(10)
        self.serve("registry", listen=address)
        watcher.until("list", devices=0)
        peer = Peer(address)
        peer.send(device(7))
        watcher.until("added", id="id-7")

    def test_no_registry(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % nobody.getsockname()[1]
            for words in ((), ("--watch",), ("--wait", "0.3", "-q"), ("--watch", "--wait", "0.3", "-q")):
                self.assert_error(3, "devices", address, *words, says=[address, "wirelab serve registry"])

    def test_what_answers_and_is_no_registry(self):
        _, echo = self.serve("echo")
        _, http = self.serve("http")
        _, chat = self.serve("chat")
        for other in (echo, http, chat):
            self.assert_error(3, "devices", other, says=[f"{other} answered, but not like a registry", "right port"])
        with socket.create_server(("127.0.0.1", 0)) as closing:
            address = "127.0.0.1:%d" % closing.getsockname()[1]
            watcher = Talk(self, "devices", address)
            connection, _ = closing.accept()
            connection.recv(65536)
            connection.close()
            self.assertEqual(watcher.finish(), 3)
            self.assertIn(f"{address} ended the connection", watcher.objects[-1]["error"]["message"])

    def test_ctrl_c_before_there_is_a_list_is_no_success(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            watcher = Talk(self, "devices", "127.0.0.1:%d" % mute.getsockname()[1], "--watch")
            connection, _ = mute.accept()
            self.assertTrue(connection.recv(65536))
            self.assertEqual(watcher.finish(signal.SIGINT), 130)
            connection.close()

    def test_who_reads_no_more_is_noticed_while_nothing_happens(self):
        for poller in ("select", "poll", "epoll"):
            watcher = Talk(self, "devices", self.registry, "--watch", "--poller", poller)
            watcher.until("list", devices=0)
            watcher.selector.close()
            watcher.process.stdout.close()
            self.assertEqual(watcher.process.wait(20), 0, poller)
            self.assertEqual(watcher.process.stderr.read(), b"no device is registered\n")

    def test_a_registry_that_stays_away_is_not_told_again_and_again(self):
        server, address = self.serve("registry")
        watcher = Talk(self, "devices", address, "--watch")
        watcher.until("list", devices=0)
        server.process.kill()
        server.process.wait(10)
        told = ["no device is registered", f"the registry at {address} is gone; trying again in 100 ms"]
        told += [f"no registry at {address}: Connection refused; trying again in {pause}" for pause in ("200 ms", "400 ms")]
        for line in told:
            self.assertEqual(watcher.process.stderr.readline().decode(), line + "\n")

    def test_what_is_no_device_is_not_listed(self):
        watcher = Talk(self, "devices", self.registry, "--watch")
        watcher.until("list", devices=0)
        for changes in ({"name": ""}, {"name": "n" * 65}, {"name": "a\x1b[2J"}, {"name": "a\nb"}, {"id": "\u202ex"},
                        {"instance": ""}, {"port": ""}, {"port": -1}, {"port": 65536}, {"port": 0}, {"port": "0x10"}):
            peer = Peer(self.registry)
            peer.send(device(3, **changes))
            answer = peer.read_until(len)
            self.assertEqual(answer[0][0]["type"], "refused", changes)
        honest = self.register(4)
        self.assertEqual(watcher.until("added")["id"], "id-4")
        honest.send(frame(b"content", type="alive"))
        honest.read_to_the_end()
        self.assertIn("longer than the limit", frames_in(honest.data)[-1][0]["why"])
        watcher.until("removed", id="id-4", why="malformed")
        self.assert_serves_and_ends(self.server)

    def test_what_devices_call_themselves_is_no_command_to_a_terminal(self):
        # A registry that does not check what it passes on.
        with socket.create_server(("127.0.0.1", 0)) as liar:
            address = "127.0.0.1:%d" % liar.getsockname()[1]
            watcher = Talk(self, "devices", address)
            connection, _ = liar.accept()
            evil = {"name": "a\x1b[2J", "instance": "i", "port": 1, "address": "1.2.3.4"}
            connection.sendall(frame(type="list", devices=2, period=5000) + frame(type="added", id="x", **evil)
                               + frame(type="added", id="y", **(evil | {"name": "good"})))
            self.assertEqual(watcher.finish(), 0)
            self.assertEqual([entry["name"] for entry in watcher.objects if entry["type"] == "device"], ["good"])
            connection.close()


if __name__ == "__main__":
    main(needs_a_lab=False)
