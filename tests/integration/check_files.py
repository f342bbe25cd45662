"""`liaison check` on the files a hospital drops: exit codes, the three formats, nothing stored, nothing sent, nobody named.

check_files.py LIAISON"""
import csv
import datetime
import io
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, run  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
ACCEPTED, REFUSED, HELD, SETTINGS = 0, 3, 4, 78


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    described = world.doctors["lenoiraud"]
    doctor = Doctor(described["address"], described["rpps"], described["family"], described["given"])
    lab.make_pki([doctor])
    lab.add_pair()
    lab.import_directory()
    folder = lab.folder / "a-verifier"
    folder.mkdir(mode=0o700)

    def drop(number, form, **changed):
        ending = {"cda": "xml", "mdm": "hl7", "adt": "hl7", "sidecar": "json"}[form]
        named = {"form": form, "file": f"{number}.{ending}", "type": "LL", "to": ["lenoiraud"], **changed}
        made = world.files_of(simple_stay(number, PATIENT, "lenoiraud", files=[named]))[0]
        for name, content in made.files.items():
            (folder / name).write_bytes(content)
        return folder / made.file

    good = [drop("71", "mdm"), drop("72", "cda"), drop("73", "sidecar"), drop("74", "adt")]
    wrong = drop("75", "mdm", edits=[("MASQUE_PS^Masqué aux professionnels de Santé^MetaDMPMSS||N",
                                      "MASQUE_PS^Masqué aux professionnels de Santé^MetaDMPMSS||Y")])
    unknown = drop("76", "mdm", edits=[(described["address"], f"personne@{DOMAIN}")])
    before = sorted(path.name for path in lab.folder.rglob("*"))

    def check(*files, more=()):
        return lab.liaison("check", *more, *files, check=False)

    done = check(*good)
    checks.equal("acceptés", done.returncode, ACCEPTED)
    for part in ("71.hl7 : accepté (AA)", "72.xml : accepté (ACCEPTED)", "73.json : accepté", "74.hl7 : accepté (AA)", "ligne B'",
                 "R.1112-1-2", "conforme", "partirait"):
        checks.that(f"« {part} » est dit", part in done.stdout, done.stdout)
    columns = [line.index("conforme") for line in done.stdout.splitlines() if line.startswith("  C") and "conforme" in line]
    checks.equal("colonnes alignées", len(set(columns[:3])), 1)
    checks.equal("un refusé", check(*good, wrong).returncode, REFUSED)
    checks.equal("un retenu", check(*good, unknown).returncode, HELD)
    checks.equal("refusé avant retenu", check(wrong, unknown).returncode, REFUSED)
    checks.equal("fichier absent", check(folder / "absent.hl7").returncode, REFUSED)

    said = json.loads(check(wrong, unknown, more=("--format", "json")).stdout)["files"]
    checks.equal("réponses", [one["answer"] for one in said], ["AE", "AA"])
    checks.equal("verdicts", [one["verdict"] for one in said], ["refused", "held"])
    checks.equal("le drapeau en cause", (said[0]["faults"][0]["code"], said[0]["faults"][0]["field"]), ("207", "OBX^2^5"))
    checks.equal("la cause", said[1]["recipients"][0]["cause"], "NO_CERTIFICATE")
    checks.equal("le séjour est inconnu", said[1]["stay"]["known"] in (None, False), True)
    rows = list(csv.reader(io.StringIO(check(wrong, unknown, more=("--format", "csv")).stdout)))
    checks.equal("CSV", [row[1] for row in rows], ["verdict", "refusé", "accepté", "retenu"])

    checks.equal("rien n'est écrit", sorted(path.name for path in lab.folder.rglob("*")), before)
    checks.equal("rien n'est gardé", lab.queue("--all")["deliveries"] if (lab.folder / "hospital/data/liaison.db").exists() else [], [])
    for one in (done.stdout, json.dumps(said, ensure_ascii=False)):
        for mark in ("ZYGOMALAS", "ODETTE", "285076900000095", "D880001", described["address"]):
            checks.that("personne n'est nommé", mark not in one)

    settings = lab.config()
    settings.write_text(settings.read_text(encoding="utf-8") + "[intake]\nmatrix_version = \"1999-01-01\"\n", encoding="utf-8")
    done = check(good[0])
    checks.equal("réglages", done.returncode, SETTINGS)
    checks.that("version de matrice inconnue", "matrix_version" in done.stderr and "2026-04-21" in done.stderr, done.stderr)


if __name__ == "__main__":
    run(test)
