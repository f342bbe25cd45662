"""The node under measure, its letters, and what it cost.

A run: all letters are renamed into its spool at once. Time goes from before the first rename to the last 2xx that the receiver
gave; CPU is the node's own over that time and until its last outcome and acknowledgement are written. The receiver, on the
same two cores, costs both rivals the same."""
import contextlib
import datetime
import os
import shutil
import tempfile
import time
from typing import NamedTuple

from ehr import numbered_patient
from lab import Doctor, wait_for
from letters import World, simple_stay
from nodes import Nodes
from processes import SyncCounter, cpu_seconds, peak_resident_octets, resident_octets
from receivers import NAME, Collector, DiscardSink
from shares import Shares
from versions import Messages

SIZES = {"20k": 20_000, "200k": 200_000}
WARM = 64
PDF_AROUND = 1200  # octets of a PDF around what does not compress
BETWEEN_VERSIONS = 64  # letters that the spool takes from its end before it comes to the first replacement


class Letters:
    """Makes HL7 files, all different: patient, ids, and a PDF of which nothing compresses."""

    def __init__(self, doctors, size):
        self._world = World.load(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
        self._doctors, self._size, self._made = doctors, size, 0

    def write(self, folder, count, replaced=0):
        """The files, in the order in which they are to be dropped. Of `replaced` letters a second version is among them, placed so
        that the spool, which takes the oldest and the newest in turn, comes to it soon after the first."""
        folder.mkdir(mode=0o700)
        firsts, seconds = [], []
        for _ in range(count - replaced):
            made = self._one()
            firsts.append(self._save(folder / made.file, made.files[made.file]))
            if len(seconds) < replaced:
                second, _ = Messages(made).message("T10", 2)
                seconds.append(self._save(folder / made.file.replace(".hl7", ".v2.hl7"), second))
        before = max(len(firsts) - BETWEEN_VERSIONS, 0)
        return firsts[:before] + seconds[::-1] + firsts[before:]

    @staticmethod
    def _save(path, content):
        path.write_bytes(content)
        return path

    def _one(self):
        self._made += 1
        name = f"{self._made:06}.hl7"
        described = {"file": name, "form": "mdm", "type": "LL", "to": [self._doctors[self._made % len(self._doctors)]],
                     "filler": os.urandom(self._size - PDF_AROUND)}
        who = self._world.stays[0]["patient"] | numbered_patient(self._made, f"B{self._made:06}")
        return self._world.first_file_of(simple_stay(str(100000 + self._made), who, treating=described["to"][0], files=[described]))


class Cost(NamedTuple):
    seconds: float
    rate: float         # a second
    cpu_ms: float       # per letter, of the sender
    receiver_ms: float  # per letter, of the receiver
    syncs: float        # per letter, of the sender
    octets: float       # per mail, as the receiver counts them
    connections: int


class Meter:
    """From its making to cost(): what `sender` (cpu, syncs: functions) and the receiver used."""

    def __init__(self, cpu, syncs, receiver):
        self._ask = lambda: (cpu(), syncs(), receiver.cpu_seconds())
        self._receiver, self._before, self._seen = receiver, self._ask(), receiver.seen()

    @staticmethod
    def now_ns():
        return time.monotonic_ns()

    def wait(self, count):
        """The receiver's state once it has so many mails more."""
        return self._receiver.wait_for(self._seen.mails + count, 60 + count)

    def cost(self, count, began_ns, last_ns):
        seen = self._receiver.seen()
        if seen.mails != self._seen.mails + count:
            raise SystemExit("le destinataire a reçu des courriels en double")
        cpu, syncs, receiving = (after - before for after, before in zip(self._ask(), self._before))
        seconds = (last_ns - began_ns) / 1e9
        return Cost(seconds, count / seconds, cpu * 1000 / count, receiving * 1000 / count, syncs / count,
                    (seen.octets - self._seen.octets) / count, seen.connections - self._seen.connections)


class Hospital:
    """One hospital node on a folder of its own. It sends to a Collector of its own, or to a DiscardSink once told so.
    `limits`: further settings of that table."""

    def __init__(self, options, size, **limits):
        self.options, self.size, self._sent, self._limits = options, size, 0, limits

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _open(self):
        folder = tempfile.mkdtemp(prefix="liaison-bench-")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.lab = self._stack.enter_context(Nodes(folder, self.options.binary))
        names = list(World.load(datetime.datetime.now(datetime.timezone.utc)).doctors.items())
        known = [(name, one) for name, one in names if one["address"] and one["key"] == "rsa" and one["rpps"]]
        self.lab.make_pki([Doctor(one["address"], one["rpps"], one["family"], one["given"], key="rsa") for _, one in known])
        self.letters = Letters([name for name, _ in known], SIZES[self.size])
        self.counter = SyncCounter(self.lab.folder / "syncs")
        self.receiver = self.collector = self._stack.enter_context(Collector(self.options.tools, self.lab.pki))
        self.start()
        self.lab.import_directory()

    @property
    def home(self):
        return self.lab.folder / "hospital"

    def start(self):
        self.lab.add_hospital(next_hop=self.receiver.port, server_name=NAME, limits={
            "free_disk_octets": 268435456, "workers": self.options.workers, "deliveries": self.options.deliveries} | self._limits)
        self.process = self.lab.start_node("hospital", env={"LD_PRELOAD": str(self.options.tools / "bench_sync_counter.so"),
                                                            "SYNC_COUNTER_FILE": str(self.counter.file)})

    def stop(self):
        self.lab.stop_node("hospital")

    def send_to_postfix(self):
        """From now on; returns the sink."""
        self.stop()
        self.receiver = self._stack.enter_context(DiscardSink(self.lab.pki))
        self.start()
        return self.receiver

    def resident(self):
        return resident_octets(self.process.pid)

    def peak_resident(self):
        return peak_resident_octets(self.process.pid)

    def drop(self, files):
        """All at once, as a backlog: renamed in when complete, as the documentation advises."""
        for file in files:
            os.rename(file, self.lab.spool / file.name)

    def stage(self, count, replaced=0):
        return self.letters.write(self.lab.folder / f"staged-{time.monotonic_ns()}", count, replaced)

    def meter(self):
        return Meter(lambda: cpu_seconds(self.process.pid), self.counter.total, self.receiver)

    def sealed_mails(self):
        """A folder with the mails of WARM letters, as they went over the wire."""
        folder = self.lab.folder / "sealed"
        folder.mkdir(mode=0o700)
        self.collector.keep_mails_in(folder)
        self.send(WARM)
        self.collector.keep_mails_in(None)
        return folder

    def send(self, count, during=contextlib.nullcontext):
        staged, meter = self.stage(count), self.meter()
        with during():
            began = meter.now_ns()
            self.drop(staged)
            last = meter.wait(count).at_ns
        self._sent += count
        wait_for("fin des écritures", lambda: self.lab.queue()["counts"].get("accepted", 0) >= self._sent, 60, every=0.1)
        wait_for("accusés", lambda: self.answered() >= self._sent, 60)
        return meter.cost(count, began, last)

    def answered(self):
        return sum(1 for name in os.listdir(self.lab.acks) if name.endswith(".ack.hl7") and not name.startswith("."))

    def shares(self, count):
        """Shares of the CPU by kind of work, from a run of its own under perf; empty where perf cannot be used."""
        shares = Shares(self.process.pid, self.lab.folder / "perf.data")
        if not shares.usable():
            return {}
        self.send(count, shares.recording)
        return shares.kinds(self.options.top)
