"""A foreign operator, Postfix, receives our letters: what it stored opens with openssl and Python's email and holds exactly what
was submitted; its reports, refusals and silence reach the ledger, and the hospital's software.

postfix_receives.py LIAISON"""
import datetime
import email
import hashlib
import io
import pathlib
import sys
import xml.etree.ElementTree
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, LabError, openssl, wait_for  # noqa: E402
from letters import PARIS, World, simple_stay  # noqa: E402
from nodes import DOMAIN, HOSPITAL, HOSPITAL_NAME, OPERATOR_NAME, free_ports, run  # noqa: E402
from postfix import Postfix  # noqa: E402

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
SUBJECT = "XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ"  # mssante.md §4.2: the label, 40 characters, and no identity
ENTRY = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"  # of every XDSDocumentEntry, IHE ITI TF-3 §4.2.5
PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "248036900090170", "ipp": "D880001"}
# Of stays.json: EC and RSA, one that bounces, one that Postfix refuses at RCPT.
DOCTORS = {"lenoiraud": "rsa", "rouxelles": "ec", "mbayard": "rsa", "tranquercy": "rsa"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def submissions(now):
    world = World.load(now)
    addresses = {name: world.doctors[name]["address"] for name in DOCTORS}
    forms = [("lenoiraud", "mdm", "hl7", {}), ("rouxelles", "cda", "xml", {"body": "n3"}), ("lenoiraud", "sidecar", "json", {}),
             ("mbayard", "mdm", "hl7", {}), ("tranquercy", "mdm", "hl7", {}), ("lenoiraud", "mdm", "hl7", {})]
    made = []
    for number, (treating, form, ending, more) in enumerate(forms, 1):
        stay = simple_stay(f"0{number}", PATIENT, treating,
                           files=[{"form": form, "file": f"{number}-lettre.{ending}", "type": "LL", "to": [treating]} | more])
        made.append((treating, *world.files_of(stay)))
    doctors = [Doctor.from_stays(world.doctors[name] | {"key": key}) for name, key in DOCTORS.items()]
    return made, doctors, addresses


def slot(entry, name):
    return next((value.text for one in entry.iter(RIM + "Slot") if one.get("name") == name for value in one.iter(RIM + "Value")), None)


def check_package(checks, package, submitted):
    """Every document of METADATA is in the zip with that SHA-1 and size; the one that was submitted is there byte for byte."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        names = archive.namelist()
        checks.equal("archive saine", archive.testzip(), None)
        files = {name: archive.read(name) for name in names if not name.endswith("/")}
    upper = {name.upper(): data for name, data in files.items()}
    checks.that("INDEX.HTM et README.TXT", "INDEX.HTM" in upper and "README.TXT" in upper, str(names))
    metadata = next(data for name, data in files.items() if name.upper().endswith("/METADATA.XML"))
    entries = [e for e in xml.etree.ElementTree.fromstring(metadata).iter(RIM + "ExtrinsicObject") if e.get("objectType") == ENTRY]
    checks.equal("une entrée dans METADATA", len(entries), 1)
    folder = next(name for name in files if name.upper().endswith("/METADATA.XML")).rsplit("/", 1)[0]
    for entry in entries:
        document = files[f"{folder}/{slot(entry, 'URI')}"]
        checks.equal("METADATA hash", slot(entry, "hash").lower(), hashlib.sha1(document).hexdigest())
        checks.equal("METADATA size", slot(entry, "size"), str(len(document)))
        if submitted.document_sha256:
            checks.equal("document identique au dépôt", sha256(document), submitted.document_sha256)
    return document


def check_mail(lab, checks, mail, doctor, submitted, said):
    outer = email.message_from_bytes(mail, policy=email.policy.default)
    checks.equal("Subject visible", outer["Subject"], SUBJECT)
    for mark in (PATIENT["birth_name"], PATIENT["given"], PATIENT["ins"], PATIENT["ipp"]):
        checks.that("rien du patient en clair dans le courriel", mark.encode() not in mail, "marque trouvée")
    checks.equal("Return-Path", outer["Return-Path"], f"<{HOSPITAL}>")
    checks.that("TLS 1.2 ou mieux, certificat client vérifié",
                "TLSv1." in str(outer["Received"]) and "(verified OK)" in str(outer["Received"]))
    opened = lab.open_mail(mail, doctor)
    inner = opened.message
    # RFC 9788: the protected fields are the true ones; HP-Outer says what was shown outside.
    checks.equal("hp", inner.get_params(header="Content-Type") and dict(inner.get_params(header="Content-Type")).get("hp"), "cipher")
    for field in ("From", "To", "Date", "Message-ID"):
        checks.equal(f"{field} dedans et dehors", str(inner[field]), str(outer[field]))
    checks.that("Subject protégé", PATIENT["birth_name"] in inner["Subject"] and inner["Subject"] != outer["Subject"])
    outside = [str(value) for name, value in inner.items() if name.lower() == "hp-outer"]
    checks.that("HP-Outer dit le Subject visible", any(v == "Subject: " + SUBJECT for v in outside), str(outside))
    checks.equal("Message-ID du registre", outer["Message-ID"], f"<{said['deliveries'][0]['message_id']}>")
    checks.that("texte lisible", "ODETTE" in opened.text or "ZYGOMALAS" in opened.text)
    package = next(part.get_content() for part in inner.walk() if (part.get_filename() or "") == "IHE_XDM.zip")
    document = check_package(checks, package, submitted)
    checks.equal("document du registre", sha256(document), said["document_sha256"])
    if submitted.pdf_sha256:
        checks.equal("PDF identique au dépôt", [sha256(data) for data in opened.pdfs.values()], [submitted.pdf_sha256])
    # Another doctor's key does not open it, nor does another root vouch for it.
    other = next(d for d in lab.doctors if d is not doctor)
    checks.raises("fermé aux autres", LabError, lambda: lab.open_mail(mail, other))
    signed = openssl("cms", "-decrypt", "-recip", lab.certificate_of(doctor), "-inkey", lab.key_of(doctor), data=mail)
    checks.raises("signature liée à l'autorité", LabError,
                  lambda: openssl("cms", "-verify", "-CAfile", "/dev/null", "-no-CApath", "-no-CAstore", data=signed))


def event_kinds(said):
    return [event["kind"] for event in said["deliveries"][0]["events"]]


def check_zam(lab, checks, submitted, what, code=None):
    wait_for("ZAM^Z02", lambda: lab.zams_of(submitted.control_id))
    zams = lab.zams_of(submitted.control_id)
    checks.equal("un seul ZAM^Z02", len(zams), 1)
    values = {segment[3].split("^")[0]: segment[5].split("^")[0] for segment in zams[0] if segment[0] == "OBX"}
    checks.that(f"ZAM^Z02 {what}", what in values.values(), str(values))
    if code:
        checks.that(f"ZAM^Z02 {code}", any(code in field for segment in zams[0] for field in segment), str(values))


def test(lab, checks):
    now = datetime.datetime.now(datetime.timezone.utc)
    made, doctors, addresses = submissions(now)
    rsa, ec, bounce, refused = doctors
    lab.make_pki(doctors)
    returns = free_ports(1)[0]
    with Postfix(lab.pki / "operator-tls.crt", lab.pki / "operator-tls.key", lab.anchors, host_name=OPERATOR_NAME, domains=[DOMAIN],
                 routes={"hopital.demo.mssante.fr": (returns, HOSPITAL_NAME)}, refused=[addresses["tranquercy"]]) as postfix:
        postfix.mailbox(rsa.address)
        postfix.mailbox(ec.address)
        lab.add_hospital(next_hop=postfix.port, returns=returns)
        lab.start_node("hospital")
        lab.import_directory()

        # Nobody there: put off, by its name.
        first = made[0][1]
        lab.drop(first)
        said = lab.wait_for_state(first.document_sha256, "deferred")
        checks.that("cause pendant l'arrêt", any(e["cause"] == "PEER_DOWN" for e in said["deliveries"][0]["events"]))

        # Then it comes, and so does the rest.
        postfix.start()
        for _, submission in made[1:]:
            lab.drop(submission)
        answers = {submission.file: lab.wait_for_ack(submission.file) for _, submission in made}
        for name, answer in answers.items():
            good = b"MSA|AA|" in answer if name.endswith(".hl7") else b'"ACCEPTED"' in answer
            checks.that(f"{name} acceptée", good)
        for treating, submission in made:
            if treating not in ("lenoiraud", "rouxelles") or not submission.document_sha256:
                continue
            said = lab.wait_for_state(submission.document_sha256, "confirmed")
            checks.that("acceptée puis confirmée par le rapport de Postfix",
                        event_kinds(said)[-2:] == ["accepted", "report_delivered"], str(event_kinds(said)))
            accepted = next(e for e in said["deliveries"][0]["events"] if e["kind"] == "accepted")
            checks.equal("réponse de Postfix", (accepted["smtp_code"], accepted["tls"][:6]), (250, "TLSv1."))
            if submission.form == "mdm":
                check_zam(lab, checks, submission, "Y")
        ended = {"confirmed", "failed", "undeliverable"}
        wait_for("tous les envois finis", lambda: {d["state"] for d in lab.deliveries()} <= ended)

        # What the doctors find.
        wait_for("quatre courriels stockés", lambda: len(postfix.mails(rsa.address)) == 3 and len(postfix.mails(ec.address)) == 1)
        letters = {said["deliveries"][0]["message_id"]: said
                   for said in (lab.letter(identifier) for identifier in {d["letter"] for d in lab.deliveries()})}
        by_document = {submission.document_sha256: submission for _, submission in made if submission.document_sha256}
        sidecar = next(submission for _, submission in made if submission.form == "sidecar")
        seen = set()
        for doctor in (rsa, ec):
            for mail in postfix.mails(doctor.address):
                identifier = email.message_from_bytes(mail)["Message-ID"].strip("<>")
                seen.add(identifier)
                said = letters[identifier]
                check_mail(lab, checks, mail, doctor, by_document.get(said["document_sha256"], sidecar), said)
        checks.equal("quatre courriels différents", len(seen), 4)

        # A bounce, and a refusal at RCPT: failed, and the hospital's software is told so with a code.
        bounced, turned_away = made[3][1], made[4][1]
        said = lab.wait_for_state(bounced.document_sha256, "failed", "undeliverable")
        checks.that("non-remise par rapport", event_kinds(said)[-2:] == ["accepted", "report_failed"], str(event_kinds(said)))
        checks.equal("cause de la non-remise", said["deliveries"][0]["events"][-1]["cause"], "NO_MAILBOX")
        check_zam(lab, checks, bounced, "N", "550")
        said = lab.wait_for_state(turned_away.document_sha256, "failed")
        checks.equal("refus au RCPT", [(e["kind"], e["smtp_code"], e["cause"]) for e in said["deliveries"][0]["events"]][-1],
                     ("refused", 550, "NO_MAILBOX"))
        check_zam(lab, checks, turned_away, "N", "550")

        # The report counts what is proved.
        today = now.astimezone(PARIS).date()
        lines = lab.report(str(today - datetime.timedelta(days=2)), str(today))
        states = sorted(letter["state"] for stay in lines["stays"] for letter in stay["letters"])
        checks.equal("liaison report", states.count("confirmed"), 4)

        # No client certificate, no mail: Postfix asks for it (the guard of what was proved above).
        checks.that("Postfix a vérifié notre certificat", "Trusted TLS connection established from" in postfix.log()
                    or "Verified TLS connection established from" in postfix.log())
        checks.equal("rien de refusé à l'entrée", lab.queue("--rejected")["rejected"], [])
        checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
        for text in (lab.log(), postfix.log()):
            checks.that("rien du patient dans les journaux", not any(m in text for m in ("ZYGOMALAS", "248036900090170", "D880001")))


if __name__ == "__main__":
    run(test)
