"""Messages of Airbyte's protocol on standard output, where nothing else may stand: log lines and errors, too."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airbyte_protocol.models import (
    AirbyteErrorTraceMessage,
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    FailureType,
    Level,
    StreamDescriptor,
    TraceType,
    Type,
)
from typing_extensions import override

from osdi_crm_client import redaction, startup
from osdi_crm_client.errors import ConfigurationError, Fault, NoAnswer, NotRead, NotSignedIn, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

AIRBYTES_DELETED_AT = "_ab_cdc_deleted_at"
"""The column that tells when a row was deleted at its source."""

_LEVELS = {
    logging.DEBUG: Level.DEBUG,
    logging.INFO: Level.INFO,
    logging.WARNING: Level.WARN,
    logging.ERROR: Level.ERROR,
    logging.CRITICAL: Level.FATAL,
}


def line(message: AirbyteMessage) -> bytes:
    """Return a message as a line, without what is not set in it."""
    text: str = message.model_dump_json(by_alias=True, exclude_unset=True)
    return text.encode() + b"\n"


def write(message: AirbyteMessage) -> None:
    """Write a message."""
    put(line(message))


def put(lines: bytes) -> None:
    """Write lines, in one piece: other threads write, too."""
    sys.stdout.buffer.write(lines)
    sys.stdout.flush()


def trace(kind: TraceType, **told: object) -> AirbyteMessage:
    """Return a trace message, which tells what stands under its kind's name."""
    trace = AirbyteTraceMessage.model_validate({"type": kind, "emitted_at": time.time() * 1000, **told})
    return AirbyteMessage(type=Type.TRACE, trace=trace)


def error(words: str, failure: FailureType, stream: str | None = None) -> AirbyteMessage:
    """Return the message of an error: what to tell people, and whose stream it is, where it is a stream's."""
    told = AirbyteErrorTraceMessage(message=redaction.redact(words), failure_type=failure)
    if stream:
        told.stream_descriptor = StreamDescriptor(name=stream)
    return trace(TraceType.ERROR, error=told)


def failure_type(found: BaseException) -> FailureType:
    """Return whose fault an error is: the settings', which trying again does not change, passing, or ours."""
    if isinstance(found, NotRead):
        return failure_type(found.error)
    if isinstance(found, ConfigurationError | NotSignedIn):
        return FailureType.config_error
    passing = isinstance(found, Unavailable | Fault | NoAnswer)
    return FailureType.transient_error if passing else FailureType.system_error


@contextmanager
def errors_told() -> Iterator[None]:
    """End the program with 1, and a message for each thing that is wrong, where a setting is or the vendor fails."""
    try:
        yield
    except Exception as found:  # noqa: BLE001
        for each in startup.told(found):
            stream = each.stream if isinstance(each, NotRead) else None
            kind = failure_type(each if isinstance(each, Exception) else found)
            write(error(str(each), kind, stream))
        sys.exit(1)


class LogMessages(logging.Handler):
    """Writes log records as messages; to standard error where standard output cannot take one."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        level = _LEVELS.get(record.levelno, Level.INFO)
        told = AirbyteLogMessage(level=level, message=record.getMessage())
        try:
            write(AirbyteMessage(type=Type.LOG, log=told))
        except (OSError, RuntimeError, ValueError):  # nobody reads, a signal came within a write, or it is closed
            sys.stderr.write(f"{told.level.value} {told.message}\n")


def log_as_messages() -> None:
    """Have all logging of this process written as messages, at INFO and above."""
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [LogMessages()]
    root.setLevel(logging.INFO)
