"""The unit under a systemd of its own: started, watched, reloaded, killed, stopped, in its sandbox. By hand, as root:

live_systemd.py LIAISON

systemd runs as the first process of new namespaces (PID, mount, network, …), on an overlay of this system that is gone
afterwards, in a control group of its own. Needs the overlay file system and a cgroup v2 mount; the system's own systemd, if it
has one, is never spoken to."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import ROOT, wait_for  # noqa: E402
from nodes import run  # noqa: E402

HOME = "/var/lib/liaison"
UNIT = "etc/systemd/system/liaison.service"
# What a machine starts beside, and what would wait for devices or for a network that is not there.
MASKED = ("systemd-udevd.service", "systemd-udev-trigger.service", "systemd-networkd.service", "systemd-resolved.service",
          "systemd-timesyncd.service", "systemd-logind.service", "getty.target")
TARGET = "[Unit]\nDescription=the unit under test\nRequires=liaison.service\n"
FASTER = "[Service]\nWatchdogSec=2\nRestartSec=1\n"  # than the unit's own minute, five seconds


def mount(kind, at, *options):
    at.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", kind, *(["-o", ",".join(options)] if options else []), kind, at], check=True, timeout=10)


def become_systemd(folder, binary):
    """In the new namespaces: the root of the overlay, its file systems, our unit; then systemd takes this process."""
    layers, root = folder / "layers", folder / "root"
    mount("tmpfs", layers)
    for part in ("upper", "work"):
        (layers / part).mkdir()
    mount("overlay", root, "lowerdir=/", f"upperdir={layers}/upper", f"workdir={layers}/work")
    for kind, place, *options in (("proc", "proc"), ("sysfs", "sys", "ro"), ("tmpfs", "sys/fs/cgroup"), ("cgroup2", "sys/fs/cgroup"),
                                  ("tmpfs", "run"), ("tmpfs", "tmp"), ("tmpfs", "var/log"), ("tmpfs", "dev", "mode=755"),
                                  ("tmpfs", "dev/shm"), ("devpts", "dev/pts", "newinstance", "ptmxmode=0666"),
                                  ("tmpfs", "etc/systemd/system")):
        mount(kind, root / place, *options)
    for device in ("null", "zero", "full", "random", "urandom", "tty"):
        (root / "dev" / device).touch()
        subprocess.run(["mount", "--bind", f"/dev/{device}", root / "dev" / device], check=True, timeout=10)
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    (root / "dev/fd").symlink_to("/proc/self/fd")
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (root / "etc/systemd/system/test.target").write_text(TARGET, encoding="ascii")
    shutil.copy(ROOT / "conf/systemd/liaison.service", root / UNIT)
    (root / (UNIT + ".d")).mkdir()
    (root / (UNIT + ".d") / "faster.conf").write_text(FASTER, encoding="ascii")
    shutil.copy(binary, root / "usr/local/bin/liaison")
    shutil.copytree(folder / "home", root / HOME.lstrip("/"))
    for command in (["useradd", "--system", "--home-dir", HOME, "--shell", "/usr/sbin/nologin", "liaison"],
                    ["chown", "-R", "liaison:liaison", HOME], ["ip", "link", "set", "lo", "up"]):
        subprocess.run(["chroot", root, *command], check=True, capture_output=True, timeout=30)
    os.environ["container"] = "liaison-test"
    os.chroot(root)
    os.chdir("/")
    os.execv("/lib/systemd/systemd", ["systemd", "--system", "--unit=test.target", "--log-target=journal"])


class Machine:
    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary

    def __enter__(self):
        unified = next(line.split()[1] for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
                       if line.split()[2] == "cgroup2")
        self.group = pathlib.Path(unified) / f"liaison-test-{os.getpid()}"
        self.group.mkdir()
        words = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "--uts", "--ipc", "--net", "--propagation", "private", "--kill-child",
                 sys.executable, __file__, "--inside", self.folder, self.binary]
        with open(self.folder / "console", "wb") as console:
            self.process = subprocess.Popen(["sh", "-c", f'echo $$ > {self.group}/cgroup.procs; exec "$@"', "sh", *map(str, words)],
                                            stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        wait_for("systemd", lambda: self.ctl("show", "-p", "Version")[0] == 0, 30)
        return self

    def __exit__(self, *_):
        self.ctl("exit")
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()  # and with it all in its PID namespace
            self.process.wait()
        wait_for("fin du groupe", self._remove_groups, 10)

    def _remove_groups(self):
        for folder, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(folder)
        return True

    def ctl(self, *words, program="systemctl"):
        """(exit code, what it said)"""
        if not self._first():
            return 1, self.console()
        done = subprocess.run(["nsenter", "-t", self._first(), "-m", "-p", "-C", "-u", "-i", "-n", "-r", "-w", program, *words],
                              capture_output=True, text=True, timeout=90, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def console(self):
        return (self.folder / "console").read_text(errors="replace")

    def show(self, name):
        return self.ctl("show", "liaison", "--value", "-p", name)[1].strip()

    def journal(self):
        return self.ctl("-u", "liaison", "--no-pager", "-o", "cat", program="journalctl")[1]

    def is_running(self):
        return (self.show("ActiveState"), self.show("SubState")) == ("active", "running")

    def write(self, name, text):
        """Into the home of the node, as it is inside."""
        subprocess.run(["nsenter", "-t", self._first(), "-m", "-r", "tee", f"{HOME}/{name}"], input=text.encode(),
                       stdout=subprocess.DEVNULL, timeout=10, check=True)

    def _first(self):
        """systemd, by its number out here; "" before it is there."""
        try:
            return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()[0]
        except (OSError, IndexError):
            return ""


def check_sandbox(checks, machine):
    _, said = machine.ctl("-c", f"cat /proc/{machine.show('MainPID')}/status", program="sh")
    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    checks.that("ni root, ni autre droit que les ports bas", status["Uid"].split()[1] != "0" and int(status["CapEff"], 16) == 1 << 10, said)
    checks.equal("NoNewPrivs et seccomp", (status["NoNewPrivs"].strip(), status["Seccomp"].strip()), ("1", "2"))


def check_reload(checks, machine, settings):
    before = machine.show("MainPID")
    checks.equal("systemctl reload", machine.ctl("reload", "liaison"), (0, ""))
    checks.that("relu", "app.reloaded" in machine.journal())
    machine.write("liaison.toml", re.sub(r"(?m)^deliveries = \d+", "deliveries = -1", settings))
    checks.that("réglages faux : reload échoue", machine.ctl("reload", "liaison")[0] != 0)
    checks.equal("et le nœud vit", (machine.is_running(), machine.show("MainPID")), (True, before))
    checks.that("la clé est au journal", "[limits] deliveries" in machine.journal(), machine.journal()[-600:])
    checks.that("redémarré avec eux : échec", machine.ctl("restart", "liaison")[0] != 0)
    # The unit says RestartPreventExitStatus=78: with these settings no start is tried again.
    checks.equal("il ne s'entête pas", (machine.show("ActiveState"), machine.show("NRestarts")), ("failed", "0"))
    machine.write("liaison.toml", settings)
    checks.equal("réparé", machine.ctl("restart", "liaison"), (0, ""))


def check_restarts(checks, machine):
    for number, (signal, result) in enumerate((("STOP", "watchdog"), ("KILL", "signal")), 1):
        before = machine.show("MainPID")
        machine.ctl("kill", f"--signal={signal}", "--kill-whom=main", "liaison")
        wait_for(f"un nœud neuf après {signal}", lambda: machine.is_running() and machine.show("MainPID") not in (before, "0"), 60)
        checks.equal(f"{signal} : redémarrages", machine.show("NRestarts"), str(number))
        checks.that(f"{signal} : {result} au journal", f"result '{result}'" in machine.journal(), machine.journal()[-600:])


def test(lab, checks):
    home = lab.folder / "home"
    home.mkdir(mode=0o700)
    subprocess.run([lab.binary, "init", "--dir", home], check=True, capture_output=True, timeout=60)
    subprocess.run([ROOT / "scripts/make-test-pki", lab.pki, "--hospital-address", "relais@hopital.demo.mssante.fr", "--hospital-name",
                    "relais.hopital.example"], check=True, capture_output=True, timeout=120)
    shutil.copytree(lab.pki, home / "pki", dirs_exist_ok=True)
    settings = (home / "liaison.toml").read_text(encoding="utf-8")
    with Machine(lab.folder, lab.binary) as machine:
        try:
            wait_for("active (running)", machine.is_running, 60)
        except Exception:
            print(machine.console(), machine.journal(), machine.ctl("status", "liaison")[1], sep="\n")
            raise
        checks.equal("STATUS", machine.show("StatusText"), "en service")
        check_sandbox(checks, machine)
        check_reload(checks, machine, settings)
        check_restarts(checks, machine)
        checks.equal("systemctl stop", machine.ctl("stop", "liaison"), (0, ""))
        checks.equal("arrêt propre", [machine.show(name) for name in ("ActiveState", "Result", "ExecMainStatus")],
                     ["inactive", "success", "0"])


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        become_systemd(*map(pathlib.Path, sys.argv[2:]))
    run(test)
