"""Every official example (messages and documents of the national agency) through a hospital relay, under the national text
as printed, in production, and under conf/profiles/ans-samples.toml on a test platform: the answer each one gets, as a table.
Then what the accepted ones became: the T02 message reaches its doctor and opens, the A03 starts the stay's clock.
Nothing of the examples is kept here.

official_messages.py LIAISON SAMPLES"""
import base64
import hashlib
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, Doctor, read_hl7, wait_for  # noqa: E402
from nodes import run  # noqa: E402

DOMAIN = "test-ci-sis.mssante.fr"
# The addressee of the T02 message, as it names them.
DOCTOR = Doctor(f"adam.hoda@{DOMAIN}", "01234567897", "Hoda", "Adam")

# File, profile, MSA-1, ERR-3, ERR-2 of the first error. A document on its own is answered in JSON: its code and field.
PRINTED, EXAMPLES = "volet en production", "ans-samples"
EXPECTED = [
    # INS of the test range in production; the A03's last segment has no end; ADT says "development".
    ("hl7/mdm_t02_initial.er7", PRINTED, "AE", "103", "PID^1^3^1^4"),
    ("hl7/mdm_t10_replace.er7", PRINTED, "AE", "103", "PID^1^3^1^4"),
    ("hl7/mdm_t04_delete.er7", PRINTED, "AE", "103", "PID^1^3^1^4"),
    ("hl7/oru_r01_initial_n1_n3.hl7", PRINTED, "AE", "103", "PID^1^3^1^4"),
    ("hl7/adt_a01_admission.er7", PRINTED, "AE", "202", "MSH^1^11"),
    ("hl7/adt_a03_discharge.er7", PRINTED, "AE", "199", "ZBE^1"),
    # Answers are never answered by a reader of letters: an unsupported type, whatever the profile.
    ("hl7/ack_mdm.er7", PRINTED, "AE", "200", "MSH^1^9"),
    ("hl7/ack_oru.hl7", PRINTED, "AE", "200", "MSH^1^9"),
    ("hl7/zam_z01_dmp_received.hl7", PRINTED, "AE", "200", "MSH^1^9"),
    ("hl7/zam_z02_mss_received.hl7", PRINTED, "AE", "200", "MSH^1^9"),
    ("hl7/zam_z03_mss_read.hl7", PRINTED, "AE", "200", "MSH^1^9"),
    ("cda/ldl-ses_2022.01.xml", PRINTED, "REFUSED", "T08", "recordTarget/patientRole/id"),
    ("cda/non-structured_n1.xml", PRINTED, "REFUSED", "T08", "recordTarget/patientRole/id"),
    ("cda/cr-radio_n1_v1.xml", PRINTED, "REFUSED", "T08", "recordTarget/patientRole/id"),
    ("cda/cr-radio_n1_v2_replaces_v1.xml", PRINTED, "REFUSED", "T08", "recordTarget/patientRole/id"),

    ("hl7/mdm_t02_initial.er7", EXAMPLES, "AA", "", ""),
    ("hl7/mdm_t10_replace.er7", EXAMPLES, "AA", "", ""),
    # Its document is the version of the T10 message and a line end: taken, with a warning (see check_deletion).
    ("hl7/mdm_t04_delete.er7", EXAMPLES, "AA", "", ""),
    # Its text for the doctor lost its end (a base64 of 4n + 1 letters). Mended, it would be refused for its documents: both are
    # placeholders, some words in base64, and there is no CDA to send (see check_mended_oru).
    ("hl7/oru_r01_initial_n1_n3.hl7", EXAMPLES, "AE", "102", "OBX^13^5^1^5"),
    ("hl7/adt_a01_admission.er7", EXAMPLES, "AA", "", ""),
    ("hl7/adt_a03_discharge.er7", EXAMPLES, "AA", "", ""),
    ("hl7/ack_mdm.er7", EXAMPLES, "AE", "200", "MSH^1^9"),
    ("hl7/ack_oru.hl7", EXAMPLES, "AE", "200", "MSH^1^9"),
    ("hl7/zam_z01_dmp_received.hl7", EXAMPLES, "AE", "200", "MSH^1^9"),
    ("hl7/zam_z02_mss_received.hl7", EXAMPLES, "AE", "200", "MSH^1^9"),
    ("hl7/zam_z03_mss_read.hl7", EXAMPLES, "AE", "200", "MSH^1^9"),
    ("cda/ldl-ses_2022.01.xml", EXAMPLES, "ACCEPTED", "", ""),
    ("cda/non-structured_n1.xml", EXAMPLES, "ACCEPTED", "", ""),
    ("cda/cr-radio_n1_v1.xml", EXAMPLES, "ACCEPTED", "", ""),
    ("cda/cr-radio_n1_v2_replaces_v1.xml", EXAMPLES, "ACCEPTED", "", ""),
]


def field(segments, name, number):
    return next((s[number] for s in segments if s[0] == name), "")


def answer_to(lab, samples, file):
    """What the sender is told about one file."""
    name = pathlib.Path(file).name
    lab.drop_bytes(name, (samples / file).read_bytes())
    said = lab.wait_for_ack(name)
    if file.startswith("cda/"):
        said = json.loads(said)
        return ("ACCEPTED", "", "") if said["code"] == "ACCEPTED" else ("REFUSED", said["code"], said["field"])
    said = read_hl7(said)
    return field(said, "MSA", 1), field(said, "ERR", 3).split("^")[0], field(said, "ERR", 2)


def check_table(lab, checks, samples, profile, folder, besides=""):
    for file, under, *wanted in EXPECTED:
        if under == profile and file.startswith(folder) and file != besides:
            checks.equal(f"{file}, {profile}", answer_to(lab, samples, file), tuple(wanted))


def empty_node(lab):
    """The hospital's relay, stopped, without anything it has kept."""
    lab.stop_node("hospital")
    for folder in ("data", "ack", "spool"):
        shutil.rmtree(lab.folder / "hospital" / folder)
    lab.make_folders("hospital")


def check_mended_oru(lab, checks, samples):
    lines = (samples / "hl7/oru_r01_initial_n1_n3.hl7").read_text(encoding="utf-8").splitlines()
    lab.drop_bytes("oru.hl7", "\r".join([line for line in lines if "|CORPSMAIL_PS^" not in line] + [""]).encode())
    answer = read_hl7(lab.wait_for_ack("oru.hl7"))
    checks.equal("ORU sans son texte abîmé", [field(answer, "ERR", 3).split("^")[0], field(answer, "ERR", 2)], ["207", "OBX^1^5"])


def check_deletion(lab, checks):
    letters = [lab.letter(identifier) for identifier in {row["letter"] for row in lab.deliveries()}]
    flags = [said["flags"].split() for said in letters if said["operation"] == "remove"]
    checks.equal("une suppression", len(flags), 1)
    checks.that("dont le document a été réécrit", all("content_differs" in one for one in flags), flags)


def check_unknown_deletion(lab, checks, samples):
    answer = answer_to(lab, samples, "hl7/mdm_t04_delete.er7")
    checks.equal("suppression d'un document inconnu ici", answer, ("AA", "", ""))


def document_of(message):
    """The CDA inside an MDM message: the first OBX of type ED."""
    for line in message.replace(b"\n", b"\r").split(b"\r"):
        fields = line.split(b"|")
        if fields[0] == b"OBX" and fields[2] == b"ED":
            return base64.b64decode(fields[5].split(b"^")[4])
    raise AssertionError("no document")


def check_discharge(lab, checks):
    """The clock starts at the instant of the movement, since PV1-45 is empty."""
    stays = lab.report("2024-03-06", "2024-03-06")["stays"]
    checks.equal("une sortie le 6 mars 2024", len(stays), 1)
    checks.equal("l'instant du mouvement", [stay["discharge"][:19] for stay in stays], ["2024-03-06T11:00:00"])
    checks.equal("sans lettre, hors délai", [(stay["state"], stay["quality"]) for stay in stays], [("overdue", "movement")])


def check_letter(lab, checks, samples):
    """The initial message of the report: to its doctor, its document untouched."""
    document = document_of((samples / "hl7/mdm_t02_initial.er7").read_bytes())
    said = wait_for("lettre du T02", lambda: lab.letter_of(hashlib.sha256(document).hexdigest()))
    checks.equal("type", said["type"], "18748-4")
    mails = wait_for("courriel du T02", lambda: lab.mails(DOCTOR))
    opened = lab.open_mail(mails[0], DOCTOR)
    checks.that("le document est dans le paquet XDM, octet pour octet", document in opened.xdm.values())
    checks.that("le texte donné par le message", "Cher confrère" in opened.text)
    checks.that("rien du patient dehors", b"PAT-TROIS" not in mails[0] and b"279035121518989" not in mails[0])


def test(lab, checks):
    samples = pathlib.Path(lab.options.more[0])
    listed = {file for file, *_ in EXPECTED}
    there = {f"{folder}/{path.name}" for folder in ("hl7", "cda") for path in (samples / folder).iterdir()}
    checks.equal("chaque exemple a sa ligne", sorted(listed), sorted(there))
    lab.make_pki([DOCTOR])
    domains = (DOMAIN, "hopital.demo.mssante.fr")

    lab.add_pair({"domains": domains, "node": {"environment": "production"}}, {"domains": (DOMAIN,)})
    lab.start_node("hospital")
    check_table(lab, checks, samples, PRINTED, "")
    empty_node(lab)

    # The examples ask for the shared record too, which this node has no link to.
    lab.add_pair({"domains": domains, "hospital": {"profile": ROOT / "conf/profiles/ans-samples.toml"},
                  "intake": {"shared_record": "mail_only"}}, {"domains": (DOMAIN,)})
    lab.start_pair()
    # First the initial message, to its mailbox: its replacement would supersede it in the queue.
    initial = "hl7/mdm_t02_initial.er7"
    check_table(lab, checks, samples, EXAMPLES, initial)
    check_letter(lab, checks, samples)
    check_table(lab, checks, samples, EXAMPLES, "hl7/", besides=initial)
    check_deletion(lab, checks)
    check_mended_oru(lab, checks, samples)
    check_discharge(lab, checks)
    # One of the reports is also that of the T02 message, in other octets: on a node that has not seen it.
    empty_node(lab)
    lab.start_node("hospital")
    check_table(lab, checks, samples, EXAMPLES, "cda/")
    empty_node(lab)
    lab.start_node("hospital")
    check_unknown_deletion(lab, checks, samples)
    for mark in ("PAT-TROIS", "DOMINIQUE", "279035121518989"):
        checks.that("rien du patient dans les journaux", mark not in lab.log() + lab.log("operator"))
    print("\n".join("  ".join(row) for row in EXPECTED))


if __name__ == "__main__":
    run(test)
