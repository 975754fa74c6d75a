"""Running commands as a user does; what they say on standard error is part of the captured output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.captured_output import OUTPUT

BIN = Path(sys.executable).parent
"""Where the plugins' commands are installed."""


def run(
    command: Iterable[object], /, *, stdout: int = subprocess.PIPE, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; the options are those of `subprocess.run`."""
    done = subprocess.run([*map(str, command)], stdout=stdout, stderr=subprocess.PIPE, text=True, **options)
    OUTPUT.add(done.stderr)
    return done


def finish(process: subprocess.Popen[Any], given: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
    """Give a started command its input and wait for its end; what it wrote to standard output and error."""
    out, err = process.communicate(given, timeout=timeout)
    OUTPUT.add(err)
    return out, err
