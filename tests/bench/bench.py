"""scripts/bench without its building: see there. Measures one hospital node, and Postfix with the same sealed bytes.

A run: the node is started, warmed with letters of its own; then all letters are renamed into its spool at once. Time goes
from before the first rename to the last 2xx that the receiver gave; CPU is the node's own over that time and until its
last outcome is written. The receiver, on the same two cores, costs both rivals the same."""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import blob_layout  # noqa: E402
from ehr import numbered_ins  # noqa: E402
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, HOSPITAL, Nodes  # noqa: E402
from postfix_relay import PostfixRelay  # noqa: E402
from processes import SyncCounter, cpu_seconds, resident_octets  # noqa: E402
from shares import Shares  # noqa: E402

SIZES = {"20k": 20_000, "200k": 200_000}
LETTERS = {"20k": 3000, "200k": 800}
QUICK = {"20k": 300, "200k": 80}
CPU_TARGET_MS = {"20k": 3.5, "200k": 9.0}
REST_TARGET_MS = {"20k": 1.2, "200k": 2.5}
DRAIN = {"letters": 2000, "promised": 16_000, "seconds": 180}  # design.md §8: a backlog of 200 kB
WARM = 64
LETTER_OF = str.maketrans("0123456789", "ABCDEFGHIJ")  # a patient of its own for each letter
INJECTORS = 8  # connections into Postfix


class Receiver:
    def __init__(self, tools, pki):
        self._process = subprocess.Popen([tools / "bench_receiver", pki / "operator-tls.crt", pki / "operator-tls.key",
                                          pki / "anchors.pem"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())

    def say(self, line="stats"):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        mails, octets, connections, last_ns = map(int, self._process.stdout.readline().split())
        return {"mails": mails, "octets": octets, "connections": connections, "last_ns": last_ns}

    def cpu_seconds(self):
        return cpu_seconds(self._process.pid)

    def wait_for(self, mails, seconds):
        return wait_for(f"{mails} courriels chez le destinataire", lambda: (said := self.say())["mails"] >= mails and said,
                        seconds, every=0.02)

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)


class Letters:
    """Makes HL7 files, all different: patient, ids, and a PDF of which nothing compresses."""

    def __init__(self, doctors, size):
        self._world = World.load(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
        self._doctors, self._size, self._made = doctors, size, 0

    def write(self, folder, count):
        folder.mkdir(mode=0o700)
        patient = dict(self._world.stays[0]["patient"])
        for _ in range(count):
            self._made += 1
            name = f"{self._made:06}.hl7"
            # 1.2 kB of PDF around what does not compress.
            described = {"file": name, "form": "mdm", "type": "LL", "to": [self._doctors[self._made % len(self._doctors)]],
                         "filler": os.urandom(self._size - 1200)}
            who = {"ipp": f"B{self._made:06}", "ins": numbered_ins(self._made), "birth_name": "ZY" + str(self._made).translate(LETTER_OF)}
            stay = simple_stay(str(100000 + self._made), patient | who, treating=described["to"][0], files=[described])
            (folder / name).write_bytes(self._world.files_of(stay)[0].files[name])
            self._world._made.clear()


class Run:
    """One hospital node on a folder of its own, in front of the receiver."""

    def __init__(self, options, size):
        self.options, self.size, self._sent = options, size, 0

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        folder = tempfile.mkdtemp(prefix="liaison-bench-")
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.lab = self._stack.enter_context(Nodes(folder, self.options.binary))
        names = list(World.load(datetime.datetime.now(datetime.timezone.utc)).doctors.items())
        known = [(name, one) for name, one in names if one["address"] and one["key"] == "rsa" and one["rpps"]]
        self.lab.make_pki([Doctor(one["address"], one["rpps"], one["family"], one["given"], key="rsa") for _, one in known])
        self.receiver = Receiver(self.options.tools, self.lab.pki)
        self._stack.callback(self.receiver.close)
        self.lab.add_hospital(next_hop=self.receiver.port, server_name="localhost",
                              limits={"free_disk_octets": 268435456, "workers": self.options.workers, "deliveries": self.options.deliveries})
        self.counter = SyncCounter(self.lab.folder / "syncs")
        self.letters = Letters([name for name, _ in known], SIZES[self.size])
        self.process = self.lab.start_node("hospital", env={"LD_PRELOAD": str(self.options.tools / "bench_sync_counter.so"),
                                                            "SYNC_COUNTER_FILE": str(self.counter.file)})
        self.lab.import_directory()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def drop(self, staged):
        """All at once, as a backlog: renamed in when complete, as the documentation advises."""
        for file in sorted(staged.iterdir()):
            os.rename(file, self.lab.spool / file.name)

    def warm(self):
        self.receiver.say(f"save {self._sealed_folder()}")
        self._send(WARM)
        self.receiver.say("save")

    def _sealed_folder(self):
        self.sealed = self.lab.folder / "sealed"
        self.sealed.mkdir(mode=0o700, exist_ok=True)
        return self.sealed

    def _send(self, count, during=contextlib.nullcontext):
        staged = self.lab.folder / f"staged-{time.monotonic_ns()}"
        self.letters.write(staged, count)
        before = self.receiver.say()
        syncs, cpu, receiving = self.counter.total(), cpu_seconds(self.process.pid), self.receiver.cpu_seconds()
        with during():
            started = time.monotonic_ns()
            self.drop(staged)
            after = self.receiver.wait_for(before["mails"] + count, 60 + count)
        self._sent += count
        wait_for("fin des écritures", lambda: self.lab.queue()["counts"].get("accepted", 0) >= self._sent, 60, every=0.1)
        wait_for("accusés", lambda: sum(1 for name in os.listdir(self.lab.acks) if not name.startswith(".")) >= self._sent, 60)
        if self.receiver.say()["mails"] != before["mails"] + count:
            raise SystemExit("le destinataire a reçu des courriels en double")
        seconds = (after["last_ns"] - started) / 1e9
        return {"seconds": seconds, "rate": count / seconds, "cpu_ms": (cpu_seconds(self.process.pid) - cpu) * 1000 / count,
                "receiver_ms": (self.receiver.cpu_seconds() - receiving) * 1000 / count,
                "syncs": (self.counter.total() - syncs) / count, "octets": (after["octets"] - before["octets"]) / count,
                "connections": after["connections"] - before["connections"], "resident": resident_octets(self.process.pid)}

    def measure(self, count):
        return self._send(count)

    def shares(self, count):
        """Shares of the CPU by kind of work, from a run of its own under perf; empty where perf cannot be used."""
        shares = Shares(self.process.pid, self.lab.folder / "perf.data")
        if not shares.usable():
            return {}
        self._send(count, shares.recording)
        return shares.kinds(self.options.top)

    def postfix(self, count, reuse):
        shared = pathlib.Path(tempfile.mkdtemp(prefix="liaison-bench-count-"))
        os.chmod(shared, 0o755)
        try:
            counter = SyncCounter(shared / "syncs")
            with PostfixRelay(self.lab.pki, self.receiver.port, reuse=reuse, counter=self.options.tools / "bench_sync_counter.so",
                              counter_file=counter.file) as postfix:
                self._inject(postfix, WARM)
                syncs, cpu, receiving = counter.total(), postfix.cpu_seconds(), self.receiver.cpu_seconds()
                seconds, connections = self._inject(postfix, count)
                time.sleep(0.3)  # its daemons write their last lines after the last 250
                return {"seconds": seconds, "rate": count / seconds, "cpu_ms": (postfix.cpu_seconds() - cpu) * 1000 / count,
                        "receiver_ms": (self.receiver.cpu_seconds() - receiving) * 1000 / count, "syncs": (counter.total() - syncs) / count, "connections": connections}
        finally:
            shutil.rmtree(shared, ignore_errors=True)

    def _inject(self, postfix, count):
        before = self.receiver.say()
        done = subprocess.Popen([self.options.tools / "bench_injector", str(postfix.port), self.sealed, str(count), str(INJECTORS),
                                 HOSPITAL, f"essai@{DOMAIN}"], stdout=subprocess.PIPE, text=True)
        started = int(done.stdout.readline())
        if done.wait(60 + count) != 0:
            raise SystemExit("Postfix n'a pas pris tous les courriels :\n" + postfix.log()[-2000:])
        after = self.receiver.wait_for(before["mails"] + count, 60 + count)
        return (after["last_ns"] - started) / 1e9, after["connections"] - before["connections"]


class Table:
    """Figures, as they are printed and as --json writes them."""

    def __init__(self, file=None):
        self.figures, self._file = [], file

    def save(self):
        if self._file:
            self._file.write_text(json.dumps({"figures": self.figures}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def add(self, name, value, unit, target=None, holds=None, shown=None, said=""):
        self.figures.append({"name": name, "value": round(value, 3), "unit": unit, "target": target, "holds": holds})
        self.save()  # what was measured stays when a later part fails
        verdict = {None: "", True: "tenu", False: "NON TENU"}[holds]
        print(f"  {name:<52}{shown or self._number(value):>10} {unit:<12}{said:<12}{verdict}".rstrip(), flush=True)

    @staticmethod
    def _number(value):
        return f"{value:.2f}".replace(".", ",") if abs(value) < 100 else f"{value:,.0f}".replace(",", " ")


def most(limit):
    return "≤ " + f"{limit:g}".replace(".", ",")


def bench(options, table, size, count):
    label = f"{size[:-1]} ko"
    print(f"\nPDF de {label}, {count} lettres", flush=True)
    with Run(options, size) as run:
        run.warm()
        ours = run.measure(count)
        shares = {} if options.no_profile else run.shares(min(600, max(WARM, count // 2)))
        rivals = [] if options.no_postfix else [run.postfix(count, reuse) for reuse in ("yes", "no")]
    target = CPU_TARGET_MS[size]
    table.add(f"Liaison {label} : débit", ours["rate"], "lettres/s")
    table.add(f"Liaison {label} : CPU par lettre", ours["cpu_ms"], "ms", target, ours["cpu_ms"] <= target, said=most(target))
    for kind, share in shares.items():
        target = REST_TARGET_MS[size] if kind == "reste" else None
        spent = share * ours["cpu_ms"]
        table.add(f"Liaison {label} : dont {kind}", spent, "ms", target, None if target is None else spent <= target,
                  said=most(target) if target else "")
    table.add(f"Liaison {label} : CPU du destinataire", ours["receiver_ms"], "ms")
    table.add(f"Liaison {label} : fsync et fdatasync par lettre", ours["syncs"], "appels")
    table.add(f"Liaison {label} : courriel scellé", ours["octets"] / 1000, "ko")
    table.add(f"Liaison {label} : mémoire résidente à la fin", ours["resident"] / 2**20, "Mio", 300, ours["resident"] < 300 * 2**20, said="< 300")
    table.add(f"Liaison {label} : connexions TLS ouvertes", ours["connections"], "", shown=str(ours["connections"]))
    for name, rival in zip(("TLS gardé", "TLS neuf"), rivals):
        table.add(f"Postfix {label}, {name} : débit", rival["rate"], "lettres/s")
        table.add(f"Postfix {label}, {name} : CPU par courriel", rival["cpu_ms"], "ms")
        table.add(f"Postfix {label}, {name} : CPU du destinataire", rival["receiver_ms"], "ms")
        table.add(f"Postfix {label}, {name} : fsync par courriel", rival["syncs"], "appels")
        table.add(f"Postfix {label}, {name} : connexions TLS ouvertes", rival["connections"], "", shown=str(rival["connections"]))
    if rivals:
        ratio = ours["rate"] / max(rival["rate"] for rival in rivals)
        table.add(f"{label} : débit de Liaison / Postfix le plus rapide", ratio, "", 1, ratio >= 1, said="≥ 1")


def bench_drain(options, table):
    count = options.letters or (DRAIN["letters"] // 10 if options.quick else DRAIN["letters"])
    with Run(options, "200k") as run:
        run.warm()
        ours = run.measure(count)
    table.add(f"Liaison : {count} lettres de 200 ko en retard", ours["seconds"], "s")
    all_of_it = ours["seconds"] * DRAIN["promised"] / count
    table.add("Liaison : 16 000 à ce débit" if count != DRAIN["promised"] else "Liaison : les 16 000", all_of_it, "s", DRAIN["seconds"],
              all_of_it < DRAIN["seconds"], said=f"< {DRAIN['seconds']}")
    table.add("Liaison : mémoire résidente à la fin du retard", ours["resident"] / 2**20, "Mio", 300, ours["resident"] < 300 * 2**20, said="< 300")


def bench_layout(options, table):
    letters = 80 if options.quick else 400
    for size in SIZES:
        for layout, word in (("rows", "lignes de la base"), ("segment", "fichier à part")):
            cpu, taken = blob_layout.measure(layout, size, letters)
            table.add(f"Objets {size[:-1]} ko, {word} : CPU par lettre", cpu, "ms")
            table.add(f"Objets {size[:-1]} ko, {word} : durée par lettre", taken, "ms")


# Figures of the small tools that are promised, with the direction in which they are.
TOOL_TARGETS = {"hl7_reading_mb_per_s": ("≥", 300), "hl7_reading_copies": ("≤", 2), "spool_newest_ms": ("≤", 10),
                "spool_backlog_rss_mib": ("≤", 16)}


def small_tool(options, table, title, *command):
    """A program of ours that measures something alone and prints name, value, unit."""
    print(f"\n{title}", flush=True)
    done = subprocess.run([options.tools / command[0], *command[1:]], stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        name, value, unit = line.split("\t")
        sign, target = TOOL_TARGETS.get(name, ("", None))
        holds = None if target is None else float(value) >= target if sign == "≥" else float(value) <= target
        table.add(name, float(value), unit, target, holds, said=f"{sign} {target}".replace(".", ",") if sign else "")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--letters", type=int)
    parser.add_argument("--size", choices=SIZES)
    parser.add_argument("--only", choices=["lecture", "depot", "lettres", "retard", "objets"])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-postfix", action="store_true")
    parser.add_argument("--no-profile", action="store_true")
    parser.add_argument("--top", type=int)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--deliveries", type=int, default=32)
    options = parser.parse_args()
    options.binary, options.tools = options.binary.resolve(), options.tools.resolve()
    if options.letters is not None and options.letters < 1:
        parser.error("--letters : au moins 1")
    table = Table(options.json)
    print(f"Machine : {os.cpu_count()} cœurs, charge {os.getloadavg()[0]:.1f} au départ ; émetteur et récepteur la partagent.")
    if options.only in (None, "lecture"):
        small_tool(options, table, "Lecture d'un message HL7 T02 : document de 1 Mo, puis des autres tailles ; un cœur", "bench_reading")
    if options.only in (None, "depot"):
        small_tool(options, table, "Dépôt : prise d'un fichier neuf, seul, puis devant un long retard", "bench_spool",
                   "5000" if options.quick else "50000")
    if options.only in (None, "lettres"):
        print("\nChaîne entière : fichier HL7 dans le dépôt → 250 du destinataire (TLS mutuel), tout durable.")
        for size in [options.size] if options.size else SIZES:
            bench(options, table, size, options.letters or (QUICK if options.quick else LETTERS)[size])
    if options.only in (None, "retard"):
        print("\nRetard : tout est dans le dépôt d'un coup")
        bench_drain(options, table)
    if options.only in (None, "objets"):
        print("\nObjets scellés : lignes de la base, ou ajoutés à un fichier à part")
        bench_layout(options, table)


main()
