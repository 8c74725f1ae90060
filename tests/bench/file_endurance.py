#!/usr/bin/env python3
"""file_endurance.py [--size BYTES] [--kills N] [PROGRAM]: a file between two processes of which one is killed at random.

Sends a file of pseudo-random blocks over loopback while `kill -9` ends the sender or the receiver N times, at random moments;
each time the dead side is started anew, by hand as a person would. At the end sha256sum of both files must agree, and no
part file may be left. Ends with 1 if not.
"""
import argparse
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def digest(path):
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


def make_file(path, size):
    """Blocks that all differ, so that one out of place is noticed."""
    block = os.urandom(1 << 20)
    with open(path, "wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(8, "little") + block[8:])


def main():
    parser = argparse.ArgumentParser(description="Kill -9 of either side, and the file is whole all the same.")
    parser.add_argument("--size", type=int, default=4 << 30)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("program", nargs="?", type=pathlib.Path, default=ROOT / "build/release/scenarios/cli/wirelab")
    arguments = parser.parse_args()
    choose = random.Random(arguments.seed)
    with socket.create_server(("127.0.0.1", 0)) as any_port:
        address = "127.0.0.1:%d" % any_port.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="wirelab-bench-") as folder:
        source, target = os.path.join(folder, "source.bin"), os.path.join(folder, "target")
        os.mkdir(target)
        make_file(source, arguments.size)

        def start(*words):
            return subprocess.Popen([arguments.program, *words, "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def received():
            part = os.path.join(target, ".source.bin.part")
            return os.stat(part).st_size if os.path.exists(part) else 0

        sides = {"sender": ("send", source, address), "receiver": ("receive", target, "--yes", "--listen", address)}
        processes = {name: start(*words) for name, words in sides.items()}
        begun, killed = time.monotonic(), {"sender": 0, "receiver": 0}
        for number in range(arguments.kills):
            # A little further each time, so that all of them fall into the transfer.
            goal = arguments.size * (number + choose.random()) / (arguments.kills + 1)
            while received() < goal and processes["sender"].poll() is None:
                time.sleep(0.002)
            victim = choose.choice(sorted(sides))
            killed[victim] += processes[victim].poll() is None
            processes[victim].kill()
            processes[victim].wait()
            processes[victim] = start(*sides[victim])
        exit_code = processes["sender"].wait(timeout=600)
        seconds = time.monotonic() - begun
        processes["receiver"].terminate()
        processes["receiver"].wait(timeout=60)
        copy = os.path.join(target, "source.bin")
        same = os.path.exists(copy) and digest(copy) == digest(source)
        left = [name for name in os.listdir(target) if name != "source.bin"]
        print(f"{arguments.size >> 20} MiB, killed {killed['sender']} senders and {killed['receiver']} receivers in {seconds:.1f} s: "
              f"{'identical' if same else 'NOT identical'}, exit code {exit_code}, left behind: {left or 'nothing'}")
        return int(not same or bool(left) or sum(killed.values()) < arguments.kills)


if __name__ == "__main__":
    sys.exit(main())
