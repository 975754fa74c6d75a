"""Journeys along a path, which actions of their own bring into a status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_client.vendors import nationbuilder as wire
from typing_extensions import override

from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.nationbuilder.session import shown
from target_osdi_crm.vendors.nationbuilder.stream import NationBuilderStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_osdi_crm.vendor import Found, Order, Record, Shaped

_ACTIONS = {"active": "reactivate", "completed": "complete", "abandoned": "abandon", "deleted": "void"}
"""What brings a journey into each status (released.yaml, "/path_journeys/{id}/…")."""


class Journeys(NationBuilderStream):
    """Somebody's journeys along paths."""

    @override
    def shape_values(self, shaped: Shaped) -> None:
        if status := shaped.unwritable.get("journey_status"):
            shaped.values["journey_status"] = status

    @override
    def search_alike(self, order: Order) -> Sequence[Found]:
        """Search for one that is under way, or ended as this one did."""
        return [
            each
            for each in self.alike(order)
            if (each.record or {}).get("journey_status", "active") in {"active", order.values.get("journey_status")}
        ]

    @override
    def create(self, order: Order) -> Record:
        return self._in_its_status(order, super().create(order))

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        return self._in_its_status(order, super().update(vendor_id, order, current))

    def _in_its_status(self, order: Order, reply: Record) -> Record:
        """Bring a journey into the status that the record gives it."""
        wanted = order.values.get("journey_status")
        if not wanted or reply.get("journey_status") == wanted:
            return reply
        if wanted not in _ACTIONS:
            raise Rejection("unknown_status", f"journey_status is none of {', '.join(_ACTIONS)}.")
        reason = order.refers.get("path_journey_status_change_id")
        params = {"path_journey_status_change_id": reason} if reason and wanted in {"completed", "abandoned"} else {}
        path = f"{self.path}/{reply['id']}/{_ACTIONS[wanted]}"
        return shown(self.name, self.session.ask("PATCH", path, wire.record, params=params, repeatable=False))
