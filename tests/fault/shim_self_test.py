"""The shim kills where it says, and a power cut leaves exactly what was synced: one table, written by hand.

shim_self_test.py SHIM VICTIM"""
import os
import subprocess
import sys
import tempfile

import power_cut

CALLS = ["write file", "fsync file", "fsync folder", "pwrite file", "rename file", "fsync folder", "fdatasync file",
         "unlink file", "fsync folder", "ftruncate file"]
# What is there after the first k calls, k = 0 … 10: as the running system sees it, and as a power cut leaves it.
OLD = {"old": b"kept"}
SEEN = [OLD | {"a": b""}, OLD | {"a": b"one "}, OLD | {"a": b"one "}, OLD | {"a": b"one "}, OLD | {"a": b"one two "},
        OLD | {"sub/b": b"one two "}, OLD | {"sub/b": b"one two "}, OLD | {"sub/b": b"one two "},
        {"sub/b": b"one two "}, {"sub/b": b"one two "}, {"sub/b": b"one "}]
SYNCED = [OLD | {"a": b""},  # made before the first counted call, so part of the baseline
          OLD | {"a": b""}, OLD | {"a": b"one "}, OLD | {"a": b"one "}, OLD | {"a": b"one "}, OLD | {"a": b"one "},
          OLD | {"sub/b": b"one "}, OLD | {"sub/b": b"one two "}, OLD | {"sub/b": b"one two "}, {"sub/b": b"one two "},
          {"sub/b": b"one two "}]


def content(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found


class Run:
    """One run of the victim in its own folder."""

    def __init__(self, base, plan, words=(), match="shim_victim"):
        self.root = os.path.realpath(os.path.join(base, "root"))
        self.shadow = os.path.join(base, "shadow")
        self.log = os.path.join(base, "log")
        os.makedirs(os.path.join(self.root, "sub"))
        os.makedirs(self.shadow)
        with open(os.path.join(self.root, "old"), "wb") as file:
            file.write(b"kept")
        with open(os.path.join(base, "plan"), "w", encoding="ascii") as file:
            file.write(plan.replace("SHADOW", self.shadow))
        environment = dict(os.environ, LD_PRELOAD=SHIM, FAULT_ROOT=self.root, FAULT_LOG=self.log, FAULT_MATCH=match,
                           FAULT_PLAN=os.path.join(base, "plan"))
        done = subprocess.run([VICTIM, self.root, *words], env=environment, stdout=subprocess.PIPE, timeout=20, check=False)
        self.code = done.returncode
        self.output = done.stdout

    def trace(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="ascii") as file:
            return file.read().splitlines()


def run(*arguments, **named):
    base = tempfile.mkdtemp(dir=FOLDER)
    return Run(base, *arguments, **named)


def check(what, got, wanted):
    global failures
    if got != wanted:
        failures += 1
        print(f"{what}\n  got    {got}\n  wanted {wanted}")


def check_kills():
    for at in range(1, len(CALLS) + 1):
        for when, done in (("before", at - 1), ("after", at)):
            one = run(f"kill_at={at}\nwhen={when}\nshadow=SHADOW\n")
            check(f"killed {when} {at}: exit", one.code, -9)
            check(f"killed {when} {at}: trace", one.trace()[-1], f"killed {at} {when}")
            check(f"killed {when} {at}: seen", content(one.root), SEEN[done])
            check(f"killed {when} {at}: restored", power_cut.restore(one.shadow), True)
            check(f"killed {when} {at}: power cut", content(one.root), SYNCED[done])


def check_untouched():
    one = run("shadow=SHADOW\n")
    check("untouched: exit", (one.code, one.output), (0, b"fin\n"))
    check("untouched: calls", [" ".join(line.split()[1:3]) for line in one.trace()], CALLS)
    check("untouched: seen", content(one.root), SEEN[-1])
    check("one past the last call", run(f"kill_at={len(CALLS) + 1}\n").code, 0)


def check_careless():
    one = run("shadow=SHADOW\n", words=["careless"])
    check("careless: seen", content(one.root), SEEN[-1])
    power_cut.restore(one.shadow)
    check("careless: power cut", content(one.root), SYNCED[0])


def check_not_matched():
    one = run("kill_at=1\n", match="another program")
    check("not matched", (one.code, one.trace()), (0, []))


def check_moved_by_the_test():
    one = run("kill_at=3\nshadow=SHADOW\n")
    power_cut.restore(one.shadow, [(one.root + "/old", one.root + "/sub/old")])
    check("moved durably by another program", content(one.root), {"sub/old": b"kept", "a": b"one "})


SHIM, VICTIM = (os.path.realpath(word) for word in sys.argv[1:3])
failures = 0
with tempfile.TemporaryDirectory(prefix="liaison-fault-") as FOLDER:
    check_kills()
    check_untouched()
    check_careless()
    check_not_matched()
    check_moved_by_the_test()
print(f"{len(CALLS)} calls, killed before and after each, as seen and as a power cut: {failures} wrong")
sys.exit(1 if failures else 0)
