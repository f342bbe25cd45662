"""What a power cut leaves, put back from the shadow that tests/support/fault_shim.c kept (its header says what is modelled)."""
import os
import shutil


class _Disk:
    """Folders and files as they are on stable storage: a folder is {name: (key, type)}, a file is the path of its copy."""

    def __init__(self):
        self.roots = {}      # path -> key
        self.folders = {}    # key -> {name: (key, type)}
        self.files = {}      # key -> copy; a file that was never synced has none, and is empty
        self.pending = []    # renames made and not durable yet

    def folder_synced(self, key, entries):
        self.folders[key] = entries
        for rename in [one for one in self.pending if key in (one[0], one[2])]:
            if rename in self.pending:
                self._settle(rename, key)

    def _settle(self, rename, synced):
        """A rename is one act, and what happened to the same file before it is durable with it. The folder that was synced
        has just said what it holds; the other one learns of it here."""
        until = self.pending.index(rename)
        for one in [earlier for earlier in self.pending[:until + 1] if earlier[4] == rename[4]]:
            old_folder, old_name, new_folder, new_name, key, kind = one
            if old_folder != synced and self.folders.get(old_folder, {}).get(old_name, (None,))[0] == key:
                del self.folders[old_folder][old_name]
            if new_folder != synced:
                self.folders.setdefault(new_folder, {})[new_name] = (key, kind)
            self.pending.remove(one)


def _text(hexadecimal):
    return os.fsdecode(bytes.fromhex(hexadecimal))


def _read(shadow, moved):
    disk = _Disk()
    with open(os.path.join(shadow, "journal"), encoding="ascii") as journal:
        for line in journal:
            word, *rest = line.split()
            if word == "file":
                disk.files[rest[0]] = os.path.join(shadow, rest[1])
            elif word == "folder":
                entries = {}
                for entry in rest[1:]:
                    name, _, value = entry.partition("=")
                    key, _, kind = value.partition("/")
                    entries[_text(name)] = (key, kind)
                disk.folder_synced(rest[0], entries)
            elif word == "rename":
                old_folder, old_name, new_folder, new_name, key, kind = rest
                disk.pending.append((old_folder, _text(old_name), new_folder, _text(new_name), key, kind))
            elif word == "root":  # ends the baseline
                disk.roots[_text(rest[1])] = rest[0]
                _move_durably(disk, moved)
    return disk


def _move_durably(disk, moved):
    """Renames that another program made and synced while the process was watched."""
    for old, new in moved:
        source, target = (_folder_at(disk, os.path.dirname(path)) for path in (old, new))
        if source is not None and target is not None and os.path.basename(old) in source:
            target[os.path.basename(new)] = source.pop(os.path.basename(old))


def _folder_at(disk, path):
    for root, key in disk.roots.items():
        if path != root and not path.startswith(root + "/"):
            continue
        folder = disk.folders[key]
        for part in os.path.relpath(path, root).split("/"):
            if part == ".":
                continue
            if part not in folder:
                return None
            folder = disk.folders.setdefault(folder[part][0], {})
        return folder
    return None


def _put_back(disk, path, entries):
    for entry in os.scandir(path):
        kind = entries.get(entry.name, (None, None))[1]
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder and kind != "d":
            shutil.rmtree(entry.path)
        elif not is_folder and (kind != "f" or entry.name.endswith("-shm") or not entry.is_file(follow_symlinks=False)):
            os.unlink(entry.path)
    for name, (key, kind) in entries.items():
        target = os.path.join(path, name)
        if kind == "d":
            os.makedirs(target, mode=0o700, exist_ok=True)
            _put_back(disk, target, disk.folders.get(key, {}))
        elif kind == "f" and not name.endswith("-shm"):  # shared memory of SQLite is not content
            _put_back_content(target, disk.files.get(key, os.devnull))


def _put_back_content(target, kept):
    """Writes only what differs: the rest is on the disk already, and need not be synced again by whoever comes next."""
    block = 1 << 16
    flags = os.O_RDWR | os.O_CREAT
    with open(kept, "rb") as source, open(os.open(target, flags, 0o600), "r+b", buffering=0) as out:
        at = 0
        while wanted := source.read(block):
            if os.pread(out.fileno(), len(wanted), at) != wanted:
                os.pwrite(out.fileno(), wanted, at)
            at += len(wanted)
        out.truncate(at)


def restore(shadow, moved=()):
    """Every file and folder under the roots becomes what was last synced. `moved`: (old, new) paths that were renamed durably
    by the test itself, as the hospital's software does. False when the process never reached its first counted call."""
    if not os.path.exists(os.path.join(shadow, "journal")):
        return False
    disk = _read(shadow, moved)
    for root, key in disk.roots.items():
        _put_back(disk, root, disk.folders[key])
    return True
