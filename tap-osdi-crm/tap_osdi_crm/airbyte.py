"""The tap as an Airbyte source: its catalog, messages and states in the terms of that protocol; needs an extra."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from airbyte_protocol.models import (
    AirbyteCatalog,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateStats,
    AirbyteStateType,
    AirbyteStream,
    AirbyteStreamState,
    AirbyteStreamStatus,
    EstimateType,
    StreamDescriptor,
    SyncMode,
    TraceType,
    Type,
)
from osdi_crm_client.airbyte import messages
from osdi_crm_client.airbyte.command import Config, Connector
from osdi_crm_client.airbyte.messages import AIRBYTES_DELETED_AT
from osdi_crm_client.errors import ConfigurationError
from singer_sdk.contrib.msgspec import serialize_jsonl
from singer_sdk.singerlib import Message, RecordMessage, SchemaMessage, StateMessage
from typing_extensions import override

from tap_osdi_crm.deletions import DELETED_AT
from tap_osdi_crm.state import checked
from tap_osdi_crm.tap import TapOSDICRM, in_plain_words
from tap_osdi_crm.writer import MessageWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airbyte_protocol.models import ConfiguredAirbyteCatalog

    from tap_osdi_crm.stream import VendorStream

SECONDS_BETWEEN_ESTIMATES = 10.0


class AirbyteWriter(MessageWriter):
    """Writes what the tap reads as Airbyte's messages.

    A stream begins with its SCHEMA, and is complete when the one after it begins: streams are read one by one, but
    for those within another.
    """

    tap: TapOSDICRM

    def __init__(self) -> None:
        super().__init__()
        self._open: list[VendorStream] = []
        self._begun: set[str] = set()
        self._running: set[str] = set()
        self._since_state: Counter[str] = Counter()
        self._passed_on: dict[str, bytes] = {}
        self._estimated = 0.0

    @override
    def format_message(self, message: Message) -> bytearray:
        if isinstance(message, RecordMessage):
            return self._record(message)
        lines: Iterable[AirbyteMessage] = ()
        if isinstance(message, StateMessage):
            lines = self._states(message.value.get("bookmarks", {}))
        elif isinstance(message, SchemaMessage) and message.stream not in self._begun:
            lines = self._begin(message.stream)
        return bytearray(b"".join(map(messages.line, lines)))

    def _record(self, message: RecordMessage) -> bytearray:
        """Return a record's line, by the encoder that the tap uses: the models would copy all of it."""
        name, data = message.stream, message.record
        if DELETED_AT in data:
            data[AIRBYTES_DELETED_AT] = data.pop(DELETED_AT)
        at = message.time_extracted.timestamp() if message.time_extracted else time.time()
        self._since_state[name] += 1
        made = serialize_jsonl(
            {"type": "RECORD", "record": {"stream": name, "data": data, "emitted_at": int(at * 1000)}}
        )
        if name in self._running:
            return made
        self._running.add(name)
        return bytearray(messages.line(_status(name, AirbyteStreamStatus.RUNNING)) + made)

    def _begin(self, name: str) -> Iterable[AirbyteMessage]:
        stream = next(each for each in self.tap.vendor_streams if each.name == name)
        if not stream.source.resource.within:
            yield from self._completed()
        self._begun.add(name)
        self._open.append(stream)
        yield _status(name, AirbyteStreamStatus.STARTED)

    def _completed(self) -> Iterable[AirbyteMessage]:
        """Yield that streams were read to their end, before it the state of what came last, or of nothing."""
        complete = [stream for stream in self._open if stream.is_complete]
        self._open = [stream for stream in self._open if not stream.is_complete]
        for stream in complete:
            if self._since_state[stream.name] or stream.name not in self._passed_on:
                yield self._state(stream.name, stream.get_context_state(None))
            yield _status(stream.name, AirbyteStreamStatus.COMPLETE)

    def complete(self, *, is_end: bool = False) -> None:
        """Tell which streams were read to their end; at the end of a run, also which were not."""
        for message in self._completed():
            messages.write(message)
        for stream in self.tap.vendor_streams if is_end else ():
            if stream.selected and not stream.is_complete:
                messages.write(_status(stream.name, AirbyteStreamStatus.INCOMPLETE))

    def _states(self, bookmarks: Mapping[str, Any]) -> Iterable[AirbyteMessage]:
        """Yield the states of the streams that have moved since they were last told."""
        for name, bookmark in bookmarks.items():
            if name in self._begun and bytes(serialize_jsonl(bookmark)) != self._passed_on.get(name):
                yield self._state(name, bookmark)
        yield from self._estimates()

    def _state(self, name: str, bookmark: Mapping[str, Any]) -> AirbyteMessage:
        self._passed_on[name] = bytes(serialize_jsonl(bookmark))
        state = AirbyteStateMessage(
            type=AirbyteStateType.STREAM,
            stream=AirbyteStreamState.model_validate({"stream_descriptor": {"name": name}, "stream_state": bookmark}),
            sourceStats=AirbyteStateStats(recordCount=float(self._since_state.pop(name, 0))),
        )
        return AirbyteMessage(type=Type.STATE, state=state)

    def _estimates(self) -> Iterable[AirbyteMessage]:
        """Yield now and then how many records the stream that is read will have."""
        stream = self.tap.progress.latest
        if stream and stream.expected and time.monotonic() - self._estimated > SECONDS_BETWEEN_ESTIMATES:
            self._estimated = time.monotonic()
            told = {"name": stream.name, "type": EstimateType.STREAM, "row_estimate": stream.expected}
            yield messages.trace(TraceType.ESTIMATE, estimate=told)


class AirbyteTap(TapOSDICRM):
    """The tap, writing Airbyte's messages."""

    message_writer_class = AirbyteWriter
    message_writer: AirbyteWriter

    @override
    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.message_writer.tap = self


class Source(Connector):
    """The source."""

    title = "Reads people, actions and everything around them from organising CRMs."
    schema = TapOSDICRM.config_jsonschema
    left_out = frozenset({"stream_maps", "emit_activate_version_messages", "estimate"})
    moves = "read"
    specified: ClassVar[Mapping[str, Any]] = {"supportsIncremental": True}

    @override
    def check(self, config: Config) -> None:
        tap = AirbyteTap(config=config)
        assert tap.streams  # noqa: S101  making them parses the vendor's settings
        tap.account.check()

    @override
    def discover(self, config: Config) -> AirbyteMessage:
        streams = [_described(stream) for stream in AirbyteTap(config=config).vendor_streams]
        return AirbyteMessage(type=Type.CATALOG, catalog=AirbyteCatalog(streams=streams))

    @override
    def move(self, config: Config, catalog: ConfiguredAirbyteCatalog, state: list[dict[str, Any]]) -> None:
        modes = {each.stream.name: each.sync_mode for each in catalog.streams}
        incremental = {name for name, mode in modes.items() if mode == SyncMode.incremental}
        bookmarks = {name: each for name, each in _bookmarks(state).items() if name in incremental}
        tap = AirbyteTap(
            config=config,
            state=checked({"bookmarks": bookmarks}),
            catalog=_selected(AirbyteTap(config=config).catalog_dict, modes),
        )
        tap.take_selection()
        with in_plain_words():
            try:
                tap.read_all()
                tap.judge()
            finally:
                tap.message_writer.complete(is_end=True)


def _status(name: str, status: AirbyteStreamStatus) -> AirbyteMessage:
    told = {"stream_descriptor": StreamDescriptor(name=name), "status": status}
    return messages.trace(TraceType.STREAM_STATUS, stream_status=told)


def _described(stream: VendorStream) -> AirbyteStream:
    """Return a stream as the catalog has it; those within another are incremental where that one is."""
    cursor, within = stream.replication_key, stream.source.resource.within
    is_incremental = bool(cursor or (within and stream.tap.streams[within].replication_key))
    properties = stream.schema["properties"]
    shown = {AIRBYTES_DELETED_AT if name == DELETED_AT else name: each for name, each in properties.items()}
    found = AirbyteStream(
        name=stream.name,
        json_schema={**stream.schema, "properties": shown},
        supported_sync_modes=[SyncMode.full_refresh, *([SyncMode.incremental] if is_incremental else [])],
        source_defined_primary_key=[[key] for key in stream.primary_keys],
        is_resumable=is_incremental,
    )
    if is_incremental:
        found.source_defined_cursor = True
        found.default_cursor_field = [cursor] if cursor else []
    return found


def _selected(catalog: dict[str, Any], modes: Mapping[str, SyncMode]) -> dict[str, Any]:
    """Return the tap's catalog with these streams selected, also those that it does not have: the tap tells of them."""
    known = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
    for name in modes.keys() - known.keys():
        known[name] = {"tap_stream_id": name, "schema": {}, "metadata": [{"breadcrumb": [], "metadata": {}}]}
    for name, entry in known.items():
        for each in entry["metadata"]:
            if not each["breadcrumb"]:
                each["metadata"]["selected"] = name in modes
        is_incremental = modes.get(name) == SyncMode.incremental and entry.get("replication_key")
        entry["replication_method"] = "INCREMENTAL" if is_incremental else "FULL_TABLE"
    return {"streams": list(known.values())}


def _bookmarks(states: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the bookmarks of the streams' states.

    Raises:
        ConfigurationError: If one is not a stream's.
    """
    found = {}
    for each in states:
        try:
            state = AirbyteStateMessage.model_validate(each).stream
        except ValueError:
            state = None
        if state is None:
            raise ConfigurationError("The file of state does not hold states of Airbyte's, one by stream.")
        found[state.stream_descriptor.name] = state.stream_state.model_dump() if state.stream_state else {}
    return found
