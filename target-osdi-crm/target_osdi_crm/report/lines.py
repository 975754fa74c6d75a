"""Files of JSON lines in the working folder, begun anew by each run and readable by their owner only."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from osdi_crm_client import work_dir

from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Lines:
    """One such file."""

    def __init__(self, folder: Path, name: str) -> None:
        """Begin the file."""
        self._name = work_dir.file(folder, name)
        self._file = work_dir.opened(self._name, "w")
        self._lock = threading.Lock()

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line.

        Raises:
            Stop: If there is no space for it.
        """
        with self._lock:
            try:
                self._file.write(json.dumps(line, default=str) + "\n")
                self._file.flush()
            except OSError as error:
                raise Stop(CONFIGURATION, str(work_dir.cannot_be_written(self._name, error))) from None

    def close(self) -> None:
        """End the file."""
        with suppress(OSError):  # each line has been written, or its failure told
            self._file.close()
