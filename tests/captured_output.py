"""What the plugins say while a test runs: no secret may be in it, and nobody's address."""

from __future__ import annotations

import logging
import re

from typing_extensions import override

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")


class CapturedOutput(logging.Handler):
    """Log lines above DEBUG of this process, and standard error of the commands that `tests.commands` runs.

    Attributes:
        secrets: The secrets of every account that a test made.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.secrets: set[str] = set()
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def add(self, text: bytes | str | None) -> None:
        decoded = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
        self.lines += [line for line in decoded.splitlines() if "DEBUG" not in line]

    def private(self) -> set[str]:
        """The secrets and e-mail addresses in it."""
        text = "\n".join(self.lines)
        return {secret for secret in self.secrets if secret in text} | set(ADDRESS.findall(text))


OUTPUT = CapturedOutput()
"""One for the process, since loggers and commands are reached from everywhere."""
