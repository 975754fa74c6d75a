"""Telling how far a run is: a line every ten seconds, a table at its end, and beforehand what it would cost."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from osdi_crm_client.errors import (
    ConfigurationError,
    Fault,
    NoAnswer,
    NotRead,
    Unavailable,
    VendorError,
    class_and_place,
)
from osdi_crm_client.redaction import OwnLines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from osdi_crm_client.account import Account

logger = logging.getLogger(__name__)

MOST_FAILED_IN_A_ROW = 3
"""Streams at which the vendor may fail one after the other before the run is given up."""

INTERVAL = 10.0
"""Seconds between two lines."""

SHORT = 90.0
"""Seconds that are told as such, and not in minutes."""


class StreamProgress:
    """How far one stream is."""

    def __init__(self, name: str, account: Account, place: str = "") -> None:
        self.name = name
        self._title = f"{name}{place}"
        self.records = 0
        self.parts = 0
        self._place = ""
        self._parts_in_all: int | None = None
        self._account = account
        self._calls_before = account.pacer.made
        self._refused_before = account.pacer.refused
        self._began = self._told = time.monotonic()
        self._ended: float | None = None

    def read(self, records: int) -> None:
        """Count records, and tell if it is time."""
        self.records += records
        if time.monotonic() - self._told >= INTERVAL:
            self._told = time.monotonic()
            self._tell()

    def finished(self, place: str, parts_in_all: int | None) -> None:
        """Count a finished part."""
        self.parts += 1
        self._parts_in_all = parts_in_all
        self._place = place

    def end(self) -> None:
        """Stop the clock and the counting of calls."""
        self._ended = time.monotonic()
        self.calls, self.refused = self._calls(), self._refused()

    calls = 0
    refused = 0

    @property
    def seconds(self) -> float:
        """How long it has taken so far, or in all."""
        return max((self._ended or time.monotonic()) - self._began, 0.001)

    def _calls(self) -> int:
        return self._account.pacer.made - self._calls_before

    def _refused(self) -> int:
        return self._account.pacer.refused - self._refused_before

    def _tell(self) -> None:
        rate = self._account.vendor.calls_per_second
        share = f", {self._calls() / self.seconds / rate:.0%} of the pace" if rate else ""
        logger.info(
            "%s: %d records, %.0f/s, %d calls%s, %d x 429, %d parts done%s%s",
            self._title,
            self.records,
            self.records / self.seconds,
            self._calls(),
            share,
            self._refused(),
            self.parts,
            f", last {self._place}" if self._place else "",
            self._outlook(),
        )

    def _outlook(self) -> str:
        """Return how much of the stream is done, and how long the rest takes, once a part has told that."""
        if (left := self._left()) is None or self._parts_in_all is None:
            return ""
        rest = f"{left:.0f} seconds" if left < SHORT else f"{left / 60:.0f} minutes"
        return f", {min(self.parts / self._parts_in_all, 1):.0%} done, {rest} left"

    @property
    def expected(self) -> int | None:
        """How many records it will have, if the parts to come are like those before."""
        if not self.parts or self._parts_in_all is None:
            return None
        return self.records * max(self._parts_in_all, self.parts) // self.parts

    def _left(self) -> float | None:
        """Seconds left, if the parts to come are like those before."""
        if not self.parts or self._parts_in_all is None:
            return None
        return self.seconds * max(self._parts_in_all - self.parts, 0) / self.parts


class Progress:
    """How far a run is, over all its streams.

    Attributes:
        within: How many records were read of streams within others.
        streams_in_all: How many streams the run reads, those within others aside.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._streams: list[StreamProgress] = []
        self.within: dict[str, int] = {}
        self.streams_in_all = 0
        self._failed: list[NotRead] = []
        self._in_a_row = 0

    @property
    def latest(self) -> StreamProgress | None:
        """How far the stream is that was begun last."""
        return self._streams[-1] if self._streams else None

    def failed(self, name: str, error: Exception) -> None:
        """Note that a stream was not read to its end.

        Raises:
            VendorError: If the vendor has failed at too many one after the other: the next ones would fare no better.
        """
        self._in_a_row += isinstance(error, Fault | NoAnswer | Unavailable)
        if self._in_a_row >= MOST_FAILED_IN_A_ROW:
            raise error
        why = error if isinstance(error, VendorError) else f"unexpected {class_and_place(error)}"
        logger.warning("Stream '%s' is not read to its end, and the others go on: %s", name, why)
        self._failed.append(NotRead(f"Stream '{name}' was not read to its end: {why}", name, error))

    def went_well(self) -> None:
        """Note that a stream was read."""
        self._in_a_row = 0

    def judge(self) -> None:
        """See that all streams were read.

        Raises:
            ConfigurationError: If some were not; the message has a line for each.
        """
        if self._failed:
            raise ConfigurationError(*self._failed)

    def read_within(self, name: str, records: int) -> None:
        """Count records of a stream that is read within another, without calls of its own."""
        self.within[name] = self.within.get(name, 0) + records

    @contextmanager
    def of(self, name: str) -> Iterator[StreamProgress]:
        """Follow one stream."""
        place = f" ({len(self._streams) + 1} of {self.streams_in_all})" if self.streams_in_all else ""
        progress = StreamProgress(name, self._account, place)
        self._streams.append(progress)
        try:
            yield progress
        finally:
            progress.end()

    def table(self) -> OwnLines:
        """Return what each stream took."""
        rows = [
            (s.name, f"{s.records:,}", f"{s.calls:,}", f"{s.refused:,}", f"{s.seconds:,.1f}") for s in self._streams
        ]
        rows += [(name, f"{records:,}", "0", "0", "") for name, records in self.within.items()]
        return _table(("stream", "records", "calls", "429", "seconds"), rows)


def estimate(calls: Mapping[str, int | None], account: Account) -> OwnLines:
    """Return as a table what so many calls for each stream would cost; of some nobody knows how many."""
    rows = [(name, "unknown" if each is None else f"{each:,}", _minutes(each, account)) for name, each in calls.items()]
    together = sum(each or 0 for each in calls.values())
    rows.append(("together, at least", f"{together:,}", _minutes(together, account)))
    return _table(("stream", "calls", "minutes"), rows)


def _minutes(calls: int | None, account: Account) -> str:
    rate = account.pacer.rate
    return f"{calls / rate / 60:,.1f}" if rate and calls is not None else "unknown"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> OwnLines:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = (
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (head, *rows)
    )
    return OwnLines("\n".join(lines))
