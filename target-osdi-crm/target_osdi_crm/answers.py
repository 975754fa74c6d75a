"""Reading what a vendor shows: a record of another form than documented is the vendor's fault, not ours."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from osdi_crm_client.errors import OF_ANOTHER_FORM, garbled
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

READS_A_RECORD = ("id_of", "match_keys_of", "addresses_of", "statuses_of", "differences")
"""Methods of a stream that take a record of the vendor's apart, and do nothing else."""


def object_of(body: Any) -> dict[str, Any]:
    """Return an answer that is one JSON object.

    Raises:
        TypeError: If it is none.
    """
    if not isinstance(body, dict):
        raise TypeError("the answer is no object")
    return body


class Reading:
    """What reads records of a vendor: those methods raise `Garbled` where one is of another form than they expect."""

    name: str

    @override
    def __init_subclass__(cls) -> None:
        """Guard these methods of a class, wherever it has its own."""
        for name in READS_A_RECORD:
            if name in vars(cls):
                setattr(cls, name, _guarded(vars(cls)[name]))


def _guarded(read: Callable[..., T]) -> Callable[..., T]:
    @wraps(read)
    def guarded(stream: Reading, *args: Any) -> T:
        try:
            return read(stream, *args)
        except OF_ANOTHER_FORM as error:
            raise garbled(error, method="GET", path=stream.name) from error

    return guarded
