#!/usr/bin/env python3
"""arrows.py ROOT: fails when a file includes, or a library links, what docs/architecture.md does not allow.

The table under "## Arrows" in that page is the rule: a row names a folder, the folders it may include, and the foreign
libraries it may use. Nothing is repeated here, so the page stays true or the test is red.
"""
import re
import sys
from pathlib import Path

# Which foreign library an include belongs to; what is not named here is the language's or the system's.
LIBRARIES = {
    "Boost": r"boost/", "fmt": r"fmt/", "GoogleTest": r"g(test|mock)/", "Benchmark": r"benchmark/",
    "libmnl": r"libmnl/", "libnftables": r"nftables/", "libpcap": r"pcap(\.h$|/)", "libtins": r"tins/",
    "nlohmann-json": r"nlohmann/", "OpenSSL": r"openssl/",
}
# The same libraries as CMake calls them.
TARGETS = {
    "Boost": "Boost::", "fmt": "fmt::", "libmnl": "PkgConfig::MNL", "libnftables": "PkgConfig::NFTABLES",
    "libpcap": "PkgConfig::PCAP", "libtins": "PkgConfig::TINS", "nlohmann-json": "nlohmann_json::",
    "OpenSSL": "OpenSSL::",
}
# A file that calls itself pure makes no system call: what would let it.
IMPURE = re.compile(r"(sys/(epoll|ioctl|mman|select|socket|stat|timerfd|un|wait)|fcntl|poll|sched|unistd|fstream"
                    r"|filesystem|libmnl/.*|nftables/.*|pcap/.*|pcap)(\.h)?$"
                    r"|lab/(base/unique_fd|loop/selector)\.hpp$")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
SOURCES = {".cpp", ".hpp"}


def read_table(page):
    """{folder: (folders it may include, libraries it may use)} of the page's table."""
    section = page.split("\n## Arrows", 1)[-1].split("\n## ", 1)[0]
    table = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        names = [re.findall(r"`([^`]+)`", cell) for cell in cells[:2]]
        libraries = [word for word in LIBRARIES if re.search(rf"\b{re.escape(word)}\b", cells[2])]
        for folder in names[0]:
            table[folder] = (set(names[1]), set(libraries))
    return table


def row_of(path, table):
    """The row that rules a folder: its own or its nearest parent's that allows subfolders (written `tests/*`)."""
    if str(path) in table:
        return str(path)
    return next((f"{parent}/*" for parent in [path, *path.parents] if f"{parent}/*" in table), None)


def allows(allowed, folder):
    """`lab/*` stands for lab and all that is below it, `*` for everything."""
    return any(entry in (folder, "*") or (entry.endswith("/*") and f"{folder}/".startswith(entry[:-1]))
               for entry in allowed)


class Checker:
    def __init__(self, root):
        self.root = Path(root)
        self.table = read_table((self.root / "docs/architecture.md").read_text())
        self.broken = [] if self.table else ["docs/architecture.md: no table under ## Arrows"]
        self.used = {}  # {folder: folders it includes}, for the check of the links

    def say(self, path, line, text):
        self.broken.append(f"{path.relative_to(self.root)}:{line}: {text}")

    def files(self):
        tops = sorted({folder.split("/")[0] for folder in self.table})
        return [path for top in tops for path in sorted((self.root / top).rglob("*")) if path.is_file()]

    def check_source(self, path):
        folder = path.parent.relative_to(self.root)
        row = row_of(folder, self.table)
        if row is None:
            self.say(path, 1, f"the folder {folder} has no row in docs/architecture.md")
            return
        text = path.read_text()
        pure = re.search(r"(Public, p|\. P)ure\b", self.opening_of(path))
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            kind, name = match.groups()
            if pure and IMPURE.match(name):
                self.say(path, line, f"calls itself pure, but includes {name}")
            if kind == '"':
                self.check_own(path, line, str(folder), row, name)
            else:
                self.check_foreign(path, line, row, name)

    @staticmethod
    def opening_of(path):
        """The comment that a header opens with; a source file is described by its header."""
        header = path.with_suffix(".hpp")
        if not header.exists():
            return ""
        return re.match(r"(//[^\n]*\n)*", header.read_text()).group(0).replace("\n//", "")

    def check_own(self, path, line, folder, row, name):
        if not (self.root / name).is_file():
            self.say(path, line, f'"{name}" is no file of this project; includes start at the root')
            return
        target = str(Path(name).parent)
        self.used.setdefault(folder, set()).add(target)
        if target != folder and not allows(self.table[row][0], target):
            self.say(path, line, f"{folder} must not include {target} ({name})")
        elif row.startswith("scenarios") and row != "scenarios/cli":
            self.check_story(path, line, name)

    def check_story(self, path, line, name):
        """A scenario never includes another; the file of a story defines STEM_scenario()."""
        story = (self.root / name).with_suffix(".cpp")
        if path.stem == story.stem or not story.exists():
            return
        if f"{story.stem}_scenario()" in story.read_text() and story.parent == self.root / "scenarios":
            self.say(path, line, f"a scenario must not include another ({name})")

    def check_foreign(self, path, line, row, name):
        if name == "tins/tins.h":
            self.say(path, line, "include the single headers of libtins, never tins.h")
        library = next((key for key, prefix in LIBRARIES.items() if re.match(prefix, name)), None)
        if library and library not in self.table[row][1]:
            self.say(path, line, f"{path.parent.relative_to(self.root)} must not include {library} ({name})")

    def check_links(self, path):
        folder = str(path.parent.relative_to(self.root))
        row = row_of(path.parent.relative_to(self.root), self.table)
        text = re.sub(r"#[^\n]*", "", path.read_text())
        for match in re.finditer(r"\bwirelab_library\(\s*(\w+)(.*?)\)", text, re.S):
            line = text.count("\n", 0, match.start()) + 1
            links = match.group(2).partition("LINKS")[2].split()
            own = {self.folder_of(link): link for link in links if link.startswith("wirelab_")}
            for target, link in own.items():
                if row is None or not allows(self.table[row][0], target):
                    self.say(path, line, f"{folder} must not link {link}")
            for target in self.used.get(folder, set()) - set(own) - {folder}:
                # A link brings what that folder may include itself: wirelab_lab stands for all of lab.
                if any(allows(self.table[through][0], target) for through in own if through in self.table):
                    continue
                self.say(path, line, f"{folder} includes {target} but does not link it")
            for library, prefix in TARGETS.items():
                if row and any(link.startswith(prefix) for link in links) and library not in self.table[row][1]:
                    self.say(path, line, f"{folder} must not link {library}")

    def folder_of(self, link):
        """The folder of a library target: wirelab_base is lab/base, wirelab_raw is raw."""
        name = link.removeprefix("wirelab_")
        return next((folder for folder in self.table if folder.split("/")[-1] == name), name)

    def run(self):
        files = self.files()
        for path in files:
            if path.suffix in SOURCES:
                self.check_source(path)
        for path in files:
            if path.name == "CMakeLists.txt":
                self.check_links(path)
        return self.broken


def main():
    checker = Checker(sys.argv[1])
    broken = checker.run()
    for line in broken:
        print(line)
    print(f"{len(checker.table)} rows, {sum(len(used) for used in checker.used.values())} arrows, {len(broken)} broken")
    return 1 if broken or not checker.used else 0


if __name__ == "__main__":
    sys.exit(main())
