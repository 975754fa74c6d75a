"""What i360's streams have in common: names in any letter case, and answers that may show nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client.errors import ConfigurationError, Garbled, Refused
from osdi_crm_client.vendors import i360 as wire
from typing_extensions import override

from target_osdi_crm.intake import addresses
from target_osdi_crm.intake.values import key
from target_osdi_crm.paths import corrected
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Session, Shaped, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from target_osdi_crm.vendors.i360.settings import Settings

NAME = "i360"

PATHS = {
    "contacts": "Contacts",
    "volunteers": "Volunteers",
    "volunteer_tags": "Volunteers/{VolunteerID}/Tags",
    "volunteer_notes": "Volunteers/{VolunteerID}/Notes",
    "event_attendees": "Events/{EventID}/Attendees",
    "imports": "Imports",
}
"""Where each stream is written, and where imports are followed, below the organisation."""


@dataclass(kw_only=True, eq=False)
class I360Stream(Stream):
    """A stream of one organisation.

    Attributes:
        id_name: The property that holds a record's id.
    """

    id_name: str
    session: Session[Settings] = field(init=False, repr=False)

    @override
    def begin(self) -> None:
        self.path = path(self.session.own, self.name)

    # Before a record is decided

    @override
    def shape(self, shaped: Shaped) -> None:
        shaped.own_id = key(self.id_name, shaped.unwritable.pop(self.id_name, None)) or shaped.own_id
        if self.subject and self.subject not in shaped.refers:
            raise Rejection("required_fields_missing", f"{self.name} need {self.subject}.")

    # While it is decided

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        try:
            rows = self.session.fetch(f"{self.collection_path(order)}/{vendor_id}", self.rows)
        except Refused:
            return {}
        return rows[0] if rows else None

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look through all that there is for what is just like it."""
        return [Found(each["id"], each) for each in self.read_all(order) if not self.differences(order, each)]

    def read_all(self, order: Order) -> list[Record]:
        """The whole collection that an order's record belongs to."""
        shown = self.session.get(self.collection_path(order), self.rows)
        return [self.known_as(order, each) for each in shown]

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        return self.send("POST", self.collection_path(order), order, self.body(order, "create"), repeatable=False)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Change a record: with all that it shows, in case a PUT replaces it, and what is new."""
        names = osdi_crm_schemas.write_names(NAME, self.name, "update")
        shown = {names[name]: value for name, value in (current or {}).items() if name in names and value is not None}
        path, body = f"{self.collection_path(order)}/{vendor_id}", {**shown, **self.body(order, "update")}
        reply = self.send("PUT", path, order, body, repeatable=True)
        return {**reply, "id": reply["id"] or vendor_id}

    def body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        """What is sent, under the names that the schema gives it."""
        names = osdi_crm_schemas.write_names(NAME, self.name, operation)
        body = {names[name]: value for name, value in order.values.items() if name in names}
        return body | {names[name]: number(value) for name, value in order.refers.items() if name in names}

    def collection_path(self, order: Order) -> str:
        """Where a record is created."""
        return self.path.format_map(order.refers)

    def send(self, method: str, path: str, order: Order, body: Record, *, repeatable: bool) -> Record:
        """Send a body and return the record in the answer; what was sent, where the answer shows nothing of it.

        Raises:
            Garbled: If a new record is shown without an id.
        """
        answer = self.account.call(method, path, json=body, repeatable=repeatable)
        rows: list[Record] = []
        with suppress(Garbled):
            rows = self.rows(answer.json() if answer.content else None)
        shown = self.known_as(order, rows[0]) if rows else {"id": None}
        if method == "POST" and answer.status_code != 204 and not shown["id"]:
            raise Garbled("the answer shows no record", method=method, path=path)
        if shown.keys() & order.values.keys():
            return shown
        order.notes.append("accepted: the answer does not show it")
        return {**order.values, "id": shown["id"]}

    # Reading a record as the vendor shows it

    @override
    def id_of(self, record: Record) -> str | None:
        return record["id"] or None

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        kinds: dict[str, addresses.Kind] = {"email": "email", "phone": "phone"}
        region = addresses.region(self.settings.default_country)
        return {
            name: [
                addresses.normal(kinds[name], str(record[each]), region) for each in channel.fields if record.get(each)
            ]
            for name, channel in self.channels.items()
        }

    def known_as(self, order: Order, record: Record) -> Record:  # noqa: ARG002
        """A record with an id that no other of its stream has."""
        return record

    def rows(self, body: Any) -> list[Record]:
        """The records of an answer, none of an empty one, by the names of their properties and with their id as `id`.

        Raises:
            Garbled: If there is nothing of the kind.
        """
        try:
            return [self.spelled(row) for row in wire.rows(body, name=self.name, key=self.id_name)]
        except Garbled as error:
            raise Garbled("the answer shows no list", method="GET", path=self.path) from error

    def spelled(self, row: Mapping[str, Any]) -> Record:
        """A record by the names of its properties, whatever their letter case, and with its id as `id`."""
        names = osdi_crm_schemas.property_names(NAME, self.name)
        record = wire.spelled(row, lambda name: names.get(osdi_crm_schemas.fold(name), name))
        own = record.get(self.id_name, wire.named(row, "id"))
        return {**record, "id": str(own) if own is not None else None}


def path(own: Settings, name: str) -> str:
    """Where a stream is written, or imports are followed, as the settings correct it.

    Raises:
        ConfigurationError: If they correct another path, or one with a placeholder that nothing fills.
    """
    for given in own.write_paths:
        if given not in PATHS:
            raise ConfigurationError(
                f"The setting 'i360_write_paths' names '{given}', which is no stream that can be written."
            )
    return corrected("i360_write_paths", name, PATHS[name], own.write_paths.get(name, PATHS[name]))


def emails_of(record: Mapping[str, Any]) -> dict[str, list[str]]:
    """A record's e-mail address as a match key."""
    email = str(record.get("Email") or "").strip().lower()
    return {"email": [email] if email else []}


def number(value: Any) -> Any:
    """An id as the number that it is."""
    return int(value) if isinstance(value, str) and value.isdigit() else value
