"""Keeping secrets out of every log line, error and exception text, by value."""

from __future__ import annotations

import base64
import json
import logging
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
            forms |= {repr(value)[1:-1], json.dumps(value)[1:-1], value.strip()}
    with _lock:
        forms = {form for form in forms if len(form) >= SHORTEST}.union(_secrets)
        _secrets = tuple(sorted(forms, key=len, reverse=True))


def redact(text: str) -> str:
    """Return the text with every known secret masked."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


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
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg} {record.args}"
        if (clean := redact(message)) != message:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1]:
            redact_exception(record.exc_info[1])
        return record


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
