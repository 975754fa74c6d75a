"""Tags, which a group has once by their names, and taggings, the one thing that can be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_client.vendors import action_network as wire
from typing_extensions import override

from target_osdi_crm.vendors.action_network.stream import ActionNetworkStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_osdi_crm.vendor import Found, Order, Record


class Tags(ActionNetworkStream):
    """Tags."""

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        tag = self.session.tags.named(value)
        return [self.found(tag)] if tag else []

    @override
    def create(self, order: Order) -> Record:
        return self.session.tags.ensure([order.values["name"]])[0]


class Taggings(ActionNetworkStream):
    """Who carries a tag."""

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete a tagging (actionnetwork.org/docs/v2/taggings)."""
        person = order.refers.get("person_id")
        if vendor_id is None and person:
            vendor_id = self._tagging_of(person, order.refers["tag_id"])
        return vendor_id is not None and self.session.delete(f"{self.collection_path(order)}/{vendor_id}")

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        """Read a tagging, with its person, who stands in a link."""
        shown = super().fetch(vendor_id, order)
        return shown and {**shown, "person_id": wire.person_of(shown)}

    def _tagging_of(self, person: str, tag: str) -> str | None:
        shown = self.session.read_all(f"people/{person}/taggings")
        return next((wire.id_of(each) for each in shown if wire.link_id(each, "osdi:tag") == tag), None)
