"""Signups, which are pushed by what they are known by, and their consent; donations and RSVPs, which belong to one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_client.reading.keyset import Keyset
from osdi_crm_client.vendors import nationbuilder as wire
from typing_extensions import override

from target_osdi_crm.consent import BLOCKED, IN, OUT, RequestedConsent
from target_osdi_crm.people_listing import Listing
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.nationbuilder.session import comparable, shown
from target_osdi_crm.vendors.nationbuilder.stream import NationBuilderStream, withhold
from target_osdi_crm.verify import digits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import osdi_crm_schemas
    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import Collection

    from target_osdi_crm.vendor import Found, Order, Record, Shaped

PUSH_KEYS = (
    "external_id",
    "civicrm_id",
    "county_file_id",
    "dw_id",
    "ngp_id",
    "salesforce_id",
    "van_id",
    "email",
)
"""What NationBuilder knows a pushed signup by (released.yaml, "PATCH /signups/push"), what weighs most first."""

_CONSENT = {
    "email": ("email_opt_in", True),
    "phone": ("mobile_opt_in", True),
    "calls": ("do_not_call", False),
    "federal calls": ("federal_donotcall", False),
    "contact": ("do_not_contact", False),
}
"""Channel → its attribute, and what that says of somebody who may be reached."""

_OPT_INS = [attribute for attribute, reachable in _CONSENT.values() if reachable]
"""Consent that NationBuilder assumes where nobody gave it."""

_CHANGED = "updated_at"

EMAILS = ("email1", "email2", "email3", "email4")

_PHONES = ("mobile_number", "phone_number", "work_phone_number")

_NAMES = ("first_name", "middle_name", "last_name", "legal_name")

_DONOR = ("first_name", "middle_name", "last_name", "email")


_COLUMNS = {
    "street": ("home_address", "address1"),
    "address2": ("home_address", "address2"),
    "city": ("home_address", "city"),
    "state": ("home_address", "state"),
    "zip": ("home_address", "zip"),
    "countrycode": ("home_address", "country_code"),
}
"""Flat columns, folded, and where they belong."""


class Signups(NationBuilderStream):
    """Signups: people and organisations."""

    columns = _COLUMNS

    @override
    def read_consent(self, shaped: Shaped) -> None:
        """Take consent apart from addresses: opt-outs hold for all of a kind, no contact for every channel."""
        values = shaped.values
        reached = _addresses_of(values)
        every = {**reached, "phone": reached["calls"]}
        for name, channel in self.channels.items():
            status = channel.status(name, shaped.said)
            left = name == "email" and values.get("unsubscribed_at")
            if left or (status is None and channel.asks and shaped.said.get("contact") == OUT):
                status = OUT
            if status or (reached[name] and name != "contact"):
                shaped.consent[name] = RequestedConsent(tuple(reached[name]), status)
            if status == OUT:
                channels = every if name == "contact" else (name,)
                shaped.opt_outs.extend((channel, each) for channel in channels for each in every[channel])

    @override
    def shape_values(self, shaped: Shaped) -> None:
        """Have one primary address that is not bad; bounces at the source are bounces here, and none is taken back."""
        values = shaped.values
        for name in (*(f"{slot}_is_bad" for slot in EMAILS), "is_mobile_bad"):
            if shaped.unwritable.get(name.replace("_bad", "_bouncing")):
                values[name] = True
            if not values.get(name):
                values.pop(name, None)
        primary = f"email{values.get('primary_email_id', 1)}"
        given = [slot for slot in EMAILS if values.get(slot)]
        if not values.get("email"):
            good = [slot for slot in (primary, *given) if slot in given and not values.get(f"{slot}_is_bad")]
            if good and good[0] != primary:
                primary = good[0]
                values["primary_email_id"] = int(primary.removeprefix("email"))
            if values.get(primary):
                values["email"] = values[primary]
        if values.get(primary) and comparable("email", values[primary]) != comparable("email", values["email"]):
            del values[primary]
            shaped.withheld.append(f"{primary} other than email")

    @override
    def keeping(self, values: Record, record: Record, *, fills: bool) -> Record:
        """Leave addresses in the slots that they have, and a slot that is bad not the primary one."""
        values = super().keeping(values, record, fills=fills)
        there = {comparable("email", record[slot]): slot for slot in EMAILS if record.get(slot)}
        kept = dict(values)
        for slot in EMAILS:
            own = there.get(comparable("email", values[slot])) if values.get(slot) else None
            if own and own != slot:
                del kept[slot]
                if kept.pop(f"{slot}_is_bad", None):
                    kept[f"{own}_is_bad"] = True
        email = comparable("email", values.get("email") or "")
        if email in there and email != comparable("email", record.get("email") or ""):
            del kept["email"]
            kept.pop("primary_email_id", None)
        primary = f"email{kept.get('primary_email_id')}"
        if kept.get(f"{primary}_is_bad") or record.get(f"{primary}_is_bad") or record.get(f"{primary}_is_bouncing"):
            kept.pop("primary_email_id", None)
            if kept.get(primary) and comparable("email", kept[primary]) == email:
                kept.pop("email", None)
        return kept

    @override
    def is_idempotent(self, order: Order) -> bool:
        """A signup is, if it can be pushed: it has keys, and none that the settings leave out."""
        chosen = self.settings.match_keys.get(self.name, PUSH_KEYS)
        keys = {key for key in PUSH_KEYS if order.values.get(key)}
        return bool(keys) and keys <= set(chosen) and self.settings.mode != "create"

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        there = self.session.search(self.name, {"with_email_address" if key == "email" else key: value})
        return [each for each in there if value in self.match_keys_of(each.record or {})[key]]

    @override
    def require(self, action: str, order: Order) -> None:
        super().require(action, order)
        if action == "create" and not any(order.values.get(name) for name in (*_NAMES, "email", *EMAILS, *_PHONES)):
            raise Rejection("person_not_identifiable", "A new signup needs a name, an e-mail address or a phone.")

    @override
    def create(self, order: Order) -> Record:
        """Push a signup that has a key, so that none is made twice; post one without, or where only new ones may be."""
        document = self.document(order, "create")
        document["data"]["attributes"] = {**dict.fromkeys(_OPT_INS, False), **document["data"]["attributes"]}
        if self.is_idempotent(order):
            return self.send("PATCH", "signups/push", order, document, repeatable=True)
        return self.send("POST", "signups", order, document, repeatable=False)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        document = self.document(order, "update")
        document["data"]["id"] = vendor_id
        if order.statuses.get("email") == IN and (current or {}).get("unsubscribed_at"):
            document["data"]["attributes"]["unsubscribed_at"] = None
        return self.send("PATCH", f"signups/{vendor_id}", order, document, repeatable=True)

    @override
    def document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        document = super().document(order, operation)
        document["data"]["attributes"] |= _consent_attributes(order)
        return document

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        keys = dict(super().match_keys_of(record))
        keys["email"] = [comparable("email", record[name]) for name in ("email", *EMAILS) if record.get(name)]
        return keys

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return _addresses_of(record)

    @override
    def statuses_of(self, record: Record) -> Mapping[str, str | None]:
        if "email_opt_in" not in record:
            return {}
        slot = f"email{record.get('primary_email_id') or 1}"
        bad = {
            "email": record.get(f"{slot}_is_bad") or record.get(f"{slot}_is_bouncing"),
            "phone": record.get("is_mobile_bad"),
        }
        has_address = {"email": bool(record.get("email")), "phone": bool(record.get("mobile_number"))}
        statuses: dict[str, str | None] = {}
        for channel, (attribute, reachable) in _CONSENT.items():
            out = bool(record.get(attribute)) is not reachable
            if bad.get(channel):
                statuses[channel] = BLOCKED
            elif out or (channel == "email" and record.get("unsubscribed_at")):
                statuses[channel] = OUT
            else:
                statuses[channel] = IN if has_address.get(channel, True) else None
        return statuses

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        wanted = _consent_attributes(order)
        return super().differences(order, record) + [
            name for name, value in wanted.items() if record.get(name) is not value
        ]


def _listed(part: Part) -> Collection:
    """The list of all signups, in the order of change or of the ids."""
    if not part.is_sorted:
        return wire.collection(part.path)
    return wire.sorted_collection(part.path, key=_CHANGED, window=part.window, ids=part.ids)


LISTING = Listing(
    reading=Keyset,
    collection=_listed,
    path="signups",
    page_size=wire.PAGE_SIZE,
    change_key=_CHANGED,
    record=partial(shown, "signups"),
    position=lambda row, part: wire.position(part.path, _CHANGED if part.ids is None else "id", row),
)


class Donations(NationBuilderStream):
    """Donations, each of them somebody's."""

    @override
    def shape_values(self, shaped: Shaped) -> None:
        """Leave out what NationBuilder would put on the donor's signup; an e-mail address may find the donor."""
        if self.session.own.donor_details:
            return
        email = shaped.values.get("email")
        withhold(shaped, _DONOR, "names and e-mail address of the donor")
        if email and not shaped.refers.get("signup_id"):
            shaped.values["donor_email"] = email

    @override
    def require(self, action: str, order: Order) -> None:
        if action == "create" and not order.refers.get("signup_id"):
            _find_signup(self, order)
        super().require(action, order)


class Rsvps(NationBuilderStream):
    """RSVPs, each of them somebody's, which no attribute tells."""

    @override
    def require(self, action: str, order: Order) -> None:
        if action == "create" and not order.refers.get("signup_id"):
            _find_signup(self, order)
        super().require(action, order)

    @override
    def alike_filters(self, references: dict[str, str], order: Order) -> dict[str, str] | None:
        signup = references.pop("signup_id")
        email = order.values.get("email") or self._email_of(signup)
        return {**references, "email": email} if email else None

    def _email_of(self, signup: str) -> str | None:
        return self.session.get(f"signups/{signup}", wire.record, params={"fields[signups]": "email"}).get("email")


def _addresses_of(signup: Mapping[str, Any]) -> dict[str, list[str]]:
    """A signup's addresses by channel, the one that stands for the channel first."""
    slots = ("email", f"email{signup.get('primary_email_id') or 1}", *EMAILS)
    emails = list(dict.fromkeys(comparable("email", signup[name]) for name in slots if signup.get(name)))
    mobile, phone, work = ([number] if (number := digits(signup.get(name) or "")) else [] for name in _PHONES)
    return {
        "email": emails,
        "phone": mobile,
        "calls": [*phone, *mobile, *work],
        "federal calls": [*phone, *mobile, *work],
        "contact": [*emails, *mobile, *phone, *work],
    }


def _consent_attributes(order: Order) -> Record:
    """The attributes that say what an order is to say about consent."""
    return {
        _CONSENT[channel][0]: _CONSENT[channel][1] if status == IN else not _CONSENT[channel][1]
        for channel, status in order.statuses.items()
    }


def _find_signup(stream: NationBuilderStream, order: Order) -> None:
    """Find whom a donation or RSVP belongs to by its e-mail address.

    NationBuilder would make a new signup of an address it does not know, and subscribe it.
    """
    email = order.values.get("email") or order.values.get("donor_email")
    there = stream.session.streams["signups"].search("email", comparable("email", email)) if email else ()
    if len(there) != 1:
        raise Rejection(
            "no_giver",
            f"The record names no signup, and {len(there)} have its e-mail address. Write the person first: "
            "NationBuilder would make one, and subscribe it.",
        )
    order.refers = {**order.refers, "signup_id": there[0].id}
