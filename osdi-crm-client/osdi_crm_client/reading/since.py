"""Reading what changed since a time, where the vendor filters by that end of it alone.

Needs such a filter, to the second; rows that tell their key; a total, or else rows that stop changing. Promises every
record that is there all the while, as changed as it was at the run's start, which is the bookmark.

Pages by number lose rows when others come or go. So a collection of more than one page counts as read only when the
records seen, with those that changed meanwhile, are as many as the vendor says there are; those that changed meanwhile
are asked for, and come too. Otherwise it is read again, and what was seen before counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from osdi_crm_client.errors import Garbled
from osdi_crm_client.reading.reading import TRIES, Reading, settled
from osdi_crm_client.reading.source import Part
from osdi_crm_client.wire import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.wire import Page, RawRow


class Since(Reading):
    """Reads what changed since the last run's start.

    Where records do not tell when they changed, each is given the run's start instead: it has every change up to then.
    """

    @override
    def parts(self) -> Iterator[Part]:
        self._started = settled(self.source.account)
        if self.state.is_incremental:
            self.state.note()
        yield Part(self.source.path, Window(self.state.since()))

    @override
    def parts_of_sample(self) -> Iterator[Part]:
        yield Part(self.source.path, Window(self.state.since()))

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        started = f"{self._started:%Y-%m-%dT%H:%M:%SZ}"
        for page in self._completely(part):
            if key := self.source.change_key:
                for row in page.rows:
                    row.setdefault(key, started)
            yield page.rows

    def _completely(self, part: Part) -> Iterator[Page]:
        source = self.source
        seen: set[int] = set()
        for _ in range(TRIES):
            began = settled(source.account)
            pages = 0
            for page in source.pages(part):
                pages += 1
                seen.update(hash(source.key(row)) for row in page.rows)
                yield page
            if pages <= 1:
                return
            for _ in range(TRIES):
                changed = False
                for page in source.pages(Part(part.path, Window(began))):
                    changed = True
                    seen.update(hash(source.key(row)) for row in page.rows)
                    yield page
                total = source.page(part).total
                if len(seen) >= total if total is not None else not changed:
                    return
        raise Garbled("the records kept changing; run again", method="GET", path=part.path)

    @override
    def ended(self) -> None:
        self.state.note(self._started)

    @override
    def calls(self) -> int | None:
        [part] = self.parts_of_sample()
        total = self.source.page(part).total
        return None if total is None else total // self.source.page_size + 3
