"""Dovecot as the judge of SASL for a Postfix of ours: PLAIN by a password, XOAUTH2 by a token signed with a key of the test.

  with DovecotAuth({"relais": "mot de passe"}) as auth:
      auth.postfix_settings       # for Postfix(settings=...)
      auth.token("relais", seconds=60)   # a JWT, HS256

Its folder, processes and port are of its own; it is ended by its pid. Needs root."""
from nodes import free_ports
from own_peer import OwnPeer
from token_key import PASSDB, TokenKey

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain xoauth2
""" + PASSDB + """\
passdb {{
  driver = passwd-file
  mechanisms = plain
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class DovecotAuth(OwnPeer):
    program = "Dovecot"

    def __init__(self, users):
        self.users, self.port, self._key = users, free_ports(1)[0], TokenKey()
        self.token = self._key.token

    def prepare(self):
        folder = self.folder
        self.folders("run", "state")
        self._key.write(folder)
        (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{password}::::::\n" for user, password in self.users.items()),
                                      encoding="utf-8")
        (folder / "dovecot.conf").write_text(SETTINGS.format(folder=folder, port=self.port), encoding="utf-8")
        self.launch(["dovecot", "-F", "-c", folder / "dovecot.conf"], lambda: "starting up" in self.log())

    @property
    def postfix_settings(self):
        return {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": f"inet:127.0.0.1:{self.port}",
                "smtpd_tls_auth_only": "yes", "smtpd_sasl_security_options": "noanonymous",
                "smtpd_relay_restrictions": "permit_sasl_authenticated, reject",
                "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject"}
