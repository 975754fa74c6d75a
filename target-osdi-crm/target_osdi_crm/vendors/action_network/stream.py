"""A stream of Action Network's generic form: HAL records, what they refer to travelling as links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osdi_crm_schemas
from osdi_crm_client.vendors import action_network as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.answers import object_of
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Shaped, Stream
from target_osdi_crm.vendors.action_network.session import NAME, Group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_LINKS = {
    "person_id": ("osdi:person", "people"),
    "creator_person_id": ("osdi:creator", "people"),
    "organizer_person_id": ("osdi:organizer", "people"),
    "wrapper_id": ("osdi:wrapper", "wrappers"),
}
"""References that travel as links: relation and collection by property."""

_FILTERS = {"email": "email_address", "phone": "phone_number", "identifier": "identifier", "title": "title"}
"""Fields of `filter` by match key (actionnetwork.org/docs/v2, "OData filters")."""


class ActionNetworkStream(Stream):
    """A stream of one group."""

    session: Group

    # Before a record is decided

    @override
    def shape(self, shaped: Shaped) -> None:
        values = shaped.values
        foreign = [each for each in values.pop("identifiers", None) or () if not each.startswith("action_network:")]
        if foreign and self.session.own.send_identifiers:
            values["identifiers"] = foreign
        self.shape_values(shaped)
        if "origin_system" in osdi_crm_schemas.write_names(NAME, self.name, "create"):
            values.setdefault("origin_system", self.settings.source)
        if referrer := values.get("action_network_referrer_data"):
            referrer.pop("referrer", None)
        if place := values.get("location"):
            self.shape_address(place, "location", shaped)
            if not place:
                del values["location"]
        known_by = {name: [values[name]] for name in ("title", "name") if values.get(name)} | {"identifier": foreign}
        shaped.match_keys |= {key: known_by[key] for key in self.match_keys if key in known_by}

    def shape_values(self, shaped: Shaped) -> None:
        """Apply the stream's own rules, once identifiers are seen to."""

    def shape_address(self, place: Record, name: str, shaped: Shaped) -> None:
        """See that an address names its country: the vendor would make it one in the US."""
        if lines := place.get("address_lines"):
            place["address_lines"] = lines[:1]
        address = {part for part, value in place.items() if part not in {"venue", "country"} and value}
        if not address or place.get("country"):
            return
        if country := self.settings.default_country:
            place["country"] = country
            return
        shaped.withheld.append(f"{name} without a country")
        for part in address:
            del place[part]

    @override
    def foreign_id(self, source_key: str) -> str | None:
        prefix = self.session.own.identifier_prefix
        if not prefix or self.idempotent:
            return None
        return f"{prefix}:{self.name}-{self.session.hash_of(source_key)}"

    # While it is decided

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        return [self.found(each) for each in self.session.read_all(self.path, wire.equals(_FILTERS[key], value))]

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        return self.session.fetch(f"{self.item_path(order)}/{vendor_id}", object_of)

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by the foreign identifier; without one, for actions and lists made since of which nobody knows."""
        path, keys = self.collection_path(order), self.match_keys
        if order.foreign_id:
            wanted = wire.equals("identifier", order.foreign_id) if "identifier" in keys else ""
            shown = self.session.read_all(path, wanted)
            return [self.found(each) for each in shown if order.foreign_id in (each.get("identifiers") or ())]
        if self.subject:
            return None
        wanted = wire.equals("title", str(order.values.get("title", ""))) if "title" in keys else ""
        earliest = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [
            self.found(each)
            for each in self.session.read_all(path, wanted)
            if str(each.get("created_date", "")) >= earliest and not self.differences(order, each)
        ]

    @override
    def require(self, action: str, order: Order) -> None:
        super().require(action, order)
        names = [*(order.values.get("add_tags") or ()), *(order.values.get("tag_list") or ())]
        if self.session.own.unknown_tags == "reject" and (unknown := self.session.tags.unknown(names)):
            raise Rejection("unknown_tags", f"The group has no tag {', '.join(map(repr, unknown))}.")

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        self.session.tags.ensure(order.values.get("tag_list") or ())
        body = self.body(order, "create")
        if order.foreign_id:
            body["identifiers"] = [*body.get("identifiers", ()), order.foreign_id]
        if links := {
            relation: {"href": f"{self.account.base_url}/{collection}/{order.refers[name]}"}
            for name, (relation, collection) in _LINKS.items()
            if order.refers.get(name)
        }:
            body["_links"] = links
        return self.session.send("POST", self.collection_path(order), body, repeatable=self.idempotent)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        self.session.tags.ensure(order.values.get("tag_list") or ())
        path = f"{self.item_path(order)}/{vendor_id}"
        return self.session.send("PUT", path, self.body(order, "update"), repeatable=True)

    def body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        """What is sent, under the names that the schema gives it."""
        names = osdi_crm_schemas.write_names(NAME, self.name, operation)
        return {names[name]: value for name, value in order.values.items() if name in names}

    def collection_path(self, order: Order) -> str:
        """Where a record is created."""
        return self.item_path(order)

    def item_path(self, order: Order) -> str:
        """What the paths of its records begin with."""
        return self.path.format_map(order.refers)

    # Reading a record as the vendor shows it

    def found(self, record: Record) -> Found:
        """A record that a search shows."""
        return Found(self.id_of(record) or "", record)

    @override
    def id_of(self, record: Record) -> str | None:
        return wire.id_of(record)

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        named = {name: [record[name]] for name in ("title", "name") if record.get(name)}
        return {"identifier": record.get("identifiers") or (), **named}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        names = osdi_crm_schemas.vendor_names(NAME, self.name)
        sent = {names[name]: value for name, value in order.values.items() if name in names and name != "identifiers"}
        unlike = verify.differences(sent, record)
        person = order.refers.get("person_id")
        return [*unlike, "person_id"] if person and wire.person_of(record) not in {None, person} else unlike
