"""Access tokens that run out: got anew with a password, or with a refresh token that works only once."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import filelock
import requests
import sqlalchemy as sa
from typing_extensions import override

from osdi_crm_client import redaction, work_dir
from osdi_crm_client.errors import ConfigurationError, NotSignedIn, Unavailable
from osdi_crm_client.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LONGEST_WAIT = 120
"""Seconds to wait for another process that is getting a token."""


@dataclass(frozen=True)
class Tokens:
    """What a token endpoint gave: `stale_at` is Unix time, a little before the access token ends."""

    access_token: str
    refresh_token: str = ""
    stale_at: float = 0.0
    lost: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether the access token can be used now."""
        return bool(self.access_token) and not self.lost and time.time() < self.stale_at

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], default_seconds: float) -> Tokens:
        """Read a token endpoint's answer (RFC 6749, §5.1); numbers may come as text."""
        seconds = float(answer.get("expires_in") or default_seconds)
        tokens = cls(
            access_token=str(answer["access_token"]),
            refresh_token=str(answer.get("refresh_token") or ""),
            stale_at=time.time() + seconds - min(300.0, seconds / 6),
        )
        redaction.hide(tokens.access_token, tokens.refresh_token)
        return tokens


def ask(url: str, form: Mapping[str, str], *, auth: tuple[str, str] | None, timeout: float) -> dict[str, Any]:
    """Ask a token endpoint once, and return its answer.

    Raises:
        NotSignedIn: If it refuses; the message carries its error code, and nothing it echoes.
        Unavailable: If it is not there, or answers something else.
        requests.RequestException: If the question left and no answer came.
    """
    path = urlsplit(url).path
    try:
        response = requests.post(
            url,
            data=dict(form),
            auth=auth,
            timeout=timeout,
            allow_redirects=False,
            headers={"Accept": "application/json"},
        )
    except requests.exceptions.ConnectTimeout:
        raise Unavailable("no connection for signing in could be made", method="POST", path=path) from None
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    if response.status_code in {400, 401} or answer.get("error"):
        code = str(answer.get("error") or "no reason given")[:60]
        raise NotSignedIn(
            f"signing in was refused: {redaction.redact(code)}", status=response.status_code, method="POST", path=path
        )
    if response.status_code != 200 or "access_token" not in answer:
        raise Unavailable(
            f"signing in got no token (HTTP {response.status_code})",
            status=response.status_code,
            method="POST",
            path=path,
        )
    return answer


class ExpiringToken(Signer, ABC):
    """Signs with a bearer token, and gets a new one before the old one ends; safe for any number of threads."""

    def __init__(self, expired: Callable[[requests.Response], bool]) -> None:
        """Prepare to sign; `expired` tells whether a refusal means that the token has run out."""
        self._expired = expired
        self._lock = threading.Lock()
        self._tokens = Tokens("")

    @abstractmethod
    def _get(self, instead_of: str) -> Tokens:
        """Return tokens that can be used now, other than the access token given."""

    @override
    def sign(self, request: requests.PreparedRequest) -> None:
        with self._lock:
            if not self._tokens.is_fresh:
                self._tokens = self._get(self._tokens.access_token)
            request.headers["Authorization"] = f"Bearer {self._tokens.access_token}"

    @override
    def renew(self, refused: requests.Response) -> bool:
        if not self._expired(refused):
            return False
        used = str(refused.request.headers.get("Authorization", "")).removeprefix("Bearer ")
        with self._lock:
            if self._tokens.access_token == used:
                self._tokens = self._get(used)
        return True


class PasswordToken(ExpiringToken):
    """Signs with a token that is got with a user's password; it is kept in memory only."""

    def __init__(self, get: Callable[[], Tokens], expired: Callable[[requests.Response], bool]) -> None:
        """Prepare to sign with what `get` returns."""
        super().__init__(expired)
        self._get_tokens = get

    @override
    def _get(self, instead_of: str) -> Tokens:
        return self._get_tokens()


class RotatingToken(ExpiringToken):
    """Signs with a token whose refresh token is used up by each refresh, shared by all processes of an account.

    A new pair is stored durably before it is used. The store is locked while it is got, and read again first, so that
    no refresh token is sent twice. A refresh that was not answered may have used the refresh token up: it is not tried
    again.
    """

    def __init__(
        self,
        *,
        url: str,
        client: Mapping[str, str],
        refresh_token: str,
        store: Store,
        key: str,
        how_to_sign_in: str,
        expired: Callable[[requests.Response], bool],
        timeout: float,
    ) -> None:
        """Prepare to sign.

        Args:
            url: The token endpoint.
            client: `client_id` and `client_secret`.
            refresh_token: The refresh token of the settings, used where the store has none; may be empty.
            store: Where the current pair is kept.
            key: Under which name it is kept there.
            how_to_sign_in: One sentence for the case that a person must sign in.
            expired: Whether a refusal means that the access token has run out.
            timeout: Seconds to wait for an answer.
        """
        super().__init__(expired)
        redaction.hide(refresh_token, client["client_secret"])
        self._url = url
        self._client = client
        self._first = Tokens("", refresh_token)
        self._store = store
        self._key = key
        self._how = how_to_sign_in
        self._timeout = timeout

    @override
    def _get(self, instead_of: str) -> Tokens:
        with self._store.locked() as held:
            tokens = held.read(self._key) or self._first
            if tokens.is_fresh and tokens.access_token != instead_of:
                return tokens
            if tokens.lost:
                raise ConfigurationError(
                    f"An earlier refresh of the access token got no answer: its refresh token is used up. {self._how}"
                )
            if not tokens.refresh_token:
                raise ConfigurationError(f"There is no refresh token. {self._how}")
            form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token, **self._client}
            try:
                answer = ask(self._url, form, auth=None, timeout=self._timeout)
            except NotSignedIn as error:
                raise ConfigurationError(f"{error.why}. The refresh token is used up or revoked. {self._how}") from None
            except requests.exceptions.RequestException:
                held.write(self._key, Tokens("", tokens.refresh_token, lost=True))
                raise ConfigurationError(
                    f"Refreshing the access token got no answer, so its refresh token may be used up. {self._how}"
                ) from None
            tokens = Tokens.from_answer(answer, default_seconds=86400)
            held.write(self._key, tokens)
            return tokens


def key_of(*values: str) -> str:
    """Return a name for what these values tell apart, which does not tell the values."""
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:32]


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
    def locked(self) -> Any:
        """Return a context manager that gives the store to this process alone."""


def store(config: Mapping[str, Any]) -> Store:
    """Return the token store of these settings: a database where `token_store` names one, else a file."""
    where = str(config.get("token_store") or "")
    if "://" in where:
        redaction.hide(where)
        return DatabaseStore(where)
    return FileStore(Path(where) if where else work_dir.path(config, "tokens.json"))


class FileStore(Store):
    """Tokens in a file that only its owner can read."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @override
    @contextmanager
    def locked(self) -> Iterator[Held]:
        try:
            with filelock.FileLock(f"{self._file}.lock", timeout=LONGEST_WAIT, mode=0o600):
                yield _HeldFile(self._file)
        except filelock.Timeout:
            raise ConfigurationError(
                f"Another process has held {self._file}.lock for {LONGEST_WAIT} seconds; end it, and run again."
            ) from None


class _HeldFile(Held):
    def __init__(self, file: Path) -> None:
        self._file = file

    @override
    def read(self, key: str) -> Tokens | None:
        found = self._all().get(key)
        return _known(found) if found else None

    @override
    def write(self, key: str, tokens: Tokens) -> None:
        everything = {**self._all(), key: asdict(tokens)}
        fresh = self._file.with_suffix(".new")
        with work_dir.opened(fresh, "w") as out:
            json.dump(everything, out)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _all(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            raise ConfigurationError(f"{self._file} is damaged; remove it, and sign in again.") from None
        return found


class DatabaseStore(Store):
    """Tokens in a table of a database, for machines that forget their files."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, isolation_level="SERIALIZABLE" if url.startswith("sqlite") else None)
        self._table = sa.Table(
            "osdi_crm_tokens",
            sa.MetaData(),
            sa.Column("key", sa.String(64), primary_key=True),
            sa.Column("tokens", sa.Text, nullable=False),
        )

    @override
    @contextmanager
    def locked(self) -> Iterator[Held]:
        self._table.metadata.create_all(self._engine)
        with self._engine.connect() as lock:
            if self._engine.dialect.name == "postgresql":
                lock.execute(sa.text("SELECT pg_advisory_lock(hashtext('osdi_crm_tokens'))"))
                try:
                    yield _HeldTable(lock, self._table)
                finally:
                    lock.rollback()
                    lock.execute(sa.text("SELECT pg_advisory_unlock(hashtext('osdi_crm_tokens'))"))
            else:
                lock.execute(sa.text("BEGIN IMMEDIATE"))
                yield _HeldTable(lock, self._table)


class _HeldTable(Held):
    def __init__(self, connection: sa.Connection, table: sa.Table) -> None:
        self._connection = connection
        self._table = table

    @override
    def read(self, key: str) -> Tokens | None:
        found = self._connection.execute(
            sa.select(self._table.c.tokens).where(self._table.c.key == key)
        ).scalar_one_or_none()
        return _known(json.loads(found)) if found else None

    @override
    def write(self, key: str, tokens: Tokens) -> None:
        self._connection.execute(sa.delete(self._table).where(self._table.c.key == key))
        self._connection.execute(sa.insert(self._table).values(key=key, tokens=json.dumps(asdict(tokens))))
        self._connection.commit()


def _known(found: Mapping[str, Any]) -> Tokens:
    tokens = Tokens(**found)
    redaction.hide(tokens.access_token, tokens.refresh_token)
    return tokens
