"""Reading Singer messages: a bad line ends nothing, and STATE waits until the records before it are settled."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter, deque
from typing import IO, TYPE_CHECKING, Any

from osdi_crm_client.decoding import leniently
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding.base import GenericSingerReader, SingerMessageType
from singer_sdk.singerlib.exceptions import InvalidInputLine
from typing_extensions import override

from target_osdi_crm.intake import batch_files
from target_osdi_crm.intake.values import MOST_DEPTH, decode, number
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_osdi_crm.intake.plugin import Plugin

logger = logging.getLogger("target-osdi-crm")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some programs put before all that they write."""

Message = dict[str, Any]
Callbacks = dict[str, "Callable[[Message], None]"]


class Reader(GenericSingerReader[bytes]):
    """Reads messages until there are no more, or the run is stopped.

    Attributes:
        line: The number of the line last read.
        deleted_at: When its record was deleted at the source, as it came.
        stream: What its source calls its record's stream.
        version: The version that its record belongs to, if any.
        broken: Why the rest of the input is not read, if it is not.
        blocked: Whether a line is being waited for, so that only an exception can end the wait.
    """

    target: Plugin

    def __init__(self) -> None:
        super().__init__()
        self.line = 0
        self.deleted_at: Any = None
        self.stream = ""
        self.version: Any = None
        self.broken: Stop | None = None
        self.blocked = False
        self._states: deque[tuple[int, Message]] = deque()
        self._passed_on = time.monotonic()
        self._pass: Callable[[Message], None] | None = None

    @property
    @override
    def default_input(self) -> IO[bytes]:
        return sys.stdin.buffer

    @override
    def deserialize_json(self, line: bytes) -> Message:
        """Decode a line.

        Raises:
            InvalidInputLine: If it is no JSON object; the text tells nothing of the line.
        """
        try:
            message = decode(line)
        except (ValueError, RecursionError):
            message = _decoded_leniently(line)
        if not isinstance(message, dict):
            raise InvalidInputLine("It is not a JSON object.")
        return message

    @staticmethod
    @override
    def assert_line_requires(line_dict: Message, requires: set[str]) -> None:
        """Check that a message has all its members.

        Raises:
            InvalidInputLine: If it lacks one; the text tells nothing of the line.
        """
        if missing := requires - line_dict.keys():
            raise InvalidInputLine(f"It lacks {', '.join(sorted(missing))}.")

    @override
    def process_lines(self, file_input: IO[bytes] | None, callbacks: Callbacks) -> Counter[str]:
        """Read and handle every line."""
        run = self.target.run
        self._pass = callbacks[SingerMessageType.STATE]
        read: Counter[str] = Counter()
        lines: Iterable[bytes] = getattr(file_input, "buffer", file_input) or self.default_input
        waiting = iter(lines)
        try:
            while not run.stopped:
                self.blocked = True
                if self.target.told_to_end.is_set():
                    break
                line = next(waiting, None)
                self.blocked = False
                if line is None:
                    break
                self.line += 1
                line = line.removeprefix(BYTE_ORDER_MARK) if self.line == 1 else line
                if not line.isspace():
                    self._handle(line, callbacks, read)
                self.pass_on_in_time()
        except Stop as stop:
            self.broken = stop
        finally:
            self.blocked = False
        return read

    def _handle(self, line: bytes, callbacks: Callbacks, read: Counter[str]) -> None:
        """Handle one line; one that is no message is rejected.

        Raises:
            Stop: If the run cannot go on after it.
        """
        try:
            message = self.deserialize_json(line)
            kind = str(message.get("type"))
            match kind:
                case SingerMessageType.RECORD:
                    self._record(message, callbacks)
                case SingerMessageType.STATE:
                    self.assert_line_requires(message, {"value"})
                    self.target.run.versions.state(message["value"])
                    self._states.append((self.target.run.progress.read, message))
                case SingerMessageType.SCHEMA:
                    self._schema(message, callbacks)
                case SingerMessageType.ACTIVATE_VERSION:
                    self.assert_line_requires(message, {"stream", "version"})
                    self.target.run.versions.activate(str(message["stream"]), message["version"])
                case SingerMessageType.BATCH:
                    self._batch(message, callbacks)
                case _:
                    self.refuse(message)
            read[kind] += 1
        except InvalidInputLine as error:
            raw = line if isinstance(line, bytes) else line.encode()
            if not raw.endswith(b"\n"):
                logger.warning("Line %d, the last, is cut: what wrote it ended in the middle.", self.line)
                return
            self.target.run.take_line(raw, str(error), line=self.line)

    def _record(self, message: Message, callbacks: Callbacks) -> None:
        record = message.get("record")
        if not isinstance(record, dict) or not isinstance(message.get("stream"), str):
            raise InvalidInputLine("It lacks a stream, or a record that is an object.")
        self.deleted_at = record.get("_sdc_deleted_at")
        self.stream, self.version = message["stream"], message.get("version")
        try:
            callbacks[SingerMessageType.RECORD](message)
        except RecordsWithoutSchemaException:
            raise Stop(
                CONFIGURATION, f"Line {self.line}: a record of '{message['stream']}' came before its SCHEMA message."
            ) from None

    def _schema(self, message: Message, callbacks: Callbacks) -> None:
        try:
            self.assert_line_requires(message, {"stream", "schema"})
            _require_names(message.get("key_properties") or ())
            callbacks[SingerMessageType.SCHEMA]({**message, "schema": _cut(message["schema"])})
        except (InvalidInputLine, TypeError, AttributeError):
            raise Stop(
                CONFIGURATION,
                f"Line {self.line} is a SCHEMA message without a schema's properties, or with keys that are no names.",
            ) from None

    def refuse(self, message: Message) -> None:
        """Refuse a message of another type."""
        self.assert_line_requires(message, {"type"})
        raise InvalidInputLine("Its type is unknown.")

    def _batch(self, message: Message, callbacks: Callbacks) -> None:
        try:
            for line in batch_files.lines(message):
                if self.target.run.stopped or self.target.told_to_end.is_set():
                    return
                self._batched(line, message.get("stream"), callbacks)
        except batch_files.Unreadable as error:
            raise Stop(CONFIGURATION, f"Line {self.line} is a BATCH message that cannot be read: {error}.") from None

    def _batched(self, line: bytes, stream: Any, callbacks: Callbacks) -> None:
        try:
            self._record({"stream": stream, "record": self.deserialize_json(line)}, callbacks)
        except InvalidInputLine as error:
            self.target.run.take_line(line, str(error), line=self.line)

    def pass_on_in_time(self) -> None:
        """Write the latest STATE before which everything is settled, if it is time for one."""
        interval = self.target.settings.state_interval_seconds
        if self._states and time.monotonic() - self._passed_on >= interval and self.pass_state_on():
            self.target.drain_all()

    def pass_state_on(self) -> bool:
        """Hand the SDK the latest STATE before which everything is settled; False if there is no new one."""
        settled = self.target.run.progress.settled()
        found = []
        while self._states and self._states[0][0] <= settled:
            found.append(self._states.popleft()[1])
        self._passed_on = time.monotonic()
        if not found or self._pass is None or self.target.settings.dry_run:
            return False
        self._pass(self.as_one(found))
        return True

    def as_one(self, states: list[Message]) -> Message:
        """Return the STATE that stands for several: the last."""
        return states[-1]


def _require_names(keys: Iterable[Any]) -> None:
    if not all(isinstance(name, str) for name in keys):
        raise TypeError("its keys are no names")


def _cut(schema: Any, depth: int = 2 * MOST_DEPTH) -> Any:
    """Return a schema without what it says of values that lie deeper than any that are taken."""
    if isinstance(schema, dict):
        return {name: _cut(each, depth - 1) for name, each in schema.items()} if depth > 0 else {}
    return [_cut(each, depth - 1) for each in schema] if isinstance(schema, list) and depth > 0 else schema


def _decoded_leniently(line: bytes | str) -> Any:
    """Decode a line that holds bytes, halves of characters or control characters that JSON does not allow.

    Raises:
        InvalidInputLine: If it is not JSON all the same.
    """
    try:
        return leniently(line.decode("utf-8", "replace") if isinstance(line, bytes) else line, number)
    except (ValueError, RecursionError):
        raise InvalidInputLine("It is not JSON.") from None
