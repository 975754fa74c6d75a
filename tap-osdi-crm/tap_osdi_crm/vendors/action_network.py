"""Action Network: 25 records a page, filters strict to the second, keys among the identifiers, links for the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from osdi_crm_client import errors
from typing_extensions import override

from tap_osdi_crm.paginators import NumberedPages
from tap_osdi_crm.readings import Slices, Sweep, Whole
from tap_osdi_crm.resources import Parent, Part, Resource, Window
from tap_osdi_crm.streams import VendorStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_osdi_crm.shaping import Row

SETTINGS: dict[str, dict[str, Any]] = {
    "action_network_taggings_of": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "title": "Tags to read taggings of",
        "description": "Names of the tags whose taggings are read, or `*` for all. They cannot be filtered by time, so "
        "every run reads them all, 25 a call.",
    },
    "action_network_items_of": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "title": "Lists to read items of",
        "description": "Titles of the lists whose items are read, or `*` for all. They cannot be filtered by time, so "
        "every run reads them all, 25 a call.",
    },
}

_ACTIONS = ("petitions", "events", "forms", "fundraising_pages", "advocacy_campaigns", "event_campaigns", "surveys")


def _changing(name: str, records: str) -> Resource:
    return Resource(name=name, path=name, records=records, replication_key="modified_date", reading=Slices)


def _children(name: str, parent: str, records: str) -> Resource:
    return Resource(
        name=name, path=name, records=records, replication_key="modified_date", parents=(parent,), reading=Sweep
    )


def _whole(name: str, records: str) -> Resource:
    return Resource(name=name, path=name, records=records, reading=Whole)


RESOURCES = (
    _changing("people", "osdi:people"),
    _changing("petitions", "osdi:petitions"),
    _changing("events", "osdi:events"),
    _changing("forms", "osdi:forms"),
    _changing("fundraising_pages", "osdi:fundraising_pages"),
    _changing("advocacy_campaigns", "osdi:advocacy_campaigns"),
    _changing("surveys", "action_network:surveys"),
    _changing("event_campaigns", "action_network:event_campaigns"),
    _changing("campaigns", "action_network:campaigns"),
    _changing("donations", "osdi:donations"),
    _children("signatures", "petitions", "osdi:signatures"),
    _children("attendances", "events", "osdi:attendances"),
    _children("submissions", "forms", "osdi:submissions"),
    _children("outreaches", "advocacy_campaigns", "osdi:outreaches"),
    _children("responses", "surveys", "action_network:responses"),
    _whole("tags", "osdi:tags"),
    Resource(
        name="taggings",
        path="taggings",
        records="osdi:taggings",
        keys=("tag_id", "id"),
        parents=("tags",),
        reading=Sweep,
    ),
    _whole("lists", "osdi:lists"),
    Resource(
        name="list_items",
        path="items",
        records="osdi:items",
        keys=("list_id", "id"),
        parents=("lists",),
        reading=Sweep,
    ),
    _whole("messages", "osdi:messages"),
    _whole("queries", "osdi:queries"),
    _whole("wrappers", "osdi:wrappers"),
    _whole("unique_id_lists", "action_network:unique_id_lists"),
    Resource(
        name="custom_fields",
        path="metadata/custom_fields",
        records="action_network:custom_fields",
        keys=("name",),
        reading=Whole,
    ),
    Resource(name="metadata", path="metadata", keys=("name",), reading=Whole),
    Resource(name="embeds", path="embed", keys=("action_type", "action_id"), parents=_ACTIONS, reading=Sweep),
)


class ActionNetworkStream(VendorStream):
    """A stream of Action Network (actionnetwork.org/docs/v2)."""

    page_size: ClassVar[int] = 25
    dropped = frozenset({"_links", "_embedded"})

    @override
    def get_new_paginator(self) -> NumberedPages | None:
        if self.name in {"custom_fields", "metadata", "embeds"}:
            return None
        return NumberedPages(
            page_size=lambda body: min(body.get("per_page") or self.page_size, self.page_size),
            rows=self.rows,
            total=self.total,
            next_link=lambda body: _href(body, "next"),
        )

    @override
    def rows(self, body: Any) -> list[Row]:
        """Return the records: embedded, beside the links, or the answer itself where it is a single object.

        Raises:
            Garbled: If there are none and the answer is not that of an empty collection.
        """
        name = self.resource.records
        if not name:
            return [body]
        embedded, links = body.get("_embedded") or {}, body.get("_links")
        rows: list[Row] = embedded.get(name) or embedded.get(name.removesuffix("s")) or body.get(name) or []
        if not rows and (any(embedded.values()) or links is None or links.get(name)):
            raise errors.Garbled(f"the answer does not hold '{name}'", method="GET", path=self.resource.path)
        return rows

    @override
    def total(self, body: Any) -> int | None:
        total: int | None = body.get("total_records")
        return total

    @override
    def query(self, part: Part, page: Any) -> dict[str, Any]:
        """Ask for a page; `gt` and `lt` are strict, and to the second."""
        query: dict[str, Any] = {"page": page, "per_page": self.page_size} if page else {}
        if conditions := list(_conditions(part.window)):
            query["filter"] = " and ".join(conditions)
        return query

    @override
    def link_id(self, row: Row, link: str) -> str | None:
        href = _href(row, link)
        return href.split("?")[0].rstrip("/").rsplit("/", 1)[-1] if href else None

    @override
    def fields(self, row: Row, part: Part) -> Row:
        if self.name == "embeds" and part.parent:
            return {**row, "action_type": part.parent.stream, "action_id": part.parent.id}
        if "id" in self.resource.keys:
            row["id"] = self._uuid(row)
        if "action:person_id" in row:
            row.setdefault("action_network:person_id", row.pop("action:person_id"))
        if self.name in {"taggings", "list_items"} and part.parent:
            row["tag_id" if self.name == "taggings" else "action_network:list_id"] = part.parent.id
        return row

    def _uuid(self, row: Row) -> str | None:
        """Return the UUID among the identifiers, wherever it stands, or else at the end of the record's own link."""
        for identifier in row.get("identifiers") or ():
            if str(identifier).startswith("action_network:"):
                return str(identifier.removeprefix("action_network:"))
        return self.link_id(row, "self")

    @override
    def other_paths(self) -> Iterator[str]:
        """Events of an event campaign have a collection of their own."""
        if self.name == "events":
            for campaign in self.tap.parents("event_campaigns"):
                yield f"{campaign.path}/events"

    @override
    def parents(self) -> Iterable[Parent]:
        found = super().parents()
        if self.name not in {"taggings", "list_items"}:
            return found
        setting = "action_network_taggings_of" if self.name == "taggings" else "action_network_items_of"
        wanted = self.config.get(setting) or []
        if not wanted:
            self.logger.warning(
                "Stream '%s' reads nothing: the setting '%s' names nothing to read.", self.name, setting
            )
            return ()
        chosen = [parent for parent in found if "*" in wanted or parent.name in wanted]
        for name in sorted(set(wanted) - {"*"} - {str(parent.name) for parent in chosen}):
            self.logger.warning("The setting '%s' names '%s', which the account does not have.", setting, name)
        return chosen


def _href(body: Row, link: str) -> str | None:
    """Return where a link leads; of several (HAL, section 4.1.1) the first."""
    found = (body.get("_links") or {}).get(link)
    if isinstance(found, list):
        found = found[0] if found else None
    href: str | None = found.get("href") if found else None
    return href


def _conditions(window: Window) -> Iterator[str]:
    if window.since:
        yield f"modified_date gt '{(window.since - timedelta(seconds=1)):%Y-%m-%dT%H:%M:%SZ}'"
    if window.until:
        yield f"modified_date lt '{window.until:%Y-%m-%dT%H:%M:%SZ}'"


STREAM = ActionNetworkStream
