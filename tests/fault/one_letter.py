"""One letter's way, killed at every counted call: after the restart it is with the doctor exactly once.

one_letter.py --binary B --shim S --make-pki P --watch hospital|operator --receiver ours|sink|postfix --fault kill|power-cut
              --form mdm|sidecar [--from N] [--every K --after N] [--filler OCTETS] [--lanes L]
For n = 1, 2, 3 … the watched node dies before its n-th counted call, and, where that call sends on a connection, once more
right after it; until two letters beyond the last death pass untouched. Each n has a letter of its own; the environment stays,
so that a letter that comes back later is seen too. A repeat is allowed with a foreign receiver (sink, postfix) only, and only if the ledger knows of the lost reply
(design.md §3.2). Lanes share the numbers, each with an environment of its own: most of the time is spent waiting."""
import argparse
import collections
import datetime
import email
import glob
import hashlib
import imaplib
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "support"))
from letters import World, simple_stay  # noqa: E402
from postfix import Postfix  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from two_nodes import DOCTOR, Failed, TwoNodes, make_pki, wait_for  # noqa: E402

PATIENT = {"birth_name": "MARTELLINE", "given": "ELODIE", "all_given": "ELODIE ANNE", "birth": "1985-07-14", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "885214"}
QUIET_SECONDS = 0.3
MOST_FAILURES = 3


class PostfixReceiver:
    """Postfix in the place of SmtpSink. Its reports have no way back: the reply to the mail is all that the hospital learns."""

    def __init__(self, certificate, key, anchors):
        self._postfix = Postfix(certificate, key, anchors, host_name="mx.operateur.example",
                                domains=[DOCTOR["address"].partition("@")[2]]).__enter__()
        self._postfix.mailbox(DOCTOR["address"])
        self._postfix.start()
        self.port = self._postfix.port

    def messages(self):
        return self._postfix.mails(DOCTOR["address"])

    def settle(self):
        """Until nothing is in its queue any more but reports that have nowhere to go."""
        queue = self._postfix.folder / "queue"
        wait_for("Postfix to deliver all", lambda: not any(any(files) for part in ("incoming", "active", "maildrop")
                                                           for _, _, files in os.walk(queue / part)))

    def close(self):
        self._postfix.__exit__(None, None, None)


class Letter:
    def __init__(self, number, form, filler):
        self.number = number
        self.death = ""
        self.name = f"lettre-{number}.{'hl7' if form == 'mdm' else 'json'}"
        self.ack = self.name + (".ack.hl7" if form == "mdm" else ".ack.json")
        now = datetime.datetime.now(datetime.timezone.utc)
        described = {"form": form, "file": self.name, "to": ["lenoiraud"], "type": "LL", "filler": b"%d" % number + os.urandom(filler)}
        made = World.load(now, number).files_of(simple_stay("1", PATIENT, files=[described]))[0]
        self.files = made.files
        self.document_sha256 = made.document_sha256
        self.sha256 = made.document_sha256 or made.pdf_sha256


class Walk:
    """What the lanes share: which call is next, and what has been seen."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.next_call = options.first
        self.next_letter = 0
        self.untouched = []
        self.last_death = 0
        self.kills = collections.Counter()
        self.calls = {}
        self.letters = self.repeats = 0
        self.failures = []

    def take_call(self):
        """The next n, or None when the walk is over."""
        with self.lock:
            # The ways of two letters differ by some calls: only what passes beyond every death ends the walk.
            beyond = [call for call in self.untouched if call > self.last_death]
            if len(beyond) >= 2 or len(self.failures) >= MOST_FAILURES:
                return None
            taken = self.next_call
            self.next_call += self.options.every if taken >= self.options.after and not beyond else 1
            return taken

    def take_letter(self):
        with self.lock:
            self.next_letter += 1
            return Letter(self.next_letter, self.options.form, self.options.filler)

    def remember(self, trace):
        with self.lock:
            for words in (line.split() for line in trace):
                if len(words) == 4:
                    self.calls[int(words[0])] = words[1:]

    def is_send(self, call):
        with self.lock:
            return self.calls.get(call, ("", ""))[1] == "socket"

    def failed(self, text):
        with self.lock:
            self.failures.append(text)

    def report(self):
        kinds = collections.Counter(f"{call} {kind}" for call, kind, _ in self.calls.values())
        print(f"{self.options.watch} watched, {self.options.receiver} receiver, {self.options.form}, {self.options.fault}: "
              f"{len(self.calls)} calls on one letter's way; killed {self.kills['before']} times before a call and "
              f"{self.kills['after']} times after a send; {self.letters} letters, {self.repeats} repeats after a lost reply, "
              f"{len(self.failures)} failures; untouched at {self.untouched}")
        for kind, count in sorted(kinds.items()):
            print(f"  {count:4} {kind}")
        for failure in self.failures:
            print("FAILED", failure)


class Lane:
    def __init__(self, walk, folder, shadows, pki):
        self.walk, self.options = walk, walk.options
        self.folder, self.shadows, self.pki = folder, shadows, pki
        self.cut = self.options.fault == "power-cut"
        self.worlds = 0
        self.nodes = self.sink = None

    def build(self):
        """A fresh pair of nodes: at the start, and after a failure, which may have left anything."""
        self.worlds += 1
        folder = os.path.join(self.folder, f"world-{self.worlds}")
        for part in ("hospital", "operator"):
            os.makedirs(os.path.join(folder, part), mode=0o700)
        names = [os.path.join(self.pki, name) for name in ("operator-tls.crt", "operator-tls.key", "anchors.pem")]
        if self.sink:
            self.sink.close()
        if self.options.receiver == "sink":
            self.sink = SmtpSink(os.path.join(folder, "sink"), *names)
        elif self.options.receiver == "postfix":
            self.sink = PostfixReceiver(*names)
        self.nodes = TwoNodes(folder, self.shadows, self.options.binary, self.options.shim, self.pki,
                              self.options.watch, self.sink)
        self.nodes.open()
        self.letters = []
        self.expected = 0

    # --- one letter ---

    def one_round(self, kill_at, when):
        """True if the process died at that call; the letter is with the doctor either way."""
        nodes, watched = self.nodes, self.nodes.watched
        letter = self.walk.take_letter()
        letter.death = f"{when} call {kill_at}"
        self.letters.append(letter)
        moved = [nodes.stage(name, content) for name, content in letter.files.items()]
        watched.arm(kill_at, when, self.cut)
        for staged, there in moved:
            os.rename(staged, there)
        wait_for(f"the {kill_at}th call or the letter to pass", lambda: watched.is_dead() or self._is_through(letter))
        trace = watched.trace()
        self.walk.remember(trace)
        killed = watched.is_dead()
        if killed:
            self._check_death(trace, kill_at, when)
            if self.cut and not watched.cut_power(moved if watched is nodes.hospital else []):
                raise Failed("the shim kept nothing to restore")
            watched.disarm()
            watched.start()
            wait_for("the letter to pass after the restart", lambda: self._is_settled(letter))
        watched.disarm()
        self._check_once(letter)
        return killed

    def _check_death(self, trace, kill_at, when):
        if self.nodes.watched.process.returncode != -9 or not trace or trace[-1] != f"killed {kill_at} {when}":
            raise Failed(f"{self.nodes.watched.name} ended by itself: exit {self.nodes.watched.process.returncode}")

    def _is_settled(self, letter):
        """All that the hospital's software can see: acknowledged, delivered and told so, nothing left behind."""
        hospital = self.nodes.hospital
        if any(os.path.exists(hospital.path("spool", name)) for name in letter.files):
            return False
        if glob.glob(hospital.path("spool", ".claimed*", "*")) or not os.path.exists(hospital.path("ack", letter.ack)):
            return False
        if self.sink:  # no report comes back
            return hospital.settled() == len(self.letters)
        if self.options.form != "mdm":  # only HL7 is told of the delivery
            return hospital.settled() == len(self.letters)
        return bool(glob.glob(hospital.path("ack", letter.name + ".z02-*.hl7")))

    def _is_through(self, letter):
        """Settled, and no counted call for a while: what comes after the last evidence belongs to the letter's way too."""
        if not self._is_settled(letter):
            return False
        count = len(self.nodes.watched.trace())
        until = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < until:
            if self.nodes.watched.is_dead():
                return True
            time.sleep(0.02)
        return len(self.nodes.watched.trace()) == count

    def _check_once(self, letter):
        with open(self.nodes.hospital.path("ack", letter.ack), "rb") as file:
            answer = file.read()
        if (b"\rMSA|AA|" if self.options.form == "mdm" else b'"ACCEPTED"') not in answer:
            raise Failed(f"the submission was not accepted: {answer.decode()[:300]}")
        told = len(glob.glob(self.nodes.hospital.path("ack", letter.name + ".z02-*.hl7")))
        if told > 1:
            raise Failed(f"the delivery was told {told} times (ZAM^Z02)")
        if self.sink:
            return  # what came twice is counted at the end: Postfix delivers after it has answered
        copies = self.nodes.count_received() - self.expected
        self.expected += copies
        if copies != 1:
            raise Failed(f"the doctor has it {copies} times")

    # --- every letter, at the end ---

    def check_ledger(self):
        """The hospital knows every letter once, each with one delivery, confirmed by our operator, accepted by a foreign one."""
        ledger = self.nodes.hospital.letters()
        wanted = "accepted" if self.sink else "confirmed"
        states = [[row["state"] for row in one["deliveries"]] for one in ledger.values()]
        if states != [[wanted]] * len(self.letters):
            raise Failed(f"{len(self.letters)} letters sent, {len(ledger)} in the ledger, not all {wanted}")
        return ledger

    def check_content(self, ledger):
        """Opens all that was received: every document exactly as sent, in one message; repeats of it where they may be."""
        mails = collections.defaultdict(list)
        for message in self._all_received():
            mails[email.message_from_bytes(message)["Message-ID"].strip(" <>")].append(message)
        documents = collections.Counter()
        for message_id, copies in mails.items():
            hashes = self._open(copies[0])
            found = [letter for letter in self.letters if letter.sha256 in hashes]
            documents.update(letter.number for letter in found)
            if len(copies) > 1:
                self._check_repeat(message_id, copies, found, ledger)
        wrong = [f"{letter.number} (killed {letter.death})" for letter in self.letters if documents[letter.number] != 1]
        if wrong or len(mails) != len(self.letters):
            raise Failed(f"{len(self.letters)} letters sent, {len(mails)} different messages; lost or doubled: {wrong}")

    def _all_received(self):
        """With a receiver that delivers later than it answers: once every letter that the ledger sent is there."""
        wait_for("every letter to be delivered", lambda: self.nodes.count_received() >= len(self.letters))
        if self.options.receiver == "postfix":
            self.sink.settle()
        return self.nodes.received()

    def _check_repeat(self, message_id, copies, found, ledger):
        who = [f"{letter.number} (killed {letter.death})" for letter in found]
        if not self.sink:
            raise Failed(f"letters {who}: {len(copies)} times in one mailbox")
        history = [event["kind"] for one in ledger.values() for delivery in one["deliveries"]
                   if delivery["message_id"] == message_id for event in delivery["events"]]
        if history.count("reply_lost") < len(copies) - 1:
            raise Failed(f"letters {who}: {len(copies)} copies, and the ledger knows of {history.count('reply_lost')} lost replies")
        if self.options.receiver == "sink" and len(set(copies)) != 1:
            raise Failed(f"letters {who}: the repeat is not the same bytes")
        with self.walk.lock:
            self.walk.repeats += len(copies) - 1

    def _open(self, message):
        key = os.path.join(self.pki, "doctors", DOCTOR["address"])
        opened = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "SMIME", "-recip", key + ".crt", "-inkey", key + ".key"],
                                input=message, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, check=False)
        if opened.returncode != 0:
            raise Failed(f"openssl cms -decrypt: {opened.stderr.decode()[:200]}")
        hashes = set()
        for part in email.message_from_bytes(opened.stdout).walk():
            if not part.is_multipart():
                hashes.add(hashlib.sha256(part.get_payload(decode=True)).hexdigest())
            if part.get_filename() == "IHE_XDM.zip":
                package = zipfile.ZipFile(io.BytesIO(part.get_payload(decode=True)))
                hashes.update(hashlib.sha256(package.read(name)).hexdigest() for name in package.namelist())
        return hashes

    # --- the walk ---

    def run(self):
        try:
            self.build()
            while (call := self.walk.take_call()) is not None:
                if self._try(call, "before") and self.walk.is_send(call):
                    self._try(call, "after")
            if not self.walk.failures:
                self.check_content(self.check_ledger())
            self.nodes.close()
            if self.sink:
                self.sink.close()
        except Exception as failed:  # a lane that ends must say so, or its numbers would be missing from the walk
            self.walk.failed(f"lane ended: {failed!r}")
            if self.nodes:
                self.nodes.abandon()

    def _try(self, call, when):
        """True if the process died."""
        try:
            died = self.one_round(call, when)
        except (Failed, OSError, imaplib.IMAP4.error) as failed:
            kind = " ".join(self.walk.calls.get(call, ["not reached"]))
            self.walk.failed(f"{self.nodes.watched.name} killed {when} call {call} ({kind}): {failed}")
            print(self.walk.failures[-1])
            for node in (self.nodes.hospital, self.nodes.operator):
                node.print_log()
            self.nodes.abandon()
            self.build()
            return True
        with self.walk.lock:
            self.walk.letters += 1
            if died:
                self.walk.kills[when] += 1
                self.walk.last_death = max(self.walk.last_death, call)
            elif when == "before":
                self.walk.untouched.append(call)
        return died


def walk_through(options, folder):
    # In memory where possible: on the disk, every sync of the watched process would wait for the copies kept of it.
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
    with tempfile.TemporaryDirectory(prefix="liaison-fault-", dir=fast, ignore_cleanup_errors=True) as shadows:
        return walk_with(options, folder, shadows)


def walk_with(options, folder, shadows):
    pki = os.path.join(folder, "pki")
    make_pki(options.make_pki, pki)
    walk = Walk(options)
    lanes = [threading.Thread(target=Lane(walk, os.path.join(folder, f"lane-{i}"), shadows, pki).run)
             for i in range(options.lanes)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    walk.report()
    if not walk.kills and not walk.failures:
        walk.failed("nothing was ever killed: the shim did not count")
        print(walk.failures[-1])
    return 1 if walk.failures else 0


def main():
    parser = argparse.ArgumentParser()
    for name in ("binary", "shim", "make-pki"):
        parser.add_argument("--" + name, required=True, type=os.path.realpath)
    parser.add_argument("--watch", choices=("hospital", "operator"), required=True)
    parser.add_argument("--receiver", choices=("ours", "sink", "postfix"), default="ours")
    parser.add_argument("--fault", choices=("kill", "power-cut"), required=True)
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="step, once --after is reached")
    parser.add_argument("--after", type=int, default=40)
    parser.add_argument("--form", choices=("mdm", "sidecar"), default="mdm")
    parser.add_argument("--filler", type=int, default=0, help="octets that make the PDF larger")
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if options.keep:
        folder = tempfile.mkdtemp(prefix="liaison-fault-")
        print(folder)
        return walk_through(options, folder)
    with tempfile.TemporaryDirectory(prefix="liaison-fault-", ignore_cleanup_errors=True) as folder:
        return walk_through(options, folder)


if __name__ == "__main__":
    sys.exit(main())
