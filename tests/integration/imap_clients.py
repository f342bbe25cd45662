"""Mail programs read the doctor's mailbox: Python's imaplib through every command that works and every one that does not, and
mbsync, which copies it and carries flags and deletions back.

imap_clients.py LIAISON"""
import email
import email.message
import email.policy
import email.utils
import imaplib
import pathlib
import re
import smtplib
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor  # noqa: E402
from nodes import DOMAIN, run  # noqa: E402

CLAIRE = Doctor(f"claire.lenoiraud@{DOMAIN}", "99900000037", "LENOIRAUD", "Claire")
SENDER = "essai@hopital.demo.mssante.fr"


def make_mails():
    made = []
    for number in range(1, 6):
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"] = f"Essai Été <{SENDER}>", f"<{CLAIRE.address}>"
        mail["Subject"], mail["Message-ID"] = f"lettre numéro {number}", f"<imap-{number}@hopital.demo.mssante.fr>"
        mail["Date"] = email.utils.format_datetime(email.utils.parsedate_to_datetime(f"Mon, 0{number} Jun 2026 08:00:00 +0200"))
        mail.set_content(f"texte {number}, à lire\n" * number)
        if number >= 4:
            mail.add_attachment(b"%PDF-1.4 " + bytes(range(256)), maintype="application", subtype="pdf", filename=f"pièce {number}.pdf")
        made.append(mail)
    return made


def deliver(lab, mails):
    context = ssl.create_default_context(cafile=str(lab.anchors))
    context.load_cert_chain(lab.pki / "hospital-tls.crt", lab.pki / "hospital-tls.key")
    with smtplib.SMTP("127.0.0.1", lab.port("operator", "smtp"), timeout=15) as client:
        client.starttls(context=context)
        for mail in mails:
            client.sendmail(SENDER, [CLAIRE.address], mail.as_bytes(policy=email.policy.SMTP.clone(cte_type="7bit")))


def answer(checks, what, reply, wanted="OK"):
    checks.equal(what, reply[0], wanted)
    return reply[1]


def refused(checks, client, what, wanted, call):
    """A command that must be refused: NO with [CANNOT], or BAD."""
    try:
        status, data = call(client)
    except imaplib.IMAP4.error as error:
        status, data = "BAD", [str(error).encode()]
    checks.equal(f"{what} refusé", status, wanted)
    if wanted == "NO":
        checks.that(f"{what} : [CANNOT]", b"[CANNOT]" in data[0], repr(data))


def check_reading(lab, checks, mails):
    with lab.imap(CLAIRE) as client:
        works = {"IMAP4REV1", "AUTH=PLAIN", "SASL-IR"}
        checks.that("rien d'annoncé qui ne marche pas", set(client.capabilities) <= works, str(client.capabilities))
        listed = answer(checks, "LIST", client.list())
        checks.that("LIST : INBOX seule", len(listed) == 1 and b"INBOX" in listed[0], repr(listed))
        answer(checks, "LSUB", client.lsub())
        status = answer(checks, "STATUS", client.status("INBOX", "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT)"))[0]
        counts = {key: int(value) for key, value in re.findall(rb"([A-Z]+) (\d+)", status)}
        checks.equal("STATUS", (counts[b"MESSAGES"], counts[b"UNSEEN"], counts[b"UIDNEXT"]), (5, 5, 6))
        checks.equal("EXAMINE", answer(checks, "EXAMINE", client.select("INBOX", readonly=True)), [b"5"])
        checks.that("EXAMINE : lecture seule", "READ-ONLY" in client.untagged_responses)
        checks.equal("SELECT", answer(checks, "SELECT", client.select("INBOX")), [b"5"])
        checks.equal("UIDVALIDITY", client.response("UIDVALIDITY")[1], [str(counts[b"UIDVALIDITY"]).encode()])

        got = answer(checks, "FETCH ENVELOPE BODYSTRUCTURE",
                     client.fetch("1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"))
        checks.equal("cinq réponses", len(got), 5)
        for number, line in enumerate(got, 1):
            checks.that(f"enveloppe {number}", f"<imap-{number}@hopital.demo.mssante.fr>".encode() in line)
            checks.equal(f"structure {number}", b'"mixed"' in line.lower(), number >= 4)
        sizes = [int(re.search(rb"RFC822.SIZE (\d+)", line)[1]) for line in got]

        for number, mail in enumerate(mails, 1):
            parts = answer(checks, "FETCH BODY.PEEK[]", client.fetch(str(number), "(BODY.PEEK[])"))
            whole = parts[0][1]
            checks.equal(f"RFC822.SIZE {number}", sizes[number - 1], len(whole))
            read = email.message_from_bytes(whole, policy=email.policy.default)
            checks.equal(f"sujet {number}", read["Subject"], mail["Subject"])
            checks.equal(f"corps {number}", read.get_body().get_content(), mail.get_body().get_content())
            header = client.fetch(str(number), "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1]
            subject = email.message_from_bytes(header, policy=email.policy.default)["Subject"]
            checks.equal(f"HEADER.FIELDS {number}", subject, mail["Subject"])
            pieces = [client.fetch(str(number), f"(BODY.PEEK[]<{start}.700>)")[1][0][1] for start in range(0, len(whole), 700)]
            checks.equal(f"par morceaux {number}", b"".join(pieces), whole)
            if number >= 4:
                coded = client.fetch(str(number), "(BODY.PEEK[2])")[1][0][1]
                attached = next(read.iter_attachments())
                checks.equal(f"partie 2 de {number}", b"".join(coded.split()), "".join(attached.get_payload().split()).encode())
                mime = client.fetch(str(number), "(BODY.PEEK[2.MIME])")[1][0][1]
                checks.that(f"en-tête de la partie 2 de {number}", b"application/pdf" in mime.lower())
        checks.equal("PEEK ne marque rien", client.search(None, "UNSEEN")[1], [b"1 2 3 4 5"])


def check_searching(lab, checks):
    with lab.imap(CLAIRE) as client:
        client.select("INBOX")
        for what, wanted in [("ALL", b"1 2 3 4 5"), ("2:3", b"2 3"), ("NOT 2:3", b"1 4 5"), ("SENTSINCE 03-Jun-2026", b"3 4 5"),
                             ("SENTBEFORE 02-Jun-2026", b"1"), ("OR 1 5", b"1 5"), ("HEADER Message-ID imap-3@", b"3"), ("LARGER 100000", b""),
                             ("UID 4:*", b"4 5"), (f'FROM "{SENDER}"', b"1 2 3 4 5"), ("SUBJECT absent", b""), ("DELETED", b"")]:
            checks.equal(f"SEARCH {what}", client.search(None, what)[1], [wanted])
        checks.equal("UID SEARCH", client.uid("SEARCH", "ALL")[1], [b"1 2 3 4 5"])
        client.literal = "numéro 2".encode()
        checks.equal("SEARCH en UTF-8", client.search("UTF-8", "SUBJECT")[1], [b"2"])
        checks.equal("jeu inconnu", client.search("KOI-8", "ALL")[0], "NO")


def check_flags(lab, checks):
    with lab.imap(CLAIRE) as client:
        client.select("INBOX")
        answer(checks, "FETCH BODY[] marque lu", client.fetch("1", "(BODY[])"))
        checks.equal("\\Seen par lecture", client.search(None, "SEEN")[1], [b"1"])
        answer(checks, "STORE +FLAGS", client.store("2,3", "+FLAGS", "(\\Seen)"))
        answer(checks, "STORE -FLAGS", client.store("3", "-FLAGS", "(\\Seen)"))
        checks.equal("STORE FLAGS.SILENT", client.store("4", "FLAGS.SILENT", "(\\Flagged)")[0], "OK")
        checks.equal("UID STORE", client.uid("STORE", "5", "+FLAGS", "(\\Deleted \\Answered)")[0], "OK")
    with lab.imap(CLAIRE) as client:  # another session: flags were kept
        client.select("INBOX", readonly=True)
        checks.equal("lus", client.search(None, "SEEN")[1], [b"1 2"])
        checks.equal("marqués", client.search(None, "FLAGGED")[1], [b"4"])
        checks.equal("effacés", client.search(None, "DELETED")[1], [b"5"])
        checks.that("STORE en lecture seule refusé", client._simple_command("STORE", "1", "+FLAGS", "(\\Deleted)")[0] == "NO")
        checks.that("CLOSE en lecture seule n'efface rien", client.close()[0] == "OK")
        checks.equal("toujours cinq", client.select("INBOX")[1], [b"5"])
        checks.equal("EXPUNGE", answer(checks, "EXPUNGE", client.expunge()), [b"5"])
        checks.equal("quatre restent", client.select("INBOX")[1], [b"4"])
        client.store("1", "+FLAGS", "(\\Deleted)")
        checks.equal("CLOSE efface", client.close()[0], "OK")
        client.select("INBOX")
        checks.equal("les UID restent", client.uid("SEARCH", "ALL")[1], [b"2 3 4"])


def check_refusals(lab, checks):
    with lab.imap(CLAIRE) as client:
        client.select("INBOX")
        for what, call in [("COPY", lambda c: c.copy("1", "Archives")), ("UID COPY", lambda c: c.uid("COPY", "2", "Archives")),
                           ("CREATE", lambda c: c.create("Archives")), ("DELETE", lambda c: c.delete("Archives")),
                           ("RENAME", lambda c: c.rename("INBOX", "Vieux")), ("SUBSCRIBE", lambda c: c.subscribe("INBOX")),
                           ("UNSUBSCRIBE", lambda c: c.unsubscribe("INBOX")), ("APPEND", lambda c: c.append("INBOX", None, None, b"x: y\r\n\r\nz"))]:
            refused(checks, client, what, "NO", call)
        checks.equal("SELECT d'une boîte inconnue", client.select("Archives")[0], "NO")
        refused(checks, client, "commande inconnue", "BAD", lambda c: c.xatom("XYZZY"))
        checks.equal("CHECK, sans boîte choisie", client.select("INBOX")[0], "OK")
        checks.equal("CHECK", client.check()[0], "OK")
        checks.equal("NOOP", client.noop()[0], "OK")
    context = ssl.create_default_context(cafile=str(lab.anchors))
    with imaplib.IMAP4("127.0.0.1", lab.port("operator", "imap"), timeout=15) as client:
        checks.that("en clair : LOGIN fermé", "LOGINDISABLED" in client.capabilities and "STARTTLS" in client.capabilities)
        checks.raises("LOGIN en clair", imaplib.IMAP4.error, lambda: client.login(CLAIRE.user, CLAIRE.password))
        checks.equal("STARTTLS", client.starttls(context)[0], "OK")
        checks.raises("mot de passe faux", imaplib.IMAP4.error, lambda: client.login(CLAIRE.user, "faux"))
        checks.equal("AUTHENTICATE PLAIN", client.authenticate("PLAIN", lambda _: f"\0{CLAIRE.user}\0{CLAIRE.password}".encode())[0], "OK")


def check_mbsync(lab, checks):
    """Pulls all, pushes a flag and a deletion."""
    home = lab.folder / "mbsync"
    home.mkdir(mode=0o700)
    (home / "box").mkdir()
    config = home / "mbsyncrc"
    config.write_text(f"""IMAPAccount liaison
Host localhost
Port {lab.port("operator", "imaps")}
User {CLAIRE.user}
PassCmd "head -1 {lab.folder}/passwords/{CLAIRE.address}"
SSLType IMAPS
Timeout 20
SystemCertificates no
CertificateFile {lab.anchors}

IMAPStore far
Account liaison

MaildirStore near
Inbox {home}/box/INBOX
Path {home}/box/

Channel inbox
Far :far:
Near :near:
Patterns INBOX
Sync Pull PushFlags
Create Near
Expunge Both
SyncState *
""", encoding="utf-8")

    def sync():
        done = subprocess.run(["mbsync", "-c", str(config), "inbox"], capture_output=True, timeout=60, check=False)
        checks.equal(f"mbsync : {done.stderr.decode('utf-8', 'replace').strip()[-300:]}", done.returncode, 0)
        return sorted(file for part in ("cur", "new") for file in (home / "box/INBOX" / part).iterdir())

    pulled = sync()
    checks.equal("mbsync : trois copies", len(pulled), 3)
    subjects = sorted(email.message_from_bytes(file.read_bytes(), policy=email.policy.default)["Subject"] for file in pulled)
    checks.equal("mbsync : sujets", subjects, [f"lettre numéro {n}" for n in (2, 3, 4)])
    by_subject = {email.message_from_bytes(file.read_bytes(), policy=email.policy.default)["Subject"]: file for file in pulled}
    for number, flag in ((3, "S"), (4, "T")):  # read; thrown away
        file = by_subject[f"lettre numéro {number}"]
        flags = "".join(sorted(set(file.name.partition(":2,")[2]) | {flag}))
        file.rename(file.parent.parent / "cur" / (file.name.partition(":")[0] + ":2," + flags))
    sync()
    with lab.imap(CLAIRE) as client:
        client.select("INBOX", readonly=True)
        checks.equal("mbsync : effacé ici aussi", client.uid("SEARCH", "ALL")[1], [b"2 3"])
        checks.equal("mbsync : lu ici aussi", client.uid("SEARCH", "SEEN")[1], [b"2 3"])


def test(lab, checks):
    lab.make_pki([CLAIRE])
    lab.add_operator(smtp=0, returns=9)
    lab.start_node("operator")
    lab.add_mailboxes()
    mails = make_mails()
    deliver(lab, mails)
    check_reading(lab, checks, mails)
    check_searching(lab, checks)
    check_flags(lab, checks)
    check_refusals(lab, checks)
    check_mbsync(lab, checks)
    checks.equal("arrêt propre", lab.stop_node("operator"), 0)
    for secret in (CLAIRE.address, CLAIRE.password):
        checks.that("ni adresse ni mot de passe dans le journal", secret not in lab.log("operator"))


if __name__ == "__main__":
    run(test)
