"""Settings, certificates and routes changed under a running pair, and the ways to end: a mail under way goes on over the reload
and over the drain, what cannot change is said, a bad file changes nothing.

reload.py LIAISON"""
import contextlib
import hashlib
import os
import pathlib
import re
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from lifecycle import Letters  # noqa: E402
from nodes import free_ports, run  # noqa: E402
from smtp_peer import SENDER, SmtpPeer, mail, node_pair  # noqa: E402



def connect(lab, port):
    return SmtpPeer(lab, node_pair(lab)).connect(port, timeout=15)


def begin_mail(lab, port, to, identifier):
    """In mid-mail: DATA is open and half of the mail is on its way."""
    client = connect(lab, port)
    assert client.mail(SENDER)[0] == 250 and client.rcpt(to)[0] == 250 and client.docmd("DATA")[0] == 354
    client.send(mail(identifier, to, "d'abord"))
    return client


def end_mail(client):
    client.send("puis le reste\r\n.\r\n")
    return client.getreply()[0]


def certificate_shown(client):
    return hashlib.sha256(client.sock.getpeercert(binary_form=True)).hexdigest()


def change(lab, role, pattern, replacement):
    file = lab.config(role)
    text, count = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=1, flags=re.M)
    assert count == 1, pattern
    file.write_text(text, encoding="utf-8")


def reloads(lab, role):
    return lab.log(role).count("app.reloaded"), lab.log(role).count("app.reload_refused")


def hang_up(lab, role):
    """SIGHUP, until it is answered: 'taken' or 'refused'."""
    before = reloads(lab, role)
    lab._serving[role].send_signal(signal.SIGHUP)
    wait_for(f"{role} relit ses réglages", lambda: reloads(lab, role) != before)
    return "taken" if reloads(lab, role)[0] > before[0] else "refused"


def check_mid_mail(lab, checks, doctor):
    port = lab.port("operator", "smtp")
    before = len(lab.mails(doctor))
    with begin_mail(lab, port, doctor.address, "recharge-1") as client:
        old = certificate_shown(client)
        for part in ("crt", "key"):
            (lab.pki / f"operator-tls.{part}").unlink()
        lab.make_pki(lab.doctors)
        checks.equal("SIGHUP pris", hang_up(lab, "operator"), "taken")
        with connect(lab, port) as fresh:
            checks.that("le nouveau certificat est présenté à la connexion suivante", certificate_shown(fresh) != old)
        checks.equal("la connexion ouverte finit son courriel", end_mail(client), 250)
        checks.equal("et en commence un autre", client.mail(SENDER)[0], 250)
    checks.equal("reçu", len(lab.mails(doctor)), before + 1)  # by IMAP, whose context was swapped too


def check_route(lab, checks, letters):
    dead = free_ports(1)[0]
    good = lab.port("operator", "smtp")
    change(lab, "hospital", rf'^next_hop = "127.0.0.1:{good}"', f'next_hop = "127.0.0.1:{dead}"')
    checks.equal("route changée", hang_up(lab, "hospital"), "taken")
    submission = letters.make()
    lab.drop(submission)
    lab.wait_for_state(submission.document_sha256, "deferred")
    change(lab, "hospital", rf'^next_hop = "127.0.0.1:{dead}"', f'next_hop = "127.0.0.1:{good}"')
    done = lab.liaison("reload")
    checks.that("liaison reload", "rechargés" in done.stdout, done.stdout)
    lab.wait_for_state(submission.document_sha256, "confirmed")
    # A domain that is trusted no more: an address in it is refused by its place, a doctor found there by RPPS is held; trusted
    # again, that letter leaves by itself.
    change(lab, "hospital", r'^domains = \["medecin.demo.mssante.fr", ', "domains = [")
    checks.equal("domaine retiré", hang_up(lab, "hospital"), "taken")
    named, found = letters.make(treating="lenoiraud"), letters.make("sidecar")
    for submission in (named, found):
        lab.drop(submission)
    answer = lab.wait_for_ack(named.file)
    checks.that("adresse d'un domaine retiré : AE", b"\rMSA|AE|" in answer and b"|PRT^2^15^1^4|207^" in answer, repr(answer))
    checks.that("médecin connu par son RPPS : lettre prise", b'"ACCEPTED"' in lab.wait_for_ack(found.file))
    held = wait_for("retenue", lambda: [row["letter"] for row in lab.deliveries() if row["state"] == "held"])
    change(lab, "hospital", r"^domains = \[", 'domains = ["medecin.demo.mssante.fr", ')
    checks.equal("domaine rendu", hang_up(lab, "hospital"), "taken")
    wait_for("elle part", lambda: [row["state"] for row in lab.deliveries() if row["letter"] in held] == ["confirmed"])


def check_bad_file(lab, checks, letters):
    file = lab.config("hospital")
    good = file.read_text(encoding="utf-8")
    for broken, key in ((good.replace("[limits]\n", "[limits]\ndeliveries = -3\n"), "[limits] deliveries"),
                        (good + "\ninconnu = 1\n", "inconnu"),
                        (good.replace("../pki/anchors.pem", "../pki/absent.pem"), "[tls]"),
                        (good.replace("../pki/hospital-sign.key", "../pki/hospital-tls.key"), "[hospital] signing_key")):
        file.write_text(broken, encoding="utf-8")
        checks.equal(f"{key} : refusé", hang_up(lab, "hospital"), "refused")
        refusals = [line for line in lab.log().splitlines() if "app.reload_refused" in line]
        checks.that(f"{key} : la clé est nommée", key in refusals[-1] or any(key in line for line in refusals[-3:]), refusals[-1])
        done = lab.liaison("reload", check=False)
        checks.that(f"{key} : liaison reload le dit", done.returncode == 1 and key in done.stderr, done.stderr)
    submission = letters.make()
    lab.drop(submission)
    lab.wait_for_state(submission.document_sha256, "confirmed")
    file.write_text(good, encoding="utf-8")


def check_fixed(lab, checks):
    other = free_ports(1)[0]
    port = lab.port("operator", "smtp")
    change(lab, "operator", rf'^smtp = "127.0.0.1:{port}"', f'smtp = "127.0.0.1:{other}"')
    change(lab, "operator", r"^workers = 2", "workers = 3")
    checks.equal("relu", hang_up(lab, "operator"), "taken")
    said = [line for line in lab.log("operator").splitlines() if "app.setting_kept" in line]
    checks.that("ce qui ne peut changer est dit", all(any(key in line for line in said) for key in ("[operator] smtp", "[limits] workers")),
                said)
    with connect(lab, port) as client:
        checks.equal("l'ancienne adresse sert encore", client.noop()[0], 250)
    with socket.socket() as nobody:
        checks.that("la nouvelle pas encore", nobody.connect_ex(("127.0.0.1", other)) != 0)
    change(lab, "operator", rf'^smtp = "127.0.0.1:{other}"', f'smtp = "127.0.0.1:{port}"')


def check_limit(lab, checks):
    change(lab, "operator", r"^workers = 3", "workers = 2\nsealed_octets = 2000")
    checks.equal("limite relue", hang_up(lab, "operator"), "taken")
    with connect(lab, lab.port("operator", "smtp")) as client:
        checks.equal("SIZE est celui des nouveaux réglages", client.esmtp_features.get("size"), "3000")
        checks.equal("trop gros", client.docmd("MAIL", f"FROM:<{SENDER}> SIZE=4000")[0], 552)
    change(lab, "operator", r"^sealed_octets = 2000\n", "")
    checks.equal("limite rendue", hang_up(lab, "operator"), "taken")


def check_end(lab, checks, doctor):
    """A drain waits for a mail under way, and no longer than its deadline; a second SIGTERM ends at once."""
    port = lab.port("operator", "smtp")
    before = len(lab.mails(doctor))
    with contextlib.closing(begin_mail(lab, port, doctor.address, "recharge-2")) as client:
        process = lab._serving["operator"]
        process.send_signal(signal.SIGTERM)
        wait_for("app.draining", lambda: "app.draining" in lab.log("operator"))
        wait_for("plus rien n'écoute", lambda: socket.socket().connect_ex(("127.0.0.1", port)) != 0)
        checks.equal("le courriel commencé est pris", end_mail(client), 250)
    checks.equal("SIGTERM : 0", lab.wait_node("operator"), 0)

    change(lab, "operator", r"^environment = ", "drain_seconds = 1\nenvironment = ")
    lab.start_node("operator")
    checks.equal("il est dans la boîte", len(lab.mails(doctor)), before + 1)
    with contextlib.closing(begin_mail(lab, port, doctor.address, "recharge-3")):
        began = time.monotonic()
        checks.equal("délai passé : coupé, et 0", lab.stop_node("operator"), 0)
        checks.that("pas avant le délai", time.monotonic() - began >= 1)

    change(lab, "operator", r"^drain_seconds = 1", "drain_seconds = 600")
    lab.start_node("operator")
    with contextlib.closing(begin_mail(lab, port, doctor.address, "recharge-4")):
        process = lab._serving["operator"]
        drains = lab.log("operator").count("app.draining")
        process.send_signal(signal.SIGTERM)
        wait_for("app.draining", lambda: lab.log("operator").count("app.draining") > drains)

        def ended():
            if process.poll() is None:
                os.kill(process.pid, signal.SIGTERM)
            return process.poll() is not None
        wait_for("un second SIGTERM arrête aussitôt", ended, seconds=20)
        checks.equal("par le signal même", process.returncode, -signal.SIGTERM)
    lab.kill_node("operator")
    lab.start_node("operator")
    checks.equal("rien de ce qui n'était pas pris n'est là", len(lab.mails(doctor)), before + 1)


def test(lab, checks):
    letters = Letters()
    doctor = Doctor.from_stays(letters.world.doctors["lenoiraud"])
    lab.make_pki([doctor])
    lab.add_pair()
    lab.start_pair()
    check_mid_mail(lab, checks, doctor)
    check_route(lab, checks, letters)
    check_bad_file(lab, checks, letters)
    check_fixed(lab, checks)
    check_limit(lab, checks)
    checks.equal("liaison reload sans nœud", [lab.stop_node("hospital"), lab.liaison("reload", check=False).returncode], [0, 1])
    check_end(lab, checks, doctor)
    checks.equal("arrêt propre", lab.stop_node("operator"), 0)


if __name__ == "__main__":
    run(test)
