"""The ledger proves itself: `audit verify` and an export that Python and openssl check without Liaison; then a row changed, the chain redone
from there, the tail cut with its head and its signatures, a signature forged.

audit.py LIAISON"""
import base64
import datetime
import hashlib
import json
import pathlib
import shutil
import sqlite3
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, openssl, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
COLUMNS = ("sequence", "at", "kind", "stay", "letter", "delivery", "payload")


def chained(previous, row):
    """The hash of one row, from the words of the export's first line alone."""
    fields = b"".join(struct.pack(">q", len(part)) + part for part in row[2:])
    return hashlib.sha256(previous + struct.pack(">qq", row[0], row[1]) + fields).digest()


def octets(value):
    return value if isinstance(value, bytes) else (value or "").encode()


def rows_of(database):
    for row in database.execute(f"SELECT {', '.join(COLUMNS)} FROM event ORDER BY sequence"):
        yield (row[0], row[1], *map(octets, row[2:]))


def check_export(lab, checks, file):
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    checks.equal("forme", lines[0]["format"], "liaison-ledger-1")
    events = [line for line in lines if "kind" in line]
    previous, hashes = bytes(32), {}
    for place, one in enumerate(events, 1):
        row = (one["sequence"], one["at"], *(one[name].encode() for name in COLUMNS[2:6]), base64.b64decode(one["payload"]))
        previous = hashes[place] = chained(previous, row)
        if (one["sequence"], one["sha256"]) != (place, previous.hex()):
            checks.that(f"preuve {place}", False, one["sha256"])
            break
    checks.that("chaîne refaite par hashlib", len(hashes) == len(events) > 5, str(len(events)))
    statements = [line["statement"] for line in lines if "statement" in line]
    checks.that("au moins une signature", statements)
    for statement in statements:
        text = openssl("cms", "-verify", "-CAfile", lab.anchors, "-purpose", "any", data=statement.encode()).decode()
        told = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        checks.equal("openssl lit la signature, la chaîne y est", told["sha256"], hashes[int(told["sequence"])].hex())
    marks = [mark for mark in ("ZYGOMALAS", "ODETTE", "lenoiraud", "2850769") if mark in file.read_text(encoding="utf-8")]
    checks.equal("l'export ne nomme personne", marks, [])


class Copy:
    """The hospital's folder once more, to be spoiled by somebody who can write every file but holds no key."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        shutil.copytree(lab.folder / "hospital", lab.folder / name)
        self.database = sqlite3.connect(lab.folder / name / "data/liaison.db")
        for (trigger,) in self.database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self.database.execute(f"DROP TRIGGER {trigger}")

    def redo_chain(self):
        previous, last = bytes(32), 0
        for row in list(rows_of(self.database)):
            previous, last = chained(previous, row), row[0]
            self.database.execute("UPDATE event SET hash = ? WHERE sequence = ?", (previous, last))
        self.database.execute("UPDATE ledger_head SET sequence = ?, hash = ?", (last, previous))

    def fault(self, *statements):
        self.database.commit()
        self.database.close()
        done = self.lab.liaison("audit", "verify", *map(str, statements), "--format", "json", config=self.name, check=False)
        found = json.loads(done.stdout)
        return done.returncode, found["fault"], found["sequence"]


def test(lab, checks):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    world = World.load(now)
    lab.make_pki([Doctor.from_stays(world.doctors["lenoiraud"])])
    copies = lab.folder / "copies"
    copies.mkdir(mode=0o700)
    lab.add_pair(hospital={"audit": {"every_seconds": 1, "copies": str(copies)}})
    lab.start_pair()
    for number in ("01", "02"):
        letter = world.files_of(simple_stay(number, PATIENT, files=[
            {"form": "mdm", "file": f"lettre{number}.hl7", "type": "LL", "to": ["lenoiraud"]}]))[0]
        lab.drop(letter)
        lab.wait_for_state(letter.document_sha256, "confirmed")
    wait_for("une signature par heure, ici par seconde", lambda: list(copies.glob("registre-*.eml")))
    lab.stop_node("hospital")
    done = lab.liaison("audit", "verify", *map(str, copies.glob("*.eml")), "--format", "json")
    intact = json.loads(done.stdout)
    checks.equal("intact", intact["fault"], "none")
    lab.liaison("audit", "export", str(lab.folder / "registre.jsonl"))
    check_export(lab, checks, lab.folder / "registre.jsonl")
    newest = max(copies.glob("*.eml"), key=lambda file: int(file.stem.split("-")[1]))
    checks.equal("à l'arrêt, la fin est signée", int(newest.stem.split("-")[1]), intact["sequence"])

    changed = Copy(lab, "changed")
    changed.database.execute("UPDATE event SET at = at - 3600000 WHERE sequence = 3")
    checks.equal("une heure changée", changed.fault(), (1, "chain", 3))
    exchanged = Copy(lab, "exchanged")
    exchanged.database.execute("UPDATE event SET payload = (SELECT payload FROM event WHERE sequence = 4) WHERE sequence = 3")
    exchanged.redo_chain()
    checks.equal("un contenu échangé, la chaîne refaite", exchanged.fault(), (1, "chain", 3))
    redone = Copy(lab, "redone")
    redone.database.execute("UPDATE event SET at = at - 3600000 WHERE sequence = 3")
    redone.redo_chain()
    code, fault, sequence = redone.fault()
    checks.that("la chaîne refaite, ses signatures non", (code, fault) == (1, "rewritten") and sequence >= 3, f"{fault} {sequence}")
    cut = Copy(lab, "cut")
    cut.database.execute("DELETE FROM event WHERE sequence > 4")
    cut.database.execute("DELETE FROM ledger_seal WHERE sequence > 4")
    cut.redo_chain()
    checks.equal("la fin coupée avec ses signatures : une copie gardée ailleurs le dit", cut.fault(newest), (1, "cut", 4))
    forged = Copy(lab, "forged")
    forged.database.execute("UPDATE ledger_seal SET statement = replace(statement, 'sequence: ', 'sequence: 9')")
    code, fault, _ = forged.fault()
    checks.equal("une signature retouchée", (code, fault), (1, "statement"))


if __name__ == "__main__":
    run(test)
