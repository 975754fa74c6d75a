"""Volunteers, and what i360 names and says nothing about: their notes and tags, and attendees of events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from typing_extensions import override

from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Shaped
from target_osdi_crm.vendors.i360.stream import I360Stream, emails_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

logger = logging.getLogger("target-osdi-crm")


class Volunteers(I360Stream):
    """Volunteers, known by their e-mail addresses."""

    @override
    def begin(self) -> None:
        super().begin()
        self.can_delete = self.session.own.unconfirmed_writes

    @override
    def shape(self, shaped: Shaped) -> None:
        super().shape(shaped)
        shaped.match_keys |= emails_of(shaped.values)

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete a volunteer; the path is assumed."""
        return vendor_id is not None and self.session.delete(f"{self.path}/{vendor_id}")

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        """Search by e-mail; i360 may pass over what it is asked for, so the answers are compared."""
        path, wanted = f"{self.path}/Search", {"Email": value}
        shown = self.session.ask("POST", path, self.rows, json=wanted, repeatable=True)
        return [Found(str(each["id"]), each) for each in shown if value in self.match_keys_of(each)["email"]]

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        return self.search("email", *emails_of(order.values)["email"])

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return emails_of(record)


class Unconfirmed(I360Stream):
    """What is written on assumptions alone."""

    _warned = False

    @override
    def shape(self, shaped: Shaped) -> None:
        if not self.session.own.unconfirmed_writes:
            raise Rejection(
                "not_confirmed",
                "i360 publishes nothing about writing these; they are written only with 'i360_unconfirmed_writes'.",
            )
        if not self._warned:
            self._warned = True
            logger.warning("i360: that '%s' can be written at %s is an assumption.", self.name, self.path)
        super().shape(shaped)


class Tags(Unconfirmed):
    """Tags of volunteers; several carry the same, so each is told by its volunteer, too."""

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        return next((each for each in self.read_all(order) if each["id"] == vendor_id), None)

    @override
    def known_as(self, order: Order, record: Record) -> Record:
        return {**record, "id": f"{order.refers['VolunteerID']}/{record['id']}"} if record["id"] else record
