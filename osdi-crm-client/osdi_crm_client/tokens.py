"""Access tokens that run out: got anew with a password, or with a refresh token that works only once."""

from __future__ import annotations

import hashlib
import json
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from typing_extensions import override
from urllib3.exceptions import HTTPError

from osdi_crm_client import databases, redaction, work_dir
from osdi_crm_client.connecting import BoundedAdapter, TookTooLong, never_left
from osdi_crm_client.errors import OF_ANOTHER_FORM, ConfigurationError, NotSignedIn, Unavailable, Unreachable
from osdi_crm_client.signing import Signer, is_sendable
from osdi_crm_client.token_store import FileStore, Store, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from osdi_crm_client.settings import ClientSettings


MOST_BYTES = 2**20
"""Bytes of a token endpoint's answer, unpacked, above which it is none."""


class Unanswered(Exception):
    """A token endpoint was asked and did not say whether it gave a token."""


def ask(url: str, form: Mapping[str, str], *, auth: tuple[str, str] | None, timeout: float) -> dict[str, Any]:
    """Ask a token endpoint once, and return its answer.

    Raises:
        NotSignedIn: If it refuses; `words` is its error code, and nothing it echoes.
        Unreachable: If there was no connection to it.
        Unavailable: If something else answered in its place.
        Unanswered: If it may have given a token that did not arrive.
    """
    path = urlsplit(url).path
    try:
        with requests.Session() as session:
            session.mount(url, BoundedAdapter(timeout))
            response = session.post(
                url,
                data=dict(form),
                auth=auth,
                timeout=timeout,
                allow_redirects=False,
                headers={"Accept": "application/json"},
                stream=True,
            )
            body = response.raw.read(MOST_BYTES + 1, decode_content=True)
    except TookTooLong:
        raise Unanswered from None
    except (requests.exceptions.RequestException, HTTPError, *OF_ANOTHER_FORM) as error:
        if never_left(error):
            raise Unreachable("no connection for signing in could be made", method="POST", path=path) from None
        raise Unanswered from None
    status = response.status_code
    try:
        answer = json.loads(body) if len(body) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and answer.get("error") and status < 500 and status != 429:
        words = redaction.masked(redaction.redact(str(answer["error"])))[:60]
        raise NotSignedIn("signing in was refused", method="POST", path=path, status=status, words=words)
    if status in {400, 401}:
        raise NotSignedIn("signing in was refused", method="POST", path=path, status=status)
    if status == 200 and isinstance(answer, dict) and is_sendable(answer.get("access_token")):
        return answer
    if status < 300 or (status >= 500 and status != 503):
        raise Unanswered
    raise Unavailable(f"signing in was not answered (HTTP {status})", method="POST", path=path, status=status)


class ExpiringToken(Signer, ABC):
    """Signs with a bearer token, and gets a new one before the old one ends; safe for any number of threads."""

    def __init__(self, expired: Callable[[requests.Response], bool]) -> None:
        """Prepare to sign; `expired` tells whether a refusal means that the token has run out."""
        self._expired = expired
        self._lock = threading.Lock()
        self._tokens = Tokens()

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
        try:
            return self._get_tokens()
        except Unanswered:
            raise Unavailable("signing in was not answered", method="POST", path="") from None


@dataclass(frozen=True, kw_only=True)
class CodeGrant:
    """How a person lets an app into an account (RFC 6749, §4.1).

    Attributes:
        vendor: The vendor's name, with which the names of the app's settings begin.
        authorize_url: The page on which the person says yes.
        token_url: Where the code that comes of it, and later each refresh token, is exchanged for tokens.
        client_id: The app's id.
        client_secret: The app's secret.
        refresh_token: The refresh token of the settings, or nothing.
        seconds: How long an access token lives where the vendor does not say.
        timeout: Seconds to wait for an answer.
    """

    vendor: str
    authorize_url: str
    token_url: str
    client_id: str | None
    client_secret: str | None
    refresh_token: str
    seconds: float
    timeout: float

    @property
    def client(self) -> dict[str, str]:
        """The app's `client_id` and `client_secret`.

        Raises:
            ConfigurationError: If one is missing.
        """
        redaction.hide(self.client_secret)
        found = {"client_id": self.client_id or "", "client_secret": self.client_secret or ""}
        for name, value in found.items():
            if not value:
                raise ConfigurationError(
                    f"The setting '{self.vendor}_{name}' is missing: it is the app's, as the vendor gave it."
                )
        return found

    @property
    def key(self) -> str:
        """The name under which the tokens of these settings are stored, which does not tell what they are.

        Another refresh token in the settings has another name, so that a newly pasted one wins over a stale store.
        """
        values = (self.token_url, self.client["client_id"], self.refresh_token)
        return hashlib.sha256("\n".join(values).encode()).hexdigest()[:32]

    def exchange(self, form: Mapping[str, str]) -> Tokens:
        """Ask once for tokens in exchange for what the form holds; raises as `ask` does."""
        answer = ask(self.token_url, {**form, **self.client}, auth=None, timeout=self.timeout)
        return Tokens.from_answer(answer, self.seconds)


class RotatingToken(ExpiringToken):
    """Signs with a token whose refresh token is used up by each refresh, shared by all processes of an account.

    A new pair is stored durably before it is used. The store is locked while it is got, and read again first, so that
    no refresh token is sent twice. A refresh that was not answered may have used the refresh token up: it is not tried
    again, and stored as lost before it is sent, for a process that is killed meanwhile.
    """

    renewals = 2
    """The first token may be one that another process got, and that has ended as well."""

    def __init__(self, grant: CodeGrant, kept: Store, expired: Callable[[requests.Response], bool]) -> None:
        """Prepare to sign with the pair in the store, or else with what the refresh token of the settings gets.

        Raises:
            ConfigurationError: If a setting is missing.
        """
        super().__init__(expired)
        self._grant = grant
        self._key = grant.key
        self._store = kept
        self._how = (
            "Sign in anew: run osdi-crm-sign-in with these settings, or put a new refresh token into"
            f" '{grant.vendor}_refresh_token'."
        )

    @override
    def _get(self, instead_of: str) -> Tokens:
        with self._store.locked() as held:
            tokens = held.read(self._key) or Tokens(refresh_token=self._grant.refresh_token)
            if tokens.is_fresh and tokens.access_token != instead_of:
                return tokens
            if tokens.lost:
                raise ConfigurationError(
                    f"A refresh of the access token got no answer earlier, which uses the refresh token up. {self._how}"
                )
            if not tokens.refresh_token:
                raise ConfigurationError(f"There is no refresh token to get an access token with. {self._how}")
            held.write(self._key, replace(tokens, lost=True))
            try:
                new = self._grant.exchange({"grant_type": "refresh_token", "refresh_token": tokens.refresh_token})
            except NotSignedIn as error:
                held.write(self._key, tokens)
                raise ConfigurationError(self._refused(error)) from None
            except Unavailable:
                held.write(self._key, tokens)
                raise
            except Unanswered:
                raise ConfigurationError(
                    f"Refreshing the access token got no answer, which may have used the refresh token up. {self._how}"
                ) from None
            new = replace(new, refresh_token=new.refresh_token or tokens.refresh_token)
            held.write(self._key, new)
            return new

    def _refused(self, error: NotSignedIn) -> str:
        if error.words == "invalid_client":
            app = f"{self._grant.vendor}_client"
            return f"The vendor does not know the app: check '{app}_id' and '{app}_secret'."
        return f"The vendor does not take the refresh token ({error.words}): it is used up or revoked. {self._how}"


def store(shared: ClientSettings) -> Store:
    """Return the token store of these settings: a database where `token_store` names one, else a file.

    Raises:
        ConfigurationError: If the setting names neither.
    """
    where = shared.token_store or ""
    if databases.is_address(where):
        from osdi_crm_client.token_database import DatabaseStore  # noqa: PLC0415  costs a third of a second to import

        return DatabaseStore(where)
    return FileStore(Path(where) if where else work_dir.file(shared.folder, "tokens.json"))
