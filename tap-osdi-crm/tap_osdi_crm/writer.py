"""Writing messages without asking the system for every single record."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

LONGEST_HELD = 0.1
"""Seconds that a record may lie in the buffer while others follow; any other message takes all before it along."""


class MessageWriter(MsgSpecWriter):
    """Writes messages to standard output, and flushes where somebody may wait for it."""

    _flushed = 0.0

    @override
    def write_message(self, message: Message) -> None:
        sys.stdout.buffer.write(self.format_message(message))
        if type(message) is not RecordMessage or time.monotonic() - self._flushed > LONGEST_HELD:
            sys.stdout.flush()
            self._flushed = time.monotonic()
