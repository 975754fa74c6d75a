"""How a stream's records are read completely: whole, in slices, since a time, in a sweep over parents, one by one."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osdi_crm_client import errors
from typing_extensions import override

from tap_osdi_crm.paginators import Crowded, Glance
from tap_osdi_crm.parts import Finished, Page, SideBySide
from tap_osdi_crm.resources import Ids, Parent, Part, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_osdi_crm.parts import Row
    from tap_osdi_crm.streams import VendorStream

logger = logging.getLogger(__name__)

SLICE_PAGES = 40
"""Pages that a slice is cut to hold."""

FEWEST_PAGES = 3
"""Pages that a slice is cut to hold at least, unless it is the last."""

MOST_CUTS = 50
"""Slices of a sorted collection that are cut by counting from one place; deep numbers cost the vendor."""

MOST_PAGES = 100_000_000
"""Pages beyond which a collection is believed to have no end."""

TRIES = 3
"""How often a slice is read before it is halved."""

MOST_TRIES = 10
"""How often a slice that cannot be halved is read."""

SECONDS_TOGETHER = 10.0
"""Seconds after which what streams that are read together hold is written, and how far they are is noted."""

SECOND = timedelta(seconds=1)


class Reading(ABC):
    """How one stream is read in one run.

    Attributes:
        parts_in_all: How many parts there are, once that is known.
    """

    def __init__(self, stream: VendorStream, *, everything: bool = False) -> None:
        """Read what is new to the stream's bookmark, or everything there is."""
        self.stream = stream
        self.everything = everything
        self.parts_in_all: int | None = None

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Yield the parts in the order in which they are to be finished; may make calls."""

    def read(self, part: Part) -> Iterator[list[Row]]:
        """Yield the pages of a part."""
        return self.stream.pages(part)

    def ahead(self, part: Part) -> None:  # noqa: B027
        """Take note that this part has come out, while one before it has not."""

    def finished(self, part: Part) -> None:  # noqa: B027
        """Take note that this part and all before it have come out."""

    def ended(self) -> None:  # noqa: B027
        """Take note that all parts have come out."""

    def late(self) -> Iterator[Page[Part]]:
        """Yield, after all parts, the pages of records that may have left their part before it was read."""
        yield from ()

    def calls(self) -> int | None:
        """Return about how many calls the reading will take, where that can be told cheaply."""
        return None

    def _slice_pages(self, left: int) -> int:
        """Return how many pages a slice is to hold of so many left: fewer towards the end, so that all end together."""
        return min(SLICE_PAGES, max(FEWEST_PAGES, left // self.stream.account.in_flight))

    def _looked_up(self, part: Part, numbers: Iterable[Any]) -> Iterator[list[Row]]:
        """Yield the raw records of these pages of a part, looked up some ahead so that no reader waits for them."""

        def look_up(number: Any) -> Iterator[list[Row]]:
            yield self.stream.page(part, number)[0]

        found: dict[Any, list[Row]] = {}
        for event in SideBySide(numbers, look_up, lambda: self.stream.account.in_flight):
            if isinstance(event, Page):
                found[event.part] = event.rows
            elif isinstance(event, Finished):
                yield found.pop(event.part)


class Whole(Reading):
    """Reads one collection from its first page to its last, each run anew."""

    @override
    def parts(self) -> Iterator[Part]:
        yield Part(self.stream.resource.path)

    @override
    def read(self, part: Part) -> Iterator[list[Row]]:
        return _numbered(self.stream, part)

    @override
    def calls(self) -> int | None:
        _, total = self.stream.page(Part(self.stream.resource.path), None)
        return None if total is None else total // self.stream.page_size + 1


class Slices(Reading):
    """Reads a collection in slices of time, oldest first; the end of the last finished one is the bookmark.

    Slices that end before older ones stand in the state as `slices`, so that a run after a kill leaves them out, but
    for the overlap at the end.

    Pages by number lose rows when a row read earlier leaves the collection, as a changed row leaves its slice: those
    behind it move up, one of them from a page not yet read to one already read. So a slice of more than one page
    counts as finished only when the rows seen, less those that have changed since, are as many as its pages held when
    the last of them came. Otherwise the pages that came about when rows left are asked for again; where that does not
    mend it, the slice is read again, and what was seen before counts; at last it is halved.
    """

    @override
    def parts(self) -> Iterator[Part]:
        self._until = self.stream.until()
        window = Window(None if self.everything else self.stream.since(), self._until)
        if self.stream.is_test:
            yield Part(self.stream.resource.path, window)
            return
        if self.stream.is_incremental and not self.everything:
            self.stream.remember(None)
        for path in self.stream.other_paths():
            yield Part(path, window)
        whole = Part(self.stream.resource.path, window)
        self._done = self._done_before()
        done = tuple(self._done)
        for bounds in self._cut(window, *self._survey(whole)):
            for rest in _without(bounds, done):
                yield Part(self.stream.resource.path, rest)

    def _done_before(self) -> list[tuple[datetime, datetime]]:
        """Return the bounds of the slices that an earlier run finished beyond its bookmark."""
        if self.everything or not self.stream.is_incremental:
            return []
        slices: list[tuple[str, str]] = self.stream.get_context_state(None).get("slices") or []
        return [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in slices]

    @override
    def read(self, part: Part) -> Iterator[list[Row]]:
        stream, key = self.stream, self.stream.replication_key or ""
        if stream.is_test:
            yield from stream.pages(part)
            return
        began = stream.until()
        seen: dict[tuple[object, ...], str] = {}
        for tries in range(1, MOST_TRIES + 1):
            held, came = 0, []
            for rows in stream.pages(part):
                held += len(rows)
                came.append(stream.account.now())
                seen.update((stream.key(row), row.get(key) or "") for row in rows)
                yield rows
            if held == len(came) * stream.page_size and stream.page(part, len(came) + 1)[0]:
                continue  # the empty page that ended it was none
            if not came or (len(came) == 1 and held < stream.page_size):
                return
            changed = self._changed_since(part, began)
            torn = self._torn(came, [changed[row] for row in seen.keys() & changed.keys()])
            while len(seen.keys() - changed.keys()) != held:
                if not torn:
                    break
                rows = stream.shaped(stream.page(part, torn.pop())[0], part)
                seen.update((stream.key(row), row.get(key) or "") for row in rows)
                yield rows
            else:
                return
            if tries >= TRIES and (halves := _halves(part.window, sorted(seen.values()))):
                for half in halves:
                    yield from self.read(Part(part.path, half, part.parent))
                return
        raise errors.Garbled("the records of one second kept changing; run again", method="GET", path=part.path)

    def _torn(self, came: list[datetime], left: list[datetime]) -> list[int]:
        """Return the numbers of the pages that came when rows left, likeliest last: there stands what was missed.

        That a row has left shows as late as the index lag after it did.
        """
        lag = timedelta(seconds=self.stream.account.index_lag)
        distances: dict[int, timedelta] = {}
        for moment in left:
            for number, (this, following) in enumerate(pairwise(came), 1):
                if moment - SECOND <= following and this <= moment + lag + SECOND:
                    distance = abs(this - moment - lag / 2)
                    distances[number] = min(distance, distances.get(number, distance))
        likeliest = sorted(distances, key=lambda number: distances[number])
        return likeliest[: len(came) // 2][::-1]

    def _changed_since(self, part: Part, since: datetime) -> dict[tuple[object, ...], datetime]:
        """Return the keys and times of the rows of the part's collection that have changed since."""
        stream, key = self.stream, self.stream.replication_key or ""
        return {
            stream.key(row): datetime.fromisoformat(row[key])
            for rows in stream.pages(Part(part.path, Window(since, None)))
            for row in rows
        }

    @override
    def late(self) -> Iterator[Page[Part]]:
        for path in (*self.stream.other_paths(), self.stream.resource.path):
            part = Part(path, Window(self._until))
            for rows in self.stream.pages(part):
                yield Page(part, rows)

    @override
    def ahead(self, part: Part) -> None:
        since, until = part.window.since, self._until - self.stream.before_bookmark
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
        return part.path == self.stream.resource.path and self.stream.is_incremental and not self.stream.is_test

    def _note(self, bookmark: datetime | None) -> None:
        """Write the bookmark, at the end of the slices that are done from there on, and the slices done beyond it."""
        if bookmark:
            for since, until in sorted(self._done):
                if since <= bookmark:
                    bookmark = max(bookmark, until)
            self._done = [(since, until) for since, until in self._done if since > bookmark]
        slices = [(since.isoformat(), until.isoformat()) for since, until in sorted(self._done)]
        self.stream.remember(bookmark, slices=slices)

    @override
    def calls(self) -> int | None:
        pages, _ = self._survey(
            Part(self.stream.resource.path, Window(self.stream.since(), self.stream.until())), sample=False
        )
        return pages + 2 * (pages // SLICE_PAGES) + 2

    def _survey(self, whole: Part, *, sample: bool = True) -> tuple[int, list[datetime]]:
        """Return about how many pages there are, and for more than a slice the times of some rows, sorted.

        Where the vendor gives no total, pages are asked for by doubled numbers, and then by numbers in between.
        """
        stream, key = self.stream, self.stream.replication_key or ""
        beyond = SLICE_PAGES + 1
        rows, total = stream.page(whole, beyond)
        pages = 1 if total is None else -(-total // stream.page_size)
        if total is None and rows:
            pages = self._last_page(whole, beyond)
        times: list[datetime] = []
        if sample and pages > SLICE_PAGES:
            samples = max(3, pages // SLICE_PAGES // 3)
            numbers = [1 + number * pages // samples for number in range(samples)]
            for found in self._looked_up(whole, numbers):
                times += [datetime.fromisoformat(row[key]) for row in found if row.get(key)]
        return pages, sorted(times)

    def _last_page(self, whole: Part, page: int) -> int:
        """Return about which page is the last that holds rows, from one on that does; never one beyond it."""
        empty = 0
        many = self.stream.account.in_flight
        while not empty or empty - page > max(1, page // 10):
            if page > MOST_PAGES:
                raise errors.Garbled("the collection has no end", method="GET", path=whole.path)
            if empty:
                numbers = sorted({page + (empty - page) * n // (many + 1) for n in range(1, many + 1)} - {page})
            else:
                numbers = [page * 2**n for n in range(1, many + 1)]
            for number, rows in zip(numbers, self._looked_up(whole, numbers), strict=True):
                if rows:
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


class Keyset(Reading):
    """Reads a collection that the vendor sorts, in slices, each page from where the one before ended.

    No record that changes, comes or goes meanwhile moves another past the reader, so there is nothing to check.
    Where only what changed is wanted, it comes oldest first, and the end of the last finished slice is the bookmark.
    Everything comes in the order of ids; until it all has, the state holds in `after` from which id to go on.
    Slices become smaller towards the end, so that those read side by side end at about the same time.

    A vendor that refuses to sort or filter a collection so is believed: it is read whole, page by page.
    """

    @override
    def parts(self) -> Iterator[Part]:
        stream = self.stream
        whole = self._whole()
        if stream.is_test:
            yield whole
            return
        try:
            _, total = stream.page(whole, Glance(0))
        except errors.Refused as refusal:
            if refusal.status != 400:
                raise
            logger.warning(
                "Stream '%s' is read whole, page by page: the vendor refuses to sort and filter it (%s).",
                stream.name,
                refusal.words,
            )
            stream.is_sorted_by_vendor = False
            yield Part(whole.path)
            return
        if stream.is_incremental and not self.everything:
            stream.remember(None)
        yield from self._cut(whole, total)

    def _whole(self) -> Part:
        stream = self.stream
        if stream.is_incremental and not self.everything:
            return Part(stream.resource.path, Window(stream.since(), stream.until()))
        if self.everything:
            return Part(stream.resource.path, ids=Ids())
        since = stream.since() if stream.replication_key else None
        return Part(stream.resource.path, Window(since), ids=Ids(since=stream.get_context_state(None).get("after")))

    def _cut(self, rest: Part, total: int | None) -> Iterator[Part]:
        """Yield slices that together hold the part, cut at the records that stand where each is to end."""
        stream = self.stream
        while True:
            ends = self._ends(total)
            for found in self._looked_up(rest, [Glance(end) for end in ends]):
                if len(found) != 1:  # the end, or a vendor that knows no pages
                    break
                bound = stream.place(found[0], stream.order(rest))
                if rest.ids is not None:
                    yield replace(rest, ids=Ids(rest.ids.since, bound))
                    rest = replace(rest, ids=Ids(bound, rest.ids.until))
                    continue
                since, until = rest.window.since, rest.window.until
                if (since and bound < since) or (until and bound >= until):
                    continue
                if bound == since:
                    bound = since + SECOND
                    second = replace(rest, window=Window(since, bound), ids=Ids())
                    yield from self._cut(second, stream.page(second, Glance(0))[1])
                else:
                    yield replace(rest, window=Window(since, bound))
                rest = replace(rest, window=Window(bound, until))
            else:
                if len(ends) == MOST_CUTS:
                    total = None if total is None else total - ends[-1]
                    continue
            break
        yield rest

    def _ends(self, total: int | None) -> list[int]:
        """Return the numbers of the records before which slices are to end, of so many or of nobody knows how many."""
        stream, ends = self.stream, [0]
        for _ in range(MOST_CUTS):
            left = SLICE_PAGES if total is None else (total - ends[-1]) // stream.page_size
            if left <= FEWEST_PAGES:
                break
            ends.append(
                ends[-1] + self._slice_pages(left) * (stream.page_size - 5)
            )  # pages share those of the second they meet in
        return ends[1:]

    @override
    def read(self, part: Part) -> Iterator[list[Row]]:
        stream = self.stream
        if not stream.is_sorted_by_vendor:
            yield from _numbered(stream, part)
            return
        if part.ids is not None:
            yield from stream.pages(part)
            return
        window = part.window
        before: set[tuple[object, ...]] = set()
        while window.since is None or window.until is None or window.since < window.until:
            last: set[tuple[object, ...]] = set()
            try:
                for rows in stream.pages(replace(part, window=window)):
                    before, last = last, {stream.key(row) for row in rows}
                    yield [row for row in rows if stream.key(row) not in before]
            except Crowded as crowded:
                second = Window(crowded.second, crowded.second + SECOND)
                for rows in stream.pages(replace(part, window=second, ids=Ids())):
                    yield [row for row in rows if stream.key(row) not in before | last]
                window = Window(second.until, window.until)
            else:
                return

    @override
    def finished(self, part: Part) -> None:
        if self.stream.is_test:
            return
        if not self.stream.is_sorted_by_vendor:
            self.stream.remember(None)
        elif not self.stream.is_incremental:
            self.stream.remember(None, after=part.ids and part.ids.until)
        elif part.ids is None or part.ids.until is None:
            self.stream.remember(part.window.until)

    @override
    def calls(self) -> int | None:
        _, total = self.stream.page(self._whole(), Glance(0))
        if total is None:
            return None
        pages = -(-total // self.stream.page_size)
        return pages + pages // SLICE_PAGES + 2


class Sweep(Reading):
    """Reads the children of every parent, in the order of the parents' ids; the last finished one is the cursor.

    A parent need not change when a child arrives, so each sweep goes to all parents. The bookmark is the start of the
    last complete sweep. While one runs, the state also holds since when it asks and how far it is. Of streams that are
    read together, the one that is least far says where to go on.
    """

    @override
    def parts(self) -> Iterator[Part]:
        stream = self.stream
        sweeps: list[Any] = [each.get_context_state(None).get("sweep") for each in stream.together]
        begun = [sweep for sweep in sweeps if sweep and bool(sweep["started"]) == stream.is_incremental]
        if sweeps and len(begun) == len(sweeps) and not self.everything:
            self._sweep = min(sweeps, key=lambda sweep: str(sweep["after"]))
        else:
            since = stream.since() if stream.replication_key else None
            started = (stream.tap.parents_as_of or stream.until()) if stream.is_incremental else None
            self._sweep = {
                "started": started and started.isoformat(),
                "since": since and since.isoformat(),
                "after": "",
            }
        self._written = time.monotonic()
        if stream.is_incremental and not stream.is_test:
            stream.remember(None)
        window = Window(datetime.fromisoformat(self._sweep["since"]) if self._sweep["since"] else None)
        parents = [parent for parent in self._parents() if parent.place > self._sweep["after"]]
        self.parts_in_all = len(parents)
        for parent in parents:
            yield Part(_path(parent, stream.resource.path), window, parent)

    def _parents(self) -> Iterator[Parent]:
        yield from sorted(self.stream.parents(), key=lambda parent: parent.place)

    @override
    def read(self, part: Part) -> Iterator[list[Row]]:
        return _numbered(self.stream, part)

    @override
    def finished(self, part: Part) -> None:
        if part.parent is None or self.stream.is_test:
            return
        self._sweep = {**self._sweep, "after": part.parent.place}
        if time.monotonic() - self._written > (SECONDS_TOGETHER if self.stream.inner else 1):
            self.stream.remember(None, sweep=self._sweep)
            self._written = time.monotonic()

    @override
    def ended(self) -> None:
        if not self.stream.is_test:
            started = self._sweep["started"]
            self.stream.remember(datetime.fromisoformat(started) if started else None, sweep=None)

    @override
    def calls(self) -> int | None:
        return sum(1 for _ in self._parents())


class OneByOne(Sweep):
    """Reads each record by itself, in the order of the ids; the last finished id is the cursor."""

    @override
    def read(self, part: Part) -> Iterator[list[Row]]:
        return self.stream.pages(part)

    @override
    def _parents(self) -> Iterator[Parent]:
        for each in sorted(self.stream.ids()):
            yield Parent(self.stream.name, each, self.stream.resource.path, None)


class Since(Reading):
    """Reads what changed since a time, where the vendor filters by it and the records do not tell it.

    The bookmark is the run's start. As it cannot come from the records, each of them is given it as the replication
    key: it holds every change up to then.

    Pages by number lose rows when others come or go. So a collection of more than one page counts as read only when
    the records seen, with those that changed meanwhile, are as many as the vendor says there are; those that changed
    meanwhile are asked for, and come too. Otherwise it is read again, and what was seen before counts.
    """

    @override
    def parts(self) -> Iterator[Part]:
        stream = self.stream
        self._started = stream.until()
        if stream.is_incremental and not self.everything and not stream.is_test:
            stream.remember(None)
        yield self._part()

    def _part(self) -> Part:
        times = [None] if self.everything else [each.since() for each in self.stream.together]
        known = [moment for moment in times if moment]
        return Part(self.stream.resource.path, Window(min(known) if len(known) == len(times) else None))

    @override
    def read(self, part: Part) -> Iterator[list[Row]]:
        key = self.stream.replication_key
        started = f"{self._started:%Y-%m-%dT%H:%M:%SZ}"
        for rows in self.stream.pages(part) if self.stream.is_test else self._completely(part):
            yield [{**row, key: started} for row in rows] if key else rows

    def _completely(self, part: Part) -> Iterator[list[Row]]:
        stream = self.stream
        seen: set[int] = set()
        for _ in range(TRIES):
            began = stream.until()
            pages = 0
            for rows in stream.pages(part):
                pages += 1
                seen.update(hash(stream.key(row)) for row in rows)
                yield rows
            if pages <= 1:
                return
            for _ in range(TRIES):
                changed = False
                for rows in stream.pages(Part(part.path, Window(began))):
                    changed = True
                    seen.update(hash(stream.key(row)) for row in rows)
                    yield rows
                _, total = stream.page(part, None)
                if len(seen) >= total if total is not None else not changed:
                    return
        raise errors.Garbled("the records kept changing; run again", method="GET", path=part.path)

    @override
    def ended(self) -> None:
        if not self.stream.is_test:
            self.stream.remember(self._started)

    @override
    def calls(self) -> int | None:
        _, total = self.stream.page(self._part(), None)
        return None if total is None else total // self.stream.page_size + 3


class Within(Reading):
    """Reads nothing by itself: the rows come with those of the stream that this one is within."""

    @override
    def parts(self) -> Iterator[Part]:
        yield from ()

    @override
    def calls(self) -> int | None:
        return 0


def _numbered(stream: VendorStream, part: Part) -> Iterator[list[Row]]:
    """Yield the pages by number of a part that has no order, again until no record has gone meanwhile.

    A record that goes moves all behind it up, one of them past the reader. So the part is read again where the vendor
    says with a page that there are fewer records than it said with the page before.
    """
    for _ in range(TRIES):
        totals: list[int] = []
        yield from stream.pages(part, totals)
        if all(before <= after for before, after in pairwise(totals)):
            return
    logger.warning(
        "Stream '%s': %s kept changing while it was read, and some of it may be missing; run again.",
        stream.name,
        part.path,
    )


def _path(parent: Parent, path: str) -> str:
    """Return the path of what hangs on a parent: the parent's goes before it, or its id in it."""
    if "{id}" in path:
        return path.replace("{id}", quote(parent.id, safe=""))
    return f"{parent.path}/{path}".strip("/")


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


def _halves(window: Window, times: list[str]) -> tuple[Window, ...]:
    """Return the window cut in two where half of the rows lie on each side; nothing for a single second."""
    since, until = window.since, window.until
    middle = datetime.fromisoformat(times[len(times) // 2]).replace(microsecond=0)
    if since:
        middle = max(middle, since + SECOND)
    if until:
        middle = min(middle, until - SECOND)
    if since and middle <= since:
        return ()
    return Window(since, middle), Window(middle, until)
