"""The two receivers of the bench. Both take STARTTLS and a client certificate, keep nothing, and are asked the same way:

  receiver.port; receiver.seen() -> Seen; receiver.wait_for(mails, seconds) -> Seen; receiver.cpu_seconds()

DiscardSink is a Postfix with `discard:`: it syncs each mail to its queue before the 250, then throws it away. Both rivals are
measured against it. Collector is ours (receiver.cpp), for what no Postfix tells: the bytes as they came (what the rival is
then given), the order of the Message-IDs, the instant of a 250 to the millisecond."""
import subprocess
import tempfile
import time
from typing import NamedTuple

from lab import wait_for
from postfix import Postfix
from processes import cpu_seconds, cpu_seconds_of_tree

NAME = "localhost"  # in the certificate of both


class Seen(NamedTuple):
    mails: int
    octets: int
    connections: int
    at_ns: int  # of the last of them, CLOCK_MONOTONIC


def _wait(receiver, mails, seconds, every):
    return wait_for(f"{mails} courriels chez le destinataire", lambda: (seen := receiver.seen()).mails >= mails and seen, seconds, every)


class DiscardSink(Postfix):
    program = "Postfix-puits"

    def __init__(self, pki):
        super().__init__(pki / "operator-tls.crt", pki / "operator-tls.key", pki / "anchors.pem", host_name="puits.exemple.test",
                         domains=[], settings={
                             "default_transport": "discard:", "virtual_mailbox_domains": "", "transport_maps": "",
                             "smtpd_relay_restrictions": "permit_tls_all_clientcerts, reject", "smtpd_recipient_restrictions": "",
                             "smtpd_tls_loglevel": 0, "smtpd_tls_received_header": "no", "smtpd_peername_lookup": "no",
                             "smtpd_client_connection_count_limit": 0, "in_flow_delay": 0, "qmgr_message_active_limit": 40000,
                             "smtpd_hard_error_limit": 1000,
                             # Else it would write a report for each of our mails and none for the rival's, which ask for none.
                             "smtpd_discard_ehlo_keywords": "silent-discard, dsn",
                             "queue_run_delay": "300s", "discard_destination_concurrency_limit": 50,
                             "message_size_limit": 83886080})
        self._read_to, self._rest = 0, b""
        self._seen, self._ids = Seen(0, 0, 0, 0), set()

    def prepare(self):
        super().prepare()
        self.start()

    def seen(self):
        """What its log says: qmgr names each mail once it is durable in the queue, which is when smtpd answers 250."""
        with open(self.folder / "log", "rb") as log:
            log.seek(self._read_to)
            new = log.read()
        self._read_to += len(new)
        lines = (self._rest + new).split(b"\n")
        self._rest = lines.pop()
        mails, octets, connections, at_ns = self._seen
        for line in lines:
            if b"(queue active)" in line:
                mails, at_ns = mails + 1, time.monotonic_ns()
                octets += int(line.partition(b"size=")[2].partition(b",")[0])
            elif b": connect from" in line:
                connections += 1
            elif b": message-id=" in line:
                self._ids.add(line.partition(b": message-id=")[2])
        self._seen = Seen(mails, octets, connections, at_ns)
        return self._seen

    def different_mails(self):
        return len(self._ids)

    def wait_for(self, mails, seconds):
        return _wait(self, mails, seconds, 0.01)

    def cpu_seconds(self):
        return cpu_seconds_of_tree(self._process.pid)


class Collector:
    def __init__(self, tools, pki):
        self._process = subprocess.Popen([tools / "bench_receiver", pki / "operator-tls.crt", pki / "operator-tls.key",
                                          pki / "anchors.pem"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)

    def _say(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return Seen(*map(int, self._process.stdout.readline().split()))

    def seen(self):
        return self._say("stats")

    def keep_mails_in(self, folder):
        """From now on; None: no more."""
        self._say(f"save {folder}" if folder else "save")

    def message_ids(self):
        """Of all mails, in the order in which they were complete; "" for one without."""
        with tempfile.NamedTemporaryFile("r", prefix="liaison-bench-ids-", encoding="ascii", errors="replace") as file:
            self._say(f"ids {file.name}")
            return file.read().split("\n")[:-1]

    def wait_for(self, mails, seconds):
        return _wait(self, mails, seconds, 0.01)

    def cpu_seconds(self):
        return cpu_seconds(self._process.pid)
