"""What cannot be routed is held with its cause, never guessed, and leaves by itself once the missing row or certificate is there;
a certificate that must not be used is not; two relays on one spool folder never take the same file.

routing.py LIAISON"""
import collections
import datetime
import hashlib
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, free_ports, run  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
BOTH = 40  # files that two relays fight for


def doctor(world, name, **changed):
    described = dict(world.doctors[name], key="rsa", mailbox=True, listed=True)
    made = Doctor(described["address"] or f"hugo.dussolier@{DOMAIN}", described["rpps"], described["family"], described["given"])
    return made if not changed else Doctor(**(made.__dict__ | changed))


def letter(world, number, treating, form="cda"):
    ending = {"cda": "xml", "mdm": "hl7"}[form]
    described = {"form": form, "file": f"{number}.{ending}", "type": "LL", "to": [treating]}
    return world.files_of(simple_stay(number, PATIENT, treating, files=[described]))[0]


class Issuer:
    """Certificates that the test root vouches for, but that must not be used."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.folder / "issued"
        self.folder.mkdir(mode=0o700)
        (self.folder / "index.txt").touch()
        (self.folder / "ca.cnf").write_text(f"""[ca]
default_ca = root
[root]
database = {self.folder}/index.txt
new_certs_dir = {self.folder}
default_md = sha256
rand_serial = yes
unique_subject = no
policy = any
[any]
commonName = supplied
""", encoding="ascii")

    def make(self, name, address, *, start="20200101000000Z", end="20491231235959Z", use="keyEncipherment", purpose="emailProtection",
             root=None):
        root = root or self.lab.pki
        key, request, certificate = (self.folder / f"{name}.{part}" for part in ("key", "csr", "crt"))
        (self.folder / "extensions").write_text(f"[x]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, {use}\n"
                                                f"extendedKeyUsage = {purpose}\nsubjectAltName = email:{address}\n", encoding="ascii")
        for command in (["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/CN=essai", "-out", request],
                        ["ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", root / "anchors.pem", "-keyfile",
                         root / "ca/root.key", "-extfile", self.folder / "extensions", "-extensions", "x", "-startdate", start,
                         "-enddate", end, "-in", request, "-out", certificate]):
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True, timeout=60)
        return certificate


def states(lab):
    return collections.Counter((d["state"], d["cause"]) for d in lab.deliveries())


def event_kinds(said):
    return [event["kind"] for event in said["deliveries"][0]["events"]]


def check_held(lab, checks, world, known, unknown, two, bare):
    """Each cause by its name; what is missing comes; each leaves."""
    rows = lab.directory_text([known]) + no_mailbox_row(lab, world)
    write_directory(lab, rows)
    made = {"inconnu": letter(world, "11", "dussolier"), "sans-boite": letter(world, "12", "mbayard"),
            "sans-certificat": letter(world, "14", "guibertel")}
    wait = {}
    for name, submission in made.items():
        lab.drop(submission)
        lab.wait_for_ack(submission.file)
    for name, submission in made.items():  # a row without address names no mailbox: nobody is known by it
        wait[name] = lab.wait_for_state(submission.document_sha256, "held")
        checks.equal(f"{name} : cause", wait[name]["deliveries"][0]["events"][-1]["cause"], "DOCTOR_UNKNOWN")

    # A row without certificate, two addresses for one doctor: other causes, still held.
    write_directory(lab, lab.directory_text([known, bare, two]) + no_mailbox_row(lab, world))
    ambiguous = letter(world, "13", "petitboisel")
    lab.drop(ambiguous)
    said = lab.wait_for_state(ambiguous.document_sha256, "held")
    checks.equal("deux adresses", said["deliveries"][0]["events"][-1]["cause"], "AMBIGUOUS")
    said = lab.wait_for_state(made["sans-certificat"].document_sha256, "held")
    checks.equal("la cause a suivi l'annuaire", said["deliveries"][0]["events"][-1]["cause"], "NO_CERTIFICATE")
    checks.that("personne n'a rien reçu", not any(lab.mails(d) for d in lab.doctors if d.mailbox))

    # The missing rows come: what was held leaves at once, by itself.
    mbayard, one = doctor(world, "mbayard"), Doctor(**(two.__dict__ | {"other_addresses": ()}))
    write_directory(lab, lab.directory_text([known, bare, one, unknown, mbayard]))
    box = {d.address: d for d in lab.doctors}  # those who got a user and a password
    for submission, who in ((made["inconnu"], unknown), (made["sans-boite"], box[mbayard.address]), (ambiguous, two)):
        said = lab.wait_for_state(submission.document_sha256, "confirmed")
        checks.that("retenue, puis partie", event_kinds(said)[0] == "held" and "routed" in event_kinds(said), str(event_kinds(said)))
        checks.equal("reçue une fois", len(lab.mails(who)), 1)
    return made["sans-certificat"]


def no_mailbox_row(lab, world):
    """A doctor whom the directory knows, without any address."""
    row = lab.directory_text([doctor(world, "mbayard", key=None)]).splitlines()[1]
    return row.replace(world.doctors["mbayard"]["address"], "") + "\n"


def write_directory(lab, text):
    file = lab.folder / "annuaire.txt"
    file.write_text(text, encoding="utf-8")
    return lab.liaison("directory", "import", file).stdout


def check_certificates(lab, checks, world, bare, submission):
    """None of these may be used; the letter stays, until a good one comes."""
    issuer = Issuer(lab)
    foreign = lab.folder / "foreign"
    subprocess.run([ROOT / "scripts/make-test-pki", foreign], check=True, capture_output=True, timeout=60)
    wrong = {
        "expiré": issuer.make("expired", bare.address, end="20210101000000Z"),
        "pas encore valable": issuer.make("early", bare.address, start="20480101000000Z"),
        "d'une autre autorité": issuer.make("foreign", bare.address, root=foreign),
        "pour signer seulement": issuer.make("signing", bare.address, use="digitalSignature"),
        "d'un serveur": issuer.make("server", bare.address, purpose="serverAuth"),
        "d'une autre adresse": issuer.make("other", f"autre@{DOMAIN}"),
    }
    for name, certificate in wrong.items():
        lab.liaison("certs", "add", certificate, check=False)
        said = lab.letter_of(submission.document_sha256)
        checks.equal(f"certificat {name}", (said["deliveries"][0]["state"], said["deliveries"][0]["events"][-1]["cause"]),
                     ("held", "NO_CERTIFICATE"))
    good = issuer.make("good", bare.address)
    lab.liaison("certs", "add", good)
    said = lab.wait_for_state(submission.document_sha256, "confirmed")
    mails = lab.mails(bare)
    checks.equal("reçue une fois", len(mails), 1)
    # Opened with the good key: none of the others was used beside it.
    opened = subprocess.run(["openssl", "cms", "-decrypt", "-recip", good, "-inkey", good.with_suffix(".key")], input=mails[0],
                            capture_output=True, timeout=60, check=False)
    checks.equal("chiffrée pour le bon certificat", opened.returncode, 0)
    for name in ("expired", "signing", "other"):
        key = good.with_name(f"{name}.key")
        refused = subprocess.run(["openssl", "cms", "-decrypt", "-recip", key.with_suffix(".crt"), "-inkey", key], input=mails[0],
                                 capture_output=True, timeout=60, check=False)
        checks.that(f"fermée à la clé {name}", refused.returncode != 0)


def check_two_relays(lab, checks, world, known):
    """Both watch one folder and one acknowledgement folder; each file is taken by one of them."""
    operator, returns = lab.port("operator", "smtp"), free_ports(1)[0]
    lab.add_hospital("hospital-b", next_hop=operator, returns=returns, spool_folder=lab.spool, ack_folder=lab.acks,
                     node_name="relais-b.hopital.demo.mssante.fr")
    lab.start_node("hospital-b")
    lab.liaison("directory", "import", lab.folder / "annuaire.txt", config="hospital-b")
    before = len(lab.mails(known))
    first = {role: len(queue_of(lab, role)) for role in ("hospital", "hospital-b")}
    made = [letter(World.load(world.now, world.run + n + 1), f"5{n % 10}", "lenoiraud", "mdm") for n in range(BOTH)]
    for number, submission in enumerate(made):
        submission.files = {f"deux-{number:02d}.hl7": next(iter(submission.files.values()))}
        lab.drop(submission)
    for number in range(BOTH):
        answer = lab.wait_for_ack(f"deux-{number:02d}.hl7")
        checks.that(f"deux-{number:02d} acceptée", b"\rMSA|AA|" in answer)
    wait_for("toutes reçues", lambda: len(lab.mails(known)) - before >= BOTH)
    wait_for("tout accepté", lambda: all(d["state"] in ("accepted", "confirmed") for role in first for d in queue_of(lab, role)))
    taken = {role: len(queue_of(lab, role)) - first[role] for role in first}
    checks.equal("chaque fichier pris une fois", sum(taken.values()), BOTH)
    documents = collections.Counter()
    for mail in lab.mails(known)[before:]:
        opened = lab.open_mail(mail, known)
        documents.update(s.document_sha256 for s in made if any(s.document_sha256 == sha256(data) for data in opened.xdm.values()))
    checks.equal("chaque lettre reçue une fois", sorted(documents.values()), [1] * BOTH)
    checks.equal("rien ne reste au dépôt", [p.name for p in lab.spool.iterdir() if not p.name.startswith(".")], [])
    checks.equal("arrêt propre", lab.stop_node("hospital-b"), 0)
    return taken


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def queue_of(lab, role):
    listed = json.loads(lab.liaison("queue", "--all", "--format", "json", config=role).stdout)["deliveries"]
    return [delivery for delivery in listed if delivery["kind"] == "letter"]


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    known = doctor(world, "lenoiraud")
    unknown = doctor(world, "dussolier")
    two = doctor(world, "petitboisel", other_addresses=(f"cabinet.petitboisel@{DOMAIN}",))
    bare = doctor(world, "guibertel", key=None)
    lab.make_pki([known, unknown, two, bare, doctor(world, "mbayard")])
    lab.add_pair()
    lab.start_node("operator")
    lab.start_node("hospital")
    lab.add_mailboxes()
    without = check_held(lab, checks, world, known, unknown, two, bare)
    check_certificates(lab, checks, world, bare, without)
    taken = check_two_relays(lab, checks, world, known)
    print("pris par chacun :", taken)
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])


if __name__ == "__main__":
    run(test)
