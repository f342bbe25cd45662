"""A foreign operator that cannot be trusted: SmtpSink, with one misdeed a connection. It keeps what it promises to keep, and of
what it does not answer, sometimes all: then a repeat is the sender's duty, with the same bytes.

  peer = LyingPeer(folder, certificate, key, anchors, choose)     # choose(number) -> (misdeed, place), or None: honest

Misdeeds: "stall" (says nothing more from its place-th reply on), "reset" (RST after place octets of replies), "twice" (the
place-th reply comes twice in one packet), "ahead" (the reply to the mail comes with the 354, before the mail; the mail is
refused for a while), "wrong" (the place-th reply is none of SMTP), "kept" (keeps the mail, resets before the reply), "then"
(keeps the mail, says 250, resets at once), "once" (honest, and closes after its first mail)."""
import collections
import socket
import ssl
import threading
import time

from smtp_sink import SmtpSink
from tcp_proxy import reset

NONSENSE = (b"", b"2\r\n", b"99 ?\r\n", b"999 nine\r\n", b"abc def\r\n", b"250-no end\r\n", b"2500 ok\r\n", b"250 a\rb\r\n",
            b"250 bare\n250 b\n", b"\x00\x00\x00\r\n", b"250-a\r\n451 b\r\n", b"x" * 200_000, b"250-" + b"y" * 990 + b"\r\n" * 400,
            b"354 not now\r\n", b"220 again\r\n", b"100 wait\r\n")


class Gone(OSError):
    """This connection has done its deed."""


class _Mouth:
    """In front of the connection's socket: every reply passes here, before and behind TLS."""

    def __init__(self, peer, connection, deed):
        self.peer, self.connection, self.deed = peer, connection, deed
        self.replies = self.octets = 0
        self.is_last = False

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def sendall(self, data):
        self.replies += 1
        what, place = self.deed or (None, 0)
        if what == "stall" and self.replies >= place:
            time.sleep(self.peer.stall_seconds)
            raise Gone
        if what == "reset" and self.octets + len(data) >= place:
            self.connection.sendall(data[:place - self.octets])
            self.end()
        if what == "twice" and self.replies == place:
            data *= 2
        if what == "ahead" and data.startswith(b"354"):
            data += b"250 2.0.0 kept, says who\r\n"
        if what == "wrong" and self.replies == place % 8 + 1:
            data = NONSENSE[place % len(NONSENSE)]
        self.octets += len(data)
        self.connection.sendall(data)
        if self.is_last:
            self.connection.close()
            raise Gone

    def end(self):
        raw = self.connection.detach() if isinstance(self.connection, ssl.SSLSocket) else None
        if raw is None:
            reset(self.connection)
        else:
            reset(socket.socket(fileno=raw))
        raise Gone


class _Tls:
    """wrap_socket of the sink's context, that keeps the mouth in front."""

    def __init__(self, context):
        self.context = context

    def wrap_socket(self, mouth, **how):
        mouth.connection = self.context.wrap_socket(mouth.connection, **how)
        return mouth


class LyingPeer(SmtpSink):
    def __init__(self, folder, certificate, key, anchors, choose, stall_seconds=30):
        self.choose, self.stall_seconds = choose, stall_seconds
        self.counts = collections.Counter()
        self._connections = 0
        self._local = threading.local()
        super().__init__(folder, certificate, key, anchors)
        self._tls = _Tls(self._tls)

    def talk(self, connection):
        with self._lock:
            self._connections += 1
            number = self._connections
        deed = self.choose(number)
        self.counts[deed[0] if deed else "honest"] += 1
        self._local.mouth = _Mouth(self, connection, deed)
        super().talk(self._local.mouth)

    def _read_message(self, lines):
        deed = (self._local.mouth.deed or (None,))[0]
        if deed == "ahead":
            SmtpSink._read_message(lines)
            self._local.mouth.connection.sendall(b"451 4.3.0 not kept\r\n")
            raise Gone
        message = SmtpSink._read_message(lines)
        if not message:  # how a client gets out of a DATA that came with no recipient (RFC 2920 §3.1)
            raise Gone
        self._local.mouth.is_last = deed == "once"
        if deed == "kept":
            self._keep(message)
            self._local.mouth.end()
        if deed == "then":
            self._keep(message)
            self._local.mouth.connection.sendall(b"250 2.0.0 kept\r\n")
            self._local.mouth.end()
        return message
