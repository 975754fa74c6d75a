"""A stream as the SDK wants it: its schema, its state and its messages; what it reads, and how, is its source's."""

from __future__ import annotations

import logging
from collections import Counter, deque
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import osdi_crm_schemas
from osdi_crm_client.reading.parallel import Finished, Rows
from osdi_crm_client.reading.source import Stateless
from singer_sdk import Stream, metrics
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage, SelectionMask
from typing_extensions import override

from tap_osdi_crm.deletions import DELETED_AT, Deletions
from tap_osdi_crm.failures import Failures
from tap_osdi_crm.overrides import assumption
from tap_osdi_crm.shaping import Record, Shape
from tap_osdi_crm.source import without_key
from tap_osdi_crm.state import StreamState
from tap_osdi_crm.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from osdi_crm_client.reading.reading import Reading
    from osdi_crm_client.wire import RawRow
    from osdi_crm_schemas.crosswalk import Crosswalk
    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_osdi_crm.progress import Progress
    from tap_osdi_crm.source import Source
    from tap_osdi_crm.writer import MessageWriter

logger = logging.getLogger(__name__)

MOST_HELD = 5000
"""Records of the streams within another that are held before they are written."""


class VendorStream(Stream):
    """A stream of one resource, shaped after its schema and written through the SDK.

    Attributes:
        detects: Whether what is gone of it is told.
        deletions: What is gone of it, in a run that tells so.
        crosswalk: Makes its records, in the shared model.
        held: Its records that wait to be written, of a stream within another.
        is_last: Whether it holds the last of them.
        is_complete: Whether it was read to its end in this run.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Shaping gives every value its type."""

    def __init__(self, tap: Tap, source: Source, progress: Progress, crosswalk: Crosswalk | None = None) -> None:
        resource = source.resource
        schema = osdi_crm_schemas.schema(source.account.vendor.name, resource.name)
        schema["properties"] = {k: v for k, v in schema["properties"].items() if not v.get("x-write-only")}
        self._vendors_schema = schema
        if crosswalk:
            schema = osdi_crm_schemas.shared_schema(crosswalk.name)
        name = crosswalk.name if crosswalk else resource.name
        self.detects = not {"*", name}.isdisjoint(source.settings.detect_deletes)
        if self.detects:
            schema["properties"][DELETED_AT] = {"type": ["null", "string"], "format": "date-time"}
        self.tap = tap
        self.source = source
        self._progress = progress
        self.crosswalk = crosswalk
        super().__init__(tap=tap, name=name, schema=schema)
        self.primary_keys = crosswalk.keys if crosswalk else resource.keys
        changed = resource.replication_key
        self.replication_key = crosswalk.place_of(changed) if crosswalk else changed
        if resource.within:
            self.parent_stream_type = VendorStream
        self.deletions: Deletions | None = None
        self.is_last = False
        self.held: list[Record] = []
        self.failures = Failures(source, progress)
        self.is_written = False
        self.is_complete = False

    def begin_version(self, number: int) -> None:
        """Have all records carry the number of a version from here on."""
        self._stream_version = number

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """Never as the SDK does, before the records: a run that is cut short would look like a complete one."""
        return False

    def refers_to(self) -> set[str]:
        """Return the names of the streams that its records hang on or refer to."""
        referred = {prop.get("x-refers-to") for prop in self.schema["properties"].values()}
        return {*self.source.resource.parents, *filter(None, referred)}

    # Reading

    @property
    def is_test(self) -> bool:
        """Whether only a record or so is wanted, to try the connection."""
        return self.ABORT_AT_RECORD_COUNT is not None

    @cached_property
    def inner(self) -> tuple[VendorStream, ...]:
        """The streams whose records this one's hold, as far as they are selected; they are read by the same calls."""
        return tuple(stream for stream in self.child_streams if isinstance(stream, VendorStream) and stream.selected)

    def reading(self) -> Reading:
        """Return how the stream is read in this run."""
        self.source.inner = tuple(stream.source.resource for stream in self.inner)
        self.source.wanted = None if self._is_all_wanted or self.crosswalk else _wanted(self)
        state = StreamState(
            self,
            self.source,
            inner=self.inner,
            write_inner=self._write_inner,
            write=lambda: self.tap.state_writer.write_state(self.tap_state),
        )
        return self.source.resource.reading(self.source, state)

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Yield the records; nothing where the stream is left out."""
        source = self.source
        if source.resource.within:
            self._progress.read_within(self.name, len(self.held))
            self.is_written, records, self.held = True, self.held, []
            yield from records
            if self.is_last:
                yield from self._gone()
            return
        if assumed := assumption(source.account.vendor.name, source.resource):
            logger.info("Stream '%s' rests on an assumption: %s", self.name, assumed)
        try:
            with self.failures.caught():
                yield from self._read()
        finally:
            cast("MessageWriter", self.tap.message_writer).flush()

    def _read(self) -> Iterator[Record]:
        reading = self.reading()
        versions = self._versions(reading)
        compared = [] if self.is_test else [each for each in (self, *self.inner) if each.detects and each.selected]
        with ExitStack() as opened:
            for stream in compared:
                stream.deletions = opened.enter_context(closing(Deletions(stream, self.source, stream.crosswalk)))
            with self._progress.of(self.name) as progress:
                for event in reading.sample() if self.is_test else reading.run():
                    if isinstance(event, Finished):
                        progress.finished(event.part.path, reading.parts_in_all)
                        continue
                    progress.read(len(event.rows))
                    yield from self.shaped(self._apart(row) if self.inner else row for row in event.rows)
                    if sum(len(stream.held) for stream in self.inner) > MOST_HELD:
                        self._write_inner()
                if compared and not reading.is_whole:
                    self._note_everything()
                self._write_inner(last=True)
            yield from self._gone()
            if versions:
                read = Counter({self.name: progress.records, **self._progress.within})
                versions.end(read + Counter({each.name: each.deletions.told for each in compared if each.deletions}))
        for stream in (self, *self.inner):
            stream.is_complete = True

    def _note_everything(self) -> None:
        """Have all records that are there noted, whatever the state says of them."""
        reading = self.source.resource.reading(self.source, Stateless())
        for event in reading.run():
            if isinstance(event, Rows):
                for stream in (self, *self.inner):
                    rows = event.rows if stream is self else (i for row in event.rows for i in stream.source.items(row))
                    deque(stream.shaped(rows), maxlen=0)

    def _gone(self) -> Iterable[Record]:
        """Return what is gone, where that is to be told and all that is there has been noted."""
        return self.deletions.gone() if self.deletions else ()

    def _versions(self, reading: Reading) -> Versions | None:
        wanted = self.source.settings.emit_activate_version_messages
        if self.is_test or not wanted or reading.state.is_incremental:
            return None
        streams = (self, *self.inner)
        versions = Versions(self.source, reading, streams, self.tap)
        for stream in streams:
            stream.begin_version(versions.number)
        return versions

    def _apart(self, row: RawRow) -> RawRow:
        """Let the streams within this one hold their records of a row, and return it without what is theirs alone."""
        for stream in self.inner:
            stream.held += stream.shaped(stream.source.items(row))
        return self.source.without_inner(row)

    def _write_inner(self, *, last: bool = False) -> None:
        """Write what the streams within this one hold; the last time also the schema of those that never held any."""
        for stream in self.inner:
            stream.is_last = last
            if stream.held or (last and (stream.deletions or not stream.is_written)):
                stream.sync()

    @cached_property
    def _shape(self) -> Shape:
        schema = self._vendors_schema if self.crosswalk else _annotated(self.effective_schema, self.schema)
        return Shape(self.name, schema, self.source.envelope, self.source.link_id)

    def shaped(self, rows: Iterable[RawRow]) -> Iterator[Record]:
        """Yield records as they are written; which there are is noted, where deletions are to be told.

        Raises:
            Garbled: If one has no key.
        """
        for row in rows:
            record = self._shape(row)
            for name in self.source.resource.keys:
                if record.get(name) is None:
                    raise without_key(self.source.resource, name)
            if self.crosswalk:
                record = Record(self.crosswalk.read(record, self.source.account.known_name))
                if not record.keys() >= {*self.crosswalk.keys}:
                    continue  # it is about nobody, or about somebody whom the credentials do not show
            if self.replication_key:
                record.setdefault(self.replication_key, None)  # the SDK looks it up in every record
            if self.deletions:
                self.deletions.note(record)
            yield record

    # Writing

    @property
    @override
    def mask(self) -> SelectionMask:
        """The selection, remembering what it finds for fields that the catalog does not name."""
        if self._mask is None:
            self._mask = _RememberingMask(super().mask)
        return self._mask

    @cached_property
    def _is_all_wanted(self) -> bool:
        """Whether no field of the stream is deselected."""
        return all(self.mask.values())

    @override
    def _generate_record_messages(self, record: dict[str, Any]) -> Generator[RecordMessage, None, None]:
        """Yield the message of a record; the SDK's walk through its fields is only for where some are not wanted."""
        try:
            yield from self._mapped(record) if self._is_all_wanted else super()._generate_record_messages(record)
        except MapExpressionError:
            raise
        except Exception as error:
            why = f"{type(error).__name__} on a record of '{self.name}'"
            raise MapExpressionError(f"{why}. Make it stand a null, or map the record in the target.") from error

    def _mapped(self, record: dict[str, Any]) -> Generator[RecordMessage, None, None]:
        now = datetime.now(UTC)
        for stream_map in self.stream_maps:
            if (mapped := stream_map.transform(record)) is not None:
                yield RecordMessage(stream_map.stream_alias, mapped, self._stream_version, now)

    @override
    def _increment_stream_state(self, latest_record: dict[str, Any], *, context: Context | None = None) -> None:
        """Learn nothing from a record: the readings write the bookmarks."""

    @override
    def generate_child_contexts(self, record: dict[str, Any], context: Context | None) -> Iterable[Context | None]:
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


def _wanted(stream: VendorStream) -> frozenset[str] | None:
    """Return the names of the properties that are selected; None where those are that nobody knows by name."""
    names = {name for name in stream.schema["properties"] if stream.mask["properties", name]}
    if "additional_fields" in names or not stream.selected:
        return None
    return frozenset({*names, *stream.primary_keys, *filter(None, [stream.replication_key])})


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


def _annotated(known: Mapping[str, Any], annotated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties the catalog knows, with the keywords of ours that an older catalog may lack."""
    return {
        "properties": {
            name: {**annotated["properties"].get(name, {}), **prop} for name, prop in known["properties"].items()
        }
    }
