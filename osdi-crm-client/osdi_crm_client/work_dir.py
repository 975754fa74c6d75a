"""The one folder of files that a plugin keeps; they hold people's data, so only their owner can read them."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import filelock

from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator


def default() -> Path:
    """Return the working folder where no setting names one: the same for all folders that the user starts runs in.

    One that the first release has made in the current folder goes on being used.

    Raises:
        ConfigurationError: If the user has no folder.
    """
    here = Path(".osdi-crm").absolute()
    return here if here.is_dir() else of_user()


def of_user() -> Path:
    """Return the folder for what the plugins keep of a user, whatever the working folder.

    Raises:
        ConfigurationError: If the user has none.
    """
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:
        raise ConfigurationError("The setting 'work_dir' is missing, and the user has no home.") from None
    return state.absolute() / "osdi-crm"


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
    """An opener for `open` that makes files readable by their owner only, and writes nowhere else."""
    opened = os.open(name, flags | os.O_NOFOLLOW, 0o600)
    found = os.fstat(opened)
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        os.fchmod(opened, 0o600)
    return opened


@contextmanager
def locked(file: Path, seconds: float) -> Iterator[None]:
    """Have a file to this process alone, waiting for others so long.

    Raises:
        ConfigurationError: If another process does not let go of it.
        OSError: If there can be no lock beside it.
    """
    try:
        with filelock.FileLock(f"{file}.lock", timeout=seconds, mode=0o600):
            yield
    except filelock.Timeout:
        raise ConfigurationError(
            f"Another process has held {file}.lock for {seconds} seconds; end it, and run again."
        ) from None


def opened(file: Path, mode: str) -> IO[str]:
    """Open a text file that only its owner can read.

    Raises:
        ConfigurationError: If it cannot be opened.
    """
    try:
        return open(file, mode, encoding="utf-8", opener=private)
    except OSError as error:
        raise cannot_be_written(file, error) from None


def cannot_be_written(file: Path, error: OSError) -> ConfigurationError:
    """What to tell people of a file that cannot be written."""
    why = "it is a link, which is not followed" if error.errno == errno.ELOOP else error.strerror
    return ConfigurationError(f"The file {file} cannot be written: {why}. See to space and rights, or remove it.")
