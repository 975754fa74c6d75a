"""From a record as any Singer tap sends it to the properties of a vendor's stream that can be written."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import msgspec
import osdi_crm_schemas

from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.vendor import Stream

INVALID = "invalid record"


class Shape:
    """Shapes the records of one stream after its schema.

    Fields are recognised whatever case and punctuation a warehouse gave them; nulls mean *not given*; objects and
    lists may come as JSON text, numbers and booleans as the text or number that a warehouse makes of them.

    Attributes:
        refers: Properties that hold keys of other records, and the streams of these.
        write_only: Properties that the vendor never shows.
        fixed: Properties that can be set when a record is created, and not changed.
    """

    def __init__(self, vendor: str, stream: Stream) -> None:
        """Read the schema."""
        schema = osdi_crm_schemas.schema(vendor, stream.name)
        self._names = osdi_crm_schemas.property_names(vendor, stream.name)
        self._properties: Mapping[str, Any] = schema["properties"]
        self._writable = {
            name: found for name, found in self._properties.items() if found.get("x-write") or name in stream.refers
        }
        self.refers: dict[str, str] = {
            name: found["x-refers-to"] for name, found in self._writable.items() if "x-refers-to" in found
        } | dict(stream.refers)
        self.write_only = [name for name, found in self._writable.items() if found.get("x-write-only")]
        self.fixed = [
            name
            for name, found in self._writable.items()
            if "create" in found.get("x-write", ()) and "update" not in found["x-write"]
        ]
        self._validate = Validator({"type": "object", "properties": self._writable})
        self._known: dict[str, str | None] = {}

    def __call__(self, record: Mapping[str, Any]) -> Shaped:
        """Shape a record.

        Raises:
            Rejection: If a value does not fit the schema.
        """
        shaped = Shaped()
        for name, value in record.items():
            if value is None:
                continue
            if name in self._known:
                known = self._known[name]
            else:
                known = self._known[name] = self._names.get(osdi_crm_schemas.fold(name))
            if known is None:
                shaped.unknown[name] = value
            elif known in self._writable:
                fitted = _fit(known, value, self._writable[known])
                if fitted is not None:
                    (shaped.refers if known in self.refers else shaped.values)[known] = fitted
            elif known == "id":
                shaped.own_id = str(value)
            else:
                shaped.unwritable[known] = value
        self._validate(shaped.values)
        self._validate(shaped.refers)
        return shaped

    def fitting(self, record: Mapping[str, Any]) -> Shaped:
        """Shape a record without the values that do not fit the schema."""
        fits = {}
        for name, value in record.items():
            with suppress(Rejection):
                self({name: value})
                fits[name] = value
        return self(fits)


class Validator:
    """Checks records against a schema, fast, and names what is wrong without showing it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile the schema.

        Raises:
            ValueError: If it is no valid JSON Schema.
        """
        self._validator = jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=False)

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Check a record.

        Raises:
            Rejection: If it does not fit; the words name the fields.
        """
        if self._validator.is_valid(record):
            return
        wrong = sorted(
            {
                f"{'.'.join(map(str, error.instance_path)) or 'the record'}: {type(error.kind).__name__.split('_')[-1]}"
                for error in self._validator.iter_errors(record)
            }
        )
        raise Rejection(INVALID, "does not fit the schema: " + ", ".join(wrong[:10]))


def _fit(path: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """Make a value what the schema asks for, where that loses nothing; what cannot be made to fit stays as it is."""
    kinds = schema.get("type", ())
    if isinstance(value, str):
        if kinds and "string" not in kinds:
            return _parsed(path, value, schema)
        return _utc(path, value) if schema.get("format") == "date-time" else value
    if isinstance(value, dict):
        return _object(path, value, schema) if "object" in kinds else value
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_fit(path, each, items) for each in value if each is not None] if "array" in kinds else value
    return _scalar(value, kinds)


def _parsed(path: str, text: str, schema: Mapping[str, Any]) -> Any:
    if not text.strip():
        return None
    try:
        value = msgspec.json.decode(text.lower() if "boolean" in schema.get("type", ()) else text)
    except ValueError:
        return text
    return text if isinstance(value, str) else _fit(path, value, schema)


def _object(path: str, value: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {
        name: _fit(f"{path}.{name}", each, properties.get(name, {}))
        for name, each in value.items()
        if each is not None and not properties.get(name, {}).get("readOnly")
    }


def _scalar(value: Any, kinds: Any) -> Any:
    if isinstance(value, bool):
        return ("true" if value else "false") if "boolean" not in kinds and "string" in kinds else value
    if isinstance(value, int | float | Decimal):
        if value in {0, 1} and "boolean" in kinds and not {"integer", "number"} & set(kinds):
            return bool(value)
        if isinstance(value, Decimal | float) and value == int(value) and "integer" in kinds:
            return int(value)
        if "number" in kinds or "integer" in kinds or not kinds:
            return value if isinstance(value, int) else float(value)
        if "string" in kinds:
            return str(value)
    return value


def _utc(path: str, text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Rejection(INVALID, f"does not fit the schema: {path}: not a date and time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
