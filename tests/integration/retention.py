"""Content at its term (domain.md §10 rule 7): dry run, certificate that openssl reads, destruction while the node runs, proof that an
outsider checks, a repeat afterwards; figures of a closed day; a partner's report as a page and as a PDF.

retention.py LIAISON"""
import datetime
import email
import json
import pathlib
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, openssl  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
MARKS = ("ZYGOMALAS", "ODETTE", "285076900000095")
NINE_DAYS = 9 * 86400 * 1000


def backdate(lab):
    database = sqlite3.connect(lab.folder / "hospital/data/liaison.db")
    database.execute("UPDATE letter SET received_at = received_at - ?", (NINE_DAYS,))
    database.execute("UPDATE delivery SET accepted_at = accepted_at - ?, created_at = created_at - ?", (NINE_DAYS, NINE_DAYS))
    database.commit()
    database.close()


def check_certificate(lab, checks, file, letter):
    text = openssl("cms", "-verify", "-CAfile", lab.anchors, "-purpose", "any", data=file.read_bytes())
    parts = {part.get_content_type(): part for part in email.message_from_bytes(text).walk()}
    told = json.loads(parts["application/json"].get_payload(decode=True))
    checks.equal("certificat : document", told["documents"][0]["sha256"], letter.document_sha256)
    checks.that("certificat : destinataire et preuves", told["deliveries"][0]["address"] and
                {"accepted", "report_delivered"} <= {one["kind"] for one in told["deliveries"][0]["evidence"]})
    words = parts["text/plain"].get_payload(decode=True).decode()
    checks.that("certificat : texte", "CERTIFICAT DE TRANSMISSION" in words and "remise confirmée" in words)
    checks.equal("certificat : ne nomme pas le patient", [mark for mark in MARKS if mark in words + json.dumps(told)], [])


def check_proof(lab, checks):
    lab.liaison("audit", "export", str(lab.folder / "registre.jsonl"))
    lines = [json.loads(line) for line in (lab.folder / "registre.jsonl").read_text(encoding="utf-8").splitlines()]
    told = [openssl("cms", "-verify", "-CAfile", lab.anchors, "-purpose", "any", data=line["declaration"].encode()).decode()
            for line in lines if line.get("kind") == "content_purged" and "declaration" in line]
    checks.that("destruction déclarée et signée", len(told) == 1 and "counts: letters=1 others=0 objects=2" in told[0], str(told))
    done = json.loads(lab.liaison("audit", "verify", "--format", "json").stdout)
    checks.equal("registre intact", done["fault"], "none")


def last_of_month(day):
    return (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)


def check_partner(lab, checks):
    today = datetime.date.today()
    partner = ("--partner", "990000028", "--name", "CMS de Demoville")
    for until, code in ((today, "PARTNER_PERIOD"), (last_of_month(today), "PARTNER_PERIOD_OPEN")):
        first = today.replace(day=1) if code == "PARTNER_PERIOD_OPEN" else today - datetime.timedelta(days=39)
        refused = subprocess.run([str(lab.binary), "report", "--from", str(first), "--to", str(until), *partner, "--format",
                                  "html", "--config", str(lab.config())], capture_output=True, text=True, timeout=60)
        checks.that(code, refused.returncode != 0 and refused.stderr.startswith(code + " "), refused.stderr)
    last = today.replace(day=1) - datetime.timedelta(days=1)
    words = ("report", "--from", str(last.replace(day=1)), "--to", str(last), *partner)
    page = lab.liaison(*words, "--format", "html").stdout
    checks.that("page du partenaire", "<h1>Lettres de sortie : CMS de Demoville</h1>" in page and "n &lt; 5" in page)
    command = [str(lab.binary), *words, "--format", "pdf", "--config", str(lab.config())]
    pdf = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=60).stdout.decode()
    checks.that("PDF du partenaire", "CMS de Demoville" in text and "Définitions" in text)
    checks.equal("ne nomme personne", [mark for mark in MARKS if mark in page + text], [])


def test(lab, checks):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    world = World.load(now)
    lab.make_pki([Doctor.from_stays(world.doctors["lenoiraud"])])
    lab.add_pair()
    lab.start_pair()
    letter = world.files_of(simple_stay("01", PATIENT, files=[
        {"form": "mdm", "file": "lettre01.hl7", "type": "LL", "to": ["lenoiraud"]}]))[0]
    lab.drop(letter)
    lab.wait_for_state(letter.document_sha256, "confirmed")
    early = json.loads(lab.liaison("purge", "--dry-run", "--all", "--format", "json").stdout)["letters"]
    checks.equal("rien à son terme, une lettre à venir", (len(early), early[0]["rule"]), (1, "all_ended"))
    checks.equal("à vide", json.loads(lab.liaison("purge", "--format", "json").stdout)["letters"], 0)
    lab.stop_node("hospital")
    backdate(lab)
    plan = json.loads(lab.liaison("purge", "--dry-run", "--format", "json").stdout)["letters"]
    checks.equal("à blanc", [(one["certificate"], one["objects"]) for one in plan], [("none", 2)])
    checks.that("table", "7 j après la fin des envois" in lab.liaison("purge", "--dry-run").stdout)
    lab.start_node("hospital")
    done = json.loads(lab.liaison("purge", "--format", "json").stdout)
    later = json.loads(lab.liaison("purge", "--format", "json").stdout)
    checks.equal("détruite une fois, à la demande ou par le nœud", later["letters"], 0)
    checks.that("compte", done["letters"] in (0, 1) and done["waiting"] == 0, str(done))
    files = list((lab.folder / "hospital/ack").glob("*certificat*"))
    checks.equal("un certificat", len(files), 1)
    check_certificate(lab, checks, files[0], letter)
    check_proof(lab, checks)
    refused = lab.liaison("requeue", plan[0]["letter"], check=False)
    checks.that("plus rien à relancer", refused.returncode == 1 and "NOT_NEEDED" in refused.stderr, refused.stderr)
    handed = lab.folder / "remises.csv"
    handed.write_text(f"inconnu;{datetime.datetime.now():%Y-%m-%dT%H:%M}\n")
    told = json.loads(lab.liaison("handed-over", str(handed), "--format", "json").stdout)
    checks.equal("remise à un inconnu", told, {"done": 0, "already": 0, "unknown": 1})
    handed.write_text("inconnu,2026\n")
    checks.equal("remise mal écrite", lab.liaison("handed-over", str(handed), check=False).returncode, 2)
    check_partner(lab, checks)


if __name__ == "__main__":
    run(test)
