"""What there is at i360: entities with their paths and fields, search terms, and account options."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Record, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


API = "/2.0"
TOKEN = "/core/connect/token"  # noqa: S105  a path


FIRST_ORG = 1000

OPTIONS: dict[str, Any] = {
    "scope": "openid profile sampleApi",  # or "openid profile sample": the vendor's pages differ
    "token_seconds": 360.0,
    "tell_expiry": True,  # False: no `expires_in`
    "casing": "pascal",  # of answers' properties; or "camel", "lower"
    "wrapper": None,  # name of a property that lists stand under
    "paging": None,  # or "page" (page from 1, pageSize), "offset" (skip, take)
    "max_record_limit": None,  # searches return no more
    "criteria_ignored": False,  # Volunteers/Search answers with all of them
    "show_log_id": False,  # volunteers carry LogID, the app's log-in
    "import_polls": 2,  # an import is done after so many reads of it
    "import_fails": False,  # imports change nothing and end as "Failed"
}

STATES = (
    *("AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS"),
    *("KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC"),
    *("ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"),
)
"""By the value of search parameter 2, counted from one: Virginia is 47."""

CONTACT = (
    *("Salutation", "FirstName", "MiddleName", "LastName", "Suffix", "Email", "Email2", "Phone", "Phone2", "Phone3"),
    *("CellNumber", "Address1", "Address2", "City", "State", "Zip", "CountyName", "RegisteredState"),
    *("mAddress_Line1", "mAddress_Line2", "mAddress_City", "mAddress_State", "mAddress_Zip"),
    *("Employer", "Occupation", "Gender", "Race", "Ethnicity", "Religion", "DateOfBirth", "Tags"),
)
IDENTITY = ("FirstName", "LastName", "Email", "Phone", "Address1", "City", "State", "Zip")
LOOKUP = ("FirstName", "LastName", "Address1", "City", "State")
VOLUNTEER = (
    *("Email", "State", "Salutation", "FirstName", "MiddleName", "LastName", "Suffix", "Status"),
    *("C_AddrLine1", "C_AddrLine2", "C_City", "C_State", "C_Zip5", "C_USPSZip4", "C_CountyName"),
    *("Email2", "Phone1", "Phone2", "DOB", "Gender", "FacebookPage", "TwitterHandle", "Employer", "Occupation"),
    "CoordinatorID",
)
USER = ("UserName", "FirstName", "LastName", "Email", "State")
NOTE = ("Text", "Author", "CreatedDate")


@dataclass(frozen=True)
class Kind:
    """An entity.

    Attributes:
        name: of the resource.
        path: of the collection, below the parent where there is one.
        key: the id's property.
        fields: the others.
        parent: the resource that records belong to.
        parent_key: the parent's id's property.
        shared: the id repeats from parent to parent.
        writes: verbs besides GET.
    """

    name: str
    path: str
    key: str
    fields: tuple[str, ...] = ()
    parent: str = ""
    parent_key: str = ""
    shared: bool = False
    writes: str = ""

    @property
    def base(self) -> str:
        """The path of the collection, with {parent}."""
        return f"{KINDS[self.parent].path}/{{parent}}/{self.path}" if self.parent else self.path


CONTACTS = Kind("contacts", "Contacts", "ContactID", CONTACT)
NATIONAL = Kind("national_contacts", "", "ContactID", CONTACT)
VOLUNTEERS = Kind("volunteers", "Volunteers", "VolunteerID", VOLUNTEER)
EVENT = (
    *("Name", "Description", "Type", "StartDate", "EndDate", "AddressLine1", "City", "State", "Zip"),
    "CoordinatorID",
)
SURVEY = ("Title", "Description", "Type", "Phase", "IsPublished", "ScriptTemplateID")
ATTENDEE = ("ContactID", "VolunteerID", "FirstName", "LastName", "Email", "Status")
OF_VOLUNTEER = ("volunteers", "VolunteerID")
OF_EVENT = ("events", "EventID")
OF_SURVEY = ("surveys", "SurveyID")
PLAIN_KINDS = (
    Kind("volunteer_notes", "Notes", "NoteID", NOTE, *OF_VOLUNTEER, writes="POST PUT DELETE"),
    Kind(
        "volunteer_history",
        "History",
        "HistoryID",
        ("Type", "Description", "CreatedDate"),
        *OF_VOLUNTEER,
        writes="POST DELETE",
    ),
    Kind("volunteer_tags", "Tags", "TagID", ("Name", "Category"), *OF_VOLUNTEER, shared=True, writes="POST DELETE"),
    Kind(
        "volunteer_permissions",
        "Permissions",
        "PermissionID",
        ("Name",),
        *OF_VOLUNTEER,
        shared=True,
        writes="POST DELETE",
    ),
    Kind("volunteer_walkbooks", "Walkbooks", "WalkbookID", ("Name", "Status"), *OF_VOLUNTEER, shared=True),
    Kind("tag_groups", "Volunteers/TagGroups", "TagGroupID", ("Name",)),
    Kind("coordinators", "Volunteers/Coordinators", "UserID", USER),
    Kind("users", "Users", "UserID", (*USER, "Position")),
    Kind("prospects", "Prospects", "ContactID", CONTACT),
    Kind("events", "Events", "EventID", EVENT),
    Kind("event_attendees", "Attendees", "AttendeeID", ATTENDEE, *OF_EVENT, writes="POST PUT DELETE"),
    Kind(
        "event_assignments",
        "Assignments",
        "AssignmentID",
        ("VolunteerID", "UserID", "Role"),
        *OF_EVENT,
        writes="POST DELETE",
    ),
    Kind("event_metrics", "Metrics", "MetricID", ("Name", "Value"), *OF_EVENT),
    Kind("event_details", "Details", "DetailID", ("Name", "Value"), *OF_EVENT),
    Kind("event_notes", "Notes", "NoteID", NOTE, *OF_EVENT, writes="POST PUT DELETE"),
    Kind("script_templates", "Surveys/ScriptTemplates", "ScriptTemplateID", ("Name", "Body")),
    Kind("caller_ids", "Surveys/CallerIds", "CallerID", ("Name", "PhoneNumber")),
    Kind("voicemail_messages", "Surveys/VoicemailMessages", "VoicemailMessageID", ("Name",)),
    Kind("surveys", "Surveys", "SurveyID", SURVEY),
    Kind("survey_volunteers", "Volunteers", "VolunteerID", (), *OF_SURVEY, shared=True, writes="POST DELETE"),
    Kind("survey_walkbooks", "Walkbooks", "WalkbookID", ("Name", "Status"), *OF_SURVEY),
    Kind("search_columns", "SearchColumns", "Name", ("Description",)),
    Kind("search_parameters", "SearchParameters", "Id", ("Name",)),
)
JOBS = (
    Kind("imports", "Imports", "Id", ("Status", "Name", "CreatedDate", "Errors")),
    Kind("searches", "Searches", "Id", ("Status", "CreatedDate")),
)
VALUES = Kind("search_parameter_values", "Values", "Id", ("Name",), "search_parameters", "ParameterID", shared=True)
KINDS = {kind.name: kind for kind in (CONTACTS, NATIONAL, VOLUNTEERS, *PLAIN_KINDS, VALUES, *JOBS)}

COLUMNS = {
    "ContactID": ("ContactID", "The contact's id"),
    "firstname(c)": ("FirstName", "First name"),
    "lastname(c)": ("LastName", "Last name"),
    "gender(c)": ("Gender", "Gender"),
    "Phone(c)": ("Phone", "Phone"),
    "email(c)": ("Email", "E-mail"),
    "C_AddrLine1": ("Address1", "Street"),
    "C_AddrLine2": ("Address2", "Second line of the street"),
    "C_City": ("City", "City"),
    "C_State": ("State", "State"),
    "C_Zip5": ("Zip", "ZIP"),
    "C_CountyName": ("CountyName", "County"),
    "dob(c)": ("DateOfBirth", "Date of birth"),
}
TOUCHPOINTS = (264, 266, 271, 273, 290, 291, 292, 293)
PARAMETERS = {
    2: "State",
    3: "Search Type",
    5: "County",
    13: "NCOA",
    15: "Age Range",
    28: "Registration Status",
    377: "Has Email",
    **{number: f"Touchpoint {number}" for number in TOUCHPOINTS},
}
MANDATORY = ("2", "3", "13", "28")
COUNTS = ("CellPhones", "Email", "Households", "MailingAddresses", "Residences", "Phones")


def folded(names: Sequence[str], record: Record) -> Iterable[str]:
    """These fields' values as one text that compares without regard to case."""
    return ("\x1f".join(str(record.get(name) or "").strip().casefold() for name in names),)


def _texts(name: str, record: Record) -> Iterable[str]:
    return (str(record[name]),) if record.get(name) is not None else ()


FIELDS: dict[str, Callable[[Record], Iterable[str]]] = {
    "identity": partial(folded, IDENTITY),
    "email": partial(folded, ("Email",)),
    "State": partial(_texts, "State"),
    "LastName": partial(folded, ("LastName",)),
    "parent": partial(_texts, "_parent"),
}
RESOURCES = {name: Resource("_modified", FIELDS) for name in KINDS}


FIRST_IDS = {name: 10_000 * place for place, name in enumerate(KINDS, start=1)} | {"contacts": 7_000_000_000}
