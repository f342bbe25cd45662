"""A foreign operator on loopback: takes mail over STARTTLS with a client certificate and keeps whatever it is given.

It knows no repeats and sends no reports, as a receiver of another make. Standard library only; one thread per connection.

  sink.offers += ["CHUNKING", "BINARYMIME"]      # said under TLS
  sink.deed = function                           # called with (word, MAIL's line): the reply in place of ours; None: ours;
                                                 # b"": the connection ends. Words: MAIL, RCPT, BDAT, and "." behind a whole mail
  sink.said()                                    # [(MAIL's line, "DATA" or "BDAT", octets)] of every whole mail, whatever was answered"""
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
        self._said = []
        self.offers, self.deed = ["DSN"], lambda word, mail_line: None
        self.listen()

    def messages(self):
        """All that was answered with 250, in order, repeats included."""
        with self._lock:
            return list(self._messages)

    def said(self):
        with self._lock:
            return list(self._said)

    def talk(self, connection):
        connection.sendall(b"220 puits.exemple.test ESMTP\r\n")
        lines = connection.makefile("rb")
        secured, mail_line, chunks = False, b"", b""
        while line := lines.readline(4096):
            word = line.strip().upper()
            if word.startswith(b"EHLO"):
                offers = [b"SIZE 40000000", b"8BITMIME", b"PIPELINING", b"ENHANCEDSTATUSCODES"]
                offers += [one.encode() for one in self.offers] if secured else [b"STARTTLS"]
                reply = b"250-puits.exemple.test\r\n" + b"".join(b"250-%s\r\n" % one for one in offers[:-1])
                connection.sendall(reply + b"250 " + offers[-1] + b"\r\n")
            elif word == b"STARTTLS" and not secured:
                connection.sendall(b"220 2.0.0 ready\r\n")
                connection = self._tls.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
                secured = True
            elif word.startswith((b"MAIL", b"RCPT")):
                mail_line, chunks = (word, b"") if word.startswith(b"MAIL") else (mail_line, chunks)
                ours = b"250 2.1.0 ok" if secured else b"530 5.7.0 STARTTLS first"
                self._answer(connection, word[:4].decode(), mail_line, ours)
            elif word == b"DATA" and secured:
                connection.sendall(b"354 go on\r\n")
                self._take(connection, mail_line, "DATA", self._read_message(lines))
            elif word.startswith(b"BDAT ") and secured:
                _, octets, *last = word.split()
                chunks += self._read_octets(lines, int(octets))
                if last:
                    self._take(connection, mail_line, "BDAT", chunks)
                else:
                    self._answer(connection, "BDAT", mail_line, b"250 2.0.0 go on")
            elif word == b"QUIT":
                connection.sendall(b"221 2.0.0 bye\r\n")
                return
            elif word in (b"RSET", b"NOOP"):
                connection.sendall(b"250 2.0.0 ok\r\n")
            else:
                connection.sendall(b"502 5.5.1 no\r\n")

    def _answer(self, connection, word, mail_line, ours):
        connection.sendall(self._reply(word, mail_line, ours) + b"\r\n")

    def _reply(self, word, mail_line, ours):
        reply = self.deed(word, mail_line)
        if reply == b"":
            raise ValueError("ended as it was told")
        return ours if reply is None else reply

    def _take(self, connection, mail_line, by, message):
        with self._lock:
            self._said.append((mail_line, by, message))
        reply = self._reply(".", mail_line, b"250 2.0.0 kept")
        if reply.startswith(b"2"):
            self._keep(message)  # before it is answered for
        connection.sendall(reply + b"\r\n")

    @staticmethod
    def _read_octets(lines, octets):
        read = lines.read(octets)
        if len(read) != octets:
            raise ValueError("the connection ended inside a chunk")
        return read

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
