"""Being told to end, by SIGTERM or Ctrl-C: a program ends with 143 and a line, at whatever moment it is told."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

TERMINATED = 143
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def from_the_first_moment() -> None:
    """End at once when told to, until the program knows better."""
    for number in SIGNALS:
        signal.signal(number, _at_once)


def when_told(call: Callable[..., Any]) -> None:
    """Call this from now on when the program is told to end; in a thread of somebody else's program, never."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, call)


def in_time(seconds: float) -> None:
    """End the program after so many seconds, whatever it waits for then."""
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()


def _at_once(*_: Any) -> None:
    os.write(2, b"Told to end, before anything was done.\n")
    os._exit(TERMINATED)


def _give_up() -> None:
    logger.warning("Told to end, and still waiting for something: ended without it.")
    logging.shutdown()
    os._exit(TERMINATED)
