"""Times as vendors write them, turned into one form: ISO 8601 in UTC, ending in `Z`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader = Callable[[Any], str | None]
    """Reads a time of a vendor's as `utc` writes it; returns None for what is none."""

    Places = Mapping[str, "Reader | Places"]
    """Where a record holds times: by name how one is read, or the places in an object or in each of a list of them."""


def utc(text: Any) -> str | None:
    """Return an ISO 8601 time in UTC, ending in `Z`, or None for what is no such time.

    A time without an offset is taken as UTC.
    """
    try:
        time = datetime.fromisoformat(text)
        if len(text) == 20 and text[10] == "T" and text[-1] == "Z":
            return str(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return _iso(time)


def instant(text: str | None) -> datetime | None:
    """Return the instant of a time as `utc` writes it."""
    return datetime.fromisoformat(text) if text else None


def epoch(per_second: int = 1) -> Callable[[Any], str | None]:
    """Return what reads times that are counted since 1970, as numbers or their digits.

    Args:
        per_second: How many the vendor counts a second: 1, or 1000 where it counts milliseconds.
    """

    def read(value: Any) -> str | None:
        if isinstance(value, bool):
            return None
        try:
            return _iso(datetime.fromtimestamp(float(value) / per_second, UTC))
        except (TypeError, ValueError, OverflowError, OSError):
            return None

    return read


def read(record: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Return a record with its times as `utc` writes them; what is no time stays as it came.

    Raises:
        TypeError: If it is no object.
    """
    if not isinstance(record, dict):
        raise TypeError("a record is not an object")
    return {name: _read(value, places[name]) if name in places else value for name, value in record.items()}


def _read(value: Any, place: Reader | Places) -> Any:
    if callable(place):
        return place(value) or value
    if isinstance(value, list):
        return [_read(each, place) for each in value]
    return read(value, place) if isinstance(value, dict) else value


def counted(text: str, per_second: int = 1) -> int:
    """Return a time as `utc` writes it as so many a second since 1970, as `epoch` reads them."""
    return round(datetime.fromisoformat(text).timestamp() * per_second)


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="microseconds" if time.microsecond else "seconds").replace("+00:00", "Z")
