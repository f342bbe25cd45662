"""scripts/bench without its building: see there. One module for each part; what they share stands in hospital.py."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import backlog  # noqa: E402
import blob_layout  # noqa: E402
import long_queue  # noqa: E402
import returns_by_smtp  # noqa: E402
import whole_pipeline  # noqa: E402
from figures import Table, title  # noqa: E402
from hospital import SIZES  # noqa: E402

# Figures of the small tools that are promised.
TOOL_TARGETS = {"hl7_reading_mb_per_s": ("≥", 300), "hl7_reading_copies": ("≤", 2), "spool_newest_ms": ("≤", 10),
                "spool_backlog_rss_mib": ("≤", 16), "returns_per_second": ("≥", 1000), "page_service_year_p95_ms": ("≤", 150),
                "page_year_p95_ms": ("≤", 1000), "worklist_p95_ms": ("≤", 150)}


def small_tool(options, table, *command):
    """A program of ours that measures something alone and prints name, value, unit."""
    done = subprocess.run([options.tools / command[0], *command[1:]], stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        name, value, unit = line.split("\t")
        table.add(name, float(value), unit, TOOL_TARGETS.get(name))


def reading(options, table):
    title("Lecture d'un message HL7 T02 : document de 1 Mo, puis des autres tailles ; un cœur")
    small_tool(options, table, "bench_reading")


def spool(options, table):
    title("Dépôt : prise d'un fichier neuf, seul, puis devant un long retard")
    small_tool(options, table, "bench_spool", "5000" if options.quick else "50000")


def returns(options, table):
    title("Retours : rapports et accusés de lecture, chacun pour une autre lettre, de la réception à l'écriture durable")
    small_tool(options, table, "bench_returns", "2000" if options.quick else "20000")
    returns_by_smtp.measure(options, table)


def figures_of_periods(options, table):
    title("Indicateurs : pages et chiffres d'un service, d'un mois, de l'année, avec 2 millions d'envois ; liste de travail")
    with tempfile.TemporaryDirectory() as folder:
        small_tool(options, table, "bench_reports", folder, "27000" if options.quick else "270000")


def letters(options, table):
    title("Chaîne entière : fichier HL7 dans le dépôt → 250 d'un second Postfix (TLS mutuel, discard:), tout durable")
    for size in [options.size] if options.size else SIZES:
        whole_pipeline.measure(options, table, size)


def queue(options, table):
    title("File d'attente : mémoire d'un nœud entier, redémarrage")
    long_queue.measure(options, table)


def late(options, table):
    title("Retard : tout est dans le dépôt d'un coup")
    backlog.measure(options, table)


def layout(options, table):
    title("Objets scellés : lignes de la base, ou ajoutés à un fichier à part")
    blob_layout.measure(options, table)


PARTS = {"lecture": reading, "depot": spool, "retours": returns, "indicateurs": figures_of_periods, "lettres": letters,
         "file": queue, "retard": late, "objets": layout}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--letters", type=int)
    parser.add_argument("--size", choices=SIZES)
    parser.add_argument("--only", choices=PARTS)
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
    for name, part in PARTS.items():
        if options.only in (None, name):
            part(options, table)


main()
