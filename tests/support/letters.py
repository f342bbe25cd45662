"""Synthetic submissions: fills the templates of tests/data/demo/templates. Standard library only, no network, no clock.

  world = World.load(now)                      # now: an aware datetime; every instant of every file comes from it
  for stay in world.stays: ...                 # as written in stays.json, or your own from simple_stay()
      for one in world.files_of(stay): ...     # Submission: name -> bytes, and what a test needs to know about them
  make_pdf(["line", ...])                      # a small valid PDF whose text pdftotext gives back

A Submission's `files` go into the spool in their order (a PDF before its sidecar). What it says of itself names no
patient: hashes, ids, instants. Discharge words of a stay: "today" (20 minutes ago, but never yesterday),
"yesterday HH:MM", "-3d HH:MM" (that local day), "-47h30m" (elapsed time), None (still in hospital).
"""
import base64
import dataclasses
import datetime
import hashlib
import html
import json
import pathlib
import re
import uuid
import zoneinfo

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "demo"
PARIS = zoneinfo.ZoneInfo("Europe/Paris")
UTC = datetime.timezone.utc


# ---- a PDF ---------------------------------------------------------------------------------------------------------
def make_pdf(lines, filler=b""):
    """One page or more of Helvetica text; `filler` (any bytes) goes into a stream of its own, to make it big."""
    pages = [lines[i:i + 60] for i in range(0, len(lines), 60)] or [[]]
    objects = ["<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>",
               "<< /Type /Pages /Kids [%s] /Count %d >>" % (" ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages))), len(pages)),
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    bodies = [text.encode("ascii") for text in objects]
    for number, page in enumerate(pages):
        bodies.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
                      b"/Contents %d 0 R >>" % (5 + 2 * number))
        shown = b"".join(b"(%s) '\n" % _pdf_text(line) for line in page)
        bodies.append(_pdf_stream(b"BT /F1 10 Tf 12 TL 56 790 Td\n" + shown + b"ET\n"))
    if filler:
        bodies.append(_pdf_stream(filler))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table)
    return bytes(out)


def _pdf_text(line):
    return re.sub(rb"([\\()])", rb"\\\1", line.encode("cp1252", "replace"))


def _pdf_stream(data):
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


# ---- placeholders --------------------------------------------------------------------------------------------------
_HL7_SIGNS = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}


def _escape_hl7(value):
    return "".join(_HL7_SIGNS.get(sign, sign) for sign in value)


_ESCAPES = {".hl7": _escape_hl7, ".xml": lambda value: html.escape(value, quote=True),
            ".json": lambda value: json.dumps(value, ensure_ascii=False)[1:-1], ".txt": lambda value: value}


def render(template, values):
    """The template's text with {{name}} escaped for its kind of file and {{name!}} as it is; a missing name is an error."""
    text = (DATA / "templates" / template).read_text(encoding="utf-8")
    escape = _ESCAPES[pathlib.PurePath(template).suffix]

    def fill(match):
        value = values[match[1]]
        return value if match[2] else escape(value)

    return re.sub(r"\{\{(\w+)(!?)\}\}", fill, text)


# ---- instants ------------------------------------------------------------------------------------------------------
def discharge_instant(words, now, place):
    """`place` (0, 1, 2 …) keeps the instants of one day apart, so that a report's rows can be told from each other."""
    if words is None:
        return None
    local_now = now.astimezone(PARIS)
    if words == "today":
        midnight = local_now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)
        wanted = now.astimezone(UTC) - datetime.timedelta(minutes=20, seconds=place)
        if wanted < midnight + datetime.timedelta(seconds=30):
            wanted = midnight + datetime.timedelta(seconds=1 + place)
        return wanted.replace(microsecond=0)
    if match := re.fullmatch(r"-(\d+)h(\d\d)m", words):
        elapsed = datetime.timedelta(hours=int(match[1]), minutes=int(match[2]))
        return (now.astimezone(UTC) - elapsed).replace(microsecond=0)
    match = re.fullmatch(r"(?:yesterday|-(\d+)d) (\d\d):(\d\d)", words)
    day = local_now.date() - datetime.timedelta(days=int(match[1] or 1))
    wall = datetime.datetime.combine(day, datetime.time(int(match[2]), int(match[3])), PARIS)
    return wall.astimezone(UTC)


def hl7_time(at):
    return "" if at is None else at.astimezone(PARIS).strftime("%Y%m%d%H%M%S%z")


def iso_time(at):
    return at.astimezone(PARIS).isoformat(timespec="seconds")


# ---- submissions ---------------------------------------------------------------------------------------------------
@dataclasses.dataclass
class Submission:
    file: str                   # the name that the hospital's software gives; the acknowledgement's name begins with it
    form: str                   # mdm, adt, cda, sidecar, repeat, text
    files: dict                 # name -> bytes, in the order of dropping
    stay: str = ""
    control_id: str = ""        # MSH-10
    document_sha256: str = ""   # of the CDA as sent; empty where Liaison writes it
    pdf_sha256: str = ""        # of the PDF inside, or beside the sidecar
    discharge: str = ""         # as written: HL7 or ISO 8601 text
    wants_reception: bool = False
    body_words: str = ""        # words of the letter, to look for in what the doctor reads; not for manifests

    def facts(self):
        """Without content: fit for a manifest that lies beside the relay's folders."""
        kept = dataclasses.asdict(self)
        del kept["files"], kept["body_words"]
        return kept


class World:
    def __init__(self, described, now, run=None):
        self.now = now
        self.run = run if run is not None else int(now.timestamp())  # makes ids differ from one run to the next
        self.signatories, self.doctors = described["signatories"], described["doctors"]
        self.services, self.types = described["services"], described["types"]
        self.stays, self.strays = described["stays"], described.get("strays", [])
        self._made = {}

    @classmethod
    def load(cls, now, run=None):
        return cls(json.loads((DATA / "stays.json").read_text(encoding="utf-8")), now, run)

    def all_files(self):
        made = [one for stay in self.stays for one in self.files_of(stay)]
        for stray in self.strays:
            made.append(Submission(stray["file"], "text", {stray["file"]: stray["content"].encode()}))
        return made

    def files_of(self, stay):
        return [self.make(stay, described, place) for place, described in enumerate(stay["files"])]

    def first_file_of(self, stay):
        """Nothing is kept of it, so that any number can be made; it cannot be repeated."""
        made = self.files_of(stay)[0]
        self._made.clear()
        return made

    def make(self, stay, described, place=0):
        make = {"adt": self._adt, "mdm": self._mdm, "cda": self._cda, "sidecar": self._sidecar}
        if described["form"] == "repeat":
            first = self._made[described["of"]]
            made = dataclasses.replace(first, file=described["file"], form="repeat",
                                       files={described["file"]: first.files[first.file]})
        else:
            made = make[described["form"]](stay, described, self._values(stay, described, place))
            made.stay = stay["stay"]
        for old, new in described.get("edits", []):
            text = made.files[made.file].decode("utf-8")
            if text.count(old) != 1:
                raise ValueError(f"{made.file}: the edit does not fit the template")
            made.files[made.file] = text.replace(old, new).encode("utf-8")
        self._made[made.file] = made
        return made

    def discharge_of(self, stay):
        order = [one["stay"] for one in self.stays]
        return discharge_instant(stay["discharge"], self.now, order.index(stay["stay"]) if stay["stay"] in order else 0)

    def _values(self, stay, described, place):
        who, by = stay["patient"], self.signatories[stay["by"]]
        treating = self.doctors[stay["treating"]]
        discharge = self.discharge_of(stay)
        ended = discharge or self.now
        admission = (ended - datetime.timedelta(days=stay["days"])).replace(microsecond=0)
        signed = ended + datetime.timedelta(minutes=4) if discharge else ended - datetime.timedelta(minutes=10)
        signed = min(signed, self.now).replace(microsecond=0)
        kind = self.types[described.get("type", "LL")]
        number = f"{self.run}.{int(stay['stay'], 36)}.{place + 1}"
        birth = datetime.date.fromisoformat(who["birth"])
        values = {
            "now_hl7": hl7_time(self.now), "control_id": f"D{number}", "visit": f"V{self.run}-{stay['stay']}",
            "birth_name": who["birth_name"], "first_given_name": who["given"], "given_names": who["all_given"],
            "birth_date": birth.strftime("%Y%m%d"), "birth_iso": who["birth"], "birth_text": birth.strftime("%d/%m/%Y"),
            "sex": who["sex"], "sex_label": {"F": "Féminin", "M": "Masculin"}[who["sex"]], "birthplace": who["cog"],
            "service_code": stay["service"], "service_label": self.services[stay["service"]],
            "admission_hl7": hl7_time(admission), "admission_cda": hl7_time(admission), "admission_iso": iso_time(admission),
            "admission_text": admission.astimezone(PARIS).strftime("%d/%m/%Y"),
            "discharge_hl7": hl7_time(discharge), "discharge_cda": hl7_time(discharge),
            "discharge_iso": iso_time(discharge) if discharge else "",
            "discharge_text": discharge.astimezone(PARIS).strftime("le %d/%m/%Y") if discharge else "non encore prononcée",
            "discharge_high": f'<high value="{hl7_time(discharge)}"/>' if discharge else "",
            "signed_cda": hl7_time(signed), "signed_iso": iso_time(signed),
            "signatory_rpps": by["rpps"], "signatory_family": by["family"], "signatory_given": by["given"],
            "signatory_phone": by["phone"], "treating_rpps": treating["rpps"], "treating_family": treating["family"],
            "treating_given": treating["given"], "type_code": kind["code"], "type_label": kind["label"],
            "title": described.get("title", kind["label"]), "set_id": f"2.999.7.9.{number}", "document_id": f"2.999.7.9.{number}.1",
            "wants_reception": described.get("ack", "Y"),
        }
        for name in ("reason", "synthesis", "treatment", "follow_up"):
            values[name] = stay.get(name, "")
        for name in ("status", "status_entry", "reason", "synthesis", "admission", "discharge", "summary", "germs", "blood",
                     "derivatives", "treatment", "drug", "follow_up"):
            values["uuid_" + name] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number}.{name}")).upper()
        return values

    def _adt(self, stay, described, values):
        how = described.get("time", "exact")
        discharge = self.discharge_of(stay).astimezone(PARIS)
        written = {"exact": hl7_time(discharge), "movement": hl7_time(discharge),
                   "local": discharge.strftime("%Y%m%d%H%M%S"), "date": discharge.strftime("%Y%m%d")}[how]
        values |= self._hl7_identity(stay["patient"]) | {
            "discharge_pv1_45": "" if how == "movement" else written, "movement_hl7": written if how != "date" else values["now_hl7"]}
        treating = self.doctors[stay["treating"]]
        values["treating_doctor_role"] = render("role-treating-doctor.hl7", treating).rstrip("\n") if treating["rpps"] else ""
        text = render("adt-a03.hl7", values)
        return Submission(described["file"], "adt", {described["file"]: _as_hl7(text)}, control_id=values["control_id"], discharge=written)

    def _mdm(self, stay, described, values):
        document, pdf = self._document(stay, described, values)
        lines = []
        for name in described["to"]:
            to = self.doctors[name]
            template = "recipient-professional.hl7" if to["rpps"] else "recipient-organisation.hl7"
            lines.append(render(template, to).rstrip("\n"))
        values |= self._hl7_identity(stay["patient"])
        values |= {"recipients": "\n".join(lines), "document_base64": base64.b64encode(document).decode()}
        text = render("mdm-t02.hl7", values)
        return Submission(described["file"], "mdm", {described["file"]: _as_hl7(text)}, control_id=values["control_id"],
                          document_sha256=_sha256(document), pdf_sha256=_sha256(pdf) if pdf else "",
                          discharge=values["discharge_hl7"], wants_reception=values["wants_reception"] == "Y",
                          body_words=values["synthesis"])

    def _cda(self, stay, described, values):
        document, pdf = self._document(stay, described, values)
        return Submission(described["file"], "cda", {described["file"]: document}, document_sha256=_sha256(document),
                          pdf_sha256=_sha256(pdf) if pdf else "", discharge=values["discharge_cda"], body_words=values["synthesis"])

    def _sidecar(self, stay, described, values):
        who = stay["patient"]
        ins = '"ins": {"matricule": "%s", "oid": "1.2.250.1.213.1.4.10"},' % who["ins"] if who["ins"] else ""
        address = self.doctors[stay["treating"]]["address"] if described.get("by_address") else None
        values |= {"patient_ids": f'{ins} "ipp": "{who["ipp"]}",', "recipients": "",
                   "treating_address": f', "address": "{address}"' if address else ""}
        pdf = self._pdf(values, described)
        name = pathlib.PurePath(described["file"]).stem + ".pdf"
        text = render("sidecar.json", values)
        return Submission(described["file"], "sidecar", {name: pdf, described["file"]: text.encode()}, pdf_sha256=_sha256(pdf),
                          discharge=values["discharge_iso"], body_words=values["synthesis"])

    def _document(self, stay, described, values):
        who = stay["patient"]
        ids = [("1.2.250.1.213.1.4.10", who["ins"])] if who["ins"] else []
        values["patient_ids"] = "\n".join(f'   <id root="{root}" extension="{value}"/>' for root, value in [*ids, ("2.999.7.1", who["ipp"])])
        pdf = None
        if described.get("body", "n1") == "n3":
            values["model_template"] = '<templateId root="1.2.250.1.213.1.1.1.29" extension="2022.01"/>'
            values["body"] = render("cda-body-n3.xml", values)
        else:
            pdf = self._pdf(values, described)
            values["model_template"] = '<templateId root="1.3.6.1.4.1.19376.1.2.20"/>'
            values["body"] = render("cda-body-n1.xml", {"pdf_base64": base64.b64encode(pdf).decode()})
        return render("cda-header.xml", values).encode("utf-8"), pdf

    @staticmethod
    def _pdf(values, described):
        lines = render("letter.txt", values).splitlines()
        wrapped = [piece for line in lines for piece in (re.findall(r".{1,95}(?:\s+|$)", line) or [""])]
        return make_pdf(wrapped, described.get("filler", b""))

    @staticmethod
    def _hl7_identity(who):
        ids = [f"{who['ipp']}^^^HOP_DEMO&2.999.7.1&ISO^PI"]
        if who["ins"]:
            ids.append(f"{who['ins']}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS")
        names = "^".join(_escape_hl7(who[key]) for key in ("birth_name", "given", "all_given")) + "^^^^L"
        return {"patient_ids": "~".join(ids), "patient_names": names}


def simple_stay(number, patient, treating="lenoiraud", discharge="today", files=(), **more):
    """A stay of your own for World.files_of(): `patient` as in stays.json; texts can be given as reason=, synthesis=, …"""
    stay = {"stay": number, "discharge": discharge, "days": 3, "service": "4430", "by": "simone", "treating": treating,
            "patient": patient, "reason": "motif d'essai.", "synthesis": "synthèse d'essai.", "treatment": "aucun.",
            "follow_up": "aucune.", "files": list(files)}
    return stay | more


def _as_hl7(text):
    return "".join(line + "\r" for line in text.splitlines() if line).encode("utf-8")


def _sha256(data):
    return hashlib.sha256(data).hexdigest()
