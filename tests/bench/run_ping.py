#!/usr/bin/env python3
"""run_ping.py [--rounds N] [PROGRAM]: how long `wirelab run ping` takes, and how much of that is the story itself.

PROGRAM is the release build unless another is named. It runs as the caller and, if that is root, as a user without
rights too; ./wirelab, the script that looks for packages and builds first, runs as the caller: its second run, since
one that does not count goes before. They take turns. A round is a run as it is typed, for the wall and the CPU time,
and one with --json, whose lines come as things happen: from the first step to the last is the story, before it the
network and the taps come up, after it they are drained and the trace is checked. Ends with 1 if a median is over 2 s.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
MOST = 2.0  # seconds


class Contender:
    def __init__(self, name, program, place, user=None):
        self.name, self.program, self.place = name, program, place
        self.account = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
        self.wall, self.cpu, self.before, self.story = [], [], [], []

    def start(self, *words):
        return subprocess.Popen([self.program, *words], cwd=self.place, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **self.account)

    def run(self):
        """One run as it is typed; its output goes to a pipe, as to a pager."""
        begin = time.monotonic()
        with self.start("run", "ping") as process:
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.wall.append(time.monotonic() - begin)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        if process.returncode != 0:
            sys.exit(f"{output.decode()}\nrun_ping: {self.name}: ended with {process.returncode}")

    def watch(self):
        """One run of which each step is stamped as it is told."""
        begin = time.monotonic()
        with self.start("run", "ping", "--json") as process:
            steps = [time.monotonic() for line in process.stdout if json.loads(line)["type"] == "step"]
        whole = time.monotonic() - begin
        self.before.append((steps[0] - begin) / whole)
        self.story.append((steps[-1] - steps[0]) / whole)

    def forget(self):
        for values in (self.wall, self.cpu, self.before, self.story):
            values.clear()

    def report(self):
        before, story = statistics.median(self.before), statistics.median(self.story)
        print(f"{self.name:24} {1e3 * statistics.median(self.wall):8.0f} ms {1e3 * min(self.wall):8.0f}"
              f" {1e3 * max(self.wall):8.0f} {1e3 * statistics.median(self.cpu):8.0f} ms"
              f" {before:8.0%} {story:8.0%} {1 - before - story:8.0%}")


def contenders(program, folder):
    """Each with a folder of its own for the trace; the user's has a copy of the program, the checkout may be closed."""
    def place(name, owner=-1):
        path = pathlib.Path(folder, name)
        path.mkdir()
        os.chown(path, owner, owner)
        return path

    who = "as root" if os.geteuid() == 0 else "as a user"
    yield Contender(f"the program, {who}", program, place("caller"))
    if os.geteuid() == 0:
        os.chmod(folder, 0o755)
        copy = shutil.copy(program, folder)
        os.chmod(copy, 0o755)
        yield Contender("the program, as a user", copy, place("user", NOBODY), NOBODY)
    yield Contender(f"./wirelab, {who}", ROOT / "wirelab", place("script"))


def main():
    parser = argparse.ArgumentParser(description="How long `wirelab run ping` takes, and the story's share of that.")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("program", nargs="?", type=pathlib.Path,
                        default=ROOT / "build/release/scenarios/cli/wirelab")
    arguments = parser.parse_args()
    subprocess.run([ROOT / "wirelab", "version"], stdout=subprocess.DEVNULL, check=True)  # builds what is not built
    with tempfile.TemporaryDirectory(prefix="wirelab-bench-") as folder:
        all_of_them = list(contenders(arguments.program.resolve(), folder))
        for measured in range(-1, arguments.rounds):
            for contender in all_of_them:
                contender.run()
                contender.watch()
                if measured < 0:
                    contender.forget()
    print(f"{'median of ' + str(arguments.rounds):24} {'wall':>11} {'least':>8} {'most':>8} {'CPU':>11}"
          f" {'before':>8} {'story':>8} {'after':>8}")
    for contender in all_of_them:
        contender.report()
    return int(any(statistics.median(contender.wall) > MOST for contender in all_of_them))


if __name__ == "__main__":
    sys.exit(main())
