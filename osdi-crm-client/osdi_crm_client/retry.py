"""When a failed call is made again: one decision for tap and target."""

from __future__ import annotations

import logging
import math
import time
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

import backoff

from osdi_crm_client import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from backoff.types import Details

    from osdi_crm_client.pacing import Pacer

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

MAX_TRIES = 6
MAX_SECONDS = 300

SECONDS_BETWEEN_LINES = 5
"""How long an account is silent about further failures when it has told of one, or longer while that call waits."""


def worth_another_try(error: Exception, *, repeatable: bool) -> bool:
    """Whether the same call may be made again.

    Where nothing happened at the vendor, always; where it may have acted, only if doing it twice does no harm.
    """
    if isinstance(error, errors.Unavailable):
        return True
    return repeatable and isinstance(error, errors.Fault | errors.NoAnswer | errors.Garbled)


class Retrying:
    """Makes the failed calls of one account again, and says so now and then, however many threads wait."""

    def __init__(self, vendor: str, pacer: Pacer) -> None:
        """Speak of the vendor by this name; the pacer may hold a call back for longer than its own pause."""
        self._vendor = vendor
        self._pacer = pacer
        self._silent_until = 0.0
        self._guard = Lock()
        self._made = {repeatable: self._bounded(repeatable=repeatable) for repeatable in (True, False)}

    def __call__(self, call: Callable[[], Result], *, repeatable: bool) -> Result:
        """Make a call with bounded retries: 6 tries, up to 1, 2, 4, 8 and 16 seconds apart, 300 seconds in all."""
        return cast("Result", self._made[repeatable](call))

    def _bounded(self, *, repeatable: bool) -> Callable[[Callable[[], Any]], Any]:
        return backoff.on_exception(
            backoff.expo,
            errors.VendorError,
            max_tries=lambda: MAX_TRIES,
            max_time=MAX_SECONDS,
            giveup=lambda error: not worth_another_try(error, repeatable=repeatable),
            on_backoff=self._tell,
            logger=None,
        )(lambda call: call())

    def _tell(self, details: Details) -> None:
        """Say what happened and when the call is made again; not its path, which may hold a person's data."""
        error = cast("errors.VendorError", details["exception"])
        seconds = math.ceil(max(details["wait"], self._pacer.pause))
        with self._guard:
            if time.monotonic() < self._silent_until:
                return
            self._silent_until = time.monotonic() + max(seconds, SECONDS_BETWEEN_LINES)
        logger.warning("%s: %s; %s is tried again in %d s.", self._vendor, error.why, error.method, seconds)
