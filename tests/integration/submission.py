"""A hosted doctor writes to another operator, Postfix: swaks submits by STARTTLS and implicit TLS, what leaves is encrypted or a
receipt, and its sender hears of delay, failure and success in his own mailbox.

submission.py LIAISON"""
import email
import email.policy
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, wait_for  # noqa: E402
from nodes import DOMAIN, HOSPITAL_NAME, OPERATOR_NAME, free_ports, run  # noqa: E402
from postfix import Postfix  # noqa: E402
from smtp_peer import SmtpPeer, code_of, mail, node_pair  # noqa: E402

CLAIRE = Doctor(f"claire.lenoiraud@{DOMAIN}", "99900000037", "LENOIRAUD", "Claire")
ANNE = Doctor(f"anne.rouxelles@{DOMAIN}", "99900000045", "ROUXELLES", "Anne")
OTHER = "hopital.demo.mssante.fr"  # another operator of the trust space
MARC = f"marc.vidal@{OTHER}"
REFUSED = f"refusee@{OTHER}"
BOUNCES = f"absente@{OTHER}"
DEAD = "mort.demo.mssante.fr"  # trusted, and nobody listens
LATE = "lent.demo.mssante.fr"  # trusted; its server comes later, and offers no DSN
GIVE_UP = 40


def sealed(lab, identifier, to, fields=""):
    """Encrypted by openssl for Claire's certificate: whom it is for is the sender's affair."""
    inner = lab.folder / "inner.eml"
    inner.write_text("Content-Type: text/plain\r\n\r\nAvis clair de ZYGOMALAS.\r\n", newline="")
    done = subprocess.run(["openssl", "cms", "-encrypt", "-aes256", "-in", str(inner), str(lab.certificate_of(CLAIRE))],
                          capture_output=True, check=True, timeout=30)
    body = done.stdout.decode().replace("\r\n", "\n").replace("\n", "\r\n")
    return (f"{fields}From: <{ANNE.address}>\r\nTo: <{to}>\r\nSubject: avis\r\nDate: Mon, 02 Nov 2026 08:00:00 +0100\r\n"
            f"Message-ID: <{identifier}@poste.example>\r\n{body}")


def reports(lab, doctor, envid):
    """(Action, Status, whole mail) for each recipient of the reports with this ENVID in the doctor's mailbox."""
    found = []
    for raw in lab.mails(doctor):
        whole = email.message_from_bytes(raw, policy=email.policy.default)
        if whole.get_content_type() != "multipart/report":
            continue
        status = [part for part in whole.walk() if part.get_content_type() == "message/delivery-status"]
        given = status and status[0].get_payload()[0]["Original-Envelope-Id"]
        if given and given.replace("+2B", "+") == envid:  # decoded, or xtext as it came
            found += [(one["Action"], one["Status"], whole) for one in status[0].get_payload()[1:]]
    return found


def wait_for_report(lab, envid, action, seconds=30):
    return wait_for(f"avis {action} de {envid}", lambda: [one for one in reports(lab, ANNE, envid) if one[0] == action], seconds)[0]


def waiting(lab, domain):
    rows = json.loads(lab.liaison("queue", "--all", "--format", "json", config="operator").stdout)["deliveries"]
    return [row for row in rows if row["domain"] == domain]


class Submitter:
    def __init__(self, lab):
        self.lab, self.peer = lab, SmtpPeer(lab, helo="poste.cabinet.example")
        self.login = ["--auth", "PLAIN", "--auth-user", ANNE.user, "--auth-password", ANNE.password]

    def swaks(self, port, text, to, how="--tls"):
        file = self.lab.folder / "depot.eml"
        file.write_text(text, newline="")
        return self.peer.swaks(port, "--from", ANNE.address, "--to", to, "--data", f"@{file}", *self.login, how=how)

    def send(self, text, *to, envid="", ret="", notify=""):
        """(codes of RCPT, code and words after DATA) with the parameters of RFC 3461, over implicit TLS."""
        with self.peer.session(self.lab.port("operator", "submissions"), implicit=True) as client:
            client.login(ANNE.user, ANNE.password)
            options = (f" RET={ret}" if ret else "") + (f" ENVID={envid}" if envid else "")
            assert client.docmd("MAIL", f"FROM:<{ANNE.address}>{options}")[0] == 250
            codes = [client.docmd("RCPT", f"TO:<{one}>" + (f" NOTIFY={notify}" if notify else "") + f" ORCPT=rfc822;{one}")[0]
                     for one in to]
            return codes, (client.data(text) if 250 in codes else None)


def check_policy(lab, checks, submitter, postfix):
    starttls = lab.port("operator", "submission")
    status, said = submitter.swaks(starttls, sealed(lab, "inconnu", "a@inconnu.example"), "a@inconnu.example")
    checks.equal("hors de l'espace de confiance", (status != 0, code_of(said, "RCPT")), (True, "550 5.7.1"))
    checks.that("et la cause", "trust space" in said, said[-500:])
    status, said = submitter.swaks(starttls, mail("clair", MARC, "en clair", sender=ANNE.address), MARC)
    checks.that("en clair : refusé, avec ce qu'il faut faire", status != 0 and "550 5.7.1 not encrypted" in said, said[-500:])
    checks.equal("rien en file", waiting(lab, OTHER), [])
    before = len(lab.mails(CLAIRE))
    codes, (code, _) = submitter.send(mail("moitie", CLAIRE.address, "en clair", sender=ANNE.address), CLAIRE.address, MARC, envid="moitie")
    checks.equal("en clair, ici et ailleurs : pris", (codes, code), ([250, 250], 250))
    checks.equal("remis ici", len(lab.mails(CLAIRE)), before + 1)
    action, status, whole = wait_for_report(lab, "moitie", "failed")
    checks.equal("ailleurs : un échec le dit", (action, status), ("failed", "5.7.1"))
    checks.that("avec son sujet, à lui", "Subject: essai" in whole.as_string())
    receipt = (f"From: <{ANNE.address}>\r\nTo: <{MARC}>\r\nMessage-ID: <recu@poste.example>\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nLu.\r\n--b\r\n"
               f"Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; {ANNE.address}\r\n"
               "Original-Message-ID: <lettre@hopital.example>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n")
    with submitter.peer.session(starttls) as client:
        client.login(ANNE.user, ANNE.password)
        client.mail("")
        client.rcpt(MARC)
        checks.equal("un accusé de lecture part toujours", client.data(receipt)[0], 250)
    wait_for("accusé reçu ailleurs", lambda: any(b"disposition-notification" in one for one in postfix.mails(MARC)), 30)


def check_success(lab, checks, submitter, postfix):
    for port, how, name in (("submission", "--tls", "demarre"), ("submissions", "--tls-on-connect", "implicite")):
        text = sealed(lab, name, MARC, "Bcc: <cachee@secret.example>\r\n")
        status, said = submitter.swaks(lab.port("operator", port), text, MARC, how=how)
        checks.that(f"swaks {how} : pris", status == 0 and "250 2.0.0" in said, said[-500:])
        got = wait_for("arrivé chez Postfix", lambda: [one for one in postfix.mails(MARC) if f"<{name}@".encode() in one], 30)  # noqa: B023
        checks.equal("une fois", len(got), 1)
        whole = email.message_from_bytes(got[0], policy=email.policy.default)
        checks.equal("Return-Path : l'expéditeur", whole["Return-Path"], f"<{ANNE.address}>")
        checks.that("Received de notre nœud", any(f"by {OPERATOR_NAME} with ESMTPSA" in one for one in whole.get_all("Received")))
        checks.that("sans Bcc", whole["Bcc"] is None and b"cachee" not in got[0])
        checks.that("encore chiffré", b"ZYGOMALAS" not in got[0] and whole.get_content_type() == "application/pkcs7-mime")
    bare = sealed(lab, "sans", MARC).replace("Message-ID: <sans@poste.example>\r\n", "").replace("Date: Mon, 02 Nov 2026 08:00:00 +0100\r\n", "")
    before = len(postfix.mails(MARC))
    checks.equal("sans Date ni Message-ID", submitter.send(bare, MARC)[1][0], 250)
    checks.equal("une redite", submitter.send(bare, MARC)[1], (250, b"2.0.0 stored before"))
    wait_for("arrivé", lambda: len(postfix.mails(MARC)) > before, 30)
    whole = email.message_from_bytes(postfix.mails(MARC)[-1], policy=email.policy.default)
    checks.that("complétés", whole["Date"] and whole["Message-ID"].endswith(f"@{OPERATOR_NAME}>"), str(whole.items()))

    # Postfix takes the reports over, and its own come back to the mailbox; one recipient is ours.
    here = len(lab.mails(CLAIRE))
    text = sealed(lab, "deux", MARC)
    codes, (code, _) = submitter.send(text, MARC, CLAIRE.address, envid="succes+2B1", ret="HDRS", notify="SUCCESS,FAILURE")
    checks.equal("deux destinataires", (codes, code), ([250, 250], 250))
    checks.equal("l'un ici", len(lab.mails(CLAIRE)), here + 1)
    both = wait_for("deux avis de remise", lambda: len(reports(lab, ANNE, "succes+1")) == 2 and reports(lab, ANNE, "succes+1"), 60)
    checks.equal("remis deux fois", sorted(one[0] for one in both), ["delivered", "delivered"])
    checks.equal("l'un par Postfix, l'autre par nous", sorted(f"{HOSPITAL_NAME}" in one[2].as_string().split("Reporting-MTA")[1][:80] for one in both),
                 [False, True])

    submitter.send(sealed(lab, "rejet", REFUSED), REFUSED, envid="rejet", ret="FULL")
    action, status, whole = wait_for_report(lab, "rejet", "failed")
    checks.equal("refusé par Postfix", (status, "550" in whole.as_string()), ("5.1.1", True))
    checks.that("RET=FULL : son courriel lui revient", "application/pkcs7-mime" in whole.as_string())
    submitter.send(sealed(lab, "rebond", BOUNCES), BOUNCES, envid="rebond")
    action, status, whole = wait_for_report(lab, "rebond", "failed", 60)
    checks.that("le rebond de Postfix arrive dans la boîte", "MAILER-DAEMON" in str(whole["From"]) and OTHER in whole.as_string())
    submitter.send(sealed(lab, "tais", REFUSED), REFUSED, envid="tais", notify="NEVER")
    answer = mail("reponse", ANNE.address, "reponse de Marc", sender=MARC)
    with SmtpPeer(lab, node_pair(lab)).session(lab.port("operator", "smtp")) as client:
        client.mail(MARC)
        client.rcpt(ANNE.address)
        checks.equal("une réponse arrive", client.data(answer)[0], 250)
    checks.that("dans la boîte", any(b"reponse de Marc" in one for one in lab.mails(ANNE)))


def check_kill(lab, checks, submitter, late_port):
    to = f"tard@{LATE}"
    code = submitter.send(sealed(lab, "coupure", to), to, envid="coupure", notify="SUCCESS,FAILURE")[1][0]
    lab.kill_node("operator")
    checks.equal("250, puis kill -9", code, 250)
    with Postfix(*node_pair(lab), lab.anchors, host_name=HOSPITAL_NAME, domains=[LATE],
                 settings={"smtpd_discard_ehlo_keywords": "dsn, silent-discard"}) as postfix:
        postfix.port = late_port
        postfix.mailbox(to)
        postfix.start()
        lab.start_node("operator")
        wait_for("parti après la reprise", lambda: postfix.mails(to), 40)
        wait_for("file vide", lambda: all(row["state"] == "accepted" for row in waiting(lab, LATE)), 20)
        checks.equal("une fois", len(postfix.mails(to)), 1)
    wait_for_report(lab, "coupure", "relayed")
    checks.equal("relayé, sans plus", [one[:2] for one in reports(lab, ANNE, "coupure")], [("relayed", "2.0.0")])


def check_dead(lab, checks, submitter):
    """Begun first, looked at last."""
    action, status, _ = wait_for_report(lab, "mort", "delayed", 60)
    checks.equal("retard annoncé", status[0], "4")
    action, status, _ = wait_for_report(lab, "mort", "failed", 120)
    checks.equal("puis l'échec", status, "5.4.1")
    checks.equal("chacun une fois", sorted(one[0] for one in reports(lab, ANNE, "mort")), ["delayed", "failed"])
    row = [one for one in waiting(lab, DEAD) if one["state"] == "undeliverable"][0]
    checks.equal("liaison queue", (row["kind"], row["cause"], row["letter"]), ("mail", "PEER_DOWN", ""))
    checks.that("plus rien à relancer", lab.liaison("requeue", row["id"], config="operator", check=False).returncode == 1)
    cancelled = waiting(lab, DEAD)
    checks.equal("l'annulé l'est resté", sorted(one["state"] for one in cancelled), ["cancelled", "undeliverable"])


def check_cancel(lab, checks, submitter):
    to = f"annule@{DEAD}"
    before = {row["id"] for row in waiting(lab, DEAD)}
    submitter.send(sealed(lab, "annule", to), to, envid="annule")
    row = wait_for("en attente", lambda: [one for one in waiting(lab, DEAD) if one["id"] not in before and one["state"] in ("queued", "deferred")], 20)[0]
    table = lab.liaison("queue", config="operator").stdout
    checks.that("la file dit ce que c'est, sans adresse", "(courriel déposé)" in table and "annule" not in table and DEAD in table, table)
    done = wait_for("annulé", lambda: lab.liaison("cancel", row["id"], config="operator", check=False).returncode == 0, 20)
    checks.that("cancel", done)
    wait_for_report(lab, "annule", "failed")


def test(lab, checks):
    lab.make_pki([CLAIRE, ANNE])
    smtp, other, dead, late = free_ports(4)
    tls = (*node_pair(lab), lab.anchors)
    with Postfix(*tls, host_name=HOSPITAL_NAME, domains=[OTHER], routes={DOMAIN: (smtp, OPERATOR_NAME)}, refused=[REFUSED]) as postfix:
        postfix.port = other
        postfix.mailbox(MARC)
        postfix.start()
        lab.add_operator(smtp=smtp, returns=other, more_routes={DEAD: dead, LATE: late},
                         operator={"submission": "127.0.0.1:0", "submissions": "127.0.0.1:0"},
                         submission={"tell_delay_seconds": 4}, retry={"first_seconds": 1, "most_seconds": 1, "give_up_seconds": GIVE_UP},
                         trust={"anchors": "../pki/anchors.pem", "domains": [OTHER, DEAD, LATE]})
        lab.start_node("operator")
        lab.add_mailboxes()
        submitter = Submitter(lab)
        codes, (code, _) = submitter.send(sealed(lab, "mort", f"a@{DEAD}"), f"a@{DEAD}", envid="mort", ret="HDRS")
        checks.equal("vers un serveur mort : pris", (codes, code), ([250], 250))
        check_policy(lab, checks, submitter, postfix)
        check_success(lab, checks, submitter, postfix)
        check_cancel(lab, checks, submitter)
        check_kill(lab, checks, submitter, late)
        check_dead(lab, checks, submitter)
        checks.equal("ce qui ne veut rien entendre n'entend rien", reports(lab, ANNE, "tais"), [])
        checks.equal("ni lettre ni acquittement", json.loads(lab.liaison("status", "--format", "json", config="operator").stdout)["letters"], 0)
        checks.equal("arrêt propre", lab.stop_node("operator"), 0)
        log = lab.log("operator")
        checks.that("aucune adresse dans le journal", not any(one in log for one in (MARC, ANNE.address, "ZYGOMALAS", f"@{DEAD}")))


if __name__ == "__main__":
    run(test)
