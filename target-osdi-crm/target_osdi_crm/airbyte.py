"""The target as an Airbyte destination: records and states come in that protocol's terms; needs an extra."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

import osdi_crm_schemas
from airbyte_protocol.models import (
    AirbyteMessage,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationCatalog,
    DestinationOperation,
    DestinationSyncMode,
    FailureType,
    Type,
)
from osdi_crm_client.airbyte import messages
from osdi_crm_client.airbyte.command import Config, Connector
from osdi_crm_client.airbyte.messages import AIRBYTES_DELETED_AT
from osdi_crm_client.errors import ConfigurationError
from singer_sdk.contrib.msgspec import serialize_jsonl
from typing_extensions import override

from target_osdi_crm.decide.match import chosen_match_keys
from target_osdi_crm.intake.model import Offer, in_vendors_names
from target_osdi_crm.intake.reader import Message, Reader
from target_osdi_crm.journal import database
from target_osdi_crm.stop import CONFIGURATION, TERMINATED, Stop
from target_osdi_crm.target import TargetOSDICRM, beginning
from target_osdi_crm.vendors import vendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OTHERS = {kind.value for kind in Type} - {"RECORD", "STATE"}
"""Messages that a destination has nothing to do about."""


class AirbyteReader(Reader):
    """Reads Airbyte's messages as Singer's.

    Attributes:
        names: What streams are called here, by their namespace and name in the messages.
    """

    names: Mapping[tuple[str | None, str], str]

    def __init__(self) -> None:
        super().__init__()
        self._states_read = 0

    @override
    def deserialize_json(self, line: bytes) -> Message:
        message = super().deserialize_json(line)
        told = message.get(str(message.get("type")).lower())
        match message.get("type"), told:
            case "RECORD", {"stream": str(stream), "data": dict(data), **more}:
                namespace: Any = more.get("namespace")
                if AIRBYTES_DELETED_AT in data:
                    data["_sdc_deleted_at"] = data.pop(AIRBYTES_DELETED_AT)
                return {
                    "type": "RECORD",
                    "stream": self.names.get((namespace, stream), stream),
                    "record": data,
                }
            case "STATE", dict():
                self._states_read += 1
                return {"type": "STATE", "value": [[self._states_read, told]]}
            case "RECORD" | "STATE", _:
                return {"type": message["type"]}
        return message

    @override
    def as_one(self, states: list[Message]) -> Message:
        """Return all of them: each is one stream's, and each is answered."""
        return {"type": "STATE", "value": [each for state in states for each in state["value"]]}

    @override
    def refuse(self, message: Message) -> None:
        if message.get("type") not in _OTHERS:
            super().refuse(message)


class AirbyteTarget(TargetOSDICRM):
    """The target, answering with Airbyte's messages."""

    message_reader_class = AirbyteReader

    @override
    def __init__(self, **how: Any) -> None:
        self._answered = 0
        super().__init__(**how)

    @override
    def write_state(self, state: Any) -> None:
        """Answer states as they came, each once: the SDK hands over the latest ones again and again."""
        new = [told for number, told in state if number > self._answered]
        self._answered = state[-1][0]
        messages.put(b"".join(bytes(serialize_jsonl({"type": "STATE", "state": told})) for told in new))


class Destination(Connector):
    """The destination."""

    title = "Writes people, tags, actions and what people did in them to organising CRMs."
    schema = TargetOSDICRM.config_jsonschema
    left_out = frozenset({"mirror"})
    moves = "write"
    specified: ClassVar[Mapping[str, Any]] = {
        "supportsIncremental": True,
        "supported_destination_sync_modes": [DestinationSyncMode.append_dedup],
    }

    @override
    def check(self, config: Config) -> None:
        target = AirbyteTarget(config=config)
        _offer(target)
        assert target.account.name  # noqa: S101  it raises where nothing tells it
        address = database.address(target.settings.journal, target.account.settings.folder)
        if journal := database.opened(address, read_only=True):
            journal.dispose()
        target.account.check()

    @override
    def discover(self, config: Config) -> AirbyteMessage:
        target = AirbyteTarget(config=config)
        offer = _offer(target)
        of_vendor = {stream.name: stream for stream in offer.streams.values()}
        keys = chosen_match_keys(of_vendor, in_vendors_names(target.account, target.settings).match_keys)
        is_shared = target.account.settings.model == "osdi"
        found = [
            DestinationOperation(
                object_name=name,
                sync_mode=DestinationSyncMode.append_dedup,
                json_schema=osdi_crm_schemas.shared_schema(name)
                if is_shared
                else _writable(target.account.vendor.name, stream.name),
                matching_keys=[[key] for key in keys[stream.name]],
            )
            for name, stream in offer.streams.items()
        ]
        return AirbyteMessage(type=Type.DESTINATION_CATALOG, destination_catalog=DestinationCatalog(operations=found))

    @override
    def move(self, config: Config, catalog: ConfiguredAirbyteCatalog, state: list[dict[str, Any]]) -> None:
        schemas = [serialize_jsonl(_schema(each)).copy() for each in catalog.streams]
        with beginning():
            target = AirbyteTarget(config=config)
            reader: Any = target.reader
            reader.names = {(each.stream.namespace, each.stream.name): _name(each) for each in catalog.streams}
            reader.line = -len(schemas)
            try:
                target.listen(chain(schemas, sys.stdin.buffer))  # type: ignore[arg-type]
            except SystemExit:
                for error in _faults(target):
                    messages.write(error)
                raise


def _offer(target: AirbyteTarget) -> Offer:
    account, settings = target.account, in_vendors_names(target.account, target.settings)
    writable = vendor(account.vendor.name)
    return Offer(account, settings, writable.bound(account, settings, writable.own(target.config)))


def _writable(vendor_name: str, stream: str) -> dict[str, Any]:
    schema = osdi_crm_schemas.schema(vendor_name, stream)
    return {**schema, "properties": {name: each for name, each in schema["properties"].items() if "x-write" in each}}


def _name(configured: ConfiguredAirbyteStream) -> str:
    return str(configured.destination_object_name or configured.stream.name)


def _schema(configured: ConfiguredAirbyteStream) -> Message:
    """Return the SCHEMA message of a stream.

    Raises:
        ConfigurationError: If it is to be written as a CRM cannot be.
    """
    name, mode = configured.stream.name, configured.destination_sync_mode
    if mode != DestinationSyncMode.append_dedup:
        raise ConfigurationError(
            f"The stream '{name}' is to be written by '{mode.value}', which a CRM does not allow: nothing is emptied"
            " there, and nobody there twice. Choose 'append_dedup'."
        )
    keys = configured.primary_key or configured.stream.source_defined_primary_key or []
    if any(len(path) != 1 for path in keys):
        raise ConfigurationError(
            f"The stream '{name}' has a primary key inside of another field. Choose one that is not."
        )
    schema = {"properties": {}, **configured.stream.json_schema}
    return {"type": "SCHEMA", "stream": _name(configured), "schema": schema, "key_properties": [key for (key,) in keys]}


def _faults(target: AirbyteTarget) -> Iterator[AirbyteMessage]:
    """Yield why the run ends as it does: what stopped it, and by stream, what was not written."""
    streams = target.run.report.summary.result()["streams"]
    stopped: Stop | None = target.run.stopped
    if stopped and stopped.code != TERMINATED:
        own = FailureType.config_error if stopped.code == CONFIGURATION else FailureType.system_error
        yield messages.error(str(stopped), messages.failure_type(stopped.error) if stopped.error else own)
    elif not stopped and not any(counts["rejected"] for counts in streams.values()):
        words = "Records of earlier runs are still not written; osdi-crm-journal lists them."
        yield messages.error(words, FailureType.config_error)
    for name, counts in streams.items():
        if counts["rejected"]:
            reasons = ", ".join(f"{what} {number:,}" for what, number in sorted(counts["rejected_by"].items()))
            words = f"Of '{name}', {counts['rejected']:,} were not written: {reasons}."
            yield messages.error(f"{words} See rejected.jsonl, or osdi-crm-journal.", FailureType.config_error, name)
