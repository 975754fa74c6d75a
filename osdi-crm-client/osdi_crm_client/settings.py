"""Settings as frozen dataclasses: a field is the one place for a setting's type, default and description."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Generic, Literal, TypeVar, cast, dataclass_transform, get_args, get_origin, get_type_hints

from osdi_crm_client import work_dir
from osdi_crm_client.errors import ConfigurationError

S = TypeVar("S")
W = TypeVar("W")


@dataclass(frozen=True)
class ByStream(Generic[W]):
    """A word for all streams, or one for each that is named; `ByStream[Literal[…]]` tells which words there are.

    Attributes:
        all: The word for all streams; None where they are named, or nothing is set.
        named: The words by stream.
    """

    all: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)

    def of(self, stream: str, default: str) -> str:
        """The word for a stream."""
        return self.named.get(stream, self.all or default)


_SCHEMAS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    Path: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0, "maximum": 999_999_999_999},
    float: {
        "type": ["number", "string"],
        "minimum": 0,
        "maximum": 999_999_999,
        "pattern": r"^\d{1,9}(\.\d+)?$",
    },
    datetime: {"type": "string", "format": "date-time"},
    tuple: {"type": "array", "items": {"type": "string"}},
    Mapping: {"type": "object"},
    ByStream: {"type": ["string", "object"]},
}
"""JSON Schema by type. A number is zero or more; one with a fraction may come as text."""


def setting(title: str, description: str, *, default: Any = MISSING, secret: bool = False, **schema: Any) -> Any:
    """Declare a field of a class of settings.

    Args:
        title: The setting's name for people.
        description: What it does, in a sentence or two.
        default: Its value where nothing is given; without one the setting is required.
        secret: Whether its value is kept out of all logs and messages.
        schema: Further keywords of its JSON Schema, above those that its type gives.
    """
    about = {"title": title, "description": description, **({"secret": True, "writeOnly": True} if secret else {})}
    metadata = {"schema": {**about, **schema}}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
def settings(cls: type[S]) -> type[S]:
    """Make a class of settings: its fields are `setting`s of one of the types that `parse` knows, optional or not."""
    return dataclass(frozen=True, kw_only=True)(cls)


@settings
class ClientSettings:
    """Settings that tap and target share, whatever the vendor."""

    vendor: str = setting("Vendor", "Which CRM to talk to.")
    account: str | None = setting(
        "Account name",
        "A name for the list, nation or organisation that outlives its credentials. Needed where the other settings do"
        " not tell it.",
        default=None,
    )
    model: Literal["vendor", "osdi"] = setting(
        "Model",
        "'vendor' has the vendor's own streams; 'osdi' has people, tags and taggings in one form for all vendors, so"
        " that what the tap reads from one can be written to another.",
        default="vendor",
    )
    work_dir: Path | None = setting(
        "Working folder",
        "Where the plugin keeps what it must remember; its files are readable by their owner only. Without it,"
        " .osdi-crm in the current folder where there is one, else osdi-crm in the user's folder for state.",
        default=None,
    )
    token_store: str | None = setting(
        "Token store",
        "Where tokens that change are kept: a file, or a database address such as postgresql://user@host/db. Without"
        " it, tokens.json in the working folder.",
        default=None,
        secret=True,
    )
    calls_per_second: float | None = setting(
        "Calls per second",
        "The pace to aim at instead of the vendor's limit less a margin; 0 sets no pace.",
        default=None,
    )
    pace_store: str | None = setting(
        "Pace store",
        "Where all who call the same account agree on when each may: a file for the processes of one machine, or a"
        " database address such as postgresql://user@host/db for many. Without it, a file in the user's state folder.",
        default=None,
        secret=True,
    )
    index_lag_seconds: float | None = setting(
        "Index lag",
        "Seconds after which a change is sure to show in the vendor's searches.",
        default=None,
    )
    timeout_seconds: float = setting("Timeout", "Seconds to wait for an answer of the vendor.", default=60)
    call_timeout_seconds: float = setting(
        "Timeout of a whole call", "Seconds that an answer may take until its last byte, however it drips.", default=300
    )
    max_answer_bytes: int = setting(
        "Largest answer", "Bytes of an answer, unpacked, above which it is not read.", default=104_857_600, minimum=1
    )

    @property
    def timeouts(self) -> tuple[float, float]:
        """Seconds to wait for an answer and for the whole of one; 0 counts as not set."""
        return self.timeout_seconds or 60, self.call_timeout_seconds or 300

    @property
    def folder(self) -> Path:
        """The working folder.

        Raises:
            ConfigurationError: If none is named, and the user has none.
        """
        return self.work_dir or work_dir.default()


def properties(cls: type[Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Return the JSON Schema properties of a class of settings, each name after the prefix."""
    found = {}
    for each in fields(cls):
        kind, choices = _kind(cls, each.name)
        schema = {**_SCHEMAS[kind], **_choice(kind, choices)}
        if each.default not in (MISSING, None, (), ByStream()):
            schema["default"] = {Path: str, tuple: list}.get(kind, lambda default: default)(each.default)
        found[f"{prefix}{each.name}"] = {**schema, **each.metadata["schema"]}
    return found


def _choice(kind: Any, choices: tuple[str, ...]) -> dict[str, Any]:
    if kind is ByStream:
        words = {"enum": list(choices)}
        return {"anyOf": [words, {"type": "object", "additionalProperties": words}]}
    return {"enum": list(choices)} if choices else {}


def required(cls: type[Any], prefix: str = "") -> tuple[str, ...]:
    """Names of the settings of a class that have no default."""
    return tuple(
        f"{prefix}{each.name}" for each in fields(cls) if each.default is MISSING and each.default_factory is MISSING
    )


def secrets(schema: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Names of the settings that hold secrets, of these JSON Schema properties."""
    return tuple(name for name, found in schema.items() if found.get("secret"))


def parse(cls: type[S], config: Mapping[str, Any], prefix: str = "") -> S:
    """Return the settings of a class, read from a configuration in which each name stands after the prefix.

    What is null or blank is not given.

    Raises:
        ConfigurationError: If one is missing or is not of its type; the value is not shown.
    """
    values = {}
    for each in fields(cls):  # type: ignore[arg-type]
        name = f"{prefix}{each.name}"
        given = config.get(name)
        if given is not None and not (isinstance(given, str) and not given.strip()):
            values[each.name] = _parsed(name, given, *_kind(cls, each.name))
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ConfigurationError(f"The setting '{name}' is missing.")
    return cls(**values)


@cache
def _hints(cls: Hashable) -> dict[str, Any]:
    return get_type_hints(cls)


def _kind(cls: type[Any], name: str) -> tuple[Any, tuple[str, ...]]:
    """Return the type of a setting without None, and the words it may be where it is a choice."""
    annotated = _hints(cast("Hashable", cls))[name]
    [kind] = [each for each in get_args(annotated) if each is not NoneType] if _is_optional(annotated) else [annotated]
    if get_origin(kind) is Literal:
        return str, get_args(kind)
    if get_origin(kind) is ByStream:
        return ByStream, get_args(get_args(kind)[0])
    return get_origin(kind) or kind, ()


def _is_optional(annotated: Any) -> bool:
    return NoneType in get_args(annotated)


def _parsed(name: str, given: Any, kind: Any, choices: tuple[str, ...]) -> Any:
    if kind is ByStream:
        return _by_stream(name, given, choices)
    if choices and given not in choices:
        raise ConfigurationError(f"The setting '{name}' is none of {', '.join(choices)}.")
    try:
        return _PARSERS[kind](given)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(f"The setting '{name}' is not {_WORDS[kind]}.") from None


def _by_stream(name: str, given: Any, choices: tuple[str, ...]) -> ByStream[Any]:
    if isinstance(given, str) and given.lstrip().startswith("{"):
        with suppress(ValueError):
            given = json.loads(given)
    named = given if isinstance(given, dict) else {}
    if any(word not in choices for word in (named.values() if isinstance(given, dict) else [given])):
        raise ConfigurationError(
            f"The setting '{name}' is none of {', '.join(choices)}, nor an object that has one of them by stream."
        )
    return ByStream(named=named) if isinstance(given, dict) else ByStream(given)


def _flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise TypeError
    return given


def _text(given: Any) -> str:
    text = str(given)
    if "\0" in text:
        raise ValueError
    text.encode()  # refuses half a character
    return text


def _time(given: Any) -> datetime:
    moment = datetime.fromisoformat(given)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _texts(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise TypeError
    return tuple(map(_text, given))


_PARSERS: dict[Any, Any] = {
    str: _text,
    Path: lambda given: Path(_text(given)),
    bool: _flag,
    int: int,
    float: float,
    datetime: _time,
    tuple: _texts,
    Mapping: dict,
}

_WORDS: dict[Any, str] = {
    str: "text",
    Path: "a path",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    datetime: "a time such as 2026-01-31T00:00:00Z",
    tuple: "a list",
    Mapping: "an object",
}
