"""A Lab whose settings each test writes itself: one or several nodes, of any role, under any peer.

  with Nodes(folder, binary) as lab:
      lab.make_pki(doctors)
      lab.add_hospital(next_hop=port, returns=lab.free_port(), retry={"first_seconds": 1})
      lab.add_operator(smtp=port, returns=…)
      lab.start_node("hospital")

Everything else is Lab's. A second hospital on one spool folder: add_hospital("hospital-b", spool_folder=lab.spool, …)."""
import argparse
import contextlib
import json
import os
import pathlib
import socket
import sys
import tempfile

from lab import Lab, LabError, wait_for

HOSPITAL = "relais@hopital.demo.mssante.fr"
HOSPITAL_NAME = "relais.hopital.demo.mssante.fr"
OPERATOR_NAME = "mx.medecin.demo.mssante.fr"
DOMAIN = "medecin.demo.mssante.fr"


def free_ports(count):
    """Ports that differ: all are held until the last is known."""
    with contextlib.ExitStack() as held:
        return [held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


def _toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(str(value) if isinstance(value, pathlib.Path) else value, ensure_ascii=False)


class Nodes(Lab):
    def make_folders(self, name):
        home = self.folder / name
        for part in ("", "data", "spool", "ack"):
            (home / part).mkdir(mode=0o700, exist_ok=True)
        key = home / "node.key"
        if not key.exists():
            with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
                out.write(os.urandom(32))
        return home

    def write_settings(self, name, tables, routes):
        lines = []
        for table, keys in tables.items():
            lines += [f"[{table}]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
        for route in routes:
            lines += ["[[route]]", *(f"{key} = {_toml(value)}" for key, value in route.items())]
        file = self.make_folders(name) / "liaison.toml"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")

    def add_hospital(self, name="hospital", *, next_hop, returns=0, server_name=OPERATOR_NAME, spool_folder=None, ack_folder=None,
                     domains=(DOMAIN, "hopital.demo.mssante.fr"), node_name=HOSPITAL_NAME, more_routes=(), routed=None, **changed):
        """`more_routes`: domain -> port, before that of all others. `routed`: further keys of every route. `changed`: table -> {key: value},
        laid over what is written here."""
        tables = {
            "node": {"name": node_name, "data": "data", "key": "node.key", "environment": "test"},
            "roles": {"hospital": True},
            "tls": {"certificate": "../pki/hospital-tls.crt", "key": "../pki/hospital-tls.key", "anchors": "../pki/anchors.pem"},
            "spool": {"folder": spool_folder or "spool", "acknowledgements": ack_folder or "ack", "rescan_seconds": 1,
                      "stable_milliseconds": 200, "pair_wait_seconds": 2},
            "establishment": {"finess": "990000010", "name": "HOPITAL DEMO", "oid_root": "2.999.7", "phone": "tel:+33199000000"},
            "hospital": {"address": HOSPITAL, "signing_certificate": "../pki/hospital-sign.crt",
                         "signing_key": "../pki/hospital-sign.key", "returns": f"127.0.0.1:{returns}"},
            "trust": {"anchors": "../pki/anchors.pem", "domains": list(domains)},
            "limits": {"free_disk_octets": 1 << 20, "workers": 2},
            "retry": {"first_seconds": 1, "most_seconds": 1},
        }
        for table, keys in changed.items():
            tables[table] = tables.get(table, {}) | keys
        self.write_settings(name, tables, [{"domain": domain, "next_hop": f"127.0.0.1:{port}", "server_name": server_name} | (routed or {})
                                           for domain, port in (*dict(more_routes).items(), ("*", next_hop))])

    def add_operator(self, name="operator", *, smtp, returns, imap=0, imaps=0, domains=(DOMAIN,), more_routes=(), **changed):
        """`more_routes`: domain -> port, as for add_hospital; the servers there show the hospital's name."""
        tables = {
            "node": {"name": OPERATOR_NAME, "data": "data", "key": "node.key", "environment": "test"},
            "roles": {"operator": True},
            "tls": {"certificate": "../pki/operator-tls.crt", "key": "../pki/operator-tls.key", "anchors": "../pki/anchors.pem"},
            "operator": {"domains": list(domains), "smtp": f"127.0.0.1:{smtp}"}
            | {key: f"127.0.0.1:{port}" for key, port in (("imap", imap), ("imaps", imaps)) if port is not None},
            "trust": {"anchors": "../pki/anchors.pem", "domains": ["hopital.demo.mssante.fr"]},
            "limits": {"free_disk_octets": 1 << 20, "workers": 2},
            "retry": {"first_seconds": 1, "most_seconds": 1},
        }
        for table, keys in changed.items():
            tables[table] = tables.get(table, {}) | keys
        self.write_settings(name, tables, [{"domain": domain, "next_hop": f"127.0.0.1:{port}", "server_name": HOSPITAL_NAME}
                                           for domain, port in (("hopital.demo.mssante.fr", returns), *dict(more_routes).items())])

    def add_pair(self, hospital=None, operator=None):
        """A hospital and an operator that know each other."""
        smtp, returns = free_ports(2)
        self.add_hospital(next_hop=smtp, returns=returns, **(hospital or {}))
        self.add_operator(smtp=smtp, returns=returns, **(operator or {}))

    def start_pair(self):
        for role in ("operator", "hospital"):
            self.start_node(role)
        self.add_mailboxes()
        self.import_directory()

    def start_node(self, role, env=None, seconds=30):
        process = super().start_node(role, env, seconds)
        endpoints = json.loads((self.folder / role / "data/run/endpoints.json").read_text(encoding="utf-8"))
        if "returns" in endpoints:
            endpoints["smtp"] = endpoints.pop("returns")
        self.nodes[role] = endpoints | {"pid": process.pid}
        return process

    def port(self, role, name):
        return int(self.nodes[role][name].rsplit(":", 1)[1])

    def log(self, role="hospital"):
        return (self.folder / f"{role}.out").read_text(encoding="utf-8", errors="replace")

    # ---- what became of the letters ----------------------------------------------------------------------------
    def deliveries(self):
        """Every delivery of a letter, as `queue --all` lists it."""
        return [row for row in self.queue("--all")["deliveries"] if row["kind"] == "letter"]

    def letter(self, identifier):
        return json.loads(self.liaison("letter", identifier, "--format", "json").stdout)

    def letter_of(self, document_sha256):
        """What `letter` says of the one with this document; None while there is none."""
        for identifier in {row["letter"] for row in self.deliveries()}:
            if (said := self.letter(identifier))["document_sha256"] == document_sha256:
                return said
        return None

    def wait_for_state(self, document_sha256, *states, seconds=30):
        """The letter, once its only delivery is in one of these states."""
        def reached():
            said = self.letter_of(document_sha256)
            if said and len(said["deliveries"]) == 1 and said["deliveries"][0]["state"] in states:
                return said
            raise LabError("état : " + (", ".join(one["state"] for one in said["deliveries"]) if said else "lettre inconnue"))
        return wait_for(f"état {' ou '.join(states)}", reached, seconds, every=0.2)


# ---- a test's frame ------------------------------------------------------------------------------------------------
class Checks:
    """Collects what is wrong and goes on, so that one run shows it all."""

    def __init__(self):
        self.done, self.failures = 0, []

    def equal(self, what, found, wanted):
        self.that(what, found == wanted, f"trouvé {found!r}, attendu {wanted!r}")

    def that(self, what, holds, detail=""):
        self.done += 1
        if not holds:
            self.failures.append(f"{what}" + (f" : {detail}" if detail else ""))
            print("ÉCHEC", self.failures[-1], flush=True)

    def raises(self, what, errors, call):
        try:
            call()
        except errors:
            self.that(what, True)
        else:
            self.that(what, False, "aucune erreur")


def run(test):
    """test(lab, checks) in a folder of its own; 0 only if every check held. --keep leaves the folder; other words are lab.options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=os.path.realpath)
    parser.add_argument("more", nargs="*")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    checks = Checks()
    with contextlib.ExitStack() as stack:
        if options.keep:
            folder = tempfile.mkdtemp(prefix="liaison-test-")
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="liaison-test-", ignore_cleanup_errors=True))
        lab = stack.enter_context(Nodes(folder, options.binary))
        lab.options = options
        try:
            test(lab, checks)
        except (LabError, OSError) as error:
            checks.that("arrêt de l'essai", False, repr(error))
        if checks.failures:
            for out in sorted(pathlib.Path(folder).glob("*.out")):
                print(f"--- {out.name}\n" + "\n".join(out.read_text(errors="replace").splitlines()[-40:]))
        if options.keep:
            print("dossier", folder)
    print(f"{checks.done} vérifications, {len(checks.failures)} en échec")
    sys.exit(1 if checks.failures or not checks.done else 0)
