"""Crowdskout API v1, as documented in its last public revision (github.com/crowdskout/slate, September 2020).

Assumed here, for the documentation is silent: every error (400, 401, 403, 404, 429 with `success` false, or as the
option `errors` says), which items are invalid (see `_clean`), that unknown collections and fields are passed over, that
an update drops what is invalid as a create does, that answers to it show whole collections, the form of written
attribute values, the batches of a scan, and that text comes back trimmed, e-mails in lower case, phones and times in
one form. The traits are left out.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from osdi_crm_sandbox.population import Population, iso
from osdi_crm_sandbox.vendor import Call, Record, Refusal, Resource, Route, Vendor, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from osdi_crm_sandbox.accounts import Account

API = "/v1"
TEN_YEARS = 315_360_000
HERE: Record = {"id": 1, "value": "Crowdskout"}

OPTIONS: dict[str, Any] = {
    "errors": "status",  # or "success_false", "messages" (both 200), "text" (no JSON)
    "expires_in_text": False,  # the token's life as a string
    "scan_batch": 1000,
    "scroll_seconds": 3600.0,  # a scroll dies after so many without a request
    "scroll_id_changes": False,  # from batch to batch
    "empty_collections": True,  # False: a collection without items is missing
    "top_level_date": False,  # profiles carry a scalar, `Date`
    "other_spellings": False,  # "Independent Unsubscribes", AttributeID, EventRegistrationType, VotedPrimaryParty
    "put_shows_whole": True,  # False: the answer to an update has only the items touched
    "max_bulk": None,  # profiles in a bulk call
    "bulk_reverses": False,  # bulk answers come in another order
    "drop_empty_profiles": False,  # a bulk create leaves out profiles without a valid item
    "limit_caps": True,  # False: the attributes' `limit` is passed over, as in the published example
    "plural_attributes": False,  # the list of attributes stands at /attributes
    "delete_status": 200,  # of a deleted attribute; or 204
}

DISTRICTS = (
    *("CensusBlockGroup", "CensusTract", "City", "CitySub", "Citywide", "CommunityCollege", "Congressional"),
    *("CountyCommissioner", "Countywide", "Fire", "Flood", "HighSchool", "Hospital", "Judicial", "Library", "NDMA"),
    *("Park", "Precinct", "Road", "Sanitation", "School", "Sewer", "StateLower", "StateUpper", "Statewide", "Township"),
    *("Utility", "Village", "Ward", "Water", "Watershed"),
)
"""Each names a collection with one field; the one of the state boards of education goes by other names."""

COLLECTIONS: dict[str, str] = {
    "Ages": "Age num, DateOfBirth date",
    "Attributes": "AttributeId num, AttributeName str, AttributeType str, AttributeValue any",
    "BusinessOwners": "BusinessOwner yes",
    "Children": "ChildAge num, ChildGender opt",
    "Conversations": """ConversationOrganization opt, ConversationWhen dt, ConversationSender poser,
        ConversationReceiver poser, ConversationMedium slug, ConversationService slug, ConversationEffort opt,
        ConversationUnsubscribes list, ConversationClicks list, ConversationMessages list""",
    "CrowdskoutScores": "CrowdskoutScore num, CrowdskoutScoreLabel str",
    "DeceasedRecords": "DeceasedFlag yes, DateOfDeath date",
    **{re.sub(r"ys$", "ies", f"District{name}s"): f"District{name} opt" for name in DISTRICTS},
    "DistrictStateBoardsOfEducation": "StateBoardOfEducation opt",
    "Donations": """DonationOrganization opt, DonationWhen dt, DonationParent parent, DonationAmount num,
        DonationExternalID str, DonationBundlerID str, DonationSubscriptionID str, DonationCampaign poser,
        DonationPaidWith slug, DonationCollectionMethod slug, DonationRecurring yes, DonationSourceCode str""",
    "Dwellings": "DwellingType opt, OwnRent slug, DwellingEstimatedValue num, YearsLived num",
    "Educations": "GraduationYear str, EducationInstitution opt, EducationLevel opt, EducationField opt",
    "EmailAddresses": "Email email, EmailContact opt, EmailUsable opt",
    "EmailSends": """EmailSendOrganization opt, EmailSendWhen dt, EmailSendParent parent, EmailSendContent str,
        EmailSendSubject str, EmailSendReplyTo str, EmailSendSenderEmail str, EmailSendSenderName str,
        EmailSendUser poser, EmailSendDelivery dt, EmailSendService slug, EmailSendEmail str, EmailSendEmailing str,
        EmailSendBounces list, EmailSendOpens list, EmailSendClicks list, EmailSendSpamComplaints list,
        EmailSendUnsubscribes list""",
    "Ethnicities": "Ethnicity opt",
    "EventAttendances": """EventAttendanceOrganization opt, EventAttendanceWhen dt, EventAttendanceParent parent,
        EventAttendanceType slug, EventAttendanceCollector opt, EventAttendanceEventName str""",
    "EventRegistrations": """EventRegistrationOrganization opt, EventRegistrationWhen dt,
        EventRegistrationParent parent, EventRegistrationEvent slug, EventRegistrationEventType slug, EventDate dt,
        EventDescription str, EventURL str, EventTicketName str, EventDiscountCode str,
        EventRegistrationExternalID poser""",
    "ExternalIDs": "ExternalID str, ExternalIDType opt",
    "Genders": "Gender opt",
    "Households": "HeadOfHousehold yes, HouseholdID str",
    "Images": "Image str",
    "Incomes": "Income num",
    "IndependentUnsubscribes": """IndependentUnsubscribeOrganization opt, IndependentUnsubscribeWhen dt,
        IndependentUnsubscribeEmail str, IndependentUnsubscribeList poser""",
    "Interests": "Interest opt",
    "Investments": "InvestmentAmount num, InvestmentTopic opt, CurrentlyInvested yes",
    "IPAddresses": """IPAddress str, IPAddressCountry opt, IPAddressRegion opt, IPAddressCity opt,
        IPAddressCounty opt, IPAddressPostalCode str""",
    "Issues": "Issue opt, IssuePosition opt",
    "Knocks": """KnockOrganization opt, KnockWhen dt, KnockState slug, KnockDayTrip opt, KnockRoute opt,
        KnockVolunteer opt, KnockSurveySubmissionID str, KnockFormSubmissionID str, KnockSurvey poser""",
    "Languages": "Language opt",
    "LegislationPositions": """LegislationPositionDateTaken date, LegislationPosition yes,
        LegislationPositionLegislation opt, LegislationPositionLegislationStartYear num,
        LegislationPositionLegislationEndYear num, LegislationPositionLegislationDistrict opt,
        LegislationPositionGovernmentBodies opts""",
    "MaritalStatuses": "MaritalStatus opt",
    "Meetings": """MeetingOrganization opt, MeetingWhen dt, MeetingParent parent, MeetingUser opt, MeetingType slug,
        MeetingPurpose str, MeetingLocation str, MeetingNotes str""",
    "Memberships": """MemberOrganization opt, MemberActive yes, MemberTitle str, MemberJoined date, MemberLeft date,
        MemberLeader yes, MemberDonor yes""",
    "Names": "FullName str, NameTitle str, FirstName str, MiddleName str, LastName str, NameSuffix str",
    "NetWorths": "NetWorth num",
    "Notes": "NoteWhen dt, NoteAuthor str, Note str",
    "Occupations": """OccupationTitle opt, OccupationEmployer opt, OccupationEmployed yes, OccupationIndustry opt,
        OccupationStarted date, OccupationEnded date, OccupationSalary num""",
    "OneOnOnes": """OneOnOneOrganization opt, OneOnOneWhen dt, OneOnOneType slug, OneOnOneUser opt,
        OneOnOneRncRole slug, OneOnOneHardAsk truth, OneOnOneHardAskAnswer str, OneOnOnePreviousContactDatetime dt,
        OneOnOneAnswerArray object, OneOnOneCollectionLead opt""",
    "PageViews": """PageViewOrganization opt, PageViewWhen dt, PageViewPlatform slug, PageViewImage str,
        PageViewURL str, PageViewPageTitle str, PageViewPageDescription str, PageViewPageTopics opts,
        PageViewUTMSources strs, PageViewUTMMediums strs, PageViewUTMContents strs, PageViewUTMCampaigns strs,
        PageViewUTMTerms strs""",
    "PaymentCards": """CardProcessor opt, CardFunding opt, CardLastFour num, CardExpiration str, CardIssuer opt,
        CardFingerprint str""",
    "PhoneCalls": """PhoneCallOrganization opt, PhoneCallWhen dt, PhoneCallPhoneCalling slug, PhoneCallNumber str,
        PhoneCallResult slug, PhoneCallLength num, PhoneCallUser opt, PhoneCallType slug""",
    "PhoneNumbers": """PhoneNumber phone, PhoneType opt, PhoneContact opt, PhoneNumberCallUsable opt,
        PhoneNumberTextUsable opt""",
    "PhysicalAddresses": """Address1 str, Address2 str, Address3 str, AddressRegion opt, AddressCity opt,
        AddressPostalCode str, AddressCounty opt, AddressCountry opt, AddressLatitude num, AddressLongitude num,
        AddressContact opt, AddressUsable opt""",
    "PoliticalOrientationScores": "PoliticalOrientationScore num, PoliticalOrientationScoreLabel str",
    "Religions": "Religion opt",
    "SocialMediaAccounts": "SocialMediaNetwork opt, SocialMediaID str, SocialMediaNickname str, SocialMediaURL str",
    "Students": "Student yes",
    "Submissions": """SubmissionOrganization opt, SubmissionWhen dt, SubmissionUser poser, SubmissionForm opt,
        SubmissionFormType slug, SubmissionFormSubTypes strs, SubmissionResponses list""",
    "Texts": """TextOrganization opt, TextWhen dt, TextParent parent, TextUser opt, TextContent str,
        PhoneNumberTextSentTo str, PhoneNumberTextSentFrom str, TextPhoneCarrier str, TextDelivered yes, TextRead yes,
        TextReplied yes, TextReplyContent str, TextCampaign opt""",
    "Veterans": "Veteran yes",
    "Votes": """VotedWhen str, VotedElection opt, VotedRegion opt, Voted yes, VotedEarly yes, VotedAbsentee yes,
        VotedParty opt""",
    "VoterRegistrations": """Registered yes, StateVoterID str, CountyVoterID str, VoterRegistrationDate dt,
        VoterRegistrationParty opt, VoterRegistrationRegion opt, VoterRegistrationCounty opt,
        VoterRegistrationVoterStatus opt""",
    "VoterRegistrationInteractions": """VoterRegistrationInteractionOrganization opt,
        VoterRegistrationInteractionWhen dt, VoterRegistrationInteractionParty opt,
        VoterRegistrationInteractionType slug, VoterRegistrationInteractionPetitionType slug,
        VoterRegistrationInteractionLocation str, VoterRegistrationInteractionLocationType slug,
        VoterRegistrationInteractionTurnedIn date, VoterRegistrationInteractionLead opt,
        VoterRegistrationInteractionNonStafferCollector slug, VoterRegistrationInteractionRole slug""",
}
"""Fields with their types: opt, slug, yes and truth are {"id", "value"} with ids that are numbers, slugs, one of yes,
no, unknown, or booleans; list is an array of LISTED, object is open. A field follows the one it depends on."""

LISTED = {
    "ConversationUnsubscribes": "ConversationUnsubscribeWhen dt",
    "ConversationClicks": "ConversationClickWhen dt, ConversationClickURL str",
    "ConversationMessages": """ConversationMessageWhen dt, ConversationMessageContent str,
        ConversationMessageSender poser, ConversationMessageReceiver poser, ConversationMessagePhoneCarrier str,
        ConversationMessageOutbound bool, ConversationMessageReadReceipt bool, ConversationMessageBounceNotice bool,
        ConversationMessageDelivered bool""",
    "EmailSendBounces": "when dt",
    "EmailSendOpens": "when dt",
    "EmailSendClicks": "when dt, url str",
    "EmailSendSpamComplaints": "when dt",
    "EmailSendUnsubscribes": "when dt",
    "SubmissionResponses": "Question slug, Answers opts",
}


def _parsed(table: Mapping[str, str]) -> dict[str, dict[str, str]]:
    fields = {name: [part.split() for part in text.split(",")] for name, text in table.items()}
    return {name: {pair[0]: pair[1] for pair in pairs} for name, pairs in fields.items()}


FIELDS = _parsed(COLLECTIONS)
LISTS = _parsed(LISTED)
COLLECTION_OF = {name: collection for collection, fields in FIELDS.items() for name in fields}
INTERACTIONS = {
    collection: next(name for name in fields if name.endswith("When"))
    for collection, fields in FIELDS.items()
    if next(iter(fields)).endswith("Organization") and collection != "Memberships"
}
"""Collections of what happened, whose items have UUIDs, with the field that says when."""
COMPUTED = ("CrowdskoutScores", "PoliticalOrientationScores")
ANY_OF = {
    "Ages": ("Age", "DateOfBirth"),
    "Names": ("FirstName", "LastName"),
    "PhysicalAddresses": ("Address1", "AddressCity", "AddressPostalCode", "AddressRegion"),
    "Educations": ("EducationInstitution", "EducationLevel", "EducationField", "GraduationYear"),
    "Occupations": ("OccupationTitle", "OccupationEmployer", "OccupationIndustry"),
    "SocialMediaAccounts": ("SocialMediaID", "SocialMediaNickname", "SocialMediaURL"),
    "Votes": ("VotedWhen", "VotedElection"),
}
ALL_OF = {"ExternalIDs": ("ExternalID", "ExternalIDType"), "Attributes": ("AttributeId", "AttributeValue")}
NAME_PARTS = ("NameTitle", "FirstName", "MiddleName", "LastName", "NameSuffix")
ATTRIBUTE_TYPES = ("Radio", "Checkbox", "Text", "Number", "Tag", "Date", "Datetime")

CLOSED = {
    "Gender": ("Male", "Female"),
    "ChildGender": ("Male", "Female"),
    **dict.fromkeys(("EmailContact", "PhoneContact", "AddressContact"), ("Personal", "Professional")),
    **dict.fromkeys(
        ("EmailUsable", "PhoneNumberCallUsable", "PhoneNumberTextUsable", "AddressUsable"), ("Usable", "Unusable")
    ),
    "PhoneType": ("Cell", "Home", "Work"),
    "MaritalStatus": ("Single", "Married", "Divorced", "Widowed"),
}
"""Options that writing cannot add to; other fields take new values."""
DEPENDENCIES = {"AddressCity": "AddressRegion"}
YES_NO = ("yes", "no", "unknown")


# Options of fields


def _slug(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


@dataclass
class FieldOptions:
    """An account's options by field and id, and the ids by value."""

    by_id: dict[str, dict[Any, Record]] = field(default_factory=dict)
    by_value: dict[tuple[str, str, Any], Any] = field(default_factory=dict)
    parents: dict[tuple[str, Any], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in CLOSED.items():
            for value in values:
                self.add(name, "opt", value)
        for name in INTERACTIONS.values():
            self.add(f"{name.removesuffix('When')}Organization", "opt", HERE["value"])

    def add(self, name: str, kind: str, value: str, parent: Any = None) -> Record:
        """The option of a field with this value, a new one if need be."""
        key = (name, value.casefold(), parent)
        known = self.by_id.setdefault(name, {})
        if key not in self.by_value:
            own: Any = len(known) + 1
            if kind in ("slug", "yes"):
                own = _slug(value)
            elif kind == "truth":
                own = value.casefold() == "true"
            known.setdefault(own, {"id": own, "value": value})
            self.by_value[key] = own
            self.parents[name, own] = parent
        return known[self.by_value[key]]

    def find(self, name: str, kind: str, given: Any, parent: Any = None) -> Record | None:
        """The option that {"id"} or {"value"} means; None where there is none and none can be added."""
        if not isinstance(given, dict):
            return None
        own, value = given.get("id"), given.get("value")
        if isinstance(own, str | int) and own in self.by_id.get(name, {}):
            return self.by_id[name][own]
        if kind == "yes" and value is None and own in YES_NO:
            value = str(own).capitalize()
        if not isinstance(value, str) or not value.strip():
            return None
        value = value.strip()
        is_closed = name in CLOSED or kind in ("yes", "truth")
        allowed = CLOSED.get(name, ("true", "false") if kind == "truth" else YES_NO)
        if is_closed and value.casefold() not in {choice.casefold() for choice in allowed}:
            return None
        return self.add(name, kind, value, parent)


def _options(account: Account) -> FieldOptions:
    if "options" not in account.state:
        account.state["options"] = FieldOptions()
    options: FieldOptions = account.state["options"]
    return options


# What profiles are found by


def _values(collection: str, name: str, record: Record) -> Iterable[str]:
    return [item[name]["value"] for item in record.get(collection, ()) if item.get(name)]


def _external_ids(record: Record) -> Iterable[str]:
    return [_external_id(item["ExternalID"], item["ExternalIDType"]["value"]) for item in record.get("ExternalIDs", ())]


def _external_id(value: str, kind: str) -> str:
    return f"{kind.casefold()}\x1f{value}"


CRITERIA: dict[str, Callable[[Record], Iterable[str]]] = {
    "NameExists": lambda record: ("Yes" if record.get("Names") else "No",),
    "Gender": partial(_values, "Genders", "Gender"),
    "City": partial(_values, "PhysicalAddresses", "AddressCity"),
    "State": partial(_values, "PhysicalAddresses", "AddressRegion"),
}
RESOURCES = {
    "profiles": Resource("_modified", {**CRITERIA, "external_id": _external_ids}),
    "attributes": Resource("_modified", {}),
}


# Answering


def _enveloped(data: Any) -> Response:
    return answer({"success": True, "messages": [], "data": data})


def refuse(call: Call, status: int, words: str) -> Response:
    """An error as the option says; the token endpoint's own are OAuth's."""
    if call.path.startswith("/oauth/"):
        return answer({"error": "access_denied", "error_description": words}, status)
    shape = (OPTIONS if call.caller is None else call.caller.options)["errors"]
    if shape == "text":
        return Response(words, status, media_type="text/plain")
    if shape != "status" and status in (400, 403, 404, 405):
        is_message = shape == "messages"
        return answer({"success": is_message, "messages": [words], "data": {} if is_message else None})
    return answer({"success": False, "messages": [words], "data": None}, status)


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the access token; on the way to one, by the client id."""
    if call.path.startswith("/oauth/"):
        given = call.query if call.method == "GET" else call.body
        client = str(given.get("client_id")) if isinstance(given, dict) else ""
        return accounts.get(client.removesuffix("-client"))
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return accounts.get(token) if scheme.lower() == "bearer" else None


def credentials(account: Account) -> Record:
    """What the code grant needs; the account's key is the access token itself."""
    return {"client_id": f"{account.key}-client", "client_secret": f"{account.key}-secret"}


def _authorize(call: Call) -> Response:
    """The login page, where everybody agrees at once."""
    redirect = call.query.get("redirect_uri")
    if call.caller is None or not redirect or call.query.get("response_type") != "code":
        raise Refusal(400, "client_id, redirect_uri and response_type=code are required")
    code = secrets.token_hex(16)
    call.account.state.setdefault("codes", {})[code] = redirect
    state = {"state": call.query["state"]} if "state" in call.query else {}
    return RedirectResponse(f"{redirect}?{urlencode({'code': code, **state})}", 302)


def _access_token(call: Call) -> Response:
    form = call.body if isinstance(call.body, dict) else {}
    if call.caller is None or form.get("client_secret") != credentials(call.caller)["client_secret"]:
        raise Refusal(401, "The client is unknown")
    codes: dict[str, str] = call.caller.state.setdefault("codes", {})
    redirect = codes.pop(form.get("code", ""), None)
    if form.get("grant_type") != "authorization_code" or redirect is None or redirect != form.get("redirect_uri"):
        raise Refusal(400, "The code is not valid")
    life = str(TEN_YEARS) if call.caller.options["expires_in_text"] else TEN_YEARS
    return answer({"access_token": call.caller.key, "token_type": "Bearer", "expires_in": life})


def serve(account: Account, resource: str, key: str, _url: str) -> Any:
    """A record by id; a profile with every collection that has items."""
    record = account.tables[resource].records[key]
    return {name: value for name, value in record.items() if name[0] != "_"}


# Reading profiles


def _shown(account: Account, record: Record, collections: Iterable[str]) -> Record:
    """A profile with these collections, as this account's options have it."""
    options = account.options
    shown: Record = {"id": record["id"]}
    if options["top_level_date"]:
        shown["Date"] = "2016-05-18T15:50:59+00:00"
    for name in collections:
        items = record.get(name, [])
        if name in FIELDS and (items or options["empty_collections"]):
            shown[name] = items
    return _respelled(shown) if options["other_spellings"] else shown


RESPELLED = {
    "IndependentUnsubscribes": "Independent Unsubscribes",
    "AttributeId": "AttributeID",
    "EventRegistrationEventType": "EventRegistrationType",
    "VotedParty": "VotedPrimaryParty",
}


def _respelled(content: Any) -> Any:
    if isinstance(content, dict):
        return {RESPELLED.get(name, name): _respelled(value) for name, value in content.items()}
    return [_respelled(item) for item in content] if isinstance(content, list) else content


def _find(call: Call, resource: str) -> Record:
    record = call.account.tables[resource].records.get(call.params["id"])
    if record is None:
        raise Refusal(404, f"There is no {resource.removesuffix('s')} {call.params['id']}")
    return record


def _profile(call: Call) -> Response:
    """One profile with the collections asked for, sorted, filtered and limited."""
    record = _find(call, "profiles")
    names = [name.strip() for name in call.query.get("collections", "").split(",") if name.strip()]
    if not names:
        raise Refusal(400, "collections is required")
    chosen = {"id": record["id"]} | {name: record.get(name, []) for name in names}
    for parameter in call.query.keys() - {"collections"}:
        collection, _, rest = parameter.partition("_")
        if collection in chosen and rest not in ("", "sort", "limit"):
            wanted = call.query[parameter]
            chosen[collection] = [item for item in chosen[collection] if _text(_at(item, rest)) == wanted]
    for name in names:
        for term in reversed([term for term in call.query.get(f"{name}_sort", "").split(",") if term]):
            order = partial(_order, term.lstrip("+- "))
            chosen[name] = sorted(chosen[name], key=order, reverse=term[0] == "-")
        limit = call.query.get(f"{name}_limit", "")
        if limit.isdecimal():
            chosen[name] = chosen[name][: int(limit)]
    return _enveloped(_shown(call.account, chosen, names))


def _at(item: Record, path: str) -> Any:
    """What stands at Field or Field_SubField."""
    name, _, sub = path.partition("_")
    value = item.get(name)
    return value.get(sub) if sub and isinstance(value, dict) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _order(path: str, item: Record) -> tuple[bool, float, str]:
    value = _at(item, path)
    is_number = isinstance(value, int | float)
    return value is not None, float(value) if is_number else 0.0, "" if is_number else _text(value)


def _by_external_id(call: Call) -> Response:
    wanted = _external_id(call.params["external"], call.params["kind"])
    found = call.account.tables["profiles"].select([("external_id", "eq", wanted)], live=False)
    return _enveloped({"ids": sorted(int(key) for key in found)})


def _scan(call: Call) -> Response:
    """Starts a scroll over a segment, or goes on with it; one that is unknown or dead looks as if it had ended."""
    account = call.account
    scrolls: dict[str, Record] = account.state.setdefault("scrolls", {})
    query = re.fullmatch(r'\s*\(\s*(\w+)\s*=\s*"([^"]*)"\s*\)\s*', call.query.get("query", ""))
    if query is None or query[1] not in CRITERIA:
        raise Refusal(400, f'query must be one of {", ".join(CRITERIA)} in a form such as (Gender = "Female")')
    token, now = call.query.get("token"), time.time()
    if token:
        scroll = scrolls.pop(token, {"ids": [], "total": 0, "at": now})
    else:
        found = account.tables["profiles"].select([(query[1], "eq", query[2])], live=False)
        scroll = {"ids": [int(key) for key in found], "total": len(found), "at": now}
    if now - scroll["at"] > account.options["scroll_seconds"]:
        scroll["ids"] = []
    batch = account.options["scan_batch"]
    ids, rest = scroll["ids"][:batch], scroll["ids"][batch:]
    if not token or account.options["scroll_id_changes"]:
        token = secrets.token_hex(16)
    scrolls[token] = {"ids": rest, "total": scroll["total"], "at": now}
    return _enveloped({"scrollId": token, "profileIds": ids, "total": scroll["total"]})


# Writing profiles


def _now() -> str:
    return iso(time.time())


def _clean_text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _clean_number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            value = float(value) if re.search(r"[.eE]", value) else int(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _clean_date(value: Any) -> str | None:
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _clean_time(value: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _clean_email(value: Any) -> str | None:
    text = _clean_text(value)
    return text.lower() if text and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) else None


def _clean_phone(value: Any) -> str | None:
    """A number as +17735551234; ten digits are taken for one of the US."""
    digits = re.sub(r"\D", "", _clean_text(value) or "")
    if len(digits) == 10:
        return f"+1{digits}"
    return f"+{digits}" if 11 <= len(digits) <= 15 else None


def _clean_object(names: tuple[str, ...], value: Any) -> Record | None:
    """The members of a poser or a parent."""
    if not isinstance(value, dict):
        return None
    return {name: value[name] for name in names if name in value} or None


def _clean_strings(value: Any) -> list[str] | None:
    texts = [_clean_text(entry) for entry in value] if isinstance(value, list) else []
    return [text for text in texts if text] or None


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "str": _clean_text,
    "num": _clean_number,
    "bool": lambda value: value if isinstance(value, bool) else None,
    "date": _clean_date,
    "dt": _clean_time,
    "email": _clean_email,
    "phone": _clean_phone,
    "poser": partial(_clean_object, ("id", "externalId", "service", "value")),
    "parent": partial(_clean_object, ("id", "collection")),
    "strs": _clean_strings,
    "object": lambda value: value if isinstance(value, dict) else None,
}


def _clean_value(account: Account, name: str, kind: str, value: Any, parent: Any = None) -> Any:
    """A field's value as it is stored; None where it is none."""
    if kind in CLEANERS:
        return CLEANERS[kind](value)
    options = _options(account)
    if kind == "opts":
        found = [options.find(name, "opt", entry) for entry in value] if isinstance(value, list) else []
        return [option for option in found if option] or None
    if kind == "list":
        entries = [_clean_entry(account, name, entry) for entry in value] if isinstance(value, list) else []
        return [entry for entry in entries if entry]
    return options.find(name, kind, value, parent)


def _clean_entry(account: Account, name: str, entry: Any) -> Record:
    if not isinstance(entry, dict):
        return {}
    fields = LISTS[name].items()
    return {own: _clean_value(account, own, kind, entry[own]) for own, kind in fields if entry.get(own) is not None}


def _clean(account: Account, collection: str, given: Any, old: Record | None = None) -> Record | None:
    """An item as it is stored: the fields given, over the old ones.

    None for an invalid one: computed, not an object, with a value that is not of its field's type or not among closed
    options, or without what its collection cannot be without (ALL_OF, ANY_OF, when it happened, else the first field).
    """
    if collection in COMPUTED or not isinstance(given, dict):
        return None
    if collection == "Attributes":
        return _clean_attribute(account, given, old)
    fields = FIELDS[collection]
    item: Record = {"id": None, **dict.fromkeys(fields)} if old is None else dict(old)
    for name, kind in fields.items():
        if name not in given:
            continue
        parent = (item.get(DEPENDENCIES.get(name, "")) or {}).get("id")
        item[name] = None if given[name] in (None, "") else _clean_value(account, name, kind, given[name], parent)
        if item[name] is None and given[name] not in (None, ""):
            return None
    if collection == "Names":
        item |= _name(item, given)
    if collection in INTERACTIONS:
        prefix = INTERACTIONS[collection].removesuffix("When")
        item[f"{prefix}Organization"] = item[f"{prefix}Organization"] or HERE
    return item if _suffices(collection, item) else None


def _suffices(collection: str, item: Record) -> bool:
    if collection in ANY_OF:
        return any(item[name] is not None for name in ANY_OF[collection])
    needed = ALL_OF.get(collection, (INTERACTIONS.get(collection, next(iter(FIELDS[collection]))),))
    return all(item[name] is not None for name in needed)


TITLES = re.compile(r"(mr|mrs|ms|miss|dr|rev|hon)\.?", re.IGNORECASE)
SUFFIXES = re.compile(r"(jr|sr|ii|iii|iv|md|phd|esq)\.?", re.IGNORECASE)


def _name(item: Record, given: Record) -> Record:
    """A name put together from its parts, or split into them where only the whole was given."""
    if any(name in given for name in NAME_PARTS):
        return {"FullName": " ".join(item[name] for name in NAME_PARTS if item[name]) or None}
    if not given.get("FullName"):
        return {}
    words = str(item["FullName"]).split()
    parts: Record = dict.fromkeys(NAME_PARTS)
    if len(words) > 1 and TITLES.fullmatch(words[0]):
        parts["NameTitle"] = words.pop(0)
    if len(words) > 1 and SUFFIXES.fullmatch(words[-1]):
        parts["NameSuffix"] = words.pop()
    parts["FirstName"] = words.pop(0)
    if words:
        parts["LastName"] = words.pop()
    parts["MiddleName"] = " ".join(words) or None
    return parts


def _clean_attribute(account: Account, given: Record, old: Record | None) -> Record | None:
    own = given.get("AttributeId", given.get("AttributeID", old["AttributeId"] if old else None))
    attribute = account.tables["attributes"].records.get(str(own))
    if attribute is None:
        return None
    value = _attribute_value(attribute, given["AttributeValue"]) if "AttributeValue" in given else None
    if value is None and (old is None or "AttributeValue" in given):
        return None
    return {
        "id": old["id"] if old else None,
        "AttributeId": attribute["id"],
        "AttributeName": attribute["name"],
        "AttributeType": attribute["type"],
        "AttributeValue": old["AttributeValue"] if value is None and old else value,
    }


def _attribute_value(attribute: Record, value: Any) -> Any:
    kind = attribute["type"]
    if kind in ("Radio", "Checkbox"):
        given = value if isinstance(value, list) else [value]
        chosen = [_choice(attribute["options"], entry) for entry in given]
        if not chosen or None in chosen:
            return None
        return chosen if kind == "Checkbox" else chosen[0]
    if kind == "Tag":
        own = value.get("id") if isinstance(value, dict) else value
        return {"id": "true", "value": "Yes"} if own in ("true", True) else None
    return CLEANERS[{"Text": "str", "Number": "num", "Date": "date", "Datetime": "dt"}[kind]](value)


def _choice(options: list[Record], given: Any) -> Record | None:
    """The option of an attribute that {"id"}, {"value"} or the value itself means."""
    folded = given.get("value") if isinstance(given, dict) else given
    own = given.get("id") if isinstance(given, dict) else None
    for option in options:
        if option["id"] == own or (isinstance(folded, str) and option["value"].casefold() == folded.strip().casefold()):
            return option
    return None


def _next_id(account: Account, name: str) -> int:
    account.state[name] = number = account.state.get(name, 0) + 1
    return int(number)


def _numbered(account: Account, collection: str, item: Record) -> Record:
    """The item with an id of its own; of attribute values only within their attribute."""
    if collection in INTERACTIONS:
        return {**item, "id": _population(account).uuid()}
    name = f"Attributes {item['AttributeId']}" if collection == "Attributes" else collection
    return {**item, "id": _next_id(account, name)}


def _population(account: Account) -> Population:
    if "population" not in account.state:
        account.state["population"] = Population(f"{account.key} {time.time_ns()}")
    population: Population = account.state["population"]
    return population


def _given(call: Call, kind: type, *names: str) -> Any:
    """What the body has under the first of these names that is of this kind."""
    body = call.body if isinstance(call.body, dict) else {}
    found = next((body[name] for name in names if isinstance(body.get(name), kind)), None)
    if found is None:
        raise Refusal(400, f"{names[0]} is required")
    return found


def _collections(given: Any) -> dict[str, list[Any]]:
    """The known collections of a profile in a body."""
    if not isinstance(given, dict):
        return {}
    named = {
        ("IndependentUnsubscribes" if name == "Independent Unsubscribes" else name): value
        for name, value in given.items()
    }
    return {name: value for name, value in named.items() if name in FIELDS and isinstance(value, list)}


def _create(account: Account, given: Any) -> Record | None:
    """Stores a profile without its invalid items; its collections as the answer has them."""
    collections = _collections(given)
    items = {name: [_clean(account, name, item) for item in entries] for name, entries in collections.items()}
    kept = {name: [item for item in entries if item is not None] for name, entries in items.items()}
    if account.options["drop_empty_profiles"] and not any(kept.values()):
        return None
    record: Record = {"id": _next_id(account, "profile")}
    record |= {name: [_numbered(account, name, item) for item in entries] for name, entries in kept.items()}
    account.tables["profiles"].put(str(record["id"]), {**record, "_modified": _now()})
    return _shown(account, record, collections)


def _update(account: Account, given: Record, key: str) -> Record:
    """Adds, changes and deletes items; the collections named as the answer has them."""
    table = account.tables["profiles"]
    record = dict(table.records[key])
    touched: dict[str, list[Any]] = {}
    for name, entries in _collections(given).items():
        items = list(record.get(name, []))
        touched[name] = []
        for entry in entries:
            is_new = isinstance(entry, dict) and not entry.get("id")
            place = None if is_new else _place(name, items, entry)
            if is_new:
                cleaned = _clean(account, name, entry)
                if cleaned is not None:
                    items.append(_numbered(account, name, cleaned))
                    touched[name].append(items[-1])
            elif place is not None and entry.get("delete") is True:
                del items[place]
            elif place is not None:
                changed = _clean(account, name, entry, items[place])
                if changed is not None:
                    items[place] = changed
                touched[name].append(items[place])
        record[name] = items
    table.put(key, {**record, "_modified": _now()})
    whole = account.options["put_shows_whole"]
    return _shown(account, record if whole else {"id": record["id"], **touched}, touched)


def _place(collection: str, items: list[Record], entry: Any) -> int | None:
    """Where the item with this id stands; attribute values share ids, so theirs counts too where it is given."""
    if not isinstance(entry, dict):
        return None
    attribute = entry.get("AttributeId", entry.get("AttributeID")) if collection == "Attributes" else None
    for place, item in enumerate(items):
        if item["id"] == entry["id"] and attribute in (None, item.get("AttributeId")):
            return place
    return None


def _post_profile(call: Call) -> Response:
    return _enveloped(_create(call.account, _given(call, dict, "profile")) or {})


def _put_profile(call: Call) -> Response:
    _find(call, "profiles")
    return _enveloped(_update(call.account, _given(call, dict, "profile"), call.params["id"]))


def _post_profiles(call: Call) -> Response:
    return _bulk(call, [_create(call.account, given) for given in _many(call, "profiles")])


def _put_profiles(call: Call) -> Response:
    """Updates; a profile without an id, or with an unknown one, is left out."""
    known = call.account.tables["profiles"].records
    given = [entry for entry in _many(call, "profiles", "profile") if isinstance(entry, dict)]
    return _bulk(
        call, [_update(call.account, entry, str(entry.get("id"))) for entry in given if str(entry.get("id")) in known]
    )


def _many(call: Call, *names: str) -> list[Any]:
    given: list[Any] = _given(call, list, *names)
    most = call.account.options["max_bulk"]
    if most is not None and len(given) > most:
        raise Refusal(400, f"No more than {most} profiles")
    return given


def _bulk(call: Call, answers: Iterable[Record | None]) -> Response:
    shown = [profile for profile in answers if profile is not None]
    return _enveloped(shown[::-1] if call.account.options["bulk_reverses"] else shown)


def _non_match_check(call: Call) -> Response:
    """True where names and e-mails are known on both sides and neither agree."""
    record, given = _find(call, "profiles"), _collections(_given(call, dict, "profile"))
    account = call.account

    def known(collection: str, *names: str) -> tuple[set[Any], set[Any]]:
        cleaned = [_clean(account, collection, item) for item in given.get(collection, [])]
        sides = ([item for item in cleaned if item], record.get(collection, []))
        here, there = ({tuple(str(item[name]).casefold() for name in names) for item in items} for items in sides)
        return here, there

    here, there = known("EmailAddresses", "Email")
    names_here, names_there = known("Names", "FirstName", "LastName")
    differ = bool(here and there and names_here and names_there)
    return _enveloped(differ and not here & there and not names_here & names_there)


# Options and attributes


def _field_options(call: Call) -> Response:
    """The options of a field, or only those that depend on an option of another."""
    name = call.params["field"]
    if name not in COLLECTION_OF:
        raise Refusal(404, f"There is no field {name}")
    options = _options(call.account)
    found = list(options.by_id.get(name, {}).values())
    parent = call.query.get(DEPENDENCIES.get(name, ""))
    if parent is not None:
        found = [option for option in found if str(options.parents[name, option["id"]]) == parent]
    return _enveloped({"collection": COLLECTION_OF[name], "options": found})


def _attributes(plural: bool, call: Call) -> Response:
    if call.account.options["plural_attributes"] is not plural:
        raise Refusal(404, "Not found")
    records = call.account.tables["attributes"].records
    keys = sorted(records, key=int)
    offset, limit = call.query.get("offset", "0"), call.query.get("limit", "")
    page = keys[int(offset) if offset.isdecimal() else 0 :]
    if limit.isdecimal() and call.account.options["limit_caps"]:
        page = page[: int(limit)]
    shown = [serve(call.account, "attributes", key, call.url) for key in page]
    return _enveloped({"total": len(keys), "list": shown})


def _attribute(call: Call) -> Response:
    _find(call, "attributes")
    return _enveloped(serve(call.account, "attributes", call.params["id"], call.url))


def _post_attribute(call: Call) -> Response:
    body = call.body if isinstance(call.body, dict) else {}
    name, kind, options = _clean_text(body.get("name")), body.get("type"), body.get("options")
    if not name or kind not in ATTRIBUTE_TYPES:
        raise Refusal(400, f"name and type are required; type is one of {', '.join(ATTRIBUTE_TYPES)}")
    if kind in ("Radio", "Checkbox") and not (isinstance(options, list) and options):
        raise Refusal(400, f"options are required for {kind}")
    key = insert(call.account, "attributes", {"name": name, "type": kind, "locked": body.get("locked") is True})
    if kind in ("Radio", "Checkbox"):
        _change_options(
            call.account, key, [{**option, "id": 0} for option in options or () if isinstance(option, dict)]
        )
    return _enveloped(serve(call.account, "attributes", key, call.url))


def _change_options(account: Account, key: str, given: list[Any]) -> None:
    table = account.tables["attributes"]
    record = table.records[key]
    options, last = list(record.get("options", [])), record.get("_last_option", 0)
    for entry in given:
        own, value = (entry.get("id"), _clean_text(entry.get("value"))) if isinstance(entry, dict) else (None, None)
        if entry.get("delete") is True:
            options = [option for option in options if option["id"] != own]
        elif own and value:
            options = [{"id": own, "value": value} if option["id"] == own else option for option in options]
        elif value:
            last += 1
            options.append({"id": last, "value": value})
    table.put(key, {**record, "options": options, "_last_option": last, "_modified": _now()})


def _unlocked(call: Call) -> Record:
    record = _find(call, "attributes")
    if record["locked"]:
        raise Refusal(403, f"The attribute {record['name']} is locked")
    return record


def _put_attribute(call: Call) -> Response:
    record, body = _unlocked(call), call.body if isinstance(call.body, dict) else {}
    name = _clean_text(body.get("name"))
    if name:
        change(call.account, "attributes", call.params["id"], {"name": name}, None)
    if isinstance(body.get("options"), list) and "options" in record:
        _change_options(call.account, call.params["id"], body["options"])
    return _attribute(call)


def _delete_attribute(call: Call) -> Response:
    """Takes an attribute away, with its values."""
    number = _unlocked(call)["id"]
    call.account.tables["attributes"].delete(call.params["id"])
    profiles = call.account.tables["profiles"]
    for key, record in list(profiles.records.items()):
        kept = [item for item in record.get("Attributes", []) if item["AttributeId"] != number]
        if len(kept) < len(record.get("Attributes", [])):
            profiles.put(key, {**record, "Attributes": kept})
    if call.account.options["delete_status"] == 204:
        return Response(status_code=204)
    return _enveloped({})


def _tracking(_call: Call) -> Response:
    return _enveloped({"source": 1, "organization": 2, "client": 3})


# Data


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given as the API serves it; items without an id get one."""
    if resource == "attributes":
        key = str(given.get("id") or _next_id(account, "attribute"))
        new: Record = {"id": int(key), "type": "Text", "locked": False, "name": f"Attribute {key}"} | given
        if new["type"] in ("Radio", "Checkbox"):
            new.setdefault("options", [])
        last = max((option["id"] for option in new.get("options", ())), default=0)
        account.tables[resource].put(key, {**new, "_last_option": last, "_modified": _now()})
        return key
    key = str(given.get("id") or _next_id(account, "profile"))
    record: Record = {"id": int(key), "_modified": _now()}
    for name, entries in _collections(given).items():
        blank = dict.fromkeys(FIELDS[name])
        items = [{"id": entry.get("id"), **blank, **entry} for entry in entries]
        record[name] = [item if item["id"] else _numbered(account, name, item) for item in items]
    account.tables[resource].put(key, record)
    return key


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    number = _next_id(account, "invented")
    if resource == "attributes":
        return {"name": f"{_population(account).pick(_population(account).pool.words)} {number}"}
    somebody = _population(account).person(900_000_000 + number)
    name = {"FirstName": somebody.given_name, "LastName": somebody.family_name}
    name["FullName"] = f"{somebody.given_name} {somebody.family_name}"
    return {"Names": [name], "EmailAddresses": [{"Email": somebody.email}]}


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges properties or whole collections into a record."""
    table = account.tables[resource]
    table.put(key, table.records[key] | values | {"_modified": modified or _now()})


def delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away."""
    account.tables[resource].delete(key)


ATTRIBUTES: tuple[Record, ...] = (
    {"name": "Ready to set sail", "type": "Radio", "options": ["Yes", "No"]},
    {"name": "Types of Livestock Owned", "type": "Checkbox", "options": ["Sheep", "Cow"]},
    {"name": "Favorite Island Discovered", "type": "Text"},
    {"name": "Number of Parakeets Owned", "type": "Number"},
    {"name": "Circumnavigated the Globe", "type": "Tag", "locked": True},
    {"name": "Date Arrived at the Spice Islands", "type": "Date"},
    {"name": "Date and Time Circumnavigated the Globe", "type": "Datetime"},
)
ZONES = ("+00:00", "+00", "Z", ".000Z")
SHARED_EXTERNAL_ID = "shared"


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has the closed options of fields.

    The first profile has every collection; every fiftieth has no name; the second and third share the Mailchimp ID
    "shared".

    Raises:
        ValueError: the option `counts` names an unknown resource.
    """
    wanted = {"profiles": size, "attributes": len(ATTRIBUTES) if size else 0} | account.options["counts"]
    if wanted.keys() - RESOURCES.keys():
        raise ValueError(f"Nothing to count but {', '.join(RESOURCES)}")
    population = Population(number)
    account.state["population"] = population
    for place in range(wanted["attributes"]):
        example = ATTRIBUTES[place % len(ATTRIBUTES)]
        options = [{"id": own, "value": value} for own, value in enumerate(example.get("options", ()), start=1)]
        insert(account, "attributes", {**example, **({"options": options} if options else {})})
    count = wanted["profiles"]
    items: dict[str, list[Record]] = {}
    for name in FIELDS if count else ():
        if name not in ALWAYS:
            items[name] = [_seed_item(account, population, name, place) for place in range(12)]
    others = [name for name in FIELDS if name not in OFTEN and name not in ALWAYS]
    profiles: dict[str, Record] = {}
    for place, moment in enumerate(population.moments(count), start=1):
        record = _seed_person(account, population, place)
        chosen = [*OFTEN[place % 3 :: 3], others[place % len(others)], others[place * 7 % len(others)]]
        for name in FIELDS if place == 1 else chosen:
            if name not in record:
                pool = items[name]
                some = 1 + place % 2 if name in INTERACTIONS else 1
                record[name] = [_numbered(account, name, pool[(place + step) % len(pool)]) for step in range(some)]
        profiles[str(place)] = {"id": place, **record, "_modified": iso(moment)}
    account.state["profile"] = count
    account.tables["profiles"].load(profiles)


ALWAYS = ("Names", "EmailAddresses", "PhoneNumbers", "PhysicalAddresses", "Genders", "ExternalIDs")
OFTEN = (
    *("Attributes", "Donations", "Ages", "PageViews", "Submissions", "Interests"),
    *("EventAttendances", "EmailSends", "Memberships"),
)


def _seed_person(account: Account, population: Population, place: int) -> Record:
    """The collections that nearly everybody has."""
    options, somebody = _options(account), population.person(place)
    given, family, city = somebody.given_name, somebody.family_name, somebody.city
    record: Record = {}
    if place % 50:
        title, suffix = (None if place % 7 else "Ms."), (None if place % 11 else "Jr.")
        parts = dict(zip(NAME_PARTS, (title, given, None if place % 4 else given[0], family, suffix), strict=True))
        record["Names"] = [{"id": place, "FullName": " ".join(filter(None, parts.values())), **parts}]
    region = options.add("AddressRegion", "opt", city.region)
    address: Record = {
        "id": place,
        "Address1": somebody.street,
        "Address2": None if place % 8 > 2 else f"Suite {place}",
        "Address3": None if place % 16 > 2 else "Rear",
        "AddressRegion": region,
        "AddressCity": options.add("AddressCity", "opt", city.name, region["id"]),
        "AddressPostalCode": city.postal_code,
        "AddressCounty": options.add("AddressCounty", "opt", f"{city.name} County") if place % 2 else None,
        "AddressCountry": options.add("AddressCountry", "opt", "USA"),
        "AddressLatitude": city.latitude,
        "AddressLongitude": city.longitude,
        "AddressContact": options.add("AddressContact", "opt", "Personal"),
        "AddressUsable": options.add("AddressUsable", "opt", "Usable"),
    }
    personal = {"EmailContact": options.add("EmailContact", "opt", "Personal")}
    usable = {"EmailUsable": options.add("EmailUsable", "opt", "Usable" if place % 9 else "Unusable")}
    if place % 10:
        record["EmailAddresses"] = [{"id": place, "Email": somebody.email, **personal, **usable}]
    if place % 3:
        phone: Record = {"id": place, "PhoneNumber": f"+{somebody.phone}"}
        phone |= {
            "PhoneType": options.add("PhoneType", "opt", "Cell"),
            "PhoneContact": options.add("PhoneContact", "opt", "Personal"),
        }
        phone |= {
            name: options.add(name, "opt", "Usable") for name in ("PhoneNumberCallUsable", "PhoneNumberTextUsable")
        }
        record["PhoneNumbers"] = [phone]
    if place % 4:
        record["PhysicalAddresses"] = [address]
    if place % 6:
        gender = options.add("Gender", "opt", "Female" if place % 2 else "Male")
        record["Genders"] = [{"id": place, "Gender": gender}]
    if place % 5 or place == 1:
        kind = options.add("ExternalIDType", "opt", "CRM ID")
        record["ExternalIDs"] = [
            _numbered(account, "ExternalIDs", {"ExternalID": f"CRM{place}", "ExternalIDType": kind})
        ]
    if place in (2, 3):
        kind = options.add("ExternalIDType", "opt", "Mailchimp ID")
        shared = {"ExternalID": SHARED_EXTERNAL_ID, "ExternalIDType": kind}
        record["ExternalIDs"].append(_numbered(account, "ExternalIDs", shared))
    for name in ("Names", "EmailAddresses", "PhoneNumbers", "PhysicalAddresses", "Genders"):
        account.state[name] = place
    return record


def _seed_item(account: Account, population: Population, collection: str, place: int) -> Record:
    """An item without an id, all of whose fields have a value."""
    if collection == "Attributes":
        return _seed_attribute(account, population, place)
    fields = FIELDS[collection].items()
    return {"id": None, **{name: _seed_value(account, population, name, kind, place) for name, kind in fields}}


def _seed_attribute(account: Account, population: Population, place: int) -> Record:
    records = list(account.tables["attributes"].records.values())
    attribute: Record = records[place % len(records)] if records else {"id": 1, "name": "Text", "type": "Text"}
    options = attribute.get("options", [])
    values: Record = {
        "Radio": options[place % len(options)] if options else None,
        "Checkbox": options,
        "Text": population.pick(population.pool.words),
        "Number": place,
        "Tag": {"id": "true", "value": "Yes"},
        "Date": "2007-10-15",
        "Datetime": "2014-08-14T12:00:00.000Z",
    }
    about = {
        "id": None,
        "AttributeId": attribute["id"],
        "AttributeName": attribute["name"],
        "AttributeType": attribute["type"],
    }
    return about | {"AttributeValue": values[attribute["type"]]}


def _seed_value(account: Account, population: Population, name: str, kind: str, place: int) -> Any:
    options, word = _options(account), population.pick(population.pool.words)
    moment = population.moments(1)[0]
    day = iso(moment)[:10]
    if name.endswith("Organization") and kind == "opt":
        return options.add(name, kind, HERE["value"])
    if name == "VotedParty" and place % 3 == 2:
        return None
    if name == "KnockDayTrip" and place % 2:
        kind = "slug"
    if kind in ("opt", "slug"):
        closed = CLOSED.get(name)
        return options.add(name, kind, closed[place % len(closed)] if closed else f"{word.capitalize()} {place % 5}")
    made: dict[str, Callable[[], Any]] = {
        "yes": lambda: options.add(
            name, kind, ("Yes", "No", "Unknown" if name.startswith("Voted") else "No")[place % 3]
        ),
        "truth": lambda: options.add(name, kind, ("True", "False")[place % 2]),
        "num": lambda: round(population.random.random() * 100, 2) if name == "DonationAmount" else place + 1,
        "bool": lambda: place % 2 == 0,
        "date": lambda: day,
        "dt": lambda: f"{iso(moment)[:-1]}{ZONES[place % len(ZONES)]}",
        "poser": lambda: _seed_poser(name, place, word),
        "parent": lambda: {"id": population.uuid(), "collection": "PageViews"} if place % 4 else None,
        "opts": lambda: [options.add(name, "opt", word)],
        "strs": lambda: [word],
        "object": lambda: {"Would Participate Again": "Yes", "Follow Up": f"{day}T12:00:00Z"},
        "list": lambda: [
            {own: _seed_value(account, population, own, inner, place) for own, inner in LISTS[name].items()}
        ],
    }
    return made[kind]() if kind in made else _seed_text(population, name, day, place)


def _seed_text(population: Population, name: str, day: str, place: int) -> str:
    fixed = {"VotedWhen": day[:4], "GraduationYear": day[:4], "CardExpiration": day[:7], "IPAddress": f"10.0.0.{place}"}
    if name in fixed:
        return fixed[name]
    if name.lower().endswith(("url", "image")):
        return f"https://example.org/{population.pick(population.pool.words)}/{place}"
    if name.endswith(("Number", "SentTo", "SentFrom")):
        return f"+1202555{place:04d}"
    if name.endswith(("Email", "ReplyTo")):
        return population.person(place).email
    if name.endswith(("ID", "Code", "Fingerprint")):
        return f"{population.pick(population.pool.words)}-{place}"
    return population.pick(population.pool.sentences)


def _seed_poser(name: str, place: int, word: str) -> Record:
    """As the documentation's examples have them: some without an id, some without an external one."""
    if name == "EventRegistrationExternalID":
        return {"externalId": place, "service": "salesforce", "value": word}
    if name in ("EmailSendUser", "SubmissionUser"):
        return {"id": place, "service": "crowdskout", "value": word}
    external: Any = place if place % 2 else f"1848555{place:04d}"
    return {"id": f"mailchimp{place}", "externalId": external, "service": "mailchimp", "value": word}


# Routes


VENDOR = Vendor(
    name="crowdskout",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("GET", "/oauth/authorize", _authorize, open=True),
        Route("POST", "/oauth/access_token", _access_token, open=True),
        Route("POST", f"{API}/profile", _post_profile),
        Route("POST", f"{API}/profile/bulk", _post_profiles),
        Route("PUT", f"{API}/profile/bulk", _put_profiles),
        Route("GET", f"{API}/profile/{{id}}", _profile),
        Route("PUT", f"{API}/profile/{{id}}", _put_profile),
        Route("POST", f"{API}/profile/{{id}}/non-match-check", _non_match_check),
        Route("GET", f"{API}/external-id/{{external}}/{{kind}}", _by_external_id),
        Route("PUT", f"{API}/segment/scan", _scan),
        Route("GET", f"{API}/fields/{{field}}/options", _field_options),
        Route("GET", f"{API}/attribute", partial(_attributes, False)),
        Route("GET", f"{API}/attributes", partial(_attributes, True)),
        Route("POST", f"{API}/attribute", _post_attribute),
        Route("GET", f"{API}/attribute/{{id}}", _attribute),
        Route("PUT", f"{API}/attribute/{{id}}", _put_attribute),
        Route("DELETE", f"{API}/attribute/{{id}}", _delete_attribute),
        Route("GET", f"{API}/tracking", _tracking),
    ],
    identify=identify,
    refuse=refuse,
    seed=seed,
    serve=serve,
    insert=insert,
    invent=invent,
    change=change,
    delete=delete,
    credentials=credentials,
)
