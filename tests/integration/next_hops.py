"""How a letter reaches an operator: the MX of its domain (domains with the same mail hosts are one site), a smart host with a password or a token judged by Dovecot, TLS from the
first byte, a peer that hides its extensions; and what is said when the names, the password or the token are wrong.

next_hops.py LIAISON"""
import datetime
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from dns_server import DnsServer  # noqa: E402
from dovecot_auth import DovecotAuth  # noqa: E402
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import DOMAIN, HOSPITAL_NAME, OPERATOR_NAME, free_ports, run  # noqa: E402
from postfix import Postfix  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "248036900090170", "ipp": "D880001"}
USER = "relais@hopital.demo.mssante.fr"


DEAD = ("un.demo.mssante.fr", "deux.demo.mssante.fr")  # two domains of one operator that is down


class Sender:
    """A hospital whose one route each step writes anew."""

    def __init__(self, lab, world):
        self.lab, self.world, self.number, self.returns = lab, world, 0, free_ports(1)[0]

    def letter(self, to="lenoiraud"):
        self.number += 1
        stay = simple_stay(f"{self.number:02}", PATIENT | {"ipp": f"D88000{self.number}"}, to,
                           files=[{"form": "mdm", "file": f"{self.number}-lettre.hl7", "type": "LL", "to": [to]}])
        return self.world.files_of(stay)[0]

    def start(self, route, access=(), dns=None):
        lab = self.lab
        lab.add_hospital(next_hop=1, returns=self.returns, domains=(DOMAIN, *DEAD, "hopital.demo.mssante.fr"),
                         **({"dns": {"servers": [dns]}} if dns else {}))
        file = lab.folder / "hospital/liaison.toml"
        text = file.read_text(encoding="utf-8").split("[[route]]")[0]
        for name, tables in (("access", access), ("route", [{"domain": "*"} | route])):
            for table in tables:
                text += f"[[{name}]]\n" + "".join(f"{k} = {v if isinstance(v, int) else chr(34) + str(v) + chr(34)}\n" for k, v in table.items())
        file.write_text(text, encoding="utf-8")
        lab.start_node("hospital")

    def stop(self, checks):
        checks.equal("arrêt propre", self.lab.stop_node("hospital"), 0)


def last_event(said, kind):
    return [event for event in said["deliveries"][0]["events"] if event["kind"] == kind][-1]


def write_secret(file, text):
    fresh = file.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text + "\n")
    fresh.rename(file)


def by_mx(lab, checks, sender, doctor, postfix_for):
    zone = {DOMAIN: [("MX", 10, "mort." + DOMAIN), ("MX", 20, OPERATOR_NAME), ("MX", 30, "absent." + DOMAIN)],
            "mort." + DOMAIN: [("A", "127.0.0.9")], OPERATOR_NAME: [("A", "127.0.0.1")]}
    with DnsServer(zone) as dns, postfix_for() as postfix:
        postfix.mailbox(doctor.address)
        postfix.start()
        sender.start({"lookup": "mx", "port": postfix.port}, dns=dns.address)
        lab.import_directory()
        letter = sender.letter()
        lab.drop(letter)
        said = lab.wait_for_state(letter.document_sha256, "accepted", "confirmed")
        accepted = last_event(said, "accepted")
        checks.equal("réponse du second MX", (accepted["smtp_code"], accepted["tls"][:6]), (250, "TLSv1."))
        wait_for("courriel stocké", lambda: postfix.mails(doctor.address))
        checks.that("MX demandé", (DOMAIN, "MX") in dns.asked, str(dns.asked))
        sender.stop(checks)
    # Names that cannot be had now are waited for; a domain that takes no mail is not.
    with DnsServer({DOMAIN: [("MX", 0, ".")]}, silent=()) as dns:
        sender.start({"lookup": "mx"}, dns=dns.address)
        letter = sender.letter()
        lab.drop(letter)
        said = lab.wait_for_state(letter.document_sha256, "failed")
        checks.equal("null MX", last_event(said, "refused")["cause"], "NO_MAILBOX")
        sender.stop(checks)
    with DnsServer({}, silent=[DOMAIN]) as dns:
        sender.start({"lookup": "mx"}, dns=dns.address)
        letter = sender.letter()
        lab.drop(letter)
        said = lab.wait_for_state(letter.document_sha256, "deferred")
        checks.equal("DNS muet", last_event(said, "deferred")["cause"], "PEER_DOWN")
        sender.stop(checks)


def by_site(lab, checks, sender, postfix_for):
    """Two domains with the same dead mail hosts wait as one site; a third domain is served as if they were not there."""
    hosts = ("mx1.mort.example", "mx2.mort.example")
    zone = {DOMAIN: [("MX", 10, OPERATOR_NAME)], OPERATOR_NAME: [("A", "127.0.0.1")],
            DEAD[0]: [("MX", 10, hosts[0]), ("MX", 20, hosts[1])], DEAD[1]: [("MX", 5, hosts[1]), ("MX", 5, hosts[0])],
            hosts[0]: [("A", "127.0.0.9")], hosts[1]: [("A", "127.0.0.9")]}
    with DnsServer(zone) as dns, postfix_for() as postfix:
        postfix.mailbox(lab.doctors[0].address)
        postfix.start()
        sender.start({"lookup": "mx", "port": postfix.port}, dns=dns.address)
        lab.import_directory()
        waiting = [sender.letter(name) for name in ("rouxelles", "mbayard")]
        for letter in waiting:
            lab.drop(letter)
        dead = ",".join(f"{host}:{postfix.port}" for host in hosts)

        def sites():
            live = json.loads(lab.liaison("status", "--format", "json").stdout)["live"]
            return {one["site"]: one for one in live["sites"]}

        wait_for("site mort", lambda: sites().get(dead, {}).get("dead"))
        living = sender.letter()
        lab.drop(living)
        lab.wait_for_state(living.document_sha256, "accepted", "confirmed")
        known = sites()
        checks.equal("les sites", sorted(known), sorted([dead, f"{OPERATOR_NAME}:{postfix.port}"]))
        checks.equal("un essai à la fois", known[dead]["slots"], 1)
        for letter in waiting:
            said = lab.wait_for_state(letter.document_sha256, "deferred")
            checks.equal("les deux domaines attendent", last_event(said, "deferred")["cause"], "PEER_DOWN")
        for domain in DEAD:  # what comes next is about other mail
            lab.liaison("hold", domain)
        sender.stop(checks)


def by_login(lab, checks, sender, doctor, postfix_for):
    secret = lab.folder / "hospital/operateur.secret"
    with DovecotAuth({USER: "phrase de passe"}) as auth:
        for login, tls in (("plain", "implicit"), ("xoauth2", "starttls")):
            good = "phrase de passe" if login == "plain" else auth.token(USER)
            settings = dict(auth.postfix_settings)
            if tls == "implicit":
                settings["smtpd_tls_wrappermode"] = "yes"
            else:  # what is not offered is not used
                settings["smtpd_discard_ehlo_keywords"] = "dsn, pipelining, chunking, 8bitmime, size, enhancedstatuscodes"
            with postfix_for(settings) as postfix:
                postfix.mailbox(doctor.address)
                postfix.start()
                write_secret(secret, "faux" if login == "plain" else auth.token(USER, seconds=-60))
                sender.start({"next_hop": f"127.0.0.1:{postfix.port}", "server_name": OPERATOR_NAME, "tls": tls, "access": "operateur"},
                             access=[{"name": "operateur", "login": login, "user": USER, "secret": "operateur.secret"}])
                letter = sender.letter()
                lab.drop(letter)
                said = lab.wait_for_state(letter.document_sha256, "deferred")
                refused = last_event(said, "deferred")
                checks.equal(f"{login} : mauvais secret", (refused["cause"], refused["smtp_code"]), ("PEER_DOWN", 535))
                write_secret(secret, good)  # no restart: the next connection reads it
                said = lab.wait_for_state(letter.document_sha256, "accepted", "confirmed")
                checks.equal(f"{login} : bon secret", last_event(said, "accepted")["smtp_code"], 250)
                wait_for("courriel stocké", lambda: postfix.mails(doctor.address))
                checks.that(f"{login} : Postfix l'a vu", f"sasl_method={login.upper()}, sasl_username={USER}" in postfix.log())
                sender.stop(checks)
                for text in (lab.log(), postfix.log(), auth.log()):
                    checks.that("aucun secret dans les journaux", good not in text)


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    doctor = Doctor.from_stays(world.doctors["lenoiraud"] | {"key": "ec"})
    for name, domain in zip(("rouxelles", "mbayard"), DEAD):
        world.doctors[name]["address"] = f"{name}@{domain}"
    lab.make_pki([doctor] + [Doctor.from_stays(world.doctors[name]) for name in ("rouxelles", "mbayard")])
    sender = Sender(lab, world)

    def postfix_for(settings=None):
        return Postfix(lab.pki / "operator-tls.crt", lab.pki / "operator-tls.key", lab.anchors, host_name=OPERATOR_NAME, domains=[DOMAIN],
                       routes={"hopital.demo.mssante.fr": (sender.returns, HOSPITAL_NAME)}, settings=settings)

    by_mx(lab, checks, sender, doctor, postfix_for)
    by_site(lab, checks, sender, postfix_for)
    by_login(lab, checks, sender, doctor, postfix_for)


if __name__ == "__main__":
    run(test)
