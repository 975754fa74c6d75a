"""A stream of one vendor resource: what it is, as data, and how the SDK reads it through our client."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import osdi_crm_schemas
from osdi_crm_client import errors
from singer_sdk import metrics
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import SelectionMask
from singer_sdk.streams.rest import PageContext, RESTStream
from typing_extensions import override

from tap_osdi_crm.parts import Page, SideBySide
from tap_osdi_crm.resources import Parent, Part
from tap_osdi_crm.shaping import Row, Shape, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import requests
    from osdi_crm_client.account import Account
    from singer_sdk.helpers.types import Context

    from tap_osdi_crm.resources import Resource
    from tap_osdi_crm.tap import TapOSDICRM

logger = logging.getLogger(__name__)


class VendorStream(RESTStream[Any]):
    """A stream that reads its parts side by side, each by the SDK's `request_records`, through the account's client.

    A vendor's module supplies `rows`, `query`, `get_new_paginator` and what its records need before they are shaped.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Shaping gives every value its type."""

    page_size: ClassVar[int]
    dropped: ClassVar[frozenset[str]] = frozenset()
    is_sorted_by_vendor = True
    """Whether the vendor sorts the collection, where it is read in order."""

    tap: TapOSDICRM

    def __init__(self, tap: TapOSDICRM, resource: Resource, account: Account) -> None:
        schema = osdi_crm_schemas.schema(account.vendor.name, resource.name)
        schema["properties"] = {k: v for k, v in schema["properties"].items() if not v.get("x-write-only")}
        self.resource = resource
        self.account = account
        self.tap = tap
        super().__init__(tap=tap, name=resource.name, schema=schema, path=resource.path)
        self.primary_keys = resource.keys
        self.replication_key = resource.replication_key
        self._shape: Shape | None = None

    # What a vendor's module supplies

    def rows(self, body: Any) -> list[Row]:
        """Return the records in a decoded answer."""
        raise NotImplementedError

    def query(self, part: Part, page: Any) -> dict[str, Any]:
        """Return the query that asks for one page of a part."""
        raise NotImplementedError

    def total(self, body: Any) -> int | None:  # noqa: ARG002
        """Return how many records the vendor says there are in all, where it does."""
        return None

    def link_id(self, row: Row, link: str) -> str | None:
        """Return the id that a link or relationship of a record points to."""
        raise NotImplementedError

    def place(self, row: Row, order: str) -> Any:
        """Return what a record is sorted by in this order: its time of change, in whole seconds, or its id."""
        raise NotImplementedError

    def lighter(self, request: requests.PreparedRequest, failure: errors.VendorError) -> requests.PreparedRequest:  # noqa: ARG002
        """Return the request to make instead of one that the vendor failed at, where fewer records may help."""
        return request

    def fields(self, row: Row, part: Part) -> Row:  # noqa: ARG002
        """Return the vendor's record with what only its place tells: its key, its parent."""
        return row

    def other_paths(self) -> Iterator[str]:
        """Yield the paths of further collections that hold records of this stream, which `path` may lack."""
        yield from ()

    def parents(self) -> Iterable[Parent]:
        """Return the records this stream hangs on, unsorted."""
        for name in self.resource.parents:
            yield from self.tap.parents(name)

    def as_parents(self) -> Iterator[Parent]:
        """Yield every record of this stream as a parent; reads the whole collection."""
        reading = self.resource.reading(self, everything=True)
        found: dict[str, Parent] = {}
        for event in SideBySide(reading.parts(), reading.read, self._in_flight):
            if isinstance(event, Page):
                path = event.part.path
                for row in event.rows:
                    if path == self.resource.path or row["id"] not in found:
                        name = row.get("name") or row.get("title")
                        found[row["id"]] = Parent(self.name, row["id"], f"{path}/{row['id']}", name)
        yield from found.values()

    # Seams of the SDK

    @property
    @override
    def url_base(self) -> str:
        return self.account.base_url

    @override
    def get_url(self, context: Context | None) -> str:
        return f"{self.url_base}/{_part(context).path.lstrip('/')}"

    @override
    def get_url_params(self, context: Context | None, next_page_token: Any) -> dict[str, Any]:
        return self.query(_part(context), next_page_token)

    @override
    def build_prepared_request(self, *args: Any, **kwargs: Any) -> requests.PreparedRequest:
        return self.account.prepare(*args, **kwargs)

    @property
    @override
    def mask(self) -> SelectionMask:
        """The selection, remembering what it finds for fields that the catalog does not name."""
        if self._mask is None:
            self._mask = _RememberingMask(super().mask)
        return self._mask

    @override
    def request_decorator(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Send through the account, which paces, signs and retries; nothing is left for the SDK to do."""
        return lambda prepared, _: self.account.send(prepared, repeatable=True, lighter=self.lighter)

    @override
    def get_http_request_counter(self) -> metrics.Counter:
        """Count without a log line per part; the progress lines tell the calls."""
        return _QuietCounter(metrics.Metric.HTTP_REQUEST_COUNT)

    @override
    def parse_response(self, response: requests.Response) -> Iterable[Any]:
        """Yield the page's records as one list, which goes from thread to thread as one."""
        if rows := self.rows(response.json()):
            yield rows

    @override
    def get_records(self, context: Context | None) -> Iterable[Row]:
        reading = self.resource.reading(self)
        with self.tap.progress.of(self.name) as progress:
            for event in SideBySide(reading.parts(), reading.read, self._in_flight):
                if isinstance(event, Page):
                    progress.read(len(event.rows))
                    yield from event.rows
                else:
                    reading.finished(event.part)
                    progress.finished(event.part.path)
            reading.ended()

    # What readings use

    @property
    def is_test(self) -> bool:
        """Whether only a record or so is wanted, to try the connection."""
        return self.ABORT_AT_RECORD_COUNT is not None

    def pages(self, part: Part) -> Iterator[list[Row]]:
        """Yield the pages of a part, shaped, until it ends; nothing where the place of the part is gone."""
        if self._shape is None:
            self._shape = Shape(self.name, _annotated(self.effective_schema, self.schema), self.dropped, self.link_id)
        try:
            for rows in self.request_records({"part": part}):
                yield [self._shape(self.fields(row, part)) for row in rows]
        except errors.NotFound:
            if part.parent is None:
                raise
            logger.debug("Stream '%s': there is nothing at %s.", self.name, part.path)

    def page(self, part: Part, number: Any) -> tuple[list[Row], int | None]:
        """Return the raw records of one page, and how many there are in all where the vendor says so."""
        wanted = self.get_http_request(page=PageContext(stream_context={"part": part}, next_page_token=number))
        prepared = self.build_prepared_request(wanted.method, wanted.url, params=wanted.params, json=wanted.data)
        body = self.account.send(prepared, repeatable=True).json()
        return self.rows(body), self.total(body)

    def key(self, row: Row) -> tuple[Any, ...]:
        """Return the key of a shaped record."""
        return tuple(row.get(name) for name in self.resource.keys)

    def order(self, part: Part) -> str:
        """Return the property that a part is sorted by."""
        return self.replication_key if part.ids is None and self.replication_key else "id"

    @property
    def is_incremental(self) -> bool:
        """Whether only what changed since the bookmark is wanted."""
        return self.replication_key is not None and self.replication_method == "INCREMENTAL"

    def since(self) -> datetime | None:
        """Return the time from which changes are wanted: the bookmark, or `start_date`, less the overlap."""
        text = self.get_starting_replication_key_value(None) if self.is_incremental else self.config.get("start_date")
        time = utc(str(text)) if text else None
        if time is None:
            return None
        overlap = timedelta(seconds=float(self.config.get("overlap_seconds", 120)))
        return datetime.fromisoformat(time).replace(microsecond=0) - overlap

    def until(self) -> datetime:
        """Return the time before which every change is already visible at the vendor; it is never in the future."""
        return self.account.now().replace(microsecond=0) - timedelta(seconds=self.account.index_lag)

    def remember(self, value: datetime | None, **more: Any) -> None:
        """Write a bookmark, in the shape in which the SDK passes it on unchanged; None leaves the value as it is."""
        state = self.get_context_state(None)
        state.update(more)
        if self.is_incremental:
            state["progress_markers"] = {}
            if value is not None:
                text = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
                state["replication_key"] = self.replication_key
                state["replication_key_value"] = max(text, state.get("replication_key_value") or "")
        self.tap.state_writer.write_state(self.tap_state)

    def _in_flight(self) -> int:
        return 1 if self.is_test else self.account.in_flight


class _RememberingMask(SelectionMask):
    """A selection mask that looks up each breadcrumb once."""

    @override
    def __missing__(self, breadcrumb: tuple[str, ...]) -> bool:
        self[breadcrumb] = selected = super().__missing__(breadcrumb)
        return selected


class _QuietCounter(metrics.Counter):
    """A counter that logs nothing."""

    @override
    def increment(self, value: int = 1) -> None:
        self.value += value

    @override
    def exit(self) -> None:
        pass


def _part(context: Context | None) -> Part:
    part: Part = (context or {})["part"]
    return part


def _annotated(known: Mapping[str, Any], annotated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties the catalog knows, with the keywords of ours that an older catalog may lack."""
    return {
        "properties": {
            name: {**annotated["properties"].get(name, {}), **prop} for name, prop in known["properties"].items()
        }
    }
