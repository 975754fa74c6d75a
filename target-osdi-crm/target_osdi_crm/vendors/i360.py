"""Writing to i360: contacts as imports, volunteers, and what little else is known to be writable."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, ClassVar

import osdi_crm_schemas
from osdi_crm_client.errors import ConfigurationError, Garbled, NotFound, Refused, VendorError
from osdi_crm_client.settings import NUMBER
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.gathering import Gathering
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Delegated, DelegatedTo, Found, Order, Record, Shaped, Stream, Vendor, corrected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import requests
    from osdi_crm_client.account import Account

    from target_osdi_crm.gathering import Replies

logger = logging.getLogger("target-osdi-crm")

_STREAMS = (
    Delegated(name="contacts", path="Contacts", read_before_update=True, batched=True),
    Delegated(
        name="volunteers",
        path="Volunteers",
        read_before_update=True,
        required=("Email",),
        optional_refers=("CoordinatorID",),
        match_keys=("email",),
        default_match_keys=("email",),
    ),
    Delegated(
        name="volunteer_tags",
        path="Volunteers/{VolunteerID}/Tags",
        can_update=False,
        required=("VolunteerID", "Name"),
        refers={"VolunteerID": "volunteers"},
        subject="VolunteerID",
    ),
    Delegated(
        name="volunteer_notes",
        path="Volunteers/{VolunteerID}/Notes",
        read_before_update=True,
        required=("VolunteerID", "Text"),
        refers={"VolunteerID": "volunteers"},
        subject="VolunteerID",
    ),
    Delegated(
        name="event_attendees",
        path="Events/{EventID}/Attendees",
        read_before_update=True,
        required=("EventID",),
        refers={"EventID": "events"},
        optional_refers=("ContactID", "VolunteerID"),
    ),
)

_IMPORTS = Delegated(name="imports", path="Imports")
"""Where imports are followed; nobody writes there."""

_KEYS = {
    "contacts": "ContactID",
    "volunteers": "VolunteerID",
    "volunteer_tags": "TagID",
    "volunteer_notes": "NoteID",
    "event_attendees": "AttendeeID",
}

_UNCONFIRMED = ("volunteer_tags", "volunteer_notes", "event_attendees")

_PERSON = {"firstname": "FirstName", "lastname": "LastName", "address1": "Address1", "city": "City", "state": "State"}
"""What contacts are looked up by: parameter → property (github.com/i-360/API-Examples, "ContactsTests")."""

_IDENTITY = ("UID", "FirstName", "LastName", "Email", "Phone", "CellNumber")

_ACCEPTED = "accepted as an import: not yet a contact"


class I360(DelegatedTo):
    """i360, API 2.0 (api.i-360.com; github.com/i-360/API-Examples)."""

    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "i360_contacts_per_import": {
            "type": "integer",
            "default": 100,
            "title": "i360 contacts per import",
            "description": "How many contacts travel in one import; no limit is published, so that this one will do is "
            "assumed. With 1, an import that fails tells which contact is to blame.",
        },
        "i360_wait_for_import": {
            **NUMBER,
            "default": 0,
            "title": "i360 wait for imports",
            "description": "Seconds to wait for an import to come to its end; 0 takes i360 at its word when it has "
            "accepted one, which does not mean that the contacts exist. What the states are called is assumed.",
        },
        "i360_tag_format": {
            "type": "string",
            "enum": ["pairs", "object"],
            "default": "pairs",
            "title": "i360 tag format",
            "description": "How a contact's tags are sent: as pairs of Key and Value, the way version 1.1 takes them, "
            "or as one object with category and tag, the way another client of 2.0 sends one.",
        },
        "i360_unconfirmed_writes": {
            "type": "boolean",
            "default": False,
            "title": "i360 unconfirmed writes",
            "description": "Whether tags and notes of volunteers and attendees of events are written. i360 names these "
            "resources and publishes neither their paths nor their fields: all of it is assumed.",
        },
        "i360_write_paths": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "title": "i360 paths",
            "description": "Corrects where a stream is written, below the organisation, by the stream's name, such as "
            '{"volunteer_notes": "Volunteers/{VolunteerID}/Notes"}; and as "imports", where imports are followed.',
        },
    }

    def __init__(self, account: Account, config: Mapping[str, Any]) -> None:
        super().__init__(account, config)
        known = {stream.name: stream for stream in (*_STREAMS, _IMPORTS)}
        self._paths = {name: stream.path for name, stream in known.items()}
        for name, path in (config.get("i360_write_paths") or {}).items():
            if name not in known:
                raise ConfigurationError(
                    f"The setting 'i360_write_paths' names '{name}', which is no stream that can be written."
                )
            self._paths[name] = corrected("i360_write_paths", known[name], path)
        self.gathers = max(1, int(config.get("i360_contacts_per_import") or 100))
        self._import = Gathering(self.gathers, self._import_contacts)
        self._warned: set[str] = set()

    @override
    def shape(self, stream: Stream, shaped: Shaped) -> None:
        if stream.name in _UNCONFIRMED:
            self._warn(stream.name)
        own = shaped.unwritable.pop(_KEYS[stream.name], None)
        shaped.own_id = str(own) if own is not None else shaped.own_id
        values = shaped.values
        if stream.name == "contacts":
            self._shape_contact(values, shaped)
        if stream.name in {"contacts", "volunteers"} and (email := str(values.get("Email") or "").strip().lower()):
            shaped.match_keys["email"] = [email]
        if stream.subject and stream.subject not in shaped.refers:
            raise Rejection("required fields missing", f"{stream.name} need {stream.subject}.")

    def _warn(self, stream: str) -> None:
        if not self.config.get("i360_unconfirmed_writes"):
            raise Rejection(
                "not confirmed",
                "i360 publishes nothing about writing these; they are written only with 'i360_unconfirmed_writes'.",
            )
        if stream not in self._warned:
            self._warned.add(stream)
            logger.warning("i360: that '%s' can be written at %s is an assumption.", stream, self._paths[stream])

    def _shape_contact(self, values: Record, shaped: Shaped) -> None:
        tags = [each for each in values.pop("Tags", None) or () if each and each.get("Value")]
        if not tags:
            return
        if self.config.get("i360_tag_format") == "object":
            if len(tags) > 1:
                shaped.withheld.append("further Tags")
            values["Tags"] = {"category": tags[0].get("Key"), "tag": tags[0]["Value"]}
        else:
            values["Tags"] = [{"Key": each.get("Key"), "Value": each["Value"]} for each in tags]

    @override
    def check(self, action: str, order: Order) -> None:
        given = {**order.values, **order.refers}
        if order.stream.name == "contacts" and not any(given.get(name) for name in _IDENTITY):
            raise Rejection("nothing to know the person by", "Contacts need a name, an e-mail address or a phone.")
        if action == "create" and (lacking := [name for name in order.stream.required if not given.get(name)]):
            raise Rejection("required fields missing", f"To create one, {order.stream.name} need {', '.join(lacking)}.")

    @override
    def find(self, stream: Stream, key: str, value: str) -> Sequence[Found]:
        """Search volunteers by e-mail; i360 may pass over what it is asked for, so the answers are compared."""
        answer = self.account.call("POST", f"{self._paths[stream.name]}/Search", json={"Email": value}, repeatable=True)
        found = [_folded(stream, each) for each in _listed(stream, answer)]
        return [Found(str(each["id"]), each) for each in found if value in self.keys_of(stream, each)["email"]]

    @override
    def read(self, vendor_id: str, order: Order) -> Record | None:
        stream = order.stream
        if not stream.can_update:
            return next((each for each in self._all(order) if each["id"] == vendor_id), None)
        try:
            answer = self.account.call("GET", f"{self._path(order)}/{vendor_id}", repeatable=True)
        except NotFound:
            return None
        except Refused:
            return {}
        return next((_folded(stream, each) for each in _listed(stream, answer)), None)

    @override
    def look_up(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look for a contact by name and address, for a volunteer by e-mail, for the rest in their collections."""
        name = order.stream.name
        if name == "volunteers":
            return self.find(order.stream, "email", str(order.values["Email"]).strip().lower())
        if name != "contacts":
            return [Found(each["id"], each) for each in self._all(order) if not self.differences(order, each)]
        person = {parameter: order.values[given] for parameter, given in _PERSON.items() if order.values.get(given)}
        if not person:
            return None
        try:
            answer = self.account.call("GET", self._paths[name], params=person, repeatable=True)
        except Refused:
            return None
        found = [_folded(order.stream, each) for each in _listed(order.stream, answer)]
        return [Found(each["id"], each) for each in found if each["id"] and not self.differences(order, each)]

    @override
    def create(self, order: Order) -> Record:
        if order.stream.name == "contacts":
            return self._import(order)
        answer = self.account.call("POST", self._path(order), json=self._body(order, "create"), repeatable=False)
        return self._shown(order, answer, None)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Change a record: with all that it shows, in case a PUT replaces it, and what is new."""
        if order.stream.name == "contacts":
            order.values = {**order.values, "ContactID": _number(vendor_id)}
            return self._import(order)
        names = osdi_crm_schemas.write_names("i360", order.stream.name, "update")
        shown = {names[name]: value for name, value in (current or {}).items() if name in names and value is not None}
        body = {**shown, **self._body(order, "update")}
        answer = self.account.call("PUT", f"{self._path(order)}/{vendor_id}", json=body, repeatable=True)
        return self._shown(order, answer, vendor_id)

    @override
    def id_of(self, record: Record) -> str | None:
        return record["id"] or None

    @override
    def keys_of(self, stream: Stream, record: Record) -> Mapping[str, Sequence[str]]:
        email = record.get("Email")
        return {"email": [str(email).strip().lower()] if email else []}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        values = dict(order.values)
        tags = [values.pop("Tags")] if isinstance(values.get("Tags"), dict) else values.pop("Tags", None) or []
        shown = [tuple(map(verify.normal, each.values())) for each in record.get("Tags") or () if each]
        untagged = any(tuple(map(verify.normal, each.values())) not in shown for each in tags)
        return verify.differences(values, record) + ["Tags"] * untagged

    def _import_contacts(self, orders: Sequence[Order]) -> Replies:
        """Import contacts and follow the import where that is asked for.

        Raises:
            VendorError: If it was not accepted, or nobody knows.
        """
        names = {**osdi_crm_schemas.write_names("i360", "contacts", "create"), "ContactID": "ContactID"}
        contacts = [{names[name]: value for name, value in order.values.items()} for order in orders]
        answer = self.account.call("POST", self._paths["contacts"], json={"Contacts": contacts}, repeatable=False)
        job = _lowered(answer.json()) if answer.content else {}
        if answer.status_code == 200 and not job:
            raise Garbled("the answer shows no import", method="POST", path=self._paths["contacts"])
        status, words = self._followed(job)
        replies: Replies = []
        for order in orders:
            if status == "failed":
                replies.append(Rejection("import failed", f"Import {job.get('id')} of {len(orders)} contacts: {words}"))
                continue
            order.notes.append("imported" if status == "done" else _ACCEPTED)
            own = order.values.get("ContactID")
            tags = order.values.get("Tags")
            shown = {"Tags": [tags] if isinstance(tags, dict) else tags}
            replies.append({**order.values, **shown, "id": str(own) if own is not None else None})
        return replies

    def _followed(self, job: Record) -> tuple[str, str]:
        """Follow an import to its end, as long as the settings allow: what became of it, and the vendor's words.

        It stays accepted where it cannot be followed.
        """
        deadline = time.monotonic() + float(self.config.get("i360_wait_for_import") or 0)
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
            try:
                answer = self.account.call("GET", f"{self._paths[_IMPORTS.name]}/{job['id']}", repeatable=True)
            except VendorError as error:
                logger.warning("i360: an import was accepted and cannot be followed to its end: %s.", error.why)
                return "accepted", words
            job = {**job, **(_lowered(answer.json()) if answer.content else {})}

    def _shown(self, order: Order, answer: requests.Response, vendor_id: str | None) -> Record:
        """The record in an answer to a write; what was sent, where the answer shows nothing of it."""
        shown = next((self._own(order, each) for each in _listed(order.stream, answer)), {"id": None})
        own = shown["id"] or vendor_id
        if answer.status_code != 204 and not own:
            raise Garbled("the answer shows no record", method="POST", path=order.stream.path)
        if shown.keys() & order.values.keys():
            return {**shown, "id": own}
        order.notes.append("accepted: the answer does not show it")
        return {**order.values, "id": own}

    def _all(self, order: Order) -> list[Record]:
        answer = self.account.call("GET", self._path(order), repeatable=True)
        return [self._own(order, each) for each in _listed(order.stream, answer)]

    def _own(self, order: Order, shown: Record) -> Record:
        """A record by the names of its properties; tags, which volunteers share, with an id of the volunteer's own."""
        record = _folded(order.stream, shown)
        if order.stream.name == "volunteer_tags" and record["id"]:
            record["id"] = f"{order.refers['VolunteerID']}/{record['id']}"
        return record

    def _path(self, order: Order) -> str:
        return self._paths[order.stream.name].format_map(order.refers)

    def _body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        names = osdi_crm_schemas.write_names("i360", order.stream.name, operation)
        body = {names[name]: value for name, value in order.values.items() if name in names}
        return body | {names[name]: _number(value) for name, value in order.refers.items() if name in names}


def _listed(stream: Stream, answer: requests.Response) -> list[Record]:
    """The records of an answer: the list itself, the first list in it, or itself one record; none of a 204."""
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        names = {osdi_crm_schemas.fold(name) for name in body}
        lists = [each for each in body.values() if isinstance(each, list)]
        is_record = osdi_crm_schemas.fold(_KEYS[stream.name]) in names or not lists
        body = [body] if is_record else next(filter(None, lists), [body] if "id" in names else [])
    return [each for each in body if isinstance(each, dict)] if isinstance(body, list) else []


def _folded(stream: Stream, shown: Record) -> Record:
    """A record by the names of its properties, whatever their letter case, and its id as `id`."""
    names = osdi_crm_schemas.property_names("i360", stream.name)
    record = {names.get(osdi_crm_schemas.fold(name), name): value for name, value in shown.items()}
    own = record.get(_KEYS[stream.name], _lowered(shown).get("id"))
    return {**record, "id": str(own) if own is not None else None}


def _lowered(shown: Any) -> Record:
    return {str(name).lower(): value for name, value in shown.items()} if isinstance(shown, dict) else {}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


VENDOR = Vendor(
    streams={stream.name: stream for stream in _STREAMS},
    people="volunteers",
    settings=I360.settings,
    shaping=tuple(I360.settings),
    session=I360,
)
