#!/usr/bin/env python3
"""file_transfer.py [--size BYTES] [--rounds N] [PROGRAM]: how fast files go, beside other ways to send one.

A file on a tmpfs goes from one private network namespace to another, over a veth pair as the kernel makes it, and into
a new file on the same tmpfs. The contenders take turns. One clock for all: from the start of the sender until it has
ended, and the receiver too where it ends by itself; the receiver listens before. From that is taken what the same
contender, in the same round, needs for a file of one byte: starting, connecting, saying good-bye. What arrived is
compared with what was sent. CPU is that of both sides, user and system. Ratios are taken round by round. Ends with 1 if
a target is missed.

Needs `ip`, `unshare` and `nsenter`. cc, nc (OpenBSD's), rsync, iperf3 and openssl are left out where they are missing.
"""
import argparse
import collections
import os
import pathlib
import resource
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECEIVER, SENDER = "10.9.0.1", "10.9.0.2"
LIMIT = 120  # seconds that anything may take
WIRE, SINK = "iperf3, memory to memory", "iperf3, memory to file"
LOOP, PAGES = "loop of 32 KiB", "loop of sendfile, splice"
RSYNC, NC = "rsync daemon", "nc"
PLAIN, VERIFIED = "wirelab, no digest", "wirelab, SHA-256"
COPY, HASH, HASHES = "cp, no wire", "SHA-256 alone", "SHA-256, two at once"

# Start of the sender, by which arguments; of the receiver; and whether that ends by itself.
Contender = collections.namedtuple("Contender", "name receiver sender ends")


class Wire:
    """The namespace of this process and another, which lasts as long as `holder`; a veth pair between them."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        self.enter = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own, "the other namespace")
        run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(self.holder.pid))
        for address, enter in ((RECEIVER, []), (SENDER, self.enter)):
            run(*enter, "ip", "address", "add", f"{address}/24", "dev", "wire")
            run(*enter, "ip", "link", "set", "wire", "up")
        run(*self.enter, "ping", "-q", "-c", "1", "-W", "5", RECEIVER)

    def end(self):
        self.holder.stdin.close()
        self.holder.wait(timeout=LIMIT)


def run(*words):
    subprocess.run(words, stdout=subprocess.DEVNULL, timeout=LIMIT, check=True)


def wait_until(state, what):
    end = time.monotonic() + LIMIT
    while not state():
        if time.monotonic() > end:
            raise SystemExit(f"file_transfer: {what} does not come")
        time.sleep(0.001)


def listens(port):
    def has(table):
        with open(table) as lines:
            return any(words[1].endswith(f":{port:04X}") and words[3] == "0A" for words in map(str.split, lines))
    return has("/proc/self/net/tcp") or has("/proc/self/net/tcp6")


def contenders(program, folder):
    """`receiver(port)` and `sender(file, port)` give the words; a file arrives as target/NAME, or target/taken."""
    target, taken = os.path.join(folder, "target"), os.path.join(folder, "target", "taken")
    for name, options in ((PLAIN, ["--no-digest"]), (VERIFIED, [])):
        yield Contender(name,
                        lambda port: [program, "receive", target, "--yes", "--once", "--quiet", "--listen",
                                      f"{RECEIVER}:{port}"],
                        lambda file, port, options=options: [program, "send", file, f"{RECEIVER}:{port}", "--quiet",
                                                             *options], True)
    if shutil.which("cc"):
        loop = os.path.join(folder, "file_loop")
        run("cc", "-O2", "-o", loop, str(ROOT / "tests/bench/file_loop.c"))
        for name, send, receive in ((LOOP, "send", "receive"), (PAGES, "sendfile", "splice")):
            yield Contender(name, lambda port, receive=receive: [loop, receive, taken, RECEIVER, str(port)],
                            lambda file, port, send=send: [loop, send, file, RECEIVER, str(port)], True)
    if shutil.which("nc"):
        yield Contender(NC, lambda port: ["sh", "-c", f"exec nc -d -l {RECEIVER} {port} > {taken}"],
                        lambda file, port: ["sh", "-c", f"exec nc -N {RECEIVER} {port} < {file}"], True)
    if shutil.which("rsync"):
        settings = pathlib.Path(folder, "rsyncd.conf")
        settings.write_text(f"use chroot = no\nuid = 0\ngid = 0\nreverse lookup = no\nlog file = {folder}/rsyncd.log\n"
                            f"[target]\npath = {target}\nread only = no\n")
        yield Contender(RSYNC, lambda port: ["rsync", "--daemon", "--no-detach", f"--config={settings}", "--address",
                                             RECEIVER, "--port", str(port)],
                        lambda file, port: ["rsync", "--whole-file", "--inplace", file,
                                            f"rsync://{RECEIVER}:{port}/target/"], False)
    if shutil.which("iperf3"):
        for name, into in ((WIRE, []), (SINK, ["-F", taken])):
            yield Contender(name, lambda port, into=into: ["iperf3", "-s", "-1", "-B", RECEIVER, "-p", str(port), *into],
                            lambda file, port: ["iperf3", "-c", RECEIVER, "-p", str(port), "-n",
                                                str(os.path.getsize(file))], True)


class Bench:
    def __init__(self, wire, folder):
        self.wire, self.folder, self.port = wire, folder, 20000
        self.cpu = 0.0  # seconds, of whatever ran last

    def finish(self, process, what):
        # Not wait(timeout), which looks every 50 ms only.
        end = os.pidfd_open(process.pid)
        try:
            if not select.select([end], [], [], LIMIT)[0]:
                raise SystemExit(f"file_transfer: {what} does not end")
        finally:
            os.close(end)
        if process.wait() != 0:
            raise SystemExit(f"file_transfer: {what} ended with {process.returncode}")

    def transfer(self, contender, file):
        """Seconds of the outer clock."""
        self.port += 1
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        before = cpu_of_children()
        receiver = subprocess.Popen(contender.receiver(self.port), **quiet)
        sender = None
        try:
            wait_until(lambda: listens(self.port), f"{contender.name}: who listens")
            begin = time.monotonic()
            sender = subprocess.Popen([*self.wire.enter, *contender.sender(file, self.port)], **quiet)
            self.finish(sender, f"{contender.name}: the sender")
            if contender.ends:
                self.finish(receiver, f"{contender.name}: the receiver")
            seconds = time.monotonic() - begin
        finally:
            for process in filter(None, (sender, receiver)):
                if process.poll() is None:
                    process.terminate()
                    process.wait(timeout=LIMIT)
        self.cpu = cpu_of_children() - before
        if contender.name == SINK:  # bytes of its own
            pathlib.Path(self.folder, "target", "taken").unlink()
        elif contender.name != WIRE:
            self.take(file, contender.name)
        return seconds

    def take(self, file, name):
        """What arrived is looked at, and makes room for the next."""
        target = pathlib.Path(self.folder, "target")
        arrived = list(target.iterdir())
        if len(arrived) != 1 or subprocess.run(["cmp", "-s", file, arrived[0]], timeout=LIMIT).returncode != 0:
            raise SystemExit(f"file_transfer: {name}: what arrived is not what was sent")
        arrived[0].unlink()

    def work(self, words, times=1):
        """Seconds until `times` processes at once have done it."""
        before, begin = cpu_of_children(), time.monotonic()
        for process in [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in range(times)]:
            self.finish(process, words[0])
        seconds = time.monotonic() - begin
        self.cpu = cpu_of_children() - before
        return seconds

    def copy(self, file):
        seconds = self.work(["cp", file, os.path.join(self.folder, "target")])
        self.take(file, COPY)
        return seconds


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def play(bench, everyone, size, rounds):
    """Rates in MiB/s and CPU seconds a GiB of each, round by round; the first round does not count."""
    one, whole = os.path.join(bench.folder, "one.bin"), os.path.join(bench.folder, "whole.bin")
    pathlib.Path(one).write_bytes(b"x")
    with open(whole, "wb") as file:
        block = os.urandom(1 << 20)
        for number in range(size >> 20):
            file.write(number.to_bytes(8, "little") + block[8:])
    works = {entry.name: lambda file, entry=entry: bench.transfer(entry, file) for entry in everyone}
    works[COPY] = bench.copy
    if shutil.which("openssl"):
        works[HASH] = lambda file: bench.work(["openssl", "dgst", "-sha256", file])
        works[HASHES] = lambda file: bench.work(["openssl", "dgst", "-sha256", file], 2)
    rates, cpu = collections.defaultdict(list), collections.defaultdict(list)
    for measured in range(-1, rounds):
        for name, work in works.items():
            start_up = work(one)
            seconds = work(whole) - start_up
            if measured >= 0:
                rates[name].append((size >> 20) / seconds)
                cpu[name].append(bench.cpu * (1 << 30) / size)
    return rates, cpu


def targets(rates):
    """What is compared, by how much it has to be better, and the ratios of all rounds."""
    def ratios(name, *others):
        return [mine / min(theirs) for mine, *theirs in zip(rates[name], *(rates[other] for other in others))]

    for name, least, *others in ((PLAIN, 2, LOOP), (PLAIN, 1, RSYNC), (PLAIN, 1, NC), (PLAIN, 0.9, WIRE),
                                 (VERIFIED, 0.9, HASH, WIRE), (VERIFIED, 0.9, HASHES, WIRE)):
        if all(other in rates for other in others):
            yield f"{name} / {' or '.join(others)}", least, ratios(name, *others)
        else:
            print(f"not compared with {' or '.join(others)}: missing here")


def main():
    parser = argparse.ArgumentParser(description="How fast files go, beside other ways to send one.")
    parser.add_argument("--size", type=int, default=1 << 30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("program", nargs="?", type=pathlib.Path, default=ROOT / "build/release/scenarios/cli/wirelab")
    arguments = parser.parse_args()
    if os.readlink("/proc/self/ns/net") == os.environ.get("WIRELAB_BENCH_OUTSIDE", os.readlink("/proc/self/ns/net")):
        environment = {**os.environ, "WIRELAB_BENCH_OUTSIDE": os.readlink("/proc/self/ns/net")}
        os.execvpe("unshare", ["unshare", "-n" if os.geteuid() == 0 else "-Urn", sys.executable, *sys.argv], environment)
    free = shutil.disk_usage("/dev/shm").free
    if free < 3 * arguments.size or os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < 3 * arguments.size:
        raise SystemExit("file_transfer: /dev/shm, or memory, has no room for three such files")
    with tempfile.TemporaryDirectory(prefix="wirelab-bench-", dir="/dev/shm") as folder:
        os.mkdir(os.path.join(folder, "target"))
        wire = Wire()
        try:
            everyone = list(contenders(str(arguments.program.resolve()), folder))
            rates, cpu = play(Bench(wire, folder), everyone, arguments.size, arguments.rounds)
        finally:
            wire.end()
    print(f"{'median of ' + str(arguments.rounds):28} {'MiB/s':>8} {'least':>8} {'most':>8} {'CPU s/GiB':>10}")
    for name, values in rates.items():
        print(f"{name:28} {statistics.median(values):8.0f} {min(values):8.0f} {max(values):8.0f}"
              f" {statistics.median(cpu[name]):10.2f}")
    missed = 0
    for what, least, ratios in targets(rates):
        missed += statistics.median(ratios) < least
        print(f"{what:64} >= {least:3}: {statistics.median(ratios):5.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
              f"{'' if statistics.median(ratios) >= least else '  MISSED'}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
