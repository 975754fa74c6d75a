"""The vendor's search index, which shows what was written only after a while."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Callable


logger = logging.getLogger("target-osdi-crm")

MOST_AHEAD = 5.0
"""Seconds by which the clocks of two machines may differ without a word."""


class SearchIndex:
    """Lets searches wait until they must show what was written before."""

    def __init__(self, lag: float, last_write: float, stopped: Callable[[], bool]) -> None:
        """Make ready.

        Args:
            lag: Seconds after which a write is sure to show.
            last_write: When earlier runs last wrote, in seconds since 1970.
            stopped: Tells whether the run is to end.
        """
        self._lag = lag
        if last_write > (now := time.time()) + MOST_AHEAD:
            logger.warning(
                "The journal's last entry lies %d s ahead of this machine's clock; it is taken for one of now.",
                last_write - now,
            )
        self._last_write = min(last_write, now)
        self._stopped = stopped

    def wait(self, written: float = 0.0) -> None:
        """Wait until the index must show what was written by then, and what earlier runs have written.

        Raises:
            Stop: If the run is to end before: a search would not find it yet, and it would be created once more.
        """
        written = min(written, time.time())
        while (left := max(written, self._last_write) + self._lag - time.time()) > 0:
            if self._stopped():
                raise Stop(CONFIGURATION, "The run was told to end.")
            time.sleep(min(left, 0.2))
