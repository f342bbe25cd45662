"""Memory of a whole node with nothing, 10 000 and 100 000 letters queued, and how soon after its start one with a queue sends."""
import subprocess
import time

from hospital import WARM, Hospital

QUEUES = (10_000, 100_000)
SENT = 300  # of a long queue, while memory is looked at
IDLE_MIB, QUEUED_MIB, RESTART_SECONDS = 60, 300, 3


def _fill(node, count):
    """Rows as an intake leaves them, copies of a letter that was sent, since 100 000 through the spool would take an hour."""
    subprocess.run([node.options.tools / "bench_fill_queue", node.home / "data/liaison.db", node.home / "node.key", str(count)],
                   check=True)


def _queued(table, node, more, queued):
    node.stop()
    _fill(node, more)
    shown = f"{queued:,}".replace(",", " ")
    before = node.receiver.seen().mails
    began = time.monotonic()
    node.start()
    ready = time.monotonic() - began
    node.receiver.wait_for(before + 1, 120)
    table.add(f"Liaison, {shown} en file : redémarrage, prêt", ready, "s")
    table.add(f"Liaison, {shown} en file : redémarrage, premier 250", time.monotonic() - began, "s", ("<", RESTART_SECONDS))
    node.receiver.wait_for(before + SENT, 300)
    table.add_memory(f"Liaison, {shown} en file : mémoire en envoyant", node.resident(), QUEUED_MIB)
    table.add_memory(f"Liaison, {shown} en file : mémoire au plus haut", node.peak_resident(), QUEUED_MIB)
    waiting = node.lab.queue()["counts"]
    return waiting.get("queued", 0) + waiting.get("sending", 0)


def measure(options, table):
    with Hospital(options, "20k") as node:
        node.send(WARM)
        node.stop()
        node.start()
        time.sleep(1)  # what it does at its start is done
        table.add_memory(f"Liaison, file vide, {options.workers} fils de travail : mémoire", node.resident(), IDLE_MIB)
        have = 0
        for queued in QUEUES[:1] if options.quick else QUEUES:
            have = _queued(table, node, queued - have, queued)
