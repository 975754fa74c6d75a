"""The file of what was deleted at the vendor: lines of JSON in the working folder, which many runs may share."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from osdi_crm_client import work_dir

from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.intake.values import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

NAME = "deleted.jsonl"

LONGEST_WAIT = 120
"""Seconds to wait for another process that adds lines, or erases some."""

Line = dict[str, Any]


def append(folder: Path, lines: Iterable[Line]) -> None:
    """Add lines; they are on disk when this returns.

    Raises:
        ConfigurationError: If they cannot be written.
    """
    with _held(folder) as file:
        _write(file, "a", lines)


def read(folder: Path) -> list[Line]:
    """The lines of the file, the oldest first; one that was cut when the machine failed is passed over."""
    file = folder / NAME
    found = []
    if file.is_file():
        for line in file.read_bytes().splitlines():
            try:
                found.append(decode(line))
            except ValueError:
                continue
    return found


def keep(folder: Path, is_wanted: Callable[[Line], bool]) -> None:
    """Erase all other lines; raises as `append` does."""
    if not (folder / NAME).is_file():
        return
    with _held(folder) as file:
        kept = read(folder)
        wanted = list(filter(is_wanted, kept))
        if len(wanted) < len(kept):
            new = file.with_suffix(".new")
            _write(new, "w", wanted)
            new.replace(file)


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Hold the file, so that what one run adds is not lost while another erases."""
    file = work_dir.file(folder, NAME)
    try:
        with work_dir.locked(file, LONGEST_WAIT):
            yield file
    except OSError as error:
        raise work_dir.cannot_be_written(file, error) from None


def _write(file: Path, mode: str, lines: Iterable[Line]) -> None:
    with work_dir.opened(file, mode) as opened:
        opened.writelines(encode(line).decode() + "\n" for line in lines)
        opened.flush()
        os.fsync(opened.fileno())
