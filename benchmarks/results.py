"""What a benchmark found, and the page it is written to."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).with_name("results.md")

HEAD = """# Benchmarks

Written by `make bench`; `make bench ONLY=read,pace` measures some sections anew and leaves the others as they are.

Everything runs on one machine against the sandbox on localhost, without TLS: trust the ratios and the counts, not the
records a second. Programs that are compared take turns in the same run; a ratio is the median over the rounds of the
ratio within a round. Every program is started as a user would, in a process of its own that writes to a file; its
processor time and the peak of its memory come from the kernel (`wait4`). *First to last call* is the time between the
arrivals of a run's first and last call as the sandbox has it. Where it says *lost*, the records that came out are
compared with those in the sandbox's account.
"""

VERSIONS = ("tap-osdi-crm", "target-osdi-crm", "singer-sdk", "requests", "urllib3", "msgspec", "orjson", "sqlalchemy")


@dataclass(frozen=True)
class Goal:
    """One thing to be reached, and whether it was."""

    work: str
    least: str
    measured: str
    met: bool


@dataclass
class Section:
    """What one benchmark found.

    Attributes:
        title: What was measured.
        method: How, in a few sentences.
        goals: What was to be reached.
        columns: The heads of a table with the measurements behind them.
        rows: Its rows.
    """

    title: str
    method: str
    goals: list[Goal] = field(default_factory=list)
    columns: Sequence[str] = ()
    rows: list[Sequence[str]] = field(default_factory=list)

    def text(self) -> str:
        """Return the section as Markdown, without its heading."""
        parts = [
            f"{self.title}\n\n{self.method}",
            _table(
                ("work", "goal", "measured", "met"),
                [(goal.work, goal.least, goal.measured, "yes" if goal.met else "**no**") for goal in self.goals],
            ),
        ]
        if self.rows:
            parts.append(_table(self.columns, self.rows))
        return "\n\n".join(parts) + "\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (columns, ["---"] * len(columns), *rows))


def machine() -> str:
    """Return when, on what and with which versions this runs."""
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} x {cpu[1] if cpu else platform.machine()}, "
        f"{memory:.0f} GB, load before {os.getloadavg()[0]:.1f}, {platform.system()}, "
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    )


def keep(name: str, text: str, order: Sequence[str]) -> None:
    """Write a section to the page, in the place of the one of this name; all in this order."""
    old = PAGE.read_text("utf-8") if PAGE.exists() else ""
    sections = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", old, re.DOTALL | re.MULTILINE)) | {name: text}
    body = "\n".join(f"## {each}\n\n{sections[each].strip()}\n" for each in order if each in sections)
    PAGE.write_text(f"{HEAD}\n{body}", encoding="utf-8")
