"""Files of JSON lines in the working folder, begun anew by each run and readable by their owner only."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from osdi_crm_client import work_dir

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Lines:
    """One such file."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin the file."""
        self._file = work_dir.opened(work_dir.file(folder, name), "w")
        self._lock = threading.Lock()

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line."""
        with self._lock:
            self._file.write(json.dumps(line, default=str) + "\n")
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()
