"""The other side of our SMTP servers: a mail's text, sessions of smtplib under TLS, swaks.

  peer = SmtpPeer(lab, (lab.pki / "hospital-tls.crt", lab.pki / "hospital-tls.key"))     # no pair: no client certificate
  with peer.session(port) as client: ...             # implicit=True: TLS from the first byte
  code, transcript = peer.swaks(port, "--from", …)   # how="--tls-on-connect"; None: without TLS"""
import contextlib
import smtplib
import ssl
import subprocess

SENDER = "essai@hopital.demo.mssante.fr"
HELO = "relais.hopital.demo.mssante.fr"


def mail(identifier, to, body="bonjour", *, sender=SENDER, before=""):
    return (f"{before}From: <{sender}>\r\nTo: <{to}>\r\nSubject: essai\r\nDate: Mon, 02 Nov 2026 08:00:00 +0100\r\n"
            f"Message-ID: <{identifier}@essai.example>\r\n\r\n{body}\r\n")


def node_pair(lab, name="hospital-tls"):
    """Certificate and key of a node of the test PKI."""
    return lab.pki / f"{name}.crt", lab.pki / f"{name}.key"


class SmtpPeer:
    def __init__(self, lab, certificate=None, helo=HELO):
        self.lab, self.certificate, self.helo = lab, certificate, helo

    def context(self, certificate=True, version=None):
        made = ssl.create_default_context(cafile=str(self.lab.anchors))
        if certificate and self.certificate:
            made.load_cert_chain(*map(str, self.certificate))
        if version:
            made.minimum_version = made.maximum_version = version
        return made

    def connect(self, port, implicit=False, timeout=20):
        """smtplib behind TLS and EHLO; the caller closes it."""
        if implicit:
            client = smtplib.SMTP_SSL("127.0.0.1", port, timeout=timeout, context=self.context())
        else:
            client = smtplib.SMTP("127.0.0.1", port, timeout=timeout)
            client.ehlo(self.helo)
            client.starttls(context=self.context())
        client.ehlo(self.helo)
        return client

    @contextlib.contextmanager
    def session(self, port, implicit=False, timeout=20):
        client = self.connect(port, implicit, timeout)
        try:
            yield client
        finally:
            client.close()

    def swaks(self, port, *more, how="--tls", certificate=True):
        """(exit code, transcript)"""
        command = ["swaks", "--server", f"127.0.0.1:{port}", "--helo", self.helo, "--timeout", "20"]
        if how:
            command += [how, "--tls-verify", "--tls-ca-path", self.lab.anchors]
        if how and certificate and self.certificate:
            command += ["--tls-cert", self.certificate[0], "--tls-key", self.certificate[1]]
        done = subprocess.run(list(map(str, [*command, *more])), capture_output=True, timeout=60, check=False)
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def code_of(transcript, command):
    """The reply to the first line of swaks that begins so: "550 5.1.1"."""
    lines = iter(transcript.splitlines())
    for line in lines:
        if line.lstrip().startswith(("->", "~>")) and line.split(">", 1)[1].strip().upper().startswith(command):
            for reply in lines:
                if reply.lstrip().startswith("<"):
                    return reply.split(None, 1)[1][:9]
    return None
