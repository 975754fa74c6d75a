"""Ridge CRM, API v2: a key in its own header, pages by a cursor, times as numbers, a 409 that tells what exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client import times
from osdi_crm_client.paging import CursorPages
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.signing import Signer
from osdi_crm_client.vendor import Vendor
from osdi_crm_client.wire import Collection, Cursor, Page, RawRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_client.wire import Token

PAGE_SIZE = 100

JOINED_PER_SECOND = 1000
"""How many are counted a second in the one time that can be written."""

_SECONDS, _MILLISECONDS = times.epoch(), times.epoch(1000)

_TIMES: Mapping[str, times.Places] = {
    "people": {
        "created": _SECONDS,
        "changed": _MILLISECONDS,
        "emails": {"verified": _MILLISECONDS},
        "phones": {"verified": _MILLISECONDS},
    },
    "lists": {"created": _SECONDS},
    "memberships": {
        "list": {"created": _SECONDS},
        "joined": times.epoch(JOINED_PER_SECOND),
        "created": _SECONDS,
        "changed": _MILLISECONDS,
    },
}
"""By resource, where its records hold times and how these are counted (ridge.example/docs, "Times")."""


def record(name: str, body: Any) -> RawRow:
    """Return one record of a resource, with its times in UTC."""
    return RawRow(times.read(body, _TIMES[name]))


def collection(name: str) -> Collection:
    """Return all people or memberships."""

    def query(token: Token | None) -> Mapping[str, Any]:
        return {"limit": PAGE_SIZE, "after": token.text if isinstance(token, Cursor) else None}

    def read(body: Any, url: str) -> Page:
        return Page(rows=[record(name, each) for each in body["data"]], cursor=body["cursor"], url=url)

    return Collection(path=name, paging=CursorPages, query=query, read=read)


@settings
class Settings:
    """What it takes to reach an account."""

    api_key: str = setting("Ridge CRM API key", "The key: in Ridge CRM, Settings → API.", secret=True)
    api_url: str = setting(
        "Ridge CRM API address",
        "Where the API lives; the sandbox tells its own.",
        default="https://api.ridge.example/v2",
    )


def _error(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _existing_id(body: Any) -> str | None:
    error = _error(body)
    return str(error["id"]) if error.get("code") == "exists" and error.get("id") else None


VENDOR = Vendor(
    name="ridge_crm",
    title="Ridge CRM",
    settings=Settings,
    credentials=("api_key",),
    address=("api_url",),
    base_url=lambda own: own.api_url,
    sign_in=lambda own, _: Signer("X-Ridge-Key", own.api_key),
    calls_per_second=9.5,
    in_flight=4,
    index_lag=0.0,
    words=lambda body: str(_error(body).get("message", "")),
    existing_id=_existing_id,
    headers={"Accept": "application/json"},
    check=("people", {"limit": 1}),
)
