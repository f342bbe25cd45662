"""A spool full of junk among good letters: each bad file gets its coded refusal with the place of the fault, the good ones are all
delivered, nothing is lost, nothing of the patient is logged.

bad_spool.py LIAISON"""
import base64
import collections
import datetime
import json
import os
import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, read_hl7, wait_for  # noqa: E402
from letters import World, make_pdf, simple_stay  # noqa: E402
from nodes import run  # noqa: E402

MARKS = ("QUIBERLANT", "THELONIUS", "187036900090193", "J770001")
PATIENT = {"birth_name": MARKS[0], "given": MARKS[1], "all_given": "THELONIUS JEAN", "birth": "1987-03-09", "sex": "M", "cog": "69381",
           "ins": "285076900000095", "ipp": MARKS[3]}
INPUT_OCTETS = 1 << 20
REFUSED_OCTETS = 2 << 20
SEALED_OCTETS = 300_000
ENDED = ("confirmed", "failed")
ANY = object()  # a place that is a position in the file: any offset will do


class Maker:
    """Good submissions of every form, each with ids of its own, to be spoilt."""

    def __init__(self):
        self.world = World.load(datetime.datetime.now(datetime.timezone.utc))
        self.number = 0

    def make(self, form, name, **more):
        self.number += 1
        number = f"{self.number:02d}"
        described = {"form": form, "file": name, "type": "LL", "to": ["lenoiraud"], "by_address": True} | more
        return self.world.files_of(simple_stay(number, PATIENT, files=[described]))[0]

    def bytes(self, form, name="x", **more):
        made = self.make(form, name, **more)
        return made.files[made.file]

    def hl7(self, *edits, **more):
        return edited(self.bytes("mdm", **more), *edits)

    def cda(self, *edits, **more):
        return edited(self.bytes("cda", **more), *edits)

    def sidecar(self, change=None):
        """(JSON bytes, PDF bytes)"""
        made = self.make("sidecar", "x.json")
        read = json.loads(made.files["x.json"])
        if change:
            change(read)
        return json.dumps(read, ensure_ascii=False).encode(), made.files["x.pdf"]

    def hl7_with(self, document):
        """The message around another document."""
        message = self.bytes("mdm")
        start = message.index(b"^Base64^") + len(b"^Base64^")
        return message[:start] + base64.b64encode(document) + message[message.index(b"|", start):]

    def cda_with(self, body):
        """The document around another PDF, its base64 as given."""
        document = self.bytes("cda")
        start = document.index(b'representation="B64"')
        start = document.index(b">", start) + 1
        return document[:start] + body + document[document.index(b"<", start):]


def edited(data, *edits):
    for old, new in edits:
        assert data.count(old) >= 1, old
        data = data.replace(old, new, 1)
    return data


def put(path, value):
    def change(read):
        *parents, last = path.split(".")
        for parent in parents:
            read = read[parent]
        if value is None:
            del read[last]
        else:
            read[last] = value
    return change


def bad_files(make):
    """name -> (files in order of dropping, form, code, place): what must be said of each, written by hand."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
    outside = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
    document = make.bytes("cda")
    bare = document[document.index(b"<ClinicalDocument"):]
    deep = b'<ClinicalDocument xmlns="urn:hl7-org:v3">' + b"<a>" * 70 + b"</a>" * 70 + b"</ClinicalDocument>"
    truncated = make.hl7()
    second_obx = make.hl7()
    obx = next(line for line in second_obx.split(b"\r") if line.startswith(b"OBX|1|"))
    noise = random.Random(7).randbytes(5000)
    not_a_pdf = base64.b64encode(b"GIF89a" + noise[:300])
    half_pdf = base64.b64encode(make_pdf(["coupé"])[:-40])
    crypted = make_pdf(["chiffré"]).replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 9 0 R")

    def one(name, data, form, code, place):
        return name, ({name: data}, form, code, place)

    def pair(name, read, pdf, code, place):
        return name + ".json", ({name + ".pdf": pdf, name + ".json": read}, "pdf", code, place)

    good_json, good_pdf = make.sidecar()
    rows = [
        # HL7
        one("tronque.hl7", truncated[:len(truncated) // 2], "hl7", "199", "OBX^1"),
        one("tronque-net.hl7", truncated[:truncated.index(b"OBX|1|")], "hl7", "100", "OBX^1"),
        one("msh-seul.hl7", b"MSH|^~\\&|", "hl7", "101", "MSH^1^18"),
        one("msh-coupe.hl7", b"MSH|^", "hl7", "199", "MSH^1^2"),
        one("version.hl7", make.hl7((b"|T|2.6|", b"|T|2.4|")), "hl7", "203", "MSH^1^12"),
        one("jeu.hl7", make.hl7((b"|UNICODE UTF-8|", b"|KLINGON|")), "hl7", "103", "MSH^1^18"),
        one("octets.hl7", make.hl7((MARKS[0].encode(), MARKS[0].encode() + b"\xe9")), "hl7", "102", "PID^1"),
        one("base64.hl7", make.hl7((b"^Base64^", b"^Base64^*?*")), "hl7", "102", "OBX^1^5^1^5"),
        one("nul.hl7", make.hl7((MARKS[0].encode(), b"A\0B")), "hl7", "102", ""),
        one("deux-documents.hl7", second_obx.replace(obx, obx + b"\r" + obx.replace(b"OBX|1|", b"OBX|99|")), "hl7", "198", "OBX^2"),
        one("domaine.hl7", make.hl7((b"claire.lenoiraud@medecin.demo.mssante.fr", b"claire.lenoiraud@ailleurs.example")), "hl7",
            "UNTRUSTED_DOMAIN", "PRT^2^15^1^4"),
        one("evenement.hl7", make.hl7((b"MDM^T02^MDM_T02", b"MDM^T06^MDM_T02")), "hl7", "201", "MSH^1^9"),
        one("contraire.hl7", make.hl7((b"MDM^T02^MDM_T02", b"MDM^T04^MDM_T02")), "hl7", "207", "ORC^1^1"),
        one("bombe.hl7", make.hl7_with(bomb), "hl7", "doctype", "OBX^1^5"),
        one("doctype.hl7", make.hl7_with(outside), "hl7", "doctype", "OBX^1^5"),
        one("deux-cda.hl7", make.hl7_with(b"<lot>" + bare + bare + b"</lot>"), "hl7", "two_documents", "OBX^1^5"),
        one("pdf-illisible.hl7", make.hl7_with(make.cda_with(not_a_pdf)), "hl7", "C01", "OBX^1^5"),
        # bare CDA
        one("bombe.xml", bomb, "cda", "doctype", ANY),
        one("doctype.xml", outside, "cda", "doctype", ANY),
        one("deux-cda.xml", b"<lot>" + bare + bare + b"</lot>", "cda", "two_documents", "ClinicalDocument"),
        one("deux-racines.xml", document + bare, "cda", "malformed", ANY),
        one("tronque.xml", document[:len(document) * 2 // 3], "cda", "malformed", ANY),
        one("nul.xml", edited(document, (MARKS[0].encode(), b"A\0B")), "cda", "nul_byte", ANY),
        one("latin1.xml", edited(document, (b'encoding="UTF-8"', b'encoding="ISO-8859-1"')), "cda", "encoding", ANY),
        one("profond.xml", deep, "cda", "too_deep", ANY),
        one("autre.xml", b"<?xml version='1.0'?><liste><element/></liste>", "cda", "not_a_document", ANY),
        one("pas-un-pdf.xml", make.cda_with(not_a_pdf), "cda", "C01", "component/nonXMLBody/text"),
        one("pdf-coupe.xml", make.cda_with(half_pdf), "cda", "C01", "component/nonXMLBody/text"),
        one("base64.xml", make.cda_with(b"%%%%"), "cda", "C01", "component/nonXMLBody/text"),
        one("non-signe.xml", make.cda((b'<signatureCode code="S"', b'<signatureCode code="X"')), "cda", "C03",
            "legalAuthenticator/signatureCode"),
        # PDF with sidecar
        one("sans-fiche.pdf", good_pdf, "pdf", "SIDECAR_MISSING", ""),
        one("sans-pdf.json", make.sidecar()[0], "pdf", "PDF_MISSING", ""),
        pair("cle", make.sidecar(put("document.titre", "x"))[0], good_pdf, "unknown_key", "document.titre"),
        pair("pas-json", good_json[:-30], good_pdf, "not_json", ANY),
        pair("sans-signataire", make.sidecar(put("signatory", None))[0], good_pdf, "missing", "signatory"),
        pair("rpps", make.sidecar(put("signatory.rpps", "99900000012"))[0], good_pdf, "check_digit", "signatory.rpps"),
        pair("type", make.sidecar(put("document.version", "un"))[0], good_pdf, "wrong_type", "document.version"),
        pair("naissance", make.sidecar(put("patient.birth_date", "1987-02-30"))[0], good_pdf, "ill_formed", "patient.birth_date"),
        pair("adresse", make.sidecar(put("treating_doctor.address", "a.b@ailleurs.example"))[0], good_pdf, "UNTRUSTED_DOMAIN",
             "treating_doctor.address"),
        pair("pdf-illisible", make.sidecar()[0], b"%PNG" + noise[:200], "C01", "component/nonXMLBody/text"),
        pair("pdf-chiffre", make.sidecar()[0], crypted, "C01", "component/nonXMLBody/text"),
        # neither
        one("hasard.bin", noise, "unknown", "UNKNOWN_FORM", ""),
        one("hasard.hl7", noise[:700], "unknown", "UNKNOWN_FORM", ""),
        one("vide.hl7", b"", "unknown", "UNKNOWN_FORM", ""),
        one("zeros.xml", b"\0" * 4096, "unknown", "UNKNOWN_FORM", ""),
        one("notes.txt", b"penser au pain\n", "unknown", "UNKNOWN_FORM", ""),
        one("nom \u00e9trange;$(x) 'y'.dat", b"?", "unknown", "UNKNOWN_FORM", ""),
        one("n" * 251 + ".bin", b"?", "unknown", "UNKNOWN_FORM", ""),  # no room for the ending of its acknowledgement
        one(os.fsdecode(b"caf\xe9.bin"), b"?", "unknown", "UNKNOWN_FORM", ""),  # a name that is not UTF-8
        one("trop-gros.hl7", make.hl7() + b"Z" * INPUT_OCTETS, "hl7", "TOO_LARGE", ""),
        one("trop-gros.xml", document + b" " * INPUT_OCTETS, "unknown", "TOO_LARGE", ""),
        one("demesure.hl7", make.hl7() + b"Z" * REFUSED_OCTETS, "hl7", "TOO_LARGE", ""),
        one("demesure.xml", document + b" " * REFUSED_OCTETS, "unknown", "TOO_LARGE", ""),
    ]
    return dict(rows)


def said_of(answer_name, answer):
    """(code, place) of an acknowledgement that refuses; None of one that accepts."""
    if answer_name.endswith(".json"):
        read = json.loads(answer)
        return None if read["code"] == "ACCEPTED" else (read["code"], read["field"])
    segments = read_hl7(answer)
    msa = next(s for s in segments if s[0] == "MSA")
    if msa[1] == "AA":
        return None
    err = next(s for s in segments if s[0] == "ERR")
    return err[3].split("^")[0], err[2]


def good_files(make):
    return [make.make("mdm", "bon-1.hl7"), make.make("cda", "bon-2.xml", body="n3"), make.make("sidecar", "bon-3.json"),
            make.make("mdm", "bon-4.hl7"), make.make("adt", "bon-5.hl7"), make.make("cda", "bon-6.xml")]


def plant_what_is_no_file(lab):
    """Left alone, never followed: what a writer's mistake or a prankster may put there."""
    (lab.spool / "dossier.hl7").mkdir()
    (lab.spool / "dossier.hl7" / "dedans.hl7").write_bytes(b"MSH|^~\\&|")
    (lab.spool / "lien.hl7").symlink_to("/etc/passwd")
    (lab.spool / "lien-mort.xml").symlink_to("/nonexistent")
    os.mkfifo(lab.spool / "tube.hl7")
    return {"dossier.hl7", "lien.hl7", "lien-mort.xml", "tube.hl7"}


def drop(lab, name, data):
    (lab.spool / ".depot.tmp").write_bytes(data)
    os.rename(lab.spool / ".depot.tmp", lab.spool / name)


def answers_of(lab, name):
    """Of a name too long for its acknowledgement's, only the beginning is kept."""
    if len(name) < 240:
        return lab.acks_of(name)
    return {path.name: path.read_bytes() for path in lab.acks.iterdir() if path.name.startswith(name[:200])}


def visible(folder):
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def check_reused_ids(lab, checks, good):
    """An id that has served for other bytes is refused; the same bytes again are no new letter."""
    message, document = good[0], good[1]
    before = len(lab.deliveries())
    lab.drop_bytes("redite.hl7", message.files[message.file])
    checks.equal("mêmes octets, autre nom : accepté", said_of(".hl7", lab.wait_for_ack("redite.hl7")), None)
    lab.drop_bytes("msh10.hl7", edited(message.files[message.file], (b"|4430|", b"|4431|")))
    checks.equal("MSH-10 déjà servi", said_of(".hl7", lab.wait_for_ack("msh10.hl7")), ("207", "MSH^1^10"))
    lab.drop_bytes("id.xml", edited(document.files[document.file], (b"</ClinicalDocument>", b"<!-- --></ClinicalDocument>")))
    checks.equal("identifiant de document déjà servi", said_of(".json", lab.wait_for_ack("id.xml")),
                 ("DOCUMENT_REUSED", "ClinicalDocument/id"))
    checks.equal("aucune lettre de plus", len(lab.deliveries()), before)


def check_slow_writer(lab, checks, make):
    """Written in place, piece by piece: taken once it has come to rest, whole."""
    submission = make.make("mdm", "lente.hl7")
    data = submission.files["lente.hl7"]
    pause = threading.Event()
    with open(lab.spool / "lente.hl7", "wb", buffering=0) as out:
        for start in range(0, len(data), len(data) // 12 + 1):
            out.write(data[start:start + len(data) // 12 + 1])
            pause.wait(0.05)  # far below spool.stable_milliseconds
    checks.equal("écriture lente : acceptée", said_of(".hl7", lab.wait_for_ack("lente.hl7")), None)
    lab.wait_for_state(submission.document_sha256, "confirmed")


def test(lab, checks):
    make = Maker()
    lab.make_pki([Doctor.from_stays(make.world.doctors["lenoiraud"])])
    lab.add_pair({"limits": {"input_octets": INPUT_OCTETS, "refused_octets": REFUSED_OCTETS, "sealed_octets": SEALED_OCTETS},
                  "spool": {"stable_milliseconds": 1000}})
    lab.start_pair()
    bad, good = bad_files(make), good_files(make)
    heavy = make.make("mdm", "lourde.hl7", filler=random.Random(3).randbytes(250_000))
    left = plant_what_is_no_file(lab)
    order = list(bad.values())
    for number, (files, *_) in enumerate(order):
        if number % 8 == 0 and number // 8 < len(good):
            lab.drop(good[number // 8])
        for name, data in files.items():
            drop(lab, name, data)
    lab.drop(heavy)

    for name, (_, _, code, place) in bad.items():
        answers = wait_for(f"accusé de {name}", lambda: answers_of(lab, name))  # noqa: B023
        checks.equal(f"{name} : un accusé", len(answers), 1)
        told = said_of(*next(iter(answers.items())))
        checks.that(f"{name} est refusé", told is not None)
        if not told:
            continue
        hl7 = next(iter(answers)).endswith(".hl7")
        # HL70357 has no word for a fault inside the document: 207, its words beside it.
        wanted = "207" if hl7 and not code.isdigit() else code
        checks.equal(f"{name} : code", told[0], wanted)
        if place is not ANY:
            checks.equal(f"{name} : champ", told[1], place)

    # The list that people read, without anybody's name in it.
    rejected = lab.queue("--rejected")["rejected"]
    found = collections.Counter((row["form"], row["code"]) for row in rejected)
    checks.equal("liaison queue --rejected", found, collections.Counter((form, code) for _, form, code, _ in bad.values()))
    checks.that("chaque refus a son motif", all(row["message"] for row in rejected))

    # The good ones went their way, all of them, once.
    for submission in good:
        answers = lab.acks_of(submission.file) or {"": lab.wait_for_ack(submission.file)}
        checks.equal(f"{submission.file} acceptée", said_of(*next(iter(answers.items()))), None)
    letters = [s for s in good if s.form != "adt"]
    wait_for("tous les envois finis", lambda: [d["state"] in ENDED for d in lab.deliveries()] == [True] * (len(letters) + 1))
    checks.equal("bonnes lettres remises", collections.Counter(d["state"] for d in lab.deliveries()),
                 {"confirmed": len(letters), "failed": 1})
    mails = lab.mails(lab.doctors[0])
    checks.equal("courriels du médecin", len(mails), len(letters))
    for mail in mails:
        checks.that("courriel lisible", MARKS[0] in lab.open_mail(mail, lab.doctors[0]).text)

    # Too heavy once sealed: accepted, never sent, and the hospital's software learns it.
    said = lab.wait_for_state(heavy.document_sha256, "failed")
    events = said["deliveries"][0]["events"]
    checks.equal("lettre scellée trop lourde", (events[-1]["kind"], events[-1]["cause"]), ("refused", "TOO_BIG"))
    checks.that("jamais tentée", "attempt_started" not in [e["kind"] for e in events])
    wait_for("ZAM^Z02 de la lettre trop lourde", lambda: lab.zams_of(heavy.control_id))

    # Nothing is left but what is no file; what was too large to keep lies aside, whole.
    wait_for("dépôt vide", lambda: visible(lab.spool) == left, 10)
    claimed = [p for p in lab.spool.glob(".claimed-*/*")]
    checks.equal("rien de pris et laissé", claimed, [])
    aside = {p.name: p.stat().st_size for p in lab.spool.glob(".refused-*/*")}
    checks.equal("démesurés gardés à part", aside, {n: len(f[n]) for n, (f, *_) in bad.items() if n.startswith("demesure")})
    checks.equal("lien jamais suivi", (lab.spool / "lien.hl7").readlink(), pathlib.Path("/etc/passwd"))

    # A file handed in again is judged again, the same way.
    again = "version.hl7"
    before = lab.acks_of(again)
    for name in before:
        (lab.acks / name).unlink()
    lab.drop_bytes(again, bad[again][0][again])
    lab.wait_for_ack(again)
    checks.equal("redépôt refusé de même", said_of(*next(iter(lab.acks_of(again).items()))), ("203", "MSH^1^12"))

    check_reused_ids(lab, checks, good)
    check_slow_writer(lab, checks, make)
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])
    for role in ("hospital", "operator"):
        text = lab.log(role).lower()
        checks.that(f"journal de {role} sans patient", not any(mark.lower() in text for mark in MARKS))
        checks.that(f"journal de {role} sans noms de fichiers", not any(name.lower() in text for name in bad))


if __name__ == "__main__":
    run(test)
