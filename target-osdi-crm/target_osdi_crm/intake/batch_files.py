"""The files of records that a BATCH message names: JSON, a record a line, packed or not, on this machine."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Unreadable(Exception):
    """A BATCH message whose records cannot be read; the text tells why."""


def lines(message: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the lines of all its files.

    Raises:
        Unreadable: If it is of another form, or a file is not there, not whole, or elsewhere.
    """
    match message:
        case {"encoding": {"format": "jsonl", **how}, "manifest": [*files]} if how.get("compression") in _PACKED:
            for file in files:
                yield from _lines(str(file), packed=_PACKED[how.get("compression")])
        case _:
            raise Unreadable("it names no files of JSON lines")


_PACKED: Mapping[Any, bool] = {None: False, "none": False, "gzip": True}


def _lines(url: str, *, packed: bool) -> Iterator[bytes]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Unreadable("it names what is no file") from None
    if parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
        raise Unreadable(f"a file of it is not on this machine ({parts.scheme}://{parts.netloc})")
    path = Path(unquote(parts.path))
    if path.exists() and not path.is_file():
        raise Unreadable(f"{path}: it is no file")
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or 'it is not whole'}") from None
