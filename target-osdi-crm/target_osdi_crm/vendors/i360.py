"""Writing to i360: contacts as imports, volunteers, and what little else is known to be writable.

i360, API 2.0 (api.i-360.com; github.com/i-360/API-Examples).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

import osdi_crm_schemas
from osdi_crm_client.errors import ConfigurationError, Garbled, NotFound, Refused, VendorError
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import i360 as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.gathering import Gathering
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Session, Shaped, Stream, Vendor, corrected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import requests
    from osdi_crm_client.account import Account

    from target_osdi_crm.gathering import Replies
    from target_osdi_crm.settings import TargetSettings

logger = logging.getLogger("target-osdi-crm")

NAME = "i360"


@settings
class Settings:
    """What people can set about writing to i360."""

    contacts_per_import: int = setting(
        "i360 contacts per import",
        "How many contacts travel in one import; no limit is published, so that this one will do is assumed. With"
        " 1, an import that fails tells which contact is to blame.",
        default=100,
    )
    wait_for_import: float = setting(
        "i360 wait for imports",
        "Seconds to wait for an import to come to its end; 0 takes i360 at its word when it has accepted one,"
        " which does not mean that the contacts exist. What the states are called is assumed.",
        default=0,
    )
    tag_format: Literal["pairs", "object"] = setting(
        "i360 tag format",
        "How a contact's tags are sent: as pairs of Key and Value, the way version 1.1 takes them, or as one"
        " object with category and tag, the way another client of 2.0 sends one.",
        default="pairs",
    )
    unconfirmed_writes: bool = setting(
        "i360 unconfirmed writes",
        "Whether tags and notes of volunteers and attendees of events are written. i360 names these resources and"
        " publishes neither their paths nor their fields: all of it is assumed.",
        default=False,
    )
    write_paths: Mapping[str, Any] = setting(
        "i360 paths",
        "Corrects where a stream is written, below the organisation, by the stream's name, such as"
        ' {"volunteer_notes": "Volunteers/{VolunteerID}/Notes"}; and as "imports", where imports are followed.',
        default={},
        additionalProperties={"type": "string"},
    )


_PERSON = {"firstname": "FirstName", "lastname": "LastName", "address1": "Address1", "city": "City", "state": "State"}
"""What contacts are looked up by: parameter → property (github.com/i-360/API-Examples, "ContactsTests")."""

_IDENTITY = ("UID", "FirstName", "LastName", "Email", "Phone", "CellNumber")

_IMPORTS = Stream(name="imports", path="Imports")
"""Where imports are followed; nobody writes there."""

_ACCEPTED = "accepted as an import: not yet a contact"


class Organization(Session[Settings]):
    """What the streams of one organisation share.

    Attributes:
        paths: Where each stream is written, as the settings correct it.
    """

    @override
    def __init__(self, account: Account, settings: TargetSettings, own: Settings) -> None:
        super().__init__(account, settings, own)
        known = {stream.name: stream for stream in (*STREAMS, _IMPORTS)}
        self.paths = {name: stream.path for name, stream in known.items()}
        for name, path in own.write_paths.items():
            if name not in known:
                raise ConfigurationError(
                    f"The setting 'i360_write_paths' names '{name}', which is no stream that can be written."
                )
            self.paths[name] = corrected("i360_write_paths", known[name], path)


@dataclass(kw_only=True, eq=False)
class I360Stream(Stream):
    """A stream of one organisation.

    Attributes:
        id_name: The property that holds a record's id.
    """

    id_name: str
    session: Organization = field(init=False, repr=False)

    @override
    def bound(self, session: Session[Any]) -> Self:
        stream = super().bound(session)
        stream.path = stream.session.paths[self.name]
        return stream

    # Before a record is decided

    @override
    def shape(self, shaped: Shaped) -> None:
        own = shaped.unwritable.pop(self.id_name, None)
        shaped.own_id = str(own) if own is not None else shaped.own_id
        if self.subject and self.subject not in shaped.refers:
            raise Rejection("required fields missing", f"{self.name} need {self.subject}.")

    # While it is decided

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        try:
            path = f"{self.collection_path(order)}/{vendor_id}"
            return next(iter(self.session.ask("GET", path, self.rows, repeatable=True)), None)
        except NotFound:
            return None
        except Refused:
            return {}

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look through all that there is for what is just like it."""
        return [Found(each["id"], each) for each in self.read_all(order) if not self.differences(order, each)]

    def read_all(self, order: Order) -> list[Record]:
        """The whole collection that an order's record belongs to."""
        shown = self.session.ask("GET", self.collection_path(order), self.rows, repeatable=True)
        return [self.known_as(order, each) for each in shown]

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        path, body = self.collection_path(order), self.body(order, "create")
        return self._shown(order, self.account.call("POST", path, json=body, repeatable=False), None)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Change a record: with all that it shows, in case a PUT replaces it, and what is new."""
        names = osdi_crm_schemas.write_names(NAME, self.name, "update")
        shown = {names[name]: value for name, value in (current or {}).items() if name in names and value is not None}
        path, body = f"{self.collection_path(order)}/{vendor_id}", {**shown, **self.body(order, "update")}
        return self._shown(order, self.account.call("PUT", path, json=body, repeatable=True), vendor_id)

    def body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        """What is sent, under the names that the schema gives it."""
        names = osdi_crm_schemas.write_names(NAME, self.name, operation)
        body = {names[name]: value for name, value in order.values.items() if name in names}
        return body | {names[name]: _number(value) for name, value in order.refers.items() if name in names}

    def collection_path(self, order: Order) -> str:
        """Where a record is created."""
        return self.path.format_map(order.refers)

    def _shown(self, order: Order, answer: requests.Response, vendor_id: str | None) -> Record:
        """The record in an answer to a write; what was sent, where the answer shows nothing of it."""
        rows: list[Record] = []
        with suppress(Garbled):
            rows = self.rows(answer.json() if answer.content else None)
        shown = self.known_as(order, rows[0]) if rows else {"id": None}
        own = shown["id"] or vendor_id
        if answer.status_code != 204 and not own:
            raise Garbled("the answer shows no record", method="POST", path=self.path)
        if shown.keys() & order.values.keys():
            return {**shown, "id": own}
        order.notes.append("accepted: the answer does not show it")
        return {**order.values, "id": own}

    # Reading a record as the vendor shows it

    @override
    def id_of(self, record: Record) -> str | None:
        return record["id"] or None

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


class Contacts(I360Stream):
    """Contacts, which travel together as an import and have no ids to be told by."""

    _import: Gathering

    @override
    def bound(self, session: Session[Any]) -> Self:
        stream = super().bound(session)
        stream.batch_size = max(1, stream.session.own.contacts_per_import)
        stream._import = Gathering(stream.batch_size, stream._import_many)  # noqa: SLF001
        return stream

    @override
    def shape(self, shaped: Shaped) -> None:
        super().shape(shaped)
        tags = [each for each in shaped.values.pop("Tags", None) or () if each and each.get("Value")]
        if tags and self.session.own.tag_format == "object":
            if len(tags) > 1:
                shaped.withheld.append("further Tags")
            shaped.values["Tags"] = {"category": tags[0].get("Key"), "tag": tags[0]["Value"]}
        elif tags:
            shaped.values["Tags"] = [{"Key": each.get("Key"), "Value": each["Value"]} for each in tags]
        shaped.match_keys |= _emails_of(shaped.values)

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by name and address."""
        person = {parameter: order.values[given] for parameter, given in _PERSON.items() if order.values.get(given)}
        if not person:
            return None
        try:
            shown = self.session.ask("GET", self.path, self.rows, params=person, repeatable=True)
        except Refused:
            return None
        return [Found(each["id"], each) for each in shown if each["id"] and not self.differences(order, each)]

    @override
    def require(self, action: str, order: Order) -> None:
        if not any(order.values.get(name) for name in _IDENTITY):
            raise Rejection("nothing to know the person by", "Contacts need a name, an e-mail address or a phone.")

    @override
    def create(self, order: Order) -> Record:
        return self._import(order)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        order.values = {**order.values, self.id_name: _number(vendor_id)}
        return self._import(order)

    def _import_many(self, orders: Sequence[Order]) -> Replies:
        """Import contacts and follow the import where that is asked for.

        Raises:
            VendorError: If it was not accepted, or nobody knows.
        """
        names = {**osdi_crm_schemas.write_names(NAME, self.name, "create"), self.id_name: self.id_name}
        contacts = [{names[name]: value for name, value in order.values.items()} for order in orders]
        answer = self.account.call("POST", self.path, json={"Contacts": contacts}, repeatable=False)
        job = _lowered(answer.json()) if answer.content else {}
        if answer.status_code == 200 and not job:
            raise Garbled("the answer shows no import", method="POST", path=self.path)
        status, words = self._followed(job)
        replies: Replies = []
        for order in orders:
            if status == "failed":
                replies.append(Rejection("import failed", f"Import {job.get('id')} of {len(orders)} contacts: {words}"))
                continue
            order.notes.append("imported" if status == "done" else _ACCEPTED)
            own = order.values.get(self.id_name)
            tags = order.values.get("Tags")
            shown = {"Tags": [tags] if isinstance(tags, dict) else tags}
            replies.append({**order.values, **shown, "id": str(own) if own is not None else None})
        return replies

    def _followed(self, job: Record) -> tuple[str, str]:
        """Follow an import to its end, as long as the settings allow: what became of it, and the vendor's words.

        It stays accepted where it cannot be followed.
        """
        deadline = time.monotonic() + self.session.own.wait_for_import
        pause = 0.1
        while True:
            words = " ".join(str(job[name]) for name in ("status", "errors") if job.get(name))
            state = words.casefold()
            if "fail" in state or "error" in state:
                return "failed", words
            if "complete" in state and "incomplete" not in state:
                return "done", words
            if job.get("id") is None or time.monotonic() + pause > deadline:
                return "accepted", words
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
            path = f"{self.session.paths[_IMPORTS.name]}/{job['id']}"
            try:
                answer = self.account.call("GET", path, repeatable=True)
            except VendorError as error:
                logger.warning("i360: an import was accepted and cannot be followed to its end: %s.", error.why)
                return "accepted", words
            job = {**job, **(_lowered(answer.json()) if answer.content else {})}

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return _emails_of(record)

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        values = dict(order.values)
        tags = [values.pop("Tags")] if isinstance(values.get("Tags"), dict) else values.pop("Tags", None) or []
        shown = [tuple(map(verify.normal, each.values())) for each in record.get("Tags") or () if each]
        untagged = any(tuple(map(verify.normal, each.values())) not in shown for each in tags)
        return verify.differences(values, record) + ["Tags"] * untagged


class Volunteers(I360Stream):
    """Volunteers, known by their e-mail addresses."""

    @override
    def shape(self, shaped: Shaped) -> None:
        super().shape(shaped)
        shaped.match_keys |= _emails_of(shaped.values)

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        """Search by e-mail; i360 may pass over what it is asked for, so the answers are compared."""
        path, wanted = f"{self.path}/Search", {"Email": value}
        shown = self.session.ask("POST", path, self.rows, json=wanted, repeatable=True)
        return [Found(str(each["id"]), each) for each in shown if value in self.match_keys_of(each)["email"]]

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        return self.search("email", *_emails_of(order.values)["email"])

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return _emails_of(record)


class Unconfirmed(I360Stream):
    """What i360 names and says nothing about: notes and tags of volunteers, attendees of events."""

    _warned = False

    @override
    def shape(self, shaped: Shaped) -> None:
        if not self.session.own.unconfirmed_writes:
            raise Rejection(
                "not confirmed",
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


def _emails_of(record: Mapping[str, Any]) -> dict[str, list[str]]:
    """A record's e-mail address as a match key."""
    email = str(record.get("Email") or "").strip().lower()
    return {"email": [email] if email else []}


def _lowered(shown: Any) -> Record:
    return {str(name).lower(): value for name, value in shown.items()} if isinstance(shown, dict) else {}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


STREAMS = (
    Contacts(name="contacts", path="Contacts", id_name="ContactID", read_before_update=True, batched=True),
    Volunteers(
        name="volunteers",
        path="Volunteers",
        id_name="VolunteerID",
        read_before_update=True,
        required=("Email",),
        optional_refers=("CoordinatorID",),
        match_keys=("email",),
        default_match_keys=("email",),
    ),
    Tags(
        name="volunteer_tags",
        path="Volunteers/{VolunteerID}/Tags",
        id_name="TagID",
        can_update=False,
        required=("VolunteerID", "Name"),
        refers={"VolunteerID": "volunteers"},
        subject="VolunteerID",
    ),
    Unconfirmed(
        name="volunteer_notes",
        path="Volunteers/{VolunteerID}/Notes",
        id_name="NoteID",
        read_before_update=True,
        required=("VolunteerID", "Text"),
        refers={"VolunteerID": "volunteers"},
        subject="VolunteerID",
    ),
    Unconfirmed(
        name="event_attendees",
        path="Events/{EventID}/Attendees",
        id_name="AttendeeID",
        read_before_update=True,
        required=("EventID",),
        refers={"EventID": "events"},
        optional_refers=("ContactID", "VolunteerID"),
    ),
)

VENDOR = Vendor(
    name=NAME,
    streams={stream.name: stream for stream in STREAMS},
    people="volunteers",
    settings=Settings,
    session=Organization,
)
