"""What the processes of the web server count, in memory that they share and that is never on a disk.

Each process writes into an area of its own, so that none waits for another; whoever reads adds them up. The memory is
taken before the processes are made, and outlives them: who follows a process goes on with its counts.
"""

import mmap
import threading
from collections import defaultdict

# The upper ends of the classes of duration, in seconds; one more is for what takes longer.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# A few more than a rolling restart needs, which has the old processes beside the new ones.
AREAS = 32
# Each route by each method with each class of status; what comes after the last row is not counted.
ROWS = 4096

# In numbers of eight bytes: the name of a row, and what it counts: durations by class, and their sum. A row before all
# others holds an area's own counts.
NAME = 12
CELLS = len(BOUNDS) + 2
ROW = NAME + CELLS
USED, RUNNING, AWAY = range(3)
AREA = ROW * (1 + ROWS)
NAME_LIMIT = 8 * NAME


class Counts:
    """The areas, and the one that this process counts in."""

    def __init__(self):
        self.memory = mmap.mmap(-1, 8 * AREA * AREAS)
        self.cells = memoryview(self.memory).cast("d")
        self.lock = threading.Lock()
        self.lent = set()
        self.take(0)

    def lend(self):
        """Return an area that nobody else has, for a process to come; the last one where all are lent."""
        area = next((area for area in range(1, AREAS - 1) if area not in self.lent), AREAS - 1)
        self.lent.add(area)
        return area

    def give_back(self, area):
        """Let the next process have the area of one that has ended."""
        self.lent.discard(area)

    def take(self, area):
        """Count in `area` from here on, and go on from what stands there."""
        self.start = area * AREA
        # Whoever had it before has ended, whatever was under way.
        self.cells[self.start + RUNNING] = 0
        self.rows = dict(self._rows(area))

    def begin(self):
        """Count a request that is under way."""
        with self.lock:
            self.cells[self.start + RUNNING] += 1

    def end(self, name, seconds):
        """Count that a request has been answered, under `name`, after so many `seconds`."""
        kind = next((place for place, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self.lock:
            self.cells[self.start + RUNNING] -= 1
            place = self.rows.get(name) or self._new_row(name)
            if place:
                self.cells[place + kind] += 1
                self.cells[place + CELLS - 1] += seconds

    def miss(self):
        """Count that a request could not be answered because the database was away."""
        with self.lock:
            self.cells[self.start + AWAY] += 1

    def requests(self):
        """Return `{name: [answers by class of duration…, sum of seconds]}` of all processes."""
        found = defaultdict(lambda: [0.0] * CELLS)
        for area in range(AREAS):
            for name, place in self._rows(area):
                row = self.cells[place : place + CELLS].tolist()
                found[name] = [one + more for one, more in zip(found[name], row, strict=True)]
        return dict(found)

    def total(self, cell):
        """Return the sum of RUNNING or AWAY over all processes."""
        return sum(self.cells[area * AREA + cell] for area in range(AREAS))

    def _rows(self, area):
        start = area * AREA
        for number in range(1, int(self.cells[start + USED]) + 1):
            place = start + number * ROW
            yield self.memory[8 * place : 8 * place + NAME_LIMIT].rstrip(b"\0").decode(), place + NAME

    def _new_row(self, name):
        used = int(self.cells[self.start + USED])
        if used == ROWS:
            return None
        place = self.start + (used + 1) * ROW
        text = name.encode()[:NAME_LIMIT]
        self.memory[8 * place : 8 * place + len(text)] = text
        # Only now does whoever reads look at it.
        self.cells[self.start + USED] = used + 1
        self.rows[name] = place + NAME
        return place + NAME


counts = Counts()
