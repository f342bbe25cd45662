"""Several letters at once, and one fault after the other; at the end every letter is with the doctor, its bytes as sent.

crowd.py --binary B --shim S --make-pki P --fault F [--receiver ours|sink|postfix] [--watch hospital|operator|both]
         [--rounds N] [--letters K] [--seed S]
Faults, one a round, while K letters are on their way:
  kill                     SIGKILL of the watched node(s) at a random moment, then a start
  enospc erofs             from the n-th counted call on, every call on a file fails, until the disk has room again
  eio                      the n-th call fails once
  short eintr              from the n-th call on, writes take half of what they are given; every other one is interrupted
                           (several of these five, with commas: one of them each round; n is random, or, with --walk, the
                           number of the round, through all calls of its letters)
  tmpfs                    the watched node's data lie on a disk of their own of 12 MiB, filled to its last octet (needs root)
  clock                    the clock jumps, forward or back, by up to nine hours, and stays there
  liar                     the receiver misbehaves (tests/support/lying_peer.py), each connection in another way; with
                           --deed, all in this way, at each place in turn
  proxy                    the network does (tests/support/tcp_proxy.py)
Checked at the end as in one_letter.py: nothing lost, the same bytes under one Message-ID, nobody has a letter twice but a
foreign receiver, and it only as often as the ledger knows of lost replies. What was answered AR is handed in again, as the
hospital's software does. A node may end by itself only where its disk fails, and only by its own exit code."""
import argparse
import contextlib
import glob
import imaplib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "support"))
from lying_peer import LyingPeer  # noqa: E402
from one_letter import Lane, Walk  # noqa: E402
from tcp_proxy import TcpProxy, Weather  # noqa: E402
from two_nodes import Failed, TwoNodes, make_pki, wait_for  # noqa: E402

OTHER_FAULTS = ("kill", "clock", "liar", "proxy", "tmpfs")
MISDEEDS = ("stall", "reset", "twice", "ahead", "wrong", "kept", "then")
CALLS_ON_FILES = 60  # of a letter, about
REPLY_OCTETS = 420  # of one honest dialogue, about
SETTLE_SECONDS = 150


class Crowd(Lane):
    def __init__(self, walk, folder, shadows, pki):
        super().__init__(walk, folder, shadows, pki)
        self.random = random.Random(self.options.seed)
        self.faults = [] if self.options.fault in OTHER_FAULTS else self.options.fault.split(",")
        self.cut, self.struck, self.restarts, self.again = False, 0, 0, 0
        self.honest = threading.Event()
        self.place = -1
        self.mounted = []
        self.accepted = {}  # letter number -> its AA: nothing may change it any more
        self.proxy = self.peer = None

    # --- the world ---

    def build(self):
        if self.options.fault == "proxy":
            self.proxy = TcpProxy(0, self.weather)
        if self.options.fault not in ("liar", "tmpfs") and not self.proxy:
            super().build()
            return self._watch_more()
        folder = os.path.join(self.folder, "world")
        for part in ("hospital", "operator"):
            os.makedirs(os.path.join(folder, part), mode=0o700)
        if self.options.fault == "liar":
            names = [os.path.join(self.pki, name) for name in ("operator-tls.crt", "operator-tls.key", "anchors.pem")]
            self.sink = self.peer = LyingPeer(os.path.join(folder, "sink"), *names, self.misdeed)
        self.nodes = TwoNodes(folder, self.shadows, self.options.binary, None, self.pki, self.options.watch, self.sink,
                              self.proxy, "attempt_seconds = 2", "free_disk_octets = 1")
        self._watch_more()
        if self.options.fault == "tmpfs":
            for node in self.watched:
                subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs", node.path("data")], check=True, timeout=10)
                self.mounted.append(node.path("data"))
        self.nodes.open()
        self.letters, self.expected = [], 0
        return None

    def _watch_more(self):
        self.watched = [self.nodes.hospital, self.nodes.operator] if self.options.watch == "both" else [self.nodes.watched]

    def misdeed(self, number):
        if self.honest.is_set():
            return None
        if number % 4 == 0:  # letters pass meanwhile
            return "once", 0
        if self.options.deed:
            self.place = (self.place + 1) % REPLY_OCTETS
            return self.options.deed, self.place
        what = MISDEEDS[number % len(MISDEEDS)]
        return what, self.random.randrange(REPLY_OCTETS) if what in ("reset", "wrong") else 1 + self.random.randrange(9)

    def weather(self, number):
        if self.honest.is_set():
            return Weather()
        return self.random.choice([Weather(), Weather(delay=0.02, piece=700), Weather(reset_after=self.random.randrange(60_000)),
                                   Weather(silent_after=self.random.randrange(60_000))])

    # --- letters ---

    def drop(self):
        for _ in range(self.options.letters):
            letter = self.walk.take_letter()
            letter.death = "in the crowd"
            self.letters.append(letter)
            self.hand_in(letter)

    def hand_in(self, letter):
        for staged, there in [self.nodes.stage(name, content) for name, content in letter.files.items()]:
            os.rename(staged, there)

    def answer_on_disk(self, letter):
        try:
            with open(self.nodes.hospital.path("ack", letter.ack), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def answer(self, letter):
        if letter.number in self.accepted:
            return self.accepted[letter.number]
        said = self.answer_on_disk(letter)
        if b"\rMSA|AA|" in said:
            self.accepted[letter.number] = said
        return said

    def keep_on(self):
        """What the hospital's software and the service manager do: a refusal for now is handed in again, the dead are started."""
        for node in self.nodes.hospital, self.nodes.operator:
            if node.process is not None and node.is_dead():
                if node.process.returncode < 0 or not (self.faults or self.mounted):
                    raise Failed(f"{node.name} ended by itself: exit {node.process.returncode}")
                node.disarm()
                node.start()
                self.restarts += 1
        for letter in self.letters:
            if b"\rMSA|AR|" in self.answer(letter) and not os.path.exists(self.nodes.hospital.path("spool", letter.name)):
                os.unlink(self.nodes.hospital.path("ack", letter.ack))
                self.hand_in(letter)
                self.again += 1

    def is_settled(self):
        self.keep_on()
        hospital = self.nodes.hospital
        if any(not self.answer(letter) for letter in self.letters):
            return False
        left = [name for name in os.listdir(hospital.path("spool")) if not name.startswith(".")]
        if left or glob.glob(hospital.path("spool", ".claimed*", "*")):
            return False
        return hospital.settled() >= len(self.letters)

    def settle(self):
        try:
            wait_for("every letter to be delivered", self.is_settled, SETTLE_SECONDS)
        except Failed as late:
            states = hospital_states(self.nodes.hospital)
            unanswered = [letter.name for letter in self.letters if not self.answer(letter)]
            raise Failed(f"{late}; deliveries {states}; without answer {unanswered[:5]}; "
                         f"spool {os.listdir(self.nodes.hospital.path('spool'))[:5]}") from late

    # --- faults ---

    def kill(self, _):
        time.sleep(self.random.uniform(0, 0.4))
        for node in self.watched:
            node.process.kill()
            node.process.wait()
        for node in reversed(self.watched):
            node.start()
        self.struck += 1

    def disk(self, number):
        node, fault = self.random.choice(self.watched), self.random.choice(self.faults)
        at = 1 + (number if self.options.walk else self.random.randrange(CALLS_ON_FILES * self.options.letters))
        node.arm_with(f"fail_at={at}\nfail_until={at if fault == 'eio' else 0}\nfail_with={fault}\n")
        self.drop()
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and not node.is_dead() and not failed(node):
            time.sleep(0.02)
        if failed(node):
            self.struck += 1
            time.sleep(0.3)  # the disk stays as it is for a while
        node.disarm()
        self.keep_on()

    def fill(self, _):
        node = self.random.choice(self.watched)
        ballast = node.path("data", "ballast")
        with contextlib.suppress(OSError), open(ballast, "ab", buffering=0) as out:
            for piece in (1 << 16, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while out.write(b"x" * piece) > 0:
                        pass
        self.drop()
        time.sleep(self.random.uniform(0.2, 1.5))
        self.struck += 1
        os.unlink(ballast)
        self.keep_on()

    def clock(self, _):
        hours = self.random.choice([-9, -5, -1, 1, 5, 9])
        for node in self.watched:
            node.arm_with(f"clock={hours * 3600}\n")
        self.drop()
        self.struck += 1
        time.sleep(self.random.uniform(0.1, 0.6))

    def round(self, number):
        fault = self.options.fault
        if self.faults:
            return self.disk(number)
        if fault in ("clock", "tmpfs"):
            return self.clock(number) if fault == "clock" else self.fill(number)
        self.drop()
        if fault == "kill":
            return self.kill(number)
        return time.sleep(0.2)

    def run(self):
        try:
            self.build()
            for number in range(self.options.rounds):
                self.round(number)
                if (number + 1) % 200 == 0:
                    self.settle()
                    print(f"{number + 1} rounds, {len(self.letters)} letters", flush=True)
            if self.peer or self.proxy:  # first as bad as can be, then as good, so that it ends
                wait_for("the misdeeds", lambda: self.is_settled() or sum(
                    (self.peer or self.proxy).counts.values()) >= 4 * self.options.letters * self.options.rounds, 300)
                self.honest.set()
                self.struck = sum((self.peer or self.proxy).counts.values())
            if self.options.fault == "clock":
                for node in self.watched:
                    node.disarm()
            self.settle()
            self.check()
            self.nodes.close()
            if self.sink:
                self.sink.close()
        except (Failed, OSError, subprocess.SubprocessError, imaplib.IMAP4.error) as wrong:
            self.walk.failed(str(wrong) or repr(wrong))
            if self.nodes:
                for node in (self.nodes.hospital, self.nodes.operator):
                    node.print_log()
                self.nodes.abandon()
        finally:
            for place in self.mounted:
                subprocess.run(["umount", "--lazy", place], check=False, timeout=10)

    def check(self):
        for letter in self.letters:
            said = self.answer_on_disk(letter)
            if b"\rMSA|AA|" not in said:
                raise Failed(f"letter {letter.number} was not accepted: {said[:300]}")
            if said != self.accepted.get(letter.number, said):
                raise Failed(f"the answer to letter {letter.number} changed")
        self.check_content(self.check_ledger())
        if not self.struck:
            raise Failed("no fault ever struck")


def failed(node):
    return [line for line in node.trace() if line.startswith("failed")]


def hospital_states(hospital):
    try:
        return hospital.rows("status")["deliveries"]
    except Failed as unknown:
        return str(unknown)


def main():
    parser = argparse.ArgumentParser()
    for name in ("binary", "shim", "make-pki"):
        parser.add_argument("--" + name, required=True, type=os.path.realpath)
    parser.add_argument("--fault", required=True)
    parser.add_argument("--receiver", choices=("ours", "sink", "postfix"), default="ours")
    parser.add_argument("--watch", choices=("hospital", "operator", "both"), default="hospital")
    parser.add_argument("--walk", action="store_true")
    parser.add_argument("--deed", choices=MISDEEDS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--letters", type=int, default=4, help="a round")
    parser.add_argument("--filler", type=int, default=0, help="octets that make each PDF larger")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", help="left as it is at the end")
    options = parser.parse_args()
    options.form, options.first = "mdm", 1
    if options.fault == "liar":
        options.receiver = "sink"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="liaison-crowd-", ignore_cleanup_errors=True) as made:
        folder = options.folder or made
        os.makedirs(folder, exist_ok=True)
        pki = os.path.join(folder, "pki")
        make_pki(options.make_pki, pki)
        walk = Walk(options)
        crowd = Crowd(walk, os.path.join(folder, "lane"), os.path.join(made, "shadows"), pki)
        crowd.run()
    counts = dict((crowd.peer or crowd.proxy or types.SimpleNamespace(counts={})).counts)
    print(f"{options.fault} {options.deed or ''}, {options.watch} watched, {options.receiver} receiver, seed {options.seed}: {options.rounds} rounds, "
          f"{len(getattr(crowd, 'letters', []))} letters, {crowd.struck} faults struck {counts}, {crowd.restarts} ends by itself, "
          f"{crowd.again} handed in again after AR, {walk.repeats} repeats after a lost reply, {len(walk.failures)} failures, "
          f"{time.monotonic() - began:.0f} s")
    for failure in walk.failures:
        print("FAILED", failure)
    return 1 if walk.failures else 0


if __name__ == "__main__":
    sys.exit(main())
