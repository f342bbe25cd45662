"""A disk that answers no more, for the store, for the thread that claims files or for one that acknowledges them: the watchdog is
fed no more, so that systemd would start the node anew; and the node can still be ended at once. Every letter arrives after it.

hang.py --binary B --shim S --make-pki P"""
import argparse
import os
import signal
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "support"))
from one_letter import Letter  # noqa: E402
from two_nodes import Failed, TwoNodes, make_pki, wait_for  # noqa: E402

WATCHDOG_SECONDS = 1
KINDS = ("wal", "claimed", "ack")  # of the calls that hang, as the shim names them: the store's, the claim, the acknowledgement


class Beats:
    def __init__(self, path):
        self.path, self.count = path, 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while message := self._socket.recv(4096):
            self.count += b"WATCHDOG=1" in message


def hand_in(nodes, letter):
    for staged, there in [nodes.stage(name, content) for name, content in letter.files.items()]:
        os.rename(staged, there)


def run(options, folder, kind):
    pki = os.path.join(options.folder, "pki")
    for part in ("hospital", "operator"):
        os.makedirs(os.path.join(folder, part), mode=0o700)
    beats = Beats(os.path.join(folder, "notify"))
    nodes = TwoNodes(folder, os.path.join(folder, "shadows"), options.binary, options.shim, pki, "hospital")
    os.environ.update(NOTIFY_SOCKET=beats.path, WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1_000_000))
    try:
        nodes.open()
        wait_for("beats", lambda: beats.count >= 4)
        nodes.operator.stop()  # its beats would be counted too
        beats.count = 0
        wait_for("beats of the hospital alone", lambda: beats.count >= 2)
        hospital, letter = nodes.hospital, Letter(1, "mdm", 0)
        hospital.arm_with(f"fail_at=1\nfail_until=0\nfail_with=hang\nfail_kind={kind}\n")
        hand_in(nodes, letter)
        wait_for(f"the first call that hangs ({kind})", lambda: any(line.startswith("failed") for line in hospital.trace()))

        def is_starved():
            before = beats.count
            time.sleep(WATCHDOG_SECONDS)  # what systemd waits
            return beats.count == before
        wait_for(f"a watchdog's time without a beat ({kind})", is_starved, 20)
        hospital.process.send_signal(signal.SIGTERM)

        def is_ended():
            if not hospital.is_dead():
                hospital.process.send_signal(signal.SIGTERM)
            return hospital.is_dead()
        wait_for("the end at a second SIGTERM", is_ended, 10)
        if hospital.process.returncode != -signal.SIGTERM:
            raise Failed(f"exit {hospital.process.returncode}")
        hospital.disarm()
        nodes.operator.start()
        hospital.start()
        wait_for("the letter", lambda: hospital.settled() == 1)
        if nodes.count_received() != 1:
            raise Failed(f"received {nodes.count_received()} times")
        nodes.close()
    finally:
        for node in (nodes.hospital, nodes.operator):
            node.print_log()
        nodes.abandon()


def main():
    parser = argparse.ArgumentParser()
    for name in ("binary", "shim", "make-pki"):
        parser.add_argument("--" + name, required=True, type=os.path.realpath)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="liaison-hang-", ignore_cleanup_errors=True) as folder:
        options.folder = folder
        make_pki(options.make_pki, os.path.join(folder, "pki"))
        for kind in KINDS:
            run(options, os.path.join(folder, kind), kind)
            print(f"{kind}: starved, ended at the second SIGTERM, the letter arrived once")


if __name__ == "__main__":
    main()
