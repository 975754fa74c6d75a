"""NationBuilder, API v2: a token of 24 hours or a pair that rotates, 250 calls in 10 seconds, a proxy in front."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from osdi_crm_client import errors
from osdi_crm_client.paging import NumberedPages, SortedPages
from osdi_crm_client.settings import ClientSettings, setting, settings
from osdi_crm_client.signing import Signer
from osdi_crm_client.tokens import CodeGrant, RotatingToken, store
from osdi_crm_client.vendor import Vendor
from osdi_crm_client.wire import Collection, Number, Page, Position, Probe, RawRow, id_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import requests

    from osdi_crm_client.wire import Ids, Token, Window

_API = "/api/v2"

PAGE_SIZE = 100
"""Records a page, and the most there can be ("API v2 Core Concepts")."""

ENVELOPE = frozenset({"relationships"})
"""What stands in a record beside its own properties, as `rows` and `record` return it."""


@settings
class Settings:
    """What it takes to reach a nation (support.nationbuilder.com, "QuickStart guide")."""

    slug: str = setting("NationBuilder slug", "The nation's name in its address, <slug>.nationbuilder.com.")
    access_token: str | None = setting(
        "NationBuilder test token",
        "A token that works for 24 hours, to try things out: in NationBuilder, Settings → Developer → API token. Not"
        " used where an app is set.",
        default=None,
        secret=True,
    )
    client_id: str | None = setting(
        "NationBuilder app's id", "The client id of the app that NationBuilder knows.", default=None
    )
    client_secret: str | None = setting(
        "NationBuilder app's secret", "The client secret of that app.", default=None, secret=True
    )
    refresh_token: str | None = setting(
        "NationBuilder refresh token",
        "What the first access token is got with, once; the tokens that follow are in the token store. Not needed after"
        " osdi-crm-sign-in.",
        default=None,
        secret=True,
    )
    api_url: str | None = setting(
        "NationBuilder API address",
        "Where the API lives, instead of at the nation's own address; the sandbox prints its own.",
        default=None,
    )


def collection(
    path: str, *, query: Mapping[str, str] | None = None, shown: Mapping[str, str] | None = None, counted: bool = False
) -> Collection:
    """Return a collection read page by page, in no order. Its links to a next page never end, and are not looked at.

    Args:
        path: Its path.
        query: What else it is asked with, such as `filters` makes.
        shown: What is shown of its records, such as `sparse_fields` and `extra_fields` make.
        counted: Whether to ask for the total, which some collections may refuse.
    """
    asked = {**(query or {}), **(shown or {}), **({"stats[total]": "count"} if counted else {})}

    def numbered(token: Token | None) -> Mapping[str, Any]:
        number = token.value if isinstance(token, Number) else 1
        return {**asked, "page[number]": number, "page[size]": PAGE_SIZE}

    return Collection(path=path, paging=NumberedPages, query=numbered, read=page)


def sorted_collection(
    path: str,
    *,
    key: str | None,
    window: Window,
    ids: Ids | None,
    query: Mapping[str, str] | None = None,
    shown: Mapping[str, str] | None = None,
) -> Collection:
    """Return a collection read in an order, each page from where the one before ended.

    Args:
        path: Its path.
        key: The property that tells when a record changed, if it has one.
        window: The times between which a record changed.
        ids: The ids between which to read in their order; None to read in the order of change.
        query: As for `collection`.
        shown: As for `collection`.
    """
    order = key if ids is None and key else "id"

    def asked(token: Token | None) -> Mapping[str, Any]:
        since = token.since if isinstance(token, Position) else None
        conditions = {**(query or {}), **_conditions(key, window, ids, since)}
        if isinstance(token, Probe):
            one = {"page[number]": token.number + 1, "page[size]": 1}
            total = {} if token.number else {"stats[total]": "count"}
            return {**conditions, "sort": order, **one, **total, f"fields[{path}]": order}
        size = token.size if isinstance(token, Position) else PAGE_SIZE
        return {**conditions, "sort": order, "page[number]": 1, "page[size]": size, **(shown or {})}

    return Collection(
        path=path,
        paging=partial(
            SortedPages,
            size=PAGE_SIZE,
            order=order,
            position=partial(position, path, order),
            until=window.until if order == key else None,
        ),
        query=asked,
        read=page,
        lighter=lighter,
    )


def _conditions(key: str | None, window: Window, ids: Ids | None, since: Any) -> dict[str, str]:
    """Return the filters of a part of a collection from a position on; times are compared to the second."""
    conditions = {}
    if first := since if ids is None and since else window.since:
        conditions[f"filter[{key}][gte]"] = _utc(first)
    if window.until:
        conditions[f"filter[{key}][lt]"] = _utc(window.until)
    if ids is not None:
        if (lowest := since or ids.since) is not None:
            conditions["filter[id][gte]"] = str(lowest)
        if ids.until is not None:
            conditions["filter[id][lt]"] = str(ids.until)
    return conditions


def _utc(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def filters(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the query of these filters; a comma in a value would mean a second one ("API v2: Using parameters")."""
    return {f"filter[{name}]": f"{{{{{value}}}}}" if "," in value else value for name, value in wanted.items()}


def extra_fields(stream: str, names: Sequence[str]) -> dict[str, str]:
    """Return the query that asks for properties of a stream that are left out unless asked for."""
    return {f"extra_fields[{stream}]": ",".join(names)} if names else {}


def sparse_fields(stream: str, names: Iterable[str]) -> dict[str, str]:
    """Return the query that asks for no more of records than these properties and relationships, and the id."""
    return {f"fields[{stream}]": ",".join(sorted(names))}


def page(body: Any, url: str) -> Page:
    """Return the page that an answer from an address holds; the address tells of how many records, 100 if not."""
    size = parse_qs(urlsplit(url).query).get("page[size]", [str(PAGE_SIZE)])[0]
    total = (body.get("meta") or {}).get("stats", {}).get("total", {}).get("count")
    return Page(rows=rows(body), full=int(size), total=total, url=url)


def rows(body: Any) -> list[RawRow]:
    """Return the records of an answer that holds many."""
    return [flat(data) for data in body["data"]]


def record(body: Any) -> RawRow:
    """Return the record of an answer that holds one."""
    return flat(body["data"])


def flat(data: Mapping[str, Any]) -> RawRow:
    """Return a record with its attributes beside its id and its relationships (jsonapi.org/format)."""
    attributes = data.get("attributes") or {}
    return RawRow({**attributes, "id": id_text(data["id"]), "relationships": data.get("relationships")})


def link_id(row: Mapping[str, Any], link: str) -> str | None:
    """Return the id that a relationship to one record points to: in its data, else at the end of its link.

    A link to a filtered collection is one to many, also where there is one ("Relationships between resources").
    """
    relationships = row.get("relationships")
    found = relationships.get(link) if isinstance(relationships, dict) else None
    if not isinstance(found, dict):
        return None
    data, links = found.get("data"), found.get("links")
    if isinstance(data, dict) and data.get("id"):
        return id_text(data["id"])
    href = links.get("related") if isinstance(links, dict) else None
    return href.rstrip("/").rpartition("/")[-1] if isinstance(href, str) and "?" not in href else None


def id_of(row: Mapping[str, Any]) -> str:
    """Return the id of a record."""
    return str(row["id"])


def position(path: str, order: str, row: Mapping[str, Any]) -> datetime | int:
    """Return what a record of a collection is sorted by in an order: its time, in whole seconds, or its id.

    Raises:
        Garbled: If it has none.
    """
    try:
        return int(row["id"]) if order == "id" else datetime.fromisoformat(row[order]).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        raise errors.Garbled(f"a record has no {order}", method="GET", path=path) from None


def lighter(request: requests.PreparedRequest, failure: errors.VendorError) -> requests.PreparedRequest:
    """Ask for half as many records where a page was too heavy: 502 and 503 mean that ("API v2 Core Concepts")."""
    parts = urlsplit(request.url or "")
    query = parse_qs(parts.query)
    size = int(query.get("page[size]", ["1"])[0])
    if failure.status not in {502, 503} or size == 1:
        return request
    half = request.copy()
    half.url = parts._replace(query=urlencode({**query, "page[size]": [size // 2]}, doseq=True)).geturl()
    return half


def _base_url(own: Settings) -> str:
    return (own.api_url or f"https://{own.slug}.nationbuilder.com{_API}").rstrip("/")


def _grant(own: Settings, shared: ClientSettings) -> CodeGrant:
    oauth = f"{_base_url(own).removesuffix(_API)}/oauth"
    return CodeGrant(
        vendor=shared.vendor,
        authorize_url=f"{oauth}/authorize",
        token_url=f"{oauth}/token",
        client_id=own.client_id,
        client_secret=own.client_secret,
        refresh_token=own.refresh_token or "",
        seconds=86400,
        timeout=shared.timeouts[0],
    )


def _is_web_page(response: requests.Response) -> bool:
    """Whether Cloudflare, which stands in front, answered instead of the API, whose answers are all JSON."""
    kind = response.headers.get("Content-Type", "")
    return "cf-mitigated" in response.headers or bool(response.content and "json" not in kind)


def _code(response: requests.Response) -> str:
    """The code of an error, which stands in the answer or in its `data`."""
    body = {} if _is_web_page(response) else response.json()
    if not isinstance(body, dict):
        return ""
    inner = body.get("data")
    return str(body.get("code") or (inner.get("code") if isinstance(inner, dict) else None) or "")


def _words(body: Any) -> str:
    """The message, or the details of every error (jsonapi.org/format/#errors)."""
    if not isinstance(body, dict):
        return ""
    details = [
        str(error.get("detail") or error.get("title") or "")
        for error in body.get("errors") or ()
        if isinstance(error, dict)
    ]
    inner = body.get("data")
    message = body.get("message") or (inner.get("message") if isinstance(inner, dict) else None) or ""
    return "; ".join(details or [str(message), *map(str, body.get("validation_errors") or ())])


_REFUSED_TOKENS = {
    "token_upgrade_required": "the token is one of API v1, which API v2 does not accept; sign in with"
    " osdi-crm-sign-in, or put it once into 'nationbuilder_refresh_token', which exchanges it",
    "token_expired": "the access token has run out, and nothing in the settings renews it; make a new test token, or"
    " sign in with osdi-crm-sign-in",
}
_REVOKED = (
    "the vendor does not accept the credentials: the token is wrong or revoked, or its owner may not use the API; make"
    " a new test token, or sign in anew with osdi-crm-sign-in"
)


def _judge(response: requests.Response) -> errors.VendorError | None:
    """Tell web pages and the kinds of refused tokens from other answers.

    A page that holds a call back (403, 429, 503) shows that NationBuilder never got it; behind any other it may have.
    """
    status = response.status_code
    call: dict[str, Any] = {
        "method": response.request.method or "",
        "path": urlsplit(response.url).path,
        "status": status,
    }
    if _is_web_page(response):
        kind = errors.Unavailable if 400 <= status < 500 or status == 503 else errors.Fault
        return kind(
            f"a web page came instead of an answer (HTTP {status}), of the proxy in front or of no nation", **call
        )
    if status == 401:
        if (code := _code(response)) in _REFUSED_TOKENS:
            return errors.NotSignedIn(_REFUSED_TOKENS.get(code, ""), **call)
        return errors.Denied(_REVOKED, words=_words(response.json()), **call)
    if status == 200 and call["method"] == "GET" and not {"data", "status"}.intersection(response.json()):
        return errors.Garbled("the answer holds no data", **call)
    return None


def _sign_in(own: Settings, shared: ClientSettings) -> Signer:
    if own.client_id:
        return RotatingToken(_grant(own, shared), store(shared), lambda refused: _code(refused) == "token_expired")
    if own.access_token:
        return Signer.bearer(own.access_token)
    raise errors.ConfigurationError(
        "There is nothing to sign in with: set 'nationbuilder_access_token' to a test token, or set"
        " 'nationbuilder_client_id' and 'nationbuilder_client_secret' to those of an app and run osdi-crm-sign-in."
    )


VENDOR = Vendor(
    name="nationbuilder",
    title="NationBuilder",
    settings=Settings,
    credentials=("client_id", "client_secret", "access_token"),
    address=("api_url", "slug"),
    base_url=_base_url,
    account=lambda own: own.slug,
    sign_in=_sign_in,
    limits_addresses=True,
    calls_per_second=24.4,
    in_flight=16,
    index_lag=5.0,
    words=_words,
    judge=_judge,
    headers={"Accept": "application/vnd.api+json", "Content-Type": "application/vnd.api+json"},
    check=("signups/me", {}),
    code_grant=_grant,
)
