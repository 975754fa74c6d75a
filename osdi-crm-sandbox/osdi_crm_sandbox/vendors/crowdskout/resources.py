"""What there is at Crowdskout: the 83 collections of a profile with their fields, and account options."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Record, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


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
    "dropped": [],  # collections none of whose items is valid
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


def _values(collection: str, name: str, record: Record) -> Iterable[str]:
    return [item[name]["value"] for item in record.get(collection, ()) if item.get(name)]


def _external_ids(record: Record) -> Iterable[str]:
    return [
        external_id_key(item["ExternalID"], item["ExternalIDType"]["value"]) for item in record.get("ExternalIDs", ())
    ]


def external_id_key(value: str, kind: str) -> str:
    """An external id and its type as profiles are found by them."""
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
