#!/usr/bin/env python3
"""scripts/demo as a test: demo_test.py BINARY [--at-odd-hours]

Without option: the demo with --keep is green and describes itself as promised (demo.json); the separate checker notices
when one delivered mail is deleted; SIGTERM to the pid that it names ends everything.
--at-odd-hours: the demo is green under libfaketime just after midnight, at noon, just before midnight, and in both nights
when the clocks change, the repeated hour both times; the machine's own zone is UTC.
"""
import argparse
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import lab  # noqa: E402

HOURS = ["2026-11-21T00:03:00+01:00", "2026-11-21T12:00:00+01:00", "2026-11-21T23:57:00+01:00",
         "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:10:00+01:00",
         "2027-03-28T01:58:00+01:00", "2027-03-28T03:30:00+02:00"]


def run_demo(binary, *arguments, before=(), env=None):
    done = subprocess.run([*before, lab.ROOT / "scripts/demo", "--no-setup", *arguments], capture_output=True, text=True, timeout=240,
                          env=dict(os.environ, LIAISON_BINARY=str(binary), **(env or {})), check=False)
    if done.returncode != 0:
        sys.exit(f"la démonstration échoue (code {done.returncode})\n{done.stdout}\n{done.stderr}")
    return done.stdout


def expect(holds, what):
    if not holds:
        sys.exit(f"NON : {what}")
    print(f"ok : {what}", flush=True)


def ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # Nobody may have collected it: a zombie has ended too.
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z"


def stays_and_is_checked(binary):
    with lab.temporary_folder() as parent:
        folder = parent / "d"
        text = run_demo(binary, "--keep", "--dir", folder)
        described = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        pids = [described["demo"]["pid"], described["hospital"]["pid"], described["operator"]["pid"]]
        try:
            expect("\x1b" not in text, "rien que du texte, sur un terminal simple aussi")
            expect((folder / "demo.json").stat().st_mode & 0o077 == 0, "demo.json n'est lisible que par son propriétaire")
            expect({"config", "spool", "ack", "pid", "smtp"} <= described["hospital"].keys(), "demo.json : hospital")
            expect({"config", "pid", "smtp", "imap", "imaps"} <= described["operator"].keys(), "demo.json : operator")
            expect(all({"address", "rpps", "user", "password", "certificate", "key"} <= d.keys() for d in described["doctors"]), "demo.json : doctors")
            expect(all({"file", "id", "recipient", "expected", "state"} <= one.keys() for one in described["letters"]), "demo.json : letters")
            expect(pathlib.Path(described["anchors"]).is_file(), "demo.json : anchors")
            checker = [sys.executable, lab.ROOT / "tests/support/demo_check.py", "--self-test", folder]
            expect(subprocess.run(checker, check=False).returncode == 0, "le contrôle voit un courriel effacé")
        finally:
            os.kill(pids[0], signal.SIGTERM)
        lab.wait_for("arrêt des relais", lambda: all(map(ended, pids)), 30)
        expect(True, "un SIGTERM arrête tout")


def at_odd_hours(binary):
    for text in HOURS:
        instant = datetime.datetime.fromisoformat(text).astimezone(datetime.timezone.utc)
        run_demo(binary, before=["faketime", instant.strftime("%Y-%m-%d %H:%M:%S")], env={"TZ": "UTC"})
        expect(True, f"la démonstration réussit à {text}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--at-odd-hours", action="store_true")
    options = parser.parse_args()
    run = at_odd_hours if options.at_odd_hours else stays_and_is_checked
    run(options.binary.resolve())


if __name__ == "__main__":
    main()
