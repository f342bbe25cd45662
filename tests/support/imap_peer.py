"""An IMAP server of a few words, that does as it is told: for what no honest server does. TLS from the first byte; PLAIN, UIDPLUS;
IDLE if `capabilities` says so, silent until DONE. Standard library; one thread a connection; ended with close().

  peer = ImapPeer(certificate, key)
  peer.add(b"mail")                       # gives its UID
  peer.deed["UID STORE"] = function       # called with (session, tag, arguments); true: the command is answered
  peer.said("UID STORE")                  # how often a command came
  peer.fresh_said("UID STORE")            # since renew()
  peer.cut()                              # ends every session
  peer.renew()                            # the same, and counts anew: what comes next is of a new session
  session.send(b"...")                    # for deeds; session.end() cuts the connection"""
import contextlib
import re
import socket
import ssl
import threading

from loopback import LoopbackListener

CAPABILITIES = "IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS"


class _Gone(OSError):
    pass


class _Session:
    def __init__(self, peer, connection):
        self.peer, self.connection = peer, connection

    def send(self, data):
        self.connection.sendall(data)

    def end(self):
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        raise _Gone

    def run(self):
        self.send(b"* OK ready\r\n")
        self.lines = self.connection.makefile("rb")
        while True:
            line = self.lines.readline(100_000)
            if not line:
                return
            tag, _, rest = line.decode("latin-1").strip().partition(" ")
            words = rest.split(" ")
            name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            arguments = rest[len(name):].strip()
            self.peer.note(name)
            deed = self.peer.deed.get(name)
            if deed and deed(self, tag, arguments):
                continue
            self.answer(tag, name, arguments)
            if name == "LOGOUT":
                return

    def answer(self, tag, name, arguments):
        peer = self.peer
        if name == "CAPABILITY":
            self.send(f"* CAPABILITY {peer.capabilities}\r\n".encode())
        elif name == "SELECT":
            self.send(f"* {len(peer.mails)} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {peer.uid_validity}] ok\r\n"
                      "* FLAGS (\\Deleted \\Flagged)\r\n".encode())
        elif name == "FETCH":
            first, last = (int(one) for one in (arguments.split(" ")[0].split(":") * 2)[:2])
            for number, (uid, mail) in list(enumerate(sorted(peer.mails.items()), 1))[first - 1:last]:
                size = peer.sizes.get(uid, len(mail))
                flags = " ".join(sorted(peer.flags.get(uid, ())))
                self.send(f"* {number} FETCH (UID {uid} RFC822.SIZE {size} FLAGS ({flags}))\r\n".encode())
        elif name == "UID FETCH":
            uid = int(arguments.split(" ")[0])
            if uid in peer.mails:
                number = sorted(peer.mails).index(uid) + 1
                mail = peer.mails[uid]
                self.send(f"* {number} FETCH (UID {uid} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")
        elif name == "UID STORE":
            uids, _, flags = arguments.partition(" ")
            for uid in self.uids(uids):
                peer.flags.setdefault(uid, set()).update(re.findall(r"\\\w+", flags))
        elif name in ("UID EXPUNGE", "EXPUNGE"):
            which = self.uids(arguments) if arguments else sorted(peer.mails)
            for uid in which:
                if uid in peer.mails and "\\Deleted" in peer.flags.get(uid, ()):
                    number = sorted(peer.mails).index(uid) + 1
                    del peer.mails[uid]
                    self.send(f"* {number} EXPUNGE\r\n".encode())
        elif name == "NOOP":
            self.send(f"* {len(peer.mails)} EXISTS\r\n".encode())
        elif name == "IDLE":
            self.send(b"+ idling\r\n")
            self.lines.readline(100)
        elif name == "LOGOUT":
            self.send(b"* BYE\r\n")
        self.send(f"{tag} OK done\r\n".encode())

    @staticmethod
    def uids(text):
        found = []
        for part in text.split(","):
            first, _, last = part.partition(":")
            found += range(int(first), int(last or first) + 1)
        return found


class ImapPeer(LoopbackListener):
    def __init__(self, certificate, key):
        self.mails, self.flags, self.sizes, self.deed = {}, {}, {}, {}
        self.uid_validity, self.capabilities = 1000, CAPABILITIES
        self._next, self._said, self._lock = 1, {}, threading.Lock()
        self._sessions, self._counted = set(), {}
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self.listen()

    def add(self, mail, size=None, flags=()):
        uid, self._next = self._next, self._next + 1
        self.flags[uid] = set(flags)
        if size is not None:
            self.sizes[uid] = size
        self.mails[uid] = mail
        return uid

    def note(self, name):
        with self._lock:
            self._said[name] = self._said.get(name, 0) + 1

    def said(self, name):
        with self._lock:
            return self._said.get(name, 0)

    def fresh_said(self, name):
        with self._lock:
            return self._said.get(name, 0) - self._counted.get(name, 0)

    def cut(self):
        with self._lock:
            open_now, self._sessions = self._sessions, set()
        for connection in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def renew(self):
        self.cut()
        with self._lock:
            self._counted = dict(self._said)

    def talk(self, connection):
        with self._tls.wrap_socket(connection, server_side=True) as secured:
            with self._lock:
                self._sessions.add(secured)
            try:
                _Session(self, secured).run()
            finally:
                with self._lock:
                    self._sessions.discard(secured)
