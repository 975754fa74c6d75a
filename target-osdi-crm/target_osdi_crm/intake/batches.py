"""Arrivals gathered into batches and looked up in the journal together; what is unchanged goes no further."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from target_osdi_crm.journal.states import Row
from target_osdi_crm.journal.writer import MOST_AT_ONCE
from target_osdi_crm.task import WriteTask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_osdi_crm.apply.scheduler import Scheduler
    from target_osdi_crm.intake.progress import Progress
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.report.report import Report
    from target_osdi_crm.task import Arrival

SECONDS_TO_GATHER = 0.1
"""How long a record may wait for others to be looked up with."""


class Batches:
    """Gathers records and passes on those that differ from what was last acknowledged."""

    def __init__(
        self,
        journal: Journal,
        scheduler: Scheduler[WriteTask],
        progress: Progress,
        report: Report,
        *,
        fresh_after: float,
        pass_on: Callable[[WriteTask], None],
    ) -> None:
        """Make ready.

        Args:
            journal: Knows what was acknowledged.
            scheduler: Knows what is under way.
            progress: Learns what is settled.
            report: Counts.
            fresh_after: Records acknowledged before this time are passed on although they are unchanged.
            pass_on: Gets every other record.
        """
        self._journal = journal
        self._scheduler = scheduler
        self._progress = progress
        self._report = report
        self._fresh_after = fresh_after
        self._pass_on = pass_on
        self._gathered: list[Arrival] = []
        self._below: set[str] = set()
        self._gathering = threading.Lock()
        self._sorting = threading.Lock()
        self._ended = threading.Event()

    def begin(self, fail: Callable[[Exception], None]) -> None:
        """Sort what has come in, however little, when no more follows at once; `fail` gets what goes wrong then."""
        threading.Thread(target=self._sort_now_and_then, args=(fail,), name="intake", daemon=True).start()

    def add(self, arrival: Arrival) -> None:
        """Take a record in."""
        with self._gathering:
            self._progress.read += 1
            arrival.number = self._progress.read
            self._gathered.append(arrival)
        if len(self._gathered) >= MOST_AT_ONCE:
            self.sort()

    def end(self) -> None:
        """Take no more in."""
        self._ended.set()

    def _sort_now_and_then(self, fail: Callable[[Exception], None]) -> None:
        while not self._ended.wait(SECONDS_TO_GATHER):
            try:
                self.sort()
            except Exception as error:  # noqa: BLE001
                fail(error)

    def sort(self) -> None:
        """Settle what is unchanged, and pass the rest on."""
        with self._sorting:
            with self._gathering:
                batch, self._gathered = self._gathered, []
            if not batch:
                return
            self._scheduler.released.clear()
            changed = self._changed(batch)
            rows = self._journal.rows([(arrival.input.stream.name, _key(arrival)) for arrival in changed])
            for arrival in changed:
                self._progress.open(arrival.number)
            self._progress.sorted(batch[-1].number)
            known = {key for key, row in rows.items() if row.vendor_id}
            keys = {(arrival.input.stream.name, _key(arrival)) for arrival in changed}
            self._progress.new.update(stream for stream, _ in keys - known)
            for arrival in changed:
                stream, key = arrival.input.stream.name, _key(arrival)
                row = rows.get((stream, key)) or Row(stream, key)
                stale = stream in self._below or self._scheduler.held((stream, key))
                self._pass_on(WriteTask(arrival, key, row, stale=stale))

    def _changed(self, batch: Sequence[Arrival]) -> list[Arrival]:
        """Those that do not come just as they came when they were last acknowledged."""
        keys: dict[str, list[str]] = {}
        for arrival in batch:
            keys.setdefault(arrival.input.stream.name, []).append(_key(arrival))
        acknowledged = {name: self._journal.acknowledged(name, each) for name, each in keys.items()}
        changed: list[Arrival] = []
        theirs: set[tuple[str, str]] = set()
        unchanged: Counter[str] = Counter()
        plan = self._report.plan
        for arrival in batch:
            stream, key = arrival.input.stream.name, _key(arrival)
            seen, at = acknowledged[stream].get(key, (None, 0.0))
            under_way = (stream, key) in theirs or self._scheduler.held((stream, key))
            if seen != arrival.seen or at < self._fresh_after or under_way or stream in self._below:
                changed.append(arrival)
                if seen is not None:
                    self._below.update(arrival.input.stream.holds)
                theirs.add((stream, key))
                continue
            unchanged[stream] += 1
            if plan:
                plan.add((stream, key), arrival.line, "unchanged")
        for stream, number in unchanged.items():
            self._report.summary.count(stream, "read", number)
            self._report.summary.count(stream, "unchanged", number)
        return changed


def _key(arrival: Arrival) -> str:
    return arrival.seen.hex() if arrival.source_key is None else arrival.source_key
