"""People, who are created and tagged through the signup helper, and their consent."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from target_osdi_crm.answers import object_of
from target_osdi_crm.consent import BLOCKED, IN, OUT, RequestedConsent, both
from target_osdi_crm.custom_fields import by_field, known, the_field
from target_osdi_crm.intake import addresses, consent
from target_osdi_crm.intake.values import text_of
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.action_network.stream import ActionNetworkStream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_osdi_crm.vendor import Order, Record, Shaped

_CHANNELS: Mapping[addresses.Kind, tuple[str, str]] = {
    "email": ("email_addresses", "address"),
    "phone": ("phone_numbers", "number"),
}

_STATUSES = {
    "subscribed": IN,
    "unsubscribed": OUT,
    "bouncing": BLOCKED,
    "previous bounce": BLOCKED,
    "spam complaint": BLOCKED,
    "previous spam complaint": BLOCKED,
}

_COLUMNS = {
    "email": ("email_addresses", "address"),
    "emailaddress": ("email_addresses", "address"),
    "phone": ("phone_numbers", "number"),
    "phonenumber": ("phone_numbers", "number"),
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
"""Flat columns, folded, and where they belong."""

_CUSTOM = re.compile(r"custom_(.+)", re.IGNORECASE)

_TAGS = ("add_tags", "remove_tags")

DEFAULT_LANGUAGE = "en"
"""What Action Network takes for a language that it does not know."""


class People(ActionNetworkStream):
    """People."""

    columns = _COLUMNS

    @override
    def begin(self) -> None:
        super().begin()
        self._region = addresses.region(self.settings.default_country)
        self._creates_fields = self.session.own.unknown_custom_fields == "create"

    @override
    def read_consent(self, shaped: Shaped) -> None:
        for channel in _CHANNELS:
            self._read_channel(channel, shaped)

    def _read_channel(self, channel: addresses.Kind, shaped: Shaped) -> None:
        """Keep one address, and take its status for what the record asks for; opt-outs of the others count, too."""
        field, part = _CHANNELS[channel]
        is_emptied = field in shaped.values
        entries = [each for each in shaped.values.pop(field, None) or () if each]
        entry, further = _chosen(entries, part)
        if further:
            shaped.withheld.append(f"further {field}")
        said = self.channels[channel].status(channel, shaped.said)
        chosen = both(_status_of(entry, field, shaped), said)
        for other in entries:
            own = chosen if other.get("status") is None else both(_status_of(other, field, shaped), said)
            if own == OUT and other.get(part):
                shaped.opt_outs.append((channel, self._normal(channel, other[part])))
        if address := entry.get(part):
            shaped.values[field] = [{part: address}]
            shaped.match_keys[channel] = [self._normal(channel, address)]
        elif is_emptied and (not entry or part in entry):
            if channel == "phone":
                shaped.values[field] = None
            else:
                shaped.withheld.append(f"{field} cannot be emptied")
        if address or chosen:
            shaped.consent[channel] = RequestedConsent(tuple(shaped.match_keys.get(channel, ())), chosen)

    @override
    def shape_values(self, shaped: Shaped) -> None:
        values = shaped.values
        _shape_custom_columns(shaped)
        entry, further = _chosen(values.get("postal_addresses"))
        if further:
            shaped.withheld.append("further postal_addresses")
        place = {name: part for name, part in entry.items() if name != "primary"}
        self.shape_address(place, "postal_addresses", shaped)
        if place:
            values["postal_addresses"] = [place]
        elif entry:
            del values["postal_addresses"]
        if languages := values.get("languages_spoken"):
            values["languages_spoken"] = languages[:1]
        if custom := values.get("custom_fields"):
            values["custom_fields"] = {
                name: None if value is None else text_of(value) for name, value in custom.items()
            }
        for name in _TAGS:
            if values.get(name):
                values[name] = sorted({tag.strip() for tag in values[name] if tag.strip()})

    @override
    def require(self, action: str, order: Order) -> None:
        if action == "create" and not (order.values.keys() & {"email_addresses", "phone_numbers"}):
            raise Rejection("person_not_identifiable", "To create one, people need an e-mail address or a phone.")
        super().require(action, order)
        order.notes.extend(self._custom_fields(order.values)[1])

    @override
    def create(self, order: Order) -> Record:
        """Create a person through the signup helper (actionnetwork.org/docs/v2/person_signup_helper)."""
        person, tags = self._person_and_tags(order)
        self.session.tags.ensure(tags.get("add_tags") or ())
        reply = self.session.send("POST", "people", {"person": person, **tags}, repeatable=True)
        _let_go_of_language(order, reply)
        return reply

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Change a person by id, then its tags through the helper: PUT cannot (actionnetwork.org/docs/v2/people)."""
        person, tags = self._person_and_tags(order)
        if person:
            reply = self.session.send("PUT", f"people/{vendor_id}", person, repeatable=True)
        else:
            reply = self.session.get(f"people/{vendor_id}", object_of)
        _let_go_of_language(order, reply)
        return self._tagged(vendor_id, reply, tags) if tags else reply

    def _tagged(self, vendor_id: str, shown: Record, tags: Record) -> Record:
        for field, part in _CHANNELS.values():
            entry, _ = _chosen(shown.get(field))
            if entry.get(part):
                self.session.tags.ensure(tags.get("add_tags") or ())
                person = {field: [{part: entry[part]}]}
                tagged = self.session.send("POST", "people", {"person": person, **tags}, repeatable=True)
                if self.id_of(tagged) != vendor_id:
                    raise Rejection("tags_went_to_another_person", f"Action Network gave them to {self.id_of(tagged)}.")
                return tagged
        raise Rejection(
            "no_address_to_tag_by", "Tags need an e-mail address or a phone number, and the person has none."
        )

    def _person_and_tags(self, order: Order) -> tuple[Record, Record]:
        """What is sent of a person, and what travels beside it."""
        person = self._with_custom_names(order.values)
        tags = {name: given for name in _TAGS if (given := person.pop(name, None))}
        for channel, (field, _) in _CHANNELS.items():
            if status := order.statuses.get(channel):
                entry = (person.get(field) or [{}])[0]
                person[field] = [{**entry, "status": status}]
        return person, tags

    @override
    def keeping(self, values: Record, record: Record, *, fills: bool) -> Record:
        return super().keeping(self._with_custom_names(values) if fills else values, record, fills=fills)

    def _with_custom_names(self, values: Record) -> Record:
        """Give custom fields the names the group knows: a warehouse folded those of columns, and some are unknown."""
        named = {name: value for name, value in values.items() if name != "custom_columns"}
        if len(named) == len(values) and (self._creates_fields or "custom_fields" not in values):
            return named
        fields = self._custom_fields(values)[0]
        named.pop("custom_fields", None)
        return {**named, "custom_fields": fields} if fields else named

    def _custom_fields(self, values: Record) -> tuple[Record, list[str]]:
        """The custom fields by the names the group knows, and what is left out of them."""
        columns, given = values.get("custom_columns") or {}, values.get("custom_fields") or {}
        there = self.session.custom_fields() if columns or (given and not self._creates_fields) else []
        named, beside = by_field(columns, {column: the_field(column, there) or column for column in columns})
        twice = [name for name in named if given.get(name, named[name]) != named[name]]
        beside += [f"custom_{name} beside custom_fields" for name in twice]
        if self._creates_fields:
            return named | given, beside
        found, left = known(named | given, there, self.session.own.unknown_custom_fields)
        return found, [*beside, *left]

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return {**super().match_keys_of(record), **self.addresses_of(record)}

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for channel, (field, part) in _CHANNELS.items():
            entry, _ = _chosen(record.get(field))
            found[channel] = [self._normal(channel, str(entry[part]))] if entry.get(part) else []
        return found

    def _normal(self, channel: addresses.Kind, address: str) -> str:
        return addresses.normal(channel, address, self._region)

    @override
    def statuses_of(self, record: Record) -> Mapping[str, str | None]:
        statuses: dict[str, str | None] = {}
        for channel, (field, part) in _CHANNELS.items():
            entry, _ = _chosen(record.get(field))
            known = entry.get(part) or entry.get("status")
            statuses[channel] = _STATUSES.get(str(entry.get("status")).lower(), BLOCKED) if known else None
        return statuses

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        values = self._with_custom_names(order.values)
        sent = {field: values.pop(field, None) for field, _ in _CHANNELS.values()}
        unlike = super().differences(replace(order, values=values), record)
        shown, statuses = self.addresses_of(record), self.statuses_of(record)
        for channel, (field, part) in _CHANNELS.items():
            if field in order.values and not sent[field] and shown[channel]:
                unlike.append(field)
            if (entries := sent[field]) and self._normal(channel, entries[0][part]) not in shown[channel]:
                unlike.append(field)
            if channel in order.statuses and statuses[channel] != order.statuses[channel]:
                unlike.append(f"{field}.status")
        return unlike


def hides_an_address(person: Record) -> bool:
    """Whether an entry of an address lacks the address, as some in the vendor's lists do."""
    entries = [(each, part) for field, part in _CHANNELS.values() for each in person.get(field) or ()]
    return any(each and not each.get(part) for each, part in entries)


def _shape_custom_columns(shaped: Shaped) -> None:
    """Gather the columns that stand for custom fields, by the names that a warehouse gave these."""
    fields, columns = shaped.values.get("custom_fields") or {}, dict[str, Any]()
    for name in list(shaped.unknown):
        if custom := _CUSTOM.fullmatch(name):
            columns[custom[1]] = shaped.unknown.pop(name)
    for name in shaped.unnested.get("custom_fields", ()):
        if name in fields and name not in columns:
            columns[name] = fields.pop(name)
    if columns and not fields:
        shaped.values.pop("custom_fields", None)
    if columns:
        shaped.values["custom_columns"] = {
            name: None if value is None else text_of(value).strip() for name, value in columns.items()
        }


def _let_go_of_language(order: Order, reply: Record) -> None:
    """Leave out a language that Action Network does not know: it takes English instead (docs/v2/people)."""
    sent, shown = order.values.get("languages_spoken"), reply.get("languages_spoken")
    if sent and sent != shown and shown == [DEFAULT_LANGUAGE]:
        order.values = {name: value for name, value in order.values.items() if name != "languages_spoken"}
        order.notes.append("without the language, which is unknown there")


def _status_of(entry: Record, field: str, shaped: Shaped) -> str | None:
    """What an entry says about consent."""
    if (given := entry.get("status")) is None:
        return None
    try:
        return consent.status(f"{field}.status", given)
    except Rejection as rejection:
        shaped.rejection = rejection
        return None


def _chosen(entries: Any, part: str = "") -> tuple[Record, bool]:
    """The primary entry, else the first, of those that have a part where any has it, and whether there are more."""
    given = [each for each in entries or () if each]
    given = [each for each in given if each.get(part)] or given
    chosen = next((each for each in given if each.get("primary")), given[0] if given else {})
    return chosen, len(given) > 1
