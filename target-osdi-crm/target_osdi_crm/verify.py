"""Comparing what a vendor shows with what it was sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 300
"""Decimal exponent beyond which text is not compared as a number."""


def differences(sent: Mapping[str, Any], shown: Mapping[str, Any]) -> list[str]:
    """Names of the sent values that are not shown, dotted where they lie deeper."""
    return [path for name, value in sent.items() for path in _unlike(name, value, shown.get(name))]


def missing(values: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some values of which a record as the vendor shows it has none."""
    found = {}
    for name, value in values.items():
        there = shown.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            if inner := missing(value, there):
                found[name] = inner
        elif there in (None, "", [], {}):
            found[name] = value
    return found


def _unlike(path: str, sent: Any, shown: Any) -> list[str]:  # noqa: PLR0911  one return per kind of value
    if sent is None:
        return [] if shown in ([], {}) or normal(shown) is None else [path]
    if isinstance(sent, dict):
        if not isinstance(shown, dict):
            return [path] if any(value is not None for value in sent.values()) else []
        return [f"{path}.{name}" for name in differences(sent, shown)]
    if isinstance(sent, list):
        if not isinstance(shown, list) or len(shown) < len(sent):
            return [path] if sent else []
        if all(isinstance(each, dict) for each in sent):
            pairs = zip(sent, shown, strict=False)
            return sorted({name for one, other in pairs for name in _unlike(path, one, other)})
        unmatched = [normal(each) for each in shown]
        for each in sent:
            if normal(each) not in unmatched:
                return [path]
            unmatched.remove(normal(each))
        return []
    return [] if normal(sent) == normal(shown) else [path]


def normal(value: Any) -> Any:
    """A value as it is compared: numbers as numbers, times as instants, text without case and spacing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(int(value))
    text = " ".join(str(value).split()).casefold()
    if not text:
        return None
    if text in {"true", "false"}:
        return str(int(text == "true"))
    number = None if text[0] in "0+" and text[1:].isdigit() else _number(text)
    return number or _instant(text) or text


def _number(text: str) -> str | None:
    """A number as it is compared, unless it is of a size that nobody computes with."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST:
        return None
    return format(number.normalize(), "f")


def _instant(text: str) -> str | None:
    """A time as it is compared, unless it leaves the calendar in UTC."""
    if len(text) < 10 or not text[:4].isdigit():
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


def digits(phone: object) -> str:
    """The digits of a phone number."""
    return re.sub(r"\D", "", str(phone))
