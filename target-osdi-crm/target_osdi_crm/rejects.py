"""Records that were refused: why, when they are tried again, and the file that tells people."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from osdi_crm_client import work_dir

from target_osdi_crm.journal import CHANGE

if TYPE_CHECKING:
    from collections.abc import Mapping

AMBIGUOUS = "more than one match"


class Rejection(Exception):
    """This record is not written.

    Attributes:
        reason: A few words of ours, the same for all records of its kind.
        words: What exactly was wrong, in the vendor's words where it has said so: they may hold people's data.
        why: What was wrong with a call, in words of ours, which hold none.
        retry: When to try again, as in `journal.Row`.
        status: The HTTP status, where a call was refused.
    """

    def __init__(
        self, reason: str, words: str = "", *, why: str = "", retry: str = CHANGE, status: int | None = None
    ) -> None:
        self.reason = reason
        self.words = words
        self.why = why
        self.retry = retry
        self.status = status
        super().__init__(f"{reason}: {words}" if words else reason)


class Lines:
    """A file of JSON lines in the working folder, begun anew by each run and readable by its owner only."""

    def __init__(self, config: Mapping[str, Any], name: str) -> None:
        """Begin the file."""
        self._file = work_dir.opened(work_dir.path(config, name), "w")
        self._lock = threading.Lock()

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line."""
        with self._lock:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()
