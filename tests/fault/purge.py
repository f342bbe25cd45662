"""A purge killed at every counted call: nothing needed is lost, nothing destroyed returns, a certificate has one name.

A hospital with letters past their term and one that is not; `liaison purge` (no node runs: the command does the work)
is killed before its n-th call, for every n, each time on a copy of that folder; then it runs to its end.

purge.py --binary LIAISON --shim SHIM [--every N]"""
import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, openssl  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import Nodes  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "285076900000095", "ipp": "D880001"}
EXPIRED, KEPT = ("01", "02", "03"), "04"
NINE_DAYS = 9 * 86400 * 1000


class Failed(Exception):
    pass


def prepare(lab):
    world = World.load(datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0))
    lab.make_pki([Doctor.from_stays(world.doctors["lenoiraud"])])
    lab.add_pair()
    lab.start_pair()
    digests = {}
    for number in (*EXPIRED, KEPT):
        letter = world.files_of(simple_stay(number, PATIENT, files=[
            {"form": "mdm", "file": f"lettre{number}.hl7", "type": "LL", "to": ["lenoiraud"]}]))[0]
        lab.drop(letter)
        lab.wait_for_state(letter.document_sha256, "confirmed")
        digests[number] = letter.document_sha256
    for role in ("hospital", "operator"):
        lab.stop_node(role)
    database = sqlite3.connect(lab.folder / "hospital/data/liaison.db")
    for number in EXPIRED:  # as if they had come nine days ago
        (letter,) = database.execute("SELECT id FROM letter WHERE content_sha256 = ?", (digests[number],)).fetchone()
        database.execute("UPDATE letter SET received_at = received_at - ? WHERE id = ?", (NINE_DAYS, letter))
        database.execute("UPDATE delivery SET accepted_at = accepted_at - ? WHERE letter = ?", (NINE_DAYS, letter))
    database.commit()
    database.close()
    return digests


class Walk:
    def __init__(self, lab, shim, digests):
        self.lab, self.shim, self.digests = lab, shim, digests

    def copy(self, name):
        folder = self.lab.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.lab.folder / "hospital", folder)
        return folder

    def killed(self, name, call):
        """True if the command died at that call."""
        folder, plan, trace = self.lab.folder / name, self.lab.folder / "plan", self.lab.folder / "trace"
        trace.unlink(missing_ok=True)
        plan.write_text(f"kill_at={call}\nwhen=before\n")
        settings = str(self.lab.config(name))
        done = subprocess.run([str(self.lab.binary), "purge", "--config", settings, "--format", "json"], capture_output=True,
                              timeout=60, check=False,
                              env=dict(self.lab.env, LD_PRELOAD=self.shim, FAULT_ROOT=str(folder), FAULT_PLAN=str(plan),
                                       FAULT_LOG=str(trace), FAULT_MATCH=settings))
        if done.returncode == -9:
            return True
        if done.returncode != 0:
            raise Failed(f"call {call}: exit {done.returncode}: {done.stderr.decode()[:200]}")
        return False

    def check(self, name):
        folder = self.lab.folder / name
        database = sqlite3.connect(f"file:{folder}/data/liaison.db?mode=ro", uri=True)
        content = dict(database.execute("SELECT content_sha256, document IS NOT NULL FROM letter"))
        objects = database.execute("SELECT count(*) FROM blob WHERE id NOT IN"
                                   " (SELECT content FROM returned_mail WHERE content IS NOT NULL)").fetchone()[0]
        expired = database.execute("SELECT letter, count(*) FROM event WHERE kind = 'content_expired' GROUP BY letter").fetchall()
        pages = database.execute("SELECT count(*) FROM event WHERE kind = 'content_purged'").fetchone()[0]
        declared = database.execute("SELECT count(*) FROM store_statement WHERE kind = 'content_purged'").fetchone()[0]
        database.close()
        wanted = {self.digests[number]: int(number == KEPT) for number in self.digests}
        if content != wanted:
            raise Failed(f"content: {sorted(content.values())}")
        if objects != 2:  # document and mail of the one that is kept
            raise Failed(f"{objects} objects left")
        if len(expired) != len(EXPIRED) or any(times != 1 for _, times in expired):
            raise Failed(f"destroyed {expired}")
        if pages < 1 or pages != declared:
            raise Failed(f"{pages} pages destroyed, {declared} declared")
        names = [file.name for file in (folder / "ack").glob("*certificat*")]
        if any(not re.fullmatch(r"lettre0[123]\.hl7\.certificat-[a-z2-7]{26}-C1\.eml", one) for one in names) or \
                len(names) != len(EXPIRED):
            raise Failed(f"certificates: {names}")
        for one in names:
            openssl("cms", "-verify", "-CAfile", self.lab.anchors, "-purpose", "any", data=(folder / "ack" / one).read_bytes())
        told = json.loads(self.lab.liaison("audit", "verify", "--format", "json", config=name, check=False).stdout)
        if told["fault"] != "none":
            raise Failed(f"ledger: {told}")

    def run(self, every):
        call, deaths = 1, 0
        while True:
            self.copy("copy")
            died = self.killed("copy", call)
            (self.lab.folder / "plan").unlink()
            # What is not certified yet has its content: nothing goes before its certificate is written.
            if died:
                deaths += 1
                self.check_order("copy", call)
                self.lab.liaison("purge", config="copy")
            try:
                self.check("copy")
            except Failed as failed:
                raise Failed(f"killed before call {call}: {failed}") from failed
            if not died:
                return deaths
            call += every

    def check_order(self, name, call):
        folder = self.lab.folder / name
        database = sqlite3.connect(folder / "data/liaison.db")
        gone = {row[0] for row in database.execute("SELECT id FROM letter WHERE document IS NULL")}
        database.close()
        written = {re.search(r"certificat-([a-z2-7]{26})-C1", file.name)[1] for file in (folder / "ack").glob("*certificat*")
                   if file.name.endswith(".eml")}
        if not gone <= written:
            raise Failed(f"killed before call {call}: content went before its certificate was written")


def main():
    parser = argparse.ArgumentParser()
    for name in ("binary", "shim"):
        parser.add_argument("--" + name, required=True, type=os.path.realpath)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="liaison-purge-", dir=fast, ignore_cleanup_errors=True) as folder:
        with Nodes(folder, options.binary) as lab:
            walk = Walk(lab, options.shim, prepare(lab))
            try:
                deaths = walk.run(options.every)
            except Failed as failed:
                print(failed)
                return 1
    print(f"{deaths} deaths, each survived")
    return 0 if deaths > 10 else 1


if __name__ == "__main__":
    sys.exit(main())
