"""A record on its way: what came in, and the task of writing it, which grows on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from target_osdi_crm.vendor import Shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from target_osdi_crm.intake.shaping import Shape
    from target_osdi_crm.journal.states import Row
    from target_osdi_crm.rejects import Rejection
    from target_osdi_crm.vendor import Stream


class Patience(IntEnum):
    """What a record waits for; it falls while nothing that waits gets on."""

    NOTHING = 0
    NEEDED = 1
    """What it cannot do without."""
    NEEDED_OR_PENDING = 2
    """That, and what has come in and waits too."""
    ALL = 3
    """All it refers to."""


@dataclass(frozen=True, slots=True)
class Input:
    """Where records of one stream come in.

    Attributes:
        stream: The stream.
        shape: Shapes its records.
        key: The properties that make up a record's key at the source.
        validate: Checks a record against the schema it came with.
    """

    stream: Stream
    shape: Shape
    key: tuple[str, ...] = ()
    validate: Callable[[dict[str, Any]], None] | None = None


@dataclass(slots=True)
class Arrival:
    """A record as it came in.

    Attributes:
        number: Its number in this run; 0 if it comes from the journal.
        line: The line it stood in; None if it comes from the journal.
        input: Where it came in.
        source_key: Its key at the source; None if it lacks one.
        raw: The record as JSON.
        seen: A hash of it, and of the settings that shape it.
        record: The record.
        deleted: Whether it was deleted at the source.
        fault: Why it cannot be written, where that was found before it came in.
    """

    number: int
    line: int | None
    input: Input
    source_key: str | None
    raw: bytes
    seen: bytes
    record: dict[str, Any] | None = None
    deleted: bool = False
    fault: Rejection | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Task:
    """What is scheduled.

    Attributes:
        holds: Keys that no other task may hold at the same time.
        follows: Keys whose holders must have finished first.
        behind: How many tasks must finish first.
        ahead_of: Tasks that wait for this one.
        group: What tasks have in common that run together; None for a task that runs alone.
    """

    holds: list[Hashable] = field(default_factory=list)
    follows: list[Hashable] = field(default_factory=list)
    behind: int = 0
    ahead_of: list[Task] = field(default_factory=list)
    group: Hashable = None


@dataclass(slots=True, eq=False)
class WriteTask(Task):
    """The task of writing one record.

    Attributes:
        arrival: The record as it came in.
        source_key: Its key at the source, or a hash in its place.
        row: What the journal knows of it.
        stale: Whether the journal may have learned more since `row` was read.
        stored: Whether it comes from the journal.
        patience: What it waits for.
        incomplete: Whether it is to be written once more, with what it refers to and waits too.
        rejected_before: The hash under which it was rejected before.
        unknown_before: The hash under which it was of unknown outcome before.
        refused: Why it cannot be written, if intake found that.
        shaped: The record in the vendor's terms.
        fingerprint: A hash of that, and of the settings that shape it.
        unsubscribes: Whether it was deleted at the source, and is to be unsubscribed for that.
        vanished: The id under which the vendor has it no more.
        look_up: Whether it is looked up at the vendor whatever the index says, since what it was known by is gone.
        merged: Whether another record of the source was written before it as the same person.
        opt_outs: Channels and addresses that the record says are not to be used.
    """

    arrival: Arrival
    source_key: str
    row: Row
    stale: bool = False
    stored: bool = False
    patience: Patience = Patience.ALL
    incomplete: bool = False
    rejected_before: bytes | None = None
    unknown_before: bytes | None = None
    refused: Rejection | None = None
    shaped: Shaped = field(default_factory=Shaped)
    fingerprint: bytes = b""
    unsubscribes: bool = False
    vanished: str | None = None
    look_up: bool = False
    merged: bool = False
    opt_outs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def stream(self) -> Stream:
        """The stream."""
        return self.arrival.input.stream

    @property
    def shape(self) -> Shape:
        """What shapes records of the stream."""
        return self.arrival.input.shape

    @property
    def deletes(self) -> bool:
        """Whether it is to be deleted at the vendor."""
        return self.arrival.deleted and not self.unsubscribes

    @property
    def key(self) -> tuple[str, str]:
        """The stream and the key at the source."""
        return self.stream.name, self.source_key

    @property
    def tried(self) -> bytes:
        """The hash under which this version is tried."""
        return self.fingerprint or self.arrival.seen

    @property
    def name(self) -> str:
        """The record's name in the log: where it came from, and a hash of its key."""
        where = f"line {self.arrival.line}" if self.arrival.line else "from the journal"
        return f"{self.stream.name}, {where}, key {hashlib.sha256(self.source_key.encode()).hexdigest()[:10]}"

    def leave_out(self, channel: str) -> None:
        """Leave out the addresses of a channel, since another person has one of them."""
        shaped, fields = self.shaped, self.stream.channels[channel].fields
        shaped.values = {name: value for name, value in shaped.values.items() if name not in fields}
        shaped.match_keys.pop(channel, None)
        shaped.consent.pop(channel, None)
        shaped.withheld.append(f"{channel} that another person has")


def listed(given: Any) -> list[str]:
    """The keys that a property holds: none, one, or many."""
    if given is None:
        return []
    return [str(each) for each in given] if isinstance(given, list) else [str(given)]
