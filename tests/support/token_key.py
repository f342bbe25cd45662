"""Tokens that a Dovecot of ours judges by itself: JWT, HS256, signed with a key of the test.

  key = TokenKey()
  key.write(folder)                   # what PASSDB reads: oauth2.conf and the key
  key.token("relais", seconds=60)"""
import base64
import hashlib
import hmac
import json
import secrets
import time

PASSDB = """\
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""


def _b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


class TokenKey:
    def __init__(self):
        self._key = secrets.token_bytes(32)

    def write(self, folder):
        (folder / "keys/default/HS256").mkdir(parents=True, exist_ok=True)
        (folder / "keys/default/HS256/default").write_bytes(base64.b64encode(self._key))
        (folder / "oauth2.conf").write_text("introspection_mode = local\nusername_attribute = sub\n"
                                            f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n", encoding="utf-8")

    def token(self, user, seconds=300):
        now = int(time.time())
        said = [_b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"},
                                                              {"sub": user, "iat": now, "nbf": now - 5, "exp": now + seconds})]
        signed = ".".join(said)
        return signed + "." + _b64(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())
