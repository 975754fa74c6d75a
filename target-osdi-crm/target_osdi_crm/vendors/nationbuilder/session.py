"""One nation in one run: how it is searched, and what is read of it once: sites, custom fields, the token's owner."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client import paging
from osdi_crm_client.errors import OF_ANOTHER_FORM, garbled
from osdi_crm_client.vendors import nationbuilder as wire
from typing_extensions import override

from target_osdi_crm.vendor import Found, Order, Record, Session
from target_osdi_crm.vendors.nationbuilder.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osdi_crm_client.account import Account

    from target_osdi_crm.settings import TargetSettings

NAME = "nationbuilder"


class Nation(Session[Settings]):
    """What the streams of one nation share."""

    @override
    def __init__(self, account: Account, settings: TargetSettings, own: Settings) -> None:
        super().__init__(account, settings, own)
        self._guard = account.concurrency.lock()
        self._custom_fields: dict[str, dict[str, str]] | None = None
        self._sites: list[str] | None = None
        self._owner: str | None = None
        self._tags: dict[str, str] = {}

    def search(self, stream: str, wanted: Mapping[str, str]) -> list[Found]:
        """The records of a stream that these filters leave ("API v2: Using parameters")."""
        return [Found(each["id"], each) for each in self.read_all(stream, wire.filters(wanted))]

    def read_all(self, stream: str, query: Mapping[str, str] | None = None) -> Iterator[Record]:
        """A whole collection."""
        for row in paging.rows(self.account, wire.collection(stream, query=query)):
            yield shown(stream, row)

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
                self._owner = str(self.get("signups/me", wire.record)["id"])
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


@functools.cache
def _links(stream: str) -> Mapping[str, str]:
    """The relationships that hold what a stream's records refer to, by property."""
    return {name: prop["x-link"] for name, prop in properties(stream).items() if "x-link" in prop}


def shown(stream: str, row: Mapping[str, Any]) -> Record:
    """A record of a stream as the vendor shows it, what its relationships point to beside its attributes.

    Raises:
        Garbled: If it is of another form than the vendor documents.
    """
    try:
        given = row.get("relationships") or {}
        linked = {name: wire.link_id(row, link) for name, link in _links(stream).items() if link in given}
        return {**row, "id": wire.id_of(row), **linked}
    except OF_ANOTHER_FORM as error:
        raise garbled(error, method="GET", path=stream) from error


def comparable(key: str, value: Any) -> str:
    """A match key as the vendor compares it: e-mail addresses, names and slugs whatever their case."""
    text = str(value).strip()
    return text.lower() if key in {"email", "name", "slug"} else text
