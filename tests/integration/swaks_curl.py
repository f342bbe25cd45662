"""swaks and curl speak to our operator and to the hospital's listener for returns: what they may do works, all else is refused by
its code.

swaks_curl.py LIAISON"""
import json
import pathlib
import smtplib
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from nodes import DOMAIN, HOSPITAL, run  # noqa: E402
from smtp_peer import SENDER, SmtpPeer, code_of, mail, node_pair  # noqa: E402

CLAIRE = Doctor(f"claire.lenoiraud@{DOMAIN}", "99900000037", "LENOIRAUD", "Claire")
ANNE = Doctor(f"anne.rouxelles@{DOMAIN}", "99900000045", "ROUXELLES", "Anne")
SEALED_OCTETS = 200_000  # the operator takes half as much again


class Peer(SmtpPeer):
    def __init__(self, lab, certificate="hospital-tls"):
        super().__init__(lab, node_pair(lab, certificate))

    def curl(self, *more, certificate=True, data=None):
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--cacert", self.lab.anchors]
        if certificate:
            command += ["--cert", self.certificate[0], "--key", self.certificate[1]]
        done = subprocess.run(list(map(str, [*command, *more])), input=data, capture_output=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def check_swaks(lab, checks, peer, port):
    file = lab.folder / "mail.eml"
    file.write_text(mail("swaks-1", CLAIRE.address), newline="")
    base = ["--from", SENDER, "--data", f"@{file}"]
    status, said = peer.swaks(port, *base, "--to", CLAIRE.address)
    checks.equal("swaks : accepté", status, 0)
    checks.that("TLS mutuel", "TLS started with cipher TLSv1.3" in said)
    for offer in ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", f"SIZE {SEALED_OCTETS * 3 // 2}"):
        checks.that(f"EHLO annonce {offer}", offer in said)
    checks.that("STARTTLS n'est plus annoncé sous TLS", "STARTTLS" not in said.split("~>", 1)[-1])
    status, said = peer.swaks(port, *base, "--to", CLAIRE.address, how=None)
    checks.equal("sans TLS", (status != 0, code_of(said, "MAIL")), (True, "530 5.7.0"))
    status, said = peer.swaks(port, *base, "--to", CLAIRE.address, certificate=False)
    checks.that("sans certificat client : rien n'est pris", status != 0 and "250 2.0.0" not in said)
    status, said = peer.swaks(port, *base, "--to", f"personne@{DOMAIN}")
    checks.equal("boîte inconnue", (status != 0, code_of(said, "RCPT")), (True, "550 5.1.1"))
    status, said = peer.swaks(port, *base, "--to", "a@ailleurs.example")
    checks.equal("relais refusé", (status != 0, code_of(said, "RCPT")), (True, "550 5.7.1"))
    status, said = peer.swaks(port, *base, "--to", "postmaster", "--quit-after", "RCPT")
    checks.equal("postmaster", (status, code_of(said, "RCPT")), (0, "250 2.1.5"))
    file.write_text(mail("swaks-2", "postmaster"), newline="")
    checks.equal("courriel au postmaster", peer.swaks(port, *base, "--to", "postmaster")[0], 0)
    kept = json.loads(lab.liaison("queue", "--rejected", "--format", "json", config="operator").stdout)["rejected"]
    checks.equal("postmaster sans boîte : gardé pour une personne", [row["form"] for row in kept], ["mail"])


def check_curl(lab, checks, peer, port):
    file = lab.folder / "curl.eml"
    file.write_text(mail("curl-1", ANNE.address, "par curl"), newline="")
    send = ["--ssl-reqd", "--mail-from", SENDER, "--mail-rcpt", ANNE.address, "--upload-file", file, f"smtp://127.0.0.1:{port}/relais"]
    checks.equal("curl : accepté", peer.curl(*send)[0], 0)
    status, _, said = peer.curl(*send, certificate=False)
    checks.that("curl sans certificat", status != 0, said)

    secret = lab.folder / "curlrc"
    secret.write_text(f'user = "{ANNE.user}:{ANNE.password}"\n', encoding="ascii")
    secret.chmod(0o600)
    imaps, imap = lab.port("operator", "imaps"), lab.port("operator", "imap")
    status, got, said = peer.curl("-K", secret, f"imaps://127.0.0.1:{imaps}/INBOX;MAILINDEX=1", certificate=False)
    checks.that("curl lit par imaps", status == 0 and b"par curl" in got, said)
    checks.that("octets reçus intacts", file.read_bytes() in got and got.startswith(b"Return-Path:"), repr(got[:200]))
    status, got, said = peer.curl("-K", secret, "--ssl-reqd", f"imap://127.0.0.1:{imap}/INBOX;UID=1", certificate=False)
    checks.that("curl lit par STARTTLS", status == 0 and b"par curl" in got, said)
    status, _, said = peer.curl("-K", secret, f"imap://127.0.0.1:{imap}/INBOX;UID=1", certificate=False)
    checks.that("IMAP sans TLS refusé", status != 0, said)
    status, got, said = peer.curl("-K", secret, f"imaps://127.0.0.1:{imaps}/", certificate=False)
    checks.that("curl liste", status == 0 and b"INBOX" in got, said)
    secret.write_text(f'user = "{ANNE.user}:faux"\n', encoding="ascii")
    checks.equal("mot de passe faux", peer.curl("-K", secret, f"imaps://127.0.0.1:{imaps}/", certificate=False)[0], 67)


def check_commands(checks, peer, port):
    with peer.session(port) as client:
        checks.equal("NOOP", client.noop()[0], 250)
        checks.equal("VRFY", client.verify(CLAIRE.address)[0], 252)
        checks.equal("EXPN", client.expn("tous")[0], 502)
        checks.equal("RCPT avant MAIL", client.docmd("RCPT", f"TO:<{CLAIRE.address}>")[0], 503)
        checks.equal("DATA avant MAIL", client.docmd("DATA")[0], 503)
        checks.equal("MAIL", client.mail(SENDER)[0], 250)
        checks.equal("MAIL deux fois", client.docmd("MAIL", f"FROM:<{SENDER}>")[0], 503)
        checks.equal("RSET", client.rset()[0], 250)
        checks.equal("RCPT après RSET", client.docmd("RCPT", f"TO:<{CLAIRE.address}>")[0], 503)
        checks.equal("STARTTLS sous TLS", client.docmd("STARTTLS")[0], 503)
        checks.equal("paramètre inconnu", client.docmd("MAIL", f"FROM:<{SENDER}> SMTPUTF9=1")[0], 555)
        checks.equal("SIZE annoncée trop grande", client.docmd("MAIL", f"FROM:<{SENDER}> SIZE={SEALED_OCTETS * 2}")[0], 552)
        checks.equal("QUIT", client.quit()[0], 221)
    with peer.session(port) as client:  # not announced, and too big all the same
        client.mail(SENDER)
        client.rcpt(CLAIRE.address)
        line = "x" * 76 + "\r\n"
        code, _ = client.data(mail("gros", CLAIRE.address, line * (SEALED_OCTETS * 2 // len(line))))
        checks.equal("DATA trop gros", code, 552)
        checks.equal("la session continue", client.noop()[0], 250)


def check_smuggling(checks, peer, port):
    """SMTP smuggling: only CRLF.CRLF ends a mail; a lone CR or LF refuses it, whole."""
    inner = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{CLAIRE.address}>\r\nDATA\r\n" + mail("contrebande", CLAIRE.address, "contrebande")
    for name, end in (("LF.LF", "\n.\n"), ("LF.CRLF", "\n.\r\n"), ("CRLF.LF", "\r\n.\n"), ("CR.CR", "\r.\r"), ("CRLF.CR", "\r\n.\r"),
                      ("CR.CRLF", "\r.\r\n"), ("LF.CR", "\n.\r"), ("CR.LF", "\r.\n"), ("CRLF.CRCRLF", "\r\n.\r\r\n"),
                      ("CRLFCR.CRLF", "\r\n\r.\r\n"), ("CRLFLF.CRLF", "\r\n\n.\r\n"), ("CRCRLF.CRCRLF", "\r\r\n.\r\r\n")):
        with peer.session(port) as client:
            client.mail(SENDER)
            client.rcpt(CLAIRE.address)
            client.putcmd("DATA")
            client.getreply()
            client.send(mail(f"cache-{len(end)}", CLAIRE.address, "dehors").encode() + end.encode() + inner.encode() + b"\r\n.\r\n")
            checks.equal(f"fin par {name}", client.getreply()[0], 554)
            checks.equal(f"après {name}, une seule réponse", client.noop()[0], 250)
    with peer.session(port) as client:
        client.sock.sendall(b"NOOP\nNOOP\r\n")
        checks.equal("commande finie par LF", [client.getreply()[0] for _ in range(2)], [500, 250])


def check_tls(checks, peer, port):
    with socket.create_connection(("127.0.0.1", port), 15) as raw:  # RFC 3207 §4.2
        raw.settimeout(15)
        lines = raw.makefile("rb")
        lines.readline()
        raw.sendall(b"EHLO x.example\r\n")
        while lines.readline()[3:4] == b"-":
            pass
        raw.sendall(b"STARTTLS\r\nMAIL FROM:<a@b.example>\r\n")
        checks.that("octets derrière STARTTLS : connexion fermée", lines.read() == b"")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        def talk(version=version, certificate=True):
            with smtplib.SMTP("127.0.0.1", port, timeout=15) as client:
                client.ehlo("x.example")
                client.starttls(context=peer.context(certificate, version))
                return client.ehlo("x.example")[0]
        checks.equal(f"{version.name} avec certificat", talk(), 250)
        closed = (ssl.SSLError, smtplib.SMTPException, OSError)
        checks.raises(f"{version.name} sans certificat", closed, lambda: talk(certificate=False))  # noqa: B023
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", "-tls1_1", "-cipher",
                          "ALL:@SECLEVEL=0"],
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    checks.that("TLS 1.1 refusé", b"Cipher is (NONE)" in old.stdout)


def check_repeats(lab, checks, peer, port):
    def send(identifier, body):
        with peer.session(port) as client:
            client.mail(SENDER)
            client.rcpt(CLAIRE.address)
            code, _ = client.data(mail(identifier, CLAIRE.address, body))
            return code

    before = len(lab.mails(CLAIRE))
    checks.equal("premier envoi", send("redite", "une fois"), 250)
    checks.equal("même Message-ID, mêmes octets", [send("redite", "une fois") for _ in range(3)], [250] * 3)
    checks.equal("gardé une fois", len(lab.mails(CLAIRE)) - before, 1)
    checks.equal("même Message-ID, autres octets", send("redite", "une autre fois"), 250)
    checks.equal("gardé aussi", len(lab.mails(CLAIRE)) - before, 2)


REPORT = """\
From: Mail Delivery System <mailer-daemon@{domain}>\r
To: <{to}>\r
Subject: Delivery report\r
Date: Mon, 02 Nov 2026 08:00:00 +0100\r
Message-ID: <{identifier}@{domain}>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="=_limite"\r
\r
--=_limite\r
Content-Type: text/plain; charset=us-ascii\r
\r
Delivered.\r
--=_limite\r
Content-Type: message/delivery-status\r
\r
Original-Envelope-Id: {envid}\r
Reporting-MTA: dns; mx.{domain}\r
\r
Final-Recipient: rfc822; {recipient}\r
Action: delivered\r
Status: 2.0.0\r
\r
--=_limite--\r
"""


def check_returns(lab, checks, peer, port):
    """The hospital's listener: what comes back to its one address, over mutual TLS, and nothing else."""
    file = lab.folder / "report.eml"
    file.write_text(REPORT.format(domain=DOMAIN, to=HOSPITAL, identifier="rapport-1", envid="inconnu-1234", recipient=CLAIRE.address),
                    newline="")
    base = ["--data", f"@{file}", "--to", HOSPITAL]
    status, said = peer.swaks(port, "--data", f"@{file}", "--from", "<>", "--to", CLAIRE.address)
    checks.equal("autre destinataire", (status != 0, code_of(said, "RCPT")), (True, "550 5.7.1"))
    status, said = peer.swaks(port, *base, "--from", "<>", certificate=False)
    checks.that("retours sans certificat", status != 0 and "250 2.0.0" not in said)
    status, said = peer.swaks(port, *base, "--from", "<>", how=None)
    checks.equal("retours sans TLS", (status != 0, code_of(said, "MAIL")), (True, "530 5.7.0"))
    checks.equal("rien n'a été gardé", lab.queue("--rejected")["rejected"], [])
    status, said = peer.swaks(port, *base, "--from", "<>")
    checks.equal("rapport accepté", status, 0)
    wait_for("rapport d'un envoi inconnu listé", lambda: lab.queue("--rejected")["rejected"])
    checks.equal("gardé pour une personne", [(r["form"], r["code"]) for r in lab.queue("--rejected")["rejected"]], [("mail", "UNMATCHED")])
    file.write_text(mail("question-1", HOSPITAL, "une question"), newline="")
    status, said = peer.swaks(port, *base, "--from", CLAIRE.address)
    checks.equal("courriel d'une personne accepté", status, 0)
    wait_for("courriel d'une personne listé", lambda: len(lab.queue("--rejected")["rejected"]) == 2)


def test(lab, checks):
    lab.make_pki([CLAIRE, ANNE])
    lab.add_pair(operator={"limits": {"sealed_octets": SEALED_OCTETS}})
    lab.start_pair()
    port = lab.port("operator", "smtp")
    hospital, operator = Peer(lab), Peer(lab, "operator-tls")
    check_swaks(lab, checks, hospital, port)
    checks.equal("un courriel lisible par IMAP", len(lab.mails(CLAIRE)), 1)
    checks.that("octets reçus intacts", mail("swaks-1", CLAIRE.address).encode() in lab.mails(CLAIRE)[0])
    check_curl(lab, checks, hospital, port)
    check_commands(checks, hospital, port)
    check_smuggling(checks, hospital, port)
    check_tls(checks, hospital, port)
    checks.equal("rien d'autre n'est entré", [len(lab.mails(d)) for d in (CLAIRE, ANNE)], [1, 1])
    check_repeats(lab, checks, hospital, port)
    check_returns(lab, checks, operator, lab.port("hospital", "smtp"))
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])


if __name__ == "__main__":
    run(test)
