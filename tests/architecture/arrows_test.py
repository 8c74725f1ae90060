#!/usr/bin/env python3
"""Each broken arrow is noticed, in a small tree made for it, and the tree without it is clean."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import arrows  # noqa: E402

PAGE = """# Architecture
## Arrows
| folder | may include | foreign libraries |
|---|---|---|
| `lab/base` | nothing | fmt |
| `lab/net` | `lab/base` | libmnl |
| `lab` | `lab/*` | |
| `raw` | `lab/*` | libtins |
| `capture` | `lab/*` | libpcap, libtins |
| `scenarios` | `lab/*`, `raw`, `capture` | |
| `scenarios/*` | `lab/*`, `raw`, `capture`, `scenarios` | |
| `scenarios/cli` | `*` | Boost |
| `tests/*` | `*` | GoogleTest, libtins |

## Next
| `lab/base` | `raw` | Boost |
"""
TREE = {
    "docs/architecture.md": PAGE,
    "lab/base/address.hpp": "// Addresses. Public, pure.\n#include <fmt/format.h>\n",
    "lab/base/address.cpp": '#include "lab/base/address.hpp"\n#include <cstdint>\n',
    "lab/base/unique_fd.hpp": "// Owns a descriptor. Public.\n#include <unistd.h>\n",
    "lab/base/CMakeLists.txt": "wirelab_library(base SOURCES address.cpp LINKS fmt::fmt)\n",
    "lab/net/network.hpp": '#include "lab/base/address.hpp"\n#include <libmnl/libmnl.h>\n',
    "lab/net/CMakeLists.txt": "wirelab_library(net SOURCES network.cpp LINKS wirelab_base PkgConfig::MNL)\n",
    "lab/lab.hpp": '#include "lab/net/network.hpp"\n#include "lab/base/address.hpp"\n',
    "lab/CMakeLists.txt": "add_subdirectory(net)\nwirelab_library(lab SOURCES lab.cpp\n LINKS wirelab_net)\n",
    "raw/icmp.cpp": '#include "lab/base/address.hpp"\n#include <tins/icmp.h>\n',
    "raw/CMakeLists.txt": "wirelab_library(raw SOURCES icmp.cpp LINKS wirelab_lab PkgConfig::TINS)\n",
    "capture/tap.cpp": '#include "lab/lab.hpp"\n#include <pcap/pcap.h>\n',
    "capture/CMakeLists.txt": "wirelab_library(capture SOURCES tap.cpp LINKS wirelab_lab PkgConfig::PCAP)\n",
    "scenarios/stage.hpp": '#include "lab/lab.hpp"\n',
    "scenarios/ping.hpp": "Scenario ping_scenario();\n",
    "scenarios/ping.cpp": '#include "scenarios/ping.hpp"\n#include "scenarios/stage.hpp"\nScenario ping_scenario();\n',
    "scenarios/modes/parts.hpp": '#include "scenarios/stage.hpp"\n#include "raw/icmp.hpp"\n',
    "scenarios/CMakeLists.txt": "wirelab_library(scenarios SOURCES ping.cpp LINKS wirelab_lab wirelab_raw)\n",
    "scenarios/cli/main.cpp": '#include "scenarios/stage.hpp"\n#include <boost/program_options.hpp>\n',
    "tests/raw/icmp_test.cpp": '#include "raw/icmp.hpp"\n#include <gtest/gtest.h>\n#include <tins/icmp.h>\n',
    "raw/icmp.hpp": "// ICMP. Public, pure.\n",
    "capture/file.hpp": "// Files. Public; parsing is pure.\n#include <fcntl.h>\n",
    "capture/match.hpp": "// match: the same packet on every link. Public,\n// pure.\n",
}
# What is added to the clean tree, and the words that must be said about it.
BROKEN = [
    ("lab/base/bytes.cpp", '#include "lab/net/network.hpp"', "lab/base must not include lab/net"),
    ("lab/net/builder.cpp", '#include "lab/lab.hpp"', "lab/net must not include lab"),
    ("lab/other.cpp", '#include "raw/icmp.hpp"', "lab must not include raw"),
    ("raw/tcp.cpp", '#include "scenarios/stage.hpp"', "raw must not include scenarios"),
    ("capture/decode.cpp", '#include "raw/icmp.hpp"', "capture must not include raw"),
    ("scenarios/chat.cpp", '#include "scenarios/ping.hpp"', "a scenario must not include another"),
    ("scenarios/arp/scan.cpp", '#include "scenarios/ping.hpp"', "a scenario must not include another"),
    ("scenarios/arp/scan.cpp", '#include "scenarios/modes/parts.hpp"', "must not include scenarios/modes"),
    ("scenarios/chat.cpp", '#include "scenarios/modes/parts.hpp"', "scenarios must not include scenarios/modes"),
    ("scenarios/chat.cpp", '#include "scenarios/cli/main.cpp"', "scenarios must not include scenarios/cli"),
    ("lab/base/bytes.cpp", "#include <tins/ip.h>", "lab/base must not include libtins"),
    ("raw/tcp.cpp", "#include <tins/tins.h>", "never tins.h"),
    ("tests/raw/tcp_test.cpp", "#  include <tins/tins.h>", "never tins.h"),
    ("raw/tcp.cpp", "#include <pcap.h>", "raw must not include libpcap"),
    ("scenarios/chat.cpp", "#include <boost/asio.hpp>", "scenarios must not include Boost"),
    ("lab/base/bytes.cpp", "#include <gtest/gtest.h>", "must not include GoogleTest"),
    ("lab/base/bytes.cpp", '#include "address.hpp"', "includes start at the root"),
    ("lab/extra/new.cpp", "#include <vector>", "has no row"),
    ("raw/icmp.hpp", "// ICMP. Public, pure.\n#include <sys/socket.h>", "calls itself pure"),
    ("raw/icmp.cpp", "#include <unistd.h>", "calls itself pure"),
    ("capture/match.cpp", "#include <fstream>", "calls itself pure"),
    ("lab/base/address.cpp", '#include "lab/base/unique_fd.hpp"', "calls itself pure"),
    ("lab/base/CMakeLists.txt", "wirelab_library(base SOURCES a.cpp LINKS wirelab_net)", "must not link wirelab_net"),
    ("raw/CMakeLists.txt", "wirelab_library(raw\n  LINKS wirelab_capture)", "must not link wirelab_capture"),
    ("raw/CMakeLists.txt", "wirelab_library(raw LINKS fmt::fmt)", "raw includes lab/base but does not link"),
    ("raw/CMakeLists.txt", "wirelab_library(raw LINKS wirelab_lab Boost::program_options)", "raw must not link Boost"),
    ("docs/architecture.md", "# Architecture\n", "no table"),
]


def complaints(changes=()):
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**TREE, **dict(changes)}.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return arrows.Checker(root).run()


class Arrows(unittest.TestCase):
    def test_a_clean_tree_is_clean(self):
        self.assertEqual(complaints(), [])

    def test_each_broken_arrow_is_named_with_its_file(self):
        for name, text, words in BROKEN:
            with self.subTest(f"{name}: {text}"):
                said = complaints([(name, text + "\n")])
                self.assertTrue(any(line.startswith(name) and words in line for line in said), said)


if __name__ == "__main__":
    unittest.main()
