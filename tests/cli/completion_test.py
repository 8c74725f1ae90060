"""What the shells offer behind wirelab: each script in a shell of its own. zsh and fish are asked where they are installed."""

import os
import pty
import select
import shutil
import subprocess
import time
import unittest

from wirelab_case import WirelabCase, main

PATIENCE = 20  # seconds; a limit, not a wait


class Completion(WirelabCase):
    def script(self, shell):
        made = self.wirelab("completion", shell)
        self.assertEqual(made.returncode, 0, made.stderr)
        path = self.path(f"completion.{shell}")
        with open(path, "w") as file:
            file.write(made.stdout)
        self.assertEqual(self.objects(self.wirelab("completion", shell, "--json")),
                         [{"type": "completion", "shell": shell, "script": made.stdout}])
        return path

    def furnish(self):
        """A folder with something to be offered."""
        folder = self.path("here")
        os.makedirs(os.path.join(folder, "a folder"))
        for name in ("a file.txt", "b.pcapng"):
            with open(os.path.join(folder, name), "w"):
                pass
        return folder

    # The words so far, the last one unfinished; what is offered among others; what is not.
    OFFERED = [
        ([""],                                     ["run", "list", "completion", "help"], ["ping.", "--count"]),
        (["ru"],                                   ["run"], ["list"]),
        (["--"],                                   ["--json", "--color", "--version"], ["run"]),
        (["--color", ""],                          ["auto", "always", "never"], ["run"]),
        (["--json", "run", "pi"],                  ["ping"], ["chat"]),
        (["--seed", "7", "run", "--pol"],          ["--poller"], ["--pcap"]),
        (["help", "se"],                           ["send", "serve"], ["run"]),
        (["serve", ""],                            ["echo", "chat", "registry", "http"], ["ping", "a file.txt"]),
        (["serve", "e"],                           ["echo"], ["chat"]),
        (["run", ""],                              ["ping", "modes", "files"], ["echoes", "a file.txt"]),
        (["run", "--poller", ""],                  ["select", "poll", "epoll"], ["ping"]),
        (["run", "ping", "--count", ""],           [], ["ping", "--count", "a file.txt"]),
        (["run", "ping", "--pcap", ""],            ["a file.txt", "b.pcapng"], ["ping"]),
        (["run", "ping", "--pcap-dir", ""],        ["a folder"], ["a file.txt"]),
        (["run", "ping", "--l"],                   ["--ladder"], ["--no-ladder"]),
        (["receive", ""],                          ["a folder"], ["a file.txt"]),
        (["receive", "--on-clash", ""],            ["refuse", "rename", "overwrite"], ["a folder"]),
        (["receive", "--on-clash", "r"],           ["refuse", "rename"], ["overwrite"]),
        (["send", ""],                             ["a file.txt", "a folder"], ["run"]),
        (["send", "b.pcapng", "a"],                ["a file.txt"], ["b.pcapng"]),
        (["show", ""],                             ["b.pcapng"], ["run"]),
        (["show", "--format", ""],                 ["text", "mermaid"], ["b.pcapng"]),
        (["completion", ""],                       ["bash", "zsh", "fish"], ["run"]),
    ]

    def assert_offers(self, offers):
        """`offers` are asked of a shell for each line of the table."""
        for words, wanted, unwanted in self.OFFERED:
            with self.subTest(words=words):
                offered = offers(words)
                for word in wanted:
                    self.assertIn(word, offered)
                for word in unwanted:
                    self.assertNotIn(word, offered)

    # --- bash -------------------------------------------------------------------------------------------------------

    def in_bash(self, words, folder):
        ask = 'source "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _wirelab; printf "%s\\n" "${COMPREPLY[@]}"'
        told = subprocess.run(["bash", "--norc", "-c", ask, "bash", self.bash, "wirelab", *words], cwd=folder,
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        return told.stdout.splitlines()

    def test_bash(self):
        self.bash, folder = self.script("bash"), self.furnish()
        self.assert_offers(lambda words: self.in_bash(words, folder))

    def test_bash_takes_an_equals_sign_for_a_word(self):
        self.bash, folder = self.script("bash"), self.furnish()
        for words in (["run", "--poller", "="], ["run", "--poller", "=", "epo"]):
            self.assertIn("epoll", self.in_bash(words, folder))
        self.assertIn("ping", self.in_bash(["run", "--poller", "=", "epoll", "p"], folder))
        self.assertEqual(self.in_bash(["run", "ping", "x"], folder), [""], "nothing more is wanted behind the scenario")

    # --- fish -------------------------------------------------------------------------------------------------------

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        script, folder = self.script("fish"), self.furnish()

        def offers(words):
            line = " ".join(["wirelab", *words])
            told = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"], cwd=folder,
                                  env=self.environment(TERM="xterm"), capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            offered = [line.split("\t")[0] for line in told.stdout.splitlines()]
            return [word.replace("\\ ", " ").rstrip("/") for word in offered]

        self.assert_offers(offers)

    # --- zsh --------------------------------------------------------------------------------------------------------

    # What is typed, and what the tabulator makes of it.
    COMPLETED = [
        ("ru",                              "run"),
        ("serve ec",                        "serve echo"),
        ("run pi",                          "run ping"),
        ("--json run pi",                   "--json run ping"),
        ("--seed 7 run --poller ep",        "--seed 7 run --poller epoll"),
        ("run ping --color=ne",             "run ping --color=never"),
        ("receive --on-clash ren",          "receive --on-clash rename"),
        ("show b",                          "show b.pcapng"),
        ("show --format me",                "show --format mermaid"),
        ("send b.pcapng b",                 "send b.pcapng b.pcapng"),
        ("run ping --pcap b",               "run ping --pcap b.pcapng"),
        ("receive a",                       "receive a folder"),
        ("completion f",                    "completion fish"),
        ("help dev",                        "help devices"),
    ]

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        script, folder = self.script("zsh"), self.furnish()
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], self.environment(TERM="dumb", PS1="", ZDOTDIR=self.place))
        self.addCleanup(os.close, master)
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(os.kill, pid, 9)
        shown = b""

        def read_until(text):
            nonlocal shown
            end = time.monotonic() + PATIENCE
            while text not in shown:
                ready, _, _ = select.select([master], [], [], max(0, end - time.monotonic()))
                self.assertTrue(ready, (text, shown))
                shown += os.read(master, 4096)
            shown = shown[shown.index(text) + len(text):]

        def enter(line):
            os.write(master, line.encode() + b"\n")

        enter("autoload -Uz compinit; compinit -D -u; unsetopt beep prompt_sp zle_bracketed_paste; unset zle_bracketed_paste")
        enter(f"source {script}; wirelab() {{ print -r -- 'got' \"<$*>\" }}; print -r 'rea''dy'")
        read_until(b"ready\r\n")
        for number, (typed, completed) in enumerate(self.COMPLETED):
            with self.subTest(typed=typed):
                enter(f"wirelab {typed}\t")
                read_until(b"got <")
                told = b""
                while b">" not in told:
                    told += shown or os.read(master, 4096)
                    shown = b""
                self.assertEqual(told.split(b">")[0].decode().strip(), completed)


if __name__ == "__main__":
    main(needs_a_lab=False)
