"""What a mistyped command line gets: what is wrong, the next step, and exit code 2."""

from wirelab_case import WirelabCase, main


class Usage(WirelabCase):
    MISTAKES = [
        # words                                   what the message says
        ([],                                      ["which command?", "wirelab --help"]),
        (["rnu", "ping"],                         ["unknown command 'rnu'", "did you mean 'run'?"]),
        (["frobnicate"],                          ["unknown command 'frobnicate'", "wirelab --help"]),
        (["run"],                                 ["needs SCENARIO", "usage: wirelab run SCENARIO"]),
        (["run", "pnig"],                         ["unknown scenario 'pnig'", "did you mean 'ping'?", "wirelab list"]),
        (["run", "ping", "--cuont", "3"],         ["unknown option '--cuont'", "did you mean '--count'?"]),
        (["run", "ping", "--cou", "3"],           ["unknown option '--cou'"]),
        (["run", "ping", "extra"],                ["does not know what to do with 'extra'"]),
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

    def test_version(self):
        self.assertRegex(self.wirelab("version").stdout, r"^wirelab \d+\.\d+\.\d+\n$")
        self.assertEqual(self.wirelab("--version").stdout, self.wirelab("version").stdout)
        [version] = self.objects(self.wirelab("version", "--json"))
        self.assertEqual(version["type"], "version")

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

    def test_completion_scripts_are_valid(self):
        for shell, check in (("bash", ["bash", "-n"]),):
            script = self.path("script")
            with open(script, "w") as file:
                file.write(self.wirelab("completion", shell).stdout)
            import subprocess
            self.assertEqual(subprocess.run([*check, script]).returncode, 0)
        self.assertIn("complete -c wirelab", self.wirelab("completion", "fish").stdout)
        self.assertIn("#compdef wirelab", self.wirelab("completion", "zsh").stdout)

    def test_a_full_standard_output_is_an_error(self):
        import subprocess
        with open("/dev/full", "w") as full:
            result = subprocess.run(self.command("list"), stdout=full, stderr=subprocess.PIPE, text=True,
                                    env=self.environment(), cwd=self.place)
        self.assertEqual(result.returncode, 69)
        self.assertIn("standard output", result.stderr)


if __name__ == "__main__":
    main()
