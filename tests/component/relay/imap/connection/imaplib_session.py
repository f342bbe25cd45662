"""Plays a mail program with Python's imaplib: imaplib_session.py PORT (implicit|starttls) ANCHORS SHA256-OF-MESSAGE-1 MESSAGES

Exits 0 only if every answer is as expected. Message 1 is fetched whole and compared by its SHA-256.
"""
import hashlib
import imaplib
import ssl
import sys

port, how, anchors, digest, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
imaplib.Debug = 0


def expect(condition, what):
    if not condition:
        sys.exit("imaplib session: " + what)


def refused(call, *arguments):
    try:
        return call(*arguments)[0] == "NO"
    except imaplib.IMAP4.error:
        return True


context = ssl.create_default_context(cafile=anchors)
if how == "implicit":
    peer = imaplib.IMAP4_SSL("localhost", port, ssl_context=context, timeout=20)
else:
    peer = imaplib.IMAP4("localhost", port, timeout=20)
    expect("LOGINDISABLED" in peer.capabilities, "LOGINDISABLED before TLS")
    expect(refused(peer.login, "docteur", "mot de passe"), "login in clear is refused")
    peer.starttls(context)
expect("AUTH=PLAIN" in peer.capabilities, "AUTH=PLAIN under TLS")
expect(refused(peer.login, "docteur", "faux"), "a wrong password is refused")
if how == "implicit":
    peer.login("docteur", "mot de passe")
else:
    peer.authenticate("PLAIN", lambda _: b"\0docteur\0mot de passe")
expect(peer.list()[1] == [b'(\\NoInferiors) "/" INBOX'], "LIST")
expect(peer.select("INBOX", readonly=True)[1] == [str(count).encode()], "EXAMINE")
expect(peer.select()[1] == [str(count).encode()], "SELECT")
expect(refused(peer.append, "INBOX", None, None, b"Subject: x\r\n\r\nx\r\n"), "APPEND is refused")
expect(refused(peer.create, "x"), "CREATE is refused")

kind, data = peer.fetch("1", "(UID BODY.PEEK[])")
expect(hashlib.sha256(data[0][1]).hexdigest() == digest, "the message is what was delivered")
kind, data = peer.uid("FETCH", "1:*", "(ENVELOPE BODYSTRUCTURE FLAGS RFC822.SIZE INTERNALDATE)")
expect(sum(b"ENVELOPE" in (line[0] if isinstance(line, tuple) else line) for line in data) == count, "UID FETCH of all")
kind, data = peer.fetch("1:*", "(RFC822)")
expect(sum(isinstance(part, tuple) for part in data) == count, "FETCH of all")
expect(peer.search(None, "UNSEEN")[1] == [b""], "all are seen after that")
expect(peer.search("UTF-8", "SUBJECT", '"liaison"')[1][0].split()[0] == b"1", "SEARCH")
expect(peer.store("2", "+FLAGS", "(\\Deleted)")[1] == [b"2 (FLAGS (\\Deleted \\Seen))"], "STORE")
expect(peer.expunge()[1] == [b"2"], "EXPUNGE")
expect(peer.status("INBOX", "(MESSAGES UNSEEN)")[1] == [b"INBOX (MESSAGES %d UNSEEN 0)" % (count - 1)], "STATUS")
expect(peer.noop()[0] == "OK", "NOOP")
expect(peer.close()[0] == "OK", "CLOSE")
expect(peer.logout()[0] == "BYE", "LOGOUT")
