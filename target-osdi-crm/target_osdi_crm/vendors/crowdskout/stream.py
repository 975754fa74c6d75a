"""What profiles and attributes have in common: the envelope of answers, and changes that are sent with care."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Garbled, VendorError
from osdi_crm_client.vendors import crowdskout as wire
from typing_extensions import override

from target_osdi_crm.vendor import Order, Record, Session, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.vendor import Shaped
    from target_osdi_crm.vendors.crowdskout.settings import Settings

MOST_TRIES = 3
"""How often a change is sent, each time with what a new reading shows to be missing."""


class CrowdskoutStream(Stream):
    """A stream of one account."""

    session: Session[Settings]

    def without_deletions(self, items: list[Record], name: str, shaped: Shaped) -> list[Record]:
        """Items, or options, without those to be deleted, unless that is allowed."""
        deleted = [item for item in items if item.get("delete")]
        if deleted and self.settings.allow_delete:
            shaped.deletes_items = True
        elif deleted:
            shaped.withheld.append(f"deletion of {name}: 'allow_delete' is not set")
            return [item for item in items if not item.get("delete")]
        return items

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        return self.session.fetch(f"{self.path}/{vendor_id}", _record, params=self.fetched(order))

    def fetched(self, order: Order) -> Mapping[str, str] | None:  # noqa: ARG002
        """What to ask for of a record, beside its id."""
        return None

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Add and change what a reading shows to be missing: sent twice, the same addition would be two items."""
        for left in reversed(range(MOST_TRIES)):
            body = self.changes(order, current or {})
            try:
                return self.whole(order, self.send("PUT", f"{self.path}/{vendor_id}", body))
            except VendorError as error:
                if not error.may_have_happened or not left:
                    raise
            time.sleep(self.account.index_lag)
            current = self.fetch(vendor_id, order)
            if current and not self.differences(order, current):
                return current
        raise AssertionError

    @abstractmethod
    def changes(self, order: Order, current: Record) -> Record:
        """The body that makes a record what it is to be.

        Raises:
            Rejection: If it cannot be changed.
        """

    def whole(self, order: Order, reply: Record) -> Record:
        """The reply, read once more where it lacks something: it may show a part of the record only."""
        if not self.differences(order, reply):
            return reply
        return self.fetch(str(reply["id"]), order) or reply

    def send(self, method: str, path: str, body: Record) -> Record:
        """Send a body, never again where the answer is lost, and return the record in the answer.

        Raises:
            Garbled: If it shows none.
        """
        return self.session.ask(
            method, path, lambda answer: _shown(_record(answer), method, path), json=body, repeatable=False
        )


def deletion(given: Record) -> Record:
    """What an item, or an option, says of its deletion, as it is sent; nothing where it is to stay."""
    return {"delete": True} if str(given.get("delete")).lower() == "true" else {}


def _shown(record: Record | None, method: str, path: str) -> Record:
    if record is None or wire.id_of(record) is None:
        raise Garbled("the answer shows no record", method=method, path=path)
    return record


def _record(body: Any) -> Record | None:
    """The record of an answer, with the names of the vendor's tables."""
    data = wire.data(body)
    return wire.respelled(data, wire.ONE_NAME) if isinstance(data, dict) else None
