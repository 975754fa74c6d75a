"""Profiles, with their collections of items; they are found by external IDs, and new ones may travel together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client.errors import Garbled, VendorError
from osdi_crm_client.vendors import crowdskout as wire
from typing_extensions import override

from target_osdi_crm.apply.batcher import RequestBatcher
from target_osdi_crm.consent import OUT
from target_osdi_crm.intake.values import key
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Shaped
from target_osdi_crm.vendors.crowdskout.items import ONE_OF_A_KIND, doomed, national, paired, same, sent
from target_osdi_crm.vendors.crowdskout.stream import CrowdskoutStream
from target_osdi_crm.verify import normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from target_osdi_crm.apply.batcher import Replies

_COLUMNS = {
    "fullname": ("Names", "FullName"),
    "firstname": ("Names", "FirstName"),
    "middlename": ("Names", "MiddleName"),
    "lastname": ("Names", "LastName"),
    "email": ("EmailAddresses", "Email"),
    "phone": ("PhoneNumbers", "PhoneNumber"),
    "street": ("PhysicalAddresses", "Address1"),
    "address1": ("PhysicalAddresses", "Address1"),
    "address2": ("PhysicalAddresses", "Address2"),
    "city": ("PhysicalAddresses", "AddressCity"),
    "state": ("PhysicalAddresses", "AddressRegion"),
    "postalcode": ("PhysicalAddresses", "AddressPostalCode"),
    "zip": ("PhysicalAddresses", "AddressPostalCode"),
    "country": ("PhysicalAddresses", "AddressCountry"),
    "gender": ("Genders", "Gender"),
    "dateofbirth": ("Ages", "DateOfBirth"),
}
"""Flat columns, folded, and where they belong."""

_ATTRIBUTE = re.compile(r"attribute_(\d+)", re.IGNORECASE)

_USABLE = {
    "email": ("EmailAddresses", "EmailUsable"),
    "phone": ("PhoneNumbers", "PhoneNumberTextUsable"),
    "calls": ("PhoneNumbers", "PhoneNumberCallUsable"),
}
"""Channel → collection of its addresses, and the field that says whether one may be used."""

_UNUSABLE = "Unusable"


class Profiles(CrowdskoutStream):
    """Profiles."""

    columns = _COLUMNS
    _create_with_others: RequestBatcher

    @override
    def begin(self) -> None:
        self.batch_size = max(1, self.session.own.profiles_per_call)
        self._create_with_others = RequestBatcher(self.batch_size, self._create_many)

    # Before a record is decided

    @override
    def read_consent(self, shaped: Shaped) -> None:
        """An address that is said not to be usable is not to be used elsewhere either."""
        self._shape_columns(shaped)
        super().read_consent(shaped)
        for name, (collection, flag) in _USABLE.items():
            out = [each for each in shaped.values.get(collection) or () if each and _is_unusable(each.get(flag))]
            shaped.opt_outs.extend((name, each) for each in self.addresses_of({collection: out})[name])

    @override
    def shape(self, shaped: Shaped) -> None:
        values, ours = shaped.values, self.settings.ids_are_this_accounts
        for name in list(values):
            _withhold_blanks(name, shaped)
            if isinstance(values.get(name), list):
                values[name] = self.without_deletions(sent(name, values[name], ours=ours), name, shaped)
                if not values[name]:
                    del values[name]
        if attributes := values.get("Attributes"):
            shaped.refers["attribute_ids"] = [key("AttributeId", each["AttributeId"]) for each in attributes]
        shaped.match_keys |= self._match_keys_of(values)

    def _shape_columns(self, shaped: Shaped) -> None:
        """Move columns of attributes and external IDs to where they belong."""
        values = shaped.values
        for name in list(shaped.unknown):
            if attribute := _ATTRIBUTE.fullmatch(name):
                values.setdefault("attribute_columns", {})[attribute[1]] = shaped.unknown.pop(name)
        kind = self.session.own.external_id_type
        given = None
        for name in list(shaped.unknown):
            if osdi_crm_schemas.fold(name) == "externalid":
                try:
                    given = key(name, shaped.unknown.pop(name)) or given
                except Rejection as rejection:
                    shaped.rejection = rejection
        if given and not kind:
            shaped.rejection = Rejection("no_external_id_type", "'external_id' needs 'crowdskout_external_id_type'.")
        elif own := given or (shaped.own_id if kind and not self.settings.ids_are_this_accounts else None):
            item = {"ExternalID": own, "ExternalIDType": {"value": kind}}
            values["ExternalIDs"] = [*(values.get("ExternalIDs") or ()), item]

    # While it is decided

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        kind, _, own = value.partition("\x1f")
        try:
            ids = self.session.fetch(wire.external_ids_path(kind, own), wire.profile_ids)
        except VendorError as error:
            error.path = "external-id"
            raise
        return [Found(each) for each in ids or ()]

    @override
    def fetched(self, order: Order) -> Mapping[str, str] | None:
        names = {"Attributes" if name == "attribute_columns" else name for name in order.values}
        return {"collections": ",".join(sorted(names)) or "Names"}

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by the external IDs; without one nobody knows."""
        keys = self._own_ids(order.values)
        found = [each for key in keys for each in self.search("external_id", key)]
        return list({each.id: each for each in found}.values()) if keys else None

    @override
    def require(self, action: str, order: Order) -> None:
        if action == "create" and not order.values:
            raise Rejection("nothing_to_write", "The record has none of the collections that can be written.")

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        """Create a profile, with all that is in it; never again where the answer is lost."""
        together = self.batch_size > 1 and self._own_ids(order.values)
        return self.whole(order, self._create_with_others(order) if together else self._create_one(order))

    def _create_one(self, order: Order) -> Record:
        return self.send("POST", "profile", {"profile": dict(_items(order))})

    def _create_many(self, orders: Sequence[Order]) -> Replies:
        """Create profiles in one call; one that the answer does not show is to be looked up like an unanswered one."""
        if len(orders) == 1:
            return [self._create_one(orders[0])]
        body = {"profiles": [dict(_items(order)) for order in orders]}
        data = self.session.ask("POST", "profile/bulk", wire.data, json=body, repeatable=False)
        left = [wire.respelled(each, wire.ONE_NAME) for each in data or () if isinstance(each, dict)]
        lost = Garbled("the answer lacks the profile", method="POST", path="profile/bulk")
        found: dict[int, Record] = {}
        for is_of in (self._has_its_id, self._has_no_id):
            for place, order in enumerate(orders):
                mine = [] if place in found else [each for each in left if is_of(order, each)]
                if len(mine) == 1 or (mine and is_of == self._has_its_id):
                    found[place] = mine[0]
                    left = [each for each in left if each is not mine[0]]
        return [found.get(place, lost) for place, _ in enumerate(orders)]

    def _has_its_id(self, order: Order, shown: Record) -> bool:
        return bool({*self._own_ids(order.values)} & {*self._own_ids(shown)})

    def _has_no_id(self, order: Order, shown: Record) -> bool:
        """Whether a profile shows all of an order but the external IDs, which the vendor then did not take."""
        unlike = self.differences(order, shown)
        return not self._own_ids(shown) and all(each.startswith("ExternalIDs ") for each in unlike)

    @override
    def changes(self, order: Order, current: Record) -> Record:
        profile: Record = {"id": current["id"]}
        for name, gone in _doomed(order, current):
            profile[name] = [{"id": each["id"], "delete": True} for each in gone]
        for name, items in _items(order):
            for _, item, known, unlike in paired(name, items, current.get(name) or ()):
                if not known:
                    profile.setdefault(name, []).append(item)
                elif unlike:
                    key = {"AttributeId": item["AttributeId"]} if name == "Attributes" else {}
                    change = {"id": known["id"], **key, **{each: item[each] for each in unlike}}
                    for each in self._kept_unusable(item, known):
                        change.pop(each, None)
                        order.notes.append(f"{each} stays as it was: not usable")
                    left = {**known, **item, "id": None}
                    if all(value is None for value in left.values()):
                        change = {"id": known["id"], "delete": True}
                    if len(change) > 1 + len(key):
                        profile.setdefault(name, []).append(change)
        return {"profile": profile}

    # Reading a profile as the vendor shows it

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return self._match_keys_of(record)

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        emails = [str(each.get("Email") or "").strip().lower() for each in record.get("EmailAddresses") or () if each]
        numbers = [national(each.get("PhoneNumber")) for each in record.get("PhoneNumbers") or () if each]
        phones = [each for each in numbers if each]
        return {"email": [each for each in emails if each], "phone": phones, "calls": phones}

    def _match_keys_of(self, profile: Record) -> dict[str, list[str]]:
        return {"external_id": self._own_ids(profile), "any_external_id": _external_ids(profile)}

    def _own_ids(self, profile: Record) -> list[str]:
        """The external IDs of the type that the setting names; without one, all."""
        kind = self.session.own.external_id_type or ""
        return [key for key in _external_ids(profile) if not kind or key.split("\x1f")[0] == kind]

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        """Name each item that is not shown as it was sent, by its collection and its place in it."""
        return [
            f"{name} {place}"
            for name, items in _items(order)
            for place, item, known, unlike in paired(name, items, record.get(name) or ())
            if not known or set(unlike) - set(self._kept_unusable(item, known))
        ] + [f"{name} to be deleted" for name, _ in _doomed(order, record)]

    def _kept_unusable(self, item: Record, known: Record) -> list[str]:
        """Fields that say of an address or number that it cannot be used, and that a record may not reverse."""
        if self.settings.allow_resubscribe:
            return []
        return [
            name
            for name in item
            if name.endswith("Usable") and _is_unusable(known.get(name)) and not same(name, item[name], known[name])
        ]


def _is_unusable(flag: Any) -> bool:
    """Whether a flag says of an address or number that it is not to be used."""
    return isinstance(flag, dict) and normal(flag.get("value")) == _UNUSABLE.lower()


def _withhold_blanks(name: str, shaped: Shaped) -> None:
    """Leave out what is to empty a field of one item among many, for nothing tells which."""
    given = shaped.values[name]
    items = given if isinstance(given, list) else [given]
    if name in ONE_OF_A_KIND and given is not None:
        return
    if all(isinstance(item, dict) and None not in item.values() for item in items):
        return
    shaped.withheld.append(f"{name} cannot be emptied")
    left = [{part: value for part, value in (item or {}).items() if value is not None} for item in items]
    shaped.values[name] = left if isinstance(given, list) else left[0]
    if not any(left):
        del shaped.values[name]


def _external_ids(profile: Record) -> list[str]:
    """Type and value of each external ID, as profiles are matched by them."""
    return [
        f"{kind}\x1f{each['ExternalID']}"
        for each in profile.get("ExternalIDs") or ()
        if not each.get("delete")
        and (kind := str((each.get("ExternalIDType") or {}).get("value") or "").strip())
        and each.get("ExternalID")
    ]


def _items(order: Order) -> Iterator[tuple[str, list[Record]]]:
    """The collections of a profile with the items that it is to have."""
    for name, items in _all_items(order):
        if left := [item for item in items if not item.get("delete")]:
            yield name, left


def _doomed(order: Order, record: Record) -> Iterator[tuple[str, list[Record]]]:
    """The collections of a profile with the items that it is not to have any more."""
    for name, items in _all_items(order):
        if gone := doomed(name, items, record.get(name) or ()):
            yield name, gone


def _all_items(order: Order) -> Iterator[tuple[str, list[Record]]]:
    """The collections of a profile with their items, attributes by the ids of this account."""
    values, out = dict(order.values), {name for name, status in order.statuses.items() if status == OUT}
    columns = values.pop("attribute_columns", {})
    ids = [int(each) if each.isdigit() else each for each in order.refers.get("attribute_ids") or ()]
    attributes = [{**item, "AttributeId": own} for item, own in zip(values.pop("Attributes", ()), ids, strict=True)] + [
        {"AttributeId": int(own), "AttributeValue": value} for own, value in columns.items()
    ]
    for name, items in values.items():
        flags = {flag: {"value": _UNUSABLE} for channel, (of, flag) in _USABLE.items() if of == name and channel in out}
        yield name, [{**item, **flags} for item in items] if flags else items
    if attributes:
        yield "Attributes", attributes
