"""Reading a collection that can be filtered by both ends of a time of change, but has no order that can be relied on.

Needs pages by number, counted from 1; a filter by time with two ends, to the second; rows that tell their key and their
time of change; and the vendor's clock. Promises every record that is there all the while and is changed before the run.
What is deleted or merged while it is read cannot be told from what was never there.

Pages by number lose rows when a row read earlier leaves the collection, as a changed row leaves its slice: those behind
it move up, one of them from a page not yet read to one already read. So a slice of more than one page counts as
finished only when the rows seen, less those that have changed since, are as many as its pages held when the last of
them came. Otherwise the pages that came about when rows left are asked for again; where that does not help, the slice
is read again, and what was seen before counts; at last it is halved.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from osdi_crm_client.errors import Garbled
from osdi_crm_client.paging import NumberedPages
from osdi_crm_client.reading.parallel import Rows
from osdi_crm_client.reading.reading import FEWEST_PAGES, SECOND, SLICE_PAGES, TRIES, Reading, settled
from osdi_crm_client.reading.source import Part
from osdi_crm_client.wire import Number, Window

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from osdi_crm_client.wire import Page, RawRow

MOST_PAGES = 100_000_000
"""Pages beyond which a collection is believed to have no end."""

FEW_SLICES = (3, 5)
"""Slices that a collection would fill at most, where it is read as one: to find where to cut would cost too much."""

MOST_ASKED = 2
"""Pages that are asked for at a time to find about where a collection ends: each that it lacks is a call lost."""

MOST_TRIES = 10
"""How often a slice that cannot be halved is read."""


class Slices(Reading):
    """Reads a collection in slices of time, oldest first; the end of the last finished one is the bookmark.

    Slices that end before older ones stand in the state as `slices`, so that a run after a kill leaves them out, but
    for the overlap at the end.
    """

    @override
    def parts(self) -> Iterator[Part]:
        since = self.state.since()
        if self.state.is_incremental:
            self.state.note()
        pages, times = self._survey(Part(self.source.path, Window(since)))  # tells the vendor's time, too
        self._until = settled(self.source.account)
        window = Window(since, self._until)
        self._done = self._done_before()
        done = tuple(self._done)
        self._alone = None if times or done else (Part(self.source.path, window), pages)
        for path in self.source.other_paths():
            yield Part(path, window)
        for bounds in self._cut(window, pages, times):
            for rest in _without(bounds, done):
                yield Part(self.source.path, rest)

    @override
    def parts_of_sample(self) -> Iterator[Part]:
        yield Part(self.source.path, Window(self.state.since(), settled(self.source.account)))

    def _done_before(self) -> list[tuple[datetime, datetime]]:
        """Return the bounds of the slices that an earlier run finished beyond its bookmark."""
        [slices] = self.state.noted("slices") if self.state.is_incremental else [None]
        return [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in slices or ()]

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        source = self.source
        began = settled(source.account)
        seen: dict[Hashable, datetime | None] = {}
        for tries in range(1, MOST_TRIES + 1):
            held, came = 0, []
            pages = self._pages(part)
            while arrived := next(pages, None):
                page, at = arrived
                held += len(page.rows)
                came.append(at)
                seen.update((source.key(row), source.changed_at(row)) for row in page.rows)
                yield page.rows
            is_all = self._alone == (part, len(came)) or held < len(came) * source.page_size
            if not is_all and source.page(part, Number(len(came) + 1)).rows:
                continue  # the empty page that ended it was none
            if not came or (len(came) == 1 and held < source.page_size):
                return
            changed = self._changed_since(part, began)
            torn = _torn(came, [changed[key] for key in seen.keys() & changed.keys()], source.account.index_lag)
            while len(seen.keys() - changed.keys()) != held:
                if not torn:
                    break
                rows = source.page(part, Number(torn.pop())).rows
                seen.update((source.key(row), source.changed_at(row)) for row in rows)
                yield rows
            else:
                return
            if tries >= TRIES and (halves := _halves(part.window, sorted(filter(None, seen.values())))):
                for half in halves:
                    yield from self.read(Part(part.path, half, part.parent))
                return
        raise Garbled("the records of one second kept changing; run again", method="GET", path=part.path)

    def _pages(self, part: Part) -> Iterator[tuple[Page, datetime] | None]:
        """Yield the pages of a part that hold any records, and when each came; None at the end, while others are due.

        Those of a part that is alone are looked up some ahead; where only changes are wanted, which may be none, not
        before the first was full.
        """
        source = self.source
        if not self._alone or part != self._alone[0] or source.account.in_flight == 1:
            for page in source.pages(part):
                yield page, source.account.now()
            return
        most = self._alone[1] + (self._alone[1] % SLICE_PAGES == 0)
        paging, number, last = NumberedPages(), 1, 1 if part.window.since else most
        while True:
            numbers = map(Number, range(number, max(number, last) + 1))
            for page, at in self._looked_up(part, numbers, lambda page: len(page.rows) < source.page_size):
                if page.rows:
                    yield page, at
                if paging.following(page, Number(number)) is None:
                    yield None
                    return
                number += 1
            last = most

    def _changed_since(self, part: Part, since: datetime) -> dict[Hashable, datetime]:
        """Return the keys and times of the rows of the part's collection that have changed since."""
        source = self.source
        return {
            source.key(row): source.changed_at(row) or since
            for page in source.pages(Part(part.path, Window(since)))
            for row in page.rows
        }

    @override
    def _late(self) -> Iterator[Rows[Part]]:
        for path in (*self.source.other_paths(), self.source.path):
            part = Part(path, Window(self._until))
            for page in self.source.pages(part):
                yield Rows(part, page.rows)

    @override
    def ahead(self, part: Part) -> None:
        since, until = part.window.since, self._until - self.state.overlap
        if part.window.until:
            until = min(until, part.window.until)
        if since and since < until and self._is_noted(part):
            self._done.append((since, until))
            self._note(None)

    @override
    def finished(self, part: Part) -> None:
        if self._is_noted(part):
            self._note(part.window.until)

    def _is_noted(self, part: Part) -> bool:
        return part.path == self.source.path and self.state.is_incremental

    def _note(self, bookmark: datetime | None) -> None:
        """Write the bookmark, at the end of the slices that are done from there on, and the slices done beyond it."""
        if bookmark:
            for since, until in sorted(self._done):
                if since <= bookmark:
                    bookmark = max(bookmark, until)
            self._done = [(since, until) for since, until in self._done if since > bookmark]
        slices = [(since.isoformat(), until.isoformat()) for since, until in sorted(self._done)]
        self.state.note(bookmark, slices=slices)

    @override
    def calls(self) -> int | None:
        pages, _ = self._survey(Part(self.source.path, Window(self.state.since())), sample=False)
        return pages + 2 * (pages // SLICE_PAGES) + 2

    def _survey(self, whole: Part, *, sample: bool = True) -> tuple[int, list[datetime]]:
        """Return about how many pages there are, at most where they are few, and else the times of some rows, sorted.

        Where the vendor gives no total, pages are asked for by doubled numbers, and then by numbers in between.
        """
        source = self.source
        for few in FEW_SLICES:
            pages = few * SLICE_PAGES
            page = source.page(whole, Number(pages + 1))
            if page.total is not None or not page.rows:
                break
        if page.total is not None:
            pages = -(-page.total // source.page_size)
        elif page.rows or not sample:
            pages = self._last_page(whole, pages + 1 if page.rows else 1, sample=sample)
        times: list[datetime] = []
        if sample and pages > FEW_SLICES[-1] * SLICE_PAGES:
            samples = max(3, pages // SLICE_PAGES // 3)
            numbers = [Number(1 + number * pages // samples) for number in range(samples)]
            for found, _ in self._looked_up(whole, numbers):
                times += filter(None, map(source.changed_at, found.rows))
        return pages, sorted(times)

    def _last_page(self, whole: Part, page: int, *, sample: bool) -> int:
        """Return about which page is the last that holds rows, from one on that does; never one beyond it."""
        empty = 0
        many = min(self.source.account.in_flight, MOST_ASKED)
        while not empty or empty - page > max(1, page // (4 if sample else 10)):
            if page > MOST_PAGES:
                raise Garbled("the collection has no end", method="GET", path=whole.path)
            if empty:
                numbers = sorted({page + (empty - page) * n // (many + 1) for n in range(1, many + 1)} - {page})
            else:
                numbers = [page * 2**n for n in range(1, many + 1)]
            for number, (found, _) in zip(numbers, self._looked_up(whole, map(Number, numbers)), strict=True):
                if found.rows:
                    page = max(page, number)
                else:
                    empty = min(empty or number, number)
        return page

    def _cut(self, window: Window, pages: int, times: list[datetime]) -> Iterator[Window]:
        """Yield windows that by the sample hold as many pages as is good for a slice, and together all there is."""
        since = window.since
        ends, end = [], 0
        while times and pages - end > FEWEST_PAGES:
            end += self._slice_pages(pages - end)
            ends.append(end)
        self.parts_in_all = len(ends) + 1
        for end in ends:
            bound = times[min(end * len(times) // pages, len(times) - 1)].replace(microsecond=0)
            if (since is None or bound > since) and window.until and bound < window.until:
                yield Window(since, bound)
                since = bound
        yield Window(since, window.until)


def _torn(came: list[datetime], left: list[datetime], index_lag: float) -> list[int]:
    """Return the numbers of the pages that came when rows left, likeliest last: there stands what was missed.

    That a row has left shows as late as the index lag, in seconds, after it did.
    """
    lag = timedelta(seconds=index_lag)
    distances: dict[int, timedelta] = {}
    for moment in left:
        for number, (this, following) in enumerate(pairwise(came), 1):
            if moment - SECOND <= following and this <= moment + lag + SECOND:
                distance = abs(this - moment - lag / 2)
                distances[number] = min(distance, distances.get(number, distance))
    likeliest = sorted(distances, key=lambda number: distances[number])
    return likeliest[: len(came) // 2][::-1]


def _without(window: Window, done: Iterable[tuple[datetime, datetime]]) -> Iterator[Window]:
    """Yield what is left of a window that ends without the stretches that are done."""
    rest, end = window.since, window.until
    for since, until in sorted(done):
        if end and since < end and (rest is None or until > rest):
            if rest is None or since > rest:
                yield Window(rest, since)
            rest = until
    if rest is None or end is None or rest < end:
        yield Window(rest, end)


def _halves(window: Window, times: list[datetime]) -> tuple[Window, ...]:
    """Return the window cut in two where half of the rows lie on each side; nothing for a single second."""
    if not times:
        return ()
    since, until = window.since, window.until
    middle = times[len(times) // 2].replace(microsecond=0)
    if since:
        middle = max(middle, since + SECOND)
    if until:
        middle = min(middle, until - SECOND)
    if since and middle <= since:
        return ()
    return Window(since, middle), Window(middle, until)
