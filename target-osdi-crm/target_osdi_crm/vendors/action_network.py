"""Writing to Action Network: people, tags, actions, and what people did in them."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import osdi_crm_schemas
from osdi_crm_client.errors import NotFound
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.consent import BLOCKED, IN, OUT, RequestedConsent
from target_osdi_crm.journal import CHANGE, EACH_RUN
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Delegated, DelegatedTo, Found, Order, Record, Shaped, Stream, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.account import Account


def _action(name: str, **more: Any) -> Stream:
    return Delegated(
        name=name,
        path=name,
        required=("title", "origin_system"),
        optional_refers=("creator_person_id", "organizer_person_id"),
        match_keys=("identifier", "title"),
        **more,
    )


def _deed(name: str, action: str, **more: Any) -> Stream:
    """What a person did in an action (a signature, a donation, …)."""
    parent = f"{action.removesuffix('s')}_id"
    return Delegated(
        name=name,
        path=f"{action}/{{{parent}}}/{name}",
        required=(parent, "person_id"),
        subject="person_id",
        match_keys=("identifier",),
        **more,
    )


_STREAMS = (
    Delegated(
        name="people",
        path="people",
        idempotent=True,
        match_keys=("email", "phone", "identifier"),
        default_match_keys=("email", "phone"),
    ),
    Delegated(
        name="tags",
        path="tags",
        can_update=False,
        idempotent=True,
        required=("name",),
        match_keys=("name",),
        default_match_keys=("name",),
    ),
    Delegated(
        name="taggings",
        path="tags/{tag_id}/taggings",
        can_update=False,
        can_delete=True,
        idempotent=True,
        required=("tag_id", "person_id"),
        subject="person_id",
    ),
    _action("petitions"),
    _action("events"),
    _action("forms"),
    _action("fundraising_pages"),
    _action("advocacy_campaigns"),
    _action("surveys"),
    _action("event_campaigns"),
    _deed("signatures", "petitions", idempotent=True),
    _deed("attendances", "events", idempotent=True),
    _deed("submissions", "forms", idempotent=True),
    _deed("donations", "fundraising_pages", can_update=False),
    _deed("outreaches", "advocacy_campaigns"),
    _deed("responses", "surveys"),
    Delegated(
        name="unique_id_lists",
        path="unique_id_lists",
        required=("name",),
        refers={"unique_ids": "people"},
        match_keys=("name",),
    ),
    Delegated(
        name="messages",
        path="messages",
        required=("subject", "body", "from", "reply_to"),
        optional_refers=("creator_person_id", "wrapper_id"),
        match_keys=("name",),
    ),
)

_CHANNELS = {"email": ("email_addresses", "address"), "phone": ("phone_numbers", "number")}

_STATUSES = {
    "subscribed": IN,
    "unsubscribed": OUT,
    "bouncing": BLOCKED,
    "previous bounce": BLOCKED,
    "spam complaint": BLOCKED,
    "previous spam complaint": BLOCKED,
}

_LINKS = {
    "person_id": ("osdi:person", "people"),
    "creator_person_id": ("osdi:creator", "people"),
    "organizer_person_id": ("osdi:organizer", "people"),
    "wrapper_id": ("osdi:wrapper", "wrappers"),
}
"""References that travel as links: relation and collection by property."""

_FILTERS = {"email": "email_address", "phone": "phone_number", "identifier": "identifier", "title": "title"}
"""Fields of `filter` by match key (actionnetwork.org/docs/v2, "OData filters")."""

_SECONDS_BETWEEN_MESSAGES = 30.0

_NAMES = {stream.name: osdi_crm_schemas.vendor_names("action_network", stream.name) for stream in _STREAMS}

_FLAT = {
    "email": ("email_addresses", "address"),
    "emailaddress": ("email_addresses", "address"),
    "emailstatus": ("email_addresses", "status"),
    "phone": ("phone_numbers", "number"),
    "phonenumber": ("phone_numbers", "number"),
    "phonestatus": ("phone_numbers", "status"),
    "street": ("postal_addresses", "address_lines"),
    "address": ("postal_addresses", "address_lines"),
    "locality": ("postal_addresses", "locality"),
    "city": ("postal_addresses", "locality"),
    "region": ("postal_addresses", "region"),
    "state": ("postal_addresses", "region"),
    "postalcode": ("postal_addresses", "postal_code"),
    "zip": ("postal_addresses", "postal_code"),
    "country": ("postal_addresses", "country"),
    "language": ("languages_spoken", ""),
}
"""Flat columns of people, folded, and where they belong."""

_CUSTOM = re.compile(r"custom_(.+)", re.IGNORECASE)


class ActionNetwork(DelegatedTo):
    """Action Network, API v2 (actionnetwork.org/docs/v2)."""

    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "action_network_unknown_tags": {
            "type": "string",
            "enum": ["create", "reject"],
            "default": "create",
            "title": "Unknown tags",
            "description": "What to do with a tag that the group does not have: create it, or reject the record. "
            "Action Network itself would drop it without a word.",
        },
        "action_network_identifier_prefix": {
            "type": "string",
            "title": "Identifier prefix",
            "description": "Send a foreign identifier, made of this prefix and a hash of account, source and key, with "
            "each new donation, outreach, response and action, so that it can be found again when an answer is lost. "
            "Identifiers are unique in all of Action Network and can never be removed: choose a prefix of your own.",
        },
        "action_network_send_identifiers": {
            "type": "boolean",
            "default": False,
            "title": "Send foreign identifiers",
            "description": "Send the foreign identifiers that records carry. They are unique in the whole of Action "
            "Network and can never be removed, so records copied from another group must not bring theirs.",
        },
    }

    def __init__(self, account: Account, config: Mapping[str, Any]) -> None:
        super().__init__(account, config)
        self._tags = _Tags(self._all, self._create_tag)
        self._custom_fields: dict[str, str] | None = None
        self._guard = threading.Lock()
        self._message_turn = 0.0

    @override
    def shape(self, stream: Stream, shaped: Shaped) -> None:
        values = shaped.values
        foreign = [each for each in values.pop("identifiers", ()) if not each.startswith("action_network:")]
        if foreign and self.config.get("action_network_send_identifiers"):
            values["identifiers"] = foreign
        if stream.name == "people":
            self._shape_person(shaped)
        elif stream.name == "messages":
            self._shape_message(shaped)
        if "origin_system" in osdi_crm_schemas.write_names("action_network", stream.name, "create"):
            values.setdefault("origin_system", self.config.get("source") or "default")
        if referrer := values.get("action_network_referrer_data"):
            referrer.pop("referrer", None)
        if place := values.get("location"):
            self._shape_address(place, "location", shaped)
            if not place:
                del values["location"]
        known_by = {name: [values[name]] for name in ("title", "name") if values.get(name)}
        known_by["identifier"] = foreign
        shaped.match_keys |= {key: known_by[key] for key in stream.match_keys if key in known_by}

    def _shape_person(self, shaped: Shaped) -> None:
        values = shaped.values
        _from_columns(shaped)
        for channel in _CHANNELS:
            self._shape_channel(channel, shaped)
        entry, further = _chosen(values.pop("postal_addresses", None))
        if further:
            shaped.withheld.append("further postal_addresses")
        place = {name: part for name, part in entry.items() if name != "primary" and part}
        self._shape_address(place, "postal_addresses", shaped)
        if place:
            values["postal_addresses"] = [place]
        if languages := values.get("languages_spoken"):
            values["languages_spoken"] = languages[:1]
        if custom := values.get("custom_fields"):
            values["custom_fields"] = {name: str(value) for name, value in custom.items() if value is not None}
        for name in ("add_tags", "remove_tags"):
            if name in values:
                values[name] = sorted({tag.strip() for tag in values[name] if tag.strip()})

    def _shape_channel(self, channel: str, shaped: Shaped) -> None:
        """Keep one address, and take its status for a wish."""
        field, part = _CHANNELS[channel]
        entry, further = _chosen(shaped.values.pop(field, None))
        if further:
            shaped.withheld.append(f"further {field}")
        address = str(entry.get(part) or "").strip() or None
        status = entry.get("status")
        if status is not None and (status := _STATUSES.get(str(status).strip().lower())) is None:
            raise Rejection("unknown status", f"{field} has a status that is none of {', '.join(_STATUSES)}.")
        normal = _normal(channel, address) if address else None
        if address and normal:
            shaped.values[field] = [{part: address}]
            shaped.match_keys[channel] = [normal]
        if normal or status:
            shaped.consent[channel] = RequestedConsent(normal, OUT if status == BLOCKED else status)

    def _shape_address(self, place: Record, field: str, shaped: Shaped) -> None:
        """See that an address names its country: the vendor would make it one in the US."""
        if lines := place.get("address_lines"):
            place["address_lines"] = lines[:1]
        address = {name for name, part in place.items() if name not in {"venue", "country"} and part}
        if not address or place.get("country"):
            return
        if country := self.config.get("default_country"):
            place["country"] = country
            return
        shaped.withheld.append(f"{field} without a country")
        for name in address:
            del place[name]

    def _shape_message(self, shaped: Shaped) -> None:
        values = shaped.values
        if values.get("targets") and not self.config.get("ids_are_this_accounts"):
            raise Rejection(
                "targets of another account",
                "The message names saved queries, which are another account's. Without them it would address the whole"
                " list. Set 'ids_are_this_accounts' if they are this account's.",
            )
        if shaped.unwritable.get("status") not in {None, "draft", "calculating"}:
            raise Rejection("not a draft", "Only drafts are written; sending and scheduling are left to people.")

    @override
    def check(self, action: str, order: Order) -> None:
        name = order.stream.name
        if action == "create":
            lacking = [each for each in order.stream.required if not (order.values.get(each) or order.refers.get(each))]
            if lacking:
                raise Rejection("required fields missing", f"To create one, {name} need {', '.join(lacking)}.")
            if name == "people" and not (order.values.keys() & {"email_addresses", "phone_numbers"}):
                raise Rejection(
                    "nothing to know the person by", "To create one, people need an e-mail address or a phone."
                )
            if name == "donations" and not order.values.get("recipients"):
                raise Rejection("required fields missing", "To create one, donations need recipients.")
        if name == "outreaches" and action == "create" and len(order.values.get("targets") or ()) != 1:
            raise Rejection("not one target", "An outreach is recorded for exactly one target.")
        if self.config.get("action_network_unknown_tags") == "reject" and (
            unknown := self._tags.unknown(_tag_names(order.values))
        ):
            raise Rejection("unknown tags", f"The group has no tag {', '.join(map(repr, unknown))}.")

    @override
    def find(self, stream: Stream, key: str, value: str) -> Sequence[Found]:
        if key == "name":
            shown = self._tags.all() if stream.name == "tags" else self._all(stream.name)
            return [self._found(each) for each in shown if each.get("name") == value]
        quoted = value.replace("'", "''")
        return [self._found(each) for each in self._all(stream.name, f"{_FILTERS[key]} eq '{quoted}'")]

    @override
    def read(self, vendor_id: str, order: Order) -> Record | None:
        try:
            answer = self.account.call("GET", f"{self._item_path(order)}/{vendor_id}", repeatable=True)
        except NotFound:
            return None
        return dict(answer.json())

    @override
    def look_up(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by the foreign identifier; without one, for actions and lists made since of which nobody knows."""
        path, keys = self._path(order), order.stream.match_keys
        if order.foreign_id:
            shown = self._all(path, f"identifier eq '{order.foreign_id}'" if "identifier" in keys else None)
            return [self._found(each) for each in shown if order.foreign_id in (each.get("identifiers") or ())]
        if order.stream.subject:
            return None
        title = str(order.values.get("title", "")).replace("'", "''")
        shown = self._all(path, f"title eq '{title}'" if "title" in keys else None)
        earliest = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [
            self._found(each)
            for each in shown
            if str(each.get("created_date", "")) >= earliest and not self.differences(order, each)
        ]

    @override
    def mark(self, stream: Stream, source_key: str) -> str | None:
        prefix = self.config.get("action_network_identifier_prefix")
        if not prefix or stream.idempotent:
            return None
        whose = "\0".join((self.account.name, str(self.config.get("source") or "default"), source_key))
        return f"{prefix}:{stream.name}-{hashlib.sha256(whose.encode()).hexdigest()[:24]}"

    @override
    def create(self, order: Order) -> Record:
        stream = order.stream
        if stream.name == "people":
            return self._sign_up(order)
        if stream.name == "tags":
            return self._tags.ensure([order.values["name"]])[0]
        if stream.name == "messages":
            self._await_turn()
        self._tags.ensure(order.values.get("tag_list") or ())
        body = self._body(order, "create")
        if order.foreign_id:
            body["identifiers"] = [*body.get("identifiers", ()), order.foreign_id]
        if links := {
            relation: {"href": f"{self.account.base_url}/{collection}/{order.refers[name]}"}
            for name, (relation, collection) in _LINKS.items()
            if order.refers.get(name)
        }:
            body["_links"] = links
        return self._reply("POST", self._path(order), body, repeatable=stream.idempotent)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        if order.stream.name == "people":
            return self._change_person(vendor_id, order)
        if order.stream.name == "messages" and "targets" in order.values:
            self._await_turn()
        self._tags.ensure(order.values.get("tag_list") or ())
        path = f"{self._item_path(order)}/{vendor_id}"
        return self._reply("PUT", path, self._body(order, "update"), repeatable=True)

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete a tagging (actionnetwork.org/docs/v2/taggings)."""
        if vendor_id is None:
            tag = order.refers["tag_id"]
            found = [
                self.id_of(each)
                for each in self._all(f"people/{order.refers['person_id']}/taggings", embedded="osdi:taggings")
                if _linked(each, "osdi:tag") == tag
            ]
            if not found:
                return False
            vendor_id = found[0]
        try:
            self.account.call("DELETE", f"{self._path(order)}/{vendor_id}", repeatable=True)
        except NotFound:
            return False
        return True

    @override
    def id_of(self, record: Record) -> str | None:
        for identifier in record.get("identifiers") or ():
            if str(identifier).startswith("action_network:"):
                return str(identifier).removeprefix("action_network:")
        return _linked(record, "self")

    @override
    def keys_of(self, stream: Stream, record: Record) -> Mapping[str, Sequence[str]]:
        keys: dict[str, Sequence[str]] = {"identifier": record.get("identifiers") or ()}
        for name in ("title", "name"):
            if record.get(name):
                keys[name] = [record[name]]
        if stream.name == "people":
            for channel, (field, part) in _CHANNELS.items():
                entry, _ = _chosen(record.get(field))
                keys[channel] = [_normal(channel, str(entry[part]))] if entry.get(part) else []
        return keys

    @override
    def states(self, record: Record) -> Mapping[str, str | None]:
        states: dict[str, str | None] = {}
        for channel, (field, part) in _CHANNELS.items():
            entry, _ = _chosen(record.get(field))
            known = entry.get(part) or entry.get("status")
            states[channel] = _STATUSES.get(str(entry.get("status")).lower(), BLOCKED) if known else None
        return states

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        stream = order.stream.name
        values = self._with_custom_names(order.values)
        names = _NAMES[stream]
        hidden = {"identifiers", "add_tags", "remove_tags", "unique_ids", *(_CHANNELS[each][0] for each in _CHANNELS)}
        sent = {names[name]: value for name, value in values.items() if name not in hidden}
        unlike = verify.differences(sent, record)
        if stream == "people":
            shown, states = self.keys_of(order.stream, record), self.states(record)
            for channel, (field, part) in _CHANNELS.items():
                if (entry := order.values.get(field)) and _normal(channel, entry[0][part]) not in shown[channel]:
                    unlike.append(field)
                if channel in order.statuses and states[channel] != order.statuses[channel]:
                    unlike.append(f"{field}.status")
        elif (person := order.refers.get("person_id")) and self._person_of(record) not in {None, person}:
            unlike.append("person_id")
        return unlike

    def _sign_up(self, order: Order) -> Record:
        """Create a person through the signup helper (actionnetwork.org/docs/v2/person_signup_helper)."""
        values = self._with_custom_names(order.values)
        self._tags.ensure(values.get("add_tags") or ())
        tags = {name: values[name] for name in ("add_tags", "remove_tags") if values.get(name)}
        person = _with_statuses({name: value for name, value in values.items() if name not in tags}, order.statuses)
        person.pop("add_tags", None)
        person.pop("remove_tags", None)
        return self._reply("POST", "people", {"person": person, **tags}, repeatable=True)

    def _change_person(self, vendor_id: str, order: Order) -> Record:
        """Change a person by id, then its tags through the helper: PUT cannot (actionnetwork.org/docs/v2/people)."""
        values = self._with_custom_names(order.values)
        tags = {name: values.pop(name) for name in ("add_tags", "remove_tags") if values.get(name)}
        values.pop("add_tags", None)
        values.pop("remove_tags", None)
        body = _with_statuses(values, order.statuses)
        if body:
            reply = self._reply("PUT", f"people/{vendor_id}", body, repeatable=True)
        else:
            reply = dict(self.account.call("GET", f"people/{vendor_id}", repeatable=True).json())
        if not tags:
            return reply
        for field, part in _CHANNELS.values():
            entry, _ = _chosen(reply.get(field))
            if entry.get(part):
                self._tags.ensure(tags.get("add_tags") or ())
                person = {field: [{part: entry[part]}]}
                tagged = self._reply("POST", "people", {"person": person, **tags}, repeatable=True)
                if self.id_of(tagged) != vendor_id:
                    raise Rejection("tags went to another person", f"Action Network gave them to {self.id_of(tagged)}.")
                return tagged
        raise Rejection(
            "no address to tag by", "Tags need an e-mail address or a phone number, and the person has none."
        )

    def _with_custom_names(self, values: Record) -> Record:
        """Give custom fields that came as columns, whose names a warehouse folded, the names the group knows."""
        values = dict(values)
        if columns := values.pop("custom_columns", None):
            with self._guard:
                if self._custom_fields is None:
                    answer = self.account.call("GET", "metadata/custom_fields", repeatable=True).json()
                    names = [str(each["name"]) for each in answer.get("action_network:custom_fields") or ()]
                    self._custom_fields = {osdi_crm_schemas.fold(name): name for name in names}
            known = self._custom_fields
            named = {known.get(osdi_crm_schemas.fold(name), name): value for name, value in columns.items()}
            values["custom_fields"] = named | (values.get("custom_fields") or {})
        return values

    def _path(self, order: Order) -> str:
        if order.stream.name == "events" and order.refers.get("event_campaign_id"):
            return f"event_campaigns/{order.refers['event_campaign_id']}/events"
        return self._item_path(order)

    def _item_path(self, order: Order) -> str:
        return order.stream.path.format_map(order.refers)

    def _body(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        names = osdi_crm_schemas.write_names("action_network", order.stream.name, operation)
        body = {names[name]: value for name, value in order.values.items() if name in names}
        if members := order.refers.get("unique_ids"):
            body["unique_ids"] = members
        return body

    def _reply(self, method: str, path: str, body: Record, *, repeatable: bool) -> Record:
        reply = self.account.call(method, path, json=body, repeatable=repeatable).json()
        if not isinstance(reply, dict) or not self.id_of(reply):
            raise Rejection(
                "empty answer",
                "Action Network answered 200 and showed no record, which means that it wrote none.",
                retry=EACH_RUN if repeatable else CHANGE,
                status=200,
            )
        return reply

    def _all(self, path: str, wanted: str | None = None, embedded: str | None = None) -> Iterator[Record]:
        """Read a whole collection, page after page (actionnetwork.org/docs/v2, "Pagination")."""
        page = 1
        while True:
            params: dict[str, Any] = {"page": page, "per_page": 25}
            if wanted:
                params["filter"] = wanted
            answer = self.account.call("GET", path, params=params, repeatable=True).json()
            found = answer.get("_embedded") or {}
            shown = (
                found.get(embedded)
                if embedded
                else next((each for each in found.values() if isinstance(each, list)), None)
            )
            yield from shown or ()
            if not shown or len(shown) < 25 or "next" not in (answer.get("_links") or {}):
                return
            page += 1

    def _create_tag(self, name: str) -> Record:
        return self._reply("POST", "tags", {"name": name}, repeatable=True)

    def _found(self, record: Record) -> Found:
        return Found(self.id_of(record) or "", record)

    def _person_of(self, record: Record) -> str | None:
        return record.get("action_network:person_id") or _linked(record, "osdi:person")

    def _await_turn(self) -> None:
        """Keep to one message, or change of its targets, in 30 seconds (actionnetwork.org/docs/v2/messages)."""
        with self._guard:
            time.sleep(max(0.0, self._message_turn - time.monotonic()))
            self._message_turn = time.monotonic() + _SECONDS_BETWEEN_MESSAGES


class _Tags:
    """The group's tags, read once and then kept up."""

    def __init__(self, read: Callable[[str], Iterator[Record]], create: Callable[[str], Record]) -> None:
        self._read = read
        self._create = create
        self._lock = threading.Lock()
        self._known: dict[str, Record] | None = None

    def all(self) -> list[Record]:
        """Every tag."""
        with self._lock:
            return list(self._by_name().values())

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Those of these names that are no tag."""
        with self._lock:
            return [name for name in names if name not in self._by_name()] if names else []

    def ensure(self, names: Sequence[str]) -> list[Record]:
        """The tags of these names, created where need be."""
        if not names:
            return []
        with self._lock:
            known = self._by_name()
            for name in names:
                if name not in known:
                    known[name] = self._create(name)
            return [known[name] for name in names]

    def _by_name(self) -> dict[str, Record]:
        if self._known is None:
            self._known = {str(tag.get("name")): tag for tag in self._read("tags")}
        return self._known


def _tag_names(values: Record) -> list[str]:
    return [*(values.get("add_tags") or ()), *(values.get("tag_list") or ())]


def _chosen(entries: Any) -> tuple[Record, bool]:
    """The primary entry, else the first, and whether there are more."""
    found = [each for each in entries or () if each]
    chosen = next((each for each in found if each.get("primary")), found[0] if found else {})
    return chosen, len(found) > 1


def _from_columns(shaped: Shaped) -> None:
    """Move flat columns to where they belong, unless the record has the nested form as well."""
    parts: dict[str, Record] = {}
    for name in list(shaped.unknown):
        place = _FLAT.get(osdi_crm_schemas.fold(name))
        custom = _CUSTOM.fullmatch(name)
        if not place and not custom:
            continue
        text = str(shaped.unknown.pop(name)).strip()
        if custom and text:
            shaped.values.setdefault("custom_columns", {})[custom[1]] = text
        elif place and text:
            parts.setdefault(place[0], {})[place[1]] = text
    for field, entry in parts.items():
        if field in shaped.values:
            continue
        if field == "languages_spoken":
            shaped.values[field] = [entry[""]]
            continue
        if "address_lines" in entry:
            entry["address_lines"] = [entry["address_lines"]]
        shaped.values[field] = [entry]


def _with_statuses(values: Record, statuses: Mapping[str, str]) -> Record:
    body = dict(values)
    for channel, status in statuses.items():
        field, _ = _CHANNELS[channel]
        entry = (body.get(field) or [{}])[0]
        body[field] = [{**entry, "status": status}]
    return body


def _normal(channel: str, address: str) -> str:
    """An address as the vendor compares it: e-mail in lower case, phones as international digits."""
    if channel == "email":
        return address.strip().lower()
    digits = re.sub(r"\D", "", address)
    return f"1{digits}" if len(digits) == 10 and not address.strip().startswith("+") else digits


def _linked(record: Record, relation: str) -> str | None:
    link = (record.get("_links") or {}).get(relation)
    href = link.get("href") if isinstance(link, dict) else None
    return str(href).split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1] if href else None


VENDOR = Vendor(
    streams={stream.name: stream for stream in _STREAMS},
    people="people",
    settings=ActionNetwork.settings,
    shaping=("action_network_identifier_prefix", "action_network_send_identifiers"),
    session=ActionNetwork,
)
