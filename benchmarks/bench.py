"""Measures tap and target against the sandbox, side by side with what they are compared with, and writes results.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import changed, matching, reading, results, together, writing

if TYPE_CHECKING:
    from collections.abc import Callable

SECTIONS: dict[str, Callable[[float, Path], results.Section]] = {
    "read": reading.read,
    "pace": reading.pace,
    "small": changed.small,
    "slices": reading.slices,
    "changed": changed.changed,
    "children": reading.children,
    "profiles": reading.profiles,
    "resume": reading.resume,
    "write": writing.write,
    "unchanged": writing.unchanged,
    "failing": writing.failing,
    "write_pace": writing.pace,
    "match": matching.match,
    "together": together.together,
}


def main() -> None:
    """Run the sections asked for; at a scale other than 1 print only."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"comma-separated, of {', '.join(SECTIONS)}; all unless given")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full sizes, to try the benchmarks out")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"no section {', '.join(unknown)}: choose from {', '.join(SECTIONS)}")
    failed = []
    for name in names:
        machine, began = results.machine(), time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                section = SECTIONS[name](given.scale, Path(folder))
        except Exception:  # noqa: BLE001  the other sections are worth having
            traceback.print_exc()
            failed.append(name)
            continue
        text = section.text() + f"\nMeasured in {time.monotonic() - began:,.0f} s: {machine}.\n"
        print(f"## {name}\n\n{text}", flush=True)
        if given.scale == 1:
            results.keep(name, text, list(SECTIONS))
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
