"""What all ways of reading share: parts that are read in parallel and finished in their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from itertools import takewhile
from threading import Event
from typing import TYPE_CHECKING

from osdi_crm_client.reading.parallel import Ahead, Finished, Parallel, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from osdi_crm_client.account import Account
    from osdi_crm_client.reading.source import Part, Source, State
    from osdi_crm_client.wire import Page, RawRow, Token

SLICE_PAGES = 40
"""Pages that a slice is cut to hold."""

FEWEST_PAGES = 3
"""Pages that a slice is cut to hold at least, unless it is the last."""

TRIES = 3
"""How often a part is read that changed meanwhile."""

SECOND = timedelta(seconds=1)


def settled(account: Account) -> datetime:
    """Return the time before which every change is already visible at the vendor; it is never in the future."""
    return account.now().replace(microsecond=0) - timedelta(seconds=account.index_lag)


class Reading(ABC):
    """How the records of one source are read in one run.

    Attributes:
        parts_in_all: How many parts there are, once that is known.
        goes_on: Whether it reads only what an earlier run had not.
    """

    def __init__(self, source: Source, state: State) -> None:
        """Read what is new to the state, or with `Stateless` everything there is."""
        self.source = source
        self.state = state
        self.parts_in_all: int | None = None
        self.goes_on = False

    @property
    def is_whole(self) -> bool:
        """Whether it reads everything there is."""
        return not (self.goes_on or self.state.is_incremental or self.state.since())

    def run(self) -> Iterator[Rows[Part] | Finished[Part]]:
        """Yield the rows as they arrive, and in order the parts that are finished.

        How far the reading is, is noted only when what came before has been taken: when the next item is asked for.

        Raises:
            VendorError: One of its kinds, if the vendor did not give them all.
        """
        for event in Parallel(self.parts(), self.read, lambda: self.source.account.in_flight):
            if isinstance(event, Ahead):
                self.ahead(event.part)
                continue
            if isinstance(event, Finished):
                self.finished(event.part)
            yield event
        if not self.state.is_incremental:
            yield from self._late()
        self.ended()

    def sample(self) -> Iterator[Rows[Part]]:
        """Yield rows for somebody who wants a few, to try the connection; nothing is noted."""
        for part in self.parts_of_sample():
            for page in self.source.pages(part):
                yield Rows(part, page.rows)

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Yield the parts in the order in which they are to be finished; may make calls."""

    @abstractmethod
    def parts_of_sample(self) -> Iterator[Part]:
        """Yield parts that hold records, without any calls about the others."""

    def read(self, part: Part) -> Iterator[list[RawRow]]:
        """Yield the rows of a part, page by page."""
        for page in self.source.pages(part):
            yield page.rows

    def ahead(self, part: Part) -> None:  # noqa: B027
        """Take note that this part has come out, while one before it has not."""

    def finished(self, part: Part) -> None:  # noqa: B027
        """Take note that this part and all before it have come out."""

    def ended(self) -> None:  # noqa: B027
        """Take note that all parts have come out."""

    def _late(self) -> Iterator[Rows[Part]]:
        """Yield, after all parts, the rows that may have left their part before it was read.

        No later reading brings them, unless that goes on from a state.
        """
        yield from ()

    def calls(self) -> int | None:
        """Return about how many calls the reading will take, where that can be told cheaply."""
        return None

    def _slice_pages(self, left: int) -> int:
        """Return how many pages a slice is to hold of so many left: fewer towards the end, so that all end together."""
        return min(SLICE_PAGES, max(FEWEST_PAGES, left // self.source.account.in_flight))

    def _looked_up(
        self, part: Part, tokens: Iterable[Token], is_last: Callable[[Page], bool] = lambda _: False
    ) -> Iterator[tuple[Page, datetime]]:
        """Yield these pages of a part, and when each came, looked up some ahead so that no reader waits for them.

        No more are looked up when one is the last.
        """
        found: dict[Token, tuple[Page, datetime]] = {}
        ended = Event()

        def look_up(token: Token) -> Iterator[list[RawRow]]:
            page = self.source.page(part, token)
            found[token] = page, self.source.account.now()
            if is_last(page):
                ended.set()
            yield page.rows

        wanted = takewhile(lambda _: not ended.is_set(), tokens)
        for event in Parallel(wanted, look_up, lambda: self.source.account.in_flight):
            if isinstance(event, Finished):
                yield found.pop(event.part)
