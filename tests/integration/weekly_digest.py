"""The digest of a week as it leaves by itself: on Monday before its hour there is none, past its hour one mail with the table and the
chart is in the mailbox, once, also over a restart and a kill. Both nodes live on the next Monday (libfaketime).

weekly_digest.py LIAISON"""
import datetime
import glob
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, LabError, wait_for  # noqa: E402
from letters import PARIS, World  # noqa: E402
from nodes import run  # noqa: E402
from people import add_settings, notices  # noqa: E402
from stays import PATIENT, Feed  # noqa: E402

SERVICE, HOUR = "4430", 7


def at(moment):
    """The environment of a process whose clock goes on from that moment. Its monotonic clock stays: the kernel's timers are on it."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        raise LabError("libfaketime manque : scripts/setup test")
    ahead = moment - datetime.datetime.now(datetime.timezone.utc)
    return {"LD_PRELOAD": found[0], "FAKETIME": f"+{int(ahead.total_seconds())}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def wait_for_alert(lab, staff, count):
    """A look has been made since."""
    wait_for(f"alerte {count}", lambda: len(notices(lab, staff, "Liaison relais")) >= count, 40, every=0.3)


def check_mail(checks, mail, week):
    checks.that("la semaine qui est finie", week in mail["Subject"] or week in mail.get_body(("plain",)).get_content(), mail["Subject"])
    plain = mail.get_body(("plain",)).get_content()
    checks.that("le tableau en texte", f"{SERVICE} Cardiologie" in plain and "(0/1)" in plain, plain)
    page = mail.get_body(("html",)).get_content()
    checks.that("le tableau et l'image en HTML", "<table" in page and SERVICE in page and "cid:chart" in page, page)
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    checks.equal("une image, celle que la page nomme", [part["Content-ID"] for part in pictures], ["<chart>"])
    checks.that("un PNG", pictures and pictures[0].get_payload(decode=True).startswith(b"\x89PNG\r\n\x1a\n"))


def test(lab, checks):
    real = datetime.datetime.now(datetime.timezone.utc).astimezone(PARIS)
    day = real.date() + datetime.timedelta(days=7 - real.weekday())  # the next Monday
    monday = datetime.datetime.combine(day, datetime.time(), PARIS)
    week = "{0}-W{1:02d}".format(*(day - datetime.timedelta(days=7)).isocalendar())
    early, late = monday + datetime.timedelta(hours=HOUR - 3), monday + datetime.timedelta(hours=HOUR + 1)
    world = World.load(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
    staff = Doctor.from_stays(world.doctors["rouxelles"])
    lab.make_pki([staff])
    lab.add_pair()
    add_settings(lab, staff, {SERVICE: "Cardiologie", "4440": "Chirurgie", "4450": "Urologie"}, f"digest_hour = {HOUR}")
    lab.start_node("operator", env=at(early))
    lab.start_node("hospital", env=at(early))
    lab.add_mailboxes()
    lab.import_directory()
    feed = Feed(lab, checks, early)
    feed.tell("A03", f"V{world.run}-01", "M1", monday - datetime.timedelta(hours=20), PATIENT, unit=SERVICE)
    wait_for_alert(lab, staff, 1)
    checks.equal("lundi avant l'heure : rien", (notices(lab, staff, "Lettres de sortie"), lab.log().count("digest.queued")), ([], 0))

    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    lab.start_node("hospital", env=at(late))
    digests = wait_for("bilan de la semaine", lambda: notices(lab, staff, "Lettres de sortie"), 40, every=0.3)
    check_mail(checks, digests[0], week)

    lab.kill_node("hospital")
    lab.start_node("hospital", env=at(late))
    feed = Feed(lab, checks, late)
    feed.count = 100
    feed.tell("A03", f"V{world.run}-02", "M2", monday - datetime.timedelta(hours=30), PATIENT, unit="4440")
    wait_for_alert(lab, staff, 2)
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    lab.start_node("hospital", env=at(late + datetime.timedelta(hours=3)))
    feed.tell("A03", f"V{world.run}-03", "M3", monday - datetime.timedelta(hours=31), PATIENT, unit="4450")
    wait_for_alert(lab, staff, 3)
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    checks.equal("un seul bilan, envoyé une fois", (len(notices(lab, staff, "Lettres de sortie")), lab.log().count("digest.queued")), (1, 1))
    checks.equal("arrêt propre", lab.stop_node("operator"), 0)


if __name__ == "__main__":
    run(test)
