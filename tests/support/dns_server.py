"""A name server on loopback for nodes under test, by UDP and TCP on one port: MX, A and SRV of a zone given as rows.

  with DnsServer({"mss.test": [("MX", 10, "mx.mss.test")], "mx.mss.test": [("A", "127.0.0.1")]}) as dns:
      dns.address                 # "127.0.0.1:port", for [dns] servers
      dns.asked                   # (name, type) of every question, oldest first

A name that is not in the zone does not exist; a name of `silent` is never answered."""
import socket
import struct
import threading

TYPES = {"A": 1, "MX": 15, "SRV": 33}
NAMES = {number: name for name, number in TYPES.items()} | {28: "AAAA"}


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".") if label) + b"\0"


def wire_data(kind, *values):
    if kind == "A":
        return socket.inet_aton(values[0])
    return struct.pack(f">{len(values) - 1}H", *values[:-1]) + wire_name(values[-1])


class DnsServer:
    def __init__(self, zone, silent=()):
        self.zone, self.silent, self.asked = zone, set(silent), []

    def __enter__(self):
        # One port for both: TCP chooses, UDP follows.
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self._tcp.getsockname())
        self.address = "127.0.0.1:%d" % self._tcp.getsockname()[1]
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._by_udp, self._by_tcp)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for one in (self._tcp, self._udp):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        for thread in self._threads:
            thread.join(5)

    def _answer(self, message):
        at, labels = 12, []
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode("ascii").lower())
            at += message[at] + 1
        name, (kind, _) = ".".join(labels), struct.unpack_from(">HH", message, at + 1)
        self.asked.append((name, NAMES.get(kind, str(kind))))
        if name in self.silent:
            return None
        rows = [row for row in self.zone.get(name, []) if TYPES[row[0]] == kind]
        code = 0 if name in self.zone else 3
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
                           for data in (wire_data(*row) for row in rows))
        return struct.pack(">2sHHHHH", message[:2], 0x8180 | code, 1, len(rows), 0, 0) + message[12:at + 5] + records

    def _by_udp(self):
        while True:
            try:
                message, peer = self._udp.recvfrom(2048)
                if not message:  # shut down
                    return
                if answer := self._answer(message):
                    self._udp.sendto(answer, peer)
            except OSError:
                return

    def _by_tcp(self):
        while True:
            try:
                peer, _ = self._tcp.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                try:
                    message = peer.recv(2048)
                    if answer := self._answer(message[2:]):
                        peer.sendall(struct.pack(">H", len(answer)) + answer)
                except OSError:
                    pass
