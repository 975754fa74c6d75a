"""A stream of one vendor resource: what it is, as data, and how the SDK reads it through our client."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import osdi_crm_schemas
from osdi_crm_client import errors
from osdi_crm_client.account import encoded
from singer_sdk import metrics
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage, SelectionMask
from singer_sdk.streams.rest import HTTPRequest, PageContext, RESTStream
from typing_extensions import override

from tap_osdi_crm.overrides import assumption
from tap_osdi_crm.parts import Finished, Page, SideBySide
from tap_osdi_crm.resources import Parent, Part
from tap_osdi_crm.shaping import Row, Shape, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    import requests
    from osdi_crm_client.account import Account
    from singer_sdk.helpers.types import Context

    from tap_osdi_crm.resources import Resource
    from tap_osdi_crm.tap import TapOSDICRM

logger = logging.getLogger(__name__)

MOST_HELD = 5000
"""Rows of the streams within another that are held before they are written."""


class VendorStream(RESTStream[Any]):
    """A stream that reads its parts side by side, each by the SDK's `request_records`, through the account's client.

    A vendor's module supplies `rows`, `query`, `get_new_paginator` and what its records need before they are shaped.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Shaping gives every value its type."""

    payload_as_json = True
    page_size: ClassVar[int]
    overlap: ClassVar[float] = 120
    """Seconds before its bookmark from which an incremental run reads, unless a setting says otherwise."""

    pagings: ClassVar[frozenset[str]] = frozenset()
    """Ways of paging that the setting `stream_overrides` may name."""

    dropped: ClassVar[frozenset[str]] = frozenset()
    is_sorted_by_vendor = True
    """Whether the vendor sorts the collection, where it is read in order."""

    tap: TapOSDICRM

    def __init__(self, tap: TapOSDICRM, resource: Resource, account: Account) -> None:
        schema = osdi_crm_schemas.schema(account.vendor.name, resource.name)
        schema["properties"] = {k: v for k, v in schema["properties"].items() if not v.get("x-write-only")}
        if resource.paging and resource.paging not in self.pagings:
            ways = ", ".join(sorted(self.pagings)) or "none"
            raise errors.ConfigurationError(
                f"The setting 'stream_overrides' gives '{resource.name}' a paging that the vendor does not have; it may"
                f" be: {ways}."
            )
        self.resource = resource
        self.account = account
        self.tap = tap
        super().__init__(tap=tap, name=resource.name, schema=schema, path=resource.path, http_method=resource.method)
        self.primary_keys = resource.keys
        self.replication_key = resource.replication_key
        if resource.within:
            self.parent_stream_type = type(self)
        self._shape: Shape | None = None
        self.held: list[Row] = []
        self.is_written = False
        self._found = self._missed = False

    # What a vendor's module supplies

    def rows(self, body: Any) -> list[Row]:
        """Return the records in a decoded answer."""
        raise NotImplementedError

    def query(self, part: Part, page: Any) -> dict[str, Any]:
        """Return the query that asks for one page of a part."""
        raise NotImplementedError

    def body(self, part: Part, page: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Return the JSON body that asks for one page of a part, where the vendor wants one."""
        return None

    def ids(self) -> Iterable[str]:
        """Return the ids of all records, each once, where they are read one by one."""
        raise NotImplementedError

    def items(self, row: Row) -> Iterable[Row]:
        """Return the records of this stream that a record of the stream it is within holds."""
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
        """Yield every record of this stream as a parent, also one that changes meanwhile; for a test, of a page."""
        reading = self.resource.reading(self, everything=True)
        found: dict[str, Parent] = {}
        for event in chain(SideBySide(reading.parts(), reading.read, self._in_flight), reading.late()):
            if isinstance(event, Page):
                path = event.part.path
                for row in event.rows:
                    for parent in self.as_parent(row, path):
                        if path == self.resource.path or parent.id not in found:
                            found[parent.id] = parent
                if self.is_test:
                    break
        yield from found.values()

    def as_parent(self, row: Row, path: str) -> Iterable[Parent]:
        """Return what others hang on in a record that stands at a path: as a rule the record itself."""
        key = row[self.resource.keys[-1]]
        return (Parent(self.name, key, f"{path}/{key}", row.get("name") or row.get("title")),)

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
    def prepare_request_payload(self, context: Context | None, next_page_token: Any) -> Any:
        return self.body(_part(context), next_page_token)

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        """Return the request for a page; one that the vendor gave the address of is asked for by that."""
        asked = super().get_http_request(page=page)
        request = _Request(asked.url, asked.method, asked.params, asked.headers, asked.data)
        if isinstance(page.next_page_token, str):
            return replace(request, url=page.next_page_token, params={})
        return request

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
    def _generate_record_messages(self, record: Row) -> Generator[RecordMessage, None, None]:
        """Yield the message of a record; the SDK's walk through its fields is only for where some are not wanted."""
        if not self._is_all_wanted:
            yield from super()._generate_record_messages(record)
            return
        now = datetime.now(UTC)
        for stream_map in self.stream_maps:
            if (mapped := stream_map.transform(record)) is not None:
                yield RecordMessage(stream_map.stream_alias, mapped, self._stream_version, now)

    @cached_property
    def _is_all_wanted(self) -> bool:
        """Whether no field of the stream is deselected."""
        return all(self.mask.values())

    @override
    def _increment_stream_state(self, latest_record: Row, *, context: Context | None = None) -> None:
        """Learn nothing from a record: the readings write the bookmarks."""

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
        """Yield the page's records as one list, which goes from thread to thread as one, and where they stood."""
        body = response.json()
        if rows := self.rows(body):
            yield rows, body

    @override
    def get_records(self, context: Context | None) -> Iterable[Row]:
        """Yield the records; a stream that the credentials may not read is left out with a warning.

        A 403 also comes when the credentials are no good at all, which the check of the account tells.
        """
        if self.resource.within:
            self.tap.progress.read_within(self.name, len(self.held))
            self.is_written, rows, self.held = True, self.held, []
            yield from rows
            return
        if assumed := assumption(self.account.vendor.name, self.resource):
            logger.info("Stream '%s' rests on an assumption: %s", self.name, assumed)
        try:
            yield from self._read()
        except errors.NotSignedIn as refusal:
            if not self._may_be_this_streams(refusal):
                raise
            self.account.check()
            logger.warning("Stream '%s' is left out: the credentials are good, but may not read it.", self.name)
        except errors.Refused as refusal:
            if not self.resource.unconfirmed:
                raise
            self._warn_of_assumption(str(refusal))
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            logger.debug("Stream '%s': an answer of another form.", self.name, exc_info=True)
            raise errors.Garbled(
                f"an answer is not of the form that the vendor documents ({type(error).__name__}; where it failed"
                " stands in the log at level DEBUG)",
                method=self.resource.method,
                path=self.resource.path,
            ) from error
        else:
            if self.resource.unconfirmed and self._missed and not self._found:
                self._warn_of_assumption("there was nothing at any of its addresses")
        finally:
            self.tap.message_writer.flush()

    def _may_be_this_streams(self, refusal: errors.NotSignedIn) -> bool:
        """Whether a refusal may be of this stream alone: a 403, or a 401 at first to one that nobody could confirm."""
        to_api = refusal.path.startswith(urlsplit(self.url_base).path)
        is_first = self.resource.unconfirmed and not self._found
        return refusal.status == 403 or (refusal.status == 401 and to_api and is_first)

    def _read(self) -> Iterator[Row]:
        reading = self.resource.reading(self)
        with self.tap.progress.of(self.name) as progress:
            for event in SideBySide(reading.parts(), reading.read, self._in_flight):
                if isinstance(event, Page):
                    progress.read(len(event.rows))
                    for row in event.rows:
                        for stream in self.inner:
                            stream.take(row)
                        yield row
                    if sum(len(stream.held) for stream in self.inner) > MOST_HELD:
                        self.write_inner()
                elif not isinstance(event, Finished):
                    reading.ahead(event.part)
                else:
                    reading.finished(event.part)
                    progress.finished(event.part.path, reading.parts_in_all)
            self.write_inner(last=True)
            reading.ended()

    def _warn_of_assumption(self, why: str) -> None:
        logger.warning(
            "Stream '%s' was not read: %s. How it is reached is an assumption: correct it with the setting"
            " 'stream_overrides', or deselect the stream.",
            self.name,
            why,
        )

    # Streams within another, read by the same calls

    @cached_property
    def inner(self) -> tuple[VendorStream, ...]:
        """The streams whose records this one's hold, as far as they are selected."""
        return tuple(stream for stream in self.child_streams if isinstance(stream, VendorStream) and stream.selected)

    @property
    def together(self) -> tuple[VendorStream, ...]:
        """All selected streams that are read by this one's calls; what is noted of how far they are is the same."""
        return (self, *self.inner) if self.selected else self.inner

    def take(self, row: Row) -> None:
        """Hold the records of this stream that a record of the stream it is within holds, until they are written."""
        self.held += [self._shaped(item) for item in self.items(row)]

    def write_inner(self, *, last: bool = False) -> None:
        """Write what the streams within this one hold; the last time also the schema of those that never held any."""
        for stream in self.inner:
            if stream.held or (last and not stream.is_written):
                stream.sync()

    @override
    def generate_child_contexts(self, record: Row, context: Context | None) -> Iterable[Context | None]:
        """Yield nothing: what a record holds for the streams within is written in bulk, not record by record."""
        return ()

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log, but not each time that a stream within another writes what it holds.

        That a stream was ended by an error is the tap's to say, which knows whether it was one.
        """
        if level == logging.ERROR:
            level = logging.DEBUG
        if not (self.is_written and level == logging.INFO):
            super().log(message, *args, level=level, **kwargs)

    @override
    def get_record_counter(self, **kwargs: Any) -> metrics.Counter:
        return _QuietCounter(metrics.Metric.RECORD_COUNT) if self.is_written else super().get_record_counter(**kwargs)

    @override
    def get_sync_timer(self) -> metrics.Timer:
        return _QuietTimer(metrics.Metric.SYNC_DURATION) if self.is_written else super().get_sync_timer()

    # What readings use

    @property
    def is_test(self) -> bool:
        """Whether only a record or so is wanted, to try the connection."""
        return self.ABORT_AT_RECORD_COUNT is not None

    def pages(self, part: Part, totals: list[int] | None = None) -> Iterator[list[Row]]:
        """Yield the pages of a part, shaped, until it ends; nothing where the place of the part is gone.

        `totals` is given what the vendor says with each page of how many records there are in all, where it does.
        """
        try:
            for rows, body in self.request_records({"part": part}):
                self._found = True
                if totals is not None and (total := self.total(body)) is not None:
                    totals.append(total)
                yield self.shaped(rows, part)
            self._found = True
        except errors.NotFound:
            if part.parent is None or not part.parent.stream:
                raise
            self._missed = True
            logger.debug("Stream '%s': there is nothing at %s.", self.name, part.path)

    def shaped(self, rows: Iterable[Row], part: Part) -> list[Row]:
        """Return the records of a page of a part as they are written."""
        return [self._shaped(self.fields(row, part)) for row in rows]

    def _shaped(self, row: Row) -> Row:
        if self._shape is None:
            self._shape = Shape(self.name, _annotated(self.effective_schema, self.schema), self.dropped, self.link_id)
        record = self._shape(row)
        if self.replication_key:
            record.setdefault(self.replication_key, None)  # the SDK looks it up in every record
        for name in self.resource.keys:
            if record.get(name) is None:
                raise errors.Garbled(
                    f"a record of '{self.name}' came without '{name}', its key", method="", path=self.resource.path
                )
        return record

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
        """Return the time from which changes are wanted: the bookmark, or `start_date`, less the overlap.

        Raises:
            ConfigurationError: If it lies in the future, so that nothing would be read until then.
        """
        text: Any = self.config.get("start_date")
        if self.is_incremental:
            text = self.get_starting_replication_key_value(None)
        elif self.resource.within:
            text = self.get_context_state(None).get("until") or text
        time = utc(str(text)) if text else None
        if time is None:
            return None
        since = datetime.fromisoformat(time).replace(microsecond=0)
        if since > self.account.now() + timedelta(days=1):
            raise errors.ConfigurationError(
                f"Stream '{self.name}' is to be read from {time} on, which lies in the future. Mend 'start_date', or"
                " run it once without its state (meltano: --full-refresh)."
            )
        return since - self.before_bookmark

    @property
    def before_bookmark(self) -> timedelta:
        """How long before its bookmark an incremental run begins to read."""
        return timedelta(seconds=float(self.config.get("overlap_seconds", self.overlap)))

    def until(self) -> datetime:
        """Return the time before which every change is already visible at the vendor; it is never in the future."""
        return self.account.now().replace(microsecond=0) - timedelta(seconds=self.account.index_lag)

    def remember(self, value: datetime | None, **more: Any) -> None:
        """Write a bookmark, in the shape in which the SDK passes it on unchanged; None leaves the value as it is.

        What more is to be noted stands beside it, and goes where nothing is left of it. It holds for all streams that
        are read together, and what those within this one still hold is written first.
        """
        self.write_inner()
        for stream in self.together or (self,):
            state = stream.get_context_state(None)
            for name, noted in more.items():
                state.pop(name, None)
                if noted:
                    state[name] = noted
            if stream.is_incremental:
                state["progress_markers"] = {}
            if value is None:
                continue
            text = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            if stream.is_incremental:
                state["replication_key"] = stream.replication_key
                state["replication_key_value"] = max(text, state.get("replication_key_value") or "")
            elif stream.resource.within:
                state["until"] = max(text, state.get("until") or "")
        self.tap.state_writer.write_state(self.tap_state)

    def _in_flight(self) -> int:
        return 1 if self.is_test else self.account.in_flight


class _Request(HTTPRequest):
    """A request whose query is quoted as all are."""

    @override
    def encode_params(self) -> str:
        return encoded(self.params)


class _RememberingMask(SelectionMask):
    """A selection mask that looks up each breadcrumb once."""

    @override
    def __missing__(self, breadcrumb: tuple[str, ...]) -> bool:
        self[breadcrumb] = selected = super().__missing__(breadcrumb)
        return selected


class _QuietTimer(metrics.Timer):
    """A timer that logs nothing."""

    @override
    def __exit__(self, *args: object) -> None:
        pass


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
