"""A group of services under load, for scripts/demo --load: discharges by the hour, letters written early, late or never,
doctors without certificate, unknown, with several addresses, or with a mailbox that is gone. One day of the hospital
takes 86 400 / speed seconds; instants are those of now. Seeded: the same numbers make the same day."""
import collections
import dataclasses
import datetime
import heapq
import itertools
import random
import time

import letters
from ehr import numbered_patient

# How often one of 100 discharges takes this way, and the state in which its stay ends today.
WAYS = {"claire": (20, "met_j0"), "anne": (20, "met_j0"), "ousmane": (18, "met_j0"), "linh": (18, "met_j0"),
        "no_certificate": (5, "in_progress"), "unknown": (4, "in_progress"), "ambiguous": (2, "in_progress"),
        "gone": (3, "in_progress"), "no_letter": (10, "awaiting_letter")}
DOCTOR_OF = {"claire": "lenoiraud", "anne": "rouxelles", "ousmane": "mbayard", "linh": "tranquercy",
             "no_certificate": "guibertel", "unknown": "dussolier", "ambiguous": "petitboisel", "gone": "vandermollen",
             "no_letter": "lenoiraud"}
HOURS = [1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 14, 12, 6, 10, 16, 14, 8, 4, 3, 2, 2, 1, 1, 1]  # of discharges, from midnight
WRITING_SECONDS = 2 * 3600  # from the discharge to the letter, on average
DAY_SECONDS = 86400


@dataclasses.dataclass(order=True)
class Event:
    at: float  # seconds of the hospital's day
    order: int
    stay: int = dataclasses.field(compare=False)
    what: str = dataclasses.field(compare=False)


class Day:
    def __init__(self, stays, seed):
        chance = random.Random(seed)
        self.ways = chance.choices(list(WAYS), [share for share, _ in WAYS.values()], k=stays)
        self.services, self._events, order = [], [], itertools.count()
        for number, way in enumerate(self.ways):
            self.services.append(chance.choice(("4410", "4420", "4430", "4440")))
            hour = chance.choices(range(24), HOURS)[0]
            at = hour * 3600 + chance.uniform(0, 3600)
            self._events.append(Event(at, next(order), number, "adt"))
            if way != "no_letter":
                self._events.append(Event(at + chance.expovariate(1 / WRITING_SECONDS), next(order), number, "mdm"))
        heapq.heapify(self._events)

    def expected(self):
        """state of the stay -> how many, when all is over and the day is not."""
        return collections.Counter(WAYS[way][1] for way in self.ways)

    def play(self, speed, drop):
        """Calls drop(submission) at its time; the names of what was dropped."""
        world = letters.World.load(datetime.datetime.now(letters.UTC))
        began, first, made = time.monotonic(), self._events[0].at, []
        while self._events:
            event = heapq.heappop(self._events)
            wait = (event.at - first) / speed - (time.monotonic() - began)
            if wait > 0:
                time.sleep(wait)
            one = self._submission(world, event)
            drop(one)
            made.append(one.file)
        return made

    def _submission(self, world, event):
        number, doctor = event.stay, DOCTOR_OF[self.ways[event.stay]]
        world.now = datetime.datetime.now(letters.UTC).replace(microsecond=0)
        who = world.stays[0]["patient"] | numbered_patient(number + 1, f"C{number:07}", "ZW")
        # Nobody knows an address of these: a document names them, a message of HL7 cannot.
        form = "cda" if event.what == "mdm" and self.ways[number] in ("unknown", "ambiguous") else event.what
        described = {"file": f"c{number:07}-{event.what}.{'xml' if form == 'cda' else 'hl7'}", "form": form, "type": "LL", "to": [doctor]}
        stay = letters.simple_stay(str(200000 + number), who, treating=doctor, discharge="-0h00m", files=[described],
                                   service=self.services[number])
        return world.first_file_of(stay)


def least_seconds_left():
    """Of today, in Paris."""
    now = datetime.datetime.now(letters.PARIS)
    tomorrow = (now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (tomorrow.astimezone(letters.UTC) - now.astimezone(letters.UTC)).total_seconds()


def compare(expected, stays):
    """Lines for people, and whether all are equal; `stays` as `report --format json` lists them."""
    found = collections.Counter(stay["state"] for stay in stays)
    rows = [(state, expected[state], found[state]) for state in sorted(expected | found)]
    return [f"  {state:<16} attendus {wanted:>6}   relevés {seen:>6}" for state, wanted, seen in rows], \
        all(wanted == seen for _, wanted, seen in rows)
