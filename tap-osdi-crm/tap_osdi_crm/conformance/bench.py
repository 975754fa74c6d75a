"""What probes stand on: the account, its streams as the tap reads them, a few records of each, the latest answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import ConfigurationError, VendorError
from osdi_crm_client.reading.source import Part, Stateless

from tap_osdi_crm import overrides
from tap_osdi_crm.conformance import masking

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests
    from osdi_crm_client.wire import Page, RawRow, Token

    from tap_osdi_crm.resources import Resource
    from tap_osdi_crm.source import Source, Sources
    from tap_osdi_crm.tap import TapOSDICRM

MOST_PARTS = 5
"""Places of a stream that are looked at, such as parents or single records, until there are records enough."""

ENOUGH = 10
"""Records of a stream that are looked at, where its first page has no more."""

MOST_CALLS = 30
"""Calls of one probe that are kept."""


@dataclass(frozen=True)
class Sample:
    """What the first look at a stream brought.

    Attributes:
        source: What it was read through.
        rows: Records as the tap takes them.
        part: The place where the first of them stand; None where there was none to look at.
        page: The page on which those came.
        error: What went wrong, if anything did.
        body: The latest answer, decoded.
        change: How the stream had to be read otherwise than assumed, as `stream_overrides` says it.
    """

    source: Source
    rows: list[RawRow] = field(default_factory=list)
    part: Part | None = None
    page: Page | None = None
    error: Exception | None = None
    body: Any = None
    change: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """The ids of the records of the page, in their order; fewer than records where some lack one."""
        own = self.source.own_key
        return [str(row[own]) for row in self._first if row.get(own) is not None]

    @property
    def _first(self) -> list[RawRow]:
        return self.rows if self.page is None or self.source.resource.within else self.page.rows

    @property
    def is_readable(self) -> bool:
        """Whether records came, each with an id of its own."""
        keys = self.keys
        is_within = self.source.resource.within is not None
        return bool(self.rows) and len(keys) == len(self._first) and (is_within or len(set(keys)) == len(keys))


class Bench:
    """One account on the bench.

    Attributes:
        account: The account.
        sources: Its streams, read as was found so far.
        found: By stream, how it is read otherwise than assumed.
        calls: What may be kept of the calls since it was last emptied.
        latest: The latest answer.
        is_new: Whether no stream has shown yet how it pages.
    """

    def __init__(self, tap: TapOSDICRM) -> None:
        """Listen to the calls of the tap's account."""
        self.account = tap.account
        self.found: dict[str, dict[str, Any]] = {
            name: dict(change) for name, change in tap.settings.stream_overrides.items()
        }
        self.calls: list[masking.Exchange] = []
        self.latest: requests.Response | None = None
        self.is_new = True
        self._tap = tap
        self.sources: Sources = tap.sources_read(self.found, is_test=lambda: True)
        self._samples: dict[str, Sample] = {}
        self.account.listen(self._hear)

    def _hear(self, response: requests.Response) -> None:
        self.latest = response
        if len(self.calls) < MOST_CALLS:
            self.calls.append(masking.exchange(response, self.account.base_url))

    @property
    def vendor(self) -> str:
        """The vendor's name."""
        return self.account.vendor.name

    def assumption(self, resource: Resource) -> str:
        """Return what is assumed of how a stream is read."""
        return overrides.assumption(self.vendor, resource)

    def sample(self, stream: str) -> Sample:
        """Return the first look at a stream, as far as it has been found how to read it."""
        if stream not in self._samples:
            self._samples[stream] = self._look(self.sources.make(stream))
        return self._samples[stream]

    def accept(self, stream: str, sample: Sample) -> None:
        """Read a stream from now on as this look at it was made."""
        if sample.change:
            self.found[stream] = {**self.found.get(stream, {}), **sample.change}
            self.sources = self._tap.sources_read(self.found, is_test=lambda: True)
        self._samples[stream] = sample

    def look_with(self, stream: str, change: Mapping[str, Any]) -> Sample | None:
        """Return the look at a stream with an override; None where there can be no such override."""
        base = self.sources
        try:
            [resource] = overrides.corrected([base.resources[stream]], self.vendor, {stream: change}, base.kind.pagings)
            source = base.kind(resource, self.account, base)
        except ConfigurationError:
            return None
        return replace(self._look(source), change=change)

    def try_change(self, stream: str, change: Mapping[str, Any]) -> Sample | None:
        """Return the look at a stream with an override, where records came that can be told apart."""
        sample = self.look_with(stream, change)
        return sample if sample and sample.is_readable else None

    def _look(self, source: Source) -> Sample:
        if source.resource.within:
            outer = self.sample(source.resource.within)
            return replace(outer, source=source, rows=[item for row in outer.rows for item in source.items(row)])
        found = Sample(source)
        self.latest = None
        try:
            for part in self._parts(source):
                page = source.page(part)
                if not found.rows:
                    found = Sample(source, [], part, page, body=self.body())
                found.rows.extend(page.rows)
                if len(found.rows) >= ENOUGH:
                    break
        except (VendorError, ConfigurationError) as error:
            return found if found.rows else replace(found, error=error, body=self.body())
        return found

    @staticmethod
    def _parts(source: Source) -> Iterator[Part]:
        return islice(source.resource.reading(source, Stateless()).parts_of_sample(), MOST_PARTS)

    def body(self) -> Any:
        """Return the latest answer, decoded; None where there is none, or no JSON."""
        if self.latest is None or not self.latest.content:
            return None
        try:
            return self.latest.json()
        except VendorError:
            return None

    def rows_of(self, source: Source, part: Part, token: Token | None, **query: Any) -> list[RawRow] | None:
        """Return the records of a page that is asked for with other parameters; None where there is none."""
        collection = source.asked(part)
        own = collection.query
        changed = replace(collection, query=lambda asked: {**own(asked), **query})
        try:
            return source.page(part, token, changed).rows
        except VendorError:
            return None
