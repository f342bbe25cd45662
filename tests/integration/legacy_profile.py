"""conf/profiles/legacy.toml on a whole node: what software of the volet's versions 1.2 and 2.0 writes otherwise is refused with its
code under the text as printed, and reaches its doctor under the profile.

legacy_profile.py LIAISON"""
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, Doctor, read_hl7, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import free_ports, run  # noqa: E402

PATIENT = {"birth_name": "ARBOGAST", "given": "MELUSINE", "all_given": "MELUSINE JEANNE", "birth": "1951-06-02", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D990001"}
# What old software writes: (as the template has it, as it writes it); MSA-1, ERR-3, ERR-2 where that is not tolerated.
OLD = {
    "profil-2.0": ([("|2.1^CISIS_CDA_HL7_V2", "|2.0^CISIS_CDA_HL7_V2")], ("AE", "103", "MSH^1^21")),
    "profil-1.2": ([("|2.1^CISIS_CDA_HL7_V2", "|1.2^CISIS_CDA_HL7_V1")], ("AE", "103", "MSH^1^21")),
    "commande": ([("\rORC|NW", "\rORC|SC")], ("AE", "103", "ORC^1^1")),
    "disponibilite": ([("||||AU\r", "||||LA\r")], ("AE", "103", "TXA^1^17")),
    "organisation": ([("|||||AU\r", "^HOPITAL DEMO|||||AU\r")], ("AE", "102", "TXA^1^12^1^2")),
    # The first fault is told first; a message whose profile is not known is read no further.
    "tout": ([("|2.1^CISIS_CDA_HL7_V2", "|1.2^CISIS_CDA_HL7_V1"), ("\rORC|NW", "\rORC|SC"),
              ("|||||AU\r", "^HOPITAL DEMO|||||LA\r")], ("AE", "103", "MSH^1^21")),
}
ACCEPTED = ("AA", "", "")


def message(world, number, name, edits):
    named = {"form": "mdm", "file": f"{name}.hl7", "type": "LL", "to": ["lenoiraud"]}
    made = world.files_of(simple_stay(number, PATIENT, files=[named]))[0]
    text = made.files[made.file].decode("utf-8").replace("\n", "\r")
    for was, will_be in edits:
        assert text.count(was) == 1, (name, was)
        text = text.replace(was, will_be)
    return made.file, text.encode("utf-8")


def answer_to(lab, file, data):
    lab.drop_bytes(file, data)
    said = read_hl7(lab.wait_for_ack(file))

    def field(name, number):
        return next((s[number] for s in said if s[0] == name), "")
    return field("MSA", 1), field("ERR", 3).split("^")[0], field("ERR", 2)


def check_all(lab, checks, world, first, under):
    for place, (name, (edits, refused)) in enumerate(OLD.items()):
        got = answer_to(lab, *message(world, str(first + place), f"{name}-{first}", edits))
        checks.equal(f"{name}, {under}", got, ACCEPTED if under == "legacy.toml" else refused)


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctor = Doctor.from_stays(world.doctors["lenoiraud"])
    lab.make_pki([doctor])
    smtp, returns = free_ports(2)
    lab.add_operator(smtp=smtp, returns=returns)
    lab.start_node("operator")
    lab.add_mailboxes()

    lab.add_hospital(next_hop=smtp, returns=returns)
    lab.start_node("hospital")
    lab.import_directory()
    check_all(lab, checks, world, 50, "volet")
    checks.equal("ce que tous écrivent est accepté", answer_to(lab, *message(world, "60", "actuel", [])), ACCEPTED)
    lab.stop_node("hospital")

    lab.add_hospital(next_hop=smtp, returns=returns, hospital={"profile": ROOT / "conf/profiles/legacy.toml"})
    lab.start_node("hospital")
    check_all(lab, checks, world, 70, "legacy.toml")
    count = len(OLD) + 1
    wait_for(f"{count} courriels", lambda: len(lab.mails(doctor)) >= count)
    checks.equal("un courriel par lettre acceptée", len(lab.mails(doctor)), count)
    for role in ("hospital", "operator"):
        checks.that("rien du patient dans les journaux", PATIENT["birth_name"] not in lab.log(role))


if __name__ == "__main__":
    run(test)
