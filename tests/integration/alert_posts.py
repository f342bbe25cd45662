"""An alert on its way to a web address over TLS: a receiver with a certificate of the test PKI is refused under another root and
keeps the post waiting; with the right root it is asked again, refuses access once, and is told exactly once. The log says each turn
once, the metrics say why it waits.

alert_posts.py LIAISON"""
import datetime
import http.server
import json
import pathlib
import re
import ssl
import subprocess
import sys
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, wait_for  # noqa: E402
from nodes import run  # noqa: E402
from stays import PATIENT, Feed  # noqa: E402

SERVICE = "4430"


class Receiver:
    """Takes JSON by POST over TLS; answers 401 to the first. `calls` counts connections, also those that ended before a request."""

    def __init__(self, pki):
        self.bodies, self.refusals, self.calls, self.attempts = [], [401], 0, 0
        told = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                told.attempts += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = told.refusals.pop(0) if told.refusals else 204
                if status == 204:
                    told.bodies.append(json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.HTTPServer):
            def get_request(self):
                peer, address = self.socket.accept()
                told.calls += 1
                peer.settimeout(20)
                return context.wrap_socket(peer, server_side=True), address

            def handle_error(self, *_):  # the client left: what it says is in its own log
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "operator-tls.crt", pki / "operator-tls.key")
        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def metric(lab, name):
    with urllib.request.urlopen(f"http://{lab.nodes['hospital']['http']}/metrics", timeout=20) as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found[1]) if found else None


def said(lab, event):
    return [line for line in lab.log().splitlines() if event in line]


def test(lab, checks):
    lab.make_pki([])
    other = lab.folder / "other-pki"
    subprocess.run([ROOT / "scripts/make-test-pki", other], check=True, capture_output=True, timeout=120)
    receiver = Receiver(lab.pki)
    lab.add_pair(hospital={"http": {"listen": "127.0.0.1:0"}})
    settings = lab.config("hospital")
    with open(settings, "a", encoding="utf-8") as out:
        out.write(f'\n[alerts]\nlook_seconds = 1\nwebhook = "https://127.0.0.1:{receiver.port}/alertes"\n'
                  f'webhook_anchors = "{other}/anchors.pem"\n')
    lab.start_node("hospital")
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    Feed(lab, checks, now).tell("A03", "V1-01", "M1", now - datetime.timedelta(hours=25), PATIENT, unit=SERVICE)

    wait_for("le mauvais ancrage est dit", lambda: said(lab, "alert.post_failed"), 30)
    wait_for("un second essai sous le mauvais ancrage", lambda: receiver.calls > 1, 30)
    checks.equal("rien n'est passé sous une autre racine", (receiver.attempts, receiver.bodies), (0, []))
    checks.that("le journal dit que rien n'a répondu", "status=0" in said(lab, "alert.post_failed")[0], lab.log())
    wait_for("l'envoi attend, les métriques le disent", lambda: metric(lab, "relay_alert_posts_waiting") == 1, 30, every=0.2)
    checks.that("et qu'il a échoué", metric(lab, "relay_alert_posts_failed_total") >= 1)

    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(f"{other}/anchors.pem", str(lab.anchors)), encoding="utf-8")
    lab.liaison("reload")
    wait_for("l'accès est refusé sous la bonne racine", lambda: len(said(lab, "alert.post_failed")) > 1, 60, every=0.2)
    checks.equal("dit avec sa réponse", re.findall(r"status=\d+|end=\w+", said(lab, "alert.post_failed")[1]), ["status=401", "end=none"])
    checks.equal("un refus d'accès ne perd rien", metric(lab, "relay_alert_posts_waiting"), 1)
    wait_for("l'alerte à la fin", lambda: receiver.bodies, 90, every=0.2)
    checks.equal("ce qui commence", [(one["kind"], one["subject"]) for one in receiver.bodies[0]["begun"]], [("j0_missed", SERVICE)])
    wait_for("plus rien n'attend", lambda: metric(lab, "relay_alert_posts_waiting") == 0, 30, every=0.2)
    checks.equal("chaque échec dit une fois", len(said(lab, "alert.post_failed")), 2)
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    lab.start_node("hospital")
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    checks.equal("une seule annonce", (len(receiver.bodies), receiver.attempts), (1, 2))
    receiver.close()


if __name__ == "__main__":
    run(test)
