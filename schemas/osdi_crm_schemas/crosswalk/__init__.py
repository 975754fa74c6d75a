"""The crosswalk between a vendor's streams and the shared ones of `model: osdi`, read in both directions.

Which property stands where says `x-osdi` in the vendor's schemas; what no table can say of its people, a module of
`vendors`: `read` completes a person of the model from the vendor's record, `fitting` takes out of a person what the
vendor cannot hold whatever the table says, `write` completes the vendor's record from a person.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_schemas.crosswalk import people, vendors
from osdi_crm_schemas.crosswalk.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from osdi_crm_schemas.crosswalk.table import Record

KEYS: Mapping[str, tuple[str, ...]] = {
    "people": ("id",),
    "tags": ("id",),
    "taggings": ("tag_id", "person_id"),
    "events": ("id",),
    "attendances": ("event_id", "person_id"),
    "donations": ("id",),
}
"""The shared streams and their keys."""

_ORIGIN = frozenset(
    {"id", "vendor", "account", "identifiers", "created_date", "modified_date", "consent", *people.FLAGS}
)
"""What is not a record's own: where and when it came from, and consent, which travels in columns."""


@cache
def shared_streams(vendor: str) -> Mapping[str, str]:
    """The vendor's stream of each shared one that it has."""
    known = {osdi_crm_schemas.schema(vendor, name).get("x-osdi"): name for name in osdi_crm_schemas.streams(vendor)}
    return MappingProxyType({shared: known[shared] for shared in KEYS if shared in known})


class Crosswalk:
    """Between one stream of a vendor's and the shared one that it stands for.

    Attributes:
        name: The shared stream.
        stream: The vendor's.
        keys: The key of the shared stream.
        table: The table.
    """

    def __init__(self, vendor: str, name: str) -> None:
        """Read the table of a shared stream that the vendor has."""
        self.name = name
        self.stream = shared_streams(vendor)[name]
        self.keys = KEYS[name]
        self._vendor = vendor
        self.properties: Mapping[str, Any] = osdi_crm_schemas.shared_schema(name)["properties"]
        self.table = Table(osdi_crm_schemas.schema(vendor, self.stream)["properties"], self.properties)
        self._own = _module(vendor) if name == "people" else None
        self._holds_contact = "do_not_contact" in self.table.places

    def place_of(self, name: str | None) -> str | None:
        """Return the shared property that one of the vendor's stands for."""
        return next((each.place.name for each in self.table.fields if each.name == name), None)

    def names_of(self, place: str) -> list[str]:
        """Return the vendor's properties that hold the whole of a shared one."""
        return [each.name for each in self.table.fields if each.is_written and each.place.name == place]

    def read(self, record: Mapping[str, Any], account: str | None) -> Record:
        """Return a vendor's record of an account as the model holds it."""
        shared = self.table.read(record)
        if self._own:
            self._own.read(record, shared)
        if self.name == "people":
            people.complete(shared)
        shared |= self.origin(account)
        if "id" in shared:
            system = f"{self._vendor}-{account}" if account else self._vendor
            foreign = [each for each in shared.get("identifiers", []) if not each.startswith(f"{self._vendor}:")]
            shared["identifiers"] = list(dict.fromkeys([f"{system}:{shared['id']}", *foreign]))
        return shared

    def origin(self, account: str | None) -> Record:
        """Return what tells where a record of an account comes from."""
        return {"vendor": self._vendor, "account": account}

    def write(self, shared: Mapping[str, Any]) -> tuple[Record, list[str]]:
        """Return the vendor's record of one of the model's, and in words what of it has no place there."""
        left: list[str] = []
        given = {name: value for name, value in shared.items() if not people.says_nothing(value)}
        if self.name == "people":
            given = people.without_barred(given, left, holds_contact=self._holds_contact)
            if self._own and hasattr(self._own, "fitting"):
                given = self._own.fitting(given, left)
        known = {name: value for name, value in given.items() if name in self.properties}
        lost: list[str] = []
        record = self.table.write(known, lost)
        own = _ORIGIN | getattr(self._own, "WRITTEN", frozenset())
        left += [each if " " in each else f"{each}: no field" for each in lost if each not in own]
        if self.name == "people":
            record |= people.columns(given)
        if self._own:
            self._own.write(given, record)
        others = {name: value for name, value in given.items() if name not in self.properties}
        blank = [name for name in shared if name not in given]
        return {**dict.fromkeys(each for name in blank for each in self.names_of(name)), **others, **record}, left


def _module(vendor: str) -> Any:
    """The vendor's own module; None where the table says all."""
    if vendor not in {module.name for module in iter_modules(vendors.__path__)}:
        return None
    return import_module(f"{vendors.__name__}.{vendor}")
