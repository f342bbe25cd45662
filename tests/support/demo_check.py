#!/usr/bin/env python3
"""Checks what a demo came to, apart from everything that made it: imports nothing of ours. Standard library and openssl.

  demo_check.py D               reads D/demo.json and tests/data/demo/expected.json, the mailboxes (IMAP over TLS), the
                                acknowledgements and `liaison report`; one line per check, exit 1 if one fails
  demo_check.py --self-test D   deletes one delivered mail over IMAP, then exit 0 only if exactly that loss is noticed.
                                D's demo runs (scripts/demo --keep) and is spoilt afterwards

What it knows of the rules it computes itself: J0 and 48 h (domain.md §3) with zoneinfo, hashes, HL7 fields.
"""
import base64
import collections
import contextlib
import datetime
import email
import email.policy
import hashlib
import imaplib
import io
import json
import math
import pathlib
import re
import ssl
import subprocess
import sys
import xml.etree.ElementTree
import zipfile
import zoneinfo

EXPECTED = pathlib.Path(__file__).resolve().parents[1] / "data" / "demo" / "expected.json"
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
UTC = datetime.timezone.utc
CDA = "{urn:hl7-org:v3}"
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"


class Checks:
    """Gathers findings under one title; a title without finding is good."""

    def __init__(self, quiet=False):
        self.quiet, self.failed = quiet, []

    @contextlib.contextmanager
    def check(self, title):
        found = []

        def expect(holds, what):
            if not holds:
                found.append(what)
            return bool(holds)

        notes = []
        expect.note = notes.append
        try:
            yield expect
        except Exception as error:  # a surprise is a failure of the check at hand, not of the others
            found.append(f"{type(error).__name__} : {error}")
        self.failed += [(title, what) for what in found]
        if not self.quiet:
            print(f"  {'NON' if found else 'ok '}  {title}" + (f" ({', '.join(notes)})" if notes and not found else ""))
            for what in found:
                print(f"         - {what}")


# ---- reading -----------------------------------------------------------------------------------------------------------
def hl7_segments(data):
    lines = [line.split("|") for line in data.decode("utf-8").split("\r") if line]
    return [[line[0], "|", *line[1:]] if line[0] == "MSH" else line for line in lines]


def field(segment, number):
    return segment[number] if number < len(segment) else ""


def openssl(arguments, data):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, timeout=60, check=False)


def read_instant(text):
    """HL7 or ISO 8601 text -> (UTC instant, whether it is a date only). Without offset: first occurrence of a repeated
    hour, offset before the change in a missing one (domain.md §3 rule 11), which is what fold=0 means."""
    digits = re.sub(r"[-:T](?=\d\d)", "", text[:19]) + text[19:] if "-" in text[:8] else text
    match = re.fullmatch(r"(\d{8})(\d{6})?([+-]\d\d:?\d\d)?", digits)
    wall = datetime.datetime.strptime(match[1] + (match[2] or "000000"), "%Y%m%d%H%M%S")
    if match[3] and match[2]:
        return datetime.datetime.strptime(match[1] + match[2] + match[3].replace(":", ""), "%Y%m%d%H%M%S%z").astimezone(UTC), False
    return wall.replace(tzinfo=PARIS, fold=0).astimezone(UTC), match[2] is None


def is_made_pdf(pdf):
    return pdf.startswith(b"%PDF-1.") and pdf.rstrip().endswith(b"%%EOF") and b"/StructTreeRoot" in pdf and b"/Lang" in pdf


class Mail:
    def __init__(self, doctor, raw, stored):
        self.doctor, self.raw, self.stored = doctor, raw, stored
        self.outer = email.message_from_bytes(raw, policy=email.policy.default)
        self.entity, self.zip, self.pdfs, self.text = None, {}, [], ""

    def open(self, anchors):
        """Empty when openssl agreed and the parts were read; else what went wrong."""
        signed = openssl(["cms", "-decrypt", "-recip", self.doctor["certificate"], "-inkey", self.doctor["key"]], self.raw)
        if signed.returncode != 0:
            return "openssl cms -decrypt refuse"
        verified = openssl(["cms", "-verify", "-CAfile", anchors], signed.stdout)
        if verified.returncode != 0:
            return "openssl cms -verify refuse"
        self.entity = email.message_from_bytes(verified.stdout, policy=email.policy.default)
        for part in self.entity.walk():
            if (part.get_filename() or "").lower() == "ihe_xdm.zip":
                with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
                    self.zip = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
            elif part.get_content_type() == "application/pdf":
                self.pdfs.append(part.get_content())
            elif part.get_content_type() == "text/plain":
                self.text = self.text or part.get_content()
        return ""

    def documents(self):
        """path -> bytes of the CDA files in the zip."""
        return {name: data for name, data in self.zip.items() if b"ClinicalDocument" in data and not name.upper().endswith("METADATA.XML")}

    def embedded_pdf(self):
        for data in self.documents().values():
            text = xml.etree.ElementTree.fromstring(data).find(f".//{CDA}nonXMLBody/{CDA}text")
            if text is not None:
                return base64.b64decode("".join((text.text or "").split()))
        return b""


@contextlib.contextmanager
def inbox(description, doctor, readonly=True):
    host, port = description["operator"]["imaps"].rsplit(":", 1)
    context = ssl.create_default_context(cafile=description["anchors"])
    client = imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=30)
    try:
        client.login(doctor["user"], doctor["password"])
        status, answer = client.select("INBOX", readonly=readonly)
        if status != "OK":
            raise RuntimeError("SELECT INBOX refusé")
        yield client, int(answer[0])
    finally:
        with contextlib.suppress(Exception):
            client.logout()


def read_mailbox(description, doctor):
    with inbox(description, doctor) as (client, count):
        if count == 0:
            return []
        _, answer = client.fetch("1:*", "(UID INTERNALDATE BODY.PEEK[])")
    mails = []
    for head, raw in (item for item in answer if isinstance(item, tuple)):
        stored = re.search(rb'INTERNALDATE "([^"]+)"', head)[1].decode().strip()
        mails.append(Mail(doctor, raw, datetime.datetime.strptime(stored, "%d-%b-%Y %H:%M:%S %z")))
    return mails


# ---- the rules, computed again -----------------------------------------------------------------------------------------
class Clock:
    def __init__(self, discharge, date_only, now):
        self.discharge, self.date_only, self.now = discharge, date_only, now
        self.day = discharge.astimezone(PARIS).date()

    def midnight(self, days):
        day = self.day + datetime.timedelta(days=days)
        return datetime.datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)

    def early(self, stop):  # rule 6
        return stop < self.discharge and stop.astimezone(PARIS).date() >= self.day - datetime.timedelta(days=1)

    def j0(self, stop):
        if stop is not None and (stop.astimezone(PARIS).date() == self.day or self.early(stop)):
            return "met"
        return "pending" if self.now < self.midnight(1) else "missed"

    def h48(self, stop):
        limit = datetime.timedelta(seconds=172800)
        if self.date_only:
            met = stop is not None and stop < self.midnight(2)
            return "met" if met else "pending" if self.now < self.midnight(2) else "missed"
        if stop is not None and (datetime.timedelta() <= stop - self.discharge <= limit or self.early(stop)):
            return "met"
        return "pending" if self.now <= self.discharge + limit else "missed"

    def lag(self, stop):
        if stop is None or self.date_only:
            return None
        return max(0.0, (stop - self.discharge).total_seconds())


def nearest_rank(values, share):
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else None


def parsed(text):
    return datetime.datetime.fromisoformat(text) if text else None


# ---- the checks --------------------------------------------------------------------------------------------------------
class Demo:
    def __init__(self, folder, quiet=False):
        self.folder = pathlib.Path(folder)
        self.description = json.loads((self.folder / "demo.json").read_text(encoding="utf-8"))
        self.expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
        self.submissions = {one["file"]: one for one in self.description["demo"]["submissions"]}
        self.started = parsed(self.description["demo"]["started"])
        self.mails = []
        self.checks = Checks(quiet)
        self.check = self.checks.check

    def liaison(self, *arguments):
        command = [self.description["demo"]["binary"], *arguments, "--config", self.description["hospital"]["config"], "--format", "json"]
        return json.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)

    def deliveries(self):
        for file, wanted in self.expected["submissions"].items():
            for delivery in wanted.get("deliveries", []):
                yield file, delivery

    def run(self):
        self.check_description()
        self.check_spool()
        self.check_acknowledgements()
        self.check_reception_acknowledgements()
        self.fetch()
        self.check_once()
        self.check_contents()
        self.check_privacy_of_mails()
        self.check_states()
        self.check_report()
        return not self.checks.failed

    def check_description(self):
        with self.check("demo.json décrit chaque envoi attendu, et rien d'autre") as expect:
            wanted = {(file, delivery["to"]) for file, delivery in self.deliveries()}
            refused = {(file, "") for file, one in self.expected["submissions"].items() if "code" in one}
            listed = [(one["file"], one["recipient"]) for one in self.description["letters"]]
            expect(len(listed) == len(set(listed)), "un envoi y est deux fois")
            expect(set(listed) == wanted | refused, f"différence : {sorted(set(listed) ^ (wanted | refused))}")
            expect(set(self.submissions) == set(self.expected["submissions"]), "fichiers déposés et attendus diffèrent")
            expect.note(f"{len(wanted)} envois, {len(refused)} refus")

    def check_spool(self):
        with self.check("le dossier de dépôt est vide") as expect:
            left = [path.name for path in pathlib.Path(self.description["hospital"]["spool"]).rglob("*") if path.is_file()]
            expect(not left, f"reste : {left}")

    def check_acknowledgements(self):
        folder = pathlib.Path(self.description["hospital"]["ack"])
        present = {path.name for path in folder.iterdir()}
        with self.check("chaque fichier a un accusé, un seul, avec le code et le champ attendus") as expect:
            for file, wanted in self.expected["submissions"].items():
                names = {f"{file}.ack.hl7", f"{file}.ack.json"} & present
                if expect(len(names) == 1, f"{file} : {len(names)} accusé(s)"):
                    self.check_acknowledgement(expect, file, wanted, folder / names.pop())
            expect.note(f"{len(self.expected['submissions'])} fichiers")
        with self.check("le dossier des accusés ne contient rien d'autre") as expect:
            known = {f"{file}.ack.{kind}" for file in self.submissions for kind in ("hl7", "json")}
            stray = [name for name in present if name not in known and ".z02-" not in name]
            expect(not stray, f"en trop : {stray}")

    def check_acknowledgement(self, expect, file, wanted, path):
        if path.suffix == ".json":
            said = json.loads(path.read_text(encoding="utf-8"))
            expect(said["code"] == wanted["answer"], f"{file} : code {said['code']}")
            expect(bool(said["letter"]) == (wanted["answer"] == "ACCEPTED"), f"{file} : lettre « {said['letter']} »")
            return
        segments = hl7_segments(path.read_bytes())
        msa = next(s for s in segments if s[0] == "MSA")
        expect(field(msa, 1) == wanted["answer"], f"{file} : MSA-1 {field(msa, 1)}")
        expect(field(msa, 2) == self.submissions[file]["control_id"], f"{file} : MSA-2 n'est pas l'identifiant du message")
        errors = [s for s in segments if s[0] == "ERR"]
        if "code" not in wanted:
            expect(not errors, f"{file} : ERR dans un accusé positif")
            return
        found = {(field(s, 2), field(s, 3).split("^")[0]) for s in errors}
        expect((wanted["field"], wanted["code"]) in found, f"{file} : ERR {sorted(found)}")
        expect(all(field(s, 4) == "E" for s in errors), f"{file} : ERR-4")

    def check_reception_acknowledgements(self):
        folder = pathlib.Path(self.description["hospital"]["ack"])
        with self.check("un accusé de réception ZAM^Z02 par destinataire qui l'attend, positif ou motivé") as expect:
            wanted = collections.Counter((self.submissions[file]["control_id"], delivery["to"], delivery["zam"])
                                         for file, delivery in self.deliveries() if "zam" in delivery)
            found = collections.Counter()
            for path in folder.glob("*.z02-*.hl7"):
                segments = hl7_segments(path.read_bytes())
                status, to = [s for s in segments if s[0] == "OBX"]
                verdict = field(status, 5).split("^")[0]
                for error in (s for s in segments if s[0] == "ERR"):
                    verdict += " " + field(error, 5).split("^")[0]
                found[(field(status, 4), field(to, 5).split("^")[3], verdict)] += 1
                of_file = [file for file in self.submissions if path.name.startswith(file + ".z02-")]
                expect(of_file and self.submissions[of_file[0]]["control_id"] == field(status, 4), f"{path.name} : autre message")
                expect(field(segments[0], 9) == "ZAM^Z02^ZAM_Z01", f"{path.name} : MSH-9")
            expect(found == wanted, f"différence : attendu {sorted(wanted - found)}, trouvé {sorted(found - wanted)}")
            expect.note(f"{sum(wanted.values())} accusés")

    def fetch(self):
        with self.check("chaque boîte s'ouvre par IMAP sous TLS, chaque courriel est déchiffré et vérifié par openssl") as expect:
            for doctor in self.description["doctors"]:
                for mail in read_mailbox(self.description, doctor):
                    problem = mail.open(self.description["anchors"])
                    if expect(not problem, f"{doctor['address']} : {problem}"):
                        self.mails.append(mail)
            expect.note(f"{len(self.description['doctors'])} boîtes, {len(self.mails)} courriels")
        with self.check("la clé d'un autre destinataire n'ouvre aucun courriel") as expect:
            for mail in self.mails:
                other = next(d for d in self.description["doctors"] if d["address"] != mail.doctor["address"])
                opened = openssl(["cms", "-decrypt", "-recip", other["certificate"], "-inkey", other["key"]], mail.raw)
                expect(opened.returncode != 0, f"un courriel de {mail.doctor['address']}")

    def file_of(self, mail):
        """The submission whose document this mail carries: by the SHA-256 of the CDA, else of the PDF in it."""
        hashes = {hashlib.sha256(data).hexdigest() for data in mail.documents().values()}
        pdf = hashlib.sha256(mail.embedded_pdf()).hexdigest()
        for file, one in self.submissions.items():
            if one["form"] == "repeat":
                continue
            if one["document_sha256"] in hashes or (one["form"] == "sidecar" and one["pdf_sha256"] == pdf):
                return file
        return None

    def check_once(self):
        with self.check("chaque lettre remise est une fois, et une seule, dans la boîte de son destinataire") as expect:
            wanted = collections.Counter((file, delivery["to"]) for file, delivery in self.deliveries() if delivery["state"] == "confirmed")
            found = collections.Counter((self.file_of(mail), mail.doctor["address"]) for mail in self.mails)
            for file, address in wanted - found:
                expect(False, f"manque : {file} chez {address}")
            for file, address in found - wanted:
                expect(False, f"en trop : {file} chez {address}")
            ids = [mail.outer["Message-ID"] for mail in self.mails]
            expect(len(ids) == len(set(ids)) and all(ids), "Message-ID absent ou répété")
            for mail in self.mails:
                for message in (mail.outer, mail.entity):
                    to = [address.addr_spec for address in message["To"].addresses]
                    expect(to == [mail.doctor["address"]], f"{mail.doctor['address']} : To nomme quelqu'un d'autre")
                expect(mail.entity["Message-ID"] == mail.outer["Message-ID"], "Message-ID différent dans l'enveloppe et dedans")
            expect.note(f"{sum(wanted.values())} remises")

    def check_contents(self):
        with self.check("document reçu = document déposé, à l'octet près (SHA-256) ; PDF joint = PDF déposé") as expect:
            for mail in self.mails:
                file = self.file_of(mail)
                if not expect(file is not None, f"{mail.doctor['address']} : document inconnu"):
                    continue
                one = self.submissions[file]
                expect(len(mail.documents()) == 1, f"{file} : {len(mail.documents())} documents dans l'archive")
                pdfs = [hashlib.sha256(pdf).hexdigest() for pdf in mail.pdfs]
                if one["pdf_sha256"]:
                    expect(pdfs == [one["pdf_sha256"]], f"{file} : PDF joint différent")
                else:  # the document brings none: the relay makes one, tagged and in French
                    expect(len(pdfs) == 1 and is_made_pdf(mail.pdfs[0]), f"{file} : PDF fait par le relais, un seul, attendu")
                if one["pdf_sha256"]:
                    inside = hashlib.sha256(mail.embedded_pdf()).hexdigest()
                    expect(inside == one["pdf_sha256"], f"{file} : PDF dans le CDA différent")
        with self.check("archive IHE XDM complète ; hash et size de METADATA sont ceux du document") as expect:
            for mail in self.mails:
                self.check_metadata(expect, mail, self.file_of(mail))
        with self.check("le corps se lit sans rien ouvrir : patient, document et pièces jointes en clair dedans") as expect:
            for mail in self.mails:
                for word in ("Patient", "Né(e) le", "Document", "Signataire", "IHE_XDM.zip"):
                    expect(word in mail.text, f"{self.file_of(mail)} : « {word} » absent")

    @staticmethod
    def check_metadata(expect, mail, file):
        upper = {name.upper(): data for name, data in mail.zip.items()}
        for name in ("INDEX.HTM", "README.TXT"):
            expect(name in upper, f"{file} : {name} absent")
        metadata = [data for name, data in upper.items() if name.endswith("/METADATA.XML")]
        if not expect(len(metadata) == 1, f"{file} : {len(metadata)} METADATA.XML"):
            return
        entries = list(xml.etree.ElementTree.fromstring(metadata[0]).iter(RIM + "ExtrinsicObject"))
        expect(len(entries) == len(mail.documents()), f"{file} : {len(entries)} entrées")
        for entry in entries:
            slots = {slot.get("name"): [value.text for value in slot.iter(RIM + "Value")] for slot in entry.iter(RIM + "Slot")}
            named = [data for name, data in mail.documents().items() if pathlib.PurePosixPath(name).name == pathlib.PurePosixPath(slots["URI"][0]).name]
            if expect(len(named) == 1, f"{file} : URI ne désigne pas un document"):
                expect(slots["hash"] == [hashlib.sha1(named[0]).hexdigest()], f"{file} : hash")
                expect(slots["size"] == [str(len(named[0]))], f"{file} : size")

    def check_privacy_of_mails(self):
        with self.check("hors du chiffré, un courriel ne nomme pas le patient et garde le préfixe national de l'objet") as expect:
            for mail in self.mails:
                file = self.file_of(mail)
                subject = mail.outer["Subject"]
                expect(subject.startswith("XDM/1.0/DDM+"), f"{file} : objet")
                expect(len(mail.entity["Subject"]) > len(subject), f"{file} : l'objet protégé ne dit rien de plus")
                for data in mail.documents().values():
                    role = xml.etree.ElementTree.fromstring(data).find(f"{CDA}recordTarget/{CDA}patientRole")
                    words = {family.text for family in role.iter(CDA + "family")} | {i.get("extension") for i in role.findall(CDA + "id")}
                    for word in words:
                        expect(word.encode() not in mail.raw and word not in str(subject), f"{file} : identité en clair")

    def check_states(self):
        with self.check("l'état de chaque envoi est celui qui est attendu") as expect:
            for one in self.description["letters"]:
                expect(one["state"] == one["expected"], f"{one['file']} pour {one['recipient'] or '–'} : {one['state']}")
                expect(bool(one["id"]) == (one["expected"] != "refused"), f"{one['file']} : identifiant « {one['id']} »")
            wanted = {(file, delivery["to"]): delivery["state"] for file, delivery in self.deliveries()}
            for one in self.description["letters"]:
                expect(one["expected"] == wanted.get((one["file"], one["recipient"]), "refused"), f"{one['file']} : attente recopiée de travers")
        with self.check("liaison queue --rejected liste chaque fichier refusé") as expect:
            rejected = self.liaison("queue", "--rejected")["rejected"]
            wanted = [one for one in self.expected["submissions"].values() if "code" in one]
            expect(len(rejected) == len(wanted), f"{len(rejected)} au lieu de {len(wanted)}")
            fields = {one["field"] for one in rejected}
            expect({one["field"] for one in wanted if "field" in one} <= fields, f"champs {sorted(fields)}")

    # -- the report --
    def check_report(self):
        days = self.description["demo"]
        with self.check("liaison report se lit") as expect:
            self.report = self.liaison("report", "--from", days["first_day"], "--to", days["last_day"])
            self.now = parsed(self.report["now"])
        if self.checks.failed and self.checks.failed[-1][0] == "liaison report se lit":
            return
        self.clocks, self.rows = {}, {}
        with self.check("chaque sortie est au rapport, avec son instant et sa source") as expect:
            self.match_stays(expect)
        with self.check("chaque arrêt d'horloge est l'acceptation de la bonne lettre, à l'heure où la boîte l'a rangée") as expect:
            for stay, row in self.rows.items():
                self.check_stop(expect, stay, row)
        with self.check("J0, 48 h et délais recalculés ici (Europe/Paris, heures écoulées) : les mêmes") as expect:
            for stay, row in self.rows.items():
                self.check_clock(expect, stay, row)
        with self.check("chaque envoi a au rapport son rôle, son état et sa cause") as expect:
            self.check_lines(expect)
        with self.check("taux et délais de la période : ceux écrits d'avance et ceux recalculés") as expect:
            self.check_totals(expect)

    def match_stays(self, expect):
        by_instant = collections.defaultdict(list)
        for row in self.report["stays"]:
            by_instant[parsed(row["discharge"]).astimezone(UTC)].append(row)
        for stay, wanted in self.expected["stays"].items():
            of_stay = [one for one in self.submissions.values() if one["stay"] == stay and one["discharge"]]
            of_stay.sort(key=lambda one: one["form"] != "adt")  # an A03 wins over what a letter says
            instant, date_only = read_instant(of_stay[0]["discharge"])
            rows = by_instant.get(instant, [])
            if expect(len(rows) == 1, f"séjour {stay} : {len(rows)} ligne(s) à {instant.astimezone(PARIS).isoformat()}"):
                self.rows[stay] = rows[0]
                self.clocks[stay] = Clock(instant, date_only, self.now)
                expect(rows[0]["quality"] == wanted["quality"], f"séjour {stay} : qualité {rows[0]['quality']}")
        expect(len(self.report["stays"]) == len(self.expected["stays"]), f"{len(self.report['stays'])} séjours")
        expect.note(f"{len(self.rows)} sorties")

    def id_of(self, file):
        return next((one["id"] for one in self.description["letters"] if one["file"] == file), None)

    def check_stop(self, expect, stay, row):
        wanted = self.expected["stays"][stay]["stop"]
        if wanted is None:
            expect(row["stop"] is None, f"séjour {stay} : arrêt inattendu")
            return
        stop = parsed(row["stop"])
        if not expect(stop is not None, f"séjour {stay} : pas d'arrêt"):
            return
        lines = [line for line in row["letters"] if line["id"] == self.id_of(wanted) and line["role"] == "treating_doctor"]
        expect(len(lines) == 1 and parsed(lines[0]["accepted"]) == stop, f"séjour {stay} : l'arrêt n'est pas l'acceptation de {wanted}")
        expect(row["confirmed"] is True, f"séjour {stay} : arrêt non confirmé")
        expect(self.started - datetime.timedelta(seconds=1) <= stop <= self.now, f"séjour {stay} : arrêt hors de la démonstration")
        stored = [mail.stored for mail in self.mails if self.file_of(mail) == wanted]
        near = any(abs((moment - stop).total_seconds()) <= 5 for moment in stored)
        expect(near, f"séjour {stay} : l'arrêt n'est pas l'heure de rangement dans la boîte")

    def check_clock(self, expect, stay, row):
        wanted, clock, stop = self.expected["stays"][stay], self.clocks[stay], parsed(row["stop"])
        for name, verdict in (("j0", clock.j0(stop)), ("h48", clock.h48(stop))):
            shown = "met" if row[f"{name}_met"] else "pending" if row[f"{name}_pending"] else "missed"
            expect(shown == verdict, f"séjour {stay} : {name} {shown}, recalculé {verdict}")
            # A deadline may pass while a demo runs across midnight.
            fits = verdict == wanted[name] or (wanted[name], verdict) == ("pending", "missed")
            expect(fits, f"séjour {stay} : {name} {verdict}, attendu {wanted[name]}")
        lag = clock.lag(stop)
        same = row["lag_seconds"] is None if lag is None else row["lag_seconds"] is not None and abs(row["lag_seconds"] - lag) < 1.001
        expect(same, f"séjour {stay} : délai {row['lag_seconds']}, recalculé {lag}")
        expect(row["state"] == wanted["state"], f"séjour {stay} : {row['state']}, attendu {wanted['state']}")
        expect(row["exclusion"] == "", f"séjour {stay} : exclu")

    def check_lines(self, expect):
        stay_of = {file: one["stay"] for file, one in self.submissions.items()}
        for file, delivery in self.deliveries():
            outside = file in self.expected["without_stay"]
            lines = self.report["without_stay"] if outside else self.rows.get(stay_of[file], {"letters": []})["letters"]
            mine = [line for line in lines if line["id"] == self.id_of(file) and line["role"] == delivery["role"]]
            if expect(len(mine) == 1, f"{file} pour {delivery['to']} : {len(mine)} ligne(s)"):
                said = (mine[0]["state"], mine[0]["cause"] or "")
                expect(said == (delivery["state"], delivery["cause"]), f"{file} pour {delivery['to']} : {' '.join(said)}")
        expect({line["id"] for line in self.report["without_stay"]} == {self.id_of(file) for file in self.expected["without_stay"]}, "lettres hors séjour")
        total = sum(len(row["letters"]) for row in self.report["stays"]) + len(self.report["without_stay"])
        expect(total == len(list(self.deliveries())), f"{total} lignes")

    def check_totals(self, expect):
        totals, wanted = self.report["totals"], self.expected["totals"]
        j0 = {stay: self.clocks[stay].j0(parsed(row["stop"])) for stay, row in self.rows.items()}
        h48 = {stay: self.clocks[stay].h48(parsed(row["stop"])) for stay, row in self.rows.items()}
        for name, verdicts in (("j0", j0), ("h48", h48)):
            count = collections.Counter(verdicts.values())
            mine = {"numerator": count["met"], "denominator": count["met"] + count["missed"], "pending": count["pending"]}
            shown = {key: totals[name][key] for key in mine}
            expect(shown == mine, f"{name} : {shown}, recalculé {mine}")
            across = any(self.expected["stays"][stay][name] != verdict for stay, verdict in verdicts.items())
            expect(across or shown == wanted[name], f"{name} : {shown}, attendu {wanted[name]}")
            expect(totals[name]["rate"] == shown["numerator"] / shown["denominator"], f"{name} : taux")
        found = {"discharges": totals["discharges"], "eligible": totals["eligible"], "lag_count": totals["lag"]["count"]}
        for name, value in found.items():
            expect(value == wanted[name], f"{name} : {value}, attendu {wanted[name]}")
        for name in ("confirmed", "no_letter"):
            expect(all(totals[name][key] == value for key, value in wanted[name].items()), f"{name} : {totals[name]}")
        expect(totals["exclusions"] == {}, "exclusions inattendues")
        lags = []
        for stay, row in self.rows.items():
            if h48[stay] != "pending" and not self.clocks[stay].date_only:
                lag = self.clocks[stay].lag(parsed(row["stop"]))
                lags.append(math.inf if lag is None else lag)
        for name, share in (("median_seconds", 0.5), ("p95_seconds", 0.95)):
            mine, said = nearest_rank(lags, share), totals["lag"][name]
            same = said == "not reached" if math.isinf(mine) else isinstance(said, float) and abs(said - mine) < 1.001
            expect(same, f"délai, {name} : {said}, recalculé {mine}")
        expect(wanted["lag_p95"] == totals["lag"]["p95_seconds"] == "not reached", "p95 devrait être « non atteint »")


def delete_one(folder):
    """Deletes the first mail of the first mailbox that has one; its Message-ID."""
    description = json.loads((pathlib.Path(folder) / "demo.json").read_text(encoding="utf-8"))
    for doctor in description["doctors"]:
        with inbox(description, doctor, readonly=False) as (client, count):
            if count == 0:
                continue
            client.store("1", "+FLAGS", r"(\Deleted)")
            client.expunge()
            return doctor["address"]
    raise RuntimeError("aucun courriel à effacer")


def self_test(folder):
    before = Demo(folder, quiet=True)
    if not before.run():
        print("  NON  avant l'effacement, le contrôle échoue déjà :", *(f"\n         - {title} : {what}" for title, what in before.checks.failed))
        return False
    address = delete_one(folder)
    after = Demo(folder, quiet=True)
    after.run()
    lost = [what for _, what in after.checks.failed if what.startswith("manque : ") and what.endswith(address)]
    good = len(lost) == 1
    print(f"  {'ok ' if good else 'NON'}  un courriel effacé chez {address} : {'vu' if good else 'pas vu'} ({len(after.checks.failed)} constat(s))")
    return good


def main():
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["--self-test"]
    if len(arguments) != 1 + testing or arguments[-1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    if testing:
        return 0 if self_test(arguments[1]) else 1
    demo = Demo(arguments[0])
    good = demo.run()
    print(f"  {'Tout concorde' if good else f'{len(demo.checks.failed)} constat(s) à revoir'} : {len(demo.mails)} courriels lus.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
