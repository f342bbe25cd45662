"""A Postfix that only relays: plain SMTP in on loopback, verified mutual TLS to one next hop, durable as it always is.

  with PostfixRelay(pki, next_hop_port, reuse="yes") as postfix:     # reuse: of TLS connections (smtp_tls_connection_reuse)
      postfix.port; postfix.cpu_seconds()                            # its own and all its daemons'

`counter`, `counter_file`: sync_counter.c, preloaded into all of them. Tuned to be a fair rival: no artificial delays, concurrency
16 from the first mail on, connections kept."""
import shutil

from postfix import Postfix
from processes import cpu_seconds_of_tree
from receivers import NAME


class PostfixRelay(Postfix):
    program = "Postfix-relais"

    def __init__(self, pki, next_hop_port, *, reuse, counter, counter_file):
        super().__init__(pki / "hospital-tls.crt", pki / "hospital-tls.key", pki / "anchors.pem", host_name="postfix.exemple.test",
                         domains=[], environment={"LD_PRELOAD": str(counter), "SYNC_COUNTER_FILE": str(counter_file)}, settings={
                             "mynetworks": "127.0.0.0/8", "smtpd_relay_restrictions": "permit_mynetworks, reject",
                             "smtpd_recipient_restrictions": "", "virtual_mailbox_domains": "", "transport_maps": "",
                             "smtpd_tls_security_level": "none", "smtpd_tls_req_ccert": "no", "smtpd_tls_ask_ccert": "no",
                             "smtpd_peername_lookup": "no", "smtpd_client_connection_count_limit": 0, "in_flow_delay": 0,
                             "qmgr_message_active_limit": 40000, "minimal_backoff_time": "300s", "maximal_backoff_time": "4000s",
                             "queue_run_delay": "300s", "default_transport": "smtp", "relayhost": f"[127.0.0.1]:{next_hop_port}",
                             "smtp_tls_policy_maps": "", "smtp_tls_security_level": "secure", "smtp_tls_secure_cert_match": NAME,
                             "smtp_tls_loglevel": 0, "smtp_tls_connection_reuse": reuse,
                             "smtp_connection_cache_destinations": f"[127.0.0.1]:{next_hop_port}",
                             "initial_destination_concurrency": 16, "default_destination_concurrency_limit": 16,
                             # Nothing but this Postfix's own daemons sees the counter.
                             "import_environment": "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_PRELOAD SYNC_COUNTER_FILE"})

    def prepare(self):
        super().prepare()
        self.settings["smtp_tls_session_cache_database"] = f"btree:{self.folder}/data/sessions"
        # tlsproxy opens them late, when it can no longer walk through our private folder.
        for name in ("certificate", "key", "anchors"):
            setattr(self, name, shutil.copy(getattr(self, name), self.folder / "config"))
        self.start()

    def cpu_seconds(self):
        return cpu_seconds_of_tree(self._process.pid)
