"""What comes back about letters that Postfix took: its own reports of success, delay and failure; receipts in the national forms, old
and new, absence messages and replies, made by Python's email. Each counts once, what is forged moves nothing, a reply "pas mon patient"
reaches the monitored mailbox and marks the letter; the hospital's software is told by ZAM^Z02 and Z03.

returns.py LIAISON"""
import datetime
import imaplib
import pathlib
import re
import secrets
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, read_hl7, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, HOSPITAL, HOSPITAL_NAME, OPERATOR_NAME, free_ports, run  # noqa: E402
from postfix import Postfix  # noqa: E402
from reports import receipt, reply, report  # noqa: E402
from smtp_peer import SmtpPeer, node_pair  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "248036900090170", "ipp": "D880001"}
DESK = "secretariat@hopital.demo.mssante.fr"
# Of stays.json: who has a mailbox on Postfix, who has none and bounces, whose mail Postfix puts off.
KEPT, BOUNCING, FULL = "lenoiraud", "mbayard", "rouxelles"
LETTERS = (KEPT, KEPT, KEPT, KEPT, KEPT, KEPT, KEPT, BOUNCING, FULL)


class House:
    def __init__(self, lab, peer, port):
        self.lab, self.peer, self.port, self.made = lab, peer, port, []

    def send(self, mail, sender=""):
        with self.peer.session(self.port) as client:
            client.sendmail(sender, [HOSPITAL], mail)

    def twice(self, mail, sender=""):
        for _ in range(2):
            self.send(mail, sender)

    def letter(self, number):
        return self.lab.letter_of(self.made[number].document_sha256)

    def delivery(self, number):
        return self.letter(number)["deliveries"][0]

    def kinds(self, number):
        return [event["kind"] for event in self.delivery(number)["events"]]

    def wait_for(self, number, *states):
        return self.lab.wait_for_state(self.made[number].document_sha256, *states, seconds=60)["deliveries"][0]

    def listed(self):
        return [row["code"] for row in self.lab.queue("--rejected")["rejected"]]

    def zams(self, number, kind):
        """Y, N and codes told of this letter by ZAM of this kind, in their order."""
        found = []
        for path in sorted(self.lab.acks.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            if f".{kind}-" not in path.name or path.name.startswith("."):
                continue
            segments = read_hl7(path.read_bytes())
            if any(s[0] == "OBX" and s[4] == self.made[number].control_id for s in segments):
                found.append([word for s in segments if s[0] in ("OBX", "ERR", "MSA") for field in s for word in field.split("^")])
        return found


def with_reading(submission):
    """The same message, asking for ZAM^Z03 as well."""
    for name, data in submission.files.items():
        submission.files[name] = re.sub(rb"(\|ACK_LECTURE_MSS\^[^|]*\|\|)N\^", rb"\1Y^", data)
    return submission


def check_postfix(house, checks, addresses):
    for number in range(LETTERS.index(BOUNCING)):
        house.wait_for(number, "confirmed")
    checks.equal("succès : accepté puis confirmé", house.kinds(0)[-2:], ["accepted", "report_delivered"])
    bounced = house.wait_for(LETTERS.index(BOUNCING), "failed")
    checks.equal("échec dit par Postfix", (bounced["cause"], house.kinds(7)[-1]), ("NO_MAILBOX", "report_failed"))
    wait_for("retard dit par Postfix", lambda: "report_delayed" in house.kinds(LETTERS.index(FULL)), 90)
    checks.equal("un retard ne change pas l'état", house.delivery(LETTERS.index(FULL))["state"], "accepted")
    for number, told in ((0, "Y"), (LETTERS.index(BOUNCING), "N")):
        wait_for("ZAM^Z02", lambda number=number: house.zams(number, "z02"))
        zams = house.zams(number, "z02")
        checks.that(f"un ZAM^Z02 {told}", len(zams) == 1 and told in zams[0], str(zams))
    checks.equal("rien pour les personnes", house.listed(), [])


def check_receipts(house, checks, sender):
    cases = ((0, "processed", "", "processed", ""), (1, "displayed", "", "displayed", ""),
             (2, "processed/Error: 902^Patient inconnu^messageErrorCondition| E^Error^errorSeverity", "", "rejected_by_software", "FILING_902"),
             (3, "processed/error", "Error: 904^Identite^applicationErrorCondition| E^Error^errorSeverity\r\n", "rejected_by_software",
              "FILING_904"))
    for number, disposition, error, state, cause in cases:
        house.twice(receipt(sender, HOSPITAL, house.delivery(number)["message_id"], disposition, error))
        said = house.wait_for(number, state)
        checks.equal(f"accusé {disposition[:16]}", said["cause"], cause)
        reports = [kind for kind in house.kinds(number) if kind in ("processed", "displayed", "software_rejected")]
        checks.equal("appliqué une fois", len(reports), 1)
        wait_for("ZAM^Z03", lambda number=number: house.zams(number, "z03"))
        zams = house.zams(number, "z03")
        checks.equal("un seul ZAM^Z03", len(zams), 1)
        checks.that("ZAM^Z03 de ce sens", ("N" if cause else "Y") in zams[0], str(zams))
        if cause:
            checks.that("avec son code", any(cause[-3:] in word for word in zams[0]), str(zams))
    checks.equal("toujours rien pour les personnes", house.listed(), [])


def check_people(house, lab, checks, sender, password):
    before = house.kinds(4)
    answered = {"In_Reply_To": f"<{house.delivery(4)['message_id']}>"}
    house.twice(reply(sender, HOSPITAL, "Absence", "Je suis absente jusqu'à lundi. Ce n'est pas mon patient.", Auto_Submitted="auto-replied", **answered),
                sender)
    checks.equal("une absence ne prouve rien", house.kinds(4), before)
    checks.equal("elle est pour les personnes, une fois", house.listed(), ["AUTO_REPLY"])
    house.twice(reply(sender, HOSPITAL, "RE: lettre", "Bonjour,\n\nIl n'est plus suivi par moi mais par mon associé.\n", **answered), sender)
    checks.equal("un doute n'est pas un refus", (house.kinds(4), house.delivery(4)["cause"]), (before, ""))
    house.twice(reply(sender, HOSPITAL, "RE: lettre", "Bonjour,\n\nCe n'est pas mon patient.\n\n-- \nDr Essai\n", **answered), sender)
    checks.equal("contesté, et l'arrêt du temps tient", (house.delivery(4)["state"], house.delivery(4)["cause"]), ("confirmed", "DISPUTED"))
    checks.equal("contesté une fois", house.kinds(4), before + ["disputed"])
    checks.equal("et dit aux personnes une fois", sorted(house.listed()), ["AUTO_REPLY", "DISPUTED"])
    host, port = lab.nodes["hospital"]["imaps"].rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(lab.anchors))
    with imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=20) as client:
        client.login(DESK, password)
        client.select("INBOX", readonly=True)
        _, found = client.fetch("1:*", "(BODY.PEEK[])")
    mails = [item[1] for item in found if isinstance(item, tuple)]
    checks.equal("les deux réponses dans la boîte surveillée", [b"associ" in one for one in mails], [True, False])


def check_forged(house, checks, sender):
    before, count = [house.kinds(number) for number in range(len(LETTERS))], len(house.listed())
    victim = house.delivery(5)
    failed = "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
    house.twice(receipt(sender, HOSPITAL, f"{secrets.token_hex(16)}@{HOSPITAL_NAME}", "displayed"))
    house.twice(report("delivery-status", "mailer-daemon@autre.example", HOSPITAL,
                       f"Reporting-MTA: dns; autre.example\r\nOriginal-Envelope-Id: {secrets.token_hex(13)}\r\n\r\n"
                       f"Final-Recipient: rfc822;{sender}\r\n{failed}"))
    # Ours by its id, but about somebody we did not write to.
    house.twice(report("delivery-status", "mailer-daemon@autre.example", HOSPITAL,
                       f"Reporting-MTA: dns; autre.example\r\nOriginal-Envelope-Id: {victim['envid']}\r\n\r\n"
                       f"Final-Recipient: rfc822;quelquun@autre.example\r\n{failed}"))
    house.twice(reply("inconnu@autre.example", HOSPITAL, "RE: lettre", "Ce n'est pas mon patient.", In_Reply_To=f"<{secrets.token_hex(16)}@{HOSPITAL_NAME}>"))
    checks.equal("rien n'a bougé", [house.kinds(number) for number in range(len(LETTERS))], before)
    checks.equal("chacun aux personnes, une fois", house.listed().count("UNMATCHED"), 3)
    checks.equal("et celui d'un autre destinataire", house.listed().count("OTHER_RECIPIENT"), 1)
    checks.equal("rien de plus", len(house.listed()), count + 4)


def check_contradiction(house, checks, sender):
    """A failure told after a success, twice: revoked, corrected to the software; after a receipt it is for people."""
    failed = (f"Reporting-MTA: dns; {OPERATOR_NAME}\r\nOriginal-Envelope-Id: {{}}\r\n\r\nFinal-Recipient: rfc822;{sender}\r\n"
              "Action: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 5.2.2 full\r\n")
    house.twice(report("delivery-status", f"mailer-daemon@{OPERATOR_NAME}", HOSPITAL, failed.format(house.delivery(6)["envid"])))
    checks.equal("révoqué", (house.delivery(6)["state"], house.delivery(6)["cause"]), ("failed", "MAILBOX_FULL"))
    wait_for("ZAM^Z02 corrigé", lambda: len(house.zams(6, "z02")) == 2)
    checks.that("Y puis N", "Y" in house.zams(6, "z02")[0] and "N" in house.zams(6, "z02")[1])
    house.twice(report("delivery-status", f"mailer-daemon@{OPERATOR_NAME}", HOSPITAL, failed.format(house.delivery(1)["envid"])))
    checks.equal("après lecture, rien ne change", house.delivery(1)["state"], "displayed")
    checks.equal("mais des personnes l'apprennent, une fois", house.listed().count("LATE_NEGATIVE"), 1)


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctors = {name: Doctor.from_stays(world.doctors[name] | {"key": "rsa"}) for name in (KEPT, BOUNCING, FULL)}
    lab.make_pki(doctors.values())
    addresses = {name: doctor.address for name, doctor in doctors.items()}
    returns, own_smtp = free_ports(2)
    transports = ("inline:{ {%s = retry:4.2.2 mailbox full}, {hopital.demo.mssante.fr = smtp:[127.0.0.1]:%d} }" % (addresses[FULL], returns))
    with Postfix(lab.pki / "operator-tls.crt", lab.pki / "operator-tls.key", lab.anchors, host_name=OPERATOR_NAME, domains=[DOMAIN],
                 routes={"hopital.demo.mssante.fr": (returns, HOSPITAL_NAME)},
                 settings={"transport_maps": transports, "delay_warning_time": "1s"}) as postfix:
        for name in (KEPT, FULL):
            postfix.mailbox(addresses[name])
        lab.add_hospital(next_hop=postfix.port, returns=returns, roles={"operator": True}, returns_settings={},
                         operator={"domains": ["hopital.demo.mssante.fr"], "smtp": f"127.0.0.1:{own_smtp}", "imaps": "127.0.0.1:0"})
        settings = lab.config().read_text(encoding="utf-8").replace("[returns_settings]\n", f'[returns]\nreplies_to = "{DESK}"\n')
        lab.config().write_text(settings, encoding="utf-8")
        postfix.start()
        lab.start_node("hospital")
        password = secrets.token_urlsafe(18)
        file = lab.folder / "desk"
        file.touch(mode=0o600)
        file.write_text(password + "\n", encoding="utf-8")
        lab.liaison("mailbox", "add", "--user", DESK, "--address", DESK, "--password-file", file)
        lab.import_directory()
        house = House(lab, SmtpPeer(lab, node_pair(lab, "operator-tls"), helo=OPERATOR_NAME), returns)
        for number, name in enumerate(LETTERS, 1):
            made = world.files_of(simple_stay(f"{number:02}", PATIENT, name, files=[
                {"form": "mdm", "file": f"{number:02}-lettre.hl7", "type": "LL", "to": [name]}]))[0]
            house.made.append(with_reading(made))
            lab.drop(made)
        check_postfix(house, checks, addresses)
        check_receipts(house, checks, addresses[KEPT])
        check_people(house, lab, checks, addresses[KEPT], password)
        check_forged(house, checks, addresses[KEPT])
        check_contradiction(house, checks, addresses[KEPT])
        checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
        checks.that("rien du patient ni des médecins dans le journal",
                    not any(word in lab.log() for word in ("ZYGOMALAS", "248036900090170", *(a.split("@")[0] for a in addresses.values()))))


if __name__ == "__main__":
    run(test)
