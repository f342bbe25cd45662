"""What people are told and do: a discharge without a letter comes on the worklist, its alert arrives by IMAP and at a web address once,
also over a restart and a kill; somebody takes it, records another channel; the end is told once; the weekly digest with its chart.
No mark of the patient anywhere of it.

people.py LIAISON"""
import datetime
import email
import email.policy
import http.server
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from letters import PARIS, World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402
from stays import Feed  # noqa: E402

PATIENT = {"birth_name": "XQUILBORGZ", "given": "WIXOMBELT", "all_given": "WIXOMBELT JQARVE", "birth": "1931-07-23", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "IPPQXZ74411"}
MARKS = ("XQUILBORGZ", "WIXOMBELT", "JQARVE", "285076900000095", "IPPQXZ74411", "1931-07-23", "19310723", "23/07/1931")
SERVICE = "4430"


class WebAddress:
    """Takes JSON by POST; answers 503 to the first. What comes again octet for octet, its answer lost, is kept once."""

    def __init__(self):
        self.bodies, self.refusals = [], 1
        told = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if told.refusals:
                    told.refusals -= 1
                    self.send_response(503)
                else:
                    post = (self.headers["Content-Type"], json.loads(body))
                    if post not in told.bodies:
                        told.bodies.append(post)
                    self.send_response(204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def add_settings(lab, staff, services, alerts, rule=""):
    """[[site]], [alerts] and [[alert]] behind what add_hospital wrote: services by code, and further lines of the two others."""
    named = "\n".join(f'{code} = "{name}"' for code, name in services.items())
    with open(lab.config("hospital"), "a", encoding="utf-8") as out:
        out.write(f"""
[[site]]
code = "NORD"
name = "Site Nord"
group = "GH EST"
[site.services]
{named}
[alerts]
look_seconds = 1
{alerts}
[[alert]]
to = ["{staff.address}"]
{rule}
digest = true
""")


def notices(lab, staff, start):
    """The mails whose subject begins so, parsed."""
    found = [email.message_from_bytes(raw, policy=email.policy.default) for raw in lab.mails(staff)]
    return [one for one in found if one["Subject"].startswith(start)]


def worklist(lab, *more):
    return json.loads(lab.liaison("worklist", "--format", "json", *more).stdout)["items"]


def check_alert(lab, checks, staff, web):
    first = wait_for("alerte dans la boîte", lambda: notices(lab, staff, "Liaison relais"), 30, every=0.3)
    checks.equal("une alerte", len(first), 1)
    text = first[0].get_content()
    checks.that("elle dit le service et ce qu'il faut faire", f"service {SERVICE} Cardiologie" in text and "à faire :" in text, text)
    checks.equal("elle n'appelle pas de réponse", first[0]["Auto-Submitted"], "auto-generated")
    wait_for("alerte à l'adresse web, après un refus", lambda: web.bodies, 40, every=0.3)
    kind, body = web.bodies[0]
    checks.equal("du JSON", kind, "application/json")
    checks.equal("ce qui commence", [(one["kind"], one["subject"], one["group"]) for one in body["begun"]],
                 [("j0_missed", SERVICE, "GH EST")])


def check_told_once(lab, checks, staff, web):
    lab.kill_node("hospital")
    lab.start_node("hospital")
    lab.liaison("status")
    lab.stop_node("hospital")
    lab.start_node("hospital")
    seen = lab.log().count("alert.told")
    checks.equal("rien n'est redit après un redémarrage", (len(notices(lab, staff, "Liaison relais")), len(web.bodies)), (1, 1))
    checks.that("une annonce par destinataire", seen <= 2, str(seen))


def check_acts(lab, checks, item):
    lab.liaison("assign", item, "--to", "m.dupont")
    checks.equal("confiée", [one["assigned_to"] for one in worklist(lab)], ["m.dupont"])
    lab.liaison("snooze", item, "--until", (datetime.datetime.now(PARIS) + datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    checks.equal("remise à plus tard", (worklist(lab), [one["stands"] for one in worklist(lab, "--all")]), ([], ["snoozed"]))
    lab.liaison("done", item, "--reason", "CALLED")
    checks.equal("traitée", [(one["stands"], one["reason"]) for one in worklist(lab, "--all")], [("done", "CALLED")])
    for wrong in (("assign", "inconnu", "--to", "x"), ("assign", item, "--to", "Anne Roux"), ("done", item, "--reason", "PARCE QUE"),
                  ("snooze", item, "--until", "2020-01-01"), ("snooze", item, "--until", "demain"), ("exclude", item),
                  ("exclude", item, "--reason", "HUMEUR"), ("other-channel", item, "--by", "pigeon"),
                  ("other-channel", item, "--by", "paper")):
        checks.that(f"refusé : {' '.join(wrong[:1] + wrong[2:])}", lab.liaison(*wrong, check=False).returncode != 0)


def check_end(lab, checks, world, staff, web):
    """The letter comes, late: its address refuses nothing, the alert ends."""
    described = simple_stay("01", PATIENT, files=[{"form": "mdm", "file": "lettre.hl7", "type": "LL", "to": ["lenoiraud"]}],
                            discharge=None)
    letter = world.files_of(described)[0]
    lab.drop(letter)
    lab.wait_for_state(letter.document_sha256, "confirmed")
    checks.equal("plus rien à faire", worklist(lab, "--all"), [])
    mails = wait_for("fin de l'alerte", lambda: len(notices(lab, staff, "Liaison relais")) > 1 and notices(lab, staff, "Liaison relais"),
                     30, every=0.3)
    checks.equal("une fin", [one["Subject"].split(" : ")[1] for one in mails[1:]], ["1 fin d'alerte"])
    wait_for("fin à l'adresse web", lambda: len(web.bodies) > 1, 30, every=0.3)
    checks.equal("ce qui finit", [(one["kind"], one["subject"]) for one in web.bodies[1][1]["ended"]], [("j0_missed", SERVICE)])


def check_digest(lab, checks, staff, day):
    year, week, _ = day.isocalendar()
    name = f"{year}-W{week:02d}"
    text = lab.liaison("digest", "--group", "GH EST", "--week", name).stdout
    checks.that("le bilan nomme le service", f"{SERVICE} Cardiologie" in text and "J0 tenu" in text, text)
    checks.that("semaine inconnue", lab.liaison("digest", "--group", "GH EST", "--week", "2026-W60", check=False).returncode == 2)
    checks.that("groupe sans adresse", lab.liaison("digest", "--group", "?", "--week", name, "--send", check=False).returncode != 0)
    before = len(notices(lab, staff, "Lettres de sortie"))
    lab.liaison("digest", "--group", "GH EST", "--week", name, "--send")
    mails = wait_for("bilan dans la boîte", lambda: len(notices(lab, staff, "Lettres de sortie")) > before
                     and notices(lab, staff, "Lettres de sortie"), 30, every=0.3)
    mail = mails[-1]
    checks.equal("texte et HTML au choix", mail.get_content_type(), "multipart/alternative")
    plain = mail.get_body(("plain",)).get_content()
    checks.that("le tableau en texte", f"{SERVICE} Cardiologie" in plain and "(0/1)" in plain, plain)
    page = mail.get_body(("html",)).get_content()
    checks.that("le tableau et l'image en HTML", "<table" in page and "cid:chart" in page, page)
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    checks.equal("une image", len(pictures), 1)
    picture = pictures[0].get_payload(decode=True)
    checks.that("un PNG que la page nomme", picture.startswith(b"\x89PNG\r\n\x1a\n") and pictures[0]["Content-ID"] == "<chart>")
    width = int.from_bytes(picture[16:20], "big")
    checks.that("large assez pour être lu", width > 600, str(width))


def test(lab, checks):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    world = World.load(now)
    doctor, staff = Doctor.from_stays(world.doctors["lenoiraud"]), Doctor.from_stays(world.doctors["rouxelles"])
    lab.make_pki([doctor, staff])
    web = WebAddress()
    lab.add_pair(hospital={"spool": {"folder": "spool", "acknowledgements": "ack", "rescan_seconds": 1, "stable_milliseconds": 200}})
    add_settings(lab, staff, {SERVICE: "Cardiologie"}, f'webhook = "http://127.0.0.1:{web.port}/alertes"', 'groups = ["GH EST"]')
    lab.start_pair()
    day = now.astimezone(PARIS) - datetime.timedelta(days=1)
    feed = Feed(lab, checks, now)
    feed.tell("A03", f"V{world.run}-01", "M1", now - datetime.timedelta(hours=25), PATIENT, unit=SERVICE)
    items = worklist(lab)
    checks.equal("une ligne", [(one["word"], one["service"], one["site"]) for one in items], [("j0_missed", SERVICE, "NORD")])
    text = lab.liaison("worklist", "--service", SERVICE).stdout
    checks.that("le tableau dit quoi, qui, quoi faire", all(word in text for word in ("J0 manqué", "secrétariat", "faire signer")), text)
    checks.equal("un autre service n'a rien", worklist(lab, "--service", "9999"), [])
    checks.that("un site sans service", lab.liaison("worklist", "--site", "SUD", check=False).returncode == 2)
    check_alert(lab, checks, staff, web)
    check_told_once(lab, checks, staff, web)
    check_digest(lab, checks, staff, day)
    check_end(lab, checks, world, staff, web)
    feed.tell("A03", f"V{world.run}-02", "M2", now - datetime.timedelta(hours=26), PATIENT, unit=SERVICE)
    check_acts(lab, checks, worklist(lab)[0]["item"])
    said = "\n".join([lab.log(), text, json.dumps(web.bodies), *(raw.decode("utf-8", "replace") for raw in lab.mails(staff))])
    checks.equal("aucune marque du patient", [mark for mark in MARKS if mark in said], [])
    checks.that("chaîne des preuves intacte", lab.liaison("audit", "verify", check=False).returncode == 0)
    web.close()
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])


if __name__ == "__main__":
    run(test)
