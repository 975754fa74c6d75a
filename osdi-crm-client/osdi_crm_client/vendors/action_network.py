"""Action Network, API v2: one key per list, 4 calls a second, HAL with keys among the identifiers and in links."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Garbled
from osdi_crm_client.paging import NumberedPages, SinglePage
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor
from osdi_crm_client.wire import Collection, Number, Page, RawRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_client.wire import Token, Window

PAGE_SIZE = 25
"""Records a page, and the most there can be (actionnetwork.org/docs/v2, "General concepts")."""

ENVELOPE = frozenset({"_links", "_embedded"})
"""What stands in a record beside its own properties (HAL)."""

ID = "action_network:"
"""How the vendor's own id begins among the identifiers of a record."""

RECORDS = {
    "people": "osdi:people",
    "petitions": "osdi:petitions",
    "signatures": "osdi:signatures",
    "events": "osdi:events",
    "attendances": "osdi:attendances",
    "forms": "osdi:forms",
    "submissions": "osdi:submissions",
    "fundraising_pages": "osdi:fundraising_pages",
    "donations": "osdi:donations",
    "advocacy_campaigns": "osdi:advocacy_campaigns",
    "outreaches": "osdi:outreaches",
    "surveys": "action_network:surveys",
    "responses": "action_network:responses",
    "event_campaigns": "action_network:event_campaigns",
    "campaigns": "action_network:campaigns",
    "tags": "osdi:tags",
    "taggings": "osdi:taggings",
    "lists": "osdi:lists",
    "items": "osdi:items",
    "messages": "osdi:messages",
    "queries": "osdi:queries",
    "wrappers": "osdi:wrappers",
    "unique_id_lists": "action_network:unique_id_lists",
    "custom_fields": "action_network:custom_fields",
}
"""By the last segment of a collection's path, the name of its records in an answer; others answer with one record."""

_UNPAGED = "custom_fields"


def collection(path: str, *, wanted: str = "") -> Collection:
    """Return a collection of records, or of the one record at a path.

    Args:
        path: Its path, such as `people` or `tags/<id>/taggings`.
        wanted: A filter (actionnetwork.org/docs/v2, "OData filters"), such as `changed` and `equals` make.
    """
    name = path.rstrip("/").rsplit("/", 1)[-1]
    return Collection(
        path=path,
        paging=NumberedPages if name in RECORDS and name != _UNPAGED else SinglePage,
        query=partial(_query, wanted),
        read=partial(page, path),
    )


def _query(wanted: str, token: Token | None) -> Mapping[str, Any]:
    numbers = {"page": token.value, "per_page": PAGE_SIZE} if isinstance(token, Number) else {}
    return {**numbers, "filter": wanted} if wanted else numbers


def changed(window: Window) -> str:
    """Return the filter of what changed in a window; the vendor's `gt` and `lt` are strict, and to the second."""
    conditions = []
    if window.since:
        conditions.append(f"modified_date gt '{window.since - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}'")
    if window.until:
        conditions.append(f"modified_date lt '{window.until:%Y-%m-%dT%H:%M:%SZ}'")
    return " and ".join(conditions)


def equals(field: str, value: str) -> str:
    """Return the filter of what has a value in a field; a quote in it is doubled, as in OData."""
    quoted = value.replace("'", "''")
    return f"{field} eq '{quoted}'"


def page(path: str, body: Any, url: str) -> Page:
    """Return the page of the collection at a path that an answer from an address holds."""
    return Page(
        rows=rows(path, body),
        full=min(body.get("per_page") or PAGE_SIZE, PAGE_SIZE),
        total=body.get("total_records"),
        link=href(body, "next"),
        url=url,
    )


def rows(path: str, body: Any) -> list[RawRow]:
    """Return the records of an answer: embedded, beside the links, or the answer itself where it is a single one.

    Raises:
        Garbled: If there are none and the answer is not that of an empty collection.
    """
    name = RECORDS.get(path.rstrip("/").rsplit("/", 1)[-1])
    if not name:
        return [body]
    embedded, links = body.get("_embedded") or {}, body.get("_links")
    found: list[RawRow] = embedded.get(name) or embedded.get(name.removesuffix("s")) or body.get(name) or []
    if not found and (any(embedded.values()) or links is None or links.get(name)):
        raise Garbled(f"the answer does not hold '{name}'", method="GET", path=path)
    return found


def href(record: Mapping[str, Any], relation: str) -> Any:
    """Return where a link of a record or page leads, or None; of several (HAL, section 4.1.1) the first."""
    links = record.get("_links")
    found = links.get(relation) if isinstance(links, dict) else None
    if isinstance(found, list):
        found = found[0] if found else None
    return found.get("href") if isinstance(found, dict) else None


def link_id(row: Mapping[str, Any], link: str) -> str | None:
    """Return the id that a link of a record leads to: the last part of its address."""
    found = href(row, link)
    return str(found).partition("?")[0].rstrip("/").rpartition("/")[-1] if found else None


def id_of(record: Mapping[str, Any]) -> str | None:
    """Return the id among a record's identifiers, wherever it stands, or else at the end of its own link."""
    for identifier in record.get("identifiers") or ():
        if str(identifier).startswith(ID):
            return str(identifier).removeprefix(ID)
    return link_id(record, "self")


def person_of(record: Mapping[str, Any]) -> str | None:
    """Return the id of the person who did what a record tells, under any of the names that the vendor gives it."""
    found = record.get("action_network:person_id") or record.get("action:person_id")
    return str(found) if found else link_id(record, "osdi:person")


@settings
class Settings:
    """What it takes to reach a group or list (actionnetwork.org/docs/v2, "Authentication")."""

    api_token: str = setting(
        "Action Network API key",
        "The key of the group or list: in Action Network, Start Organizing → API & Sync.",
        secret=True,
    )
    api_url: str = setting(
        "Action Network API address",
        "Where the API lives; at the sandbox http://127.0.0.1:8765/action_network/api/v2.",
        default="https://actionnetwork.org/api/v2",
    )


def _words(body: Any) -> str:
    return str(body.get("error", "")) if isinstance(body, dict) else ""


VENDOR = Vendor(
    name="action_network",
    title="Action Network",
    settings=Settings,
    credentials=("api_token",),
    address=("api_url",),
    base_url=lambda own: own.api_url,
    sign_in=lambda own, _: Signer("OSDI-API-Token", own.api_token),
    calls_per_second=3.8,
    in_flight=4,
    index_lag=5.0,
    words=_words,
    existing_at=("/tags",),
    headers={"Accept": "application/hal+json, application/json"},
    check=("people", {"per_page": 1}),
)
