"""What a record can be in the journal, what can happen to it, and what each event sets: nothing else changes a row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class State(StrEnum):
    """What is known of the latest version of a record."""

    UNSENT = "unsent"
    """Nothing is under way, and the vendor has nothing of it that is known; never written to the database."""
    OK = "ok"
    """The vendor has acknowledged it."""
    SETTLED = "settled"
    """Somebody has told that it was created, and not under which id."""
    INCOMPLETE = "incomplete"
    """Acknowledged without a reference whose record waits too; it is to be written once more with it."""
    SKIPPED = "skipped"
    """The mode leaves it alone."""
    WAITING = "waiting"
    """It refers to a record not yet written, or the vendor could not be reached."""
    SENT = "sent"
    """A change or a deletion has left and was not answered: it is sent again."""
    FOUND = "found"
    """The vendor has it under a known id, and it is still to be compared with what is there."""
    REJECTED = "rejected"
    """Refused; tried again when the record or the settings change."""
    FAILED = "failed"
    """Refused for no fault of its own; tried again on each run, up to a limit."""
    ORPHANED = "orphaned"
    """It refers to a record that no run has written; tried again on each run."""
    UNANSWERED = "unanswered"
    """A create has left and was not answered: it is looked up before anything else is sent."""
    UNANSWERED_FAILED = "unanswered_failed"
    """The look-up failed at the end of a run; tried again on each run, up to a limit."""
    UNANSWERED_REJECTED = "unanswered_rejected"
    """The same, while a newer version of the record was refused."""
    UNKNOWN = "unknown"
    """A create was not answered, and nobody can tell whether it was carried out."""

    @property
    def is_unanswered(self) -> bool:
        """Whether the vendor may have created the record without our knowing."""
        return self in UNANSWERED

    @property
    def outcome(self) -> str:
        """The word for people, coarser than the state."""
        return _OUTCOMES.get(self, self.value)


_REJECTED = frozenset({State.REJECTED, State.FAILED, State.ORPHANED})
_UNANSWERED_REJECTED = frozenset({State.UNANSWERED_FAILED, State.UNANSWERED_REJECTED})
REJECTED = _REJECTED | _UNANSWERED_REJECTED
UNANSWERED = _UNANSWERED_REJECTED | {State.UNANSWERED, State.UNKNOWN, State.SETTLED}
_ANSWERED = frozenset(State) - UNANSWERED
UNTIL_CHANGED = frozenset({State.REJECTED, State.UNANSWERED_REJECTED})
LIMITED = frozenset({State.FAILED, State.UNANSWERED_FAILED})
WAITS = frozenset({State.WAITING, State.INCOMPLETE})
PENDING = frozenset({State.WAITING, State.INCOMPLETE, State.SENT, State.FOUND, State.UNANSWERED})
"""Taken up again at the end of the run, for as long as that helps."""
RETRIED = frozenset({State.FAILED, State.ORPHANED, State.UNANSWERED_FAILED})
"""Taken up once by each later run."""

WRITTEN = frozenset({State.OK, State.SETTLED})

_OUTCOMES = {
    State.SETTLED: "ok",
    State.INCOMPLETE: "waiting",
    State.FOUND: "sent",
    State.UNANSWERED: "sent",
    **dict.fromkeys(REJECTED, "rejected"),
}


class Event(StrEnum):
    """What happens to a record."""

    SUPERSEDE = "supersede"
    """A version of it is taken up: a newer one, or the same once more."""
    INTEND_CREATE = "intend create"
    INTEND_CHANGE = "intend change"
    """It is about to be updated or deleted."""
    ACKNOWLEDGE = "acknowledge"
    ACKNOWLEDGE_INCOMPLETE = "acknowledge incomplete"
    SKIP = "skip"
    WAIT = "wait"
    GIVE_BACK = "give back"
    """No call could reach the vendor, or none was accepted: the next run takes it up."""
    LOSE_ANSWER = "lose answer"
    FIND = "find"
    """A look-up shows what an unanswered create left behind, or an answer shows a record that is not as it was sent."""
    NOT_CREATED = "not created"
    """A look-up shows that the create was not carried out, or the answer to it said so."""
    CANNOT_TELL = "cannot tell"
    """Nothing can be looked up, now or ever."""
    VANISH = "vanish"
    """The vendor has nothing under the id it had given."""
    MOVE = "move"
    """What it hangs on has another id at the vendor now: it is compared with what is there, and made anew there."""
    REJECT = "reject"
    FAIL = "fail"
    """It is rejected for no fault of its own."""
    ORPHAN = "orphan"
    """It is rejected for want of what it refers to."""
    ASK_TO_RETRY = "ask to retry"
    """By hand: a rejected record is tried again."""
    ASK_TO_RESEND = "ask to resend"
    """By hand: one of unknown outcome is created once more."""
    SETTLE = "settle"
    """By hand: one of unknown outcome was created after all, under this id."""
    SETTLE_WITHOUT_ID = "settle without id"
    SETTLE_OLDER = "settle older"
    """By hand: it was created in an earlier version, and the latest is to be written under this id."""
    RESTORE = "restore"
    """By hand: one that was deleted at the vendor is written again."""
    ERASE = "erase"
    """Its contents are older than the retention allows."""


class Row(NamedTuple):
    """What the journal knows of one record. Rows are values: `after` makes the next one.

    Attributes:
        stream: The vendor's stream.
        source_key: The record's key at the source.
        state: What is known of its latest version.
        deleted: Whether that version says that it was deleted at the source.
        seen: Hash of the record as it came when it was last acknowledged.
        fingerprint: Hash of the payload last acknowledged, and of the settings that shape it.
        tried: The same of the latest version, while it is not acknowledged.
        settings: Hash of the settings under which that was rejected or skipped.
        vendor_id: The vendor's id of the record.
        channels: Channels on which the vendor last showed an address, comma-separated.
        attempts: How often `tried` failed.
        code: Why it is not `ok`: the code of a rejection.
        reason: The same in a few words of ours.
        words: The same in the vendor's words.
        record: The latest version as it came, as JSON, while it is not acknowledged.
        sent: The version whose create has no answer, where `record` is a newer one; empty once it is erased.
        sent_at: When the create without an answer was sent, in seconds since 1970.
        sent_settings: Hash of the settings under which it was.
        run: The run that last wrote this.
        at: When it did, in seconds since 1970.
    """

    stream: str
    source_key: str
    state: State = State.UNSENT
    deleted: bool = False
    seen: bytes | None = None
    fingerprint: bytes | None = None
    tried: bytes | None = None
    settings: bytes | None = None
    vendor_id: str | None = None
    channels: str | None = None
    attempts: int = 0
    code: str | None = None
    reason: str | None = None
    words: str | None = None
    record: bytes | None = None
    sent: bytes | None = None
    sent_at: float | None = None
    sent_settings: bytes | None = None
    run: int = 0
    at: float = 0.0

    @property
    def rejected_before(self) -> bytes | None:
        """The hash under which its latest version was rejected, if it was."""
        return self.tried if self.attempts or self.state in REJECTED else None


COLUMNS = Row._fields
_EMPTY = Row._field_defaults


@dataclass(frozen=True, slots=True)
class Transition:
    """What one event does.

    Attributes:
        moves: The states in which it can happen, and the state after it.
        sets: Columns that get what the event brings.
        empties: Columns that are emptied.
        counts: Whether `attempts` goes up by one.
    """

    moves: Mapping[State, State]
    sets: tuple[str, ...] = ()
    empties: tuple[str, ...] = ()
    counts: bool = False

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The columns that change, but for the state and `attempts`.

        Raises:
            ValueError: If the event does not bring just what it sets.
        """
        if given.keys() != set(self.sets):
            raise ValueError(f"it sets {', '.join(self.sets) or 'nothing'}, and brings {', '.join(given) or 'nothing'}")
        return {**{name: _EMPTY[name] for name in self.empties}, **given}


def _to(after: State, *before: Collection[State]) -> dict[State, State]:
    return {each: after for some in before for each in some}


def _same(*states: State) -> dict[State, State]:
    return {each: each for each in states}


_VERSION = ("deleted", "tried", "record")
_WHY = ("code", "reason", "words")
_CREATE = ("sent", "sent_at", "sent_settings")
_SHOWN = ("vendor_id", "channels", "seen", "fingerprint", "words")

TRANSITIONS: Mapping[Event, Transition] = {
    Event.SUPERSEDE: Transition(_same(*State), (*_VERSION, "sent", "attempts")),
    Event.INTEND_CREATE: Transition(_to(State.UNANSWERED, _ANSWERED), ("sent_at", "sent_settings"), ("sent", *_WHY)),
    Event.INTEND_CHANGE: Transition(_to(State.SENT, _ANSWERED), (), _WHY),
    Event.ACKNOWLEDGE: Transition(
        _to(State.OK, _ANSWERED, {State.UNANSWERED}),
        _SHOWN,
        (*_VERSION, *_CREATE, "settings", "attempts", "code", "reason"),
    ),
    Event.ACKNOWLEDGE_INCOMPLETE: Transition(
        _to(State.INCOMPLETE, _ANSWERED, {State.UNANSWERED}),
        (*_SHOWN, "reason"),
        (*_CREATE, "settings", "attempts", "code"),
    ),
    Event.SKIP: Transition(
        _to(State.SKIPPED, _ANSWERED), ("vendor_id", "settings", "reason"), ("record", "attempts", "code", "words")
    ),
    Event.WAIT: Transition(_to(State.WAITING, _ANSWERED), ("reason",), ("code", "words")),
    Event.GIVE_BACK: Transition(_to(State.WAITING, _ANSWERED), _WHY),
    Event.LOSE_ANSWER: Transition(_to(State.UNANSWERED, UNANSWERED), ("code", "reason"), ("words",)),
    Event.FIND: Transition(_to(State.FOUND, UNANSWERED, {State.SENT}), ("vendor_id", "channels"), _CREATE),
    Event.NOT_CREATED: Transition(_to(State.UNSENT, UNANSWERED), (), _CREATE),
    Event.CANNOT_TELL: Transition(_to(State.UNKNOWN, UNANSWERED), _WHY),
    Event.VANISH: Transition(_to(State.UNSENT, _ANSWERED), (), ("vendor_id", "channels")),
    Event.MOVE: Transition(_same(State.OK), (), ("seen", "fingerprint")),
    Event.REJECT: Transition(
        _to(State.REJECTED, _ANSWERED) | _to(State.UNANSWERED_REJECTED, UNANSWERED), (*_WHY, "settings"), counts=True
    ),
    Event.FAIL: Transition(
        _to(State.FAILED, _ANSWERED) | _to(State.UNANSWERED_FAILED, UNANSWERED), (*_WHY, "settings"), counts=True
    ),
    Event.ORPHAN: Transition(
        _to(State.ORPHANED, _ANSWERED) | _to(State.UNANSWERED_FAILED, UNANSWERED), (*_WHY, "settings"), counts=True
    ),
    Event.ASK_TO_RETRY: Transition(
        _to(State.FAILED, _REJECTED) | _to(State.UNANSWERED_FAILED, _UNANSWERED_REJECTED), (), ("attempts",)
    ),
    Event.ASK_TO_RESEND: Transition(_to(State.FAILED, {State.UNKNOWN}), (), (*_CREATE, "attempts")),
    Event.SETTLE: Transition(
        _to(State.OK, {State.UNKNOWN}),
        ("vendor_id", "fingerprint"),
        (*_VERSION, *_CREATE, *_WHY, "settings", "attempts"),
    ),
    Event.SETTLE_WITHOUT_ID: Transition(
        _to(State.SETTLED, {State.UNKNOWN}),
        ("fingerprint",),
        (*_VERSION, *_CREATE, *_WHY, "settings", "attempts"),
    ),
    Event.SETTLE_OLDER: Transition(
        _to(State.WAITING, {State.UNKNOWN}), ("vendor_id", "reason"), (*_CREATE, "code", "words")
    ),
    Event.RESTORE: Transition(_to(State.WAITING, {State.OK}), ("record", "reason"), ("deleted", "code", "words")),
    Event.ERASE: Transition(_same(*(frozenset(State) - WRITTEN)), ("sent",), ("record", "words")),
}


def after(row: Row, event: Event, **given: Any) -> Row:
    """Return the row after an event that brings these columns.

    Raises:
        ValueError: If it cannot happen in the row's state, or does not bring what it sets.
    """
    transition = TRANSITIONS[event]
    state = transition.moves.get(row.state)
    if state is None:
        raise ValueError(f"'{event}' cannot happen to a record that is {row.state}.")
    values = transition.values(given)
    if transition.counts:
        values["attempts"] = row.attempts + 1
    return row._replace(state=state, **values)
