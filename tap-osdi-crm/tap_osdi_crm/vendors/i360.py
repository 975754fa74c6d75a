"""i360: contacts through searches, a state at a time; volunteers through theirs; the rest where one may assume it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from osdi_crm_client import errors
from osdi_crm_client.reading.source import Parent
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.reading.whole import Whole
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import i360 as wire
from osdi_crm_schemas import fold
from typing_extensions import override

from tap_osdi_crm.resources import Resource
from tap_osdi_crm.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import Collection, Page, RawRow

COLUMNS = (
    *("ContactID", "firstname(c)", "lastname(c)", "gender(c)", "Phone(c)", "email(c)"),
    *("C_AddrLine1", "C_AddrLine2", "C_City", "C_State", "C_Zip5"),
)
"""The search columns that the vendor's examples name, and those that are assumed to hold the id and the e-mail."""

STATE_NAMES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "DC": "District of Columbia",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
}
"""Names by postal code: i360 may list its states by either."""

LIST_TYPES = {"my_data": "2", "i360_data": "1"}
"""By setting, the values of the search criterion 3."""


@settings
class Settings:
    """The tap's settings for i360."""

    states: tuple[str, ...] = setting(
        "States to read contacts of",
        "The states whose contacts are read: postal codes such as VA, or numbers as i360's search parameter 2 counts"
        " them (47 is Virginia), or `*` for all that i360 lists. Needed for contacts.",
        default=(),
    )
    list_type: Literal["my_data", "i360_data"] | None = setting(
        "List to read contacts of",
        "my_data for the organisation's own contacts, i360_data for i360's national file. Needed for contacts.",
        default=None,
    )
    record_limit: float | None = setting(
        "Record limit",
        "The most contacts of a state to ask for; where there may be more, the run ends with an error. Needed for"
        " contacts.",
        default=None,
    )
    search_columns: tuple[str, ...] = setting(
        "Search columns", "The columns that searches for contacts return.", default=COLUMNS
    )
    criteria: Mapping[str, Any] = setting(
        "Search criteria",
        "Further criteria of the searches for contacts, by the number of the search parameter.",
        default={},
    )


class I360Source(Source):
    """A resource of i360 (api.i-360.com, github.com/i-360/API-Examples)."""

    page_size = wire.PAGE_SIZE
    pagings = frozenset({"none", "page", "offset"})

    @override
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if any(map(wire.is_credentials, self.path.split("/"))):
            raise errors.ConfigurationError(
                f"The setting 'stream_overrides' leads '{self.name}' to credentials, which are never read."
            )
        if self.resource.find_parents and self.resource.method == "GET":
            raise errors.ConfigurationError(
                f"The setting 'stream_overrides' reads '{self.name}' by GET, which cannot say whose contacts are"
                " wanted: a search does, by POST or PUT."
            )
        self._names = {fold(name): prop.get("x-vendor-name", name) for name, prop in self.properties.items()}
        self._names |= {fold(name): name for name in self._names.values()}

    @override
    def collection(self, part: Part) -> Collection:
        row = self.resource
        return wire.collection(
            part.path,
            name=self.name,
            key=self.own_key,
            method=row.method,
            body=None if row.method == "GET" else {},
            paging=row.paging or "none",
            page_parameter=row.page_parameter,
            size_parameter=row.size_parameter,
            records=row.records,
        )

    def contacts(self, part: Part) -> Collection:
        """Return the search for the contacts of one state; the run ends where it may not have shown them all."""
        state = part.parent.id if part.parent else ""
        columns = list(self.own.search_columns)
        criteria = {
            "2": state,
            "3": LIST_TYPES[self.own.list_type],
            "13": "-1",
            "28": "-1",
            **{str(number): str(value) for number, value in self.own.criteria.items()},
        }
        search = {
            "Criteria": criteria,
            "Columns": columns,
            "OrderBy": [column for column in columns if column == "lastname(c)"],
            "ExportType": 0,
            "Randomized": False,
            "RecordLimit": self._record_limit,
        }
        return replace(self.collection(part), body=search)

    @property
    def _record_limit(self) -> int:
        return int(self.own.record_limit)

    @override
    def pages(self, part: Part) -> Iterator[Page]:
        """Yield the pages of a part.

        Raises:
            ConfigurationError: If a search came to the record limit, so that there may be more.
        """
        found = 0
        for page in super().pages(part):
            found += len(page.rows)
            yield page
        if self.resource.find_parents and part.parent and found >= self._record_limit:
            raise errors.ConfigurationError(
                f"The search for the contacts of state {part.parent.id} came to the {found} that 'i360_record_limit'"
                " allows: there may be more. Raise it, or ask for less with 'i360_criteria'."
            )

    def states(self) -> list[Parent]:
        """Return the states whose contacts are read, as their parents.

        Raises:
            ConfigurationError: If a setting is missing without which contacts are not read.
        """
        needed = ("states", "list_type", "record_limit")
        if missing := [f"'i360_{name}'" for name in needed if not getattr(self.own, name)]:
            self.account.check()  # whoever's password is wrong is told that first
            raise errors.ConfigurationError(
                f"The stream '{self.name}' needs the setting{'s' * (len(missing) > 1)} {', '.join(missing)}; set"
                f" {'them' if missing[1:] else 'it'}, or deselect the stream."
            )
        return [Parent("", state, "", None) for state in dict.fromkeys(self._numbers())]

    def _numbers(self) -> Iterator[str]:
        """Yield the numbers of the states that are wanted; i360 is asked for its list where others than numbers are.

        Raises:
            ConfigurationError: If it lists one of them not, or nothing.
        """
        wanted = self.own.states
        if all(state.isdecimal() for state in wanted):
            yield from wanted
            return
        listed = {fold(str(wire.named(row, "name"))): str(wire.named(row, "id")) for row in self._listed_states()}
        for state in wanted:
            names = (state, STATE_NAMES.get(state.upper(), state))
            found = next((listed[fold(name)] for name in names if fold(name) in listed), None)
            if state == "*" and listed:
                yield from listed.values()
            elif state.isdecimal() or found:
                yield found or state
            else:
                raise errors.ConfigurationError(
                    f"The setting 'i360_states' names '{state}', which i360 does not list as a state. Name its number:"
                    " the stream 'search_parameter_values' lists them, with 'unconfirmed_streams'."
                )

    def _listed_states(self) -> list[RawRow]:
        path, key = "SearchParameters/2/Values", "Id"
        try:
            answer = self.account.call("GET", path, repeatable=True)
        except errors.VendorError as error:
            if error.status not in {400, 403, 404, 405}:
                raise
            return []
        return wire.rows(answer.json() if answer.content else None, name="values", key=key, call=("GET", path))

    @override
    def as_parent(self, row: RawRow, path: str) -> Parent:
        key = self.own_id(row)
        return Parent(self.name, key, f"{path.removesuffix('/Search')}/{quote(key, safe='')}", None)

    @override
    def fields(self, row: RawRow, part: Part) -> RawRow:
        """Return the record under the schema's names, in whatever letter case it came, and without credentials."""
        record = wire.spelled(wire.harmless(row), lambda name: self._names.get(fold(name), name))
        if self.resource.key_name:
            record[self.own_key] = wire.named(row, self.resource.key_name)
        elif record.get(self.own_key) is None:
            record[self.own_key] = wire.named(row, "id")
        record["OrgID"] = int(self.account.own.org_id)
        return record


_ASSUMED = "The vendor documents this search but neither its answer nor the name of the id in it; both are assumed."

_PARENTS = {
    "volunteers": "VolunteerID",
    "events": "EventID",
    "surveys": "SurveyID",
    "search_parameters": "ParameterID",
}
"""By stream, the property in which what hangs on its records holds their id."""


def _whole(name: str, path: str, key: str) -> Resource:
    return Resource(name=name, path=path, keys=(key,), reading=Whole, unconfirmed=True)


def _children(name: str, path: str, parent: str, *keys: str) -> Resource:
    return Resource(
        name=name,
        path=path,
        keys=keys,
        parents=(parent,),
        parent_key=_PARENTS[parent],
        reading=Sweep,
        unconfirmed=True,
    )


RESOURCES = (
    Resource(
        name="contacts",
        path="Searches/Results",
        method="POST",
        keys=("ContactID",),
        collection=I360Source.contacts,
        find_parents=I360Source.states,
        reading=Sweep,
        assumption=_ASSUMED,
    ),
    Resource(
        name="volunteers",
        path="Volunteers/Search",
        method="POST",
        keys=("VolunteerID",),
        reading=Whole,
        assumption=_ASSUMED,
    ),
    _children("volunteer_notes", "Notes", "volunteers", "NoteID"),
    _children("volunteer_history", "History", "volunteers", "HistoryID"),
    _children("volunteer_tags", "Tags", "volunteers", "VolunteerID", "TagID"),
    _whole("tag_groups", "Volunteers/TagGroups", "TagGroupID"),
    _whole("coordinators", "Volunteers/Coordinators", "UserID"),
    _whole("users", "Users", "UserID"),
    _whole("prospects", "Prospects", "ContactID"),
    _whole("events", "Events", "EventID"),
    _children("event_attendees", "Attendees", "events", "AttendeeID"),
    _children("event_assignments", "Assignments", "events", "AssignmentID"),
    _children("event_metrics", "Metrics", "events", "MetricID"),
    _children("event_details", "Details", "events", "DetailID"),
    _children("event_notes", "Notes", "events", "NoteID"),
    _whole("surveys", "Surveys", "SurveyID"),
    _children("survey_volunteers", "Volunteers", "surveys", "SurveyID", "VolunteerID"),
    _children("survey_walkbooks", "Walkbooks", "surveys", "WalkbookID"),
    _whole("script_templates", "Surveys/ScriptTemplates", "ScriptTemplateID"),
    _whole("caller_ids", "Surveys/CallerIds", "CallerID"),
    _whole("voice_mail_messages", "Surveys/VoiceMailMessages", "VoiceMailMessageID"),
    _whole("imports", "Imports", "Id"),
    _whole("search_columns", "SearchColumns", "Name"),
    _whole("search_parameters", "SearchParameters", "Id"),
    _children("search_parameter_values", "Values", "search_parameters", "ParameterID", "Id"),
)

SOURCE = I360Source
