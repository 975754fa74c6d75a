"""Rally Congress, API v3: HTTP Basic, one call at a time, JSON that is not always UTF-8."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

import msgspec

from osdi_crm_client.decoding import leniently
from osdi_crm_client.errors import Garbled
from osdi_crm_client.paging import LinkedPages, SinglePage
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor
from osdi_crm_client.wire import Collection, Number, Page, RawRow, id_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_client.wire import Token


@settings
class Settings:
    """What it takes to reach an account (rallycongress.com/docs/api)."""

    account_id: str = setting(
        "Rally Congress account ID", "The Account ID: in the control panel, Account Settings → API."
    )
    auth_token: str = setting(
        "Rally Congress auth token", "The Auth Token that stands beside the Account ID.", secret=True
    )
    api_url: str = setting(
        "Rally Congress API address", "Where the API lives.", default="https://api.rallycongress.net/v3"
    )


PAGE_SIZE = 100


def collection(
    path: str,
    *,
    name: str,
    query: Mapping[str, str] | None = None,
    paging: str = "link",
    page_parameter: str = "page",
    size_parameter: str = "pagesize",
    records: str | None = None,
    keys: tuple[str, ...] = ("id",),
) -> Collection:
    """Return the supporters or campaigns at a path, or the one that stands there.

    Args:
        path: Their path.
        name: What they are called in the plural, as their list is where nothing else is said.
        query: What else to ask with, such as `updatedSince`, `email`, `customId`.
        paging: By the `link` to the next page, by `page`, or `none`.
        page_parameter: The parameter that asks for a page.
        size_parameter: The parameter that asks for so many at a time.
        records: Where the list stands in an answer, with dots.
        keys: Properties of which a record has at least one.
    """

    def asked(token: Token | None) -> Mapping[str, Any]:
        number = token.value if isinstance(token, Number) else 0
        return {page_parameter: number, size_parameter: PAGE_SIZE, **(query or {})}

    def read(body: Any, url: str) -> Page:
        around = envelope(body)
        found = rows(body, name=name, records=records or name, keys=keys, path=path)
        numbers = [_number(around, each) for each in ("page", "pagesize", "totalResults")]
        is_last = single(around, name, keys) is not None
        if None not in numbers:
            number, size, total = (each or 0 for each in numbers)
            is_last = (number + 1) * size >= total
        link = around.get("nextpageuri")
        return Page(
            rows=found,
            total=numbers[2],
            number=numbers[0],
            link=link if isinstance(link, str) and paging == "link" else None,
            is_last=is_last,
            url=url,
        )

    return Collection(path=path, paging=SinglePage if paging == "none" else LinkedPages, query=asked, read=read)


def one(path: str, *, name: str, records: str | None = None, keys: tuple[str, ...] = ("id",)) -> Collection:
    """Return the one record at a path; the rest is as for `collection`."""

    def read(body: Any, url: str) -> Page:
        return Page(rows=rows(body, name=name, records=records or name, keys=keys, path=path), url=url)

    return Collection(path=path, paging=SinglePage, read=read)


def form(path: str, *, query: Mapping[str, str], records: str = "") -> Collection:
    """Return the form of a campaign's action, which is a single object, the answer itself if `records` names none."""

    def read(body: Any, url: str) -> Page:
        found = _at(envelope(body), records)
        return Page(rows=[RawRow(found if isinstance(found, dict) else envelope(body))], url=url)

    return Collection(path=path, paging=SinglePage, query=lambda _: query, read=read)


def envelope(body: Any) -> dict[str, Any]:
    """Return what stands around the records, unwrapped where it stands under `response` alone."""
    if isinstance(body, dict) and list(body) == ["response"]:
        body = body["response"]
    return body if isinstance(body, dict) else {"": body}


def single(around: Mapping[str, Any], name: str, keys: tuple[str, ...] = ("id",)) -> RawRow | None:
    """Return the one record that an answer is, alone or under its name."""
    one = around.get(name.removesuffix("s"), around)
    return RawRow(one) if isinstance(one, dict) and any(one.get(key) is not None for key in keys) else None


def rows(body: Any, *, name: str, records: str, keys: tuple[str, ...] = ("id",), path: str = "") -> list[RawRow]:
    """Return the records: in the list of their name, the answer itself, or in the only list there is.

    The path is for the error.

    Raises:
        Garbled: If there is nothing of the kind.
    """
    around = envelope(body)
    found = _at(around, records)
    if isinstance(found, list):
        return found
    if record := single(around, name, keys):
        return [record]
    lists = [value for value in around.values() if isinstance(value, list)]
    if len(lists) == 1:
        return lists[0]
    raise Garbled(
        f"the answer has no list of '{name}'; say with 'stream_overrides' where it stands", method="GET", path=path
    )


def _at(around: Any, place: str) -> Any:
    """Return what stands at a place in an answer, its names joined by dots; None where there is no such place."""
    for name in place.split("."):
        around = around.get(name) if isinstance(around, dict) and name else None
    return around


def record(body: Any, name: str) -> RawRow | None:
    """Return the one record of an answer, which may stand under its name or in a list of one; None if it shows none."""
    around = envelope(body)
    found = around.get(name.removesuffix("s")) or around.get(name) or around.get("", around)
    if isinstance(found, list) and len(found) == 1:
        [found] = found
    return RawRow(found) if isinstance(found, dict) and found else None


def id_of(row: Mapping[str, Any]) -> str | None:
    """Return the id of a supporter."""
    return id_text(row.get("id"))


def action_type(action: Any) -> str:
    """Return the kind of an action that a campaign lists, by a property or as it is."""
    return str(action.get("actionType") if isinstance(action, dict) else action)


def _number(around: Mapping[str, Any], name: str) -> int | None:
    """Return a number of the envelope, which may have come as text."""
    try:
        return int(around[name])
    except (KeyError, TypeError, ValueError):
        return None


def _as_windows_bytes(error: UnicodeError) -> tuple[str, int]:
    """Read what is not UTF-8 as Windows-1252, and what is not that either as Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    found = error.object[error.start : error.end]
    try:
        return found.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return found.decode("latin-1"), error.end


codecs.register_error("as_windows_bytes", _as_windows_bytes)


def _decode(content: bytes) -> Any:
    """Decode JSON in any of the vendor's encodings, with control characters in its strings, after a mark or not."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(content)
    except ValueError:
        return leniently(content.decode("utf-8", "as_windows_bytes"))


def _words(body: Any) -> str:
    """Return the messages of an error, wherever they stand (github.com/swt83/php-rallycongress reads the first)."""
    if isinstance(body, dict) and isinstance(body.get("response"), dict):
        body = body["response"]
    if not isinstance(body, dict):
        return ""
    found = body.get("errors") or body.get("error") or body.get("message") or ()
    return "; ".join(str(words) for words in (found if isinstance(found, list) else [found]))


VENDOR = Vendor(
    name="rally_congress",
    title="Rally Congress",
    settings=Settings,
    credentials=("account_id", "auth_token"),
    address=("api_url",),
    base_url=lambda own: own.api_url,
    account=lambda own: own.account_id,
    sign_in=lambda own, _: Signer.basic(own.account_id, own.auth_token),
    calls_per_second=None,
    in_flight=1,
    index_lag=5.0,
    words=_words,
    decode=_decode,
    headers={"Accept": "application/json"},
    check=("campaigns", {"pagesize": 1}),
)
