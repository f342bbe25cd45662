"""Where a process spends its CPU, by perf: what is left beside cryptography, TLS, base64 and the zip (design.md §8)."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess

# Sign, encrypt, hash and TLS records are libcrypto and libssl; deflate and CRC are libz; ours by name.
LIBRARIES = re.compile(r"lib(crypto|ssl|z)\.so")
FUNCTIONS = re.compile(r"base64", re.IGNORECASE)


class Shares:
    def __init__(self, pid, file):
        self.pid, self.file = pid, pathlib.Path(file)

    def usable(self):
        if shutil.which("perf") is None:
            return False
        tried = subprocess.run(["perf", "record", "-q", "-o", f"{self.file}.try", "-e", "cpu-clock", "true"], capture_output=True, check=False)
        return tried.returncode == 0

    @contextlib.contextmanager
    def recording(self):
        perf = subprocess.Popen(["perf", "record", "-q", "-F", "499", "-e", "cpu-clock", "-g", "-o", str(self.file), "-p", str(self.pid)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            perf.send_signal(signal.SIGINT)
            perf.wait(60)

    def rest(self, top=None):
        """Share (0 to 1) of the samples that are none of the named work; with `top`, prints the heaviest of them."""
        said = subprocess.run(["perf", "report", "--stdio", "--no-children", "-g", "none", "-i", str(self.file), "--sort", "dso,sym",
                               "--percent-limit", "0", "-q"], capture_output=True, text=True, check=True, env=dict(os.environ, LC_ALL="C")).stdout
        rows = []
        for line in said.splitlines():
            if match := re.match(r"\s*([\d.]+)%\s+(\S+)\s+\[.\]\s+(.*)", line):
                rows.append((float(match[1]), match[2], match[3].strip()))
        named = [row for row in rows if LIBRARIES.search(row[1]) or FUNCTIONS.search(row[2])]
        if top:
            for percent, library, name in [row for row in rows if row not in named][:top]:
                print(f"    {percent:5.1f} %  {library:<24} {name[:90]}")
        total = sum(row[0] for row in rows)
        return 1 - sum(row[0] for row in named) / total if total else 0.0
