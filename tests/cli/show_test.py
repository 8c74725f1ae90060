"""wirelab show on files: ours, those of others, and those that are broken."""

import os
import struct

from wirelab_case import WirelabCase, main

ECHO = bytes.fromhex("0277000000020277000000010800"
                     "4500001c000040004001"  # the header's checksum follows
                     "24e1" "0a000101" "0a000102"
                     "0800" "f7fd" "0001" "0001")


def classic_pcap(frames, magic=0xA1B2C3D4, link=1):
    data = struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for number, frame in enumerate(frames):
        data += struct.pack("<IIII", 1_700_000_000 + number, 5, len(frame), len(frame)) + frame
    return data


class Show(WirelabCase):
    def write(self, name, data):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o644)
        return path

    def played(self):
        path = self.path("t.pcapng")
        self.assertEqual(self.wirelab("run", "ping", "--quiet", "--pcap", path).returncode, 0)
        with open(path, "rb") as file:
            return path, file.read()

    def test_a_foreign_pcap(self):
        path = self.write("foreign.pcap", classic_pcap([ECHO, ECHO[:20], b""]))
        shown = self.objects(self.wirelab("show", "--json", path))
        self.assertIn("10.0.1.1 > 10.0.1.2: ICMP echo request id 1 seq 1", shown[0]["text"])
        self.assertEqual(shown[-1], {**shown[-1], "type": "result", "ok": True, "packets": 3})
        plain = self.wirelab("show", path)
        self.assertEqual(plain.returncode, 0)
        self.assertIn("ICMP echo request", plain.stdout)

    def test_our_own_trace_with_names_steps_and_origins(self):
        path, _ = self.played()
        shown = self.objects(self.wirelab("show", "--json", path))
        packets = [entry for entry in shown if entry["type"] == "packet"]
        self.assertEqual([entry["frame"] for entry in packets], list(range(1, len(packets) + 1)))
        self.assertEqual({entry["origin"] for entry in packets}, {"raw", "kernel", "stack"})
        self.assertEqual({entry["tap"] for entry in packets}, {"A:eth0", "S:eth0"})
        ladder = self.wirelab("show", "--ladder", path, "--width", "100")
        self.assertRegex(ladder.stdout, r"A\s+R\s+S")
        mermaid = self.wirelab("show", "--format", "mermaid", path)
        self.assertTrue(mermaid.stdout.startswith("sequenceDiagram"))

    def test_text_from_the_wire_cannot_reach_the_terminal(self):
        udp = b"\x1b[2Jboo\x07" + bytes(8)
        header = bytes.fromhex("45000000000040004011") + b"\0\0" + bytes.fromhex("0a0001010a000102")
        header = header[:2] + struct.pack("!H", 28 + len(udp)) + header[4:]
        frame = ECHO[:14] + header + struct.pack("!HHHH", 4000, 4000, 8 + len(udp), 0) + udp
        shown = self.wirelab("show", self.write("escape.pcap", classic_pcap([frame])))
        self.assertNotIn("\x1b", shown.stdout)
        self.assertNotIn("\x07", shown.stdout)

    def test_no_capture_at_all(self):
        for name, data in (("empty", b""), ("text", b"hello world, this is no capture\n"), ("short", b"\xd4\xc3")):
            with self.subTest(name=name):
                self.assert_error(2, "show", self.write(name, data), says=[name, "capture"])
        self.assert_error(2, "show", self.place, says=[self.place])

    def test_a_truncated_pcapng_shows_what_is_whole(self):
        path, whole = self.played()
        all_packets = self.objects(self.wirelab("show", "--json", path))[-1]["packets"]
        cut = self.write("cut.pcapng", whole[:len(whole) * 2 // 3])
        shown = self.wirelab("show", "--json", cut)
        self.assertEqual(shown.returncode, 1)
        result = self.objects(shown)[-1]
        self.assertFalse(result["ok"])
        self.assertLess(0, result["packets"])
        self.assertLess(result["packets"], all_packets)
        self.assertGreater(result["malformed"]["offset"], 0)
        self.assertIn("byte", self.wirelab("show", cut).stderr)

    def test_a_corrupt_pcapng_is_told(self):
        _, whole = self.played()
        middle = len(whole) // 2
        for name, data in (("zeros", whole[:middle] + bytes(64) + whole[middle + 64:]),
                           ("ones", whole[:middle] + b"\xff" * 64 + whole[middle + 64:])):
            with self.subTest(name=name):
                shown = self.wirelab("show", "--json", self.write(name, data))
                self.assertIn(shown.returncode, (0, 1))  # 0 where only a payload was hit
                self.objects(shown)

    def test_a_reader_that_leaves_early(self):
        # More text than a pipe holds, so that it is still writing when the reader leaves.
        path = self.write("long.pcap", classic_pcap([ECHO] * 5000))
        for words in ((), ("--json",)):
            show = self.start("show", path, *words)
            show.stdout.readline()
            show.stdout.close()
            errors = show.stderr.read()
            self.assertEqual((show.wait(timeout=20), errors), (0, ""))


if __name__ == "__main__":
    main()
