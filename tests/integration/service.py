"""The node as a service: what it tells systemd, what the unit allows it, and a start as root that becomes another account for good.

service.py LIAISON        as root: the account is nobody's"""
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, wait_for  # noqa: E402
from lifecycle import SETTINGS_WRONG, attempt  # noqa: E402
from nodes import free_ports, run  # noqa: E402
from reload import change  # noqa: E402

WATCHDOG_MICROSECONDS = 2_000_000
ACCOUNT = "nobody"


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, name):
        self.name, self.messages = name, []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while message := self._socket.recv(4096):
            self.messages.append(dict(line.split("=", 1) for line in message.decode().splitlines()))

    def all(self, key):
        return [message[key] for message in list(self.messages) if key in message]

    def order(self):
        """The turns, in their order, without the watchdog's."""
        return [key for message in list(self.messages) for key in message if key in ("READY", "RELOADING", "STOPPING")]


def check_manager(lab, checks):
    for name in (str(lab.folder / "notify"), f"@liaison-{os.getpid()}"):
        manager = Manager(name)
        process = lab.start_node("hospital", env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(WATCHDOG_MICROSECONDS)})
        wait_for("READY", lambda: manager.all("READY"))
        checks.that("STATUS", manager.all("STATUS"))
        wait_for("trois battements", lambda: len(manager.all("WATCHDOG")) >= 3, seconds=10)
        process.send_signal(signal.SIGHUP)
        wait_for("RELOADING puis READY", lambda: manager.order() == ["READY", "RELOADING", "READY"])
        checks.that("MONOTONIC_USEC", int(manager.all("MONOTONIC_USEC")[0]) > 0)
        good = lab.config("hospital").read_text(encoding="utf-8")
        change(lab, "hospital", r"^\[limits\]", "[limits]\ndeliveries = -1")
        process.send_signal(signal.SIGHUP)
        wait_for("READY encore, et la clé dans STATUS", lambda: "[limits] deliveries" in manager.all("STATUS")[-1])
        lab.config("hospital").write_text(good, encoding="utf-8")
        checks.equal("arrêt", lab.stop_node("hospital"), 0)
        checks.equal("STOPPING en dernier", manager.order()[-1], "STOPPING")
    manager = Manager(str(lab.folder / "other"))
    lab.start_node("hospital", env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    wait_for("READY", lambda: manager.all("READY"))
    checks.equal("le chien de garde d'un autre n'est pas nourri", [lab.stop_node("hospital"), manager.all("WATCHDOG")], [0, []])
    lab.start_node("hospital", env={"NOTIFY_SOCKET": str(lab.folder / "personne")})
    checks.equal("personne n'écoute : le nœud vit", lab.stop_node("hospital"), 0)


def check_unit(lab, checks):
    """systemd's own opinion of the unit, with the programs where they are here."""
    unit = lab.folder / "liaison.service"
    text = (ROOT / "conf/systemd/liaison.service").read_text(encoding="utf-8").replace("/usr/local/bin/liaison", str(lab.binary))
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "liaison" in line]
    checks.equal("systemd-analyze verify", (done.returncode, said), (0, []))
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True,
                          timeout=60, check=False)
    level = re.search(r"exposure level.*: ([0-9.]+)", done.stdout)
    checks.that("systemd-analyze security : au plus 2.0", level and float(level[1]) <= 2.0, done.stdout[-200:] + done.stderr)


def low_port():
    """One below 1024 that nobody uses."""
    for port in range(1023, 600, -1):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise OSError("no port below 1024 is free")


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines())


def check_account(lab, checks):
    file = lab.config("hospital")
    good = file.read_text(encoding="utf-8")
    for wrong in ("personne-de-ce-nom", "root"):
        change(lab, "hospital", r"^environment = ", f'user = "{wrong}"\nenvironment = ')
        status, told = attempt(lab, "serve")
        checks.that(f"compte {wrong} refusé", status == SETTINGS_WRONG and "[node] user" in told, f"{status} {told}")
        file.write_text(good, encoding="utf-8")
    port, account = low_port(), pwd.getpwnam(ACCOUNT)
    change(lab, "hospital", r'^returns = .*', f'returns = "127.0.0.1:{port}"')
    change(lab, "hospital", r"^environment = ", f'user = "{ACCOUNT}"\nenvironment = ')
    for path in (lab.folder, *lab.folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    process = lab.start_node("hospital")
    threads = [status_of(f"{process.pid}/task/{thread}") for thread in os.listdir(f"/proc/{process.pid}/task")]
    for one in threads:
        checks.equal("compte, réel, effectif et gardé", one["Uid"].split(), [str(account.pw_uid)] * 4)
        checks.equal("groupe", one["Gid"].split(), [str(account.pw_gid)] * 4)
        checks.that("aucun groupe de root", "0" not in one["Groups"].split(), one["Groups"])
        checks.equal("aucun droit", [int(one[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")], [0] * 4)
        checks.equal("aucun à venir", one["NoNewPrivs"].strip(), "1")
    checks.equal("umask", threads[0]["Umask"].strip(), "0077")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        checks.that("le port privilégié répond", client.recv(100).startswith(b"220 "))
    made = [path for path in (lab.folder / "hospital/data").rglob("*")]
    checks.that("ses fichiers sont à lui, et à lui seul", made and all(
        path.lstat().st_uid == account.pw_uid and path.lstat().st_mode & 0o077 == 0 for path in made), made)
    process.send_signal(signal.SIGHUP)
    wait_for("il relit ses réglages sans droits", lambda: "app.reloaded" in lab.log())
    checks.equal("arrêt", lab.stop_node("hospital"), 0)
    copy = lab.folder / "liaison"  # where another account may run it
    shutil.copy2(lab.binary, copy)
    for path, mode in ((lab.folder, 0o711), (file.parent, 0o711), (file, 0o644)):
        os.chmod(path, mode)
    other = subprocess.run([copy, "serve", "--config", file], capture_output=True, text=True, timeout=30, check=False,
                           user="daemon", group="daemon", extra_groups=[])
    checks.that("lancé sous un autre compte : refusé", other.returncode == SETTINGS_WRONG and "[node] user" in other.stderr,
                f"{other.returncode} {other.stderr}")


def test(lab, checks):
    lab.make_pki([])
    lab.add_hospital(next_hop=free_ports(1)[0])
    check_manager(lab, checks)
    check_unit(lab, checks)
    if os.geteuid() != 0:
        checks.that("le changement de compte se vérifie en root", False)
        return
    check_account(lab, checks)


if __name__ == "__main__":
    run(test)
