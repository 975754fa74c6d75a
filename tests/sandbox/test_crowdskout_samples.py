"""Every body the sandbox serves for Crowdskout, field by field against the vendor's tables and examples.

Transcribed from github.com/crowdskout/slate (source/index.html.md and source/includes/_profile-object.md, 2020-09-02).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from osdi_crm_sandbox.control import Account, Sandbox

PERSON = """
Ages: Age number, DateOfBirth date
Attributes: AttributeId number, AttributeName text, AttributeType text, AttributeValue value
BusinessOwners: BusinessOwner yes
Children: ChildAge number, ChildGender option
CrowdskoutScores: CrowdskoutScore number, CrowdskoutScoreLabel text
DeceasedRecords: DeceasedFlag yes, DateOfDeath date
Dwellings: DwellingType option, OwnRent slug, DwellingEstimatedValue number, YearsLived number
Educations: GraduationYear year, EducationInstitution option, EducationLevel option, EducationField option
EmailAddresses: Email text, EmailContact option, EmailUsable option
Ethnicities: Ethnicity option
ExternalIDs: ExternalID text, ExternalIDType option
Genders: Gender option
Households: HeadOfHousehold yes, HouseholdID text
Images: Image url
Incomes: Income number
Interests: Interest option
Investments: InvestmentAmount number, InvestmentTopic option, CurrentlyInvested yes
IPAddresses: IPAddress text, IPAddressCountry option, IPAddressRegion option, IPAddressCity option, \
IPAddressCounty option, IPAddressPostalCode text
Issues: Issue option, IssuePosition option
Languages: Language option
LegislationPositions: LegislationPositionDateTaken date, LegislationPosition yes, \
LegislationPositionLegislation option, LegislationPositionLegislationStartYear number, \
LegislationPositionLegislationEndYear number, LegislationPositionLegislationDistrict option, \
LegislationPositionGovernmentBodies options
MaritalStatuses: MaritalStatus option
Memberships: MemberOrganization option, MemberActive yes, MemberTitle text, MemberJoined date, MemberLeft date, \
MemberLeader yes, MemberDonor yes
Names: FullName text, NameTitle text, FirstName text, MiddleName text, LastName text, NameSuffix text
NetWorths: NetWorth number
Notes: NoteWhen time, NoteAuthor text, Note text
Occupations: OccupationTitle option, OccupationEmployer option, OccupationEmployed yes, OccupationIndustry option, \
OccupationStarted date, OccupationEnded date, OccupationSalary number
PaymentCards: CardProcessor option, CardFunding option, CardLastFour number, CardExpiration month, CardIssuer option, \
CardFingerprint text
PhoneNumbers: PhoneNumber phone, PhoneType option, PhoneContact option, PhoneNumberCallUsable option, \
PhoneNumberTextUsable option
PhysicalAddresses: Address1 text, Address2 text, Address3 text, AddressCity option, AddressRegion option, \
AddressPostalCode text, AddressCounty option, AddressCountry option, AddressLatitude number, \
AddressLongitude number, AddressContact option, AddressUsable option
PoliticalOrientationScores: PoliticalOrientationScore number, PoliticalOrientationScoreLabel text
Religions: Religion option
SocialMediaAccounts: SocialMediaNetwork option, SocialMediaID text, SocialMediaNickname text, SocialMediaURL url
Students: Student yes
Veterans: Veteran yes
Votes: VotedWhen year, VotedElection option, VotedRegion option, Voted yes, VotedEarly yes, VotedAbsentee yes, \
VotedParty option
VoterRegistrations: Registered yes, StateVoterID text, CountyVoterID text, VoterRegistrationDate time, \
VoterRegistrationParty option, VoterRegistrationRegion option, VoterRegistrationCounty option, \
VoterRegistrationVoterStatus option
"""
DISTRICTS = """
DistrictCensusBlockGroups: DistrictCensusBlockGroup option
DistrictCensusTracts: DistrictCensusTract option
DistrictCities: DistrictCity option
DistrictCitySubs: DistrictCitySub option
DistrictCitywides: DistrictCitywide option
DistrictCommunityColleges: DistrictCommunityCollege option
DistrictCongressionals: DistrictCongressional option
DistrictCountyCommissioners: DistrictCountyCommissioner option
DistrictCountywides: DistrictCountywide option
DistrictFires: DistrictFire option
DistrictFloods: DistrictFlood option
DistrictHighSchools: DistrictHighSchool option
DistrictHospitals: DistrictHospital option
DistrictJudicials: DistrictJudicial option
DistrictLibraries: DistrictLibrary option
DistrictNDMAs: DistrictNDMA option
DistrictParks: DistrictPark option
DistrictPrecincts: DistrictPrecinct option
DistrictRoads: DistrictRoad option
DistrictSanitations: DistrictSanitation option
DistrictSchools: DistrictSchool option
DistrictSewers: DistrictSewer option
DistrictStateBoardsOfEducation: StateBoardOfEducation option
DistrictStateLowers: DistrictStateLower option
DistrictStateUppers: DistrictStateUpper option
DistrictStatewides: DistrictStatewide option
DistrictTownships: DistrictTownship option
DistrictUtilities: DistrictUtility option
DistrictVillages: DistrictVillage option
DistrictWards: DistrictWard option
DistrictWaters: DistrictWater option
DistrictWatersheds: DistrictWatershed option
"""
INTERACTIONS = """
Conversations: ConversationOrganization option, ConversationWhen time, ConversationSender poser, \
ConversationReceiver poser, ConversationMedium slug, ConversationService slug, ConversationEffort option, \
ConversationUnsubscribes list, ConversationClicks list, ConversationMessages list
Donations: DonationOrganization option, DonationWhen time, DonationParent parent, DonationAmount number, \
DonationExternalID text, DonationBundlerID text, DonationSubscriptionID text, DonationCampaign poser, \
DonationPaidWith slug, DonationCollectionMethod slug, DonationRecurring yes, DonationSourceCode text
EmailSends: EmailSendOrganization option, EmailSendWhen time, EmailSendParent parent, EmailSendContent text, \
EmailSendSubject text, EmailSendReplyTo text, EmailSendSenderEmail text, EmailSendSenderName text, \
EmailSendUser poser, EmailSendDelivery time, EmailSendService slug, EmailSendEmail text, EmailSendEmailing text, \
EmailSendBounces list, EmailSendOpens list, EmailSendClicks list, EmailSendSpamComplaints list, \
EmailSendUnsubscribes list
EventAttendances: EventAttendanceOrganization option, EventAttendanceWhen time, EventAttendanceParent parent, \
EventAttendanceType slug, EventAttendanceCollector option, EventAttendanceEventName text
EventRegistrations: EventRegistrationOrganization option, EventRegistrationWhen time, \
EventRegistrationParent parent, EventRegistrationEvent slug, EventRegistrationEventType slug, EventDate time, \
EventDescription text, EventURL url, EventTicketName text, EventDiscountCode text, \
EventRegistrationExternalID poser
IndependentUnsubscribes: IndependentUnsubscribeOrganization option, IndependentUnsubscribeWhen time, \
IndependentUnsubscribeEmail text, IndependentUnsubscribeList poser
Knocks: KnockOrganization option, KnockWhen time, KnockState slug, KnockDayTrip either, KnockRoute option, \
KnockVolunteer option, KnockSurveySubmissionID text, KnockFormSubmissionID text, KnockSurvey poser
Meetings: MeetingOrganization option, MeetingWhen time, MeetingParent parent, MeetingUser option, MeetingType slug, \
MeetingPurpose text, MeetingLocation text, MeetingNotes text
OneOnOnes: OneOnOneOrganization option, OneOnOneWhen time, OneOnOneType slug, OneOnOneUser option, \
OneOnOneRncRole slug, OneOnOneHardAsk truth, OneOnOneHardAskAnswer text, OneOnOnePreviousContactDatetime time, \
OneOnOneAnswerArray object, OneOnOneCollectionLead option
PageViews: PageViewOrganization option, PageViewWhen time, PageViewPlatform slug, PageViewImage url, PageViewURL url, \
PageViewPageTitle text, PageViewPageDescription text, PageViewPageTopics options, PageViewUTMSources texts, \
PageViewUTMMediums texts, PageViewUTMContents texts, PageViewUTMCampaigns texts, PageViewUTMTerms texts
PhoneCalls: PhoneCallOrganization option, PhoneCallWhen time, PhoneCallPhoneCalling slug, PhoneCallNumber phone, \
PhoneCallResult slug, PhoneCallLength number, PhoneCallUser option, PhoneCallType slug
Submissions: SubmissionOrganization option, SubmissionWhen time, SubmissionUser poser, SubmissionForm option, \
SubmissionFormType slug, SubmissionFormSubTypes texts, SubmissionResponses list
Texts: TextOrganization option, TextWhen time, TextParent parent, TextUser option, TextContent text, \
PhoneNumberTextSentTo phone, PhoneNumberTextSentFrom phone, TextPhoneCarrier text, TextDelivered yes, TextRead yes, \
TextReplied yes, TextReplyContent text, TextCampaign option
VoterRegistrationInteractions: VoterRegistrationInteractionOrganization option, \
VoterRegistrationInteractionWhen time, VoterRegistrationInteractionParty option, \
VoterRegistrationInteractionType slug, VoterRegistrationInteractionPetitionType slug, \
VoterRegistrationInteractionLocation text, VoterRegistrationInteractionLocationType slug, \
VoterRegistrationInteractionTurnedIn date, VoterRegistrationInteractionLead option, \
VoterRegistrationInteractionNonStafferCollector slug, VoterRegistrationInteractionRole slug
"""
WITHIN = """
ConversationUnsubscribes: ConversationUnsubscribeWhen time
ConversationClicks: ConversationClickWhen time, ConversationClickURL url
ConversationMessages: ConversationMessageWhen time, ConversationMessageContent text, ConversationMessageSender poser, \
ConversationMessageReceiver poser, ConversationMessagePhoneCarrier text, ConversationMessageOutbound boolean, \
ConversationMessageReadReceipt boolean, ConversationMessageBounceNotice boolean, \
ConversationMessageDelivered boolean
EmailSendBounces: when time
EmailSendOpens: when time
EmailSendClicks: when time, url url
EmailSendSpamComplaints: when time
EmailSendUnsubscribes: when time
SubmissionResponses: Question slug, Answers options
"""


def parse(text: str) -> dict[str, dict[str, str]]:
    tables = (line.split(": ") for line in text.strip().splitlines())
    return {name: dict(part.split() for part in fields.split(", ")) for name, fields in tables}


STATES = parse(PERSON) | parse(DISTRICTS)
EVENTS = parse(INTERACTIONS)
TABLES = STATES | EVENTS
INNER = parse(WITHIN)

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def is_option(value: Any, kind: type) -> bool:
    return value.keys() == {"id", "value"} and type(value["id"]) is kind and isinstance(value["value"], str)


def is_time(value: str) -> bool:
    """One of the spellings that occur: +00:00, +00, Z, .000Z."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00(:00)?|(\.000)?Z)", value))


CHECKS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: isinstance(value, str) and value,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\d", value),
    "year": lambda value: re.fullmatch(r"\d{4}", value),
    "month": lambda value: re.fullmatch(r"\d{4}-\d\d", value),
    "time": is_time,
    "url": lambda value: re.fullmatch(r"https?://\S+", value),
    "phone": lambda value: re.fullmatch(r"\+\d{11}", value),
    "option": lambda value: is_option(value, int),
    "slug": lambda value: is_option(value, str) and re.fullmatch(r"[a-z0-9-]+", value["id"]),
    "either": lambda value: is_option(value, int) or is_option(value, str),
    "yes": lambda value: is_option(value, str) and value["id"] == value["value"].lower() in {"yes", "no", "unknown"},
    "truth": lambda value: is_option(value, bool),
    "options": lambda value: value and all(is_option(entry, int) for entry in value),
    "texts": lambda value: value and all(isinstance(entry, str) for entry in value),
    "object": lambda value: isinstance(value, dict),
    "poser": lambda value: {"service", "value"} < value.keys() <= {"id", "externalId", "service", "value"},
    "parent": lambda value: value.keys() == {"id", "collection"} and value["collection"] in EVENTS,
}
ATTRIBUTE_VALUES = {
    "Radio": "option",
    "Checkbox": "options",
    "Text": "text",
    "Number": "number",
    "Tag": "slug",
    "Date": "date",
    "Datetime": "time",
}


def check_value(name: str, kind: str, value: Any) -> None:
    if value is None:
        return
    if kind == "list":
        for entry in value:
            assert entry.keys() == INNER[name].keys()
            for inner, inner_kind in INNER[name].items():
                check_value(inner, inner_kind, entry[inner])
    else:
        assert CHECKS[kind](value), (name, kind, value)


def check_item(collection: str, item: dict[str, Any]) -> None:
    fields = TABLES[collection]
    assert item.keys() == {"id", *fields}, collection
    assert re.fullmatch(UUID, item["id"]) if collection in EVENTS else type(item["id"]) is int
    for name, kind in fields.items():
        check_value(name, ATTRIBUTE_VALUES[item["AttributeType"]] if kind == "value" else kind, item[name])


@pytest.fixture(scope="module")
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("crowdskout", size=200)


@pytest.fixture
def data(account: Account, session: requests.Session) -> Callable[..., Any]:
    """The `data` of an answer, whose envelope is what the documentation shows."""

    def data(method: str, path: str, body: Any = None, **params: Any) -> Any:
        headers = {"Authorization": f"Bearer {account.key}", "Accept": "application/json"}
        response = session.request(method, account.url + path, headers=headers, json=body, params=params, timeout=20)
        assert response.status_code == 200, response.text
        envelope = response.json()
        assert envelope.keys() == {"success", "messages", "data"}
        assert (envelope["success"], envelope["messages"]) == (True, [])
        return envelope["data"]

    return data


def test_there_are_83_collections_and_14_of_them_of_what_happened() -> None:
    assert (len(TABLES), len(EVENTS)) == (83, 14)
    for fields in EVENTS.values():
        organization = next(iter(fields))
        assert fields[organization.removesuffix("Organization") + "When"] == "time"


@pytest.mark.parametrize("collection", TABLES)
def test_every_collection(account: Account, data: Callable[..., Any], collection: str) -> None:
    profile = data("GET", "/profile/1", collections=collection)
    assert profile.keys() == {"id", collection}
    assert profile["id"] == 1
    assert profile[collection], "the first profile has every collection"
    holders = [record for record in account.records("profiles") if record.get(collection)]
    assert len(holders) > 1
    for record in holders:
        for item in record[collection]:
            check_item(collection, item)
    for name in TABLES[collection]:
        assert any(item[name] is not None for record in holders for item in record[collection]), name


def test_item_ids(account: Account) -> None:
    records = account.records("profiles")
    for collection in TABLES:
        items = [item for record in records for item in record.get(collection, ())]
        names = ("AttributeId", "id") if collection == "Attributes" else ("id",)
        ids = [tuple(item[name] for name in names) for item in items]
        assert len(set(ids)) == len(ids), collection
    attributes = [item["id"] for record in records for item in record.get("Attributes", ())]
    assert len(set(attributes)) < len(attributes), "of attributes, only with the attribute's own id"


def test_times_come_in_several_spellings(account: Account) -> None:
    text = str(account.records("profiles"))
    ends = {found[1] for found in re.finditer(r"T\d\d:\d\d:\d\d(\+00:00|\+00|\.000Z|Z)'", text)}
    assert ends == {"+00:00", "+00", ".000Z", "Z"}


def test_the_documentations_example_of_a_profile(data: Callable[..., Any]) -> None:
    sent = {"Names": [{"FullName": "Mr. Ferdinand Magellan"}], "Genders": [{"Gender": {"value": "Male"}}]}
    created = data("POST", "/profile", {"profile": sent})
    profile = data("GET", f"/profile/{created['id']}", collections="Names,Genders")
    assert profile == created
    assert profile["Names"] == [
        {
            "id": profile["Names"][0]["id"],
            "FullName": "Mr. Ferdinand Magellan",
            "NameTitle": "Mr.",
            "FirstName": "Ferdinand",
            "MiddleName": None,
            "LastName": "Magellan",
            "NameSuffix": None,
        }
    ]
    assert profile["Genders"] == [{"id": profile["Genders"][0]["id"], "Gender": {"id": 1, "value": "Male"}}]


def test_the_documentations_example_of_attributes(data: Callable[..., Any]) -> None:
    found = data("GET", "/attribute")
    assert found.keys() == {"total", "list"}
    assert found["total"] == 7
    assert [(one["id"], one["type"], one["locked"], one["name"]) for one in found["list"]] == [
        (1, "Radio", False, "Ready to set sail"),
        (2, "Checkbox", False, "Types of Livestock Owned"),
        (3, "Text", False, "Favorite Island Discovered"),
        (4, "Number", False, "Number of Parakeets Owned"),
        (5, "Tag", True, "Circumnavigated the Globe"),
        (6, "Date", False, "Date Arrived at the Spice Islands"),
        (7, "Datetime", False, "Date and Time Circumnavigated the Globe"),
    ]
    assert found["list"][0]["options"] == [{"id": 1, "value": "Yes"}, {"id": 2, "value": "No"}]
    assert {name for one in found["list"][2:] for name in one} == {"id", "type", "locked", "name"}
    assert data("GET", "/attribute/1") == found["list"][0]


def test_other_answers(data: Callable[..., Any]) -> None:
    scan = data("PUT", "/segment/scan", query='(NameExists = "Yes")')
    assert scan.keys() == {"scrollId", "profileIds", "total"}
    assert isinstance(scan["scrollId"], str)
    assert scan["total"] == len(scan["profileIds"]) > 0
    assert all(type(one) is int for one in scan["profileIds"])
    assert data("GET", "/external-id/CRM1/CRM%20ID") == {"ids": [1]}
    options = data("GET", "/fields/AddressCity/options", AddressRegion=1)
    assert options.keys() == {"collection", "options"}
    assert options["collection"] == "PhysicalAddresses"
    assert all(is_option(option, int) for option in options["options"])
    check = {"Names": [{"FirstName": "Fernão"}], "EmailAddresses": [{"Email": "fernao@circumnavigation.net"}]}
    assert data("POST", "/profile/1/non-match-check", {"profile": check}) is True
    assert data("GET", "/tracking") == {"source": 1, "organization": 2, "client": 3}


def test_times_that_are_written_come_back_as_the_same_instant(data: Callable[..., Any]) -> None:
    for text in ("2014-01-01T12:00:00+00", "2014-01-01T12:00:00.000Z", "2014-01-01T07:00:00-05:00"):
        created = data("POST", "/profile", {"profile": {"Notes": [{"NoteWhen": text, "Note": "x"}]}})
        when = datetime.fromisoformat(created["Notes"][0]["NoteWhen"])
        assert when == datetime.fromisoformat("2014-01-01T12:00:00+00:00")
