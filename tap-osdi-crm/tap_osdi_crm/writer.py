"""Writing messages without asking the system for every single record."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from osdi_crm_client.ending import TERMINATED
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

LONGEST_HELD = 0.1
"""Seconds that a record may wait while others follow; any other message takes all before it along."""

MOST_HELD = 65_536
"""Bytes that wait at most. Each write lets other threads go first, so a few large ones are quicker than many small."""


class MessageWriter(MsgSpecWriter):
    """Writes messages to standard output, many records at a time, and flushes where somebody may wait for them.

    Attributes:
        records: How many records have been written, by stream.
    """

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self._held = bytearray()
        self._written = 0.0
        self._is_writing = False
        self._told_to_end = False

    def end(self) -> None:
        """End the program: at once, or after the lines that are being written.

        Raises:
            SystemExit: Here, or where these lines have been written.
        """
        if not self._is_writing:
            sys.exit(TERMINATED)
        self._told_to_end = True

    @override
    def write_message(self, message: Message) -> None:
        self._held += self.format_message(message)
        waited = time.monotonic() - self._written
        if isinstance(message, RecordMessage):
            self.records[message.stream] += 1
        if type(message) is not RecordMessage or len(self._held) > MOST_HELD or waited > LONGEST_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held, in whole lines also where the program is told to end meanwhile."""
        self._is_writing = True
        held, self._held = self._held, bytearray()
        try:
            sys.stdout.buffer.write(held)
            sys.stdout.flush()
        finally:
            self._is_writing = False
        self._written = time.monotonic()
        if self._told_to_end:
            self._told_to_end = False
            sys.exit(TERMINATED)
