"""Dovecot as the judge of SASL for a Postfix of ours: PLAIN by a password, XOAUTH2 by a token signed with a key of the test.

  with DovecotAuth({"relais": "mot de passe"}) as auth:
      auth.postfix_settings       # for Postfix(settings=...)
      auth.token("relais", seconds=60)   # a JWT, HS256

Its folder, processes and port are of its own; it is ended by its pid. Needs root."""
import base64
import hashlib
import hmac
import json
import secrets
import time

from nodes import free_ports
from own_peer import OwnPeer

SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
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


def _b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


class DovecotAuth(OwnPeer):
    program = "Dovecot"

    def __init__(self, users):
        self.users, self.port, self._key = users, free_ports(1)[0], secrets.token_bytes(32)

    def prepare(self):
        folder = self.folder
        self.folders("run", "state", "keys/default/HS256")
        (folder / "keys/default/HS256/default").write_bytes(base64.b64encode(self._key))
        (folder / "oauth2.conf").write_text("introspection_mode = local\nusername_attribute = sub\n"
                                            f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n", encoding="utf-8")
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

    def token(self, user, seconds=300):
        now = int(time.time())
        said = [_b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"},
                                                              {"sub": user, "iat": now, "nbf": now - 5, "exp": now + seconds})]
        signed = ".".join(said)
        return signed + "." + _b64(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())
