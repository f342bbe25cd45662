"""The demo's play; scripts/demo calls it. Standard library only; the two relays are run through tests/support/lab.py.

  demo.py run --binary B --dir D [--keep | --remove] [--load N [--speed X] [--seed S]]
plays in D (empty or new); with --load a day of N discharges instead of the sample letters (demo_load.py). Exit 0 when all is as expected and both relays ended cleanly. Without --keep everything started
is ended by pid, whatever happens. --remove: D is temporary and goes at the end.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts/lib"))
import demo_load  # noqa: E402
import lab  # noqa: E402
import letters  # noqa: E402

SHOWN_LETTER = "02-lettre.hl7"  # a structured one: its whole text is in the mail's body


class Stages:
    """One line per stage: what, what came of it, how long. No cursor movement, so any terminal and any log will do."""

    def __init__(self, count):
        self.count, self.number = count, 0

    def __call__(self, what):
        self.number += 1
        self._what, self._since = what, time.monotonic()
        print(f"[{self.number}/{self.count}] {what} ".ljust(50, "."), end=" ", flush=True)
        return self

    def __enter__(self):
        self.result = "fait"
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            took = f"{time.monotonic() - self._since:.1f} s".replace(".", ",")
            print(f"{self.result:<50} {took:>7}", flush=True)
        else:
            print("échec", flush=True)


def title(text):
    print(f"\n── {text} " + "─" * max(0, 96 - len(text)), flush=True)


def away_from_midnight():
    """The start of the play. Just after midnight no discharge of today could lie in the past, and all of them apart; just
    before it a letter of today would be accepted tomorrow. So a minute and a half at most is waited."""
    now = datetime.datetime.now(letters.PARIS)
    into_day = now.hour * 3600 + now.minute * 60 + now.second
    wait = 60 - into_day if into_day < 60 else 86400 - into_day + 60 if into_day > 86400 - 20 else 0
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        time.sleep(0.5)
    return datetime.datetime.now(letters.UTC)


# ---- demo.json ---------------------------------------------------------------------------------------------------------
def letter_ids(relays, submissions, report):
    """file -> the relay's id: told by a JSON acknowledgement; for HL7 found by the document's SHA-256."""
    by_hash = {}
    for line in [line for stay in report["stays"] for line in stay["letters"]] + report["without_stay"]:
        told = json.loads(relays.liaison("letter", line["id"], "--format", "json").stdout)
        by_hash[told["document_sha256"]] = told
    by_id = {told["id"]: told for told in by_hash.values()}
    ids = {}
    for one in submissions:
        told = by_hash.get(one.document_sha256)
        if one.form == "sidecar":
            ack = json.loads(next(iter(relays.acks_of(one.file).values())))
            told = by_id.get(ack.get("letter"))
        if told:
            ids[one.file] = told
    return ids


def described_letters(relays, world, submissions, report):
    expected = json.loads((letters.DATA / "expected.json").read_text(encoding="utf-8"))["submissions"]
    known = letter_ids(relays, submissions, report)
    rows = []
    for one in submissions:
        wanted = expected.get(one.file, {})
        if one.form == "adt" or "repeats" in wanted:
            continue
        told = known.get(one.file, {"id": "", "deliveries": []})
        for delivery in wanted.get("deliveries", [{"to": "", "state": "refused", "role": ""}]):
            states = [d["state"] for d in told["deliveries"] if d["role"] == delivery["role"]]
            state = states[0] if len(states) == 1 else "unknown" if told["id"] else "refused"
            rows.append({"file": one.file, "id": told["id"], "recipient": delivery["to"], "expected": delivery["state"], "state": state})
    return rows


def describe(relays, world, submissions, started, days):
    report = relays.report(*days)
    doctors = [{"address": d.address, "rpps": d.rpps, "user": d.user, "password": d.password,
                "certificate": str(relays.certificate_of(d)), "key": str(relays.key_of(d))} for d in relays.doctors if d.mailbox]
    return {
        "hospital": relays.nodes["hospital"], "operator": relays.nodes["operator"], "doctors": doctors,
        "anchors": str(relays.anchors), "letters": described_letters(relays, world, submissions, report),
        # For the checker. No content, no patient: hashes, ids of messages, instants as they were written.
        "demo": {"pid": relays.pid, "binary": str(relays.binary), "started": started.isoformat(), "first_day": days[0], "last_day": days[1],
                 "submissions": [one.facts() for one in submissions]},
    }


def write_private(path, value):
    partial = path.with_name(f".{path.name}.tmp")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, indent=1)
        out.write("\n")
    os.replace(partial, path)


# ---- what people see ---------------------------------------------------------------------------------------------------
def show_letter(relays, submissions):
    wanted = next(one for one in submissions if one.file == SHOWN_LETTER)
    doctor = next(d for d in relays.doctors if d.family == "ROUXELLES")
    for data in relays.mails(doctor):
        opened = relays.open_mail(data, doctor)
        if wanted.document_sha256 in {letters._sha256(content) for content in opened.xdm.values()}:
            break
    else:
        raise lab.LabError("la lettre à montrer n'est pas dans la boîte")
    print(f"Boîte de Dr {doctor.given} {doctor.family}, {doctor.address} : lue par IMAP sous TLS, déchiffrée avec sa clé, signature vérifiée.")
    print(f"Objet reçu en clair : {subject_of(data)}\n")
    print(textwrap.indent(opened.text.rstrip(), "  | ", lambda line: True))


def subject_of(data):
    import email
    import email.policy
    return email.message_from_bytes(data, policy=email.policy.default)["Subject"]


def tell_how_to_look(relays, folder):
    doctor = next(d for d in relays.doctors if d.mailbox)
    host, port = relays.nodes["operator"]["imaps"].rsplit(":", 1)
    binary = os.path.relpath(relays.binary)
    title("Pour regarder de plus près")
    print(f"""Les deux relais restent en marche ; tout est décrit dans {folder}/demo.json.

Pages web             http://{relays.nodes["hospital"]["http"]}/liste et /indicateurs ; /metrics pour Prometheus
Lecteur de courriel   IMAP, serveur {host}, port {port}, SSL/TLS, mot de passe normal
  autorité            {relays.anchors}
  utilisateur         {doctor.user}
  mot de passe        {folder}/passwords/{doctor.address}
  sa clé à importer   openssl pkcs12 -export -passout pass:demo -out docteur.p12 \\
                        -in {relays.certificate_of(doctor)} \\
                        -inkey {relays.key_of(doctor)}
Commandes             {binary} status --config {relays.config()}
                      {binary} queue  --config {relays.config()}
                      {binary} letter IDENTIFIANT --config {relays.config()}
Journaux              {folder}/hospital/log et {folder}/operator/log
Déposer une lettre    écrire « .nom.tmp » puis renommer dans {relays.spool}
Tout arrêter          kill {relays.pid}   (puis rm -r {folder})""")


# ---- the play ----------------------------------------------------------------------------------------------------------
def open_the_house(relays, stage):
    described = json.loads((letters.DATA / "stays.json").read_text(encoding="utf-8"))
    doctors = [d for d in map(lab.Doctor.from_stays, described["doctors"].values()) if d]
    with stage("Clés et certificats de démonstration") as it:
        relays.make_pki(doctors)
        it.result = f"1 autorité, 2 relais, {sum(d.key is not None for d in doctors)} destinataires (RSA et EC)"
    with stage("Relais de l'hôpital et de l'opérateur") as it:
        relays.start()
        it.result = f"SMTP {relays.nodes['operator']['smtp']}, IMAP {relays.nodes['operator']['imaps']}"
    with stage("Boîtes des destinataires") as it:
        relays.add_mailboxes()
        it.result = f"{sum(d.mailbox for d in doctors)} boîtes"
    with stage("Annuaire et certificats") as it:
        relays.import_directory()
        it.result = f"{relays.directory_text().count(chr(10)) - 1} lignes importées"


def play(relays, folder, keep):
    stage = Stages(8)
    open_the_house(relays, stage)
    with stage("Dépôt des sorties et des lettres") as it:
        started = away_from_midnight()
        world = letters.World.load(started)
        submissions = world.all_files()
        for one in submissions:
            relays.drop(one)
        count = {form: sum(one.form == form for one in submissions) for form in ("adt", "mdm", "cda", "sidecar")}
        it.result = f"{count['adt']} sorties, {count['mdm']} HL7, {count['cda']} CDA, {count['sidecar']} PDF"
    with stage("Traitement jusqu'à la preuve de remise") as it:
        relays.wait_until_settled([one.file for one in submissions])
        states = relays.queue()["counts"]
        it.result = f"{states.get('confirmed', 0)} remises confirmées, {states.get('held', 0)} retenues, {states.get('failed', 0)} en échec"
    discharges = [d for d in map(world.discharge_of, world.stays) if d]
    days = (min(discharges).astimezone(letters.PARIS).date().isoformat(), started.astimezone(letters.PARIS).date().isoformat())
    with stage("Description pour les autres programmes") as it:
        write_private(folder / "demo.json", describe(relays, world, submissions, started, days))
        it.result = "demo.json"

    title(f"Délais des sorties du {days[0]} au {days[1]}")
    print(relays.liaison("report", "--from", days[0], "--to", days[1]).stdout.rstrip())
    title("Fichiers refusés à l'entrée")
    print(relays.liaison("queue", "--rejected").stdout.rstrip())
    title("Envois retenus ou en échec, et ce qu'il faut faire")
    print(relays.liaison("queue").stdout.rstrip())
    title("Une lettre, comme le médecin la lit")
    show_letter(relays, submissions)

    title("Contrôle par un programme séparé (IMAP, openssl, ses propres calculs)")
    checked = subprocess.run([sys.executable, ROOT / "tests/support/demo_check.py", folder], check=False).returncode == 0
    if keep:
        return checked
    print()
    with stage("Arrêt des deux relais") as it:
        code = relays.stop()
        it.result = "en ordre" if code == 0 else f"code {code}"
    return checked and code == 0


def play_load(relays, options):
    stage = Stages(6 if options.keep else 7)
    open_the_house(relays, stage)
    day = demo_load.Day(options.load, options.seed)
    lasts = demo_load.DAY_SECONDS / options.speed
    if demo_load.least_seconds_left() < lasts + 300:
        raise lab.LabError("la journée simulée dépasserait minuit : choisir une vitesse plus grande, ou attendre demain")
    with stage(f"Une journée de {options.load} sorties en {lasts:.0f} s") as it:
        since = time.monotonic()
        files = day.play(options.speed, relays.drop)
        it.result = f"{len(files)} fichiers, {len(files) / max(time.monotonic() - since, 1e-3):.0f}/s".replace(".", ",")
    with stage("Traitement jusqu'à la preuve de remise") as it:
        relays.wait_until_settled(files, 120 + options.load / 10)
        states = relays.queue()["counts"]
        it.result = f"{states.get('confirmed', 0)} remises confirmées, {states.get('held', 0)} retenues, {states.get('failed', 0)} en échec"
    today = datetime.datetime.now(letters.PARIS).date().isoformat()
    title("Par service")
    print(relays.liaison("report", "--from", today, "--to", today, "--by", "service").stdout.rstrip())
    title("États des séjours : ce que le simulateur a fait, ce que Liaison en dit")
    lines, equal = demo_load.compare(day.expected(), relays.report(today, today)["stays"])
    print("\n".join(lines))
    if options.keep:
        return equal
    print()
    with stage("Arrêt des deux relais") as it:
        code = relays.stop()
        it.result = "en ordre" if code == 0 else f"code {code}"
    return equal and code == 0


def run(options):
    since = time.monotonic()
    folder = options.dir.resolve()
    good = False
    with lab.Lab(folder, options.binary) as relays:
        try:
            good = play_load(relays, options) if options.load else play(relays, folder, options.keep)
        except (lab.LabError, OSError, subprocess.SubprocessError) as error:
            print(f"\ndemo : {error}", file=sys.stderr)
        if options.keep and relays.pid:
            tell_how_to_look(relays, folder)
            relays.leave_running()
    took = time.monotonic() - since
    verdict = "tout est conforme à ce qui était attendu" if good else "quelque chose n'est pas conforme, voir plus haut"
    print(f"\nDémonstration {'réussie' if good else 'EN ÉCHEC'} : {verdict} ({took:.0f} s).", flush=True)
    return 0 if good else 1


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_by_signal(number, _frame):
    for one in ENDING:
        signal.signal(one, signal.SIG_IGN)  # the second Ctrl-C must not cut the tidying short
    raise KeyboardInterrupt(number)


def positive(text):
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("un nombre entier positif")
    return number


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")
    parser = argparse.ArgumentParser(prog="demo")
    commands = parser.add_subparsers(dest="command", required=True)
    play_it = commands.add_parser("run")
    play_it.add_argument("--binary", type=pathlib.Path, required=True)
    play_it.add_argument("--dir", type=pathlib.Path, required=True)
    play_it.add_argument("--keep", action="store_true")
    play_it.add_argument("--remove", action="store_true")
    play_it.add_argument("--load", type=positive)
    play_it.add_argument("--speed", type=positive, default=1440)
    play_it.add_argument("--seed", type=int, default=1)
    for number in ENDING:
        signal.signal(number, end_by_signal)
    options = parser.parse_args()
    try:
        return run(options)
    except KeyboardInterrupt as interrupted:
        print("\ndemo : interrompue, tout est arrêté.", file=sys.stderr)
        return 128 + interrupted.args[0]
    finally:
        if options.remove:
            shutil.rmtree(options.dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
