"""When a failed call is made again: one decision for tap and target."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import backoff

from osdi_crm_client import errors

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

MAX_TRIES = 6
MAX_SECONDS = 300


def worth_another_try(error: Exception, *, repeatable: bool) -> bool:
    """Whether the same call may be made again.

    Where nothing happened at the vendor, always; where it may have acted, only if doing it twice does no harm.
    """
    if isinstance(error, errors.Unavailable):
        return True
    return repeatable and isinstance(error, errors.Fault | errors.NoAnswer | errors.Garbled)


def retrying(call: Callable[..., Result], *, repeatable: bool) -> Callable[..., Result]:
    """Return the call with bounded retries: 6 tries, up to 1, 2, 4, 8 and 16 seconds apart, 300 seconds in all."""
    return backoff.on_exception(
        backoff.expo,
        errors.VendorError,
        max_tries=MAX_TRIES,
        max_time=MAX_SECONDS,
        giveup=lambda error: not worth_another_try(error, repeatable=repeatable),
        logger=None,
    )(call)
