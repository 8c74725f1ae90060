#!/usr/bin/env python3
"""levels.py JUNIT: fails when this machine gives a level of privilege, but every wire test of that level was skipped.

JUNIT is what ctest wrote about its run. A green run that tested nothing is red; a level that was not selected (as by
ctest -L unit) is no concern, and one that the machine cannot give is skipped for a reason.
"""
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

# What a lab needs at the least: a network namespace in which an interface can be made.
PROBE = ["ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"]


def outcomes(junit):
    """{level: (ran, skipped)} of the wire tests in ctest's report."""
    counts = {}
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        match = re.fullmatch(r"wire\..+\.(root|user)", case.get("name", ""))
        if match:
            ran, skipped = counts.get(match.group(1), (0, 0))
            if case.find("skipped") is not None:
                skipped += 1
            else:
                ran += 1
            counts[match.group(1)] = (ran, skipped)
    return counts


def possible(level):
    """Whether a lab can be made here at that level of privilege; tried, not guessed."""
    command = ["unshare", "-n"] if level == "root" else ["unshare", "-Urn"]
    if level == "root" and os.geteuid() != 0:
        command = ["sudo", "-n", *command]
    elif level == "user" and os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", *command]
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command + PROBE, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def untested(counts, is_possible=possible):
    """The levels that were selected, are possible, and were skipped throughout."""
    return [level for level, (ran, _) in sorted(counts.items()) if not ran and is_possible(level)]


def main():
    counts = outcomes(sys.argv[1])
    silent = untested(counts)
    for level in silent:
        print(f"Errors: labs can be made here as {level}, but all {counts[level][1]} wire tests of it were skipped")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
