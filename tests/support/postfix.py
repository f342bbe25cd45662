"""A Postfix of our own: its settings, queue, data and log in a folder of ours, on a loopback port. The system's is never started.

  with Postfix(folder, certificate, key, anchors, host_name="mx…", domains=["medecin…"]) as postfix:
      postfix.mailbox("doctor@medecin…")        # before start(): delivered to a maildir of its own
      postfix.start(); postfix.port; postfix.mails("doctor@…"); postfix.stop()

STARTTLS and a verified client certificate are required, DSN is announced. Mail for other domains goes nowhere but by
`routes` (domain -> (port, name in that server's certificate)), over verified TLS with our certificate. RCPT of an address
in `refused` gets 550; any other unknown address of its domains is taken, and bounces. `settings` are laid over those of
main.cf. Needs root."""
import os
import pwd
import subprocess

from nodes import free_ports
from own_peer import OwnPeer

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
tlsproxy  unix - - n - 0 tlsproxy
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix(OwnPeer):
    program = "Postfix"

    def __init__(self, certificate, key, anchors, *, host_name, domains, routes=None, refused=(), settings=None, environment=None):
        self.certificate, self.key, self.anchors = certificate, key, anchors
        self.host_name, self.domains, self.routes, self.refused = host_name, domains, routes or {}, refused
        self.settings, self.environment = settings or {}, environment or {}
        self.port = free_ports(1)[0]
        self.addresses = {}

    def prepare(self):
        self.folders("config", "queue")
        self.folders("data", owner="postfix")
        os.chmod(self.folder / "data", 0o700)
        self.folders("mail", owner="nobody")

    def mailbox(self, address):
        self.addresses[address] = f"box{len(self.addresses)}/"

    def start(self, seconds=30):
        nobody = pwd.getpwnam("nobody")
        inline = lambda rows: "inline:{ " + ", ".join("{%s = %s}" % row for row in rows) + " }"  # noqa: E731
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.folder / "queue", "data_directory": self.folder / "data",
            "maillog_file": self.folder / "log", "maillog_file_prefixes": self.folder, "myhostname": self.host_name,
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mydestination": "", "local_recipient_maps": "",
            "alias_maps": "", "alias_database": "", "mynetworks": "", "local_transport": "error:none", "default_transport": "error:no route",
            "virtual_mailbox_domains": ", ".join(self.domains), "virtual_mailbox_base": self.folder / "mail",
            "virtual_mailbox_maps": inline(self.addresses.items() or [("nobody@invalid", "none/")]),
            "virtual_uid_maps": f"static:{nobody.pw_uid}", "virtual_gid_maps": f"static:{nobody.pw_gid}",
            "virtual_mailbox_limit": 0, "message_size_limit": 41943040, "smtpd_reject_unlisted_recipient": "no",
            "smtpd_tls_security_level": "encrypt", "smtpd_tls_chain_files": f"{self.key}, {self.certificate}",
            "smtpd_tls_CAfile": self.anchors, "smtpd_tls_req_ccert": "yes", "smtpd_tls_ask_ccert": "yes",
            "smtpd_tls_received_header": "yes", "smtpd_tls_loglevel": 1,
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "smtpd_recipient_restrictions": "check_recipient_access " + inline(
                [(address, "550 5.1.1 unknown here") for address in self.refused] or [("nobody@invalid", "REJECT")]),
            "smtp_tls_security_level": "secure", "smtp_tls_CAfile": self.anchors,
            "smtp_tls_chain_files": f"{self.key}, {self.certificate}", "smtp_tls_loglevel": 1,
            "smtp_tls_policy_maps": inline([(f"[127.0.0.1]:{port}", f"secure match={name}") for port, name in self.routes.values()]
                                           or [("invalid", "secure")]),
            "transport_maps": inline([(domain, f"smtp:[127.0.0.1]:{port}") for domain, (port, _) in self.routes.items()]
                                     or [("invalid", "error:none")]),
            "minimal_backoff_time": "1s", "maximal_backoff_time": "2s", "queue_run_delay": "1s", "smtpd_error_sleep_time": "0",
        }
        settings |= self.settings
        config = self.folder / "config"
        (config / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()), encoding="ascii")
        (config / "master.cf").write_text(MASTER.format(port=self.port), encoding="ascii")
        # The master in our own session: stop() ends it by its pid, and it ends its daemons.
        self.launch(["postfix", "-c", config, "start-fg"], lambda: "daemon started" in self.log(), seconds,
                    self.environment)

    def ask_to_end(self, _process, seconds):
        subprocess.run(["postfix", "-c", str(self.folder / "config"), "stop"], capture_output=True, timeout=seconds, check=False)

    def mails(self, address):
        """What was delivered, as stored (Postfix's trace headers, LF line ends), oldest first."""
        return self.maildir(self.addresses[address])
