"""Ridge CRM: people and memberships, of which those that changed are passed on, and the lists in the memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.reading.whole import Whole
from osdi_crm_client.reading.within import Within
from osdi_crm_client.settings import settings
from osdi_crm_client.vendors import ridge_crm as wire
from osdi_crm_client.wire import RawRow
from typing_extensions import override

from tap_osdi_crm.resources import Resource
from tap_osdi_crm.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import Collection


@settings
class Settings:
    """The tap needs none for Ridge CRM."""


class RidgeCRMSource(Source):
    """A resource of Ridge CRM (ridge.example/docs)."""

    page_size = wire.PAGE_SIZE

    @override
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._lists: set[str] = set()

    @override
    def collection(self, part: Part) -> Collection:
        return wire.collection(part.path)

    @override
    @staticmethod
    def link_id(row: Mapping[str, Any], link: str) -> str | None:
        return str(row[link]["id"]) if row.get(link) else None

    def list_of(self, membership: RawRow) -> Iterator[RawRow]:
        """Yield the list that a membership is of, if it stood in none before."""
        found = RawRow(membership["list"])
        if found["id"] not in self._lists:
            self._lists.add(found["id"])
            yield found


RESOURCES = (
    Resource(name="people", path="people", replication_key="changed", reading=Whole),
    Resource(name="memberships", path="memberships", replication_key="changed", reading=Whole),
    Resource(name="lists", path="lists", within="memberships", items=RidgeCRMSource.list_of, reading=Within),
)

SOURCE = RidgeCRMSource
