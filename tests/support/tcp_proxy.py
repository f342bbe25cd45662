"""A TCP proxy on loopback that is as bad as a network may be: late, in small pieces, silent from some octet on, cut off.

  proxy = TcpProxy(target_port, choose)      # choose(number) -> Weather for the number-th connection
  proxy.port; proxy.close(); proxy.counts    # how often each kind of weather struck

What TCP itself repairs (lost segments) shows to its users as delay; what it cannot repair shows as silence or a reset: those
are what is made here. Standard library only; two threads per connection."""
import collections
import dataclasses
import socket
import struct
import threading
import time

from loopback import LoopbackListener

PIECE = 16 * 1024


@dataclasses.dataclass
class Weather:
    delay: float = 0.0         # seconds before each piece is passed on
    piece: int = PIECE         # octets passed on at a time
    silent_after: int = -1     # octets, both ways together; then nothing is passed on any more, and nobody is told
    reset_after: int = -1      # octets, both ways together; then both sides get a reset

    @property
    def kind(self):
        return "reset" if self.reset_after >= 0 else "silent" if self.silent_after >= 0 else "slow" if self.delay else "fair"


def reset(connection):
    """The other side sees RST, not FIN: what it had not read yet is gone too."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    except OSError:
        pass


class TcpProxy(LoopbackListener):
    def __init__(self, target_port, choose):
        self.target_port, self.choose = target_port, choose
        self.counts = collections.Counter()
        self._number = 0
        self.listen()

    def take(self, near):
        self._number += 1
        try:
            far = socket.create_connection(("127.0.0.1", self.target_port), timeout=10)
        except OSError:
            reset(near)
            return
        _Passage(self, near, far, self.choose(self._number)).start()


class _Passage:
    def __init__(self, proxy, near, far, weather):
        self.proxy, self.near, self.far, self.weather = proxy, near, far, weather
        self.octets = 0
        self.lock = threading.Lock()
        self.ends = 0

    def start(self):
        self.proxy.counts[self.weather.kind] += 1
        for source, target in ((self.near, self.far), (self.far, self.near)):
            source.settimeout(120)
            threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source, target):
        weather = self.weather
        try:
            while data := source.recv(weather.piece):
                if weather.delay:
                    time.sleep(weather.delay)
                with self.lock:
                    before, self.octets = self.octets, self.octets + len(data)
                if 0 <= weather.reset_after <= before + len(data):
                    target.sendall(data[:weather.reset_after - before] if weather.reset_after > before else b"")
                    reset(self.near)
                    reset(self.far)
                    return
                if 0 <= weather.silent_after <= before + len(data):
                    data = data[:max(0, weather.silent_after - before)]
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            reset(self.near)
            reset(self.far)
        with self.lock:
            self.ends += 1
            if self.ends == 2:
                self.near.close()
                self.far.close()
