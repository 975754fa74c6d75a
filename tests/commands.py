"""Running the plugins as a user does; what they say on standard error is part of the captured output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from osdi_crm_sandbox.control import Account

from tests.captured_output import OUTPUT

BIN = Path(sys.executable).parent
"""Where the plugins' commands are installed."""


def settings(account: Account, /, **more: Any) -> dict[str, Any]:
    """The settings that reach an account of the sandbox, without a pace."""
    return {**account.settings, "calls_per_second": 0, "index_lag_seconds": 1, **more}


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
