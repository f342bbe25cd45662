"""A hospital relay and an operator relay on loopback, for the demo and for tests. Standard library, openssl, liaison.

  with Lab(folder, binary) as lab:                     # folder: empty or new, made 0700; binary: build/<preset>/liaison
      lab.make_pki(doctors)                            # scripts/make-test-pki; doctors: see Doctor
      lab.start()                                      # `liaison demo`: both nodes, until they are ready
      lab.add_mailboxes(); lab.import_directory()
      lab.drop(submission)                             # letters.py; PDF before sidecar, each renamed in when complete
      lab.wait_for_ack(submission.file)                # the acknowledgement's bytes
      lab.wait_until_settled(files)                    # every file answered, every delivery ended
      mails = lab.mails(doctor)                        # by IMAP over TLS, as received
      lab.open_mail(mails[0], doctor).text             # decrypted and verified by openssl, read by Python's email

More:
  lab.drop_bytes(name, data)           any file, atomically       lab.spool, lab.acks     folders
  lab.liaison("queue", …)              runs a command             lab.queue(), lab.report(from, to)   its JSON
  lab.imap(doctor)                     imaplib, logged in         lab.acks_of(file), lab.zams_of(control_id)
  lab.start_node(role, env={…})        one `liaison serve` alone, once start() has written the settings
  lab.stop_node(role), lab.kill_node(role)                       SIGTERM and its exit code; SIGKILL
  lab.stop()                           SIGTERM to what was started, by pid, and waits; gives the exit code
  wait_for(what, condition, seconds)   polls a condition; LabError after that many seconds, naming `what`
  read_hl7(data)                       segments as lists of fields (field n at index n; MSH-1 is index 1)
  open_mail(data, certificate, key, anchors)                     the same without a Lab

Every wait is bounded. Everything started is ended by pid when the `with` block ends, however it ends. Nothing here knows
a patient: folders under `folder` hold what liaison writes, passwords (0600), keys, and no copy of a submission.
"""
import base64
import contextlib
import dataclasses
import email
import email.policy
import imaplib
import io
import json
import os
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPEN_STATES = {"received", "queued", "deferred", "sending", "uncertain", "accepted"}

# mssante.md §7.2, in order, and our own column behind them.
DIRECTORY_COLUMNS = [
    "Type de BAL", "Adresse BAL", "Type Identifiant PP", "Identifiant PP", "Identification nationale PP",
    "Type identifiant structure", "Identification Structure", "Service de rattachement", "Civilité d'exercice",
    "Nom d'exercice", "Prénom d'exercice", "Catégorie profession", "Libellé de catégorie profession", "Code Profession",
    "Libellé Profession", "Code savoir-faire", "Libellé savoir-faire", "Dématérialisation", "Raison Sociale structure BAL",
    "Enseigne commerciale structure BAL", "L2COMPLEMENTLOCALISATION", "L3COMPLEMENTDISTRIBUTION", "L4NUMEROVOIE",
    "L4COMPLEMENTNUMEROVOIE", "NL4TYPEVOIE", "L4LIBELLEVOIE", "L5LIEUDITMENTION", "L6LIGNEACHEMINEMENT", "Code postal",
    "Département", "Pays", "Certificat"]


class LabError(Exception):
    pass


class NodeEnded(LabError):
    """A relay ended while it was waited for: no more waiting helps."""


@dataclasses.dataclass
class Doctor:
    """An addressee. Without `key` no certificate is made; without `mailbox` the operator knows nobody of that address."""
    address: str
    rpps: str = ""            # empty: an organisation's mailbox
    family: str = ""
    given: str = ""
    finess: str = ""
    key: str = "rsa"          # rsa, ec, or None
    mailbox: bool = True
    listed: bool = True       # in the directory
    other_addresses: tuple = ()
    user: str = ""            # of the mailbox; filled by add_mailboxes
    password: str = ""

    @classmethod
    def from_stays(cls, described):
        """Of an entry of "doctors" in stays.json; None when it has no address."""
        if not described["address"]:
            return None
        others = (described["other_address"],) if "other_address" in described else ()
        return cls(described["address"], described["rpps"], described["family"], described["given"],
                   described.get("finess", ""), described["key"], described["mailbox"], described.get("listed", True), others)


def wait_for(what, condition, seconds=30.0, every=0.05):
    """The first true value of condition(); its LabErrors and OSErrors mean "not yet"."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            if value := condition():
                return value
        except NodeEnded:
            raise
        except (LabError, OSError, ValueError) as error:
            last = error
        if time.monotonic() > deadline:
            raise LabError(f"attente trop longue ({seconds:.0f} s) : {what}" + (f" ({last})" if last else ""))
        time.sleep(every)


def read_hl7(data):
    segments = []
    for line in data.decode("utf-8").replace("\n", "\r").split("\r"):
        if line:
            fields = line.split("|")
            segments.append([fields[0], "|", *fields[1:]] if fields[0] == "MSH" else fields)
    return segments


@dataclasses.dataclass
class OpenedMail:
    entity: bytes         # what the signature covers
    message: object       # email.message.EmailMessage of the entity
    text: str             # the text a doctor reads
    xdm: dict             # path in IHE_XDM.zip -> bytes
    pdfs: dict            # file name -> bytes


def openssl(*arguments, data):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise LabError(f"openssl {arguments[0]} {arguments[1]} : {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def open_mail(data, certificate, key, anchors):
    """Decrypts, verifies the signature up to `anchors`, reads the entity. LabError when openssl says no."""
    signed = openssl("cms", "-decrypt", "-recip", certificate, "-inkey", key, data=data)
    entity = openssl("cms", "-verify", "-CAfile", anchors, data=signed)
    message = email.message_from_bytes(entity, policy=email.policy.default)
    if message.get_content_type() == "message/rfc822":
        message = message.get_payload(0)
    text, xdm, pdfs = "", {}, {}
    for part in message.walk():
        name = part.get_filename() or ""
        if part.get_content_type() == "text/plain" and not text:
            text = part.get_content()
        elif name.lower() == "ihe_xdm.zip":
            with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
                xdm = {entry: archive.read(entry) for entry in archive.namelist() if not entry.endswith("/")}
        elif part.get_content_type() == "application/pdf":
            pdfs[name] = part.get_content()
    return OpenedMail(entity, message, text, xdm, pdfs)


class Lab:
    def __init__(self, folder, binary, env=None):
        self.folder, self.binary = pathlib.Path(folder).resolve(), pathlib.Path(binary).resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(self.folder, 0o700)
        self.env = dict(os.environ, **(env or {}))
        if "faketime" in self.env.get("LD_PRELOAD", ""):
            # libfaketime moves the monotonic clock too but not the kernel's timers on it: what waits for one would not wake.
            self.env.setdefault("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        self.pki = self.folder / "pki"
        self.doctors = []
        self.nodes = {}
        self._demo = None
        self._serving = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for role in list(self._serving):
            self.kill_node(role)
        try:
            self.stop()
        except LabError:
            if kind is None:  # else the first error says more
                raise

    # ---- keys --------------------------------------------------------------------------------------------------
    def make_pki(self, doctors):
        self.doctors = list(doctors)
        command = [ROOT / "scripts/make-test-pki", self.pki, "--hospital-address", "relais@hopital.demo.mssante.fr",
                   "--hospital-name", "relais.hopital.demo.mssante.fr", "--operator-name", "mx.medecin.demo.mssante.fr"]
        for doctor in self.doctors:
            if doctor.key:
                command += ["--doctor", doctor.address + (":ec" if doctor.key == "ec" else "")]
        done = subprocess.run(list(map(str, command)), env=self.env, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise LabError("make-test-pki : " + done.stderr.strip())

    @property
    def anchors(self):
        return self.pki / "anchors.pem"

    def certificate_of(self, doctor):
        return self.pki / "doctors" / f"{doctor.address}.crt"

    def key_of(self, doctor):
        return self.pki / "doctors" / f"{doctor.address}.key"

    # ---- processes ---------------------------------------------------------------------------------------------
    def start(self, seconds=60):
        """Starts both nodes through `liaison demo` and waits until they are ready. Its own words go to folder/demo.log."""
        if self._demo is not None:
            raise LabError("déjà en marche")
        described = self.folder / "nodes.json"
        with contextlib.suppress(FileNotFoundError):
            described.unlink()
        with open(self.folder / "demo.log", "ab") as log:
            self._demo = subprocess.Popen([self.binary, "demo", "--dir", self.folder], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env=self.env, start_new_session=True)

        def ready():
            if self._demo.poll() is not None:
                raise NodeEnded(f"« liaison demo » s'est arrêté (code {self._demo.returncode}) :\n{self._log_tail()}")
            return json.loads(described.read_text(encoding="utf-8"))

        try:
            self.nodes = wait_for("démarrage des deux relais", ready, seconds)
        except BaseException:
            self.stop()
            raise
        return self.nodes

    def _log_tail(self):
        return "\n".join((self.folder / "demo.log").read_text(encoding="utf-8", errors="replace").splitlines()[-20:])

    @property
    def pid(self):
        return self._demo.pid if self._demo else None

    def leave_running(self):
        """The nodes go on after this process; whoever stops them sends SIGTERM to self.pid."""
        pid, self._demo = self.pid, None
        return pid

    def stop(self, seconds=30):
        """SIGTERM, then waits for the drain; SIGKILL to the pids we know after `seconds`. The exit code, or None."""
        demo, self._demo = self._demo, None
        if demo is None:
            return None
        if demo.poll() is None:
            demo.send_signal(signal.SIGTERM)
        try:
            return demo.wait(seconds)
        except subprocess.TimeoutExpired:
            demo.kill()
            demo.wait()
            for role in ("hospital", "operator"):
                with contextlib.suppress(KeyError, ProcessLookupError):
                    os.kill(self.nodes[role]["pid"], signal.SIGKILL)
            raise LabError("les relais ne se sont pas arrêtés à temps") from None

    def start_node(self, role, env=None, seconds=30):
        """`liaison serve` for one role ("hospital", "operator") with the settings that start() wrote; waits until it answers."""
        with open(self.folder / f"{role}.out", "ab") as log:
            process = subprocess.Popen([self.binary, "serve", "--config", self.config(role)], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, env=self.env | (env or {}), start_new_session=True)
        self._serving[role] = process

        def ready():
            if process.poll() is not None:
                raise NodeEnded(f"{role} s'est arrêté (code {process.returncode})")
            endpoints = json.loads((self.folder / role / "data/run/endpoints.json").read_text(encoding="utf-8"))
            return endpoints.get("pid") == process.pid  # one left by a killed node names another

        wait_for(f"démarrage du relais {role}", ready, seconds)
        self.nodes.setdefault(role, {})["pid"] = process.pid
        return process

    def stop_node(self, role, seconds=30):
        """SIGTERM, which must be the first: a second one ends the node at once."""
        if self._serving[role].poll() is None:
            self._serving[role].send_signal(signal.SIGTERM)
        return self.wait_node(role, seconds)

    def wait_node(self, role, seconds=30):
        """The exit code of a node that was told to end."""
        process = self._serving.pop(role)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise LabError(f"le relais {role} ne s'est pas arrêté à temps") from None

    def kill_node(self, role):
        process = self._serving.pop(role)
        if process.poll() is None:
            process.kill()
        return process.wait()

    # ---- commands ----------------------------------------------------------------------------------------------
    def config(self, role="hospital"):
        return self.folder / role / "liaison.toml"

    def liaison(self, *arguments, config="hospital", check=True, seconds=60):
        command = [self.binary, *arguments, "--config", self.config(config)]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=seconds, env=self.env, check=False)
        if check and done.returncode != 0:
            raise LabError(f"liaison {arguments[0]} (code {done.returncode}) : {(done.stderr or done.stdout).strip()}")
        return done

    def queue(self, *more):
        return json.loads(self.liaison("queue", *more, "--format", "json").stdout)

    def report(self, first_day, last_day):
        return json.loads(self.liaison("report", "--from", first_day, "--to", last_day, "--format", "json").stdout)

    def add_mailboxes(self):
        """A mailbox with a random password for each doctor who has one; the password's file stays, 0600, in folder/passwords."""
        folder = self.folder / "passwords"
        folder.mkdir(mode=0o700, exist_ok=True)
        for doctor in self.doctors:
            if not doctor.mailbox:
                continue
            doctor.user, doctor.password = doctor.address, secrets.token_urlsafe(18)
            file = folder / doctor.address
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                out.write(doctor.password + "\n")
            self.liaison("mailbox", "add", "--user", doctor.user, "--address", doctor.address, "--password-file", file,
                         config="operator")

    def directory_text(self, doctors=None):
        """The national extraction for these doctors, certificates in the last column."""
        rows = ["|".join(DIRECTORY_COLUMNS)]
        for doctor in self.doctors if doctors is None else doctors:
            if not doctor.listed:
                continue
            for address in (doctor.address, *doctor.other_addresses):
                row = dict.fromkeys(DIRECTORY_COLUMNS, "")
                row |= {"Adresse BAL": address, "Dématérialisation": "O", "Code postal": "69001", "Département": "69", "Pays": "FRANCE"}
                if doctor.rpps:
                    row |= {"Type de BAL": "PER", "Type Identifiant PP": "8", "Identifiant PP": doctor.rpps,
                            "Identification nationale PP": "8" + doctor.rpps, "Civilité d'exercice": "DR",
                            "Nom d'exercice": doctor.family, "Prénom d'exercice": doctor.given, "Code Profession": "10",
                            "Libellé Profession": "Médecin"}
                else:
                    row |= {"Type de BAL": "ORG", "Type identifiant structure": "1", "Identification Structure": doctor.finess,
                            "Raison Sociale structure BAL": doctor.family}
                if doctor.key and address == doctor.address:
                    pem = self.certificate_of(doctor).read_text(encoding="ascii")
                    row["Certificat"] = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()
                rows.append("|".join(row.values()))
        return "\n".join(rows) + "\n"

    def import_directory(self, doctors=None):
        file = self.folder / "annuaire.txt"
        file.write_text(self.directory_text(doctors), encoding="utf-8")
        return self.liaison("directory", "import", file).stdout

    # ---- spool and acknowledgements ----------------------------------------------------------------------------
    @property
    def spool(self):
        return self.folder / "hospital" / "spool"

    @property
    def acks(self):
        return self.folder / "hospital" / "ack"

    def drop_bytes(self, name, data):
        partial = self.spool / f".{name}.tmp"
        with open(partial, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.rename(partial, self.spool / name)

    def drop(self, submission):
        for name, data in submission.files.items():
            self.drop_bytes(name, data)

    def acks_of(self, file):
        """name -> bytes of what the ack folder holds for this file; names being written begin with a dot."""
        return {path.name: path.read_bytes() for path in self.acks.iterdir()
                if path.name in (f"{file}.ack.hl7", f"{file}.ack.json")}

    def wait_for_ack(self, file, seconds=30):
        return next(iter(wait_for(f"accusé de {file}", lambda: self.acks_of(file), seconds).values()))

    def zams_of(self, control_id):
        """The ZAM^Z02 about this message, as lists of segments."""
        found = []
        for path in self.acks.iterdir():
            if ".z02-" in path.name and not path.name.startswith("."):
                segments = read_hl7(path.read_bytes())
                if any(s[0] == "OBX" and s[4] == control_id for s in segments):
                    found.append(segments)
        return found

    def settled(self, files):
        """True once every file has its acknowledgement and no delivery is still to end (accepted ones wait for their DSN)."""
        if any(not self.acks_of(file) for file in files):
            return False
        counts = self.queue()["counts"]
        return not any(counts.get(state, 0) for state in OPEN_STATES)

    def wait_until_settled(self, files, seconds=90):
        wait_for("fin de tous les envois", lambda: self.settled(files), seconds, every=0.2)

    # ---- the doctor's side -------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def imap(self, doctor, seconds=20):
        host, port = self.nodes["operator"]["imaps"].rsplit(":", 1)
        context = ssl.create_default_context(cafile=str(self.anchors))
        client = imaplib.IMAP4_SSL(host.strip("[]"), int(port), ssl_context=context, timeout=seconds)
        try:
            client.login(doctor.user, doctor.password)
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.logout()

    def mails(self, doctor):
        """Every mail of INBOX, as bytes, oldest first. Nothing is marked as read."""
        with self.imap(doctor) as client:
            status, answer = client.select("INBOX", readonly=True)
            if status != "OK":
                raise LabError("SELECT INBOX refusé")
            if int(answer[0]) == 0:
                return []
            status, answer = client.fetch("1:*", "(UID BODY.PEEK[])")
            if status != "OK":
                raise LabError("FETCH refusé")
            return [item[1] for item in answer if isinstance(item, tuple)]

    def open_mail(self, data, doctor):
        return open_mail(data, self.certificate_of(doctor), self.key_of(doctor), self.anchors)


@contextlib.contextmanager
def temporary_folder(prefix="liaison-"):
    """A private folder that is gone afterwards, whatever happened."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
