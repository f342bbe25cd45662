"""Letters through the whole pipeline (HL7 file → 2xx over mutual TLS, all durable) beside Postfix relaying the same sealed bytes
from a ready queue, both to the same second Postfix with `discard:`, in one run."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from figures import title
from hospital import WARM, Hospital, Meter
from nodes import DOMAIN, HOSPITAL
from postfix_relay import PostfixRelay
from processes import SyncCounter

LETTERS = {"20k": 3000, "200k": 800}
QUICK = {"20k": 300, "200k": 80}
CPU_TARGET_MS = {"20k": 3.5, "200k": 9.0}
REST_TARGET_MS = {"20k": 1.2, "200k": 2.5}
PROFILED = 600  # letters at most, under perf
INJECTORS = 8   # connections into Postfix


def _inject(options, postfix, meter, mails, count):
    """(first instant of the injection, last 250 of the receiver), in ns."""
    done = subprocess.Popen([options.tools / "bench_injector", str(postfix.port), mails, str(count), str(INJECTORS), HOSPITAL,
                             f"essai@{DOMAIN}"], stdout=subprocess.PIPE, text=True)
    began = int(done.stdout.readline())
    if done.wait(60 + count) != 0:
        raise SystemExit("Postfix n'a pas pris tous les courriels :\n" + postfix.log()[-2000:])
    return began, meter.wait(count).at_ns


def _rival(options, node, mails, count, reuse):
    shared = pathlib.Path(tempfile.mkdtemp(prefix="liaison-bench-count-"))
    os.chmod(shared, 0o755)
    try:
        counter = SyncCounter(shared / "syncs")
        with PostfixRelay(node.lab.pki, node.receiver.port, reuse=reuse, counter=options.tools / "bench_sync_counter.so",
                          counter_file=counter.file) as postfix:
            def meter():
                return Meter(postfix.cpu_seconds, counter.total, node.receiver)
            _inject(options, postfix, meter(), mails, WARM)
            measured = meter()
            began, last = _inject(options, postfix, measured, mails, count)
            time.sleep(0.3)  # its daemons write their last lines after the last 250
            return measured.cost(count, began, last)
    finally:
        shutil.rmtree(shared, ignore_errors=True)


def measure(options, table, size):
    count = options.letters or (QUICK if options.quick else LETTERS)[size]
    label = f"{size[:-1]} ko"
    title(f"PDF de {label}, {count} lettres")
    with Hospital(options, size) as node:
        mails = node.sealed_mails()
        sink = node.send_to_postfix()
        node.send(WARM)
        before = sink.different_mails()
        ours = node.send(count)
        if sink.different_mails() - before != count:
            raise SystemExit("le destinataire n'a pas reçu chaque lettre une fois")
        shares = {} if options.no_profile else node.shares(min(PROFILED, max(WARM, count // 2)))
        resident = node.peak_resident()
        rivals = {} if options.no_postfix else {
            name: _rival(options, node, mails, count, reuse) for name, reuse in (("TLS gardé", "yes"), ("TLS neuf", "no"))}
    _print_ours(table, label, size, ours, shares)
    table.add_memory(f"Liaison {label} : mémoire au plus haut", resident, 300)
    for name, rival in rivals.items():
        _print(table, f"Postfix {label}, {name}", rival)
    if rivals:
        ratio = ours.rate / max(rival.rate for rival in rivals.values())
        table.add(f"{label} : débit de Liaison / Postfix le plus rapide", ratio, target=("≥", 1))


def _print_ours(table, label, size, ours, shares):
    who = f"Liaison {label}"
    _print(table, who, ours, ("≤", CPU_TARGET_MS[size]))
    for kind, share in shares.items():
        table.add(f"{who} : dont {kind}", share * ours.cpu_ms, "ms", ("≤", REST_TARGET_MS[size]) if kind == "reste" else None)
    table.add(f"{who} : courriel scellé", ours.octets / 1000, "ko")


def _print(table, who, cost, cpu_target=None):
    table.add(f"{who} : débit", cost.rate, "lettres/s")
    table.add(f"{who} : CPU par lettre", cost.cpu_ms, "ms", cpu_target)
    table.add(f"{who} : CPU du destinataire par lettre", cost.receiver_ms, "ms")
    table.add(f"{who} : fsync et fdatasync par lettre", cost.syncs, "appels")
    table.add(f"{who} : connexions TLS ouvertes", cost.connections)
