"""What a group invites people to do, such as petitions and events, and the messages it sends."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from typing_extensions import override

from target_osdi_crm.listing import ListedStream
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.action_network.stream import ActionNetworkStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    import osdi_crm_schemas

    from target_osdi_crm.vendor import Order, Record, Shaped

_SECONDS_BETWEEN_MESSAGES = 30.0


class Events(ActionNetworkStream):
    """Events, which may belong to a campaign."""

    @override
    def collection_path(self, order: Order) -> str:
        campaign = order.refers.get("event_campaign_id")
        return f"event_campaigns/{campaign}/events" if campaign else super().collection_path(order)


class NamedStream(ListedStream, ActionNetworkStream):
    """What is known by its name, which Action Network does not search."""

    @override
    def read_all(self) -> Iterable[Record]:
        return self.session.read_all(self.path)

    @override
    def create(self, order: Order) -> Record:
        return self.listed(super().create(order))

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        return self.listed(super().update(vendor_id, order, current))


class UniqueIdLists(NamedStream):
    """Lists of people."""

    @override
    def body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        body = super().body(order, operation)
        if members := order.refers.get("unique_ids"):
            body["unique_ids"] = members
        return body


class Outreaches(ActionNetworkStream):
    """What people said to their targets."""

    @override
    def require(self, action: str, order: Order) -> None:
        super().require(action, order)
        if action == "create" and len(order.values.get("targets") or ()) != 1:
            raise Rejection("not_one_target", "An outreach is recorded for exactly one target.")


class Messages(NamedStream):
    """E-mails to many: drafts, of which one may be made, or given other targets, in so many seconds."""

    _pace: threading.Lock
    _next_at: float

    @override
    def begin(self) -> None:
        super().begin()
        self._pace, self._next_at = threading.Lock(), 0.0

    @override
    def shape_values(self, shaped: Shaped) -> None:
        if shaped.values.get("targets") and not self.settings.ids_are_this_accounts:
            raise Rejection(
                "targets_of_another_account",
                "The message names saved queries, which are another account's. Without them it would address the whole"
                " list. Set 'ids_are_this_accounts' if they are this account's.",
            )
        if shaped.unwritable.get("status") not in {None, "draft", "calculating"}:
            raise Rejection("not_a_draft", "Only drafts are written; sending and scheduling are left to people.")

    @override
    def create(self, order: Order) -> Record:
        self._keep_pace()
        return super().create(order)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        if "targets" in order.values:
            self._keep_pace()
        return super().update(vendor_id, order, current)

    def _keep_pace(self) -> None:
        """Keep to one message, or change of its targets, in 30 seconds (actionnetwork.org/docs/v2/messages)."""
        with self._pace:
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            self._next_at = time.monotonic() + _SECONDS_BETWEEN_MESSAGES
