"""Reading a collection that can neither be filtered nor sorted by what changed: from its first page to its last.

Needs pages that follow one another somehow. Promises every record that is there all the while, if the vendor tells with
each page how many there are in all, or its cursors hold their place; else one that goes meanwhile may hide another.
Where records tell when they changed, an incremental run passes on only those that did since the start of the last one.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from osdi_crm_client.reading.reading import TRIES, Reading, settled
from osdi_crm_client.reading.source import Part
from osdi_crm_client.wire import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.reading.source import Source
    from osdi_crm_client.wire import RawRow

logger = logging.getLogger(__name__)


class Whole(Reading):
    """Reads one collection, each run anew."""

    @override
    def parts(self) -> Iterator[Part]:
        if self.state.is_incremental:
            self._started = settled(self.source.account)
            self.state.note()
        yield Part(self.source.path, Window(self.state.since()))

    @override
    def parts_of_sample(self) -> Iterator[Part]:
        yield Part(self.source.path)

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        since, changed_at = part.window.since, self.source.changed_at
        for rows in unsorted(self.source, part):
            if since is None:
                yield rows
            else:
                yield [row for row in rows if (changed := changed_at(row)) is None or changed >= since]

    @override
    def ended(self) -> None:
        if self.state.is_incremental:
            self.state.note(self._started)

    @override
    def calls(self) -> int | None:
        total = self.source.page(Part(self.source.path)).total
        return None if total is None else total // self.source.page_size + 1


def unsorted(source: Source, part: Part) -> Iterator[list[RawRow]]:
    """Yield the rows of a part that has no order, again until no record has gone meanwhile.

    A record that goes moves all behind it up, one of them past the reader. So the part is read again where the vendor
    says with a page that there are fewer records than it said with the page before.
    """
    for _ in range(TRIES):
        totals: list[int] = []
        for page in source.pages(part):
            if page.total is not None:
                totals.append(page.total)
            yield page.rows
        if all(before <= after for before, after in pairwise(totals)):
            return
    source.miss()
    logger.warning(
        "Stream '%s': %s kept changing while it was read, and some of it may be missing; run again.",
        source.name,
        part.path,
    )
