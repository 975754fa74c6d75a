"""One nation in one run: how it is searched, and what is read of it once: sites, custom fields, the token's owner."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from typing_extensions import override

from target_osdi_crm.vendor import Found, Order, Record, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osdi_crm_client.account import Account

NAME = "nationbuilder"

MOST_PER_PAGE = 100


class Nation(Session):
    """What the streams of one nation share."""

    @override
    def __init__(self, account: Account, config: Mapping[str, Any]) -> None:
        super().__init__(account, config)
        self._guard = threading.Lock()
        self._custom_fields: dict[str, dict[str, str]] | None = None
        self._sites: list[str] | None = None
        self._owner: str | None = None
        self._tags: dict[str, str] = {}

    def search(self, stream: str, filters: Mapping[str, str]) -> list[Found]:
        """One page of what these filters leave ("API v2: Using parameters"); a comma in a value means no second one."""
        params = {f"filter[{name}]": f"{{{{{value}}}}}" if "," in value else value for name, value in filters.items()}
        params["page[size]"] = str(MOST_PER_PAGE)
        shown = self.account.call("GET", stream, params=params, repeatable=True).json()["data"]
        return [found(each) for each in shown]

    def read_all(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Record]:
        """Read a whole collection, page after page."""
        page = 1
        while True:
            params = {**(query or {}), "page[number]": page, "page[size]": MOST_PER_PAGE}
            shown = self.account.call("GET", path, params=params, repeatable=True).json()["data"]
            yield from map(flat, shown)
            if len(shown) < MOST_PER_PAGE:
                return
            page += 1

    def tag_id(self, name: str) -> str:
        """The id of the tag of this name, which is made where there is none."""
        tags, key = self.streams["signup_tags"], comparable("name", name)
        with self._guard:
            if key not in self._tags:
                known = tags.search("name", key)
                self._tags[key] = known[0].id if known else str(tags.create(Order(tags, {"name": name}, {}))["id"])
            return self._tags[key]

    def owner(self) -> str:
        """The signup that owns the token."""
        with self._guard:
            if self._owner is None:
                self._owner = str(self.account.call("GET", "signups/me", repeatable=True).json()["data"]["id"])
            return self._owner

    def sites(self) -> list[str]:
        """The ids of the nation's sites."""
        with self._guard:
            if self._sites is None:
                self._sites = [str(each["id"]) for each in self.read_all("sites")]
            return self._sites

    def custom_fields(self, resource_type: str) -> Mapping[str, str]:
        """The nation's custom fields of one kind of record: slug → type."""
        with self._guard:
            if self._custom_fields is None:
                self._custom_fields = {}
                for field in self.read_all("custom_fields"):
                    of_kind = self._custom_fields.setdefault(str(field.get("resource_type")), {})
                    of_kind[str(field["slug"])] = str(field.get("field_type"))
            return self._custom_fields.get(resource_type, {})


@functools.cache
def properties(stream: str) -> Mapping[str, Any]:
    """The properties of a stream's schema; none of a type that is no stream."""
    known = stream in osdi_crm_schemas.streams(NAME)
    return osdi_crm_schemas.schema(NAME, stream)["properties"] if known else {}


def found(data: Record) -> Found:
    """A record that a search shows."""
    record = flat(data)
    return Found(record["id"], record)


def flat(data: Record) -> Record:
    """A record as the vendor shows it, its id and what its relationships point to beside its attributes."""
    record: Record = {**(data.get("attributes") or {}), "id": str(data["id"])}
    relationships, kind = data.get("relationships") or {}, str(data.get("type"))
    for name, prop in properties(kind).items():
        if (link := prop.get("x-link")) and link in relationships:
            record[name] = linked(relationships[link])
    return record


def linked(relationship: Mapping[str, Any]) -> str | None:
    """The id of what a relationship points to: in its data where included, else at the end of its link."""
    if isinstance(data := relationship.get("data"), dict):
        return str(data["id"])
    link = (relationship.get("links") or {}).get("related")
    return str(link).split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1] if link else None


def comparable(key: str, value: Any) -> str:
    """A match key as the vendor compares it: e-mail addresses, names and slugs whatever their case."""
    text = str(value).strip()
    return text.lower() if key in {"email", "name", "slug"} else text
