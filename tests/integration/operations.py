"""Initial, replace and delete from the spool to the mailbox, over two nodes: T02, T10 and T04 make three mails in order, opened with
openssl and Python, each with its « action »; what was never sent is replaced by an ordinary mail, or not mailed at all; one ORU
carries two documents; repeats make nothing.

operations.py LIAISON"""
import datetime
import hashlib
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402
from versions import Messages  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
SLOT = "urn:action:extraMetadataSlot"


def letters(world, number, doctor, *bodies):
    """The same letter in each of these body levels, every document with its own id."""
    files = [{"form": "mdm", "file": f"{number}-{body}.hl7", "type": "LL", "to": [doctor], "body": body} for body in bodies]
    return [Messages(one) for one in world.files_of(simple_stay(number, PATIENT, doctor, files=files))]


def send(lab, checks, name, message, code="AA"):
    lab.drop_bytes(name, message)
    answer = lab.wait_for_ack(name)
    checks.that(f"{name} : {code}", f"\rMSA|{code}|".encode() in answer, repr(answer))
    return answer


def actions(opened):
    """(name of the object, value) of each « action » in METADATA.XML."""
    root = ElementTree.fromstring(opened.xdm["IHE_XDM/SUBSET01/METADATA.XML"])
    return [(owner.tag.removeprefix(RIM), slot.findtext(f".//{RIM}Value"))
            for owner in root.iter() for slot in owner.findall(f"{RIM}Slot") if slot.get("name") == SLOT]


def slots(opened, name):
    root = ElementTree.fromstring(opened.xdm["IHE_XDM/SUBSET01/METADATA.XML"])
    return [slot.findtext(f".//{RIM}Value") for slot in root.iter(f"{RIM}Slot") if slot.get("name") == name]


def documents(opened):
    return [data for name, data in sorted(opened.xdm.items()) if re.fullmatch(r"IHE_XDM/SUBSET01/DOC\d{4}\.XML", name)]


def mails_of(lab, doctor, count):
    """All mails of this mailbox, once there are so many, opened."""
    wait_for(f"{count} courriels", lambda: len(lab.mails(doctor)) >= count)
    return [lab.open_mail(data, doctor) for data in lab.mails(doctor)]


def check_package(checks, what, opened, wanted):
    checks.equal(f"{what} : documents", documents(opened), wanted)
    checks.equal(f"{what} : SHA-1", slots(opened, "hash"), [hashlib.sha1(data).hexdigest() for data in wanted])
    checks.equal(f"{what} : tailles", slots(opened, "size"), [str(len(data)) for data in wanted])
    checks.that(f"{what} : objet", opened.message["Subject"].startswith("XDM/1.0/DDM+"), opened.message["Subject"])


def check_three(lab, checks, world, doctor):
    """Sent, replaced, deleted."""
    chain, = letters(world, "31", "lenoiraud", "n1")
    sent = []
    for place, (event, number) in enumerate((("T02", 1), ("T10", 2), ("T04", 2)), 1):
        message, document = chain.message(event, number)
        answer = send(lab, checks, f"31-{event}.hl7", message)
        sent.append((event, message, document, answer))
        mails_of(lab, doctor, place)
    opened = mails_of(lab, doctor, 3)
    checks.equal("trois courriels", len(opened), 3)
    for mail, (event, _, document, _), action in zip(opened, sent, ([], [("ExtrinsicObject", "C")], [("ExtrinsicObject", "D")])):
        check_package(checks, event, mail, [document])
        checks.equal(f"{event} : action", actions(mail), action)
    first = [mail.text.splitlines()[0] for mail in opened]
    checks.that("initial : identité d'abord", first[0].startswith("Patient"), first[0])
    checks.that("remplacement : dit et daté", re.match(r"CE DOCUMENT ANNULE ET REMPLACE .* du \d\d/\d\d/\d{4}", first[1]), first[1])
    checks.that("suppression : dite et datée", re.match(r"LE DOCUMENT JOINT du \d\d/\d\d/\d{4}", first[2])
                and "SUPPRIM" in " ".join(opened[2].text.splitlines()[:2]), first[2])
    for mail in opened[1:]:
        for name in ("In-Reply-To", "References"):
            checks.equal(f"{name} du premier courriel", mail.message[name], opened[0].message["Message-ID"])
    checks.that("les champs du suivi sont protégés", b"HP-Outer: In-Reply-To:" in opened[1].entity)

    for event, message, _, answer in sent:  # the same files again
        name = f"31-{event}.hl7"
        (lab.acks / f"{name}.ack.hl7").unlink()
        checks.equal(f"{event} répété : même réponse", send(lab, checks, name, message), answer)
    send(lab, checks, "31-again.hl7", chain.message("T04", 2, control="AGAIN")[0])
    send(lab, checks, "31-old.hl7", chain.message("T04", 1, control="OLD")[0], "AE")
    send(lab, checks, "31-late.hl7", chain.message("T02", 1, control="LATE")[0])
    send(lab, checks, "31-deleted.hl7", chain.message("T10", 2, control="DELETED")[0], "AE")
    checks.equal("rien de plus dans la boîte", len(lab.mails(doctor)), 3)
    said = next(one for one in map(lab.letter, {row["letter"] for row in lab.deliveries()}) if one["operation"] == "remove")
    checks.equal("chaîne", [(one["version"], one["operation"]) for one in said["chain"]], [(1, "initial"), (2, "replace"), (2, "remove")])
    checks.that("montrée en clair", "suppression" in lab.liaison("letter", said["id"]).stdout)


def check_held(lab, checks, world, doctor):
    """Nobody can be reached yet: the replacement leaves alone; a deleted letter never does."""
    (replaced,), (deleted,) = (letters(world, number, "rouxelles", "n3") for number in ("32", "33"))
    send(lab, checks, "32-T02.hl7", replaced.message("T02")[0])
    message, document = replaced.message("T10", 2)
    send(lab, checks, "32-T10.hl7", message)
    send(lab, checks, "33-T02.hl7", deleted.message("T02")[0])
    send(lab, checks, "33-T04.hl7", deleted.message("T04")[0])
    states = sorted(row["state"] for row in lab.deliveries() if row["domain"] == doctor.address.partition("@")[2]
                    and row["state"] not in ("accepted", "confirmed"))
    checks.equal("avant l'annuaire", states, ["cancelled", "cancelled", "held", "superseded"])
    lab.import_directory()
    opened = mails_of(lab, doctor, 1)
    checks.equal("un seul courriel", len(opened), 1)
    check_package(checks, "remplacement de ce qui n'est pas parti", opened[0], [document])
    checks.equal("sans action", actions(opened[0]), [])
    checks.equal("sans suite", opened[0].message["In-Reply-To"], None)
    checks.that("un courriel ordinaire", opened[0].text.startswith("Patient"), opened[0].text[:80])


def observation(first, second):
    """One ORU from two T02 about the same letter."""
    text = first.text.replace("MDM^T02^MDM_T02", "ORU^R01^ORU_R01", 1).replace("|T|2.6|", "|T|2.5|", 1)
    text = text.replace("|CWE|", "|CE|").replace("^text^XML", "^TEXT^XML")
    lines = [line for line in text.split("\r") if not line.startswith(("EVN|", "TXA|"))]
    of_second = next(line for line in second.text.split("\r") if line.startswith("OBX|1|ED|"))
    place = next(n for n, line in enumerate(lines) if line.startswith("OBX|2|"))
    lines.insert(place, of_second.replace("OBX|1|", "OBX|2|", 1).replace("^text^XML", "^TEXT^XML"))
    return "\r".join(lines).encode("utf-8")


def check_two(lab, checks, world, doctor):
    both = letters(world, "34", "lenoiraud", "n1", "n3")
    before = len(lab.mails(doctor))
    message = observation(*both)
    answer = send(lab, checks, "34-oru.hl7", message)
    opened = mails_of(lab, doctor, before + 1)[before]
    check_package(checks, "deux documents", opened, [one.document for one in both])
    checks.that("objet « 2 documents »", opened.message["Subject"].startswith("XDM/1.0/DDM+2 documents "), opened.message["Subject"])
    checks.equal("code des documents", opened.message["X-MSS-CODECDA"], "11490-0")
    checks.that("le PDF du N1 est joint", both[0].made.pdf_sha256 in [hashlib.sha256(data).hexdigest() for data in opened.pdfs.values()])
    (lab.acks / "34-oru.hl7.ack.hl7").unlink()
    checks.equal("répété : même réponse", send(lab, checks, "34-oru.hl7", message), answer)
    checks.equal("une seule fois", len(lab.mails(doctor)), before + 1)


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    known, later = (Doctor.from_stays(world.doctors[name]) for name in ("lenoiraud", "rouxelles"))
    lab.make_pki([known, later])
    lab.add_pair()
    for role in ("operator", "hospital"):
        lab.start_node(role)
    lab.add_mailboxes()
    lab.import_directory([known])
    check_three(lab, checks, world, known)
    check_held(lab, checks, world, later)
    check_two(lab, checks, world, known)
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])


if __name__ == "__main__":
    run(test)
