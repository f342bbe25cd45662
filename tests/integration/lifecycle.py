"""Start, stop and what lies between: settings told wrong together, folders that must be private, one instance, SIGTERM and SIGKILL
with a letter in flight, a full disk, requeue.

lifecycle.py LIAISON"""
import datetime
import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
SETTINGS_WRONG = 78  # EX_CONFIG
USUAL_DISK = 1 << 20
NO_ROOM = 1 << 40  # limits.free_disk_octets at its most, more than a test machine has: as good as a full disk


class Letters:
    def __init__(self):
        self.world = World.load(datetime.datetime.now(datetime.timezone.utc))
        self.number = 0

    def make(self, form="mdm", treating="lenoiraud"):
        self.number += 1
        name = f"{self.number}.{'json' if form == 'sidecar' else 'hl7'}"
        return self.world.files_of(simple_stay(f"{self.number:02d}", PATIENT, treating, files=[
            {"form": form, "file": name, "type": "LL", "to": [treating]}]))[0]


def attempt(lab, command, role="hospital"):
    done = subprocess.run([lab.binary, command, "--config", lab.config(role)], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def check_settings(lab, checks):
    """All mistakes at once, each with its line, the same words from check and serve."""
    file = lab.config("hospital")
    good = file.read_text(encoding="utf-8")
    lines = good.splitlines()

    def replaced(start, by):
        at = next(n for n, line in enumerate(lines) if line.startswith(start))
        lines[at] = by
        return at + 1

    wanted = {replaced("rescan_seconds", 'rescan_seconds = "souvent"'): "rescan_seconds",
              replaced("finess", "finness = \"990000010\""): "finness",
              replaced("workers", "workers = -3"): "workers",
              replaced("environment", 'environment = "bac à sable"'): "environment",
              replaced("returns", 'returns = "nulle part"'): "returns"}
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    status, told = attempt(lab, "check")
    checks.equal("check : code", status, SETTINGS_WRONG)
    for line, key in wanted.items():
        checks.that(f"ligne {line} {key}", any(f"liaison.toml:{line} " in row and key in row for row in told.splitlines()), told)
    checks.equal("rien d'autre que ces fautes, et la clé qui manque de ce fait", told.count("liaison.toml"), len(wanted) + 1)
    status, of_serve = attempt(lab, "serve")
    checks.that("serve dit les mêmes", status == SETTINGS_WRONG and told.startswith(of_serve.strip()), of_serve)
    file.write_text(good + "\n[inconnue]\nx = 1\n", encoding="utf-8")
    checks.that("table inconnue", attempt(lab, "check")[0] != 0 and "inconnue" in attempt(lab, "check")[1])
    file.write_text(good + "\n[[[", encoding="utf-8")
    status, told = attempt(lab, "check")
    checks.that("TOML illisible : une ligne", status != 0 and "liaison.toml:" in told, told)
    file.write_text(good, encoding="utf-8")
    checks.equal("réglages justes", attempt(lab, "check")[0], 0)


def check_private(lab, checks):
    home = lab.folder / "hospital"
    for name, mode in (("data", 0o750), ("spool", 0o701), ("ack", 0o755), ("node.key", 0o640)):
        kept = (home / name).stat().st_mode & 0o777
        os.chmod(home / name, mode)
        for command in ("check", "serve"):
            status, told = attempt(lab, command)
            checks.that(f"{name} {mode:o} refusé par {command}", status != 0 and told.strip(), f"{status} {told}")
        os.chmod(home / name, kept)
    os.rename(home / "ack", home / "ack-ailleurs")
    checks.that("dossier absent refusé", attempt(lab, "check")[0] != 0)
    os.rename(home / "ack-ailleurs", home / "ack")
    checks.equal("de nouveau en ordre", attempt(lab, "check")[0], 0)
    checks.that("commande sans serveur : un mot clair", lab.liaison("requeue", "abc", check=False).returncode != 0)


def check_single(lab, checks):
    status, told = attempt(lab, "serve")
    checks.that("seconde instance refusée", status not in (0, None) and told.strip(), f"{status} {told}")
    checks.that("la première vit", lab.liaison("status").returncode == 0 and lab._serving["hospital"].poll() is None)
    endpoints = (lab.folder / "hospital/data/run/endpoints.json").read_text(encoding="utf-8")
    checks.that("ses points d'accès restent", f'"pid":{lab._serving["hospital"].pid}' in endpoints.replace(" ", ""))


def in_flight(lab, letters):
    """A letter whose receiver has stopped answering: it is being sent, and no reply comes."""
    operator = lab._serving["operator"].pid
    os.kill(operator, signal.SIGSTOP)
    submission = letters.make()
    lab.drop(submission)
    lab.wait_for_state(submission.document_sha256, "sending")
    return submission, operator


def check_flight(lab, checks, letters, doctor):
    submission, operator = in_flight(lab, letters)
    try:
        process = lab._serving["hospital"]
        process.send_signal(signal.SIGTERM)
        wait_for("le relais s'arrête de prendre", lambda: "app.draining" in lab.log())
        late = letters.make()
        lab.drop(late)
        checks.that("il attend la lettre en vol", process.poll() is None)
    finally:
        os.kill(operator, signal.SIGCONT)
    checks.equal("SIGTERM : arrêt propre", lab.wait_node("hospital"), 0)
    lab.start_node("hospital")
    for one in (submission, late):
        lab.wait_for_state(one.document_sha256, "confirmed")
    checks.equal("chacune reçue une fois", len(lab.mails(doctor)), 2)

    submission, operator = in_flight(lab, letters)
    try:
        lab.kill_node("hospital")
    finally:
        os.kill(operator, signal.SIGCONT)
    lab.start_node("hospital")
    said = lab.wait_for_state(submission.document_sha256, "confirmed")
    checks.that("le registre sait que la réponse s'est perdue", "reply_lost" in [e["kind"] for e in said["deliveries"][0]["events"]])
    checks.equal("reçue une fois", len(lab.mails(doctor)), 3)


def restart(lab, checks, role, disk=USUAL_DISK):
    """With another limits.free_disk_octets; ports stay, since others know them."""
    checks.equal(f"{role} : arrêt propre", lab.stop_node(role), 0)
    file = lab.config(role)
    lines = [f"free_disk_octets = {disk}" if line.startswith("free_disk_octets") else line
             for line in file.read_text(encoding="utf-8").splitlines()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    lab.start_node(role)


def check_full_disk(lab, checks, letters, doctor):
    before = len(lab.mails(doctor))
    restart(lab, checks, "hospital", NO_ROOM)
    message, sidecar = letters.make(), letters.make("sidecar")
    lab.drop(message)
    lab.drop(sidecar)
    answer = lab.wait_for_ack(message.file)
    checks.that("disque plein : AR", b"\rMSA|AR|" in answer, repr(answer))
    checks.that("rien n'a été gardé", lab.letter_of(message.document_sha256) is None)
    checks.equal("la fiche n'a pas de réponse", lab.acks_of(sidecar.file), {})
    checks.equal("rien n'est refusé", lab.queue("--rejected")["rejected"], [])
    restart(lab, checks, "hospital")
    checks.that("la fiche attendait", b'"ACCEPTED"' in lab.wait_for_ack(sidecar.file))
    (lab.acks / (message.file + ".ack.hl7")).unlink()
    lab.drop(message)
    checks.that("le message renvoyé est pris", b"\rMSA|AA|" in lab.wait_for_ack(message.file))
    wait_for("les deux reçues", lambda: len(lab.mails(doctor)) == before + 2)

    # The operator's disk: 452, put off, and delivered when there is room.
    restart(lab, checks, "operator", NO_ROOM)
    submission = letters.make()
    lab.drop(submission)
    said = lab.wait_for_state(submission.document_sha256, "deferred")
    checks.that("452 de l'opérateur", 452 in [e["smtp_code"] for e in said["deliveries"][0]["events"]])
    restart(lab, checks, "operator")
    lab.wait_for_state(submission.document_sha256, "confirmed")
    checks.equal("reçue une fois", len(lab.mails(doctor)), before + 3)


def check_requeue(lab, checks, letters, stranger):
    submission = letters.make(treating="rouxelles")
    lab.drop(submission)
    said = lab.wait_for_state(submission.document_sha256, "failed")
    stranger.mailbox = True
    lab.add_mailboxes()
    lab.liaison("requeue", said["id"])
    said = lab.wait_for_state(submission.document_sha256, "confirmed")
    kinds = [event["kind"] for event in said["deliveries"][0]["events"]]
    way = ["refused", "requeued", "accepted", "report_delivered"]
    checks.equal("échec, remise en file, acceptée, confirmée", [kind for kind in kinds if kind in way], way)
    checks.equal("reçue une fois", len(lab.mails(stranger)), 1)
    checks.that("rien à remettre en file", lab.liaison("requeue", said["id"], check=False).returncode != 0)
    checks.that("identifiant inconnu", lab.liaison("requeue", "inconnu", check=False).returncode != 0)


def test(lab, checks):
    letters = Letters()
    doctor, stranger = (Doctor.from_stays(letters.world.doctors[name]) for name in ("lenoiraud", "rouxelles"))
    stranger.mailbox = False
    lab.make_pki([doctor, stranger])
    lab.add_pair()
    check_settings(lab, checks)
    check_private(lab, checks)
    lab.start_pair()
    check_single(lab, checks)
    check_flight(lab, checks, letters, doctor)
    check_full_disk(lab, checks, letters, doctor)
    check_requeue(lab, checks, letters, stranger)
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])
    for role in ("hospital", "operator"):
        checks.that(f"{role} ne laisse ni adresse d'écoute ni prise", not (lab.folder / role / "data/run/endpoints.json").exists())


if __name__ == "__main__":
    run(test)
