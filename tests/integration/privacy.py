"""Marked patients go through in every form, some to their doctor, some to a refusal, some held, some failed; then no mark may be
found, however written, in anything the relays keep: only the spool and the ack folder may hold one, and the mail as the doctor
opens it must. The same scanner finds planted marks first.

privacy.py LIAISON"""
import base64
import datetime
import gzip
import json
import pathlib
import quopri
import re
import sys
import unicodedata
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402

# Nowhere else in any language or library; one patient of ASCII and one of accents. Each value alone names the person.
PATIENTS = [
    {"birth_name": "XQUILBORGZ", "given": "WIXOMBELT", "all_given": "WIXOMBELT JQARVE", "birth": "1931-07-23", "sex": "F",
     "cog": "69381", "ins": "231076938199912", "ipp": "IPPQXZ74411"},
    {"birth_name": "ÇÉLÜBRIÈXQ", "given": "ÉÏSWÔQANE", "all_given": "ÉÏSWÔQANE ZŒFFRÜ", "birth": "1927-11-19", "sex": "M",
     "cog": "69381", "ins": "127116938199931", "ipp": "JKWVYB90235"},
]
TEXTS = {"synthesis": "Constat ZQXFLORBIQUE sous zwyxolamide, évolution Öñtqwèle.", "reason": "motif QWYNTHRAXE."}
WORDS = ["ZQXFLORBIQUE", "zwyxolamide", "Öñtqwèle", "QWYNTHRAXE", "DOSSIERQZX"]
# What a search may not find: values as given, and a birth date as forms write it.
MARKS = [*WORDS, *(who[key] for who in PATIENTS for key in ("birth_name", "given", "ins", "ipp")), "JQARVE", "ZŒFFRÜ",
         "19310723", "1931-07-23", "23/07/1931", "19271119", "1927-11-19", "19/11/1927"]


def without_accents(text):
    """As INS traits and file names are written: CELUBRIEXQ."""
    plain = text.replace("Œ", "OE").replace("œ", "oe")
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


def with_case(mark):
    written = {mark, without_accents(mark), unicodedata.normalize("NFD", mark)}
    return {form for one in written for form in (one, one.lower(), one.upper(), one.capitalize())}


def shapes(mark):
    """Every series of octets by which the mark may stand in a file."""
    found = set()
    for text in with_case(mark):
        encoded = {text.encode("utf-8"), text.encode("utf-16-le"), text.encode("utf-16-be")}
        try:
            encoded |= {text.encode("latin-1")}
        except UnicodeEncodeError:
            pass
        for raw in list(encoded):
            for shift in range(3):  # base64 in its three alignments, without the ends that neighbours change
                written = base64.b64encode(b"\0" * shift + raw)
                inner = written[(0, 2, 3)[shift]:len(written) - (0, 3, 2)[(len(raw) + shift) % 3]]
                if len(inner) >= 6:
                    encoded.add(inner)
            encoded.add(raw.hex().encode())
            encoded.add(raw.hex().upper().encode())
        encoded.add(quopri.encodestring(text.encode("utf-8")).rstrip(b"=\n"))
        encoded.add(urllib.parse.quote(text).encode())
        encoded.add(json.dumps(text)[1:-1].encode())
        found |= {one for one in encoded if len(one) >= 6}
    return found


NEEDLES = {shape: mark for mark in MARKS for shape in shapes(mark)}


def trie(needles):
    """A regular expression for any of them that never tries a branch twice: one pass over the data instead of a thousand."""
    if b"" in needles:
        return b""
    branches = {}
    for needle in needles:
        branches.setdefault(needle[:1], set()).add(needle[1:])
    return b"(?:" + b"|".join(re.escape(first) + trie(rest) for first, rest in sorted(branches.items())) + b")"


ANY_NEEDLE = re.compile(trie(set(NEEDLES)), re.DOTALL)


def marks_in(data):
    """Looks across the line ends of base64 and the soft ones of quoted-printable: no needle holds one."""
    for line_end in (b"=\r\n", b"=\n", b"\r\n", b"\n"):
        data = data.replace(line_end, b"")
    return {next(NEEDLES[n] for n in NEEDLES if found.group().startswith(n)) for found in ANY_NEEDLE.finditer(data)}


def scan(folder, allowed):
    """[(path, marks)] of every file and name below `folder` but the allowed folders; how many files were read."""
    found, count = [], 0
    for path in sorted(folder.rglob("*")):
        if any(path.is_relative_to(one) for one in allowed):
            continue
        if marks := marks_in(str(path.relative_to(folder)).encode("utf-8", "surrogateescape")):
            found.append((f"nom {path.name}", marks))
        if path.is_file() and not path.is_symlink():
            count += 1
            if marks := marks_in(path.read_bytes()):
                found.append((str(path.relative_to(folder)), marks))
    return found, count


def check_scanner(checks, folder):
    """A scanner that finds nothing proves nothing."""
    folder.mkdir()
    for number, mark in enumerate(MARKS):
        raw = mark.encode("utf-8")
        plants = {"brut": raw, "minuscules": mark.lower().encode(), "utf16": mark.encode("utf-16-le"), "utf16be": mark.encode("utf-16-be"),
                  "qp": quopri.encodestring(raw), "hex": raw.hex().encode(),
                  **{f"base64-{shift}": base64.encodebytes(b"a" * (75 + shift) + raw + b"bcd") for shift in range(3)}}
        for name, data in plants.items():
            file = folder / f"{number}-{name}"
            file.write_bytes(b"\0 bruit " * 50 + data + b" fin")
            checks.that(f"marque {number} plantée ({name}) vue", mark in marks_in(file.read_bytes()))
            file.unlink()
    (folder / f"lettre-{MARKS[0]}.tmp").write_bytes(b"")
    checks.equal("marque dans un nom de fichier vue", len(scan(folder, [])[0]), 1)
    (folder / f"lettre-{MARKS[0]}.tmp").unlink()
    checks.equal("rien n'est vu où il n'y a rien", scan(folder, []), ([], 0))
    folder.rmdir()


def submissions(world):
    made = []
    kinds = [("mdm", {}), ("cda", {"body": "n3"}), ("cda", {}), ("sidecar", {}), ("adt", {})]
    for who, patient in enumerate(PATIENTS):
        for kind, (form, more) in enumerate(kinds):
            ending = {"mdm": "hl7", "adt": "hl7", "cda": "xml", "sidecar": "json"}[form]
            stay = simple_stay(f"{who}{kind}", patient, **TEXTS, files=[{"form": form, "file": f"DOSSIERQZX-{who}{kind}.{ending}",
                                                                       "type": "LL", "to": ["lenoiraud"]} | more])
            made.append(("good", world.files_of(stay)[0]))
        for kind, (treating, fate) in enumerate([("guibertel", "held"), ("vandermollen", "failed"), ("rouxelles", "waiting")], 6):
            stay = simple_stay(f"{who}{kind}", patient, treating, **TEXTS, files=[
                {"form": "mdm", "file": f"DOSSIERQZX-{who}{kind}.hl7", "type": "LL", "to": [treating]}])
            made.append((fate, world.files_of(stay)[0]))
        for kind, edits in enumerate([[["|2.6|", "|2.3|"]], [["^text^XML^Base64^", "^text^XML^Base64^!"]],
                                      [["MDM^T02^MDM_T02", "MDM^T10^MDM_T02"]], [["|UNICODE UTF-8|", "|ASCII|"]]]):
            name = f"DOSSIERQZX-r{who}{kind}.hl7"
            stay = simple_stay(f"{who}a{kind}", patient, **TEXTS, files=[
                {"form": "mdm", "file": name, "type": "LL", "to": ["lenoiraud"], "edits": edits}])
            made.append(("refused", world.files_of(stay)[0]))
        for kind, old in enumerate(["</ClinicalDocument>", '<signatureCode code="S"/>']):
            stay = simple_stay(f"{who}b{kind}", patient, **TEXTS, files=[
                {"form": "cda", "file": f"DOSSIERQZX-x{who}{kind}.xml", "edits": [[old, ""]], "body": "n3"}])
            made.append(("refused", world.files_of(stay)[0]))
        sidecar = world.files_of(simple_stay(f"{who}c0", patient, **TEXTS, files=[
            {"form": "sidecar", "file": f"DOSSIERQZX-s{who}.json"}]))[0]
        read = json.loads(sidecar.files[sidecar.file])
        read["patient"][patient["birth_name"]] = patient["given"]  # an unknown key that is itself a name
        sidecar.files[sidecar.file] = json.dumps(read, ensure_ascii=False).encode()
        made.append(("refused", sidecar))
    return made


def test(lab, checks):
    check_scanner(checks, lab.folder / "planted")
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctors = [Doctor.from_stays(world.doctors[name]) for name in ("lenoiraud", "guibertel", "vandermollen", "rouxelles")]
    lab.make_pki(doctors)
    lab.add_pair({"limits": {"free_disk_octets": 1 << 20, "deliveries": 2}})
    lab.start_pair()
    made = submissions(world)
    for _, submission in made:
        lab.drop(submission)
    for _, submission in made:
        lab.wait_for_ack(submission.file)
    count = {fate: sum(one == fate for one, _ in made) for fate, _ in made}
    letters = count["good"] - len(PATIENTS) + count["held"] + count["failed"] + count["waiting"]
    wait_for("tous les envois finis", lambda: len(lab.deliveries()) == letters and all(
        d["state"] in ("confirmed", "held", "failed") for d in lab.deliveries()))
    checks.equal("refus", len(lab.queue("--rejected")["rejected"]), count["refused"])
    states = [d["state"] for d in lab.deliveries()]
    checks.equal("lettres retenues", states.count("held"), count["held"])
    checks.equal("lettres en échec", states.count("failed"), count["failed"])

    # What the doctor opens holds the marks: they did go through.
    for doctor in (doctors[0], doctors[3]):
        for mail in lab.mails(doctor):
            checks.equal("rien dans le courriel fermé", marks_in(mail), set())
            opened = lab.open_mail(mail, doctor)
            patient = next((who for who in PATIENTS if who["birth_name"] in opened.text), None)
            checks.that("le texte ouvert nomme le patient", patient is not None)
            checks.that("le document ouvert aussi", patient and any(patient["birth_name"].encode() in data for data in opened.xdm.values()))
            checks.that("le sujet protégé aussi", patient and without_accents(patient["birth_name"]) in opened.message["Subject"])
    checks.equal("courriels", [len(lab.mails(d)) for d in (doctors[0], doctors[3])], [count["good"] - len(PATIENTS), count["waiting"]])

    # Everything the relays say and print.
    words = "".join(lab.liaison(*command).stdout for command in (
        ("status",), ("queue", "--all"), ("queue", "--rejected"), ("queue", "--all", "--format", "json"),
        ("report", "--from", "2020-01-01", "--to", "2049-01-01"), ("report", "--from", "2020-01-01", "--to", "2049-01-01", "--format", "csv")))
    for identifier in {d["letter"] for d in lab.deliveries()}:
        words += lab.liaison("letter", identifier).stdout
    checks.equal("rien dans ce que les commandes affichent", marks_in(words.encode()), set())

    allowed = [lab.spool, lab.acks]
    found, files = scan(lab.folder, allowed)
    checks.equal("en marche : rien sous D", found, [])
    checks.that("des bases et des journaux ont été lus", files > 20 and any(lab.folder.rglob("*wal*")), str(files))
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])
    found, _ = scan(lab.folder, allowed)
    checks.equal("arrêté : rien sous D", found, [])
    # A refusal names places, to the hospital's software too; only a key that Liaison does not know is shown to its sender.
    for path in lab.acks.iterdir():
        if b"unknown_key" not in (answer := path.read_bytes()):
            checks.equal("rien du patient dans les accusés", marks_in(answer), set())
    for role in ("hospital", "operator"):
        packed = gzip.compress((lab.folder / f"{role}.out").read_bytes())
        checks.that(f"journal de {role} non vide", len(packed) > 100)


if __name__ == "__main__":
    run(test)
