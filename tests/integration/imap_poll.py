"""What comes back by a mailbox elsewhere: Dovecot with a password, a token and our certificate, IDLE, a new UIDVALIDITY, mail that is
too large; and a server that cuts, lies and drowns, one without UIDPLUS, one that gives a UID twice, one that talks before IDLE begins. Each report counts once, and nothing leaves the mailbox before it is stored.

imap_poll.py LIAISON"""
import datetime
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from dovecot_imap import DovecotImap  # noqa: E402
from imap_peer import ImapPeer  # noqa: E402
import reports  # noqa: E402
from lab import Doctor, wait_for  # noqa: E402
from letters import World, simple_stay  # noqa: E402
from nodes import HOSPITAL, HOSPITAL_NAME, OPERATOR_NAME, run  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402

PATIENT = {"birth_name": "ZYGOMALAS", "given": "ODETTE", "all_given": "ODETTE MARGUERITE", "birth": "1948-03-17", "sex": "F",
           "cog": "69381", "ins": "248036900090170", "ipp": "D880001"}
PASSWORD = "mot de passe long"
MOST_OCTETS = 300_000
LETTERS = 20
SENDER = "lenoiraud@medecin.demo.mssante.fr"
MADE = {}


def receipt(said, disposition="displayed"):
    """The same bytes each time, as a server that gives a mail twice."""
    if (said["id"], disposition) not in MADE:
        MADE[said["id"], disposition] = reports.receipt(SENDER, HOSPITAL, said["deliveries"][0]["message_id"], disposition)
    return MADE[said["id"], disposition]


def kinds(said):
    return [event["kind"] for event in said["deliveries"][0]["events"]]


class House:
    """A hospital whose letters have been accepted elsewhere; nothing of it listens for reports."""

    def __init__(self, lab, sink):
        self.lab, self.sink, self.letters = lab, sink, []

    def settle(self, server, *, access, **more):
        """Writes the settings, with the mailbox to poll."""
        polled = {"server": f"127.0.0.1:{server}", "server_name": OPERATOR_NAME, "access": "boite", "every_seconds": 1,
                  "most_retry_seconds": 1} | more
        self.lab.add_hospital(next_hop=self.sink.port, **{"returns.imap": polled},
                              limits={"free_disk_octets": 1 << 20, "workers": 2, "received_octets": MOST_OCTETS})
        with open(self.lab.config(), "a", encoding="utf-8") as out:
            out.write('[[access]]\nname = "boite"\n' + "".join(f'{key} = "{value}"\n' for key, value in access.items()))

    def send_letters(self):
        world = World.load(datetime.datetime.now(datetime.timezone.utc))
        for number in range(1, LETTERS + 1):
            made = world.files_of(simple_stay(f"{number:02}", PATIENT, "lenoiraud", files=[
                {"form": "mdm", "file": f"{number:02}-lettre.hl7", "type": "LL", "to": ["lenoiraud"]}]))[0]
            self.lab.drop(made)
            self.letters.append(made.document_sha256)
        for one in self.letters:
            self.lab.wait_for_state(one, "accepted", seconds=60)

    def letter(self, number):
        return self.lab.letter_of(self.letters[number])

    def wait_for_state(self, number, state, seconds=30):
        return self.lab.wait_for_state(self.letters[number], state, seconds=seconds)

    def status(self):
        return json.loads(self.lab.liaison("status", "--format", "json").stdout)["live"]["returns_mailbox"]

    def listed(self):
        return sorted(row["code"] for row in self.lab.queue("--rejected")["rejected"])


def check_dovecot(house, lab, checks, dovecot):
    # What waits is taken, the mailbox emptied.
    dovecot.deliver(receipt(house.letter(0)))
    dovecot.deliver(b"From: <a@b.example>\nMessage-ID: <q@b.example>\n\nQui est-ce ?\n")
    house.wait_for_state(0, "displayed")
    wait_for("boîte vidée", lambda: not dovecot.left())
    checks.equal("ce qui ne se rattache à rien va aux personnes", house.listed(), ["UNMATCHED"])
    wait_for("relevée par IDLE", lambda: house.status()["idle"])
    checks.equal("aucune panne", house.status()["failing_since"], None)
    # The next look without IDLE would be in ten minutes.
    dovecot.deliver(receipt(house.letter(1), "processed"))
    house.wait_for_state(1, "processed", seconds=20)
    wait_for("boîte vidée après IDLE", lambda: not dovecot.left())
    # The same mail again changes nothing, and goes.
    before = kinds(house.letter(0))
    taken = house.status()["taken"]
    dovecot.deliver(receipt(house.letter(0)))
    wait_for("le même courriel, repris", lambda: house.status()["taken"] > taken and not dovecot.left())
    checks.equal("le même courriel ne change rien", kinds(house.letter(0)), before)
    # Too large: it stays, marked, and is told once.
    large = b"From: <a@b.example>\nMessage-ID: <large@b.example>\n\n" + b"x" * 70 + b"\n" + b"ligne\n" * (MOST_OCTETS // 6)
    dovecot.deliver(large)
    wait_for("trop grand, signalé", lambda: "LEFT_TOO_LARGE" in house.listed())
    wait_for("trop grand, marqué", lambda: [flags for flags, _ in dovecot.left()] == ["F"])
    checks.equal("trop grand, laissé entier", [data for _, data in dovecot.left()], [large])
    wait_for("compté dans l'état", lambda: house.status()["left"] == 1)
    checks.that("dit par status", "laissés sur le serveur" in lab.liaison("status").stdout)


def check_renumbered(house, lab, checks, dovecot):
    before = [kinds(house.letter(number)) for number in (0, 1)]
    dovecot.stop()
    wait_for("panne vue", lambda: house.status()["failing_since"])
    checks.that("panne dite par status", "EN PANNE" in lab.liaison("status").stdout)
    dovecot.deliver(receipt(house.letter(1), "processed"))
    dovecot.deliver(receipt(house.letter(2)))
    dovecot.renumber()
    house.wait_for_state(2, "displayed")
    wait_for("relue en entier, vidée de même", lambda: len(dovecot.left()) == 1)
    wait_for("UIDVALIDITY nouvelle, dite", lambda: "fetch.renumbered" in lab.log())
    checks.equal("ce qui était connu n'a rien changé", [kinds(house.letter(number)) for number in (0, 1)], before)
    checks.equal("le trop grand n'est pas redit", house.listed().count("LEFT_TOO_LARGE"), 1)
    checks.equal("la panne est finie", house.status()["failing_since"], None)


def check_certificates(house, lab, checks, dovecot):
    # By our certificate alone, over STARTTLS.
    dovecot.log_in_by("certificate")
    house.settle(dovecot.imap, tls="starttls", access={"certificate": "../pki/hospital-tls.crt", "key": "../pki/hospital-tls.key"})
    lab.liaison("reload")
    dovecot.deliver(receipt(house.letter(3)))
    house.wait_for_state(3, "displayed")
    wait_for("vidée, certificat client", lambda: len(dovecot.left()) == 1)
    checks.that("EXTERNAL sur Dovecot", f"user=<{HOSPITAL_NAME}>, method=EXTERNAL" in dovecot.log(), dovecot.log()[-600:])
    dovecot.log_in_by("password")
    # The server's certificate is of another host: nothing is said to it.
    logins = dovecot.log().count("Login: user=")
    house.settle(dovecot.imaps, server_name="autre.demo.mssante.fr", access=lab.password_access)
    lab.liaison("reload")
    dovecot.deliver(receipt(house.letter(4)))
    wait_for("mauvais nom refusé", lambda: house.status()["why"] == "peer certificate of another host")
    checks.equal("rien n'est dit au mauvais serveur", dovecot.log().count("Login: user="), logins)
    checks.equal("et rien n'a bougé", house.letter(4)["deliveries"][0]["state"], "accepted")
    # A wrong password.
    house.settle(dovecot.imaps, access=lab.wrong_access)
    lab.liaison("reload")
    wait_for("mot de passe refusé", lambda: house.status()["why"] == "login refused", 60)
    house.settle(dovecot.imaps, access=lab.password_access)
    lab.liaison("reload")
    house.wait_for_state(4, "displayed")


def check_token(house, lab, checks, dovecot):
    """XOAUTH2 (RFC 4959, and Dovecot's challenge for what it refuses); a renewed token needs no reload."""
    wait_for("le trop grand seul", lambda: len(dovecot.left()) == 1)
    house.settle(dovecot.imaps, access=write_secret(lab, "token", dovecot.token(seconds=-60), "xoauth2"))
    lab.liaison("reload")
    dovecot.deliver(receipt(house.letter(11)))
    wait_for("jeton périmé refusé", lambda: house.status()["why"] == "login refused", 60)
    checks.equal("rien n'a bougé", house.letter(11)["deliveries"][0]["state"], "accepted")
    token = dovecot.token()
    write_secret(lab, "token", token, "xoauth2")
    house.wait_for_state(11, "displayed", seconds=60)
    wait_for("vidée, jeton", lambda: len(dovecot.left()) == 1)
    checks.that("XOAUTH2 sur Dovecot", "user=<relais>, method=XOAUTH2" in dovecot.log(), dovecot.log()[-600:])
    checks.that("jeton absent du journal", token not in lab.log() + dovecot.log())
    house.settle(dovecot.imaps, access=lab.password_access)
    lab.liaison("reload")


def arriving(peer, mail, told=b"", flags=()):
    """A deed: before a command is answered for the first time, a mail comes, and the server tells of it. And the UID, once it is there."""
    late = []

    def arrive(session, _tag, _arguments):
        if not late:
            late.append(peer.add(mail, flags=flags))
            session.send(f"* {len(peer.mails)} EXISTS\r\n".encode() + told)
        return False

    return arrive, late


def check_without_uidplus(house, lab, checks, peer):
    """EXPUNGE takes whatever carries the mark: it is not said while a mail does that we have not stored."""
    peer.mails.clear()  # of what lies left
    peer.capabilities = peer.capabilities.replace(" UIDPLUS", "")
    peer.renew()
    peer.add(receipt(house.letter(12)))
    house.wait_for_state(12, "displayed")
    wait_for("vidée sans UIDPLUS", lambda: not peer.mails)
    checks.equal("jamais UID EXPUNGE", peer.fresh_said("UID EXPUNGE"), 0)
    # Somebody's own mark on a mail that stays: nothing is expunged, ours is counted once and waits with its mark.
    foreign = peer.add(b"From: <a@b.example>\r\n\r\n" + b"x" * MOST_OCTETS, flags=("\\Deleted", "\\Flagged"))
    expunged, ours = peer.said("EXPUNGE"), peer.add(receipt(house.letter(13)))
    house.wait_for_state(13, "displayed")
    looks = peer.said("UID STORE")
    wait_for("encore deux regards", lambda: peer.said("UID STORE") > looks + 2)
    checks.equal("ce que d'autres ont marqué reste", (peer.said("EXPUNGE"), sorted(peer.mails)), (expunged, [foreign, ours]))
    checks.that("la nôtre porte la marque", "\\Deleted" in peer.flags[ours])
    checks.equal("comptée une fois", kinds(house.letter(13)).count("displayed"), 1)
    peer.flags[foreign].discard("\\Deleted")
    wait_for("la marque levée, la nôtre part", lambda: sorted(peer.mails) == [foreign])
    # A mail that comes with such a mark between our look and our EXPUNGE is read first.
    peer.deed["UID STORE"], _ = arriving(peer, receipt(house.letter(15)), flags=("\\Deleted",))
    peer.add(receipt(house.letter(14)))
    house.wait_for_state(14, "displayed")
    house.wait_for_state(15, "displayed")
    wait_for("vidée après l'arrivée marquée", lambda: sorted(peer.mails) == [foreign])
    peer.deed = {}
    del peer.mails[foreign]
    peer.capabilities += " UIDPLUS"
    peer.renew()


def check_uid_again(house, lab, checks, peer):
    """The server says that the mail is gone, keeps it, and after the session gives its UID to another: that one is read."""
    kept, first, second = threading.Event(), house.letter(16), house.letter(17)

    def keep(session, tag, _arguments):
        kept.set()
        session.send(f"{tag} OK done\r\n".encode())
        return True

    peer.deed = {"UID EXPUNGE": keep}
    uid = peer.add(receipt(first))
    house.wait_for_state(16, "displayed")
    checks.that("gardée par le serveur", kept.wait(30) and uid in peer.mails)
    peer.cut()
    peer.mails[uid], peer.flags[uid] = receipt(second), set()
    peer.deed = {}
    house.wait_for_state(17, "displayed")
    wait_for("vidée, UID repris", lambda: not peer.mails)
    checks.equal("la première comptée une fois", kinds(house.letter(16)).count("displayed"), 1)


def check_idle(house, lab, checks, peer):
    """A mail told before "+" is fetched in the same session; IDLE refused is a look from time to time."""
    peer.deed["IDLE"], late = arriving(peer, receipt(house.letter(18)), told=b"* 0 RECENT\r\n")
    peer.capabilities += " IDLE"
    peer.renew()
    house.wait_for_state(18, "displayed", seconds=100)
    wait_for("vidée, dit avant IDLE", lambda: late and not peer.mails)
    checks.equal("dans la même session", peer.fresh_said("SELECT"), 1)

    def refuse(session, tag, _arguments):
        session.send(f"{tag} NO not now\r\n".encode())
        return True

    peer.deed = {"IDLE": refuse}
    peer.renew()
    wait_for("IDLE refusé", lambda: peer.fresh_said("IDLE"))
    peer.add(receipt(house.letter(19)))
    house.wait_for_state(19, "displayed")
    wait_for("vidée, IDLE refusé", lambda: not peer.mails)
    checks.equal("une session, IDLE demandé une fois", (peer.fresh_said("SELECT"), peer.fresh_said("IDLE")), (1, 1))
    checks.equal("aucune panne", house.status()["failing_since"], None)


def check_bad_server(house, lab, checks):
    peer = ImapPeer(lab.pki / "operator-tls.crt", lab.pki / "operator-tls.key")
    try:
        house.settle(peer.port, access=lab.password_access)
        lab.liaison("reload")
        check_kill(house, lab, checks, peer)
        check_arrival(house, lab, checks, peer)
        check_lies(house, lab, checks, peer)
        check_without_uidplus(house, lab, checks, peer)
        check_uid_again(house, lab, checks, peer)
        check_idle(house, lab, checks, peer)
    finally:
        peer.close()


def check_kill(house, lab, checks, peer):
    # Stored, and killed before the server hears that it may go.
    reached, hold = threading.Event(), threading.Event()

    def wait_in_store(session, _tag, _arguments):
        reached.set()
        hold.wait(60)
        session.end()

    peer.deed["UID STORE"] = wait_in_store
    uid = peer.add(receipt(house.letter(5)))
    checks.that("arrivé au moment d'effacer", reached.wait(30))
    lab.kill_node("hospital")
    del peer.deed["UID STORE"]
    hold.set()
    checks.that("encore sur le serveur", uid in peer.mails)
    lab.start_node("hospital")
    wait_for("vidée après la mort", lambda: not peer.mails)
    checks.equal("compté une fois", kinds(house.letter(5)).count("displayed"), 1)


def check_arrival(house, lab, checks, peer):
    # A second mail comes between the mark and the removal of the first; the next look by itself would be in ten minutes.
    peer.deed["UID EXPUNGE"], late = arriving(peer, receipt(house.letter(10)))
    house.settle(peer.port, access=lab.password_access, every_seconds=600)
    peer.add(receipt(house.letter(9)))
    lab.liaison("reload")
    house.wait_for_state(9, "displayed")
    house.wait_for_state(10, "displayed")
    wait_for("vidée de ce qui vint entre-temps", lambda: late and not peer.mails)
    peer.deed.clear()
    house.settle(peer.port, access=lab.password_access)
    lab.liaison("reload")


def check_lies(house, lab, checks, peer):
    # Cut in the middle of a mail, then again at the answer to the removal.
    cuts = []

    def cut_mail(session, _tag, arguments):
        if cuts:
            return False
        cuts.append(1)
        session.send(f"* 1 FETCH (UID {arguments.split(' ')[0]} BODY[] {{5000}}\r\nFrom: <a".encode())
        session.end()

    def cut_expunge(session, _tag, _arguments):
        if len(cuts) > 1:
            return False
        cuts.append(2)
        session.end()

    peer.deed |= {"UID FETCH": cut_mail, "UID EXPUNGE": cut_expunge}
    peer.add(receipt(house.letter(6)))
    wait_for("vidée malgré les coupures", lambda: not peer.mails)
    checks.equal("coupures faites", cuts, [1, 2])
    checks.equal("compté une fois malgré les coupures", kinds(house.letter(6)).count("displayed"), 1)
    peer.deed.clear()

    # Says small, gives large; says large, is small; claims what no memory holds; goes deep; a BYE in place of an answer.
    before = house.listed().count("LEFT_TOO_LARGE")
    liar = peer.add(b"From: <a@b.example>\r\n\r\n" + b"x" * (MOST_OCTETS + 1), size=100)
    wait_for("taille menteuse, laissé", lambda: "\\Flagged" in peer.flags.get(liar, ()))
    checks.equal("taille menteuse, signalée une fois", house.listed().count("LEFT_TOO_LARGE"), before + 1)
    peer.add(receipt(house.letter(7)), size=MOST_OCTETS)
    house.wait_for_state(7, "displayed")
    answers = [b"* 1 FETCH (UID 1 BODY[] {4294967295}\r\n", b"* 1 FETCH " + b"(" * 50_000 + b"\r\n", b"* BYE\r\n",
               b"* OK " + b"x" * 200_000 + b"\r\n", b"\x00" * 100 + b"\r\n", b"* 1 FETCH (UID {5}\r\n", b"nonsense\r\n"]
    for number, answer in enumerate(answers):
        said = []

        def drown(session, _tag, _arguments, answer=answer, said=said):
            if said:
                return False
            said.append(1)
            session.send(answer)
            return True

        peer.deed = {("FETCH", "NOOP", "CAPABILITY")[number % 3]: drown}
        wait_for(f"réponse folle {number}", lambda said=said: said, 30)
    peer.deed.clear()
    peer.add(receipt(house.letter(8)))
    house.wait_for_state(8, "displayed", seconds=60)
    pid = lab.nodes["hospital"]["pid"]
    resident = int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096
    checks.that("la mémoire n'a pas suivi", resident < 200 << 20, f"{resident >> 20} Mio")


def write_secret(lab, name, text, login="plain"):
    file = lab.folder / name
    file.touch(mode=0o600)
    file.write_text(text + "\n", encoding="utf-8")
    return {"login": login, "user": "relais", "secret": str(file)}


def test(lab, checks):
    world = World.load(datetime.datetime.now(datetime.timezone.utc))
    lab.make_pki([Doctor.from_stays(world.doctors["lenoiraud"] | {"key": "rsa"})])
    lab.password_access = write_secret(lab, "secret", PASSWORD)
    lab.wrong_access = write_secret(lab, "wrong", "autre")
    certificate, key = lab.pki / "operator-tls.crt", lab.pki / "operator-tls.key"
    sink = SmtpSink(lab.folder / "sink", certificate, key, lab.anchors)
    with DovecotImap("relais", PASSWORD, certificate, key, lab.anchors, HOSPITAL_NAME) as dovecot:
        house = House(lab, sink)
        house.settle(dovecot.imaps, access=lab.password_access, every_seconds=600)
        lab.start_node("hospital")
        lab.import_directory()
        house.send_letters()
        check_dovecot(house, lab, checks, dovecot)
        check_renumbered(house, lab, checks, dovecot)
        check_certificates(house, lab, checks, dovecot)
        check_token(house, lab, checks, dovecot)
    check_bad_server(house, lab, checks)
    checks.equal("arrêt propre", lab.stop_node("hospital"), 0)
    checks.that("rien du patient ni du mot de passe dans le journal",
                not any(word in lab.log() for word in ("ZYGOMALAS", "248036900090170", PASSWORD, "lenoiraud")))


if __name__ == "__main__":
    run(test)
