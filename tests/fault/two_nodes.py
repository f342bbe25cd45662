"""A hospital and an operator on loopback, each its own process, either of which may run under the shim."""
import base64
import contextlib
import imaplib
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import time

import power_cut

HOSPITAL_ADDRESS = "liaison@hopital.demo.mssante.fr"
DOCTOR = {"address": "claire.lenoiraud@medecin.demo.mssante.fr", "rpps": "99900000037", "family": "LENOIRAUD",
          "given": "Claire"}  # as in tests/data/demo/stays.json
PASSWORD = "mot-de-passe-de-test"


class Failed(Exception):
    """What the suite is for: it says what was lost, doubled, or did not come in time."""


def wait_for(what, condition, seconds=30):
    """The condition's first true value; polls, since files, processes and mailboxes of others tell nobody."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(0.01)
    return value


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def make_pki(script, folder):
    subprocess.run([script, folder, "--hospital-address", HOSPITAL_ADDRESS, "--doctor", DOCTOR["address"]], check=True,
                   timeout=60)


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8", opener=lambda p, flags: os.open(p, flags, mode)) as file:
        file.write(text)


class Node:
    """One `liaison serve`. Its own files are under `root`, and nothing else is."""

    def __init__(self, name, folder, binary, shim, shadows):
        self.name = name
        self.folder = os.path.realpath(folder)
        self.root = os.path.join(self.folder, "root")
        self.settings = os.path.join(self.folder, name + ".toml")
        self.plan = os.path.join(self.folder, "plan")
        self.trace_file = os.path.join(self.folder, "trace")
        self._shadows = os.path.join(shadows, secrets.token_hex(8))
        self.shadow = None
        self._binary, self._shim = binary, shim
        self._plans = 0
        self.process = None
        self.last_state = "confirmed"  # of a delivery whose way is over
        for part in ("", "data", "spool", "ack", "staging"):
            os.makedirs(os.path.join(self.root, part), mode=0o700)
        with open(os.path.join(self.root, "node.key"), "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as key:
            key.write(secrets.token_bytes(32))

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def start(self):
        environment = dict(os.environ)
        if self._shim:
            environment.update(LD_PRELOAD=self._shim, FAULT_ROOT=self.root, FAULT_PLAN=self.plan, FAULT_LOG=self.trace_file,
                               FAULT_MATCH=self.settings)
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen([self._binary, "serve", "--config", self.settings], env=environment, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        wait_for(f"{self.name} to be ready", self._is_ready)

    def _is_ready(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.name} does not start again: exit {self.process.returncode}, see its log")
        try:
            with open(self.path("data", "run", "endpoints.json"), encoding="utf-8") as file:
                return json.load(file)["pid"] == self.process.pid
        except (OSError, ValueError):
            return False

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failed(f"{self.name} does not stop within 20 s of SIGTERM") from None

    def is_dead(self):
        return self.process.poll() is not None

    def command(self, *words):
        done = subprocess.run([self._binary, *words, "--config", self.settings], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=30, check=False)
        if done.returncode != 0:
            raise Failed(f"liaison {' '.join(words)}: exit {done.returncode}: {(done.stdout + done.stderr).decode()[:300]}")
        return done.stdout.decode()

    def rows(self, *words):
        return json.loads(self.command(*words, "--format", "json"))

    def settled(self):
        """How many deliveries need nothing more: confirmed by a report, or accepted by a receiver that sends none."""
        states = self.rows("status")["deliveries"]
        return states.get(self.last_state, 0)

    def letters(self):
        """document SHA-256 -> what the ledger says of the letter."""
        known = {row["letter"] for row in self.rows("queue", "--all")["deliveries"] if row["letter"]}
        return {one["document_sha256"]: one for one in (self.rows("letter", letter) for letter in known)}

    def print_log(self):
        if self.process is None:
            return
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            for line in log.read().splitlines()[-25:]:
                print(f"  {self.name}: {line}")

    # --- the shim ---

    def arm_with(self, lines):
        self.disarm()
        self._put_plan(lines)

    def arm(self, kill_at, when, cut):
        self.disarm()
        self._plans += 1
        lines = f"kill_at={kill_at}\nwhen={when}\n"
        if cut:
            self.shadow = os.path.join(self._shadows, str(self._plans))
            os.makedirs(self.shadow)
            lines += f"shadow={self.shadow}\n"
        self._put_plan(lines)

    def _put_plan(self, lines):
        write(self.plan + ".new", lines)
        os.rename(self.plan + ".new", self.plan)

    def disarm(self):
        for path in (self.plan, self.trace_file):
            if os.path.exists(path):
                os.unlink(path)
        shutil.rmtree(self._shadows, ignore_errors=True)

    def trace(self):
        try:
            with open(self.trace_file, encoding="ascii") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def cut_power(self, moved):
        return power_cut.restore(self.shadow, moved)


class TwoNodes:
    """`watched` runs under the shim: "hospital" or "operator". `foreign`: the next hop is an SmtpSink instead."""

    def __init__(self, folder, shadows, binary, shim, pki, watched, sink=None, proxy=None, retry="", limits=""):
        """`watched` may be "both". `proxy`: stands between the hospital and whoever receives. `retry` and `limits`: more lines of
        these tables."""
        self.pki, self.sink, self.proxy, self.retry, self.limits = pki, sink, proxy, retry, limits
        self.hospital = Node("hospital", os.path.join(folder, "hospital"), binary, shim if watched in ("hospital", "both") else None,
                             shadows)
        self.operator = Node("operator", os.path.join(folder, "operator"), binary, shim if watched in ("operator", "both") else None,
                             shadows)
        self.watched = self.operator if watched == "operator" else self.hospital
        self.hospital.last_state = "accepted" if sink else "confirmed"
        self._imaps = free_port()
        self._write_settings(free_port(), free_port())

    def open(self):
        if not self.sink:
            self.operator.start()
            password = os.path.join(self.operator.folder, "password")
            write(password, PASSWORD + "\n")
            self.operator.command("mailbox", "add", "--user", "claire", "--address", DOCTOR["address"], "--password-file", password)
        self.hospital.start()
        self.hospital.command("directory", "import", self._write_directory())

    def abandon(self):
        """After a failure: ends what runs, without asking how."""
        for node in (self.hospital, self.operator):
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()

    def close(self):
        for node in (self.hospital, self.operator):
            if node.process is not None:
                node.stop()

    def _pki(self, name):
        return os.path.join(self.pki, name)

    def _write_settings(self, smtp, returns):
        def common(node, role):
            return f"""[node]
name = "{'relais.hopital.example' if role == 'hospital' else 'mx.operateur.example'}"
data = "{node.path('data')}"
key = "{node.path('node.key')}"
drain_seconds = 5
[roles]
{role} = true
[tls]
certificate = "{self._pki(role + '-tls.crt')}"
key = "{self._pki(role + '-tls.key')}"
anchors = "{self._pki('anchors.pem')}"
[limits]
workers = 2
{self.limits}
[retry]
first_seconds = 1
most_seconds = 1
{self.retry}
[trust]
anchors = "{self._pki('anchors.pem')}"
domains = ["medecin.demo.mssante.fr", "hopital.demo.mssante.fr"]
"""
        next_hop = self.sink.port if self.sink else smtp
        if self.proxy:
            self.proxy.target_port, next_hop = next_hop, self.proxy.port
        write(self.hospital.settings, common(self.hospital, "hospital") + f"""[spool]
folder = "{self.hospital.path('spool')}"
acknowledgements = "{self.hospital.path('ack')}"
rescan_seconds = 1
[establishment]
finess = "990000010"
name = "HOPITAL DEMO"
oid_root = "2.999.7"
patient_id_oid = "2.999.7.1"
phone = "tel:+33400000000"
street = "1 rue de l'Exemple"
postal_code = "69001"
city = "LYON"
[hospital]
address = "{HOSPITAL_ADDRESS}"
signing_certificate = "{self._pki('hospital-sign.crt')}"
signing_key = "{self._pki('hospital-sign.key')}"
returns = "127.0.0.1:{returns}"
[[route]]
domain = "{DOCTOR['address'].partition('@')[2]}"
next_hop = "127.0.0.1:{next_hop}"
server_name = "mx.operateur.example"
""")
        write(self.operator.settings, common(self.operator, "operator") + f"""[operator]
domains = ["medecin.demo.mssante.fr"]
smtp = "127.0.0.1:{smtp}"
imaps = "127.0.0.1:{self._imaps}"
[[route]]
domain = "hopital.demo.mssante.fr"
next_hop = "127.0.0.1:{returns}"
server_name = "relais.hopital.example"
""")

    def _write_directory(self):
        with open(self._pki(f"doctors/{DOCTOR['address']}.crt"), encoding="ascii") as file:
            der = ssl.PEM_cert_to_DER_cert(file.read())
        path = os.path.join(self.hospital.folder, "directory.csv")
        write(path, "Adresse BAL|Type de BAL|Type Identifiant PP|Identifiant PP|Nom d'exercice|Prénom d'exercice|Certificat\n"
                    f"{DOCTOR['address']}|PER|8|{DOCTOR['rpps']}|{DOCTOR['family']}|{DOCTOR['given']}|"
                    f"{base64.b64encode(der).decode()}\n")
        return path

    # --- the two ends ---

    def stage(self, name, content):
        """A file as the hospital's software writes it, synced, beside the spool; returns (there, its place in the spool)."""
        staged, there = self.hospital.path("staging", name), self.hospital.path("spool", name)
        with open(staged, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return staged, there

    def received(self):
        """Every message in the doctor's hands, whole."""
        if self.sink:
            return self.sink.messages()
        with self._mailbox() as (box, count):
            parts = box.fetch("1:*", "(BODY.PEEK[])")[1] if count else []
            return [part[1] for part in parts if isinstance(part, tuple)]

    def count_received(self):
        if self.sink:
            return len(self.sink.messages())
        with self._mailbox() as (_, count):
            return count

    @contextlib.contextmanager
    def _mailbox(self):
        trust = ssl.create_default_context(cafile=self._pki("anchors.pem"))
        box = imaplib.IMAP4_SSL("127.0.0.1", self._imaps, ssl_context=trust, timeout=30)
        try:
            box.login("claire", PASSWORD)
            yield box, int(box.select("INBOX", readonly=True)[1][0])
        finally:
            box.logout()
