"""What /proc says of processes: CPU, memory. And the counter of sync calls (sync_counter.c)."""
import mmap
import os
import struct

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def cpu_seconds(pid):
    """User and system time of one process, all its threads."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu_seconds_of_tree(pid):
    """Of a process, of its descendants that run, and of those that ended and were waited for."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children.setdefault(int(_stat(name)[1]), []).append(int(name))
            except OSError:
                continue  # it ended meanwhile
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        try:
            total += sum(int(field) for field in _stat(one)[11:15])
        except OSError:
            continue
        todo += children.get(one, [])
    return total / TICK


def resident_octets(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak_resident_octets(pid):
    """The most it ever had."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


class SyncCounter:
    def __init__(self, file):
        self.file = file
        with open(file, "wb") as out:
            out.write(bytes(32))
        os.chmod(file, 0o666)  # Postfix's users count too
        with open(file, "r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 32)

    def total(self):
        return sum(struct.unpack("4Q", self._map[:32]))
