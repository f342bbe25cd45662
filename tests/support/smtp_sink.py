"""A foreign operator on loopback: takes mail over STARTTLS with a client certificate and keeps whatever it is given.

It knows no repeats and sends no reports, as a receiver of another make. Standard library only; one thread per connection."""
import os
import ssl
import threading

from loopback import LoopbackListener


class SmtpSink(LoopbackListener):
    def __init__(self, folder, certificate, key, anchors):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self._tls.load_verify_locations(anchors)
        self._tls.verify_mode = ssl.CERT_REQUIRED
        self._lock = threading.Lock()
        self._messages = []
        self.listen()

    def messages(self):
        """All that was answered with 250, in order, repeats included."""
        with self._lock:
            return list(self._messages)

    def talk(self, connection):
        connection.sendall(b"220 puits.exemple.test ESMTP\r\n")
        lines = connection.makefile("rb")
        secured = False
        while line := lines.readline(4096):
            word = line.strip().upper()
            if word.startswith(b"EHLO"):
                offers = [b"SIZE 40000000", b"8BITMIME", b"PIPELINING", b"ENHANCEDSTATUSCODES"]
                offers += [b"DSN"] if secured else [b"STARTTLS"]
                reply = b"250-puits.exemple.test\r\n" + b"".join(b"250-%s\r\n" % one for one in offers[:-1])
                connection.sendall(reply + b"250 " + offers[-1] + b"\r\n")
            elif word == b"STARTTLS" and not secured:
                connection.sendall(b"220 2.0.0 ready\r\n")
                connection = self._tls.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
                secured = True
            elif word.startswith((b"MAIL", b"RCPT")):
                connection.sendall(b"250 2.1.0 ok\r\n" if secured else b"530 5.7.0 STARTTLS first\r\n")
            elif word == b"DATA" and secured:
                connection.sendall(b"354 go on\r\n")
                self._keep(self._read_message(lines))
                connection.sendall(b"250 2.0.0 kept\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 2.0.0 bye\r\n")
                return
            elif word in (b"RSET", b"NOOP"):
                connection.sendall(b"250 2.0.0 ok\r\n")
            else:
                connection.sendall(b"502 5.5.1 no\r\n")

    @staticmethod
    def _read_message(lines):
        message = []
        while line := lines.readline(4096):
            if line == b".\r\n":
                return b"".join(message)
            message.append(line[1:] if line.startswith(b".") else line)
        raise ValueError("the connection ended inside the message")

    def _keep(self, message):
        with self._lock:
            self._messages.append(message)
            path = os.path.join(self.folder, f"{len(self._messages)}.eml")
            with open(path, "wb") as out:
                out.write(message)
                out.flush()
                os.fsync(out.fileno())
