"""What this run has just written, by match key, for as long as a vendor's search may not show it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class Recent:
    """Ids by match key, forgotten after twice the vendor's index lag."""

    def __init__(self, lag: float) -> None:
        """Remember for twice `lag` seconds."""
        self._keep = 2 * lag
        self._ids: dict[Hashable, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def put(self, key: Hashable, vendor_id: str) -> None:
        """Remember an id."""
        now = time.monotonic()
        with self._lock:
            self._ids.pop(key, None)
            self._ids[key] = (vendor_id, now)
            while (oldest := next(iter(self._ids.items())))[1][1] < now - self._keep:
                del self._ids[oldest[0]]

    def get(self, key: Hashable) -> str | None:
        """The id written under this key, if that was recently."""
        with self._lock:
            vendor_id, at = self._ids.get(key, (None, 0.0))
        return vendor_id if at >= time.monotonic() - self._keep else None
