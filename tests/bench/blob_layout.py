"""Where the sealed objects of a letter are kept: rows of the database, or appended to a file beside it. What each costs, alone:
the two objects of a letter (document, mail), each in a commit of its own shared by a few letters, durable as in the store."""
import os
import resource
import shutil
import sqlite3
import tempfile
import time

OBJECTS = {"20k": (30_000, 113_000), "200k": (270_000, 899_000)}  # octets: the CDA document, the sealed mail
GROUP = 4          # letters in one commit, as under load
CHECKPOINT = 8000  # pages, as relay/store


def _cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _rows(database, _, octets):
    for _ in range(GROUP):
        database.execute("INSERT INTO blob VALUES (?, ?, NULL, ?)", (os.urandom(16).hex(), bytes(41), octets))


def _segment(database, file, octets):
    for _ in range(GROUP):
        at = os.lseek(file, 0, os.SEEK_END)
        os.write(file, octets)
        database.execute("INSERT INTO blob VALUES (?, ?, ?, NULL)", (os.urandom(16).hex(), bytes(41), at))
    os.fdatasync(file)  # before the commit: a row never speaks of octets that are not there


def _cost(layout, size, letters):
    """(CPU, time) in ms per letter; `layout`: "rows" or "segment"."""
    folder = tempfile.mkdtemp(prefix="liaison-bench-objects-")
    try:
        database = sqlite3.connect(os.path.join(folder, "store.db"), isolation_level=None)
        database.executescript(f"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               f"PRAGMA wal_autocheckpoint = {CHECKPOINT};"
                               "CREATE TABLE blob (id TEXT NOT NULL PRIMARY KEY, wrapped_key BLOB, place INTEGER, ciphertext BLOB)")
        file = os.open(os.path.join(folder, "segment"), os.O_CREAT | os.O_RDWR, 0o600)
        add = {"rows": _rows, "segment": _segment}[layout]
        objects = [os.urandom(octets) for octets in OBJECTS[size]]
        cpu, started = _cpu_seconds(), time.monotonic()
        for _ in range(letters // GROUP):
            for octets in objects:
                database.execute("BEGIN")
                add(database, file, octets)
                database.execute("COMMIT")
        letters = letters // GROUP * GROUP
        spent = (_cpu_seconds() - cpu) * 1000 / letters, (time.monotonic() - started) * 1000 / letters
        database.close()
        os.close(file)
        return spent
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(options, table):
    letters = 80 if options.quick else 400
    for size in OBJECTS:
        for layout, word in (("rows", "lignes de la base"), ("segment", "fichier à part")):
            cpu, taken = _cost(layout, size, letters)
            table.add(f"Objets {size[:-1]} ko, {word} : CPU par lettre", cpu, "ms")
            table.add(f"Objets {size[:-1]} ko, {word} : durée par lettre", taken, "ms")
