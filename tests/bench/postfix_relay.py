"""A Postfix that only relays: plain SMTP in on loopback, verified mutual TLS to one next hop, durable as it always is.

  with PostfixRelay(pki, next_hop_port, reuse="yes") as postfix:     # reuse: of TLS connections (smtp_tls_connection_reuse)
      postfix.port; postfix.cpu_seconds(); postfix.counters          # its own and all its daemons'; SYNC_COUNTER_FILE

Settings, queue, data in a folder of its own under TMPDIR; ended by its pid. The system's Postfix is never touched. Needs root.
Tuned to be a fair rival: no artificial delays, concurrency 16 from the first mail on, connections kept."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from lab import wait_for
from nodes import free_ports
from processes import cpu_seconds_of_tree

MASTER = """\
127.0.0.1:{port} inet n - n - 50 smtpd
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
smtp      unix - - n - 50 smtp
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class PostfixRelay:
    def __init__(self, pki, next_hop_port, *, reuse, counter=None, counter_file=None):
        self.pki, self.next_hop_port, self.reuse = pathlib.Path(pki), next_hop_port, reuse
        self.counter, self.counter_file = counter, counter_file
        self.port = free_ports(1)[0]
        self._process = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="liaison-bench-postfix-"))
        os.chmod(self.folder, 0o755)
        owner = pwd.getpwnam("postfix")
        for part, mode in (("config", 0o755), ("queue", 0o755), ("data", 0o700)):
            (self.folder / part).mkdir(mode=mode)
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        # It reads keys as root before it gives that up: copies of its own, since ours lie in a private folder.
        for name in ("anchors.pem", "hospital-tls.crt", "hospital-tls.key"):
            shutil.copy(self.pki / name, self.folder / "config" / name)
        config = self.folder / "config"
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.folder / "queue", "data_directory": self.folder / "data",
            "maillog_file": self.folder / "log", "maillog_file_prefixes": self.folder, "myhostname": "postfix.exemple.test",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "mydestination": "", "local_recipient_maps": "",
            "alias_maps": "", "alias_database": "", "mynetworks": "127.0.0.0/8", "message_size_limit": 41943040,
            "smtpd_relay_restrictions": "permit_mynetworks, reject", "smtpd_peername_lookup": "no", "smtpd_error_sleep_time": 0,
            "smtpd_client_connection_count_limit": 0, "in_flow_delay": 0, "qmgr_message_active_limit": 40000,
            "relayhost": f"[127.0.0.1]:{self.next_hop_port}", "smtp_tls_security_level": "secure",
            "smtp_tls_secure_cert_match": "localhost", "smtp_tls_CAfile": config / "anchors.pem",
            "smtp_tls_chain_files": f"{config / 'hospital-tls.key'}, {config / 'hospital-tls.crt'}",
            "smtp_tls_connection_reuse": self.reuse, "smtp_connection_cache_destinations": f"[127.0.0.1]:{self.next_hop_port}",
            "smtp_tls_session_cache_database": f"btree:{self.folder}/data/sessions",
            "initial_destination_concurrency": 16, "default_destination_concurrency_limit": 16,
            # Nothing but this Postfix's own daemons sees the counter.
            "import_environment": "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_PRELOAD SYNC_COUNTER_FILE",
        }
        (config / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()), encoding="ascii")
        (config / "master.cf").write_text(MASTER.format(port=self.port), encoding="ascii")
        subprocess.run(["postfix", "-c", str(config), "check"], capture_output=True, timeout=60, check=False)
        env = dict(os.environ)
        if self.counter:
            env |= {"LD_PRELOAD": str(self.counter), "SYNC_COUNTER_FILE": str(self.counter_file)}
        with open(self.folder / "out", "ab") as out:
            self._process = subprocess.Popen(["postfix", "-c", str(config), "start-fg"], stdin=subprocess.DEVNULL, stdout=out,
                                             stderr=out, env=env, start_new_session=True)

        def ready():
            if self._process.poll() is not None:
                raise SystemExit("Postfix s'est arrêté :\n" + self.log())
            return "daemon started" in self.log()

        wait_for("démarrage de Postfix", ready)
        return self

    def __exit__(self, *_):
        subprocess.run(["postfix", "-c", str(self.folder / "config"), "stop"], capture_output=True, timeout=60, check=False)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_seconds(self):
        return cpu_seconds_of_tree(self._process.pid)

    def log(self):
        return "".join((self.folder / name).read_text(errors="replace") for name in ("out", "log") if (self.folder / name).exists())
