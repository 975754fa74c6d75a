"""Reading the children of the parents that show that there are new ones, and of a share of the others.

Needs what a sweep needs, a filter by time, a counter in each parent, and a store. Promises what a sweep does, but that
a child which no counter shows comes within `full_sweep`: each parent is asked that often at least, the longest unasked
first. That is also what checks the counters: a child that came unannounced, where none has gone, makes the stream ask
all parents on each run, until a week has passed without.

The store's generation is the one that the state names, or all parents are asked: so a counter that was seen by a run
whose records the loader never got is not believed. The bookmark is the time up to which every parent has been asked.
"""

from __future__ import annotations

import logging
import math
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from osdi_crm_client import times
from osdi_crm_client.errors import NotFound
from osdi_crm_client.reading.asked import Asked, AskedParents, Known, Ran
from osdi_crm_client.reading.source import Part
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.wire import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.reading.source import Counter, Parent, Source, State
    from osdi_crm_client.wire import RawRow

logger = logging.getLogger(__name__)

PROOF = timedelta(days=7)
"""For how long counters must have been right before parents are left unasked for longer than `UNPROVEN`."""

UNPROVEN = timedelta(days=1)

LOOKS = 2
"""How often a counter that seems wrong is looked at, an index lag apart."""


class CountedSweep(Sweep):
    """Reads the children of the parents that are due; those of all where nothing incremental is wanted."""

    def __init__(self, source: Source, state: State) -> None:
        """See `Reading`."""
        super().__init__(source, state)
        store = state.store if state.is_incremental else None
        self._memory = AskedParents(source.name, store) if store else None
        self._known: Known | None = None
        self._asked: dict[str, Asked] = {}
        self._finds_wrong = False

    @property
    def _counter(self) -> Counter:
        assert self.source.counter  # noqa: S101  a row that is read so has one
        return self.source.counter

    @override
    def parts(self) -> Iterator[Part]:
        if not self._memory:
            yield from super().parts()
            return
        self._memory.begin(self._open(self._memory))
        self._written = time.monotonic()
        self.state.note()
        parts = self._planned()
        listed = time.monotonic()
        self.parts_in_all = len(parts)
        for part in parts:
            if part.window.since and (self._asks_all or self._shows_news(part.parent)):
                # what the counters tell of already must show in filters, too
                time.sleep(max(0.0, listed + self.source.account.index_lag - time.monotonic()))
            yield part

    def _open(self, memory: AskedParents) -> dict[str, Asked]:
        """Find what the state names, and go on with the sweep that an earlier run began, or begin one.

        Returns:
            The parents that the earlier run has asked in this sweep.
        """
        [noted] = self.state.noted("store")
        self._known = memory.known(noted)
        self._sweep = self._begun() or self._new()
        self._started = datetime.fromisoformat(self._sweep["started"])
        self._finds_wrong = bool(self._sweep.get("finds_wrong"))
        drafted = memory.drafted(self._sweep.get("draft"), self._sweep["after"])
        self._asked = {**(self._known.asked if self._known else {}), **drafted}
        return drafted

    @override
    def _begun(self) -> dict[str, Any] | None:
        begun = super()._begun()
        return begun if begun and (begun.get("all", True) or self._known) else None

    @override
    def _new(self) -> dict[str, Any]:
        new = super()._new()
        if not self.state.is_incremental:
            return new
        ran, started = self._known.ran if self._known else None, datetime.fromisoformat(new["started"])
        return {**new, "all": ran is None or self._limit(ran, started) <= max(started - ran.at, timedelta())}

    @property
    def _asks_all(self) -> bool:
        return bool(self._sweep.get("all", True))

    # Who is asked

    def _limit(self, ran: Ran, now: datetime) -> timedelta:
        """Return how long a parent may be left unasked whose counter shows nothing new."""
        if now - ran.right_since >= PROOF:
            return self.state.full_sweep
        return timedelta() if ran.was_wrong else min(self.state.full_sweep, UNPROVEN)

    def _planned(self) -> list[Part]:
        """Return what is to be read, in the order of the parents; also learn up to when all have been asked then."""
        parents = self._parents()
        self._warn_of_missing(parents)
        left = [parent for parent in parents if parent.place > self._sweep["after"]]
        since = self._sweep["since"]
        window = Window(datetime.fromisoformat(since) if since else None)
        self._asked_up_to = self._started
        if self._asks_all:
            return [self._part(parent, window) for parent in left]
        due = self._due(left)
        unasked = (self._asked.get(parent.place) for parent in parents if parent.place not in due)
        self._asked_up_to = min([self._started, *(each.at for each in unasked if each)])
        return [self._part(parent, self._since(parent) or window) for parent in left if parent.place in due]

    def _due(self, parents: list[Parent]) -> set[str]:
        """Return the places of the parents that show something new, and of those that are asked in their turn."""
        assert self._known  # noqa: S101
        gap, limit = self._started - self._known.ran.at, self._limit(self._known.ran, self._started)
        quiet = [parent.place for parent in parents if not self._shows_news(parent)]
        quiet.sort(key=lambda place: self._asked[place].at)
        share = math.ceil(len(parents) * max(gap / limit, 0)) if limit else len(quiet)
        late = {place for place in quiet if self._asked[place].at <= self._started + gap - limit}
        return {parent.place for parent in parents}.difference(quiet[share:]) | late

    def _shows_news(self, parent: Parent | None) -> bool:
        asked = self._asked.get(parent.place) if parent else None
        return not (
            parent
            and asked
            and asked.counter is not None
            and (asked.counter, asked.changed) == (self._counted(parent), parent.changed)
        )

    def _since(self, parent: Parent) -> Window | None:
        asked = self._asked.get(parent.place)
        return Window(asked.at - self.state.overlap) if asked else None

    def _counted(self, parent: Parent) -> int | None:
        return (parent.counters or {}).get(self._counter.name)

    def _warn_of_missing(self, parents: list[Parent]) -> None:
        if without := sum(self._counted(parent) is None for parent in parents):
            logger.warning(
                "Stream '%s': %d of %d parents came without '%s', and are asked on each run.",
                self.source.name,
                without,
                len(parents),
                self._counter.name,
            )

    # What the counters are worth

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        asked = self._asked.get(part.parent.place) if part.parent else None
        checked = None if self._shows_news(part.parent) else asked
        has_come = False
        for rows in super().read(part):
            has_come = has_come or (checked is not None and any(self._came_since(checked, row) for row in rows))
            yield rows
        if has_come and not self._finds_wrong and part.parent and self._is_wrong(part, part.parent):
            self._finds_wrong = True
            logger.warning(
                "Stream '%s': '%s' of %s did not tell of a new record. All parents are asked on each run until the"
                " counters have been right for a week.",
                self.source.name,
                self._counter.name,
                part.parent.place,
            )

    def _came_since(self, asked: Asked, row: RawRow) -> bool:
        """Whether a child that is counted has come since its parent was asked, and before its counter was read."""
        created = times.instant(times.utc(row.get(self._counter.created)))
        counts = self._counter.counts
        return created is not None and asked.at <= created < self._started and (counts is None or counts(row))

    def _is_wrong(self, part: Part, parent: Parent) -> bool:
        """Whether a counter is not the number of children, also when it is looked at once more.

        It is right where another child has gone; while more are coming nothing can be told.
        """
        for look in range(LOOKS):
            if look:
                time.sleep(self.source.account.index_lag)
            try:
                before = self._counted(self.source.parent_now(parent))
                held = self._held(Part(part.path, parent=parent))
                after = self._counted(self.source.parent_now(parent))
            except NotFound:
                return False
            if before != after or held == after:
                return False
        return True

    def _held(self, part: Part) -> int:
        """Return how many children there are of those that are counted."""
        counts = self._counter.counts
        if counts is None and (total := self.source.page(part).total) is not None:
            return total
        rows = {self.source.key(row): row for page in self.source.pages(part) for row in page.rows}
        return sum(counts is None or counts(row) for row in rows.values())

    # What is remembered

    @override
    def finished(self, part: Part) -> None:
        if self._memory and part.parent:
            asked = Asked(self._counted(part.parent), part.parent.changed, self._started)
            self._memory.add(part.parent.place, asked)
        super().finished(part)

    @override
    def _note_sweep(self) -> None:
        if self._memory:
            self._memory.put()
            self._sweep |= {"draft": self._memory.draft, "finds_wrong": self._finds_wrong}
        super()._note_sweep()

    @override
    def ended(self) -> None:
        if not self._memory:
            super().ended()
            return
        known, wrong = self._known, self._finds_wrong
        right_since = self._started if wrong or not known else known.ran.right_since
        ran = Ran(self._started, right_since, wrong or bool(known and known.ran.was_wrong))
        version = self._memory.commit(known.version if known else None, ran)
        self.state.note(self._asked_up_to, sweep=None, store=version and version.noted())

    @override
    def calls(self) -> int | None:
        if not self._memory:
            return super().calls()
        self._open(self._memory)
        return len(self._planned())
