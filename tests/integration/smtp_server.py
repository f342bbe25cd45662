"""The SMTP server under real peers: submission by swaks, curl, openssl and Python (passwords, certificates, whose address it is),
mail in chunks, loops, limits of one peer, and Postfix as a sender that asks for reports and gets them.

smtp_server.py LIAISON"""
import base64
import email
import email.policy
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from nodes import DOMAIN, HOSPITAL_NAME, OPERATOR_NAME, free_ports, run  # noqa: E402
from postfix import Postfix  # noqa: E402
from smtp_peer import SENDER, SmtpPeer, mail, node_pair  # noqa: E402

CLAIRE = Doctor(f"claire.lenoiraud@{DOMAIN}", "99900000037", "LENOIRAUD", "Claire")
ANNE = Doctor(f"anne.rouxelles@{DOMAIN}", "99900000045", "ROUXELLES", "Anne")
HELO = "poste.cabinet.example"
HOPS = "Received: from a.example ([192.0.2.1])\r\n\tby b.example with ESMTPS\r\n\tid x; Mon, 02 Nov 2026 08:00:00 +0100\r\n"


def make_client_certificate(lab, name, address):
    """Signed by the test root, for TLS clients, naming `address`."""
    crt, key, wanted = (lab.pki / f"{name}.{ending}" for ending in ("crt", "key", "ext"))
    wanted.write_text(f"extendedKeyUsage=clientAuth\nsubjectAltName=email:{address}\n", encoding="ascii")
    csr = lab.pki / f"{name}.csr"
    for command in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key,
                     "-out", csr],
                    ["x509", "-req", "-days", "3000", "-in", csr, "-CA", lab.anchors, "-CAkey", lab.pki / "ca/root.key",
                     "-CAcreateserial", "-extfile", wanted, "-out", crt]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True, timeout=30)
    return crt, key


def peer_of(lab, certificate=None):
    return SmtpPeer(lab, certificate, HELO)


def check_submission(lab, checks, starttls, implicit):
    peer = peer_of(lab)
    file = lab.folder / "submit.eml"
    file.write_text(mail("depot-1", CLAIRE.address, sender=ANNE.address), newline="")
    login = ["--auth", "PLAIN", "--auth-user", ANNE.user, "--auth-password", ANNE.password]
    base = ["--from", ANNE.address, "--to", CLAIRE.address, "--data", f"@{file}"]
    for port, how in ((starttls, "--tls"), (implicit, "--tls-on-connect")):
        status, said = peer.swaks(port, *base, *login, how=how)
        checks.that(f"swaks {how} : déposé", status == 0 and "235 2.7.0" in said, said[-600:])
    checks.equal("le même courriel n'est gardé qu'une fois", len(lab.mails(CLAIRE)), 1)
    checks.that("Received : ESMTPSA", b"with ESMTPSA (TLSv1." in lab.mails(CLAIRE)[0])
    for name, more in (("sans login", []), ("mot de passe faux", [*login[:-1], "faux"])):
        status, said = peer.swaks(starttls, *base, *more)
        checks.that(f"swaks {name} : refusé", status != 0 and "250 2.0.0" not in said)
    with peer.session(implicit, implicit=True) as client:
        checks.that("AUTH annoncé", client.esmtp_features.get("auth", "").split() == ["PLAIN"], str(client.esmtp_features))
        checks.equal("MAIL avant AUTH", client.mail(ANNE.address)[0], 530)
        checks.equal("login", client.login(ANNE.user, ANNE.password)[0], 235)
        checks.equal("adresse d'une autre", client.docmd("MAIL", f"FROM:<{CLAIRE.address}>"),
                     (553, b"5.7.1 not an address of yours"))
        client.mail(ANNE.address)
        checks.equal("domaine sans confiance", client.rcpt("a@inconnu.example")[0], 550)
        checks.equal("boîte inconnue", client.rcpt(f"personne@{DOMAIN}")[0], 550)
        client.rcpt(CLAIRE.address)
        code, said = client.data(mail("depot-2", CLAIRE.address, sender=CLAIRE.address))
        checks.equal("From d'une autre", (code, said[:5]), (554, b"5.7.1"))
        checks.equal("un accusé de lecture (expéditeur nul)", client.mail("")[0], 250)
    with socket.create_connection(("127.0.0.1", starttls), 15) as raw:  # no AUTH in clear
        lines = raw.makefile("rb")
        lines.readline()
        raw.sendall(b"EHLO x.example\r\n")
        said = b""
        while not said.endswith(b"250 DSN\r\n"):
            said += lines.readline()
        checks.that("rien d'AUTH en clair", b"AUTH" not in said and b"STARTTLS" in said)
        raw.sendall(b"AUTH PLAIN AGEAYg==\r\n")
        checks.equal("AUTH en clair refusé", lines.readline()[:9], b"530 5.7.0")
        raw.sendall(b"STARTTLS\r\nEHLO injected.example\r\n")
        checks.that("octets derrière STARTTLS : fermé", lines.read() == b"")


def check_tools(lab, checks, implicit):
    file = lab.folder / "submit.eml"
    file.write_text(mail("curl-depot", CLAIRE.address, "par curl", sender=ANNE.address), newline="")
    secret = lab.folder / "curlrc"
    secret.write_text(f'user = "{ANNE.user}:{ANNE.password}"\n', encoding="ascii")
    secret.chmod(0o600)
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "30", "--cacert", str(lab.anchors), "-K", str(secret),
                           "--mail-from", ANNE.address, "--mail-rcpt", CLAIRE.address, "--upload-file", str(file),
                           f"smtps://localhost:{implicit}/{HELO}"], capture_output=True, timeout=60, check=False)
    checks.that("curl smtps : déposé", done.returncode == 0, done.stderr.decode())
    done = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{implicit}", "-CAfile", str(lab.anchors), "-verify_return_error",
                           "-quiet", "-crlf", "-ign_eof"], input=f"EHLO {HELO}\nQUIT\n".encode(), capture_output=True, timeout=30,
                          check=False)
    checks.that("openssl s_client : salut sous TLS", done.stdout.startswith(b"220 ") and b"250-AUTH PLAIN" in done.stdout
                and b"221 2.0.0" in done.stdout, repr(done.stdout[:200]))


def check_external(lab, checks, starttls):
    def external(peer, identity=""):
        with peer.session(starttls) as client:
            offered = "EXTERNAL" in client.esmtp_features.get("auth", "").split()
            code = client.docmd("AUTH", "EXTERNAL " + (base64.b64encode(identity.encode()).decode() or "="))[0]
            return offered, code, client.mail(CLAIRE.address)[0]

    own = peer_of(lab, make_client_certificate(lab, "claire", CLAIRE.address))
    other = peer_of(lab, make_client_certificate(lab, "personne", f"personne@{DOMAIN}"))
    checks.equal("certificat de la titulaire", external(own), (True, 235, 250))
    checks.equal("et son adresse nommée", external(own, CLAIRE.address), (True, 235, 250))
    checks.equal("certificat d'une autre", external(own, ANNE.address), (True, 535, 530))
    checks.equal("certificat de personne", external(other), (True, 535, 530))
    checks.equal("sans certificat", external(peer_of(lab)), (False, 504, 530))


def check_chunks(lab, checks, port):
    peer = peer_of(lab, node_pair(lab))

    def bdat(client, data, last=""):
        client.send(f"BDAT {len(data)}{last}\r\n".encode() + data)
        return client.getreply()[0]

    before = len(lab.mails(CLAIRE))
    whole = mail("morceaux", CLAIRE.address, "un\r\n.\r\ndeux\r\n..trois").encode()
    with peer.session(port) as client:
        checks.that("CHUNKING annoncé, BINARYMIME non", "chunking" in client.esmtp_features and
                    "binarymime" not in client.esmtp_features)
        client.mail(SENDER)
        client.rcpt(CLAIRE.address)
        checks.equal("BDAT en trois", [bdat(client, whole[:50]), bdat(client, whole[50:51]), bdat(client, whole[51:], " LAST")],
                     [250, 250, 250])
        for name, end in (("LF.LF", b"\n.\n"), ("LF.CRLF", b"\n.\r\n"), ("CR.CRLF", b"\r.\r\n"), ("CRLF.CR", b"\r\n.\r"), ("NUL", b"\0")):
            client.mail(SENDER)
            client.rcpt(CLAIRE.address)
            checks.equal(f"BDAT avec {name}", bdat(client, whole + end, " LAST"), 554)
            checks.equal(f"après {name}", client.noop()[0], 250)
        checks.equal("BDAT sans MAIL", (bdat(client, b"QUIT\r\n", " LAST"), client.noop()[0]), (503, 250))
    mails = lab.mails(CLAIRE)
    checks.equal("un seul courriel de plus", len(mails) - before, 1)
    checks.that("octets intacts", mails[-1].endswith(whole))


def check_loop(lab, checks, port):
    peer = peer_of(lab, node_pair(lab))
    own = HOPS.replace("b.example", OPERATOR_NAME)
    for name, before, wanted in (("100 serveurs", HOPS * 100, 250), ("101 serveurs", HOPS * 101, 554),
                                 ("3 fois par nous", own * 3, 250), ("4 fois par nous", own * 4, 554)):
        with peer.session(port) as client:
            client.mail(SENDER)
            client.rcpt(CLAIRE.address)
            code, said = client.data(mail(name.replace(" ", "-"), CLAIRE.address, before=before))
            checks.equal(name, (code, said[:5] == b"5.4.6"), (wanted, wanted == 554))


def check_limits(lab, checks):
    """Settings of [limits], each at it and one past it, on an operator of its own."""
    smtp, returns = free_ports(2)
    lab.add_operator("etroit", smtp=smtp, returns=returns,
                     limits={"free_disk_octets": 1 << 20, "workers": 2, "recipients": 2, "errors": 3, "connections": 3,
                             "connections_per_peer": 2, "mails_per_minute": 4, "received_octets": 2000,
                             "unknown_recipients_per_minute": 3, "data_grace_seconds": 3, "data_octets_per_second": 1 << 20})
    lab.start_node("etroit")
    peer = peer_of(lab, node_pair(lab))
    with peer.session(smtp) as one:
        checks.equal("SIZE annoncée", one.esmtp_features.get("size"), "2000")
        one.mail(SENDER)
        checks.equal("destinataires", [one.rcpt(to)[0] for to in ("postmaster", f"postmaster@{OPERATOR_NAME}", f"postmaster@{DOMAIN}")],
                     [250, 250, 452])
        line = "x" * 76 + "\r\n"
        checks.equal("taille, au plus juste", one.data(line * 25 + "y" * 48 + "\r\n")[0], 250)
        one.mail(SENDER)
        one.rcpt("postmaster")
        checks.equal("taille, un octet de plus", one.data(line * 25 + "y" * 49 + "\r\n")[0], 552)
        with peer.session(smtp):
            with socket.create_connection(("127.0.0.1", smtp), 15) as third:
                checks.equal("une connexion de trop", third.makefile("rb").readline()[:9], b"421 4.3.2")
        checks.equal("courriels par minute", [one.docmd("MAIL", f"FROM:<{SENDER}>")[0], one.rset()[0],
                                              one.docmd("MAIL", f"FROM:<{SENDER}>")[0], one.rset()[0],
                                              one.docmd("MAIL", f"FROM:<{SENDER}>")[0]], [250, 250, 250, 250, 450])
    with peer.session(smtp) as one:
        checks.equal("erreurs", [one.docmd("XYZ")[0], one.docmd("XYZ")[0], one.docmd("XYZ")[0], one.getreply()[0]],
                     [500, 500, 500, 421])
    other = peer_of(lab, node_pair(lab, "operator-tls"))  # a peer with counts of its own
    with other.session(smtp) as one:
        one.mail(SENDER)
        one.rcpt("postmaster")
        one.putcmd("DATA")
        one.getreply()
        one.send(b"Subject: lent\r\n")
        checks.equal("trop lent", one.getreply()[0], 421)
    with other.session(smtp) as one:
        one.mail(SENDER)
        checks.equal("destinataires inconnus", [one.docmd("RCPT", f"TO:<p{n}@{DOMAIN}>")[0] for n in range(2)], [550, 550])
    with other.session(smtp) as one:
        one.mail(SENDER)
        checks.equal("encore un, sur une autre connexion", one.docmd("RCPT", f"TO:<p3@{DOMAIN}>")[0], 550)
        checks.equal("un de trop", (one.docmd("RCPT", f"TO:<p4@{DOMAIN}>")[0], one.getreply()[0]), (550, 421))
    checks.equal("arrêt propre du relais étroit", lab.stop_node("etroit"), 0)


def check_postfix_sends(lab, checks, postfix):
    """Postfix relays to us and asks for reports by its own sendmail; our report comes back to it and is read by Python."""
    message = mail("postfix-dsn", CLAIRE.address, "par Postfix").replace("\r\n", "\n").encode()
    done = subprocess.run(["sendmail", "-C", str(postfix.folder / "config"), "-i", "-f", SENDER, "-N", "success,failure,delay", "-V",
                           "enveloppe+7", "-R", "hdrs", CLAIRE.address], input=message, capture_output=True, timeout=30, check=False)
    checks.equal("sendmail de Postfix", (done.returncode, done.stderr), (0, b""))
    wait_for("courriel arrivé", lambda: any(b"par Postfix" in one for one in lab.mails(CLAIRE)), 60)
    report = email.message_from_bytes(wait_for("rapport chez Postfix", lambda: postfix.mails(SENDER), 60)[0], policy=email.policy.default)
    checks.equal("multipart/report", (report.get_content_type(), report.get_param("report-type")), ("multipart/report", "delivery-status"))
    checks.equal("expéditeur nul", report["Return-Path"], "<>")
    parts = list(report.iter_parts())
    checks.equal("trois parties", [one.get_content_type() for one in parts], ["text/plain", "message/delivery-status", "text/rfc822-headers"])
    about, recipient = parts[1].get_payload()
    checks.equal("ENVID rendu", about["Original-Envelope-Id"], "enveloppe+7")
    checks.equal("Reporting-MTA", about["Reporting-MTA"], f"dns; {OPERATOR_NAME}")
    checks.equal("destinataire", (recipient["Action"], recipient["Status"], recipient["Final-Recipient"]),
                 ("delivered", "2.1.5", f"rfc822; {CLAIRE.address}"))
    checks.equal("ORCPT rendu", recipient["Original-Recipient"].replace(" ", ""), f"rfc822;{CLAIRE.address}")
    checks.that("ni défauts ni sujet", not report.defects and "essai\n" not in parts[2].get_payload())
    checks.equal("un seul rapport", len(postfix.mails(SENDER)), 1)


def test(lab, checks):
    lab.make_pki([CLAIRE, ANNE])
    smtp = free_ports(1)[0]
    tls = (*node_pair(lab), lab.anchors)
    with Postfix(*tls, host_name=HOSPITAL_NAME, domains=["hopital.demo.mssante.fr"],
                 routes={DOMAIN: (smtp, OPERATOR_NAME)}) as postfix:
        postfix.mailbox(SENDER)
        lab.add_operator(smtp=smtp, returns=postfix.port,
                         operator={"submission": "127.0.0.1:0", "submissions": "127.0.0.1:0"})
        lab.start_node("operator")
        lab.add_mailboxes()
        starttls, implicit = (lab.port("operator", name) for name in ("submission", "submissions"))
        check_submission(lab, checks, starttls, implicit)
        check_tools(lab, checks, implicit)
        check_external(lab, checks, starttls)
        check_chunks(lab, checks, smtp)
        check_loop(lab, checks, smtp)
        postfix.start()
        check_postfix_sends(lab, checks, postfix)
        checks.equal("arrêt propre", lab.stop_node("operator"), 0)
    check_limits(lab, checks)


if __name__ == "__main__":
    run(test)
