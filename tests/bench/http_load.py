#!/usr/bin/env python3
"""HTTP under load: wirelab serve http beside other servers, taking turns; nothing may be lost.

    python3 tests/bench/http_load.py WIRELAB [REQUESTS [ROUNDS]]

Each server serves the same folder on loopback: a text of 1 KiB, asked for by ab (100 connections kept, and a new one for
each request) and by wrk (100 connections, 4 pipelined requests where it says so). Told are requests a second, and the
server's CPU time a request, user and system, from /proc. A contender that is not installed is left out.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

CONNECTIONS = 100
SIZE = 1024
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def contenders(wirelab, folder, port):
    """Name, command, and what part of the requests it is asked for: a slow one gets fewer."""
    listen = f"127.0.0.1:{port}"
    all_of_them = [(f"wirelab {poller}", [wirelab, "serve", "http", "--quiet", "--root", folder, "--listen", listen,
                                          "--poller", poller], 1) for poller in ("select", "epoll")]
    all_of_them.append(("python http.server", [sys.executable, "-m", "http.server", "--protocol", "HTTP/1.1", "-b",
                                               "127.0.0.1", "-d", folder, str(port)], 0.05))
    if shutil.which("busybox"):
        all_of_them.append(("busybox httpd", ["busybox", "httpd", "-f", "-p", listen, "-h", folder], 0.2))
    if shutil.which("nginx"):
        settings = os.path.join(folder, "..", "nginx.conf")
        with open(settings, "w") as file:
            file.write(f"daemon off; worker_processes 1; pid {folder}/../nginx.pid; error_log stderr;\n"
                       "events {}\nhttp { access_log off; sendfile on; keepalive_requests 1000000; server { "
                       f"listen {listen}; root {folder}; }} }}\n")
        all_of_them.append(("nginx", ["nginx", "-c", os.path.abspath(settings)], 1))
    return all_of_them


class Server:
    def __init__(self, command, port):
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise SystemExit(f"{command[0]} does not listen")

    def processes(self):
        """Itself and its children: a server may leave the work to them."""
        found = [self.process.pid]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    if int(stat.read().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                        found.append(int(pid))
            except (OSError, IndexError):
                continue
        return found

    def cpu(self):
        """Seconds of user and system time so far, with those of children that have ended."""
        total = 0
        for pid in self.processes():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:13 if pid != self.process.pid else 15]))
        return total / TICK

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found.group(1)) if found else 0.0


def run_ab(url, requests, keep):
    words = ["ab", "-q", "-n", str(requests), "-c", str(CONNECTIONS), *(["-k"] if keep else []), url]
    told = subprocess.run(words, capture_output=True, text=True, timeout=600).stdout
    complete = int(number(r"Complete requests:\s+(\d+)", told))
    failed = int(number(r"Failed requests:\s+(\d+)", told)) + int(number(r"Non-2xx responses:\s+(\d+)", told))
    return complete, requests - complete + failed, number(r"Requests per second:\s+([\d.]+)", told)


def run_wrk(url, script=None):
    words = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", "3", *(["-s", script] if script else []), url]
    told = subprocess.run(words, capture_output=True, text=True, timeout=60).stdout
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", told)))
    errors += int(number(r"Non-2xx or 3xx responses: (\d+)", told))
    return int(number(r"(\d+) requests in", told)), errors, number(r"Requests/sec:\s+([\d.]+)", told)


def check_curl(url, content):
    got = subprocess.run(["curl", "-sS", url], capture_output=True, timeout=20, check=True).stdout
    assert got == content, "curl got something else"


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for tool in ("ab", "wrk", "curl"):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing")
    lost = 0
    with tempfile.TemporaryDirectory() as above:
        folder = os.path.join(above, "site")
        os.mkdir(folder)
        content = os.urandom(SIZE)
        with open(os.path.join(folder, "text.txt"), "wb") as file:
            file.write(content)
        pipelined = os.path.join(above, "pipelined.lua")
        with open(pipelined, "w") as file:
            file.write("init = function()\n  local one = wrk.format()\n  all = one .. one .. one .. one\nend\n"
                       "request = function() return all end\n")
        loads = (("ab, kept", lambda url, n: run_ab(url, n, True)),
                 ("ab, a connection each", lambda url, n: run_ab(url, n, False)),
                 ("wrk", lambda url, n: run_wrk(url)), ("wrk, 4 pipelined", lambda url, n: run_wrk(url, pipelined)))
        print(f"{'load':<24}{'server':<22}{'answered':>10}{'lost':>6}{'per second':>12}{'CPU us/request':>16}")
        for _ in range(rounds):
            for load, run in loads:
                for index in range(len(contenders(sys.argv[1], folder, 0))):
                    port = free_port()
                    name, command, part = contenders(sys.argv[1], folder, port)[index]
                    if part < 1 and ("pipelined" in load or "kept" in load):
                        continue  # they do not keep up with pipelining, nor with ab's way of keeping connections
                    server = Server(command, port)
                    try:
                        url = f"http://127.0.0.1:{port}/text.txt"
                        check_curl(url, content)
                        before = server.cpu()
                        answered, missing, rate = run(url, int(requests * part))
                        spent = server.cpu() - before
                        check_curl(url, content)
                    finally:
                        server.end()
                    each = spent / answered * 1e6 if answered else 0
                    print(f"{load:<24}{name:<22}{answered:>10}{missing:>6}{rate:>12.0f}{each:>16.1f}", flush=True)
                    lost += missing if name.startswith("wirelab") else 0
    sys.exit("wirelab lost requests" if lost else 0)


if __name__ == "__main__":
    main()
