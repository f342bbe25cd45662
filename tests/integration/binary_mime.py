"""A letter to an operator that offers CHUNKING and BINARYMIME: it leaves decoded, opens with openssl, and is what the base64 form of the
same mail holds; after a lost reply it comes in the same form again where that is still offered; refused in that form it comes in base64
on the same connection, and no other is tried so; without the setting, or without the offer, nothing changes.

binary_mime.py LIAISON"""
import base64
import datetime
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, openssl  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "248036900090170", "ipp": "D880001"}
BOTH = ["DSN", "CHUNKING", "BINARYMIME"]


class Sender:
    def __init__(self, lab, world, sink):
        self.lab, self.world, self.sink, self.number = lab, world, sink, 0

    def start(self, transfer):
        self.lab.add_hospital(next_hop=self.sink.port, routed={"transfer": transfer} if transfer else {})
        self.lab.start_node("hospital")

    def send(self):
        """What the peer heard of one letter, once it was accepted: [(MAIL's line, DATA or BDAT, octets)]."""
        self.number += 1
        before = len(self.sink.said())
        stay = simple_stay(f"{self.number:02}", PATIENT | {"ipp": f"D88000{self.number}"}, "lenoiraud",
                           files=[{"form": "mdm", "file": f"{self.number}-lettre.hl7", "type": "LL", "to": ["lenoiraud"]}])
        letter = self.world.files_of(stay)[0]
        self.lab.drop(letter)
        self.lab.wait_for_state(letter.document_sha256, "accepted")
        return self.sink.said()[before:]


def split(mail):
    header, _, body = mail.partition(b"\r\n\r\n")
    return header, body


def in_base64(mail):
    """What a server would make of a binary mail for one that takes none."""
    header, body = split(mail)
    lines = base64.b64encode(body)
    lines = b"".join(lines[at:at + 76] + b"\r\n" for at in range(0, len(lines), 76))
    return header.replace(b"Content-Transfer-Encoding: binary", b"Content-Transfer-Encoding: base64") + b"\r\n\r\n" + lines


def check_line(checks, what, one, body, by):
    line, command, octets = one
    checks.equal(f"{what} : {by}", command, by)
    checks.that(f"{what} : BODY={body}", f" BODY={body}" in line.decode() + " ", line.decode())
    checks.that(f"{what} : SIZE de ce qui part", f" SIZE={len(octets)} " in line.decode() + " ", line.decode())


def opened(lab, doctor, octets, form):
    """What is inside, decrypted and verified; openssl itself reads no binary part, so it gets the body alone."""
    given = ["-inform", "DER"] if form == "binary" else []
    signed = openssl("cms", "-decrypt", *given, "-recip", lab.certificate_of(doctor), "-inkey", lab.key_of(doctor),
                     data=split(octets)[1] if form == "binary" else octets)
    return openssl("cms", "-verify", "-CAfile", lab.anchors, data=signed)


def check_binary(lab, checks, sender, sink, doctor):
    sink.offers = BOTH
    heard = sender.send()
    checks.equal("parti une fois", len(heard), 1)
    check_line(checks, "offert", heard[0], "BINARYMIME", "BDAT")
    header, body = split(heard[0][2])
    checks.equal("un seul codage, binaire", re.findall(rb"(?im)^content-transfer-encoding:\s*(\S+)", header), [b"binary"])
    checks.that("ouvert par openssl", b"IHE_XDM.ZIP" in opened(lab, doctor, heard[0][2], "binary").upper())
    kept = in_base64(heard[0][2])
    print(f"octets : {len(kept)} en base64, {len(heard[0][2])} en binaire, {100 - 100 * len(heard[0][2]) / len(kept):.1f} % de moins")
    checks.that("un quart d'octets en moins", len(heard[0][2]) < 0.75 * len(kept))
    checks.that("corps qui n'est pas du texte", b"\0" in body)


def check_lost_reply(lab, checks, sender, sink, doctor):
    # Lost behind the last octet, still offered: the same octets again.
    cuts = []

    def cut(word, _mail_line):
        if word == "." and not cuts:
            cuts.append(1)
            return b""
        return None

    sink.deed = cut
    heard = sender.send()
    checks.equal("réponse perdue : deux fois", len(heard), 2)
    checks.equal("réponse perdue : les mêmes octets", heard[0][2], heard[1][2])
    check_line(checks, "reprise", heard[1], "BINARYMIME", "BDAT")

    # Not offered any more: the same mail in base64, of one content.
    def cut_and_withdraw(word, _mail_line):
        if word == "." and len(cuts) == 1:
            cuts.append(2)
            sink.offers = ["DSN", "CHUNKING"]
            return b""
        return None

    sink.deed = cut_and_withdraw
    heard = sender.send()
    checks.equal("retiré : deux fois", len(heard), 2)
    check_line(checks, "retiré, d'abord", heard[0], "BINARYMIME", "BDAT")
    check_line(checks, "retiré, ensuite", heard[1], "7BIT", "DATA")
    checks.equal("la forme gardée est celle que donne le codage", in_base64(heard[0][2]), heard[1][2])
    checks.equal("un même contenu", opened(lab, doctor, heard[0][2], "binary"), opened(lab, doctor, heard[1][2], "base64"))
    sink.deed = lambda word, mail_line: None


def check_refused(checks, sender, sink):
    sink.offers = BOTH
    ended, lines = [], []

    def refuse(word, mail_line):
        if word == "MAIL" and not ended:
            ended.append(1)
            return b""  # a connection kept from before knows what was offered then
        if word == "MAIL":
            lines.append(mail_line)
        return b"554 5.6.3 no conversion" if b"BINARYMIME" in mail_line else None

    sink.deed = refuse
    heard = sender.send()
    checks.equal("refusé, puis pris en base64", [b"BINARYMIME" in line for line in lines], [True, False])
    check_line(checks, "refusé", heard[0], "7BIT", "DATA")
    heard = sender.send()
    checks.equal("retenu : pas d'autre essai", [b"BINARYMIME" in line for line in lines], [True, False, False])
    check_line(checks, "retenu", heard[0], "7BIT", "DATA")
    sink.deed = lambda word, mail_line: None


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctor = Doctor.from_stays(world.doctors["lenoiraud"] | {"key": "rsa"})
    lab.make_pki([doctor])
    sink = SmtpSink(lab.folder / "sink", lab.pki / "operator-tls.crt", lab.pki / "operator-tls.key", lab.anchors)
    try:
        sender = Sender(lab, world, sink)
        sender.start("binary")
        lab.import_directory()
        check_binary(lab, checks, sender, sink, doctor)
        check_lost_reply(lab, checks, sender, sink, doctor)
        check_refused(checks, sender, sink)
        checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
        for transfer, by in (("", "DATA"), ("chunks", "BDAT")):
            sink.offers = BOTH
            sender.start(transfer)
            check_line(checks, transfer or "d'office", sender.send()[0], "7BIT", by)
            checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
        checks.that("rien du patient dans le journal", not any(word in lab.log() for word in ("ZYGOMALAS", "248036900090170")))
    finally:
        sink.close()


if __name__ == "__main__":
    run(test)
