"""The queue with operators of every kind: one that answers, one that takes connections and says nothing, one that is gone. The live
one gets its letters while the others hold theirs; hold and resume over a restart; the soonest deadline leaves first; what has waited
too long is told once; under load nothing is taken in, and what is in hand leaves.

delivery_queue.py LIAISON"""
import datetime
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, free_ports, run  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
SILENT, GONE = "muet.demo.mssante.fr", "parti.demo.mssante.fr"
DOCTORS = {"lenoiraud": DOMAIN, "rouxelles": SILENT, "mbayard": GONE}
ATTEMPT = 10  # seconds: an attempt at the silent one lasts so long
SLOTS = 4


class Letters:
    def __init__(self):
        self.world = World.load(datetime.datetime.now(datetime.timezone.utc))
        for name, domain in DOCTORS.items():
            described = self.world.doctors[name]
            described["address"] = described["address"].split("@")[0] + "@" + domain
        self.number = 0

    def doctors(self):
        return [Doctor.from_stays(self.world.doctors[name]) for name in DOCTORS]

    def make(self, treating="lenoiraud", discharge="today"):
        self.number += 1
        return self.world.files_of(simple_stay(f"{self.number:02d}", PATIENT, treating, discharge, files=[
            {"form": "mdm", "file": f"{self.number}.hl7", "type": "LL", "to": [treating]}]))[0]


def states(lab, domain):
    return [row["state"] for row in lab.deliveries() if row["domain"] == domain]


def settings(lab, sink, silent, gone, **limits):
    lab.add_hospital(next_hop=sink.port, domains=(DOMAIN, SILENT, GONE, "hopital.demo.mssante.fr"),
                     more_routes={SILENT: silent, GONE: gone}, limits={"deliveries": SLOTS} | limits,
                     retry={"first_seconds": 2, "most_seconds": 2, "attempt_seconds": ATTEMPT, "warn_seconds": 3})


def restart(lab, checks):
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    lab.start_node("hospital")


def check_dead_beside_live(lab, checks, letters, sink):
    for _ in range(3 * SLOTS):
        for doctor in ("rouxelles", "mbayard"):
            lab.drop(letters.make(doctor))
    wait_for("tout est en file", lambda: len(states(lab, SILENT)) + len(states(lab, GONE)) == 6 * SLOTS or None)
    wait_for("un envoi attend le muet", lambda: "sending" in states(lab, SILENT) or None)
    for _ in range(10):
        lab.drop(letters.make())
    wait_for("les dix lettres du vivant", lambda: states(lab, DOMAIN) == ["accepted"] * 10 or None, 60)
    checks.equal("le vivant a tout reçu, une fois", len(sink.messages()), 10)
    silent = states(lab, SILENT)
    checks.that("le muet n'a jamais pris toutes les places", silent.count("sending") < SLOTS, str(silent))
    gone = states(lab, GONE)
    checks.that("le disparu n'a coûté que quelques essais", gone.count("queued") >= SLOTS, str(gone))
    status = lab.liaison("status").stdout
    checks.that("status dit le disparu", "injoignable" in status, status)
    checks.that("status dit la charge", "charge" in status and "disk" in status, status)
    log = lab.log()
    checks.equal("le journal le dit une fois", log.count("queue.site_dead"), 1)
    wait_for("le retard est signalé", lambda: all(row["late"] for row in lab.deliveries() if row["domain"] == GONE) or None)
    late = {line.split("delivery=")[1].split()[0] for line in lab.log().splitlines() if "delivery.late" in line}
    checks.equal("une ligne par envoi en retard", len(late), lab.log().count("delivery.late"))


def check_hold(lab, checks, letters, sink):
    before = len(sink.messages())
    lab.liaison("hold", DOMAIN)
    held = [letters.make() for _ in range(3)]
    for one in held:
        lab.drop(one)
    wait_for("reçues", lambda: states(lab, DOMAIN).count("queued") == 3 or None)
    restart(lab, checks)
    wait_for("la file est lue", lambda: "queue.site_dead" in lab.log()[lab.log().rindex("app.started"):] or None, 60)
    checks.equal("rien ne part, même après un redémarrage", len(sink.messages()), before)
    queue = lab.queue()
    checks.equal("queue dit la pause", [one["domain"] for one in queue["on_hold"]], [DOMAIN])
    checks.that("et qui", bool(queue["on_hold"][0]["actor"]))
    checks.that("status aussi", f"en pause    {DOMAIN}" in lab.liaison("status").stdout)
    lab.liaison("resume", DOMAIN)
    wait_for("reprises", lambda: len(sink.messages()) == before + 3 or None)
    checks.equal("plus de pause", lab.queue()["on_hold"], [])
    checks.that("un domaine mal écrit est refusé", lab.liaison("hold", "pas un domaine", check=False).returncode != 0)


def check_deadlines(lab, checks, letters, sink):
    """One place only, so that the order of leaving is that of arriving. Each was discharged on an earlier day: its J0 is over at any hour."""
    lab.liaison("hold", DOMAIN)
    order = [letters.make(discharge="-30h00m"), letters.make(discharge="-47h00m"), letters.make(discharge="-60h00m"),
             letters.make(discharge="-46h00m")]
    for one in order:
        lab.drop(one)
        wait_for("reçue", lambda: lab.letter_of(one.document_sha256))
    before = len(sink.messages())
    lab.liaison("resume", DOMAIN)
    wait_for("parties", lambda: len(sink.messages()) == before + 4 or None)
    left = [message.decode("latin-1").split("\r\n\r\n")[0] for message in sink.messages()[before:]]
    ids = [lab.letter_of(one.document_sha256)["deliveries"][0]["message_id"] for one in order]
    places = [next(n for n, header in enumerate(left) if one in header) for one in ids]
    checks.equal("47 h, 46 h, 30 h, puis celle dont tous les délais sont passés", places, [2, 0, 3, 1])


def check_load(lab, checks, letters, sink, settings_with):
    lab.liaison("hold", DOMAIN)
    submission = letters.make()
    lab.drop(submission)
    wait_for("reçue", lambda: lab.letter_of(submission.document_sha256))
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    settings_with(memory_octets=1)  # more than that is used already
    lab.start_node("hospital")
    wait_for("la charge est dite", lambda: "load.changed" in lab.log()[lab.log().rindex("app.started"):] or None)
    checks.that("status dit refusing", "AR, 452" in lab.liaison("status").stdout)
    before = len(sink.messages())
    lab.liaison("resume", DOMAIN)
    wait_for("ce qui est en main part", lambda: len(sink.messages()) == before + 1 or None)
    late = letters.make()
    lab.drop(late)
    answer = wait_for("AR", lambda: lab.acks_of(late.file) or None)
    checks.that("AR", any(b"MSA|AR|" in one for one in answer.values()), str(answer))
    checks.that("rien n'est pris", lab.letter_of(late.document_sha256) is None)


def test(lab, checks):
    letters = Letters()
    lab.make_pki(letters.doctors())
    names = [lab.pki / name for name in ("operator-tls.crt", "operator-tls.key", "anchors.pem")]
    sink = SmtpSink(lab.folder / "sink", *names)
    gone = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:  # the system takes the connections, nobody answers
        def settings_with(**limits):
            settings(lab, sink, silent.getsockname()[1], gone, **limits)

        settings_with()
        lab.start_node("hospital")
        lab.import_directory()
        check_dead_beside_live(lab, checks, letters, sink)
        check_hold(lab, checks, letters, sink)
        checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
        settings_with(deliveries=1)
        lab.start_node("hospital")
        lab.liaison("hold", SILENT)
        lab.liaison("hold", GONE)
        check_deadlines(lab, checks, letters, sink)
        check_load(lab, checks, letters, sink, settings_with)
        lab.stop_node("hospital")
    sink.close()


if __name__ == "__main__":
    run(test)
