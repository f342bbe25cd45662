"""Figures, as they are printed and as --json writes them: each with its target and whether it holds, where one is promised."""
import json

MIB = 2**20


def number(value):
    return f"{value:.2f}".replace(".", ",") if abs(value) < 100 else f"{value:,.0f}".replace(",", " ")


class Table:
    def __init__(self, file=None):
        self.figures, self._file = [], file

    def add(self, name, value, unit="", target=None):
        """`target`: (sign, limit), as in ("≤", 3.5)."""
        holds, said = None, ""
        if target:
            sign, limit = target
            holds = {"≤": value <= limit, "<": value < limit, "≥": value >= limit, "=": value == limit}[sign]
            said = f"{sign} {limit:g}".replace(".", ",")
        self.figures.append({"name": name, "value": round(value, 3), "unit": unit, "target": said or None, "holds": holds})
        self._save()  # what was measured stays when a later part fails
        shown = str(value) if isinstance(value, int) else number(value)
        verdict = {None: "", True: "tenu", False: "NON TENU"}[holds]
        print(f"  {name:<58}{shown:>10} {unit:<10}{said:<10}{verdict}".rstrip(), flush=True)

    def add_memory(self, name, octets, limit):
        self.add(name, octets / MIB, "Mio", ("<", limit))

    def _save(self):
        if self._file:
            self._file.write_text(json.dumps({"figures": self.figures}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def title(text):
    print(f"\n{text}", flush=True)
