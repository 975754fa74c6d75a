"""Why a run ends before its input does, and the exit codes that say so."""

from __future__ import annotations

ALL_WELL = 0
CONFIGURATION = 1
SOME_REJECTED = 3
CAPPED = 4
TERMINATED = 143


class Stop(Exception):
    """Ends the run: what was accepted is settled, and the process exits with `code`.

    Attributes:
        code: The exit code.
        error: What the vendor did not do, where that is why.
    """

    def __init__(self, code: int, why: str, error: Exception | None = None) -> None:
        self.code = code
        self.error = error
        super().__init__(why)
