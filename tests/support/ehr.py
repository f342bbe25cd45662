"""A hospital's software that talks MLLP over TLS to one relay, and will not be put off.

  ehr.py LIAISON [--connections 100] [--messages 10000] [--kills 10] [--cuts 20] [--patients N] [--seed N] [--keep]

Sends documents, discharges, repeats and broken messages over many connections at once, while the relay is killed (SIGKILL,
then started again) and connections are cut at random moments. What has no answer is sent again with the same MSH-10, until it
has one. In the end every message has exactly one answer, of the expected code, a message sent again got the same answer as
before, and the store holds each accepted document once. Prints the figures; exit 0 only if all of it holds.

  ZamReceiver                the other direction: takes ZAM by MLLP over TLS and answers as told (AA, AE, AR, nothing)
  Ehr(endpoint, tls, …)      for tests: plan() makes the messages, run() sends them

Standard library only. Messages are made from tests/data/demo; each has a synthetic patient of its own, as a day at a hospital
has; with --patients N they share N of them, as a dialysis centre has."""
import argparse
import asyncio
import base64
import collections
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import random
import ssl
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from lab import Doctor, LabError, read_hl7  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import Nodes, free_ports  # noqa: E402

START, END = b"\x0b", b"\x1c\r"
PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
# What a message is made of, out of a hundred.
MIX = (("document", 70), ("discharge", 15), ("repeat", 5), ("reused", 2), ("broken", 5), ("frame", 3))
ANSWER_SECONDS = 60
LETTER_OF = str.maketrans("0123456789", "ABCDEFGHIJ")


def frame(message):
    return START + message + END


async def read_frame(reader):
    """The next message; IncompleteReadError when the peer is gone."""
    await reader.readuntil(START)
    return (await reader.readuntil(END))[:-2]


def tls_client(lab, role="hospital"):
    context = ssl.create_default_context(cafile=str(lab.anchors))
    context.check_hostname = False
    context.load_cert_chain(str(lab.pki / f"{role}-tls.crt"), str(lab.pki / f"{role}-tls.key"))
    return context


def acknowledged(data):
    """(MSA-1, MSA-2) of an ACK."""
    msa = next(segment for segment in read_hl7(data) if segment[0] == "MSA")
    return msa[1], msa[2]


# ---- what is sent --------------------------------------------------------------------------------------------------
@dataclasses.dataclass
class Message:
    kind: str
    control_id: str
    data: bytes
    expected: str                 # MSA-1
    after: "Message" = None       # not before this one has its answer
    ends_connection: bool = False
    answers: list = dataclasses.field(default_factory=list)
    sendings: int = 0


def numbered_ins(number):
    """A well-formed test INS: 13 digits and their key."""
    digits = f"2480369{number:06d}"
    return f"{digits}{97 - int(digits) % 97:02d}"


def numbered_patient(number, ipp, family="ZY"):
    """What makes a described patient another one: a name has no digits."""
    return {"ins": numbered_ins(number), "ipp": ipp, "birth_name": family + str(number).translate(LETTER_OF)}


class Plan:
    """Messages made from two templates, by exchanging ids: 10 000 of them in seconds."""

    def __init__(self, count, seed, to=("lenoiraud",), mix=MIX, patients=0):
        self.patients = patients  # 0: one for each message
        self.random = random.Random(seed)
        self.run = f"{seed % 100000}x{int(time.time()) % 1000000}"
        world = World.load(datetime.datetime.now(datetime.timezone.utc), run=777777)
        stay = simple_stay("EH", PATIENT, files=[
            {"form": "mdm", "file": "a.hl7", "type": "LL", "to": list(to), "ack": "Y"}, {"form": "adt", "file": "b.hl7"}])
        mdm, adt = world.files_of(stay)
        self.mdm_text, self.adt_text = (one.files[one.file].decode("utf-8") for one in (mdm, adt))
        self.mdm_id, self.adt_id = mdm.control_id, adt.control_id
        (self.visit,) = {"V777777-EH"}
        (self.cda_base64,) = {field for line in self.mdm_text.split("\r") if line.startswith("OBX|1|ED")
                              for field in [line.split("|")[5].split("^")[4]]}
        self.cda = base64.b64decode(self.cda_base64).decode("utf-8")
        self.set_id = f"2.999.7.9.{mdm.control_id[1:]}"
        if self.set_id not in self.cda:
            raise LabError("le gabarit a changé : identifiant de lot introuvable")
        self.messages, self.counts = [], collections.Counter()
        kinds = [kind for kind, _ in mix]
        weights = [weight for _, weight in mix]
        for number in range(count):
            kind = self.random.choices(kinds, weights)[0]
            if kind in ("repeat", "reused") and not self.documents():
                kind = "document"
            self.counts[kind] += 1
            self.messages.append(getattr(self, "_" + kind)(number))

    def documents(self):
        return [one for one in self.messages[-200:] if one.kind == "document"]

    @property
    def accepted_documents(self):
        return self.counts["document"]

    def _of_patient(self, text, number):
        number = number % self.patients if self.patients else number
        for key, new in numbered_patient(number, f"D88{number:07d}").items():
            old = PATIENT[key]
            if old not in text:
                raise LabError(f"le gabarit a changé : {old!r} introuvable")
            text = text.replace(old, new)
        return text

    def _mdm(self, number, control_id, **changes):
        new_set = f"2.999.7.8.{self.run.replace('x', '.')}.{number + 1}"
        cda = self.cda.replace(self.set_id, new_set).replace(self.visit, f"W{self.run}-{number}")
        cda = self._of_patient(cda, number)
        text = self.mdm_text.replace(self.cda_base64, base64.b64encode(cda.encode("utf-8")).decode())
        text = text.replace(self.set_id, new_set).replace(self.visit, f"W{self.run}-{number}").replace(self.mdm_id, control_id)
        text = self._of_patient(text, number)
        for old, new in changes.get("edits", []):
            if text.count(old) < 1:
                raise LabError(f"le gabarit a changé : {old!r} introuvable")
            text = text.replace(old, new, 1)
        return text.encode("utf-8")

    def _document(self, number):
        control_id = f"M{self.run}.{number}"
        return Message("document", control_id, self._mdm(number, control_id), "AA")

    def _discharge(self, number):
        control_id = f"A{self.run}.{number}"
        text = self.adt_text.replace(self.visit, f"X{self.run}-{number}").replace(self.adt_id, control_id)
        text = self._of_patient(text, number)
        return Message("discharge", control_id, text.encode("utf-8"), "AA")

    def _repeat(self, _):
        first = self.random.choice(self.documents())
        return Message("repeat", first.control_id, first.data, "AA", after=first)

    def _reused(self, number):
        """The MSH-10 of another message, with another document."""
        first = self.random.choice(self.documents())
        return Message("reused", first.control_id, self._mdm(number, first.control_id), "AE", after=first)

    def _broken(self, number):
        control_id = f"B{self.run}.{number}"
        edits = self.random.choice([[("|2.6|", "|2.3|")], [("MDM^T02^MDM_T02", "MDM^T99^MDM_T02")], [("\rPID|", "\rZID|")],
                                    [("\rORC|NW", "\rORC|CA")], [("^XML^Base64^", "^XML^Hex^")]])
        return Message("broken", control_id, self._mdm(number, control_id, edits=edits), "AE")

    def _frame(self, number):
        """Not in a frame as it should be: refused by its MSH, and the connection ends."""
        control_id = f"F{self.run}.{number}"
        return Message("frame", control_id, self._mdm(number, control_id), "AE", ends_connection=True)


# ---- sending -------------------------------------------------------------------------------------------------------
class Ehr:
    def __init__(self, port, context, plan, connections, seed=1, pipelined=3):
        self.port, self.context, self.plan = port, context, plan
        self.connections, self.pipelined = connections, pipelined
        self.random = random.Random(seed)
        self.waiting = collections.deque(plan.messages)
        self.left = len(plan.messages)
        self.resent = self.lost = self.busy = self.cuts = 0
        self.wrong = []
        self.latencies = []
        self.writers = {}

    def done(self):
        return self.left == 0

    def _take(self):
        """The next message that may go now."""
        for _ in range(len(self.waiting)):
            one = self.waiting.popleft()
            if one.after is None or one.after.answers:
                return one
            self.waiting.append(one)
        return None

    def _batch(self):
        batch = []
        while len(batch) < self.pipelined and (one := self._take()) is not None:
            batch.append(one)
            if one.ends_connection:
                break
        return batch

    def _answered(self, one, data):
        code, control_id = acknowledged(data)
        if control_id != one.control_id:
            self.wrong.append(f"réponse à {control_id} au lieu de {one.control_id}")
        if code == "AR":
            self.busy += 1
            self.waiting.append(one)
            return
        one.answers.append(data)
        self.left -= 1
        if code != one.expected:
            self.wrong.append(f"{one.kind} {one.control_id} : {code} au lieu de {one.expected} : {data!r}")
        # The same bytes get the same answer; another content under the same id is told apart.
        if one.kind == "repeat" and one.after.answers[0] != data:
            self.wrong.append(f"répétition de {control_id} : autre réponse")

    async def _converse(self, number):
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", self.port, ssl=self.context, server_hostname="relais"), ANSWER_SECONDS)
        self.writers[number] = writer
        batch = []
        try:
            while not self.done():
                batch = self._batch()
                if not batch:
                    await asyncio.sleep(0.02)
                    continue
                begun = time.monotonic()
                for one in batch:
                    one.sendings += 1
                    self.resent += one.sendings > 1
                    writer.write(one.data if one.ends_connection else frame(one.data))
                await writer.drain()
                while batch:
                    data = await asyncio.wait_for(read_frame(reader), ANSWER_SECONDS)
                    one = batch.pop(0)
                    self._answered(one, data)
                    self.latencies.append(time.monotonic() - begun)
                    if one.ends_connection:
                        return
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ssl.SSLError):
            self.lost += len(batch)
            raise
        finally:
            self.waiting.extendleft(reversed(batch))  # sent again, the same bytes
            self.writers.pop(number, None)
            writer.close()

    async def _work(self, number):
        while not self.done():
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ssl.SSLError):
                await self._converse(number)
                continue
            await asyncio.sleep(0.1)  # the relay is away, or the connection was cut

    async def _cut(self, share):
        """Cuts a connection, without a goodbye, each time another share of the messages is answered."""
        total = self.left
        for step in range(1, share + 1):
            while self.left > total - total * step // (share + 1):
                await asyncio.sleep(0.02)
            if self.writers:
                writer = self.random.choice(list(self.writers.values()))
                writer.transport.abort()
                self.cuts += 1

    async def _all(self, cuts):
        workers = [asyncio.create_task(self._work(number)) for number in range(self.connections)]
        cutter = asyncio.create_task(self._cut(cuts))
        await asyncio.gather(*workers)
        cutter.cancel()

    def run(self, cuts=0):
        asyncio.run(self._all(cuts))


# ---- killing -------------------------------------------------------------------------------------------------------
class Killer(threading.Thread):
    """SIGKILL and a new start, `kills` times, spread over the answers."""

    def __init__(self, lab, ehr, kills, role="hospital"):
        super().__init__(daemon=True)
        self.lab, self.ehr, self.kills, self.role = lab, ehr, kills, role
        self.random = random.Random(kills)
        self.done, self.peak_rss, self.error = 0, 0, None
        self.total = ehr.left

    def measure(self):
        """VmHWM of the process that runs now, in bytes; each start has its own."""
        with contextlib.suppress(OSError, KeyError, StopIteration, ValueError):
            status = pathlib.Path(f"/proc/{self.lab.nodes[self.role]['pid']}/status").read_text(encoding="ascii")
            line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            self.peak_rss = max(self.peak_rss, int(line.split()[1]) * 1024)

    def run(self):
        try:
            for step in range(1, self.kills + 1):
                wanted = self.total - self.total * step // (self.kills + 1)
                while self.ehr.left > wanted:
                    self.measure()
                    time.sleep(0.02)
                time.sleep(self.random.random() * 0.2)
                self.measure()
                if self.ehr.done():
                    break
                self.lab.kill_node(self.role)
                self.lab.start_node(self.role)
                self.done += 1
            while not self.ehr.done():
                self.measure()
                time.sleep(0.05)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error


# ---- the other direction -------------------------------------------------------------------------------------------
class ZamReceiver(threading.Thread):
    """Takes acknowledgements by MLLP over TLS. `answer(control_id, times)` says AA, AE, AR, or None for silence;
    `times`: how often this one came, from 1. `received`: control id -> the messages, as they came."""

    def __init__(self, lab, answer=lambda control_id, times: "AA", port=0):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(str(lab.pki / "operator-tls.crt"), str(lab.pki / "operator-tls.key"))
        self.context.load_verify_locations(str(lab.anchors))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.answer, self.port = answer, port
        self.received = collections.OrderedDict()
        self.order = []
        self.ready = threading.Event()
        self._loop = None

    def run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._one, "127.0.0.1", self.port, ssl=self.context)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        async with server:
            await self._stopped.wait()

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self.join(10)

    async def _one(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                data = await read_frame(reader)
                msh = read_hl7(data)[0]
                control_id = msh[10]
                self.received.setdefault(control_id, []).append(data)
                self.order.append(control_id)
                said = self.answer(control_id, len(self.received[control_id]))
                if said is None:
                    continue
                event = msh[9].split("^")[1]
                ack = (f"MSH|^~\\&|{msh[5]}|{msh[6]}|{msh[3]}|{msh[4]}|20261120||ACK^{event}^ACK|R{len(self.order)}|{msh[11]}|2.6\r"
                       f"MSA|{said}|{control_id}\r")
                writer.write(frame(ack.encode("utf-8")))
                await writer.drain()
        writer.close()


# ---- what must hold ------------------------------------------------------------------------------------------------
def verify(ehr, status, checks):
    """Each message answered once and as expected; nothing twice in the store."""
    plan = ehr.plan
    checks.equal("réponses justes", ehr.wrong[:5], [])
    checks.equal("chaque message a une réponse", [len(one.answers) for one in plan.messages], [1] * len(plan.messages))
    checks.equal("chaque document une fois", status["letters"], plan.counts["document"])
    checks.equal("un envoi par document", sum(status["deliveries"].values()), plan.counts["document"])
    checks.equal("chaque séjour une fois", status["stays"], plan.counts["document"] + plan.counts["discharge"])
    checks.equal("chaque refus une fois", status["rejected"], plan.counts["broken"] + plan.counts["reused"])


def figures(ehr, killer, seconds):
    ordered = sorted(ehr.latencies) or [0.0]
    return {"messages": len(ehr.plan.messages), "mix": dict(ehr.plan.counts), "connections": ehr.connections,
            "seconds": round(seconds, 1), "per_second": round(len(ehr.plan.messages) / max(seconds, 0.001), 1),
            "kills": killer.done, "cuts": ehr.cuts, "without_answer": ehr.lost, "sent_again": ehr.resent, "busy_AR": ehr.busy,
            "answer_p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
            "answer_p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 1),
            "peak_rss_MiB": round(killer.peak_rss / (1 << 20), 1)}


def drive(lab, ehr, kills, cuts):
    """Runs to the end; (figures, status of the relay)."""
    killer = Killer(lab, ehr, kills)
    begun = time.monotonic()
    killer.start()
    ehr.run(cuts)
    seconds = time.monotonic() - begun
    killer.join(60)
    if killer.error:
        raise LabError(f"redémarrage : {killer.error}")
    status = json.loads(lab.liaison("status", "--format", "json").stdout)
    return figures(ehr, killer, seconds), status


def main():
    from nodes import Checks
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=os.path.realpath)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--patients", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    checks = Checks()
    with contextlib.ExitStack() as stack:
        folder = (tempfile.mkdtemp(prefix="liaison-ehr-") if options.keep else
                  stack.enter_context(tempfile.TemporaryDirectory(prefix="liaison-ehr-", ignore_cleanup_errors=True)))
        lab = stack.enter_context(Nodes(folder, options.binary))
        plan = Plan(options.messages, options.seed, patients=options.patients)
        lab.make_pki([Doctor.from_stays(json.loads((pathlib.Path(__file__).parents[1] / "data/demo/stays.json").read_text(
            encoding="utf-8"))["doctors"]["lenoiraud"])])
        # Nobody takes the letters: they stay in the queue, where they can be counted.
        mllp, nobody = free_ports(2)
        lab.add_hospital(next_hop=nobody, mllp={"listen": f"127.0.0.1:{mllp}"}, limits={"workers": 4})
        lab.start_node("hospital")
        ehr = Ehr(mllp, tls_client(lab), plan, options.connections, options.seed)
        said, status = drive(lab, ehr, options.kills, options.cuts)
        print(json.dumps(said, indent=1))
        print(json.dumps(status))
        verify(ehr, status, checks)
        checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
        if checks.failures and options.keep:
            print("dossier", folder)
    print(f"{checks.done} vérifications, {len(checks.failures)} en échec")
    sys.exit(1 if checks.failures else 0)


if __name__ == "__main__":
    main()
