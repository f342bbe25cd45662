"""A backlog of letters of 200 kB, all in the spool at once: how long until the last 2xx; then, by the receiver's own list, whether
each came, none twice, and the versions of each letter in their order."""
import collections
import contextlib
import sqlite3

from hospital import Hospital
from lab import wait_for

LETTERS, PROMISED, SECONDS = 2000, 16_000, 180
REPLACED = 10  # one letter in so many has a second version in the backlog


def _rows(node):
    """Message-ID -> (set, turn) of what was accepted, and how many left the queue otherwise."""
    with contextlib.closing(sqlite3.connect(f"file:{node.home / 'data/liaison.db'}?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT message_id, set_key, turn, state FROM delivery").fetchall()
    return ({message: (group, turn) for message, group, turn, state in rows if state == "accepted"},
            collections.Counter(row[3] for row in rows))


def _disorder(ids, accepted):
    """(sets with several versions received, those of them where a later one came first)"""
    turns = collections.defaultdict(list)
    for message in dict.fromkeys(ids):
        group, turn = accepted[message]
        turns[group].append(turn)
    several = [order for order in turns.values() if len(order) > 1]
    return len(several), sum(order != sorted(order) for order in several)


def measure(options, table):
    count = options.letters or (LETTERS // 10 if options.quick else LETTERS)
    with Hospital(options, "200k") as node:
        staged, meter = node.stage(count, count // REPLACED), node.meter()
        began = meter.now_ns()
        node.drop(staged)

        def ended():
            counts = node.lab.queue()["counts"]
            return counts.get("accepted", 0) + counts.get("superseded", 0) >= count
        wait_for("fin du retard", ended, 60 + count, every=0.2)
        wait_for("accusés", lambda: node.answered() >= count, 60)
        seen, ids, (accepted, states) = node.receiver.seen(), node.collector.message_ids(), _rows(node)
        seconds, resident = (seen.at_ns - began) / 1e9, node.peak_resident()
    name = f"Retard de {count} lettres de 200 ko"
    table.add(f"{name} : durée jusqu'au dernier 250", seconds, "s")
    at_that_rate = "" if count == PROMISED else ", à ce débit"
    table.add(f"Retard de 16 000 : durée{at_that_rate}", seconds * PROMISED / count, "s", ("<", SECONDS))
    table.add_memory(f"{name} : mémoire au plus haut", resident, 300)
    table.add(f"{name} : remplacées avant de partir", states["superseded"])
    table.add(f"{name} : perdues", count - states["superseded"] - len(set(ids) & set(accepted)), target=("=", 0))
    table.add(f"{name} : en double ou inconnues", len(ids) - len(set(ids) & set(accepted)), target=("=", 0))
    several, wrong = _disorder([one for one in ids if one in accepted], accepted)
    table.add(f"{name} : lettres reçues en deux versions", several)
    table.add(f"{name} : dont dans le désordre", wrong, target=("=", 0))
