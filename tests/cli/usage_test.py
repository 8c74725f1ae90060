"""What a mistyped command line gets: what is wrong, the next step, and exit code 2."""

import json
import subprocess

from wirelab_case import WirelabCase, main


class Usage(WirelabCase):
    MISTAKES = [
        # words                                   what the message says
        ([],                                      ["which command?", "wirelab --help"]),
        (["rnu", "ping"],                         ["unknown command 'rnu'", "did you mean 'run'?"]),
        (["--bogus"],                             ["unknown option '--bogus' of 'wirelab'", "wirelab --help"]),
        (["--bogus", "--help"],                   ["unknown option '--bogus' of 'wirelab'"]),
        (["--", "run"],                           ["which command?"]),
        (["help", "rnu"],                         ["did you mean 'run'?"]),
        (["--width=-1", "list"],                  ["--width -1 is out of range"]),
        (["frobnicate"],                          ["unknown command 'frobnicate'", "wirelab --help"]),
        (["run"],                                 ["needs SCENARIO", "usage: wirelab run SCENARIO"]),
        (["run", "pnig"],                         ["unknown scenario 'pnig'", "did you mean 'ping'?", "wirelab list"]),
        (["run", "ping", "--cuont", "3"],         ["unknown option '--cuont'", "did you mean '--count'?"]),
        (["run", "ping", "--cou", "3"],           ["unknown option '--cou'"]),
        (["run", "ping", "extra"],                ["does not know what to do with 'extra'"]),
        (["run", "frames", "--count", "3"],       ["--count means nothing to 'frames'", "wirelab run frames --help"]),
        (["run", "registry", "--count", "3"],     ["--count means nothing to 'registry'"]),
        (["run", "files", "--size", "56"],        ["--size means nothing to 'files'"]),
        (["run", "pnig", "--help"],               ["unknown scenario 'pnig'"]),
        (["run", "ping", "--count", "0"],         ["--count 0 is out of range", "1 to"]),
        (["run", "ping", "--count", "-1"],        ["--count -1 is out of range"]),
        (["run", "ping", "--count", "many"],      ["--count"]),
        (["run", "ping", "--count"],              ["--count"]),
        (["run", "ping", "--size", "1373"],       ["--size 1373", "1400"]),
        (["run", "ping", "--interval", "nan"],    ["--interval"]),
        (["run", "ping", "--interval=-1"],        ["--interval -1 is out of range"]),
        (["run", "ping", "--seed=-1"],            ["--seed -1 is out of range"]),
        (["run", "ping", "--poller", "kqueue"],   ["there is no poller 'kqueue'", "select, poll or epoll"]),
        (["run", "ping", "--color", "pink"],      ["--color takes auto, always or never"]),
        (["show"],                                ["needs FILE"]),
        (["show", "no-such-file"],                ["no-such-file"]),
        (["completion", "tcsh"],                  ["no completion for 'tcsh'", "bash|zsh|fish"]),
        (["exec", "A"],                           ["which command?", "-- CMD"]),
        (["exec", "A", "--", "true"],             ["no lab"]),
        (["shell", "A"],                          ["no lab"]),
    ]

    def test_mistakes(self):
        for words, says in self.MISTAKES:
            with self.subTest(words=words):
                self.assert_error(2, *words, says=says)

    def test_help_of_every_command(self):
        overview = self.wirelab("--help")
        self.assertEqual(overview.returncode, 0)
        for command in ("list", "run", "ping", "show", "shell", "exec", "doctor", "completion", "version"):
            self.assertIn(f"  {command}", overview.stdout)
            one = self.wirelab(command, "--help")
            self.assertEqual(one.returncode, 0)
            self.assertIn(f"usage: wirelab {command}", one.stdout)
            self.assertEqual(self.wirelab("help", command).stdout, one.stdout)
            self.assertEqual(self.objects(self.wirelab(command, "--help", "--json")),
                             [{"type": "help", "text": one.stdout}])
        self.assertEqual(self.objects(self.wirelab("--json", "--help")), [{"type": "help", "text": overview.stdout}])

    def test_a_usage_line_has_no_blank_at_its_end(self):
        refused = self.wirelab("list", "extra")
        self.assertEqual(refused.stderr.splitlines()[-1], "  usage: wirelab list")

    def test_version(self):
        self.assertRegex(self.wirelab("version").stdout, r"^wirelab \d+\.\d+\.\d+\n$")
        self.assertEqual(self.wirelab("--version").stdout, self.wirelab("version").stdout)
        [version] = self.objects(self.wirelab("version", "--json"))
        self.assertEqual(version["type"], "version")
        self.assertEqual(self.objects(self.wirelab("--json", "--version")), [version])

    def test_global_options_come_before_the_command_too(self):
        for words in (["--json", "list"], ["--color", "never", "--json", "list"], ["list", "--json"],
                      ["--width=80", "--json", "list"]):
            with self.subTest(words=words):
                listed = self.objects(self.wirelab(*words))
                self.assertIn("ping", [entry["name"] for entry in listed])

    def test_options_of_a_command_come_before_it_too(self):
        told = self.wirelab("--seed", "7", "--poller", "epoll", "run", "ping", "--explain")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("privilege", told.stdout)

    def test_options_of_the_stories(self):
        every = self.wirelab("run", "--help").stdout
        self.assertIn("ping: echo requests of each kind (default 3)", " ".join(every.split()))
        for line in every.splitlines():
            self.assertLessEqual(len(line), 100)
        self.assertNotRegex(every, r"(?m)^Of .*:\n(?! )", "a heading with nothing below it")
        ping = self.wirelab("run", "ping", "--help").stdout
        self.assertIn("usage: wirelab run ping [options]", ping)
        self.assertIn("--count N echo requests of each kind (default 3)", " ".join(ping.split()))
        frames = self.wirelab("help", "run", "frames").stdout
        self.assertNotIn("--count", frames)
        self.assertIn("--ipv6", frames)
        self.assertIn("--pcap", frames)

    def test_a_full_standard_output_is_an_error(self):
        for words in (["list"], ["--help"], ["run", "--help"], ["--version"], ["list", "--json"]):
            with self.subTest(words=words), open("/dev/full", "w") as full:
                result = subprocess.run(self.command(*words), stdout=full, stderr=subprocess.PIPE, text=True,
                                        env=self.environment(), cwd=self.place)
                self.assertEqual(result.returncode, 69)
                self.assertEqual(result.stderr, "wirelab: cannot write to standard output: No space left on device\n")

    def test_what_follows_two_dashes_is_somebody_elses(self):
        refused = self.wirelab("exec", "A", "--", "true", "--json")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("no lab", refused.stderr)
        refused = self.wirelab("exec", "A", "--json", "--", "true")
        self.assertEqual(json.loads(refused.stdout)["error"]["exit"], 2)


if __name__ == "__main__":
    main(needs_a_lab=False)
