"""A Dovecot that keeps one mailbox for our poll: IMAP with STARTTLS and with TLS from the first byte, passwords and client
certificates. Its folder, ports and processes are of its own; it is ended by its pid. Needs root.

  with DovecotImap("relais", "mot de passe", certificate, key, anchors, client="name in our certificate") as dovecot:
      dovecot.imaps, dovecot.imap        # ports
      dovecot.deliver(b"...")            # into INBOX, as its own delivery would
      dovecot.left()                     # [(flags, bytes)] of what is there
      dovecot.log_in_by("certificate")   # "password" at first
      dovecot.token(seconds=60)          # for XOAUTH2
      dovecot.renumber()                 # a new UIDVALIDITY, with the mails as they are"""
import os
import pwd
import shutil
import time

from nodes import free_ports
from own_peer import OwnPeer
from token_key import PASSDB, TokenKey

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_ca = <{anchors}
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = {by_certificate}
ssl_cert_username_field = commonName
auth_mechanisms = plain external xoauth2
mail_location = maildir:{folder}/mail/box:INDEX={folder}/index/box
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
mailbox_idle_check_interval = 1 secs
mail_max_userip_connections = 20
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
""" + PASSDB + """\
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/home
}}
"""


class DovecotImap(OwnPeer):
    program = "Dovecot"

    def __init__(self, user, password, certificate, key, anchors, client):
        self.imap, self.imaps = free_ports(2)
        self._files = {"certificate": certificate, "key": key, "anchors": anchors}
        self._users = f"{user}:{{PLAIN}}{password}::::::\n{client}:::::::nopassword=y\n"
        self._user, self._key, self._count = user, TokenKey(), 0

    def prepare(self):
        self.folders("mail", "mail/box", "mail/box/new", "mail/box/cur", "mail/box/tmp", "index", "home", owner="nobody")
        self.folders("run", "state", "tls")
        for name, path in self._files.items():
            shutil.copy(path, self.folder / "tls" / name)
        (self.folder / "users").write_text(self._users, encoding="utf-8")
        self._key.write(self.folder)
        self.log_in_by("password")

    def token(self, seconds=300):
        return self._key.token(self._user, seconds)

    def log_in_by(self, what):
        """"password", or "certificate", which then says who the user is, whatever else is said. Started anew."""
        self.stop()
        (self.folder / "conf").write_text(
            SETTINGS.format(folder=self.folder, imap=self.imap, imaps=self.imaps,
                            by_certificate="yes" if what == "certificate" else "no",
                            **{name: self.folder / "tls" / name for name in self._files}), encoding="utf-8")
        self.start()

    def start(self):
        before = self.log().count("starting up")
        self.launch(["dovecot", "-F", "-c", self.folder / "conf"], lambda: self.log().count("starting up") > before)

    def deliver(self, message):
        self._count += 1
        name = f"{int(time.time())}.{self._count:06}.essai"
        nobody = pwd.getpwnam("nobody")
        partial = self.folder / "mail/box/tmp" / name
        partial.write_bytes(message)
        os.chown(partial, nobody.pw_uid, nobody.pw_gid)
        os.rename(partial, self.folder / "mail/box/new" / name)

    def left(self):
        found = []
        for place in ("new", "cur"):
            for file in (self.folder / "mail/box" / place).iterdir():
                found.append((file.name.partition(":2,")[2], file.read_bytes()))
        return found

    def renumber(self):
        self.stop()
        shutil.rmtree(self.folder / "index", ignore_errors=True)
        self.folders("index", owner="nobody")
        for file in (self.folder / "mail/box").glob("dovecot-uidlist*"):
            file.unlink()
        self.start()
