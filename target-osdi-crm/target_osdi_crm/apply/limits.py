"""How much a run may write."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from target_osdi_crm.stop import CAPPED, Stop
from target_osdi_crm.vendor import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_osdi_crm.settings import TargetSettings

FREE_DELETIONS = 10
"""Deletions of a stream that no limit counts."""


class Limits:
    """Counts creations and changes against the settings."""

    def __init__(self, settings: TargetSettings, known: Callable[[str], int]) -> None:
        """Read the limits; `known` counts the records of a stream that the vendor has."""
        self._most_deletes, self._share = settings.max_deletes, settings.max_deletes_share
        self._known = known
        self._deleted: Counter[str] = Counter()
        self._known_before: dict[str, int] = {}
        self._most = {"max_creates": settings.max_creates, "max_updates": settings.max_updates}
        self._spent: Counter[str] = Counter()
        self._guard = threading.Lock()

    def spend(self, action: str) -> None:
        """Count one more creation, or one more change or deletion.

        Raises:
            Stop: If that were more than the settings allow.
        """
        limit = "max_creates" if action == CREATE else "max_updates"
        most = self._most[limit]
        with self._guard:
            if most is not None and self._spent[limit] >= most:
                raise Stop(CAPPED, f"There is more to write than '{limit}' allows ({most}).")
            self._spent[limit] += 1

    def spend_deletion(self, stream: str) -> None:
        """Count one more record that is deleted or unsubscribed since it was deleted at the source.

        Raises:
            Stop: If that were more than the settings allow.
        """
        with self._guard:
            if stream not in self._known_before:
                self._known_before[stream] = self._known(stream)
            most = min(self._most_deletes, int(self._share * self._known_before[stream]))
            if self._deleted[stream] >= max(most, FREE_DELETIONS):
                raise Stop(
                    CAPPED,
                    f"More of '{stream}' are to be deleted than 'max_deletes' and 'max_deletes_share' allow"
                    f" ({max(most, FREE_DELETIONS)}).",
                )
            self._deleted[stream] += 1
