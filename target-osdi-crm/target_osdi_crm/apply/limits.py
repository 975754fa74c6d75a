"""How much a run may write."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from target_osdi_crm.stop import CAPPED, Stop
from target_osdi_crm.vendor import CREATE

if TYPE_CHECKING:
    from target_osdi_crm.settings import TargetSettings


class Limits:
    """Counts creations and changes against the settings."""

    def __init__(self, settings: TargetSettings) -> None:
        """Read the limits."""
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
