"""Writing to Crowdskout: profiles with their collections of items, and the attributes that an account defines."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import osdi_crm_schemas
from osdi_crm_client.errors import Garbled, NotFound, NotSignedIn, VendorError
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.gathering import Gathering
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Delegated, DelegatedTo, Found, Order, Record, Shaped, Stream, Vendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.account import Account

    from target_osdi_crm.gathering import Replies

_STREAMS = (
    Delegated(
        name="profiles",
        path="profile",
        read_before_update=True,
        batched=True,
        refers={"attribute_ids": "attributes"},
        match_keys=("external_id", "any_external_id"),
        default_match_keys=("external_id",),
    ),
    Delegated(
        name="attributes",
        path="attribute",
        read_before_update=True,
        required=("name", "type"),
        match_keys=("name",),
        default_match_keys=("name",),
    ),
)

_ONE_OF_A_KIND = (
    *("Ages", "BusinessOwners", "DeceasedRecords", "Dwellings", "Genders", "Households", "Incomes"),
    *("MaritalStatuses", "NetWorths", "Religions", "Students", "Veterans", "VoterRegistrations"),
)
"""Collections of which a person has one item at most: it is changed, not added to."""

_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Names": (("FirstName", "LastName"), ("FullName",)),
    "EmailAddresses": (("Email",),),
    "PhoneNumbers": (("PhoneNumber",),),
    "PhysicalAddresses": (("Address1", "AddressPostalCode"),),
    "ExternalIDs": (("ExternalIDType", "ExternalID"),),
    "Attributes": (("AttributeId",),),
    "Educations": (("EducationInstitution", "EducationLevel"),),
    "Issues": (("Issue",),),
    "Memberships": (("MemberOrganization",),),
    "Occupations": (("OccupationTitle", "OccupationEmployer"),),
    "SocialMediaAccounts": (("SocialMediaNetwork", "SocialMediaID"), ("SocialMediaNetwork", "SocialMediaNickname")),
    "Votes": (("VotedWhen", "VotedElection"),),
    "Notes": (("NoteWhen", "NoteAuthor"),),
    "Conversations": (("ConversationWhen", "ConversationMedium"),),
    "Donations": (("DonationExternalID",), ("DonationWhen", "DonationAmount")),
    "EmailSends": (("EmailSendWhen", "EmailSendEmailing"),),
    "EventAttendances": (("EventAttendanceWhen", "EventAttendanceEventName"),),
    "EventRegistrations": (("EventRegistrationExternalID",), ("EventRegistrationWhen", "EventRegistrationEvent")),
    "IndependentUnsubscribes": (("IndependentUnsubscribeWhen", "IndependentUnsubscribeEmail"),),
    "Knocks": (("KnockWhen",),),
    "Meetings": (("MeetingWhen", "MeetingType"),),
    "OneOnOnes": (("OneOnOneWhen", "OneOnOneType"),),
    "PageViews": (("PageViewWhen", "PageViewURL"),),
    "PhoneCalls": (("PhoneCallWhen", "PhoneCallNumber"),),
    "Submissions": (("SubmissionWhen", "SubmissionForm"),),
    "Texts": (("TextWhen", "PhoneNumberTextSentTo"),),
    "VoterRegistrationInteractions": (("VoterRegistrationInteractionWhen", "VoterRegistrationInteractionType"),),
}
"""Natural keys of items by collection, the first whose fields the item has counting; others match by all they have."""

_PHONES = ("PhoneNumber", "PhoneCallNumber", "PhoneNumberTextSentTo", "PhoneNumberTextSentFrom")

_RESPELLED = {"Independent Unsubscribes": "IndependentUnsubscribes", "AttributeID": "AttributeId"} | {
    "EventRegistrationType": "EventRegistrationEventType"
}
"""Names in answers that the vendor's tables spell otherwise."""

_FLAT = {
    "externalid": ("ExternalIDs", "ExternalID"),
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
"""Flat columns of profiles, folded, and where they belong."""

_ATTRIBUTE = re.compile(r"attribute_(\d+)", re.IGNORECASE)

_OPTIONS = {
    name
    for collection in osdi_crm_schemas.schema("crowdskout", "profiles")["properties"].values()
    for name, found in collection.get("items", {}).get("properties", {}).items()
    if "object" in found["type"] and found.get("properties", {}).keys() == {"id", "value"} and name != "AttributeValue"
}
"""Fields whose values are options."""

MOST_TRIES = 3
"""How often a change is sent, each time with what a new reading shows to be missing."""


class Crowdskout(DelegatedTo):
    """Crowdskout, API v1 (github.com/crowdskout/slate)."""

    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "crowdskout_external_id_type": {
            "type": "string",
            "title": "Crowdskout external ID type",
            "description": "The type of external ID under which each profile carries the record's 'external_id', or "
            "else its 'id': by it profiles are found again. That a type which the account lacks is made is assumed.",
        },
        "crowdskout_profiles_per_call": {
            "type": "integer",
            "default": 1,
            "title": "Crowdskout profiles per call",
            "description": "How many new profiles travel in one call; no limit is documented. Only those with an "
            "external ID do, by which the answers are told apart, whatever their order.",
        },
    }

    def __init__(self, account: Account, config: Mapping[str, Any]) -> None:
        super().__init__(account, config)
        self.gathers = max(1, int(config.get("crowdskout_profiles_per_call") or 1))
        self._gathered = Gathering(self.gathers, self._post_profiles)

    @override
    def shape(self, stream: Stream, shaped: Shaped) -> None:
        values, ours = shaped.values, bool(self.config.get("ids_are_this_accounts"))
        if stream.name == "attributes":
            if values.get("name"):
                shaped.match_keys["name"] = [values["name"]]
            if options := values.get("options"):
                values["options"] = [{"value": each["value"]} for each in options if each and each.get("value")]
            return
        self._from_columns(shaped)
        for name in list(values):
            if isinstance(values[name], list):
                values[name] = _sent(name, values[name], ours=ours)
                if not values[name]:
                    del values[name]
        if attributes := values.get("Attributes"):
            shaped.refers["attribute_ids"] = [_text(each["AttributeId"]) for each in attributes]
        shaped.match_keys["external_id"] = self._own_ids(values)
        shaped.match_keys["any_external_id"] = _external_ids(values)

    def _own_ids(self, profile: Record) -> list[str]:
        """The external IDs of the type that the setting names; without one, all."""
        kind = str(self.config.get("crowdskout_external_id_type") or "")
        return [key for key in _external_ids(profile) if not kind or key.split("\x1f")[0] == kind]

    def _from_columns(self, shaped: Shaped) -> None:
        """Move flat columns to where they belong, unless the record has the nested form as well."""
        values, parts = shaped.values, dict[str, Record]()
        for name in list(shaped.unknown):
            place = _FLAT.get(osdi_crm_schemas.fold(name))
            attribute = _ATTRIBUTE.fullmatch(name)
            if not place and not attribute:
                continue
            value = shaped.unknown.pop(name)
            if attribute:
                values.setdefault("attribute_columns", {})[attribute[1]] = value
            elif place and (text := str(value).strip()):
                parts.setdefault(place[0], {})[place[1]] = {"value": text} if place[1] in _OPTIONS else text
        kind = self.config.get("crowdskout_external_id_type")
        given = parts.pop("ExternalIDs", {}).get("ExternalID")
        if own := given or (shaped.own_id if kind and not self.config.get("ids_are_this_accounts") else None):
            if not kind:
                raise Rejection("no type of external ID", "'external_id' needs 'crowdskout_external_id_type'.")
            item = {"ExternalID": own, "ExternalIDType": {"value": str(kind)}}
            values["ExternalIDs"] = [*(values.get("ExternalIDs") or ()), item]
        for name, item in parts.items():
            values.setdefault(name, [item])

    @override
    def check(self, action: str, order: Order) -> None:
        if action != "create":
            return
        if lacking := [name for name in order.stream.required if not order.values.get(name)]:
            raise Rejection("required fields missing", f"To create one, {order.stream.name} need {', '.join(lacking)}.")
        if not order.values:
            raise Rejection("nothing to write", "The record has none of the collections that can be written.")

    @override
    def find(self, stream: Stream, key: str, value: str) -> Sequence[Found]:
        if stream.name == "attributes":
            return [Found(str(each["id"]), each) for each in self._attributes() if each.get("name") == value]
        kind, _, own = value.partition("\x1f")
        path = f"external-id/{quote(own, safe='')}/{quote(kind, safe='')}"
        try:
            data = self._data("GET", path, repeatable=True)
        except NotFound:
            return []
        except NotSignedIn as error:
            raise NotSignedIn(error.why, method=error.method, path="external-id", status=error.status) from None
        return [Found(str(each)) for each in (data or {}).get("ids") or ()]

    @override
    def read(self, vendor_id: str, order: Order) -> Record | None:
        params = None
        if order.stream.name == "profiles":
            params = {"collections": ",".join(_collections(order.values)) or "Names"}
        try:
            data = self._data("GET", f"{order.stream.path}/{vendor_id}", params=params, repeatable=True)
        except NotFound:
            return None
        return _respelled(data) if isinstance(data, dict) else None

    @override
    def look_up(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look for a profile by its external IDs, for an attribute by its name; without an external ID nobody knows."""
        if order.stream.name == "attributes":
            return self.find(order.stream, "name", order.values["name"])
        keys = self._own_ids(order.values)
        found = [each for key in keys for each in self.find(order.stream, "external_id", key)]
        return list({each.id: each for each in found}.values()) if keys else None

    @override
    def create(self, order: Order) -> Record:
        """Create a record, with all that is in it; never again where the answer is lost."""
        if order.stream.name == "attributes":
            return self._shown(self._data("POST", "attribute", json=order.values, repeatable=False), order)
        gathered = self.gathers > 1 and self._own_ids(order.values)
        return self._seen(order, self._gathered(order) if gathered else self._post_profile(order))

    def _post_profile(self, order: Order) -> Record:
        body = {"profile": dict(_items(order))}
        return self._shown(self._data("POST", "profile", json=body, repeatable=False), order)

    def _post_profiles(self, orders: Sequence[Order]) -> Replies:
        """Create profiles in one call; one that the answer does not show is to be looked up like an unanswered one."""
        if len(orders) == 1:
            return [self._post_profile(orders[0])]
        body = {"profiles": [dict(_items(order)) for order in orders]}
        data = self._data("POST", "profile/bulk", json=body, repeatable=False)
        left = [_respelled(each) for each in data or () if isinstance(each, dict)]
        lost = Garbled("the answer lacks the profile", method="POST", path="profile/bulk")
        found: dict[int, Record] = {}
        for is_of in (self._bears_its_id, self._bears_no_id):
            for place, order in enumerate(orders):
                mine = [] if place in found else [each for each in left if is_of(order, each)]
                if len(mine) == 1 or (mine and is_of == self._bears_its_id):
                    found[place] = mine[0]
                    left = [each for each in left if each is not mine[0]]
        return [self._shown(found[place], order) if place in found else lost for place, order in enumerate(orders)]

    def _bears_its_id(self, order: Order, shown: Record) -> bool:
        return bool({*self._own_ids(order.values)} & {*self._own_ids(shown)})

    def _bears_no_id(self, order: Order, shown: Record) -> bool:
        """Whether a profile shows all of an order but the external IDs, which the vendor then did not take."""
        unlike = self.differences(order, shown)
        return not self._own_ids(shown) and all(each.startswith("ExternalIDs ") for each in unlike)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Add and change what a reading shows to be missing: sent twice, the same addition would be two items."""
        for left in reversed(range(MOST_TRIES)):
            body = self._changes(order, current or {})
            try:
                data = self._data("PUT", f"{order.stream.path}/{vendor_id}", json=body, repeatable=False)
                return self._seen(order, self._shown(data, order))
            except VendorError as error:
                if not error.may_have_happened or not left:
                    raise
            time.sleep(self.account.index_lag)
            current = self.read(vendor_id, order)
            if current and not self.differences(order, current):
                return current
        raise AssertionError

    def _changes(self, order: Order, current: Record) -> Record:
        if order.stream.name == "attributes":
            if current.get("locked"):
                raise Rejection("locked", "The attribute is locked: neither users nor calls can change it.")
            return _changed_attribute(order, current)
        profile: Record = {"id": current["id"]}
        for name, items in _items(order):
            for _, item, known, unlike in _paired(name, items, current.get(name) or ()):
                if not known:
                    profile.setdefault(name, []).append(item)
                elif unlike:
                    key = {"AttributeId": item["AttributeId"]} if name == "Attributes" else {}
                    change = {"id": known["id"], **key, **{each: item[each] for each in unlike}}
                    for each in self._kept_unusable(item, known):
                        change.pop(each, None)
                        order.notes.append(f"{each} stays as it was: not usable")
                    if len(change) > 1 + len(key):
                        profile.setdefault(name, []).append(change)
        return {"profile": profile}

    @override
    def id_of(self, record: Record) -> str | None:
        return str(record["id"]) if record.get("id") is not None else None

    @override
    def keys_of(self, stream: Stream, record: Record) -> Mapping[str, Sequence[str]]:
        if stream.name == "attributes":
            return {"name": [record["name"]]} if record.get("name") else {}
        return {"external_id": self._own_ids(record), "any_external_id": _external_ids(record)}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        """Name each item that is not shown as it was sent, by its collection and its place in it."""
        if order.stream.name == "attributes":
            options = order.values.get("options") or ()
            shown = {verify.normal(each.get("value")) for each in record.get("options") or ()}
            unlike = verify.differences({k: v for k, v in order.values.items() if k != "options"}, record)
            return unlike + ["options"] * any(verify.normal(each["value"]) not in shown for each in options)
        return [
            f"{name} {place}"
            for name, items in _items(order)
            for place, item, known, unlike in _paired(name, items, record.get(name) or ())
            if not known or set(unlike) - set(self._kept_unusable(item, known))
        ]

    def _kept_unusable(self, item: Record, known: Record) -> list[str]:
        """Fields that say of an address or number that it cannot be used, and that a record may not reverse."""
        if self.config.get("allow_resubscribe"):
            return []
        return [
            name
            for name in item
            if name.endswith("Usable")
            and isinstance(known.get(name), dict)
            and verify.normal(known[name].get("value")) == "unusable"
            and not _same(name, item[name], known[name])
        ]

    def _seen(self, order: Order, reply: Record) -> Record:
        """The reply, read once more where it lacks something: it may show a part of the profile only."""
        if not self.differences(order, reply):
            return reply
        return self.read(str(reply["id"]), order) or reply

    def _shown(self, data: Any, order: Order) -> Record:
        """The record in an answer to a write.

        Raises:
            Garbled: If it shows none.
        """
        if not isinstance(data, dict) or data.get("id") is None:
            raise Garbled("the answer shows no record", method="POST", path=order.stream.path)
        shown: Record = _respelled(data)
        return shown

    def _attributes(self) -> list[Record]:
        """All attributes, by pages that may be larger than asked for."""
        path, known = "attribute", dict[Any, Record]()
        offset = 0
        while True:
            try:
                data = self._data("GET", path, params={"limit": 100, "offset": offset}, repeatable=True) or {}
            except NotFound:
                if path == "attributes":
                    raise
                path = "attributes"
                continue
            shown = data.get("list") or []
            known |= {each["id"]: each for each in shown}
            offset += len(shown)
            if not shown or offset >= int(data.get("total") or 0):
                return list(known.values())

    def _data(self, method: str, path: str, **what: Any) -> Any:
        """Make a call and return what its envelope holds."""
        answer = self.account.call(method, path, **what)
        body = answer.json() if answer.content else None
        return body.get("data") if isinstance(body, dict) else None


def _collections(values: Record) -> list[str]:
    names = [name for name in values if name != "attribute_columns"]
    return sorted({*names, "Attributes"} if "attribute_columns" in values else names)


def _external_ids(profile: Record) -> list[str]:
    """Type and value of each external ID, as profiles are matched by them."""
    return [
        f"{kind}\x1f{each['ExternalID']}"
        for each in profile.get("ExternalIDs") or ()
        if (kind := str((each.get("ExternalIDType") or {}).get("value") or "").strip()) and each.get("ExternalID")
    ]


def _items(order: Order) -> Iterator[tuple[str, list[Record]]]:
    """The collections of a profile with their items, attributes by the ids of this account."""
    values = dict(order.values)
    columns = values.pop("attribute_columns", {})
    ids = [int(each) if each.isdigit() else each for each in order.refers.get("attribute_ids") or ()]
    attributes = [{**item, "AttributeId": own} for item, own in zip(values.pop("Attributes", ()), ids, strict=True)] + [
        {"AttributeId": int(own), "AttributeValue": value} for own, value in columns.items()
    ]
    yield from values.items()
    if attributes:
        yield "Attributes", attributes


def _sent(collection: str, items: list[Any], *, ours: bool) -> list[Record]:
    """Items without ids, which are another profile's, and without repetitions."""
    kept: list[Record] = []
    for item in items:
        if not item:
            continue
        sent = {name: _option(value, ours=ours) for name, value in item.items() if name not in {"id", "delete"}}
        if collection == "Names" and sent.keys() & {"FirstName", "LastName"}:
            sent.pop("FullName", None)
        if collection == "Attributes":
            if sent.get("AttributeId") is None or "AttributeValue" not in sent:
                raise Rejection("incomplete attribute", "An item of Attributes needs AttributeId and AttributeValue.")
            sent = {name: sent[name] for name in ("AttributeId", "AttributeValue")}
        if sent and sent not in kept:
            kept.append(sent)
    return kept


def _option(value: Any, *, ours: bool) -> Any:
    """A value without the number of an option that has a text: numbers may mean something else in another account."""
    if isinstance(value, list):
        return [_option(each, ours=ours) for each in value]
    if ours or not isinstance(value, dict):
        return value
    if not value.get("value") or not value.keys() <= {"id", "value"}:
        return {name: _option(inner, ours=ours) for name, inner in value.items()}
    return {"value": value["value"]} if str(value.get("id", 0)).isdigit() else value


def _paired(
    collection: str, items: Sequence[Record], shown: Sequence[Record]
) -> Iterator[tuple[int, Record, Record | None, list[str]]]:
    """Pair items with those a profile has: place from one, item, its partner, and the fields in which they differ.

    Those alike in all that was sent come first, then those with the same natural key.
    """
    left = list(shown)
    partners: dict[int, Record] = {}
    for alike in (_all_alike, _same_key):
        for place, item in enumerate(items):
            if place in partners:
                continue
            for other in left:
                if alike(collection, item, other):
                    partners[place] = other
                    left = [each for each in left if each is not other]
                    break
    for place, item in enumerate(items):
        known = partners.get(place)
        unlike = [name for name, value in item.items() if known and not _same(name, value, known.get(name))]
        yield place + 1, item, known, unlike


def _all_alike(_: str, item: Record, other: Record) -> bool:
    return all(_same(name, value, other.get(name)) for name, value in item.items())


def _same_key(collection: str, item: Record, other: Record) -> bool:
    if collection in _ONE_OF_A_KIND:
        return True
    for names in _KEYS.get(collection, ()):
        if all(item.get(name) for name in names):
            return all(_same(name, item[name], other.get(name)) for name in names)
    return False


def _same(name: str, sent: Any, shown: Any) -> bool:
    """Whether a field shows what was sent: options by id or text, phones by digits, times as instants."""
    if isinstance(sent, dict):
        return _same_object(sent, shown)
    if isinstance(sent, list):
        others = shown if isinstance(shown, list) else [shown]
        return all(any(_same(name, each, other) for other in others) for each in sent)
    if isinstance(shown, dict):
        return verify.normal(sent) in {verify.normal(shown.get("value")), verify.normal(shown.get("id"))}
    if isinstance(shown, list):
        return any(_same(name, sent, other) for other in shown)
    if name in _PHONES:
        return _digits(sent) == _digits(shown)
    return bool(verify.normal(sent) == verify.normal(shown))


def _same_object(sent: Record, shown: Any) -> bool:
    if not isinstance(shown, dict):
        return not sent
    if sent.keys() <= {"id", "value"}:
        key = "value" if sent.get("value") else "id"
        return bool(verify.normal(sent.get(key)) == verify.normal(shown.get(key)))
    return all(_same(name, value, shown.get(name)) for name, value in sent.items())


def _digits(number: Any) -> str:
    digits = re.sub(r"\D", "", str(number or ""))
    return digits[1:] if len(digits) == 11 and digits[0] == "1" else digits


def _text(number: Any) -> str:
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _changed_attribute(order: Order, current: Record) -> Record:
    """The name, and the options that the attribute lacks; those it has keep their ids."""
    known = {verify.normal(each.get("value")): each.get("id") for each in current.get("options") or ()}
    body = {name: order.values[name] for name in ("name",) if name in order.values}
    if options := order.values.get("options"):
        body["options"] = [{"id": known.get(verify.normal(each["value"]), 0), **each} for each in options]
    return body


def _respelled(content: Any) -> Any:
    if isinstance(content, dict):
        return {_RESPELLED.get(name, name): _respelled(value) for name, value in content.items()}
    return [_respelled(each) for each in content] if isinstance(content, list) else content


VENDOR = Vendor(
    streams={stream.name: stream for stream in _STREAMS},
    people="profiles",
    settings=Crowdskout.settings,
    shaping=tuple(Crowdskout.settings),
    session=Crowdskout,
)
