"""What profiles and attributes have in common: the envelope of answers, and changes that are sent with care."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import Garbled, NotFound, VendorError
from typing_extensions import override

from target_osdi_crm.vendor import Order, Record, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_TRIES = 3
"""How often a change is sent, each time with what a new reading shows to be missing."""

_RESPELLED = {"Independent Unsubscribes": "IndependentUnsubscribes", "AttributeID": "AttributeId"} | {
    "EventRegistrationType": "EventRegistrationEventType"
}
"""Names in answers that the vendor's tables spell otherwise."""


class CrowdskoutStream(Stream):
    """A stream of one account."""

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        try:
            data = self.data("GET", f"{self.path}/{vendor_id}", params=self.fetched(order), repeatable=True)
        except NotFound:
            return None
        return respelled(data) if isinstance(data, dict) else None

    def fetched(self, order: Order) -> Mapping[str, str] | None:  # noqa: ARG002
        """What to ask for of a record, beside its id."""
        return None

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Add and change what a reading shows to be missing: sent twice, the same addition would be two items."""
        for left in reversed(range(MOST_TRIES)):
            body = self.changes(order, current or {})
            try:
                data = self.data("PUT", f"{self.path}/{vendor_id}", json=body, repeatable=False)
                return self.whole(order, self.shown(data))
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

    def shown(self, data: Any) -> Record:
        """The record in an answer to a write.

        Raises:
            Garbled: If it shows none.
        """
        if not isinstance(data, dict) or data.get("id") is None:
            raise Garbled("the answer shows no record", method="POST", path=self.path)
        shown: Record = respelled(data)
        return shown

    def data(self, method: str, path: str, **what: Any) -> Any:
        """Make a call and return what its envelope holds."""
        answer = self.account.call(method, path, **what)
        body = answer.json() if answer.content else None
        return body.get("data") if isinstance(body, dict) else None


def respelled(content: Any) -> Any:
    """An answer, or a part of one, with the names of the vendor's tables."""
    if isinstance(content, dict):
        return {_RESPELLED.get(name, name): respelled(value) for name, value in content.items()}
    return [respelled(each) for each in content] if isinstance(content, list) else content
