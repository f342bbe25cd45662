"""The web pages of a running hospital node: curl's and a browser's view of them, promtool on the metrics, every figure held
against `liaison report`, hosts and methods that are refused, no mark of a patient anywhere.

pages.py LIAISON"""
import datetime
import html.parser
import json
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from lab import Doctor, LabError  # noqa: E402
from letters import PARIS, World, simple_stay  # noqa: E402
from nodes import run  # noqa: E402
from stays import OTHER, PATIENT, Feed  # noqa: E402

SITES = """
[[site]]
code = "NORD"
name = "Site Nord"
group = "GH Est"
[site.services]
1003 = "Cardiologie <1>"
2002 = "Chirurgie"

[[site]]
code = "SUD"
name = "Site Sud"
group = "GH Sud"
[site.services]
3001 = "Pneumologie"
"""
MARKS = ("ZYGOMALAS", "KERVADEC", "ODETTE", "ARMEL", "285076900000095", "D880001", "lenoiraud")
RATES = ("j0", "h48", "any_channel", "confirmed", "no_letter", "no_address", "rejected", "filing_refused", "known_read", "repeated")
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(html.parser.HTMLParser):
    """Fails on what is not closed in its order; keeps cells with data-of and rows with data-key, and every id and href."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.cells, self.ids, self.links, self.rows, self.tables = [], [], [], [], [], {}, []
        self.heads, self.table, self.row, self.words = [], None, None, []
        self.feed(text)
        self.close()
        self.wrong += [f"jamais fermé : {tag}" for tag in self.open]
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if any(name.startswith("on") or name == "style" for name in found):
            self.wrong.append(f"script ou style en ligne : {tag}")
        if tag in ("script", "style") and "src" not in found:
            self.wrong.append(f"{tag} en ligne")
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])
        if tag == "table":
            self.table = {"id": found.get("id"), "caption": False, "scopes": True}
            self.tables.append(self.table)
        if tag == "caption" and self.table:
            self.table["caption"] = True
        if tag == "th" and "scope" not in found:
            self.table["scopes"] = False
        if tag in ("h1", "h2", "h3"):
            self.heads.append(tag)
        if tag == "tr":
            self.row = found.get("data-key")
        if "data-of" in found:
            self.cells.append(found | {"row": self.row, "table": self.table and self.table["id"]})
        if tag == "td" and self.row is not None:
            self.rows.setdefault((self.table["id"], self.row), []).append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"fermé sans être ouvert : {tag}")
        if tag == "table":
            self.table = self.row = None

    def handle_data(self, data):
        self.words.append(data)
        if self.row is not None and "td" in self.open:
            self.rows[(self.table["id"], self.row)][-1] += data


def numbers(cell):
    return {key: int(cell[f"data-{key}"]) for key in ("numerator", "denominator", "pending")}


def wanted(figures, key):
    return {name: figures[key][name] for name in ("numerator", "denominator", "pending")}


class Web:
    def __init__(self, lab, checks):
        self.at, self.checks, self.seen = "http://" + lab.nodes["hospital"]["http"], checks, []

    def curl(self, path, *more):
        """Status, fields (lower case), content."""
        done = subprocess.run(["curl", "-sS", "-i", "--http1.1", "--max-time", "20", *more, self.at + path], capture_output=True,
                              timeout=30, check=False)
        if done.returncode != 0:
            raise LabError(f"curl {path} : {done.stderr.decode()}")
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        text = content.decode(errors="replace")
        self.seen.append(text)
        return int(lines[0].split()[1]), fields, text

    def page(self, path):
        status, fields, text = self.curl(path)
        self.checks.equal(f"{path} : état", status, 200)
        self.checks.equal(f"{path} : type", fields.get("content-type"), "text/html; charset=utf-8")
        for name, value in (("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")):
            self.checks.equal(f"{path} : {name}", fields.get(name), value)
        self.checks.that(f"{path} : CSP", "unsafe" not in fields.get("content-security-policy", "unsafe"))
        page = Page(text)
        self.checks.equal(f"{path} : bien formée", page.wrong, [])
        self.checks.equal(f"{path} : identifiants uniques", len(page.ids), len(set(page.ids)))
        self.checks.equal(f"{path} : un h1, d'abord", (page.heads[0], page.heads.count("h1")), ("h1", 1))
        self.checks.that(f"{path} : légendes et portées", all(one["caption"] and one["scopes"] for one in page.tables), page.tables)
        self.checks.that(f"{path} : en français", '<html lang="fr">' in text)
        return page


def report(lab, first, last, *more):
    return json.loads(lab.liaison("report", "--from", first, "--to", last, *more, "--format", "json").stdout)


def check_figures(lab, web, checks, now):
    first, last = ((now + datetime.timedelta(days=days)).astimezone(PARIS).date().isoformat() for days in (-6, 0))
    period = f"from={first}&to={last}"
    said = report(lab, first, last, "--by", "group")
    page = web.page(f"/indicateurs?{period}")
    totals = said["totals"]
    checks.that("des sorties à compter", totals["discharges"] >= 3, totals)
    for key in RATES:
        cells = page.rows[("t-tous", key)]
        digits = ["".join(c for c in text if c.isdigit()) for text in cells[1:]]
        figures = wanted(totals, key)
        checks.equal(f"{key} : numérateur, dénominateur, attente, exclues", [int(d) for d in digits],
                     [figures["numerator"], figures["denominator"], figures["pending"], totals["excluded"]])
        rate = totals[key]["rate"]
        shown = "–" if rate is None else f"{int(rate * 1000 + 0.5) / 10:.1f}".replace(".", ",") + "\u202f%"
        checks.equal(f"{key} : taux", cells[0], shown)
    checks.equal("provisoire ou close", "provisoires" in page.text, said["provisional"])
    groups = {row["key"]: row for row in said["rows"]}
    for cell in (c for c in page.cells if c["table"] == "t-detail" and c["row"] is not None and "data-numerator" in c):
        checks.equal(f"{cell['row']} {cell['data-of']}", numbers(cell), wanted(groups[cell["row"]], cell["data-of"]))
    days = {row["key"]: row for row in report(lab, first, last, "--by", "day")["rows"]}
    shown = [c for c in page.cells if c["table"] == "t-taux" and c["data-of"] == "j0"]
    checks.equal("J0 par jour", [numbers(c) for c in shown], [wanted(days[day], "j0") for day in sorted(days)])
    for segment in ("writing", "submission", "relay"):
        cells = [c for c in page.cells if c["table"] == "t-delai" and c["data-of"] == segment]
        checks.equal(f"{segment} : n par jour, puis en tout", [int(c["data-count"]) for c in cells],
                     [days[day][segment]["count"] for day in sorted(days)] + [totals[segment]["count"]])
        median = totals[segment]["median_seconds"]
        checks.equal(f"{segment} : médiane", cells[-1]["data-value"], "" if median is None else f"{median:.3f}")
    for service in {row["key"] for row in report(lab, first, last, "--by", "service")["rows"]}:
        alone = report(lab, first, last, "--by", "service", "--service", service)["totals"]
        below = web.page(f"/indicateurs?{period}&service={urllib.parse.quote(service)}")
        tile = next(c for c in below.cells if c["table"] is None and c["data-of"] == "h48")
        checks.equal(f"service {service} : 48 h", numbers(tile), wanted(alone, "h48"))
    walked = set()
    todo = [link for link in page.links if link.startswith("/indicateurs?")]
    while todo:
        link = todo.pop()
        if link not in walked and len(walked) < 60:
            walked.add(link)
            todo += [one for one in web.page(link).links if one.startswith("/indicateurs?")]
    checks.that("du groupe au site, au service", any("service=" in link for link in walked), walked)


def check_health(lab, web, checks):
    for path, content in (("/healthz", "alive\n"), ("/readyz", "ready\n")):
        status, fields, text = web.curl(path)
        checks.equal(path, (status, fields["content-type"], text), (200, "text/plain; charset=utf-8", content))
    status, fields, metrics = web.curl("/metrics")
    checks.equal("/metrics", (status, fields["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
    judged = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True, timeout=30, check=False)
    checks.equal("promtool check metrics", (judged.returncode, judged.stdout + judged.stderr), (0, ""))
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line and not line.startswith("#"))
    counts = lab.queue()["counts"]
    checks.equal("envois confirmés", int(values['relay_deliveries{state="confirmed"}']), counts.get("confirmed", 0))
    checks.that("version", any(name.startswith("relay_build_info{") for name in values))
    checks.equal("en service", values['relay_node_phase{phase="serving"}'], "1")


def check_refusals(lab, web, checks):
    for what, status, arguments in (
            ("méthode", 405, ["-X", "DELETE", "/liste"]), ("contenu", 413, ["-d", "x", "/liste"]),
            ("autre hôte", 421, ["-H", "Host: rebind.example", "/liste"]), ("page absente", 404, ["/absente"]),
            ("chemin", 404, ["--path-as-is", "/assets/../../etc/passwd"]), ("date", 400, ["/indicateurs?from=hier"]),
            ("adresse trop longue", 414, ["/" + "x" * 1100]), ("en-tête trop long", 431, ["-H", "X: " + "x" * 9000, "/liste"])):
        got, fields, text = web.curl(arguments[-1], *arguments[:-1])
        checks.equal(what, got, status)
        checks.equal(f"{what} : page d'erreur", Page(text).wrong, [])
        checks.equal(f"{what} : Allow", fields.get("allow"), "GET, HEAD" if status == 405 else None)
    checks.that("rien de ce que le client écrit n'est renvoyé", not any("rebind" in text or "absente" in text for text in web.seen[-8:]))
    status, fields, text = web.curl("/assets/style.css")
    checks.equal("feuille de style", (status, fields["content-type"]), (200, "text/css; charset=utf-8"))
    checks.equal("connue, elle n'est pas renvoyée", web.curl("/assets/style.css", "-H", f"If-None-Match: {fields['etag']}")[0], 304)
    checks.equal("HEAD", web.curl("/liste", "-I")[0], 200)


def check_browser(lab, web, checks):
    chromium = shutil.which("chromium")
    checks.that("chromium est là", bool(chromium))
    for path, canvases in (("/indicateurs", 2), ("/liste", 0)):
        done = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                               "--disable-background-networking", "--disable-component-update", f"--user-data-dir={lab.folder}/chromium",
                               "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom", web.at + path],
                              capture_output=True, text=True, timeout=120, check=False)
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        checks.equal(f"{path} : aucune erreur de la console", said, [])
        checks.equal(f"{path} : les graphiques sont dessinés", done.stdout.count('<canvas role="img"'), canvases)
        figures = done.stdout.split("<figure")[1:]
        checks.that(f"{path} : et visibles", all("hidden" not in one.split(">")[0] and "display: block" in one.split("</figure>")[0]
                                                   for one in figures), figures[:1])


def fill(lab, checks, now):
    world = World.load(now)
    day, hour = datetime.timedelta(days=1), datetime.timedelta(hours=1)
    feed = Feed(lab, checks, now)
    described = simple_stay("01", PATIENT, files=[{"form": "mdm", "file": "lettre.hl7", "type": "LL", "to": ["lenoiraud"]}],
                            discharge=None)
    letter = world.files_of(described)[0]
    feed.tell("A01", f"V{world.run}-01", "M1", now - 4 * day, unit="1003")
    lab.drop(letter)
    lab.wait_for_state(letter.document_sha256, "confirmed")
    feed.tell("A03", f"V{world.run}-01", "M2", now - hour, unit="1003")
    for number, (unit, since) in enumerate((("2002", 3 * day), ("2002", 30 * hour), ("3001", 50 * hour), ("9999", 2 * day))):
        feed.tell("A03", f"P{number}", f"P{number}", now - since, OTHER, unit=unit)
    feed.tell("A03", "S1", "S1", now - 2 * day, OTHER, unit="3001", kind="R")  # a series of sessions: excluded


def test(lab, checks):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    doctor = Doctor.from_stays(World.load(now).doctors["lenoiraud"])
    lab.make_pki([doctor])
    lab.add_pair(hospital={"http": {"listen": "127.0.0.1:0"}})
    with open(lab.config("hospital"), "a", encoding="utf-8") as settings:
        settings.write(SITES)
    lab.start_pair()
    web = Web(lab, checks)
    empty = web.page("/indicateurs")
    checks.that("rien sorti : aucun taux", "%" not in empty.text and "–" in empty.text)
    checks.that("rien à traiter", "Rien à traiter" in web.page("/liste").text)
    fill(lab, checks, now)
    check_figures(lab, web, checks, now)
    listed = web.page("/liste")
    checks.that("des séjours sans lettre", "48 h manquées" in listed.text, listed.text[:500])
    checks.that("celui du service demandé", "Pneumologie" in web.page("/liste?service=3001").text)
    check_health(lab, web, checks)
    check_refusals(lab, web, checks)
    check_browser(lab, web, checks)
    shown = "\n".join(web.seen) + lab.log()
    checks.equal("aucune identité dans les pages, les métriques, le journal", [mark for mark in MARKS if mark in shown], [])
    checks.equal("arrêt propre", [lab.stop_node(role) for role in ("hospital", "operator")], [0, 0])


if __name__ == "__main__":
    run(test)
