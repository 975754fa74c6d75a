"""What the journal knows of a record before anything is done: whether it ends there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_osdi_crm.journal.states import LIMITED, UNTIL_CHANGED, WRITTEN, State

if TYPE_CHECKING:
    from target_osdi_crm.task import WriteTask


@dataclass(frozen=True)
class Known:
    """Tells under what a record is counted that needs nothing more; None where it goes on.

    Attributes:
        deciding: A hash of the settings that decide whether a record is rejected.
        fresh_after: Records acknowledged before this time are sent although they are unchanged.
        max_attempts: Runs in which a record is tried that fails for no fault of its own.
        retry_rejected: Whether rejected records are tried although nothing has changed.
    """

    deciding: bytes
    fresh_after: float
    max_attempts: int
    retry_rejected: bool

    def as_it_came(self, task: WriteTask) -> str | None:
        """Of a record before it is shaped: rejected, skipped or of unknown outcome, and not to be tried again."""
        return self._before(task, task.arrival.seen)

    def as_shaped(self, task: WriteTask) -> str | None:
        """Of a record whose payload is known: `unchanged`, or the same."""
        row = task.row
        if task.stale:
            return None
        if row.state in WRITTEN and row.fingerprint == task.fingerprint and row.at >= self.fresh_after:
            return "unchanged"
        return self._before(task, task.fingerprint)

    def _before(self, task: WriteTask, tried: bytes) -> str | None:
        row = task.row
        if task.stale:
            return None
        task.rejected_before = row.rejected_before
        task.unknown_before = row.tried if row.state is State.UNKNOWN else None
        if task.stored or row.tried != tried:
            return None
        if row.state is State.UNKNOWN:
            return "unknown"
        if self.retry_rejected:
            return None
        same = row.settings == self.deciding
        if row.state is State.SKIPPED and same:
            return "skipped"
        given_up = row.state in LIMITED and row.attempts >= self.max_attempts
        return "standing" if given_up or (row.state in UNTIL_CHANGED and same) else None
