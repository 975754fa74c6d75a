"""NationBuilder: 100 records a page, sorted and filtered by time of change or id, relationships as foreign keys."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import osdi_crm_schemas
from osdi_crm_client import errors
from typing_extensions import override

from tap_osdi_crm.paginators import Asked, Glance, NumberedPages, SortedPages
from tap_osdi_crm.readings import Keyset, Sweep
from tap_osdi_crm.resources import Part, Resource
from tap_osdi_crm.streams import VendorStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from osdi_crm_client.account import Account
    from singer_sdk.pagination import BaseAPIPaginator

    from tap_osdi_crm.shaping import Row
    from tap_osdi_crm.tap import TapOSDICRM

SETTINGS: dict[str, dict[str, Any]] = {
    "nationbuilder_extra_fields": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "title": "NationBuilder extra fields",
        "description": "Names of the fields to read that NationBuilder leaves out unless asked, such as home_address or"
        " body_html, in every stream that has them; `*` for all. They make pages heavier.",
    },
}


def _changing(name: str) -> Resource:
    return Resource(name=name, path=name, replication_key="updated_at", reading=Keyset)


def _growing(name: str) -> Resource:
    """A resource whose records have no time of change; they are rarely changed once made."""
    return Resource(name=name, path=name, replication_key="created_at", reading=Keyset)


def _whole(name: str) -> Resource:
    return Resource(name=name, path=name, reading=Keyset)


RESOURCES = (
    _changing("signups"),
    _whole("signup_tags"),
    _growing("signup_taggings"),
    _whole("signup_profiles"),
    _changing("custom_fields"),
    _growing("contacts"),
    _changing("donations"),
    _changing("donation_tracking_codes"),
    _changing("pledges"),
    _changing("memberships"),
    _changing("membership_types"),
    _changing("lists"),
    Resource(name="list_signups", path="signups", keys=("list_id", "signup_id"), parents=("lists",), reading=Sweep),
    _changing("paths"),
    _changing("path_steps"),
    _changing("path_journeys"),
    _changing("path_journey_status_changes"),
    _changing("path_histories"),
    _whole("events"),
    _changing("event_rsvps"),
    _whole("event_ticket_levels"),
    _whole("petitions"),
    _changing("petition_signatures"),
    _whole("pages"),
    _whole("sites"),
    _changing("surveys"),
    _changing("survey_questions"),
    _changing("survey_question_possible_responses"),
    _changing("survey_question_responses"),
    _changing("suggestion_boxes"),
    _changing("suggestions"),
    _changing("relationships"),
    _whole("precincts"),
    _whole("voters"),
    _changing("elections"),
    _whole("ballots"),
    _changing("mailings"),
    _changing("broadcasters"),
    _changing("imports"),
    _whole("automations"),
    _growing("automation_enrollments"),
)


class NationBuilderStream(VendorStream):
    """A stream of NationBuilder (nationbuilder.com/api/v2/docs/v2/released.yaml)."""

    page_size: ClassVar[int] = 100
    dropped = frozenset({"relationships"})

    def __init__(self, tap: TapOSDICRM, resource: Resource, account: Account) -> None:
        super().__init__(tap, resource, account)
        wanted = frozenset(self.config.get("nationbuilder_extra_fields") or ())
        if unknown := wanted - _all_extra_fields() - {"*"}:
            raise errors.ConfigurationError(
                f"The setting 'nationbuilder_extra_fields' names '{min(unknown)}', which no stream has; there are"
                f" {', '.join(sorted(_all_extra_fields()))}."
            )
        own = _extra_fields(resource.name)
        self._is_counted = True
        self._extra_fields = ",".join(own if "*" in wanted else (name for name in own if name in wanted))

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        """Return what walks the pages; links to the next page never end, and are not looked at."""
        if self.resource.parents or not self.is_sorted_by_vendor:
            return NumberedPages(
                page_size=lambda _: self.page_size, rows=self.rows, total=self.total, next_link=lambda _: None
            )
        return SortedPages(page_size=self.page_size, rows=self.rows, place=self.place, asked=_asked)

    @override
    def rows(self, body: Any) -> list[Row]:
        """Return the records, their attributes beside the id ("API v2 Core Concepts", jsonapi.org/format)."""
        return [
            {**(record.get("attributes") or {}), "id": record["id"], "relationships": record.get("relationships")}
            for record in body["data"]
        ]

    @override
    def total(self, body: Any) -> int | None:
        total: int | None = (body.get("meta") or {}).get("stats", {}).get("total", {}).get("count")
        return total

    @override
    def query(self, part: Part, page: Any) -> dict[str, Any]:
        """Ask for a page in order, for a glance, or for a numbered page where nothing is sorted."""
        if part.parent or not self.is_sorted_by_vendor:
            numbers = {"page[number]": page, "page[size]": self.page_size}
            if self._is_counted:
                numbers["stats[total]"] = "count"
            if part.parent:
                return {**numbers, "fields[signups]": "created_at"}
            return {**numbers, **self._extra()}
        order = self.order(part)
        if isinstance(page, Glance):
            return {
                **dict(_conditions(part, self.replication_key, None)),
                "sort": order,
                "page[number]": page.number + 1,
                "page[size]": 1,
                "stats[total]": "count",
                f"fields[{self.name}]": order,
            }
        conditions = dict(_conditions(part, self.replication_key, page.since))
        return {**conditions, "sort": order, "page[number]": 1, "page[size]": page.size, **self._extra()}

    @override
    def pages(self, part: Part, totals: list[int] | None = None) -> Iterator[list[Row]]:
        """Yield the pages, without totals where they are refused: they are documented for collections in general."""
        counted = self._is_counted  # another list's refusal may change it while this one is asked for
        try:
            yield from super().pages(part, totals)
        except errors.Refused as refusal:
            if refusal.status != 400 or totals is None or not counted:
                raise
            self._is_counted = False
            yield from super().pages(part, totals)

    def _extra(self) -> dict[str, str]:
        return {f"extra_fields[{self.name}]": self._extra_fields} if self._extra_fields else {}

    @override
    def place(self, row: Row, order: str) -> Any:
        try:
            return int(row["id"]) if order == "id" else datetime.fromisoformat(row[order]).replace(microsecond=0)
        except (KeyError, TypeError, ValueError):
            raise errors.Garbled(f"a record has no {order}", method="GET", path=self.resource.path) from None

    @override
    def lighter(self, request: requests.PreparedRequest, failure: errors.VendorError) -> requests.PreparedRequest:
        """Ask for half as many records where a page was too heavy: 502 and 503 mean that ("API v2 Core Concepts")."""
        parts = urlsplit(request.url or "")
        query = parse_qs(parts.query)
        size = int(query.get("page[size]", ["1"])[0])
        if failure.status not in {502, 503} or size == 1 or "sort" not in query:
            return request
        lighter = request.copy()
        lighter.url = parts._replace(query=urlencode({**query, "page[size]": [size // 2]}, doseq=True)).geturl()
        return lighter

    @override
    def link_id(self, row: Row, link: str) -> str | None:
        """Return the id of a relationship to one record; a link to a filtered collection is none ("QuickStart")."""
        relationship = (row.get("relationships") or {}).get(link) or {}
        if data := relationship.get("data"):
            return str(data["id"])
        href = (relationship.get("links") or {}).get("related")
        return href.rstrip("/").rsplit("/", 1)[-1] if href and "?" not in href else None

    @override
    def fields(self, row: Row, part: Part) -> Row:
        if part.parent:
            return {"list_id": part.parent.id, "signup_id": row["id"]}
        return row


def _extra_fields(stream: str) -> list[str]:
    properties = osdi_crm_schemas.schema("nationbuilder", stream)["properties"]
    return [name for name, prop in properties.items() if prop.get("x-extra-field")]


@cache
def _all_extra_fields() -> frozenset[str]:
    return frozenset(name for resource in RESOURCES for name in _extra_fields(resource.name))


def _asked(url: str) -> Asked:
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    until = query.get(f"filter[{query['sort']}][lt]")
    return Asked(
        by=query["sort"],
        size=int(query["page[size]"]),
        until=datetime.fromisoformat(until) if until and query["sort"] != "id" else None,
    )


def _conditions(part: Part, replication_key: str | None, since: Any) -> Iterator[tuple[str, str]]:
    """Yield the filters of a part from there on; times are compared to the second ("Using parameters")."""
    window, ids = part.window, part.ids
    by_time = since if ids is None and since else window.since
    if by_time:
        yield f"filter[{replication_key}][gte]", _utc(by_time)
    if window.until:
        yield f"filter[{replication_key}][lt]", _utc(window.until)
    if ids is not None:
        if (first := since or ids.since) is not None:
            yield "filter[id][gte]", str(first)
        if ids.until is not None:
            yield "filter[id][lt]", str(ids.until)


def _utc(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


STREAM = NationBuilderStream
