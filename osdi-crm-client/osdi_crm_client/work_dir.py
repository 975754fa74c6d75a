"""The one folder of files that a plugin keeps; they hold people's data, so only their owner can read them."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def file(folder: Path, name: str) -> Path:
    """Return the path of a file in the working folder, making the folder if need be.

    Raises:
        ConfigurationError: If the folder cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"The setting 'work_dir' names a folder that cannot be made: {folder} ({error.strerror})."
        raise ConfigurationError(msg) from None
    return folder / name


def private(name: str, flags: int) -> int:
    """An opener for `open` that makes files readable by their owner only."""
    return os.open(name, flags, 0o600)


def opened(file: Path, mode: str) -> IO[str]:
    """Open a text file that only its owner can read."""
    return open(file, mode, encoding="utf-8", opener=private)
