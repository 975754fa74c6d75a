"""What the credentials may not do, by stream and operation: learned from refusals, and not asked for again."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osdi_crm_client.errors import Denied, NotAllowed, NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("target-osdi-crm")

READ = "look up"
"""What deciding about a record takes, beside the actions of a decision."""

MOST_REFUSALS = 3
"""Refusals in a row, with nothing done between, after which an operation on a stream is not tried again in a run."""


@dataclass(slots=True)
class _Refusals:
    latest: Denied | NotAllowed
    number: int = 1


class Rights:
    """Keeps what was refused in a row; safe to use from any thread."""

    def __init__(self, has_answered: Callable[[], bool]) -> None:
        """Know of no refusal; `has_answered` tells whether the credentials have been accepted for anything."""
        self._has_answered = has_answered
        self._refused: dict[tuple[str, str], _Refusals] = {}
        self._guard = threading.Lock()

    def require(self, stream: str, operation: str) -> None:
        """Make sure that an operation is worth a call.

        Raises:
            NotAllowed: If it was refused too often.
            Denied: The same, while nothing tells whether the credentials are any good.
        """
        with self._guard:
            refusals = self._refused.get((stream, operation))
            if not refusals or refusals.number < MOST_REFUSALS:
                return
            if isinstance(refusals.latest, Denied) and self._has_answered():
                refusals.latest = NotAllowed.instead_of(refusals.latest)
            raise refusals.latest

    def refused(self, stream: str, operation: str, error: Denied | NotAllowed) -> None:
        """Count a refusal, once for all records that shared the call."""
        with self._guard:
            refusals = self._refused.setdefault((stream, operation), _Refusals(error))
            if error is refusals.latest:
                return
            refusals.latest = error
            refusals.number += 1
            if refusals.number != MOST_REFUSALS:
                return
        logger.warning(
            "The credentials may not %s %s (HTTP %s): those that follow are kept for the next run, and the other"
            " streams go on.",
            operation,
            stream,
            error.status,
        )

    def used(self, stream: str, operation: str) -> None:
        """Note that an operation was done."""
        with self._guard:
            self._refused.pop((stream, operation), None)

    def account_refused(self) -> NotSignedIn | None:
        """Return the error of an account that accepted the credentials for nothing at all."""
        with self._guard:
            denied = [each.latest for each in self._refused.values() if isinstance(each.latest, Denied)]
        return NotSignedIn.instead_of(denied[0]) if denied and not self._has_answered() else None
