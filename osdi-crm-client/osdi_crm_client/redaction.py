"""Keeping secrets, by value, and people out of what is told: log lines, errors, exceptions; and a line a line."""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

MASK = "[secret]"
SHORTEST = 4
"""Values with fewer characters are not masked: they would garble ordinary text."""

_secrets: tuple[str, ...] = ()
_lock = threading.Lock()


def hide(*values: str | None) -> None:
    """Mask these values from now on, in plain, quoted, URL-encoded and base64 form."""
    global _secrets  # noqa: PLW0603
    forms: set[str] = set()
    for value in values:
        if value and len(value) >= SHORTEST:
            forms |= {value, quote(value, safe=""), quote_plus(value), base64.b64encode(value.encode()).decode()}
            forms |= {repr(value)[1:-1], json.dumps(value)[1:-1], value.strip(), on_one_line(value)}
    with _lock:
        forms = {form for form in forms if len(form) >= SHORTEST}.union(_secrets)
        _secrets = tuple(sorted(forms, key=len, reverse=True))


def redact(text: str) -> str:
    """Return the text with every known secret masked."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


_PATTERNS = (
    (re.compile(r"[^\s@<>\"'(),;:=/?&]+(?:@|%40)[^\s@<>\"'(),;:/?&]+"), "[address]"),
    (re.compile(r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)\+?(?:\(?\d\)?[ ./-]{0,2}){6,14}\d(?![\w-])"), "[number]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 [secret]"),
    (
        re.compile(r"(?i)\b([\w-]*(?:token|password|secret|api[ _-]?key))([\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]+"),
        r"\1\2[secret]",
    ),
)
"""What a vendor's words may hold of people and of credentials, and what is shown in its place."""

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def masked(words: str) -> str:
    """Return a vendor's words without addresses, phone numbers and what looks like credentials."""
    for pattern, shown in _PATTERNS:
        words = pattern.sub(shown, words)
    return words


def on_one_line(text: str) -> str:
    """Return a text whose control characters, line breaks among them, are shown as their escapes."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class OwnLines(str):
    """Lines of our own making, which a log may show as they are; of any other text each line break is escaped."""

    __slots__ = ()


def install(config: Mapping[str, Any], secret_settings: Iterable[str]) -> None:
    """Mask the values of these settings in all logging, warnings and uncaught exceptions of this process.

    Works at the log record factory, so a replaced logging configuration does not undo it.
    """
    hide(*(text for name in secret_settings for text in _texts(config.get(name))))
    if isinstance(logging.getLogRecordFactory(), _RedactingFactory):
        return
    logging.setLogRecordFactory(_RedactingFactory(logging.getLogRecordFactory()))
    threading.excepthook = _redacting_thread_hook
    sys.excepthook = _redacting_hook


def _texts(value: Any) -> Iterator[str]:
    """Yield what a setting holds, as text, even where it is not of the right type."""
    if isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)


class _RedactingFactory:
    """A log record factory whose records carry no secret."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **kwargs)
        if isinstance(record.args, tuple):
            record.args = tuple(map(_shown, record.args))
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg} {record.args}"
        if (clean := redact(message)) != message:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1]:
            redact_exception(record.exc_info[1])
        return record


def _shown(value: Any) -> Any:
    """Return what a log line is to show of one of its arguments."""
    if isinstance(value, OwnLines | int | float):
        return value
    text = str(value)
    return value if (shown := on_one_line(text)) == text else shown


def redact_exception(error: BaseException | None) -> None:
    """Mask secrets in the arguments of an exception and of all that it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.args = tuple(redact(arg) if isinstance(arg, str) else _redact_object(arg) for arg in error.args)
        error = error.__cause__ or error.__context__


def _redact_object(value: Any) -> Any:
    text = str(value)
    return redact(text) if redact(text) != text else value


def _redacting_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    redact_exception(error)
    sys.__excepthook__(kind, error, trace)


def _redacting_thread_hook(args: threading.ExceptHookArgs) -> None:
    redact_exception(args.exc_value)
    threading.__excepthook__(args)
