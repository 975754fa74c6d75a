"""Reading a collection that the vendor filters and sorts, by time of change and by id.

Needs both filters and both orders, to the second and by numeric ids; pages by `Position`; and a `Probe`, with a total.
Promises every record that is there all the while: each page begins where the one before ended, so no record that
changes, comes or goes moves another past the reader, and there is nothing to check.
A vendor that refuses to sort or filter a collection so is believed: it is read whole, page by page. One that refuses
the total alone is asked for none.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from osdi_crm_client.errors import Refused
from osdi_crm_client.paging import Crowded
from osdi_crm_client.reading.reading import FEWEST_PAGES, SECOND, SLICE_PAGES, Reading, settled
from osdi_crm_client.reading.source import Part
from osdi_crm_client.reading.whole import unsorted
from osdi_crm_client.redaction import masked
from osdi_crm_client.wire import Ids, Probe, Window

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from osdi_crm_client.wire import RawRow

logger = logging.getLogger(__name__)

MOST_CUTS = 50
"""Slices of a sorted collection that are cut by counting from one place; deep numbers cost the vendor."""


class Keyset(Reading):
    """Reads a sorted collection in slices.

    Where only what changed is wanted, it comes oldest first, and the end of the last finished slice is the bookmark.
    Everything comes in the order of ids; until it all has, the state holds in `after` from which id to go on.
    Slices become smaller towards the end, so that those read in parallel end at about the same time.
    """

    _is_counted = True

    @override
    def parts(self) -> Iterator[Part]:
        [whole] = self.parts_of_sample()
        try:
            total = self._total(whole)
        except Refused as refusal:
            if refusal.status != 400:
                raise
            logger.warning(
                "Stream '%s' is read whole, page by page: the vendor refuses to sort and filter it (%s).",
                self.source.name,
                masked(refusal.words),
            )
            yield Part(whole.path)
            return
        if self.state.is_incremental:
            self.state.note()
        yield from self._cut(whole, total)

    @override
    def parts_of_sample(self) -> Iterator[Part]:
        """Yield the whole collection, or all that changed, as one part."""
        since, path = self.state.since(), self.source.path
        if self.state.is_incremental:
            yield Part(path, Window(since, settled(self.source.account)), is_sorted=True)
        else:
            [after] = self.state.noted("after")
            self.goes_on = after is not None
            yield Part(path, Window(since), ids=Ids(since=after), is_sorted=True)

    def _cut(self, rest: Part, total: int | None) -> Iterator[Part]:
        """Yield slices that together hold the part, cut at the records that stand where each is to end."""
        source = self.source
        while True:
            ends = self._ends(total)
            for page, _ in self._looked_up(rest, [Probe(end) for end in ends]):
                if len(page.rows) != 1:  # the end, or a vendor that knows no pages
                    break
                bound = source.position(page.rows[0], rest)
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
                    yield from self._cut(second, self._total(second))
                else:
                    yield replace(rest, window=Window(since, bound))
                rest = replace(rest, window=Window(bound, until))
            else:
                if len(ends) == MOST_CUTS:
                    total = None if total is None else total - ends[-1]
                    continue
            break
        yield rest

    def _total(self, part: Part) -> int | None:
        """Return how many records a part holds; None where the vendor sorts it and does not count."""
        if not self._is_counted:
            return None
        try:
            return self.source.page(part, Probe(0)).total
        except Refused as refusal:
            if refusal.status != 400:
                raise
            self.source.page(part, Probe(1))
            self._is_counted = False
            return None

    def _ends(self, total: int | None) -> list[int]:
        """Return the numbers of the records before which slices are to end, of so many or of nobody knows how many."""
        size, ends = self.source.page_size, [0]
        for _ in range(MOST_CUTS):
            left = SLICE_PAGES if total is None else (total - ends[-1]) // size
            if left <= FEWEST_PAGES:
                break
            # pages share the records of the second in which they meet
            ends.append(ends[-1] + self._slice_pages(left) * (size - 5))
        return ends[1:]

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        if not part.is_sorted:
            yield from unsorted(self.source, part)
        elif part.ids is not None:
            yield from super().read(part)
        else:
            yield from self._by_time(part)

    def _by_time(self, part: Part) -> Iterator[list[RawRow]]:
        """Yield the rows of a part in the order of change, those of a crowded second in the order of their ids."""
        source, window = self.source, part.window
        before: set[Hashable] = set()
        while window.since is None or window.until is None or window.since < window.until:
            last: set[Hashable] = set()
            try:
                for page in source.pages(replace(part, window=window)):
                    keys = [source.key(row) for row in page.rows]
                    before, last = last, set(keys)
                    yield [row for key, row in zip(keys, page.rows, strict=True) if key not in before]
            except Crowded as crowded:
                second = Window(crowded.second, crowded.second + SECOND)
                for page in source.pages(replace(part, window=second, ids=Ids())):
                    yield [row for row in page.rows if source.key(row) not in before | last]
                window = Window(second.until, window.until)
            else:
                return

    @override
    def finished(self, part: Part) -> None:
        if not part.is_sorted:
            self.state.note()
        elif not self.state.is_incremental:
            self.state.note(after=part.ids and part.ids.until)
        elif part.ids is None or part.ids.until is None:
            self.state.note(part.window.until)

    @override
    def calls(self) -> int | None:
        [whole] = self.parts_of_sample()
        total = self._total(whole)
        if total is None:
            return None
        pages = -(-total // self.source.page_size)
        return pages + pages // SLICE_PAGES + 2
