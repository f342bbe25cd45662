"""Reports taken by a whole node: by SMTP over TLS with a client certificate, each about another letter, and all applied.

The letters are rows as an intake and an accepted attempt leave them (bench_fill_queue). One peer sends on several connections,
so the limit of mails from one peer is raised. A report's 250 comes when it is durable, so time goes from the first connection to
the last 250. What the node tells the hospital's software goes on beside it and is waited for afterwards."""
import json
import os
import subprocess
import time

from hospital import Hospital
from lab import wait_for
from nodes import HOSPITAL
from processes import cpu_seconds

TARGET = ("≥", 1000)
CONNECTIONS = 32


def _prepare(node, count):
    """A folder with one report about each of `count` letters that the node remembers to have sent."""
    mails = node.lab.folder / "reports"
    mails.mkdir(mode=0o700)
    node.send(1)
    node.stop()
    subprocess.run([node.options.tools / "bench_fill_queue", node.home / "data/liaison.db", node.home / "node.key", str(count), mails,
                    HOSPITAL], check=True)
    node.start()
    return mails


def _applied(node):
    counts = node.lab.queue()["counts"]
    return counts.get("confirmed", 0) + counts.get("processed", 0)


def _waiting_acknowledgements(node):
    return json.loads(node.lab.liaison("status", "--format", "json").stdout)["acks_waiting"]


def measure(options, table):
    count = 2_000 if options.quick else 20_000
    with Hospital(options, "20k", mails_per_minute=100_000) as node:
        mails, pki = _prepare(node, count), node.lab.pki
        acknowledged = len(os.listdir(node.lab.acks))
        before = cpu_seconds(node.process.pid)
        said = subprocess.run([options.tools / "bench_injector", str(node.lab.port("hospital", "smtp")), mails, str(count),
                               str(CONNECTIONS), "", HOSPITAL, pki / "operator-tls.crt", pki / "operator-tls.key"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        used = cpu_seconds(node.process.pid) - before
        seconds = (int(said[-1]) - int(said[0])) / 1e9
        if (applied := _applied(node)) != count:
            raise SystemExit(f"{applied} rapports appliqués sur {count}")
        table.add(f"Retours par SMTP et TLS, {CONNECTIONS} connexions : appliqués", count / seconds, "/s", TARGET)
        table.add("Retours par SMTP et TLS : CPU du nœud par rapport", used * 1000 / count, "ms")
        began = time.monotonic()
        wait_for("acquittements", lambda: _waiting_acknowledgements(node) == 0, 300)
        written = len(os.listdir(node.lab.acks)) - acknowledged
        table.add("Retours par SMTP et TLS : acquittements écrits", written)
        table.add("Retours par SMTP et TLS : acquittements, après le dernier 250", time.monotonic() - began, "s")
