"""The ADT feed of a hospital beside its letters: admission, transfer, discharge, cancellations, a corrected discharge time; what
`report` counts after each; a letter that says no number, its candidates, and the person who chooses.

stays.py LIAISON"""
import datetime
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor  # noqa: E402
from letters import PARIS, World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
OTHER = PATIENT | {"birth_name": "KERVADEC", "given": "ARMEL", "all_given": "ARMEL JEAN", "birth": "1951-09-02", "sex": "M",
                   "ins": "", "ipp": "D880002"}
STRUCTURES = {"A01": "ADT_A01", "A02": "ADT_A02", "A03": "ADT_A03", "A11": "ADT_A09", "A13": "ADT_A01", "Z99": "ADT_A01"}


class Feed:
    """Messages of the hospital's admission software; each is recorded a minute after the one before."""

    def __init__(self, lab, checks, now):
        self.lab, self.checks, self.now, self.count = lab, checks, now, 0

    def local(self, at):
        return at.astimezone(PARIS).strftime("%Y%m%d%H%M%S%z") if at else ""

    def tell(self, event, visit, movement, at, patient=None, action="INSERT", original="", unit="4430", kind="I"):
        self.count += 1
        patient = patient or PATIENT
        recorded = self.local(self.now - datetime.timedelta(hours=5) + datetime.timedelta(minutes=self.count))
        admission, discharge = (at, None) if event in ("A01", "A11") else (None, at if event in ("A03", "Z99") else None)
        ins = f"~{patient['ins']}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS" if patient["ins"] else ""
        names = f"{patient['birth_name']}^{patient['given']}^{patient['all_given']}^^^^L"
        birth = patient["birth"].replace("-", "")
        number = f"{visit}^^^HOP_DEMO&2.999.7.2&ISO"
        lines = [f"MSH|^~\\&|GAM_DEMO|HOP_DEMO|RELAIS|HOP_DEMO|{recorded}||ADT^{event}^{STRUCTURES[event]}|F{self.count}|T|2.5^FRA^2.11"
                 "|||||FRA|UNICODE UTF-8|||2.11^IHE_FRANCE-2.11-PAM",
                 f"EVN||{recorded}",
                 f"PID|1||{patient['ipp']}^^^HOP_DEMO&2.999.7.1&ISO^PI{ins}||{names}||{birth}|{patient['sex']}||||||||||{number}^AN",
                 f"PV1|1|{kind}|{unit}||||||||||||||||{number}^VN" + "|" * 25 + f"{self.local(admission)}|{self.local(discharge)}",
                 f"ZBE|{movement}^HOP_DEMO|{self.local(at)}||{action}|N|{original}|Service^^^^^HOP_DEMO&2.999.7.3&ISO^UF^^^{unit}||S"]
        name = f"adt{self.count}.hl7"
        self.lab.drop_bytes(name, "".join(line + "\r" for line in lines).encode())
        answer = self.lab.wait_for_ack(name)
        self.checks.that(f"{event} accepté", f"\rMSA|AA|F{self.count}".encode() in answer, repr(answer))


def totals(lab, now):
    first, last = ((now + datetime.timedelta(days=days)).astimezone(PARIS).date().isoformat() for days in (-10, 1))
    return lab.report(first, last)


def check_stay(lab, checks, world, now):
    feed = Feed(lab, checks, now)
    day, hour = datetime.timedelta(days=1), datetime.timedelta(hours=1)
    described = simple_stay("01", PATIENT, files=[{"form": "mdm", "file": "lettre.hl7", "type": "LL", "to": ["lenoiraud"]}],
                            discharge=None)
    letter = world.files_of(described)[0]
    visit = f"V{world.run}-01"

    def expect(what, discharges, eligible, j0, h48, state=None):
        report = totals(lab, now)
        found = report["totals"]
        got = (found["discharges"], found["eligible"], found["j0"]["numerator"], found["h48"]["numerator"])
        checks.equal(f"{what} : sorties, retenues, J0, 48 h", got, (discharges, eligible, j0, h48))
        if state:
            checks.equal(f"{what} : état", [stay["state"] for stay in report["stays"]], [state])
        return report

    feed.tell("A01", visit, "M1", now - 3 * day, unit="1001")
    expect("entrée", 0, 0, 0, 0)
    feed.tell("A02", visit, "M2", now - 2 * day, unit="1002")
    lab.drop(letter)
    lab.wait_for_state(letter.document_sha256, "confirmed")
    expect("lettre avant la sortie", 0, 0, 0, 0)
    feed.tell("A03", visit, "M3", now - day - hour, unit="1003")
    report = expect("sortie hier", 1, 1, 0, 1, "met_48h")
    checks.equal("service de sortie", report["stays"][0]["service"], "1003")
    feed.tell("A13", visit, "M3", now - day - hour, action="CANCEL", original="A03")
    expect("sortie annulée", 0, 0, 0, 0)
    feed.tell("A03", visit, "M4", now, unit="1003")
    expect("sortie aujourd'hui", 1, 1, 1, 1, "met_j0")
    feed.tell("Z99", visit, "M4", now - 2 * day - hour, action="UPDATE", original="A03", unit="1003")
    expect("heure corrigée : hors délai", 1, 1, 0, 0, "late")
    feed.tell("Z99", visit, "M3", now, action="UPDATE", original="A03", unit="1003")
    expect("correction d'un mouvement annulé : sans effet", 1, 1, 0, 0, "late")
    feed.tell("Z99", visit, "M9", now, action="UPDATE", original="A21")
    feed.tell("A11", visit, "M1", now - 3 * day, action="CANCEL", original="A01")
    report = expect("entrée annulée", 1, 0, 0, 0, "excluded")
    checks.equal("exclusion comptée", report["totals"]["exclusions"], {"CANCELLED": 1})
    feed.tell("A01", visit, "M5", now - 3 * day, unit="1001")
    expect("de nouveau admis", 1, 1, 0, 0, "late")
    return feed


def unmatched(lab):
    return json.loads(lab.liaison("queue", "--unmatched", "--format", "json").stdout)["unmatched"]


def check_match(lab, checks, world, feed, now):
    """A document that names no stay: it leaves, and a person chooses among two."""
    described = simple_stay("02", OTHER, discharge=None,
                            files=[{"form": "cda", "file": "sans-numero.xml", "type": "LL", "edits": [
                                [f'extension="V{world.run}-02"', 'nullFlavor="UNK"']]}])
    letter = world.files_of(described)[0]
    lab.drop(letter)
    lab.wait_for_state(hashlib.sha256(letter.files[letter.file]).hexdigest(), "confirmed")  # of the edited document
    listed = unmatched(lab)
    checks.equal("une lettre sans séjour", [len(one["candidates"]) for one in listed], [0])
    day = datetime.timedelta(days=1)
    feed.tell("A01", "V2A", "N1", now - 3 * day, OTHER)
    checks.equal("le flux en retard la rattache", unmatched(lab), [])
    feed.tell("A01", "V2B", "N2", now - 2 * day - day, OTHER, unit="2002")
    listed = unmatched(lab)
    checks.equal("deux séjours possibles", [len(one["candidates"]) for one in listed], [2])
    text = lab.liaison("queue", "--unmatched").stdout
    checks.that("aucune identité à l'écran", not any(mark in text for mark in ("KERVADEC", "ARMEL", "1951", "V2A", "V2B")), text)
    stay = next(one["stay"] for one in listed[0]["candidates"] if one["service"] == "2002")
    lab.liaison("match", listed[0]["letter"], stay)
    checks.equal("rattachée à la main", unmatched(lab), [])
    checks.equal("à ce séjour", lab.letter(listed[0]["letter"])["stay"], stay)
    checks.that("deux fois n'est pas utile", lab.liaison("match", listed[0]["letter"], stay, check=False).returncode != 0)
    checks.that("séjour inconnu", lab.liaison("match", listed[0]["letter"], "inconnu", check=False).returncode != 0)


def test(lab, checks):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    world = World.load(now)
    doctor = Doctor.from_stays(world.doctors["lenoiraud"])
    lab.make_pki([doctor])
    lab.add_pair()
    lab.start_pair()
    feed = check_stay(lab, checks, world, now)
    check_match(lab, checks, world, feed, now)
    checks.that("aucune identité dans le journal", not any(mark in lab.log() for mark in ("ZYGOMALAS", "KERVADEC", "V2A")))
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])


if __name__ == "__main__":
    run(test)
