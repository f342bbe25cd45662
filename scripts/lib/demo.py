"""The demo's play; scripts/demo calls it (see there for the two commands). Standard library only."""
import argparse
import json
import os
import pathlib
import signal
import sys
import time


def is_running(pid, binary_name="liaison"):
    """Whether this process exists and is ours: a number written down earlier may belong to someone else by now."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False
    return os.path.basename(command.decode(errors="replace")) == binary_name


def stop(directory):
    """Ends the relays that demo.json names, with SIGTERM, and waits at most 15 s for them."""
    try:
        description = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    pids = [description.get(role, {}).get("pid") for role in ("hospital", "operator")]
    pids = [pid for pid in pids if isinstance(pid, int) and is_running(pid)]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 15
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            print("demo : un relais précédent ne s'arrête pas :", *pids, file=sys.stderr)
            return 1
        time.sleep(0.05)
    return 0


def run(options):
    print("demo : la pièce n'est pas encore écrite", file=sys.stderr)
    return 1


def main():
    parser = argparse.ArgumentParser(prog="demo")
    commands = parser.add_subparsers(dest="command", required=True)
    play = commands.add_parser("run")
    play.add_argument("--binary", type=pathlib.Path, required=True)
    play.add_argument("--pki", type=pathlib.Path, required=True)
    play.add_argument("--dir", type=pathlib.Path, required=True)
    play.add_argument("--keep", action="store_true")
    ending = commands.add_parser("stop")
    ending.add_argument("--dir", type=pathlib.Path, required=True)
    options = parser.parse_args()
    return stop(options.dir) if options.command == "stop" else run(options)


if __name__ == "__main__":
    sys.exit(main())
