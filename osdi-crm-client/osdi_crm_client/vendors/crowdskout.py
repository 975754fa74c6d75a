"""Crowdskout, API v1: a token that lasts ten years, every answer in an envelope that may say no with a 200."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osdi_crm_client.errors import OF_ANOTHER_FORM, Garbled, Refused, VendorError, garbled
from osdi_crm_client.paging import NumberedPages, OffsetPages, SinglePage
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor
from osdi_crm_client.wire import Collection, Number, Offset, Page, RawRow, id_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import requests

    from osdi_crm_client.wire import Token


@settings
class Settings:
    """What it takes to reach an account (github.com/crowdskout/slate, "Authentication")."""

    access_token: str = setting(
        "Crowdskout access token",
        "The token that a user of the account got by signing in; it lasts ten years.",
        secret=True,
    )
    api_url: str = setting("Crowdskout API address", "Where the API lives.", default="https://api.crowdskout.com/v1")
    in_flight: int = setting(
        "Crowdskout calls at a time",
        "How many calls may be under way at a time; Crowdskout documents no limit.",
        default=4,
        type=["integer", "string"],
        pattern=r"^[1-9]\d?$",
        minimum=1,
        maximum=99,
    )


ATTRIBUTES_PER_CALL = 100
"""Attributes to ask for at a time; an answer may hold more or fewer (github.com/crowdskout/slate, "Attributes")."""

RESPELLED = {"Independent Unsubscribes": "IndependentUnsubscribes", "AttributeID": "AttributeId"}
"""Names that the examples spell otherwise than the tables of the same page."""

ONE_NAME = {**RESPELLED, "EventRegistrationType": "EventRegistrationEventType"}
"""The same, and names of one field, of which nobody knows which one is served, for those who compare."""


SCAN = "segment/scan"
"""Where the ids of a segment's profiles are handed out, batch after batch."""


@dataclass(frozen=True)
class Batch:
    """Some ids of a scan.

    Attributes:
        ids: Ids of profiles; none at its end, and none any more once the scan has died.
        total: How many profiles the segment has.
        token: What to ask for the next batch with.
    """

    ids: list[str]
    total: int
    token: str


def batch(body: Any) -> Batch:
    """Return the batch of a scan that an answer holds.

    Raises:
        Garbled: If it holds none.
    """
    try:
        found = data(body)
        return Batch(list(filter(None, map(id_text, found["profileIds"]))), int(found["total"]), found["scrollId"])
    except OF_ANOTHER_FORM as error:
        raise garbled(error, method="PUT", path=SCAN) from error


def profile(path: str, collections: Iterable[str]) -> Collection:
    """Return the profile at a path, `profile/<id>`, with these collections of items."""
    asked = {"collections": ",".join(sorted(collections))}
    return Collection(
        path=path,
        paging=SinglePage,
        query=lambda _: asked,
        read=lambda body, url: Page(rows=[respelled(data(body))], url=url),
    )


def attributes(
    path: str = "attribute",
    *,
    paging: str = "offset",
    page_parameter: str | None = None,
    size_parameter: str = "limit",
    records: str = "data.list",
    method: str = "GET",
) -> Collection:
    """Return the attributes of an account.

    Args:
        path: Where they are listed; a published client lists them at `attributes`.
        paging: How they are paged: by `offset`, by `page`, or `none`.
        page_parameter: The parameter that asks for a page, where it is not called as the paging.
        size_parameter: The parameter that asks for so many at a time.
        records: Where the list stands in an answer, with dots.
        method: The HTTP method that lists them.
    """

    def query(token: Token | None) -> Mapping[str, Any]:
        if isinstance(token, Number | Offset):
            return {size_parameter: ATTRIBUTES_PER_CALL, page_parameter or paging: token.value}
        return {}

    return Collection(
        path=path,
        method=method,
        paging={"offset": OffsetPages, "page": NumberedPages}.get(paging, SinglePage),
        query=query,
        read=partial(_attribute_page, path, method, records),
    )


def _attribute_page(path: str, method: str, records: str, body: Any, url: str) -> Page:
    found = body
    for name in records.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise Garbled(
            "the answer has no list of 'attributes'; say with 'stream_overrides' where it stands",
            method=method,
            path=path,
        )
    inner = data(body)
    total = inner.get("total") if isinstance(inner, dict) else None
    return Page(rows=found, total=None if total is None else int(total), method=method, url=url)


def options(path: str, dependency: Mapping[str, str]) -> Collection:
    """Return the options of the field at a path, `fields/<field>/options`.

    Args:
        path: The path.
        dependency: The option of another field that the options of this one go with, as a query.
    """

    def read(body: Any, url: str) -> Page:
        found = data(body)
        rows = [RawRow({**option, "collection": found.get("collection")}) for option in found["options"]]
        return Page(rows=rows, url=url)

    return Collection(path=path, paging=SinglePage, query=lambda _: dependency, read=read)


def external_ids_path(kind: str, key: str) -> str:
    """Return the path at which the ids of the profiles stand that have an external id of a type."""
    return f"external-id/{quote(key, safe='')}/{quote(kind, safe='')}"


def profile_ids(body: Any) -> list[str]:
    """Return the ids of the profiles that an external id belongs to.

    Raises:
        TypeError: If the answer has no list of them, which is not the same as an empty one.
    """
    found = data(body)["ids"]
    if not isinstance(found, list):
        raise TypeError("the ids are no list")
    return list(filter(None, map(id_text, found)))


def data(body: Any) -> Any:
    """Return what an answer's envelope holds; an answer without content holds nothing."""
    return None if body is None else body["data"]


def respelled(profile: Mapping[str, Any], names: Mapping[str, str] = RESPELLED) -> RawRow:
    """Return a profile with its collections and their items under the names of the vendor's tables."""
    row = {names.get(name, name): value for name, value in profile.items()}
    for items in row.values():
        for item in items if isinstance(items, list) else ():
            for name in names.keys() & item.keys():
                item[names[name]] = item.pop(name)
    return RawRow(row)


def id_of(record: Mapping[str, Any]) -> str | None:
    """Return the id of a profile or attribute."""
    return id_text(record.get("id"))


def _judge(response: requests.Response) -> VendorError | None:
    """Find the refusals among good statuses: `success` is false, or there are messages in the place of data."""
    if response.status_code >= 300 or not response.content:
        return None
    method, path = response.request.method or "", response.request.path_url.partition("?")[0]
    body = response.json()
    if isinstance(body, dict) and (body.get("success") is False or (body.get("messages") and not body.get("data"))):
        return Refused("the vendor refused", method=method, path=path, status=response.status_code, words=_words(body))
    if not isinstance(body, dict) or "data" not in body:
        return Garbled("the answer has no envelope", method=method, path=path)
    return None


def _words(body: Any) -> str:
    found = body.get("messages") or body.get("error_description") or () if isinstance(body, dict) else ()
    return "; ".join(str(words) for words in (found if isinstance(found, list) else [found]))


VENDOR = Vendor(
    name="crowdskout",
    title="Crowdskout",
    settings=Settings,
    credentials=("access_token",),
    address=("api_url",),
    base_url=lambda own: own.api_url,
    sign_in=lambda own, _: Signer.bearer(own.access_token),
    calls_per_second=None,
    in_flight=4,
    index_lag=5.0,
    words=_words,
    judge=_judge,
    headers={"Accept": "application/json"},
    check=("attribute", {"limit": 1}),
    check_tells=False,
)
