"""A peer that listens on a port of its own on loopback, a thread for each connection, until close(). Standard library.

  class Peer(LoopbackListener):
      def __init__(self): ...; self.listen()        # when all else is ready; self.port is known then
      def talk(self, connection): ...               # ends with the connection; what fails on the way is the peer's affair
      # or, for one that keeps its connections: def take(self, connection)"""
import contextlib
import socket
import threading


class LoopbackListener:
    def listen(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.take(connection)

    def take(self, connection):
        threading.Thread(target=self._session, args=(connection,), daemon=True).start()

    def _session(self, connection):
        connection.settimeout(60)
        with contextlib.suppress(OSError, ValueError), connection:  # it went away or spoke nonsense: nothing was promised
            self.talk(connection)
