"""The items of a profile's collections: as they are sent, and paired with those that a profile has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.crowdskout.stream import deletion
from target_osdi_crm.verify import digits, normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_osdi_crm.vendor import Record

ONE_OF_A_KIND = (
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

_ADDRESSES = {"EmailAddresses": "Email", "PhoneNumbers": "PhoneNumber"}
"""Collections whose items are nothing without their address."""

_PHONES = ("PhoneNumber", "PhoneCallNumber", "PhoneNumberTextSentTo", "PhoneNumberTextSentFrom")


def sent(collection: str, items: list[Any], *, ours: bool) -> list[Record]:
    """Items without ids, which are another profile's, and without repetitions.

    Args:
        collection: The collection they belong to.
        items: The items as they came.
        ours: Whether numbers of options are this account's.

    Raises:
        Rejection: If one lacks what its collection needs.
    """
    kept: list[Record] = []
    for item in items:
        if not item:
            continue
        fields = {name: _option(value, ours=ours) for name, value in item.items() if name not in {"id", "delete"}}
        if deleted := deletion(item):
            if any(value is not None for value in fields.values()):
                kept.append({**fields, **deleted})
            continue
        if collection == "Names" and fields.keys() & {"FirstName", "LastName"}:
            fields.pop("FullName", None)
        if collection == "Attributes":
            if fields.get("AttributeId") is None or "AttributeValue" not in fields:
                raise Rejection("incomplete_attribute", "An item of Attributes needs AttributeId and AttributeValue.")
            fields = {name: fields[name] for name in ("AttributeId", "AttributeValue")}
        if collection in _ADDRESSES and not fields.get(_ADDRESSES[collection]):
            continue
        if fields and fields not in kept:
            kept.append(fields)
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


def paired(
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
        if not known and not any(value is not None for value in item.values()):
            continue
        unlike = [name for name, value in item.items() if known and not same(name, value, known.get(name))]
        yield place + 1, item, known, unlike


def _all_alike(_: str, item: Record, other: Record) -> bool:
    return all(same(name, value, other.get(name)) for name, value in item.items())


def _same_key(collection: str, item: Record, other: Record) -> bool:
    if collection in ONE_OF_A_KIND:
        return True
    for names in _KEYS.get(collection, ()):
        if all(item.get(name) for name in names):
            return all(same(name, item[name], other.get(name)) for name in names)
    return False


def doomed(collection: str, items: Sequence[Record], shown: Sequence[Record]) -> list[Record]:
    """Those of the items a profile has that are to be deleted: each that is alike in all that was given of it.

    Of a collection with several, also the one with the same natural key.
    """
    given = [{name: value for name, value in item.items() if name != "delete"} for item in items if item.get("delete")]
    alike = [_all_alike] if collection in ONE_OF_A_KIND else [_all_alike, _same_key]
    return [each for each in shown if any(is_it(collection, item, each) for item in given for is_it in alike)]


def same(name: str, given: Any, shown: Any) -> bool:
    """Whether a field shows what was sent: options by id or text, phones by digits, times as instants."""
    if isinstance(given, dict):
        return _same_object(given, shown)
    if isinstance(given, list):
        others = shown if isinstance(shown, list) else [shown]
        return all(any(same(name, each, other) for other in others) for each in given)
    if isinstance(shown, dict):
        return normal(given) in {normal(shown.get("value")), normal(shown.get("id"))}
    if isinstance(shown, list):
        return any(same(name, given, other) for other in shown)
    if name in _PHONES:
        return national(given) == national(shown)
    return bool(normal(given) == normal(shown))


def _same_object(given: Record, shown: Any) -> bool:
    if not isinstance(shown, dict):
        return not given
    if given.keys() <= {"id", "value"}:
        key = "value" if given.get("value") else "id"
        return bool(normal(given.get(key)) == normal(shown.get(key)))
    return all(same(name, value, shown.get(name)) for name, value in given.items())


def national(phone: Any) -> str:
    """The digits of a phone number without the country code of the US."""
    number = digits(phone or "")
    return number[1:] if len(number) == 11 and number[0] == "1" else number
