"""The tap's command in a process forked off one that has loaded it: as real as a new one, without its half second."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from osdi_crm_client.vendor import vendor_names
from tap_osdi_crm.command import main

from tests.captured_output import OUTPUT

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["tests.forked", "tap_osdi_crm.tap", *(f"tap_osdi_crm.vendors.{name}" for name in vendor_names())]
)


def run(args: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tap with these arguments to its end; what it writes passes through files in the folder."""
    out, err = folder / "stdout", folder / "stderr"
    process = _PROCESSES.Process(target=_run, args=(args, dict(os.environ), Path.cwd(), out, err))
    process.start()
    process.join()
    done = subprocess.CompletedProcess(args, process.exitcode or 0, out.read_text("utf-8"), err.read_text("utf-8"))
    OUTPUT.add(done.stderr)
    return done


def _run(args: Sequence[str], environment: dict[str, str], here: Path, out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(here)
    for number, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["tap-osdi-crm", *args]
    main()
