"""Running programs as a user would, and what they took: by their own account and by the sandbox's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osdi_crm_sandbox.control import Account

STOPWATCH = Path(__file__).with_name("stopwatch.py")

ROUNDS = 3
"""How often programs that are compared take turns."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""What programs are started in: Python does as it does unless told otherwise."""

T = TypeVar("T")


@dataclass(frozen=True)
class Taken:
    """What a program took from its start to its end.

    Attributes:
        code: Its exit code.
        seconds: By the clock.
        cpu: Seconds of processor time, user and system.
        peak: The most memory it held, in MB.
        out: What it wrote to standard output.
        log: What it wrote to standard error.
    """

    code: int
    seconds: float
    cpu: float
    peak: float
    out: Path
    log: Path


class Running:
    """A program that has been started."""

    def __init__(self, command: Sequence[str], folder: Path, name: str, *, stdin: Path | None = None) -> None:
        """Start it; what it puts out goes to files in the folder."""
        self.name = name
        self.out, self.log, self._report = (folder / f"{name}.{kind}" for kind in ("out", "log", "took"))
        with self.out.open("wb") as out, self.log.open("wb") as log, (stdin or Path("/dev/null")).open("rb") as given:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(STOPWATCH), str(self._report), *command],
                stdin=given,
                stdout=out,
                stderr=log,
                env=ENVIRONMENT,
            )

    def wait(self, *, code: int = 0) -> Taken:
        """Return what it took, when it has ended.

        Raises:
            RuntimeError: If it ended with another exit code than this.
        """
        self._process.wait()
        taken = Taken(**json.loads(self._report.read_text("utf-8")), out=self.out, log=self.log)
        if taken.code != code:
            raise RuntimeError(f"{self.name} ended with {taken.code}, not {code}:\n{self.log.read_text()[-2000:]}")
        return taken


@dataclass(frozen=True)
class Calls:
    """The calls that reached an account.

    Attributes:
        made: How many.
        refused: How many of them were answered 429.
        seconds: From the arrival of the first to that of the last.
    """

    made: int
    refused: int
    seconds: float

    @classmethod
    def of(cls, account: Account) -> Calls:
        """Ask the sandbox."""
        counters = account.counters()
        seconds = counters["last"] - counters["first"] if counters["calls"] else 0.0
        return cls(counters["calls"], counters["statuses"].get("429", 0), seconds)

    @property
    def per_second(self) -> float:
        """Calls a second that were not refused, from the first to the last."""
        return (self.made - self.refused - 1) / self.seconds


def in_turns(programs: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """Run each program once a round, one after the other; return what each returned, round by round."""
    found: dict[str, list[T]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, run in programs.items():
            found[name].append(run())
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


def messages(out: Path, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the Singer messages of one type; a killed program may have left half a line at the end."""
    start = f'{{"type":"{kind}"'.encode()
    with out.open("rb") as lines:
        for line in lines:
            if line.replace(b" ", b"", 1).startswith(start) and line.endswith(b"\n"):
                yield json.loads(line)


def ids(out: Path) -> set[str]:
    """Return the ids of all records that came."""
    return {message["record"]["id"] for message in messages(out, "RECORD")}


def last_state(out: Path) -> dict[str, Any]:
    """Return the last STATE that came.

    Raises:
        LookupError: If none did.
    """
    states = [message["value"] for message in messages(out, "STATE")]
    if not states:
        raise LookupError(f"No STATE in {out}")
    return dict(states[-1])
