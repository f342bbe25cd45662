"""MLLP both ways: a hospital's software that sends over many connections while the relay is killed and connections are cut; its
answers to the business acknowledgements decide what becomes of them.

mllp.py LIAISON"""
import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import ehr  # noqa: E402
from lab import Doctor, read_hl7, wait_for  # noqa: E402
from letters import World  # noqa: E402
from nodes import free_ports, run  # noqa: E402

CONNECTIONS, MESSAGES, KILLS, CUTS = 10, 300, 3, 5


class Moody:
    """The hospital's software: silent or AR at first for some, AE for one until it was mended, else AA."""

    def __init__(self):
        self.refused, self.mended, self.seen = None, False, 0

    def __call__(self, control_id, times):
        if times == 1:
            self.seen += 1
            if self.seen == 7:
                self.refused = control_id
            if self.seen % 25 == 0:
                return "AR"
            if self.seen == 11:
                return None
        if control_id == self.refused and not self.mended:
            return "AE"
        return "AA"


def acks(lab):
    return json.loads(lab.liaison("queue", "--acks", "--format", "json").stdout)


def check_zams(lab, checks, plan, receiver, moody):
    documents = {one.control_id for one in plan.messages if one.kind == "document"}

    def all_but_one():
        said = acks(lab)
        return said["waiting"] == 0 and said["parked"] == 1 and len(receiver.received) == len(documents)

    wait_for("tous les acquittements remis, sauf celui qui est refusé", all_but_one, 90, every=0.3)
    status = json.loads(lab.liaison("status", "--format", "json").stdout)
    checks.equal("status les compte", (status["acks_waiting"], status["acks_parked"]), (0, 1))
    parked = acks(lab)["acks"][0]
    checks.equal("celui qui est refusé", (parked["id"], parked["state"], parked["kind"]), (moody.refused, "parked", "reception"))
    checks.that("dit à une personne", "refusé par le DPI" in lab.liaison("queue", "--acks").stdout)
    checks.that("journal : ack.parked", "ack.parked" in lab.log())
    moody.mended = True
    lab.liaison("requeue", parked["id"])
    wait_for("l'acquittement refusé est repris", lambda: acks(lab)["parked"] == 0 and acks(lab)["waiting"] == 0, 30, every=0.2)
    checks.that("rien à reprendre", lab.liaison("requeue", parked["id"], check=False).returncode != 0)

    told = []
    for copies in receiver.received.values():
        checks.that("la même chose à chaque essai", len(set(copies)) == 1, f"{len(copies)} copies")
        obx = [segment for segment in read_hl7(copies[0]) if segment[0] == "OBX"]
        told.append((obx[0][3].split("^")[0], obx[0][4], obx[0][5].split("^")[0]))
    checks.equal("un Z02 = Y par document", sorted(told), sorted(("ACK_RECEPTION_MSS", one, "Y") for one in documents))
    checks.equal("aucun fichier", [path.name for path in lab.acks.iterdir()], [])


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctor = Doctor.from_stays(world.doctors["lenoiraud"])
    lab.make_pki([doctor])
    moody = Moody()
    receiver = ehr.ZamReceiver(lab, moody)
    receiver.start()
    receiver.ready.wait(10)
    (mllp,) = free_ports(1)
    lab.add_pair(hospital={"mllp": {"listen": f"127.0.0.1:{mllp}", "queue": 8, "zam_to": f"127.0.0.1:{receiver.port}",
                                    "zam_server_name": "mx.medecin.demo.mssante.fr", "zam_first_seconds": 1,
                                    "zam_most_seconds": 2, "zam_answer_seconds": 1}})
    lab.start_pair()
    checks.equal("point d'accès", lab.port("hospital", "mllp"), mllp)

    plan = ehr.Plan(MESSAGES, seed=3)
    sender = ehr.Ehr(mllp, ehr.tls_client(lab), plan, CONNECTIONS)
    said, status = ehr.drive(lab, sender, KILLS, CUTS)
    print(json.dumps(said))
    checks.equal("arrêts brutaux", said["kills"], KILLS)
    checks.equal("coupures", said["cuts"], CUTS)
    ehr.verify(sender, status, checks)

    documents = plan.counts["document"]
    wait_for("tout est remis", lambda: lab.queue()["counts"].get("confirmed", 0) == documents, 120, every=0.5)
    checks.equal("chaque lettre reçue une fois", len(lab.mails(doctor)), documents)
    check_zams(lab, checks, plan, receiver, moody)
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])
    receiver.stop()


if __name__ == "__main__":
    run(test)
