"""Taking records in: gathered into batches, looked up in the journal together; what is unchanged goes no further."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from target_osdi_crm.entry import Arrival, Entry, Inflow
from target_osdi_crm.journal.states import Row
from target_osdi_crm.journal.writer import MOST_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.lanes import Lanes
    from target_osdi_crm.progress import Progress
    from target_osdi_crm.report.plan import Plan
    from target_osdi_crm.report.summary import Summary

SECONDS_TO_GATHER = 0.1
"""How long a record may wait for others to be looked up with."""

encode = msgspec.json.Encoder(decimal_format="number").encode


class Intake:
    """Gathers records and passes on those that differ from what was last acknowledged."""

    def __init__(
        self,
        *,
        kept: Journal,
        lanes: Lanes[Entry],
        progress: Progress,
        summary: Summary,
        plan: Plan | None,
        shaping: bytes,
        fresh_after: float,
        pass_on: Callable[[Entry], None],
        fail: Callable[[Exception], None],
    ) -> None:
        """Begin to take records in.

        Args:
            kept: The journal; it knows what was acknowledged.
            lanes: Know what is under way.
            progress: Learns what is settled.
            summary: Counts.
            plan: Learns of every record in a dry run.
            shaping: A hash of the settings that shape records.
            fresh_after: Records acknowledged before this time are passed on although they are unchanged.
            pass_on: Gets every other record.
            fail: Gets what goes wrong in the background.
        """
        self._journal = kept
        self._lanes = lanes
        self._progress = progress
        self._summary = summary
        self._plan = plan
        self._shaping = shaping
        self._fresh_after = fresh_after
        self._pass_on = pass_on
        self._fail = fail
        self._gathered: list[Arrival] = []
        self._gathering = threading.Lock()
        self._sorting = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._sort_now_and_then, name="intake", daemon=True).start()

    def take(self, inflow: Inflow, record: dict[str, Any], *, line: int, deleted: bool) -> None:
        """Take a record in."""
        raw = encode(record)
        source_key: str | None
        if len(inflow.key) == 1:
            given = record.get(inflow.key[0])
            source_key = None if given is None else str(given)
        else:
            source_key = _compound(record, inflow.key)
        if source_key is not None and (not source_key.strip() or "\0" in source_key):
            source_key = None
        arrival = Arrival(0, line, inflow, source_key, raw, self.seen(raw, deleted=deleted), record, deleted)
        self._gather(arrival)

    def take_fault(self, inflow: Inflow, raw: bytes, fault: str, *, line: int) -> None:
        """Take in a line that is no message."""
        seen = self.seen(raw, deleted=False)
        self._gather(Arrival(0, line, inflow, None, b"", seen, fault=fault))

    def _gather(self, arrival: Arrival) -> None:
        with self._gathering:
            self._progress.read += 1
            arrival.number = self._progress.read
            self._gathered.append(arrival)
        if len(self._gathered) >= MOST_AT_ONCE:
            self.sort()

    def seen(self, raw: bytes, *, deleted: bool) -> bytes:
        """The hash of a record as it came."""
        salt = b"deleted" if deleted else b""
        return hashlib.blake2b(raw, digest_size=16, key=self._shaping, salt=salt).digest()

    def end(self) -> None:
        """Take no more in."""
        self._ended.set()

    def _sort_now_and_then(self) -> None:
        """Sort what has come in, however little, when no more follows at once."""
        while not self._ended.wait(SECONDS_TO_GATHER):
            try:
                self.sort()
            except Exception as error:  # noqa: BLE001
                self._fail(error)

    def sort(self) -> None:
        """Settle what is unchanged, and pass the rest on."""
        with self._sorting:
            with self._gathering:
                batch, self._gathered = self._gathered, []
            if not batch:
                return
            self._lanes.released.clear()
            changed = self._changed(batch)
            rows = self._journal.rows([(arrival.inflow.stream.name, _key(arrival)) for arrival in changed])
            for arrival in changed:
                self._progress.open(arrival.number)
            self._progress.sorted(batch[-1].number)
            for arrival in changed:
                stream, key = arrival.inflow.stream.name, _key(arrival)
                row = rows.get((stream, key)) or Row(stream, key)
                self._pass_on(Entry(arrival, key, row, stale=self._lanes.held((stream, key))))

    def _changed(self, batch: Sequence[Arrival]) -> list[Arrival]:
        """Those that do not come just as they came when they were last acknowledged."""
        keys: dict[str, list[str]] = {}
        for arrival in batch:
            keys.setdefault(arrival.inflow.stream.name, []).append(_key(arrival))
        acknowledged = {name: self._journal.acknowledged(name, each) for name, each in keys.items()}
        changed: list[Arrival] = []
        theirs: set[tuple[str, str]] = set()
        unchanged: Counter[str] = Counter()
        for arrival in batch:
            stream, key = arrival.inflow.stream.name, _key(arrival)
            seen, at = acknowledged[stream].get(key, (None, 0.0))
            under_way = (stream, key) in theirs or self._lanes.held((stream, key))
            if seen != arrival.seen or at < self._fresh_after or under_way:
                changed.append(arrival)
                theirs.add((stream, key))
                continue
            unchanged[stream] += 1
            if self._plan:
                self._plan.add((stream, key), arrival.line, "unchanged")
        for stream, number in unchanged.items():
            self._summary.count(stream, "read", number)
            self._summary.count(stream, "unchanged", number)
        return changed


def _key(arrival: Arrival) -> str:
    return arrival.seen.hex() if arrival.source_key is None else arrival.source_key


def _compound(record: dict[str, Any], names: tuple[str, ...]) -> str | None:
    given = [record.get(name) for name in names]
    return None if None in given or not given else msgspec.json.encode([str(each) for each in given]).decode()
