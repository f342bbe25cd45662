"""Dovecot keeps the mailboxes behind our SMTP server (LMTP, RFC 2033): 250 follows its 250, its refusals are the senders', what it
cannot take now is sent again, and a repeat is stored once.

lmtp.py LIAISON"""
import email
import email.policy
import pathlib
import pwd
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import wait_for  # noqa: E402
from nodes import DOMAIN, OPERATOR_NAME, free_ports, run  # noqa: E402
from own_peer import OwnPeer  # noqa: E402
from smtp_peer import SENDER, SmtpPeer, mail, node_pair  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
ssl = no
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {user}
first_valid_uid = 1
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
lmtp_save_to_detail_mailbox = no
recipient_delimiter =
service lmtp {{
  chroot =
  user = {user}
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
"""


class Dovecot(OwnPeer):
    program = "Dovecot"

    def __init__(self):
        self.port = free_ports(1)[0]

    def prepare(self):
        self.folders("mail", owner="nobody")
        self.folders("state", "run")
        (self.folder / "users").write_text("", encoding="ascii")
        (self.folder / "conf").write_text(SETTINGS.format(folder=self.folder, port=self.port, user="nobody", group="nogroup"),
                                          encoding="ascii")

    @property
    def socket(self):
        return self.folder / "lmtp"

    def set_users(self, *addresses):
        """Started again, since Dovecot looks at the file no more than once a second."""
        self.stop()
        owner = pwd.getpwnam("nobody")
        (self.folder / "users").write_text("".join(f"{one}:{{PLAIN}}x:{owner.pw_uid}:{owner.pw_gid}::{self.folder}/mail/{one}::\n"
                                                   for one in addresses), encoding="ascii")
        self.start()

    def start(self, seconds=30):
        def greets():
            with socket.socket(socket.AF_UNIX) as asked:
                asked.connect(str(self.socket))
                return asked.recv(3) == b"220"

        self.launch(["dovecot", "-F", "-c", self.folder / "conf"], greets, seconds)

    def mails(self, address):
        return self.maildir(address)


def check_node(lab, checks, dovecot, sink, name):
    claire, anne, left = (f"{who}.{name}@{DOMAIN}" for who in ("claire", "anne", "partie"))
    port = lab.port(name, "smtp")
    dovecot.set_users(claire, anne, left)
    with SmtpPeer(lab, node_pair(lab)).session(port, timeout=60) as client:
        client.mail(SENDER)
        checks.equal(f"{name} : boîte inconnue de Dovecot", client.rcpt(f"personne@{DOMAIN}")[0], 550)
        checks.equal(f"{name} : autre domaine", client.rcpt("a@ailleurs.example")[0], 550)
        checks.equal(f"{name} : boîtes connues", [client.rcpt(to)[0] for to in (claire, anne)], [250, 250])
        message = mail(f"lmtp-{name}", claire, ".point\r\nfin")
        checks.equal(f"{name} : remis", client.data(message)[0], 250)
        stored = dovecot.mails(claire)
        checks.equal(f"{name} : un courriel chacune", [len(stored), len(dovecot.mails(anne))], [1, 1])
        checks.that(f"{name} : octets intacts", stored and stored[0].replace(b"\r\n", b"\n").endswith(message.replace("\r\n", "\n").encode()))
        checks.that(f"{name} : Return-Path et Received", stored and f"Return-Path: <{SENDER}>".encode() in stored[0] and
                    f"by {OPERATOR_NAME} with ESMTPS".encode() in stored[0])
        for _ in range(2):  # the same again: found, not stored
            client.mail(SENDER)
            client.rcpt(claire)
            checks.equal(f"{name} : redite", client.data(message)[0], 250)
        checks.equal(f"{name} : gardé une fois", len(dovecot.mails(claire)), 1)

        # One mailbox goes between RCPT and DATA: the other is served, one report tells the sender.
        client.docmd("MAIL", f"FROM:<{SENDER}> RET=HDRS ENVID=env-{name}")
        client.docmd("RCPT", f"TO:<{claire}> NOTIFY=SUCCESS,FAILURE")
        client.docmd("RCPT", f"TO:<{left}> NOTIFY=FAILURE ORCPT=rfc822;{left}")
        dovecot.set_users(claire, anne)
        checks.equal(f"{name} : l'une partie, l'autre servie", client.data(mail(f"moitie-{name}", claire))[0], 250)
        checks.equal(f"{name} : servie", len(dovecot.mails(claire)), 2)
        wait_for("deux rapports", lambda: len(reports_about(sink, f"env-{name}")) >= 2, 60)
        reports = reports_about(sink, f"env-{name}")
        checks.equal(f"{name} : rapports", sorted((r["Action"], r["Final-Recipient"]) for r in reports),
                     [("delivered", f"rfc822; {claire}"), ("failed", f"rfc822; {left}")])

        # Dovecot away: nothing is lost, the sender keeps its mail.
        client.mail(SENDER)
        client.rcpt(anne)
        dovecot.stop()
        checks.equal(f"{name} : Dovecot arrêté, DATA", client.data(mail(f"plus-tard-{name}", anne))[0], 451)
        client.mail(SENDER)
        checks.equal(f"{name} : Dovecot arrêté, RCPT", client.rcpt(anne)[0], 451)
        client.rset()
        dovecot.start()
        client.mail(SENDER)
        client.rcpt(anne)
        checks.equal(f"{name} : de nouveau", client.data(mail(f"plus-tard-{name}", anne))[0], 250)
        checks.equal(f"{name} : arrivé une fois", len(dovecot.mails(anne)), 2)


def reports_about(sink, envid):
    found = []
    for one in sink.messages():
        parts = [part for part in email.message_from_bytes(one, policy=email.policy.default).walk()
                 if part.get_content_type() == "message/delivery-status"]
        if parts and parts[0].get_payload()[0]["Original-Envelope-Id"] == envid:
            found += parts[0].get_payload()[1:]
    return found


def test(lab, checks):
    lab.make_pki([])
    sink = SmtpSink(lab.folder / "sink", lab.pki / "hospital-tls.crt", lab.pki / "hospital-tls.key", lab.anchors)
    with Dovecot() as dovecot:
        for name, at in (("unix", f"unix:{dovecot.socket}"), ("tcp", f"127.0.0.1:{dovecot.port}")):
            lab.add_operator(name, smtp=free_ports(1)[0], returns=sink.port, imap=None, imaps=None, operator={"lmtp": at},
                             limits={"free_disk_octets": 1 << 20, "workers": 4})
            lab.start_node(name)
            check_node(lab, checks, dovecot, sink, name)
            checks.equal(f"{name} : arrêt propre", lab.stop_node(name), 0)
        checks.that("rien d'anormal chez Dovecot", "Panic" not in dovecot.log() and "Fatal" not in dovecot.log(), dovecot.log()[-800:])
    sink.close()


if __name__ == "__main__":
    run(test)
