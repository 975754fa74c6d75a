"""The border of values: each value of an incoming record becomes one of the type its schema asks for, or a rejection.

One rule for every vendor, stream and depth. Inside this border nothing is parsed or coerced again. No arithmetic is
done on a number before its size is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_schemas import fold

from target_osdi_crm.intake import addresses
from target_osdi_crm.keys import canonical
from target_osdi_crm.rejects import INVALID, Rejection

MOST_DEPTH = 100
"""How deep objects and lists may lie in one another."""

_EXACT = 2**53
"""From here on a float may stand for more than one whole number."""

_LARGEST = 300
"""Decimal exponent beyond which a number is not one that any vendor holds."""

_NUMBER = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NO_ID = re.compile(r"[/?#%\\\s]")
_NOTHING = frozenset(("None", "null", "NULL", "nan", "NaN", "NaT", "<NA>", "undefined"))
"""What languages make of nothing when it is turned into text: never a key or an id."""

_FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), False),
}

_TIMES = frozenset(("format", "x-wall-clock", "x-date"))
"""What a schema says where it wants a date or a time."""

Schema = Mapping[str, Any]


def number(text: str) -> Decimal | str:
    """Decode a number of JSON with a fraction or an exponent; text where the exponent is past that of a Decimal."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


decode = msgspec.json.Decoder(float_hook=number).decode
"""Decodes JSON with numbers of any size."""


@dataclass(slots=True)
class Fitting:
    """How the values of one record are read, and what was left out or replaced in it.

    Attributes:
        zone: The time zone of times that name none.
        region: The country of phone numbers that name none.
        empties: Paths, folded, at which a blank is kept as None, to empty the vendor's.
        keep: Addresses that are kept although they are none; None keeps all.
        refused: Addresses that were left out because they are none: where they stood, their kind, and the text.
        replaced: Where characters stood that no vendor can hold.
    """

    zone: tzinfo = UTC
    region: str = addresses.REGION
    empties: Collection[str] = ()
    keep: Collection[str] | None = ()
    refused: list[tuple[str, addresses.Kind, str]] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)


def zone(name: str | None) -> tzinfo:
    """The time zone of a name, UTC of none.

    Raises:
        ConfigurationError: If there is no such time zone.
    """
    try:
        return ZoneInfo(name) if name else UTC
    except (OSError, ValueError, ZoneInfoNotFoundError):
        raise ConfigurationError("The setting 'source_time_zone' is no time zone, such as America/New_York.") from None


def is_blank(value: Any) -> bool:
    """Whether nothing is given: null, or text without a visible character."""
    return value is None or (isinstance(value, str) and not value.strip())


def fit(path: str, value: Any, schema: Schema, fitting: Fitting | None = None) -> Any:
    """Return a value as its schema wants it, or None where nothing is given, or an address that is none.

    Args:
        path: Where it stands, with dots, for the words of a rejection.
        value: What came, decoded from JSON; numbers with a fraction or exponent as `Decimal` or float.
        schema: Its JSON Schema; without a `type` anything will do.
        fitting: How it is read; it learns what is left out.

    Raises:
        Rejection: If that cannot be done without changing what it says; the words name the path, not the value.
    """
    return _fitted(path, value, schema, fitting or Fitting(), MOST_DEPTH)


def _fitted(path: str, value: Any, schema: Schema, fitting: Fitting, depth: int) -> Any:
    if is_blank(value):
        return None
    if depth < 0:
        raise _invalid(path, f"nested deeper than {MOST_DEPTH}")
    return key(path, value) if schema.get("x-id") else _typed(path, value, schema, fitting, depth)


def _typed(path: str, value: Any, schema: Schema, fitting: Fitting, depth: int) -> Any:
    kinds = _kinds(schema)
    if isinstance(value, str):
        return _from_text(path, value, schema, fitting, depth)
    if isinstance(value, Mapping):
        if not kinds or "object" in kinds:
            return _object(path, value, schema, fitting, depth)
    elif isinstance(value, list):
        if not kinds or "array" in kinds or schema.get("x-comma-separated"):
            return _list(path, value, schema, fitting, depth)
    elif isinstance(value, bool):
        if not kinds or "boolean" in kinds:
            return value
    else:
        return _from_number(path, value, kinds, schema, fitting)
    raise _invalid(path, f"not {_wanted(kinds)}")


def text_of(value: Any) -> str:
    """Return a value as the text of a custom field: text as it is, whole numbers as digits, all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _digits(value)
    return msgspec.json.encode(_jsonable(value)).decode()


def key(path: str, value: Any) -> str | None:
    """Return a key, id or reference as text, or None where nothing is given.

    `17`, `17.0`, `17.00`, `"17"` and `"17.0"` are one; `"017"` is another. `"None"`, `"nan"` and the like are nothing.

    Raises:
        Rejection: If it is no text or number, or a float that may stand for more than one whole number.
    """
    if is_blank(value):
        return None
    if isinstance(value, str):
        return None if value.strip() in _NOTHING else canonical(printable(value))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _invalid(path, "not text or a number")
    if not isinstance(value, int) and (not _is_finite(value) or _magnitude(value) > 15 or abs(float(value)) >= _EXACT):
        raise _invalid(path, "a number with a fraction or exponent, of 2^53 or more; send it as text")
    return _digits(value)


def vendors_id(path: str, given: str) -> str:
    """Return an id that a record gives as the vendor's, which is to stand in the address of a call.

    Raises:
        Rejection: If it would lead to another address.
    """
    if _NO_ID.search(given) or given in {".", ".."}:
        raise _invalid(path, "not an id: it holds what leads to another address")
    return given


def keys(path: str, value: Any, schema: Schema) -> str | list[str] | None:
    """Return a reference, or the list of them where the schema wants one; raises as `key` does."""
    if "array" not in _kinds(schema):
        return key(path, value)
    given = fit(path, value, {"type": ["array"]})
    return [each for each in (key(path, one) for one in given or ()) if each is not None] or None


def printable(text: str) -> str:
    """Return text with control characters and halves of characters outside the BMP replaced by U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", text)


def is_unprintable(value: Any) -> bool:
    """Whether a value is text with characters that `printable` replaces."""
    return isinstance(value, str) and _UNPRINTABLE.search(value) is not None


def _from_text(path: str, text: str, schema: Schema, fitting: Fitting, depth: int) -> Any:
    kinds = _kinds(schema)
    if not kinds or "string" in kinds:
        return _time_or_text(path, text, schema, fitting)
    plain = text.strip()
    if "boolean" in kinds and plain.lower() in _FLAGS:
        return _FLAGS[plain.lower()]
    if {"integer", "number"} & kinds and _NUMBER.fullmatch(plain):
        return _from_number(path, Decimal(plain), kinds, schema, fitting)
    if {"object", "array"} & kinds and plain[0] in "{[":
        try:
            value = decode(plain)
        except (ValueError, RecursionError):
            raise _invalid(path, "not JSON") from None
        return _fitted(path, value, schema, fitting, depth)
    if "array" in kinds and (member := schema.get("x-comma-separated")):
        parts = [part.strip() for part in plain.split(",")]
        return _list(path, parts if member is True else [{member: part} for part in parts], schema, fitting, depth)
    raise _invalid(path, f"not {_wanted(kinds)}")


def _time_or_text(path: str, text: str, schema: Schema, fitting: Fitting) -> str | None:
    if schema.get("x-date"):
        return _own_date(path, text, schema, fitting)
    if schema.get("x-wall-clock"):
        return f"{_moments(path, text, fitting.zone)[0].isoformat(timespec='seconds')}Z"
    if schema.get("format") == "date-time":
        return f"{_moments(path, text, fitting.zone)[1].isoformat(timespec='seconds')}Z"
    if schema.get("format") == "date":
        return _moments(path, text, fitting.zone)[0].date().isoformat()
    return _text(path, text, schema, fitting)


def _own_date(path: str, text: str, schema: Schema, fitting: Fitting) -> str | None:
    """Return a date in a form that only the vendor knows; what is none in any form, or in ISO 8601, is refused."""
    plain = text.strip()
    if not re.search(r"\d", plain) or re.search(r"\d{5}", plain):
        raise _invalid(path, "not a date")
    if _TIME.fullmatch(plain) or _DATE.fullmatch(plain):
        _moments(path, plain, fitting.zone)
    return _text(path, text, schema, fitting)


def _text(path: str, text: str, schema: Schema, fitting: Fitting) -> str | None:
    """Return text that is to stay text; an address that is none is left out."""
    given = printable(text)
    if "\ufffd" in given:
        fitting.replaced.append(path)
    kind = schema.get("x-address")
    if not kind:
        return given
    given = canonical(given.strip())
    if addresses.is_address(kind, given, fitting.region):
        plain = addresses.sendable(given, fitting.region) if kind == "phone" else given
        if plain != given:
            fitting.replaced.append(path)
        return plain
    if fitting.keep is None or given in fitting.keep:
        return given
    fitting.refused.append((path, kind, given))
    return None


def _from_number(path: str, value: float | Decimal, kinds: frozenset[str], schema: Schema, fitting: Fitting) -> Any:
    is_text = "string" in kinds and not schema.keys() & _TIMES
    if not _is_finite(value) or _magnitude(value) > _LARGEST:
        if is_text:
            return _text(path, str(value), schema, fitting)
        raise _invalid(path, "a number of no usable size")
    is_whole = isinstance(value, int) or value == value.__floor__()
    if "integer" in kinds and is_whole:
        return int(value)
    if "number" in kinds:
        return value if isinstance(value, int) else float(value)
    if not kinds:
        return int(value) if is_whole and (isinstance(value, int) or abs(float(value)) < _EXACT) else float(value)
    if "boolean" in kinds and value in {0, 1}:
        return bool(value)
    if is_text:
        return _text(path, _digits(value), schema, fitting)
    raise _invalid(path, "not a date or time in the form of ISO 8601" if "string" in kinds else f"not {_wanted(kinds)}")


def _digits(value: float | Decimal) -> str:
    """Return a number as text: whole ones as their digits, as far as a float says them exactly."""
    if isinstance(value, int):
        return str(value)
    if _is_finite(value) and _magnitude(value) <= 15 and value == value.__floor__() and abs(float(value)) < _EXACT:
        return str(int(value))
    return str(value)


def _magnitude(value: float | Decimal) -> int:
    """Return the decimal exponent of a number's first digit, without computing with it."""
    if isinstance(value, int):
        return value.bit_length() * 3 // 10
    return int(Decimal(value).adjusted()) if value else 0


def _is_finite(value: float | Decimal) -> bool:
    return isinstance(value, int) or Decimal(value).is_finite()


def _object(path: str, value: Mapping[str, Any], schema: Schema, fitting: Fitting, depth: int) -> dict[str, Any] | None:
    properties = schema.get("properties", {})
    found = {}
    for name, inner in value.items():
        known = properties.get(name, {})
        if known.get("readOnly"):
            continue
        if (fitted := _fitted(f"{path}.{name}", inner, known, fitting, depth - 1)) is not None:
            found[printable(name)] = fitted
        elif fitting.empties and is_blank(inner) and fold(f"{path}.{name}") in fitting.empties:
            found[name] = None
    return found or None


def _list(path: str, value: list[Any], schema: Schema, fitting: Fitting, depth: int) -> list[Any] | str | None:
    kinds = _kinds(schema)
    is_text = "string" in kinds and "array" not in kinds
    items = {"type": ["string"]} if is_text else schema.get("items", {})
    found = [_fitted(path, each, items, fitting, depth - 1) for each in value]
    given = [each for each in found if each is not None]
    return (", ".join(given) if is_text else given) or None


def _moments(path: str, text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return what a date or time in ISO 8601 says: as the wall clock shows it, and in UTC."""
    plain = text.strip()
    found = _TIME.fullmatch(plain)
    if not found and not _DATE.fullmatch(plain):
        raise _invalid(path, "not a date or time in the form of ISO 8601")
    offset = (found[3] or "").upper() if found else ""
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}" if found else plain)
        instant = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except ValueError:
        raise _invalid(path, "not a date or time that there is") from None
    except OverflowError:
        raise _invalid(path, "a time that leaves the calendar in UTC") from None
    return moment.replace(tzinfo=None), instant.replace(tzinfo=None)


def _kinds(schema: Schema) -> frozenset[str]:
    kinds = schema.get("type", ())
    return frozenset((kinds,) if isinstance(kinds, str) else kinds) - {"null"}


def _wanted(kinds: frozenset[str]) -> str:
    words = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "object": "an object",
        "array": "a list",
    }
    return " or ".join(sorted(words[kind] for kind in kinds)) or "given"


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _jsonable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


def _invalid(path: str, why: str) -> Rejection:
    return Rejection(INVALID, f"does not fit the schema: {path}: {why}")
