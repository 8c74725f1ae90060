"""What the tests of the command line share: a copy of the program, run at one level of privilege.

The level comes from the environment (WIRELAB_TEST_LEVEL, root or user), the program from WIRELAB. As "user" a root test
run drops to an account without rights; the program is copied first, so that the checkout need not be readable by others.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import levels  # noqa: E402: it lies beside the wire tests, whose guard it is

LEVEL = os.environ.get("WIRELAB_TEST_LEVEL", "user")
NOBODY = 65534
LIMIT = 60  # seconds; every run ends by itself long before


def skip_unless_possible():
    """Exits with 77, which ctest counts as skipped, where this machine cannot give the level, or no lab at it."""
    if LEVEL == "root" and os.geteuid() != 0:
        print("skipped: not root")
        sys.exit(77)
    if LEVEL == "user" and os.geteuid() == 0 and shutil.which("setpriv") is None:
        print("skipped: setpriv (package util-linux) is missing")
        sys.exit(77)
    if not levels.possible(LEVEL):
        print(f"skipped: this machine makes no lab for {LEVEL}")
        sys.exit(77)


def without_privilege():
    """The words in front of a command that make it an ordinary user's."""
    if LEVEL == "root" or os.geteuid() != 0:
        return []
    return [shutil.which("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]


class WirelabCase(unittest.TestCase):
    """A fresh folder for each test, in which the program lies and runs."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="wirelab-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.program = os.path.join(self.folder, "wirelab")
        shutil.copy(os.environ["WIRELAB"], self.program)
        os.chmod(self.program, 0o755)
        self.place = os.path.join(self.folder, "place")
        os.mkdir(self.place)
        if without_privilege():
            os.chmod(self.folder, 0o755)
            os.chown(self.place, NOBODY, NOBODY)

    def environment(self, **extra):
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        return environment | {"HOME": self.place, "TMPDIR": self.place, "LC_ALL": "C.UTF-8"} | extra

    def command(self, *words):
        return [*without_privilege(), self.program, *map(str, words)]

    def wirelab(self, *words, environment=None, limit=LIMIT):
        return subprocess.run(self.command(*words), cwd=self.place, env=environment or self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)

    def start(self, *words):
        """In the background; ended at the end of the test, whatever happens."""
        process = subprocess.Popen(self.command(*words), cwd=self.place, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def objects(self, result):
        """The JSON objects of stdout: every line must be one, and each must say its type."""
        objects = [json.loads(line) for line in result.stdout.splitlines()]
        for entry in objects:
            self.assertIn("type", entry)
        return objects

    def path(self, name):
        return os.path.join(self.place, name)

    def assert_error(self, exit_code, *words, says=(), environment=None):
        """The same failure as text and as JSON: its exit code, and what each must tell."""
        plain = self.wirelab(*words, environment=environment)
        self.assertEqual(plain.returncode, exit_code, plain.stderr + plain.stdout)
        self.assertLessEqual(len(plain.stderr.strip().splitlines()), 2, plain.stderr)
        for text in says:
            self.assertIn(text, plain.stderr)
        with_json = self.wirelab("--json", *words, environment=environment)
        self.assertEqual(with_json.returncode, exit_code, with_json.stderr + with_json.stdout)
        error = self.objects(with_json)[-1]
        self.assertEqual(error["type"], "error")
        self.assertEqual(error["error"]["exit"], exit_code)
        for text in says:
            self.assertIn(text, error["error"]["message"] + " " + error["error"].get("next", ""))
        return error



def main(needs_a_lab=True):
    if needs_a_lab:
        skip_unless_possible()
    unittest.main(verbosity=2)
