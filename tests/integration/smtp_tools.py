"""Postfix's own load tools at both ends: a burst of smtp-source through Postfix into our mailboxes, and our letters through Postfix as
a smart host into smtp-sink. Nothing lost, nothing doubled, every letter opens.

smtp_tools.py LIAISON"""
import datetime
import email
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, HOSPITAL_NAME, OPERATOR_NAME, free_ports, run  # noqa: E402
from own_peer import OwnPeer  # noqa: E402
from postfix import Postfix  # noqa: E402

SENDER = "essai@hopital.demo.mssante.fr"
PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "248036900090170", "ipp": "D880001"}
SESSIONS, MAILS, OCTETS = 20, 300, 5000
LETTERS = 40


class Sink(OwnPeer):
    """smtp-sink: keeps each mail in a file of its own, without TLS, so that only Postfix speaks to it."""
    program = "smtp-sink"

    def prepare(self):
        self.port = free_ports(1)[0]
        self.folders("mails", owner="nobody")
        self.launch(["smtp-sink", "-u", "nobody", "-R", self.folder / "mails", "-d", "%s.", f"127.0.0.1:{self.port}", "50"],
                    lambda: True)

    def mails(self):
        """What came, without what smtp-sink (X-…) and the Postfix before it (Received) put in front."""
        found = []
        for file in sorted((self.folder / "mails").iterdir()):
            lines = file.read_bytes().split(b"\n")
            while lines and (lines[0].startswith((b"X-", b"Received:")) or lines[0][:1] in (b" ", b"\t")):
                lines.pop(0)
            found.append(b"\n".join(lines))
        return found


def message_ids(mails):
    return [email.message_from_bytes(one)["Message-ID"] for one in mails]


def check_source(lab, checks, postfix, doctor):
    done = subprocess.run(["smtp-source", "-s", str(SESSIONS), "-m", str(MAILS), "-l", str(OCTETS), "-f", SENDER, "-t", doctor.address,
                           f"127.0.0.1:{postfix.port}"], capture_output=True, text=True, timeout=120, check=False)
    checks.equal("smtp-source", (done.returncode, done.stderr), (0, ""))
    wait_for("Postfix n'a plus rien", lambda: postfix.log().count("status=sent") >= MAILS, 120)
    mails = lab.mails(doctor)
    checks.equal("autant de courriels dans la boîte", len(mails), MAILS)
    checks.equal("tous différents", len(set(message_ids(mails))), MAILS)
    checks.that("par TLS, de Postfix", all(b"with ESMTPS (TLSv1." in one for one in mails))
    checks.equal("Postfix n'a rien envoyé deux fois", [postfix.log().count(f"status={word}") for word in ("sent", "deferred")], [MAILS, 0])


def check_sink(lab, checks, sink, doctor, name):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    made = [world.files_of(simple_stay(f"{number:02}", PATIENT, name, files=[
        {"form": "mdm", "file": f"{number:02}-lettre.hl7", "type": "LL", "to": [name]}]))[0] for number in range(LETTERS)]
    for submission in made:
        lab.drop(submission)
    wait_for("toutes acceptées", lambda: lab.queue()["counts"].get("accepted", 0) == LETTERS, 120)
    mails = wait_for("toutes chez smtp-sink", lambda: (found := sink.mails()) and len(found) >= LETTERS and found, 120)
    checks.equal("autant de courriels chez smtp-sink", len(mails), LETTERS)
    known = {row["message_id"] for one in lab.deliveries() for row in lab.letter(one["letter"])["deliveries"]}
    checks.equal("ceux du registre", {one.strip(" <>") for one in message_ids(mails)}, known)
    documents = {lab.open_mail(one, doctor).text for one in mails}
    checks.that("tous s'ouvrent", documents and all(documents))


def test(lab, checks):
    name = "lenoiraud"
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctor = Doctor.from_stays(world.doctors[name] | {"key": "rsa"})
    lab.make_pki([doctor])
    smtp, returns = free_ports(2)
    lab.add_operator(smtp=smtp, returns=returns)
    lab.start_node("operator")
    lab.add_mailboxes()
    pki = lab.pki
    with Postfix(pki / "hospital-tls.crt", pki / "hospital-tls.key", lab.anchors, host_name=HOSPITAL_NAME, domains=[],
                 routes={DOMAIN: (smtp, OPERATOR_NAME)}, settings={
                     "virtual_mailbox_domains": "", "smtpd_tls_security_level": "none", "smtpd_tls_req_ccert": "no",
                     "smtpd_tls_ask_ccert": "no", "mynetworks": "127.0.0.0/8",
                     "smtpd_relay_restrictions": "permit_mynetworks, reject"}) as postfix:
        postfix.start()
        check_source(lab, checks, postfix, doctor)
    checks.equal("arrêt propre de l'opérateur", lab.stop_node("operator"), 0)
    with Sink() as sink, Postfix(pki / "operator-tls.crt", pki / "operator-tls.key", lab.anchors, host_name=OPERATOR_NAME, domains=[],
                                 settings={"virtual_mailbox_domains": "", "default_transport": "smtp",
                                           "relayhost": f"[127.0.0.1]:{sink.port}", "smtp_tls_security_level": "none",
                                           "smtp_tls_policy_maps": "", "transport_maps": "",
                                           "smtpd_relay_restrictions": "permit_tls_all_clientcerts, reject",
                                           "smtpd_discard_ehlo_keywords": "silent-discard, dsn"}) as smart:
        smart.start()
        lab.add_hospital(next_hop=smart.port, returns=free_ports(1)[0])
        lab.start_node("hospital")
        lab.import_directory()
        check_sink(lab, checks, sink, doctor, name)
        checks.equal("arrêt propre de l'hôpital", lab.stop_node("hospital"), 0)


if __name__ == "__main__":
    run(test)
