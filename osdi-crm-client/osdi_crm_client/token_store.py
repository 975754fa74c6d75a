"""Where tokens that change are kept for all processes of an account: what a store is, and one in a file."""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from osdi_crm_client import redaction, work_dir
from osdi_crm_client.errors import OF_ANOTHER_FORM, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

LONGEST_WAIT = 120
"""Seconds to wait for another process that is getting a token."""

EARLY = 300.0
"""Seconds before its end from which an access token is not used any more."""


LONGEST_LIFE = 10 * 366 * 86_400.0
"""Seconds that an access token may live."""


@dataclass(frozen=True)
class Tokens:
    """What a token endpoint gave.

    Attributes:
        access_token: Signs calls.
        refresh_token: Gets the next pair, once.
        stale_at: Unix time from which the access token is not to be used any more, a little before its end.
        lost: Whether the refresh token was sent and no answer came, so that nobody has the next pair.
    """

    access_token: str = ""
    refresh_token: str = ""
    stale_at: float = 0.0
    lost: bool = False

    def __post_init__(self) -> None:
        redaction.hide(self.access_token, self.refresh_token)

    @property
    def is_fresh(self) -> bool:
        """Whether the access token can be used now."""
        return bool(self.access_token) and time.time() < self.stale_at

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], default_seconds: float) -> Tokens:
        """Read a token endpoint's answer (RFC 6749, §5.1); numbers may come as text.

        A lifetime that no token has is not believed: the token would be got anew for every call, or never.
        """
        try:
            seconds = float(answer.get("expires_in") or default_seconds)
        except OF_ANOTHER_FORM:
            seconds = default_seconds
        if not 1 < seconds <= LONGEST_LIFE:
            seconds = default_seconds
        return cls(
            access_token=str(answer["access_token"]),
            refresh_token=found if isinstance(found := answer.get("refresh_token"), str) else "",
            stale_at=time.time() + seconds - min(EARLY, seconds / 6),
        )


class Held(ABC):
    """A token store that this process alone may use for now."""

    @abstractmethod
    def read(self, key: str) -> Tokens | None:
        """Return what is kept under this name."""

    @abstractmethod
    def write(self, key: str, tokens: Tokens) -> None:
        """Keep the tokens durably: when this returns, they survive a crash."""


class Store(ABC):
    """Where current tokens are kept for all processes of an account."""

    @abstractmethod
    def locked(self) -> AbstractContextManager[Held]:
        """Return a context manager that gives the store to this process alone.

        Raises:
            ConfigurationError: On entering it, or in it, if the store cannot be used.
        """


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Have a file to this process alone.

    Raises:
        ConfigurationError: On entering it, or in it, if the file cannot be used.
    """
    try:
        with work_dir.locked(file, LONGEST_WAIT):
            yield
    except OSError as error:
        raise ConfigurationError(f"Tokens cannot be kept in {file}: {error.strerror or error}.") from None


class FileStore(Store):
    """Tokens in a file that only its owner can read."""

    def __init__(self, file: Path) -> None:
        """Keep them in this file."""
        self._file = file

    @override
    @contextmanager
    def locked(self) -> Iterator[Held]:
        with alone(self._file):
            yield _HeldFile(self._file)


class _HeldFile(Held):
    def __init__(self, file: Path) -> None:
        self._file = file

    @override
    def read(self, key: str) -> Tokens | None:
        found = self._all().get(key)
        try:
            return msgspec.convert(found, Tokens) if found else None
        except msgspec.ValidationError:
            raise self._damaged from None

    @property
    def _damaged(self) -> ConfigurationError:
        return ConfigurationError(f"{self._file} is damaged; remove it, and sign in again.")

    @override
    def write(self, key: str, tokens: Tokens) -> None:
        everything = {**self._all(), key: asdict(tokens)}
        new = Path(f"{self._file}.new")
        with open(new, "w", encoding="utf-8", opener=work_dir.private) as out:
            json.dump(everything, out)
            out.flush()
            os.fsync(out.fileno())
        new.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (RecursionError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise self._damaged
        return found
