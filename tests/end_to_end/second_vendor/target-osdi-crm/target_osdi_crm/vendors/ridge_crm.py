"""Writing to Ridge CRM: people, with their consent; lists, and who is on them (API v2, ridge.example/docs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osdi_crm_schemas
from osdi_crm_client import paging, times
from osdi_crm_client.vendors import ridge_crm as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.consent import BLOCKED, IN, NEITHER, OUT, Channel
from target_osdi_crm.intake import addresses
from target_osdi_crm.listing import ListedStream
from target_osdi_crm.vendor import Order, Record, Shaped, Stream, Vendor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_CHANNELS: Mapping[addresses.Kind, tuple[str, str]] = {"email": ("emails", "address"), "phone": ("phones", "number")}
"""Channel of consent → the property that holds its addresses, and the name of each in there."""

_COLUMNS = {str(channel): place for channel, place in _CHANNELS.items()}
"""Flat columns, folded, and where they belong."""

_STATUSES = {"subscribed": IN, "unsubscribed": OUT, "blocked": BLOCKED}
"""What `email_status` and `phone_status` mean (ridge.example/docs, "A person")."""


class RidgeCRMStream(Stream):
    """A stream of an account: a POST of what exists is refused and tells its id, so it may be sent twice."""

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        return self.session.fetch(f"{self.path}/{vendor_id}", self._record)

    @override
    def create(self, order: Order) -> Record:
        return self.session.ask("POST", self.path, self._record, json=self.body(order, "create"), repeatable=True)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        body = self.body(order, "update")
        return self.session.ask("PATCH", f"{self.path}/{vendor_id}", self._record, json=body, repeatable=True)

    def _record(self, body: Record) -> Record:
        return wire.record(self.name, body)

    def body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        """What is sent, under the names that the schema gives it, with times as the vendor counts them."""
        names = osdi_crm_schemas.write_names("ridge_crm", self.name, operation)
        given = {**order.values, **order.refers}
        body = {name: given[each] for each, name in names.items() if each in given}
        if "joined" in body:
            body["joined"] = times.counted(body["joined"], wire.JOINED_PER_SECOND)
        return body


class People(ListedStream, RidgeCRMStream):
    """People, known by their e-mail addresses, of which each may have several."""

    columns = _COLUMNS

    @override
    def begin(self) -> None:
        super().begin()
        self._region = addresses.region(self.settings.default_country)

    @override
    def read_all(self) -> Iterable[Record]:
        return paging.rows(self.account, wire.collection(self.path))

    @override
    def shape(self, shaped: Shaped) -> None:
        values = shaped.values
        for field, part in _CHANNELS.values():
            if field in values:
                values[field] = [{part: each[part].strip()} for each in _entries(values, field, part)]
        shaped.match_keys |= {channel: list(own) for channel, own in self.addresses_of(values).items()}

    @override
    def create(self, order: Order) -> Record:
        return self.listed(super().create(order))

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        return self.listed(super().update(vendor_id, order, current))

    @override
    def body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        return super().body(order, operation) | {f"{channel}_status": each for channel, each in order.statuses.items()}

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return self.addresses_of(record)

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return {
            channel: [addresses.normal(channel, each[part], self._region) for each in _entries(record, field, part)]
            for channel, (field, part) in _CHANNELS.items()
        }

    @override
    def statuses_of(self, record: Record) -> Mapping[str, str | None]:
        """The consent: None without an address, and a status nobody has told us of is left alone."""
        statuses: dict[str, str | None] = {}
        for channel, own in self.addresses_of(record).items():
            word = record.get(f"{channel}_status")
            statuses[channel] = (_STATUSES.get(word, BLOCKED) if word else NEITHER) if own else None
        return statuses

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        values = {name: value for name, value in order.values.items() if name not in {"emails", "phones"}}
        ours, theirs, statuses = self.addresses_of(order.values), self.addresses_of(record), self.statuses_of(record)
        return [
            *verify.differences(values, record),
            *(field for channel, (field, _) in _CHANNELS.items() if not set(ours[channel]) <= set(theirs[channel])),
            *(f"{channel}_status" for channel, each in order.statuses.items() if statuses[channel] != each),
        ]


def _entries(record: Record, field: str, part: str) -> list[Record]:
    """The entries of a list that have an address."""
    return [each for each in record.get(field) or () if each.get(part)]


_STREAMS = (
    People(
        name="people",
        path="people",
        idempotent=True,
        required=("emails",),
        match_keys=("email", "phone"),
        default_match_keys=("email",),
        channels={
            "email": Channel(includes=("contact",)),
            "phone": Channel(includes=("calls", "federal calls", "contact")),
        },
    ),
    RidgeCRMStream(name="lists", path="lists", can_update=False, idempotent=True, required=("name",)),
    RidgeCRMStream(
        name="memberships",
        path="memberships",
        idempotent=True,
        required=("person_id", "list_id"),
        subject="person_id",
    ),
)

VENDOR = Vendor(name="ridge_crm", streams={stream.name: stream for stream in _STREAMS}, people="people")
