"""A record as it came in: its key at the source, its JSON, and a hash of both that tells it from other versions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from target_osdi_crm.intake.values import decode, fit, is_unprintable, key
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.task import Arrival

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_osdi_crm.journal.states import Row
    from target_osdi_crm.task import Input

encode = msgspec.json.Encoder(decimal_format="number").encode


class Line(Protocol):
    """The line last read.

    Attributes:
        line: Its number.
        deleted_at: When its record was deleted at the source, as it came.
        stream: What its source calls its record's stream.
        version: The version that its record belongs to, if any.
    """

    line: int
    deleted_at: Any
    stream: str
    version: Any


_TIME = {"type": ["string"], "format": "date-time"}


class Arrivals:
    """Makes arrivals."""

    def __init__(self, shaping: bytes) -> None:
        """Make them for settings of this hash, which shape records."""
        self._shaping = shaping

    def of(self, source: Input, record: dict[str, Any], *, line: int, deleted_at: Any) -> Arrival:
        """A record that a message brought; nothing but a time says that it was deleted."""
        try:
            deleted = fit("_sdc_deleted_at", deleted_at, _TIME) is not None
        except Rejection as fault:
            return self.of_fault(source, fault, record, line=line)
        raw = encode(record)
        seen = self._seen(raw, deleted=deleted, newly_read=source.shape.newly_read(record))
        return Arrival(0, line, source, _source_key(record, source.key), raw, seen, record, deleted)

    def of_fault(self, source: Input, fault: Rejection, record: dict[str, Any], *, line: int) -> Arrival:
        """A record that has a fault already; it is not kept, for it would not come to this again."""
        seen = self._seen(encode(record) + fault.words.encode())
        return Arrival(0, line, source, _source_key(record, source.key), b"", seen, record, fault=fault)

    def of_line(self, source: Input, raw: bytes, fault: str, *, line: int) -> Arrival:
        """A line that is no message."""
        rejection = Rejection("not_a_singer_message", fault)
        return Arrival(0, line, source, None, b"", self._seen(raw), fault=rejection)

    def of_row(self, source: Input, row: Row, raw: bytes) -> Arrival:
        """A record that the journal has kept."""
        record = decode(raw)
        seen = self._seen(raw, deleted=row.deleted, newly_read=source.shape.newly_read(record))
        return Arrival(0, None, source, row.source_key, raw, seen, record, row.deleted)

    def of_gone(self, source: Input, source_key: str) -> Arrival | None:
        """The deletion of a record that a complete version did not bring; None where its key is of another form."""
        try:
            values = [source_key] if len(source.key) == 1 else msgspec.json.decode(source_key, type=list[str])
        except msgspec.DecodeError:
            return None
        if len(values) != len(source.key):
            return None
        record = dict(zip(source.key, values, strict=True))
        raw = encode(record)
        return Arrival(0, None, source, source_key, raw, self._seen(raw, deleted=True), record, deleted=True)

    def _seen(self, raw: bytes, *, deleted: bool = False, newly_read: bool = False) -> bytes:
        """Hash a record; one with consent that the first release did not read is none that it has acknowledged."""
        salt = b"deleted" * deleted + b"consent" * newly_read
        return hashlib.blake2b(raw, digest_size=16, key=self._shaping, salt=salt).digest()


def _source_key(record: dict[str, Any], names: Sequence[str]) -> str | None:
    """The key of a record, or None if it lacks one."""
    try:
        given = [key(name, record.get(name)) for name in names]
    except Rejection:
        return None
    if None in given or not given or any(is_unprintable(record[name]) for name in names):
        return None
    return given[0] if len(given) == 1 else msgspec.json.encode(given).decode()
