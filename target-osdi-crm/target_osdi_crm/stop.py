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
    """

    def __init__(self, code: int, why: str) -> None:
        self.code = code
        super().__init__(why)
