"""i360, API 2.0: a user's password for tokens of six minutes, one organisation in every path, one call at a time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Denied, Garbled, NotSignedIn, Unreachable, VendorError
from osdi_crm_client.paging import NumberedPages, OffsetPages, SinglePage
from osdi_crm_client.settings import ClientSettings, setting, settings
from osdi_crm_client.token_store import Tokens
from osdi_crm_client.tokens import PasswordToken, ask
from osdi_crm_client.vendor import Vendor
from osdi_crm_client.wire import Collection, Number, Offset, Page, RawRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from osdi_crm_client.wire import Token

CLIENT = ("roclient", "secret")
"""The client that every customer signs in with (github.com/i-360/API-Examples)."""
TOKEN_SECONDS = 360.0

PAGE_SIZE = 100

_LISTS = ("results", "items", "data", "records", "value")
"""Names, in lower case, under which the records of an answer may stand; none is documented."""

_CREDENTIALS = re.compile(r"logid|credentials?|accountrecovery.*|.*password.*|security(question|answer|hint).*")
"""Names of what signs somebody in, in lower case and without punctuation."""


def collection(
    path: str,
    *,
    name: str,
    key: str,
    body: Any = None,
    method: str = "GET",
    paging: str = "none",
    page_parameter: str | None = None,
    size_parameter: str | None = None,
    records: str = "",
) -> Collection:
    """Return the records at a path; i360 documents no paging, and may have some all the same.

    A page is followed by another one until one is empty: a short one may be the vendor's own limit.

    Args:
        path: Their path, below the organisation.
        name: The stream's name, under which their list may stand.
        key: The property that holds the id of a record.
        body: The JSON body to ask with.
        method: The HTTP method to ask by.
        paging: By `page`, by `offset`, or `none`.
        page_parameter: The parameter that asks for a page; `page` or `skip` where nothing is said.
        size_parameter: The parameter that asks for so many at a time; `pageSize` or `take` where nothing is said.
        records: Where the list stands in an answer, with dots, in any letter case.
    """
    by, size = ("page", "pageSize") if paging == "page" else ("skip", "take")

    def query(token: Token | None) -> Mapping[str, Any]:
        if not isinstance(token, Number | Offset):
            return {}
        return {page_parameter or by: token.value, size_parameter or size: PAGE_SIZE}

    def read(answer: Any, url: str) -> Page:
        found = rows(answer, name=name, key=key, records=records, call=(method, path))
        return Page(rows=found, method=method, url=url)

    return Collection(
        path=path,
        method=method,
        paging={"page": NumberedPages, "offset": OffsetPages}.get(paging, SinglePage),
        query=query,
        body=body,
        read=read,
    )


def rows(body: Any, *, name: str, key: str, records: str = "", call: tuple[str, str] = ("GET", "")) -> list[RawRow]:
    """Return the records of an answer: itself, one of its lists, or the one record that it is; none of an empty one.

    A bare `id` beside a list is that of the search, not of a record. `call`, method and path, is for the error.

    Raises:
        Garbled: If there is nothing of the kind.
    """
    for part in filter(None, records.split(".")):
        body = named(body, part) if isinstance(body, dict) else None
    if body is None or isinstance(body, list):
        return body or []
    found = {plain(each): value for each, value in body.items()} if isinstance(body, dict) else {}
    lists = [found[each] for each in (*_LISTS, plain(name)) if isinstance(found.get(each), list)]
    if plain(key) in found.keys() - {"id"} or ("id" in found and not lists):
        return [RawRow(body)]
    if lists:
        return list(lists[0])
    raise Garbled(
        f"the answer has no list of '{name}'; say with 'stream_overrides' where it stands", method=call[0], path=call[1]
    )


def spelled(row: Mapping[str, Any], name_of: Callable[[str], str]) -> RawRow:
    """Return a record under the names that `name_of` gives those that came, in whatever letter case they did."""
    record: dict[str, Any] = {}
    for name, value in row.items():
        known = name_of(name)
        record[known if known not in record else name] = value
    return RawRow(record)


def named(row: Mapping[str, Any], name: str) -> Any:
    """Return what stands under a name in any letter case."""
    return next((value for found, value in row.items() if plain(found) == plain(name)), None)


def harmless(value: Any) -> Any:
    """Return a value without what signs somebody in, at any depth."""
    if isinstance(value, dict):
        return {name: harmless(inner) for name, inner in value.items() if not is_credentials(name)}
    return [harmless(inner) for inner in value] if isinstance(value, list) else value


def is_credentials(name: str) -> bool:
    """Whether a property or path of this name signs somebody in."""
    return _CREDENTIALS.fullmatch(plain(name)) is not None


def plain(name: str) -> str:
    """Return a name without letter case and punctuation, which nobody documents and which may differ."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@settings
class Settings:
    """What it takes to reach an organisation (api.i-360.com)."""

    username: str = setting("i360 user name", "A user of the organisation who has the role 'Generic API'.")
    password: str = setting("i360 password", "The user's password.", secret=True)
    org_id: str = setting(
        "i360 organisation",
        "The id of the organisation, a number that i360 gave you.",
        type=["integer", "string"],
        pattern=r"^[1-9]\d*$",
    )
    scope: str = setting(
        "i360 scope",
        "What the token is asked for; another page of i360's says 'openid profile sample'.",
        default="openid profile sampleApi",
    )
    api_url: str = setting(
        "i360 API address",
        "Where the API lives, without the organisation; i360 gives you the address of its sandbox.",
        default="https://api-platform.i-360.com/2.0",
    )
    login_url: str = setting(
        "i360 token address", "Where tokens are given.", default="https://login.i-360.com/core/connect/token"
    )


def _sign_in(own: Settings, shared: ClientSettings) -> PasswordToken:
    form = {"grant_type": "password", "username": own.username, "password": own.password, "scope": own.scope}

    def get() -> Tokens:
        try:
            answer = ask(own.login_url, form, auth=CLIENT, timeout=shared.timeouts[0])
        except NotSignedIn as error:
            error.check = ("i360_scope",) if error.words == "invalid_scope" else ()
            raise
        except Unreachable as error:
            error.check = ("i360_login_url",)
            raise
        return Tokens.from_answer(answer, TOKEN_SECONDS)

    return PasswordToken(get, lambda refused: refused.status_code == 401)


def _judge(response: requests.Response) -> VendorError | None:
    """Explain a 401 that a new token did not help: the landing page lists what it can mean."""
    if response.status_code != 401:
        return None
    return Denied(
        "the vendor does not accept the credentials here: the organisation is not the user's, the user"
        " lacks the role 'Generic API', or may not do this (HTTP 401)",
        method=response.request.method or "",
        path=response.request.path_url.partition("?")[0],
        status=401,
        check=("i360_org_id",),
    )


def _words(body: Any) -> str:
    """Return the message and its details, in the form of ASP.NET's errors."""
    if not isinstance(body, dict):
        return ""
    found = {str(name).lower(): value for name, value in body.items()}
    details = found.get("modelstate")
    more = [str(value) for value in details.values()] if isinstance(details, dict) else []
    return " ".join([str(found.get("message") or found.get("error") or ""), *more]).strip()


VENDOR = Vendor(
    name="i360",
    title="i360",
    settings=Settings,
    credentials=("username", "password"),
    address=("api_url",),
    base_url=lambda own: f"{own.api_url.rstrip('/')}/Org/{own.org_id}",
    account=lambda own: own.org_id,
    sign_in=_sign_in,
    calls_per_second=None,
    in_flight=1,
    index_lag=300.0,
    words=_words,
    judge=_judge,
    headers={"Accept": "application/json"},
    check=("Volunteers/Search", {}),
    check_tells=False,
)
