"""A program of the system as a peer of ours: its folder, process and log are its own, the system's is never started. Ended by its
pid. Needs root, since it changes to accounts of its own.

  class Dovecot(OwnPeer):
      program = "Dovecot"
      def prepare(self): ...                        # self.folder is there, walkable by others
      def start(self): self.launch(["dovecot", "-F", "-c", ...], lambda: "starting" in self.log())
  with Dovecot() as peer: ...                       # stop() at the end; log() is what it said"""
import contextlib
import os
import pathlib
import pwd
import signal
import subprocess
import tempfile

from lab import wait_for


class OwnPeer:
    program = "?"
    _process = None

    def __enter__(self):
        # Its accounts walk through it, so it is a folder of its own beside the private one of the test.
        self._cleanup = contextlib.ExitStack()
        self.folder = pathlib.Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(
            prefix=f"liaison-{self.program.lower()}-", ignore_cleanup_errors=True)))
        os.chmod(self.folder, 0o755)
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self._cleanup.close()

    def prepare(self):
        """The folder's content, before anything starts."""

    def folders(self, *names, owner=None):
        """Makes them; `owner`: the account they belong to."""
        for name in names:
            made = self.folder / name
            made.mkdir(parents=True, mode=0o755)
            if owner:
                account = pwd.getpwnam(owner)
                os.chown(made, account.pw_uid, account.pw_gid)

    def launch(self, command, is_ready, seconds=30, environment=None):
        with open(self.folder / "out", "ab") as out:
            self._process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                             env=os.environ | (environment or {}), start_new_session=True)

        def ready():
            if self._process.poll() is not None:
                raise SystemExit(f"{self.program} s'est arrêté :\n" + self.log())
            return is_ready()

        wait_for(f"démarrage de {self.program}", ready, seconds)

    def ask_to_end(self, process, _seconds):
        process.send_signal(signal.SIGTERM)

    def stop(self, seconds=20):
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            self.ask_to_end(process, seconds)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self):
        return "".join((self.folder / name).read_text(errors="replace") for name in ("out", "log") if (self.folder / name).exists())

    def maildir(self, name):
        """What is new in mail/NAME, as stored, oldest first."""
        new = self.folder / "mail" / name / "new"
        if not new.is_dir():
            return []
        return [file.read_bytes() for file in sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns)]
