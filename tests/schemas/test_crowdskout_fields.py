"""The collections, items and fields of Crowdskout, as its reference of the profile object lists them."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_schemas import schema, streams

# Collection: its fields. A field without a kind is an option {id, value}; the other kinds are those of `kind` below.
PERSON = """
Ages: Age num, DateOfBirth date
Attributes: AttributeId num, AttributeName str, AttributeType str, AttributeValue any
BusinessOwners: BusinessOwner
Children: ChildAge num, ChildGender
CrowdskoutScores: CrowdskoutScore num, CrowdskoutScoreLabel str
DeceasedRecords: DeceasedFlag, DateOfDeath date
Dwellings: DwellingType, OwnRent, DwellingEstimatedValue num, YearsLived num
Educations: GraduationYear str, EducationInstitution, EducationLevel, EducationField
EmailAddresses: Email str, EmailContact, EmailUsable
Ethnicities: Ethnicity
ExternalIDs: ExternalID str, ExternalIDType
Genders: Gender
Households: HeadOfHousehold, HouseholdID str
Images: Image str
Incomes: Income num
Interests: Interest
Investments: InvestmentAmount num, InvestmentTopic, CurrentlyInvested
IPAddresses: IPAddress str, IPAddressCountry, IPAddressRegion, IPAddressCity, IPAddressCounty, IPAddressPostalCode str
Issues: Issue, IssuePosition
Languages: Language
LegislationPositions: LegislationPositionDateTaken date, LegislationPosition, LegislationPositionLegislation,
  LegislationPositionLegislationStartYear num, LegislationPositionLegislationEndYear num,
  LegislationPositionLegislationDistrict, LegislationPositionGovernmentBodies options
MaritalStatuses: MaritalStatus
Memberships: MemberOrganization, MemberParentOrganization, MemberActive, MemberTitle str, MemberJoined date,
  MemberLeft date, MemberLeader, MemberDonor
Names: FullName str, NameTitle str, FirstName str, MiddleName str, LastName str, NameSuffix str
NetWorths: NetWorth num
Notes: NoteWhen time, NoteAuthor str, Note str
Occupations: OccupationTitle, OccupationEmployer, OccupationEmployed, OccupationIndustry, OccupationStarted date,
  OccupationEnded date, OccupationSalary num
PaymentCards: CardProcessor, CardFunding, CardLastFour num, CardExpiration str, CardIssuer, CardFingerprint str
PhoneNumbers: PhoneNumber str, PhoneType, PhoneContact, PhoneNumberCallUsable, PhoneNumberTextUsable
PhysicalAddresses: Address1 str, Address2 str, Address3 str, AddressCity, AddressRegion, AddressPostalCode str,
  AddressCounty, AddressCountry, AddressLatitude num, AddressLongitude num, AddressContact, AddressUsable
PoliticalOrientationScores: PoliticalOrientationScore num, PoliticalOrientationScoreLabel str
Religions: Religion
SocialMediaAccounts: SocialMediaNetwork, SocialMediaID str, SocialMediaNickname str, SocialMediaURL str
Students: Student
Veterans: Veteran
Votes: VotedWhen str, VotedElection, VotedRegion, Voted, VotedEarly, VotedAbsentee, VotedParty, VotedPrimaryParty
VoterRegistrations: Registered, StateVoterID str, CountyVoterID str, VoterRegistrationDate time,
  VoterRegistrationParty, VoterRegistrationRegion, VoterRegistrationCounty, VoterRegistrationVoterStatus
"""

DISTRICTS = """
CensusBlockGroups CensusTracts CitySubs Citywides CommunityColleges Congressionals CountyCommissioners Countywides
Fires Floods HighSchools Hospitals Judicials NDMAs Parks Precincts Roads Sanitations Schools Sewers StateLowers
StateUppers Statewides Townships Villages Wards Waters Watersheds
"""
IRREGULAR_DISTRICTS = {
    "DistrictCities": "DistrictCity",
    "DistrictLibraries": "DistrictLibrary",
    "DistrictUtilities": "DistrictUtility",
    "DistrictStateBoardsOfEducation": "StateBoardOfEducation",
}

# Every one has {singular}Organization, an option, and {singular}When, a time, besides.
INTERACTIONS = """
Conversations: ConversationSender poser, ConversationReceiver poser, ConversationMedium, ConversationService,
  ConversationEffort, ConversationUnsubscribes items, ConversationClicks items, ConversationMessages items
Donations: DonationParent parent, DonationAmount num, DonationExternalID str, DonationBundlerID str,
  DonationSubscriptionID str, DonationCampaign poser, DonationPaidWith, DonationCollectionMethod, DonationRecurring,
  DonationSourceCode str
EmailSends: EmailSendParent parent, EmailSendContent str, EmailSendSubject str, EmailSendReplyTo str,
  EmailSendSenderEmail str, EmailSendSenderName str, EmailSendUser poser, EmailSendDelivery time, EmailSendService,
  EmailSendEmail str, EmailSendEmailing str, EmailSendBounces items, EmailSendOpens items,
  EmailSendSpamComplaints items, EmailSendUnsubscribes items, EmailSendClicks items
EventAttendances: EventAttendanceParent parent, EventAttendanceType, EventAttendanceCollector,
  EventAttendanceEventName str
EventRegistrations: EventRegistrationParent parent, EventRegistrationEvent, EventRegistrationEventType,
  EventRegistrationType, EventDate time, EventDescription str, EventURL str, EventTicketName str,
  EventDiscountCode str, EventRegistrationExternalID poser
IndependentUnsubscribes: IndependentUnsubscribeEmail str, IndependentUnsubscribeList poser
Knocks: KnockState, KnockDayTrip, KnockRoute, KnockVolunteer, KnockSurveySubmissionID str, KnockFormSubmissionID str,
  KnockSurvey poser
Meetings: MeetingParent parent, MeetingUser, MeetingType, MeetingPurpose str, MeetingLocation str, MeetingNotes str
OneOnOnes: OneOnOneType, OneOnOneUser, OneOnOneRncRole, OneOnOneHardAsk, OneOnOneHardAskAnswer str,
  OneOnOnePreviousContactDatetime time, OneOnOneAnswerArray open, OneOnOneCollectionLead
PageViews: PageViewPlatform, PageViewImage str, PageViewURL str, PageViewPageTitle str, PageViewPageDescription str,
  PageViewPageTopics options, PageViewUTMSources strs, PageViewUTMMediums strs, PageViewUTMContents strs,
  PageViewUTMCampaigns strs, PageViewUTMTerms strs
PhoneCalls: PhoneCallPhoneCalling, PhoneCallNumber str, PhoneCallResult, PhoneCallLength num, PhoneCallUser,
  PhoneCallType
Submissions: SubmissionUser poser, SubmissionForm, SubmissionFormType, SubmissionFormSubTypes strs,
  SubmissionResponses items
Texts: TextParent parent, TextUser, TextContent str, PhoneNumberTextSentTo str, PhoneNumberTextSentFrom str,
  TextPhoneCarrier str, TextDelivered, TextRead, TextReplied, TextReplyContent str, TextCampaign
VoterRegistrationInteractions: VoterRegistrationInteractionParty, VoterRegistrationInteractionType,
  VoterRegistrationInteractionPetitionType, VoterRegistrationInteractionLocation str,
  VoterRegistrationInteractionLocationType, VoterRegistrationInteractionTurnedIn date,
  VoterRegistrationInteractionLead, VoterRegistrationInteractionNonStafferCollector, VoterRegistrationInteractionRole
"""

STREAM_OF = {
    "Conversations": "conversations",
    "Donations": "donations",
    "EmailSends": "email_sends",
    "EventAttendances": "event_attendances",
    "EventRegistrations": "event_registrations",
    "IndependentUnsubscribes": "independent_unsubscribes",
    "Knocks": "knocks",
    "Meetings": "meetings",
    "OneOnOnes": "one_on_ones",
    "PageViews": "page_views",
    "PhoneCalls": "phone_calls",
    "Submissions": "submissions",
    "Texts": "texts",
    "VoterRegistrationInteractions": "voter_registration_interactions",
}


def listed(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in text.replace("\n  ", " ").strip().splitlines():
        collection, _, fields = line.partition(":")
        pairs = (field.split() for field in fields.split(","))
        found[collection] = {pair[0]: pair[1] if len(pair) > 1 else "option" for pair in pairs}
    return found


def interactions() -> dict[str, dict[str, str]]:
    return {
        collection: {f"{collection[:-1]}Organization": "option", f"{collection[:-1]}When": "time", **fields}
        for collection, fields in listed(INTERACTIONS).items()
    }


def collections() -> dict[str, dict[str, str]]:
    regular = {f"District{name}": {f"District{name[:-1]}": "option"} for name in DISTRICTS.split()}
    irregular = {name: {field: "option"} for name, field in IRREGULAR_DISTRICTS.items()}
    return listed(PERSON) | regular | irregular | interactions()


def kind(found: dict[str, Any]) -> str:
    types = set(found["type"]) - {"null"}
    assert "null" in found["type"]
    if types == {"array"}:
        inner = kind(found["items"])
        return {"str": "strs", "option": "options"}.get(inner, "items")
    if types == {"object"}:
        keys = set(found.get("properties", {}))
        shapes = {frozenset({"id", "value"}): "option", frozenset({"id", "collection"}): "parent", frozenset(): "open"}
        return "poser" if "service" in keys else shapes.get(frozenset(keys), "item")
    if types == {"string"}:
        return {None: "str", "date": "date", "date-time": "time"}[found.get("format")]
    return {frozenset({"number"}): "num", frozenset({"boolean"}): "bool"}.get(frozenset(types), "any")


def items(collection: str) -> dict[str, Any]:
    found: dict[str, Any] = schema("crowdskout", "profiles")["properties"][collection]["items"]["properties"]
    return found


def test_there_are_no_other_streams() -> None:
    assert set(streams("crowdskout")) == {"profiles", "attributes", "field_options", *STREAM_OF.values()}


def test_a_profile_holds_all_83_collections_and_nothing_else() -> None:
    assert len(collections()) == 83
    assert set(schema("crowdskout", "profiles")["properties"]) == {"id", "additional_fields", *collections()}


@pytest.mark.parametrize(("collection", "fields"), collections().items())
def test_the_fields_of_a_collection(collection: str, fields: dict[str, str]) -> None:
    found = items(collection)
    assert set(found.pop("id")["type"]) == {"null", "integer", "string", "boolean"}
    assert {name: kind(field) for name, field in found.items()} == fields


@pytest.mark.parametrize(("collection", "fields"), interactions().items())
def test_an_interaction_is_a_stream_keyed_by_profile_and_item(collection: str, fields: dict[str, str]) -> None:
    found = schema("crowdskout", STREAM_OF[collection])["properties"]
    del found["additional_fields"]
    assert list(found)[:2] == ["profile_id", "id"]
    assert found.pop("profile_id")["x-refers-to"] == "profiles"
    assert found.pop("id")["type"] == "string"
    assert {name: kind(field) for name, field in found.items()} == fields
    inner = items(collection)
    del inner["id"]
    assert found == inner


@pytest.mark.parametrize(
    ("collection", "field", "expected"),
    [
        ("Conversations", "ConversationUnsubscribes", {"ConversationUnsubscribeWhen": "time"}),
        ("Conversations", "ConversationClicks", {"ConversationClickWhen": "time", "ConversationClickURL": "str"}),
        (
            "Conversations",
            "ConversationMessages",
            {
                "ConversationMessageWhen": "time",
                "ConversationMessageContent": "str",
                "ConversationMessageSender": "poser",
                "ConversationMessageReceiver": "poser",
                "ConversationMessagePhoneCarrier": "str",
                "ConversationMessageOutbound": "bool",
                "ConversationMessageReadReceipt": "bool",
                "ConversationMessageBounceNotice": "bool",
                "ConversationMessageDelivered": "bool",
            },
        ),
        ("EmailSends", "EmailSendBounces", {"when": "time"}),
        ("EmailSends", "EmailSendOpens", {"when": "time"}),
        ("EmailSends", "EmailSendSpamComplaints", {"when": "time"}),
        ("EmailSends", "EmailSendUnsubscribes", {"when": "time"}),
        ("EmailSends", "EmailSendClicks", {"when": "time", "url": "str"}),
        ("Submissions", "SubmissionResponses", {"Question": "option", "Answers": "options"}),
    ],
)
def test_the_fields_of_lists_inside_items(collection: str, field: str, expected: dict[str, str]) -> None:
    found = items(collection)[field]["items"]["properties"]
    assert {name: kind(inner) for name, inner in found.items()} == expected


def test_a_poser_names_its_service_and_its_id_there() -> None:
    assert set(items("Donations")["DonationCampaign"]["properties"]) == {"id", "externalId", "service", "value"}
    assert set(items("EmailSends")["EmailSendUser"]["properties"]) == {"id", "service", "value"}
    without_id = items("EventRegistrations")["EventRegistrationExternalID"]["properties"]
    assert set(without_id) == {"externalId", "service", "value"}


def test_the_id_of_an_option_is_a_number_a_word_or_a_boolean() -> None:
    for collection, fields in collections().items():
        for name in (name for name, wanted in fields.items() if wanted == "option"):
            found = items(collection)[name]["properties"]
            assert set(found["id"]["type"]) == {"null", "integer", "string", "boolean"}, name
            assert found["value"]["type"] == ["null", "string"], name


def test_the_value_of_an_attribute_takes_the_shape_of_its_type() -> None:
    found = items("Attributes")["AttributeValue"]
    assert set(found["type"]) == {"null", "string", "number", "boolean", "object", "array"}
    assert set(found["properties"]) == set(found["items"]["properties"]) == {"id", "value"}


def test_scores_are_computed_and_every_other_collection_can_be_written() -> None:
    found = schema("crowdskout", "profiles")["properties"]
    assert found["id"]["type"] == "string"
    writable = {name for name, field in found.items() if field.get("x-write") == ["create", "update"]}
    assert writable == set(collections()) - {"CrowdskoutScores", "PoliticalOrientationScores"}


def test_attributes_keep_their_type_for_good() -> None:
    found = schema("crowdskout", "attributes")["properties"]
    del found["additional_fields"]
    assert list(found) == ["id", "name", "type", "locked", "options"]
    assert found.pop("id")["type"] == "string"
    assert {name: kind(field) for name, field in found.items()} == {
        "name": "str",
        "type": "str",
        "locked": "bool",
        "options": "options",
    }
    assert {name: field["x-write"] for name, field in found.items()} == {
        "name": ["create", "update"],
        "type": ["create"],
        "locked": ["create"],
        "options": ["create", "update"],
    }


def test_an_option_of_a_field_says_what_it_was_narrowed_by() -> None:
    found = schema("crowdskout", "field_options")["properties"]
    del found["additional_fields"]
    assert list(found) == ["field", "id", "collection", "value", "dependency_field", "dependency_id"]
    assert found.pop("field")["type"] == found.pop("id")["type"] == "string"
    assert {kind(field) for field in found.values()} == {"str"}
