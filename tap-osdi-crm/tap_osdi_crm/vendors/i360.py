"""i360: contacts through searches, a state at a time; volunteers through theirs; the rest where one may assume it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import osdi_crm_schemas
from osdi_crm_client import errors
from osdi_crm_client.settings import NUMBER
from osdi_crm_schemas import fold
from typing_extensions import override

from tap_osdi_crm.paginators import NumberedPages, Offsets, OnePage
from tap_osdi_crm.readings import Sweep, Whole
from tap_osdi_crm.resources import Parent, Part, Resource
from tap_osdi_crm.streams import VendorStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_osdi_crm.shaping import Row

COLUMNS = (
    *("ContactID", "firstname(c)", "lastname(c)", "gender(c)", "Phone(c)"),
    *("C_AddrLine1", "C_AddrLine2", "C_City", "C_State", "C_Zip5"),
)
"""The search columns that the vendor's examples name, and the one that is assumed to hold the id."""

LIST_TYPES = {"my_data": "2", "i360_data": "1"}
"""By setting, the values of the search criterion 3."""

SETTINGS: dict[str, dict[str, Any]] = {
    "i360_states": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "title": "States to read contacts of",
        "description": "Numbers of the states whose contacts are read, as i360's search parameter 2 counts them (47 is"
        " Virginia). Needed for contacts.",
    },
    "i360_list_type": {
        "type": "string",
        "enum": list(LIST_TYPES),
        "title": "List to read contacts of",
        "description": "my_data for the organisation's own contacts, i360_data for i360's national file. Needed for"
        " contacts.",
    },
    "i360_record_limit": {
        **NUMBER,
        "title": "Record limit",
        "description": "The most contacts of a state to ask for; where there may be more, the run ends with an error."
        " Needed for contacts.",
    },
    "i360_search_columns": {
        "type": "array",
        "items": {"type": "string"},
        "default": list(COLUMNS),
        "title": "Search columns",
        "description": "The columns that searches for contacts return.",
    },
    "i360_criteria": {
        "type": "object",
        "default": {},
        "title": "Search criteria",
        "description": "Further criteria of the searches for contacts, by the number of the search parameter.",
    },
}

_ASSUMED = "The vendor documents this search but neither its answer nor the name of the id in it; both are assumed."

_PARENT_KEYS = {
    "volunteers": "VolunteerID",
    "events": "EventID",
    "surveys": "SurveyID",
    "search_parameters": "ParameterID",
}
"""By stream, the property in which what hangs on its records holds their id."""

_CREDENTIALS = re.compile(r"logid|credentials?|accountrecovery.*|.*password.*|security(question|answer|hint).*")
"""Folded names of what signs somebody in, and is not kept."""

_LISTS = ("results", "items", "data", "records", "value")
"""Folded names under which the records may stand."""


def _whole(name: str, path: str, key: str) -> Resource:
    return Resource(name=name, path=path, keys=(key,), reading=Whole, unconfirmed=True)


def _children(name: str, path: str, parent: str, *keys: str) -> Resource:
    return Resource(name=name, path=path, keys=keys, parents=(parent,), reading=Sweep, unconfirmed=True)


RESOURCES = (
    Resource(
        name="contacts",
        path="Searches/Results",
        method="POST",
        keys=("ContactID",),
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


class I360Stream(VendorStream):
    """A stream of i360 (api.i-360.com, github.com/i-360/API-Examples)."""

    page_size: ClassVar[int] = 100
    pagings = frozenset({"none", "page", "offset"})

    @override
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if any(_CREDENTIALS.fullmatch(fold(segment)) for segment in self.resource.path.split("/")):
            raise errors.ConfigurationError(
                f"The setting 'stream_overrides' leads '{self.name}' to credentials, which are never read."
            )
        if self.name == "contacts" and self.resource.method == "GET":
            raise errors.ConfigurationError(
                "The setting 'stream_overrides' reads 'contacts' by GET, which cannot say whose contacts are wanted: a"
                " search does, by POST or PUT."
            )
        properties = osdi_crm_schemas.schema("i360", self.name)["properties"]
        self._names = {fold(name): prop.get("x-vendor-name", name) for name, prop in properties.items()}
        self._names |= {fold(name): name for name in self._names.values()}
        own_key = self.resource.keys[-1]
        self._own_key = self._names[fold(own_key)]

    @override
    def get_new_paginator(self) -> OnePage | NumberedPages:
        """Page where the setting says so: on to an empty page, since a short one may be the vendor's own limit."""
        pages = {"page": NumberedPages, "offset": Offsets}.get(self.resource.paging or "none")
        if pages is None:
            return OnePage()
        return pages(page_size=lambda _: 1, rows=self.rows, total=lambda _: None, next_link=lambda _: None)

    @override
    def rows(self, body: Any) -> list[Row]:
        """Return the records: the answer itself, one of its lists, or the one record that it is.

        A bare `id` beside a list is that of the search, not of a record.

        Raises:
            Garbled: If there is nothing of the kind.
        """
        if self.resource.records:
            for name in self.resource.records.split("."):
                body = _named(body, name) if isinstance(body, dict) else None
        if body is None or isinstance(body, list):
            return body or []
        found = {fold(name): value for name, value in body.items()} if isinstance(body, dict) else {}
        lists = [found[name] for name in (*_LISTS, fold(self.name)) if isinstance(found.get(name), list)]
        if fold(self._own_key) in found.keys() - {"id"} or ("id" in found and not lists):
            return [body]
        if lists:
            return list(lists[0])
        raise errors.Garbled(
            f"the answer has no list of '{self.name}'; say with 'stream_overrides' where it stands",
            method=self.http_method,
            path=self.resource.path,
        )

    @override
    def query(self, part: Part, page: Any) -> dict[str, Any]:
        if self.resource.paging not in {"page", "offset"}:
            return {}
        by, size = ("page", "pageSize") if self.resource.paging == "page" else ("skip", "take")
        return {self.resource.page_parameter or by: page, self.resource.size_parameter or size: self.page_size}

    @override
    def body(self, part: Part, page: Any) -> dict[str, Any] | None:
        """Ask for the contacts of one state, or for all volunteers."""
        if self.http_method == "GET":
            return None
        if self.name != "contacts" or part.parent is None:
            return {}
        columns = self.config["i360_search_columns"]
        criteria = {
            "2": part.parent.id,
            "3": LIST_TYPES[self.config["i360_list_type"]],
            "13": "-1",
            "28": "-1",
            **{str(number): str(value) for number, value in (self.config.get("i360_criteria") or {}).items()},
        }
        return {
            "Criteria": criteria,
            "Columns": columns,
            "OrderBy": [column for column in columns if column == "lastname(c)"],
            "ExportType": 0,
            "Randomized": False,
            "RecordLimit": self._record_limit,
        }

    @property
    def _record_limit(self) -> int:
        return int(float(self.config["i360_record_limit"]))

    @override
    def parents(self) -> Iterable[Parent]:
        """Contacts hang on the states that the settings name.

        Raises:
            ConfigurationError: If a setting is missing without which contacts are not read.
        """
        if self.name != "contacts":
            return super().parents()
        for setting in ("i360_states", "i360_list_type", "i360_record_limit"):
            if not self.config.get(setting):
                raise errors.ConfigurationError(
                    f"The stream 'contacts' needs the setting '{setting}'; set it, or deselect the stream."
                )
        return [Parent("", state, "", None) for state in dict.fromkeys(self.config["i360_states"])]

    @override
    def as_parent(self, row: Row, path: str) -> Iterable[Parent]:
        key = row[self.resource.keys[-1]]
        return (Parent(self.name, key, f"{path.removesuffix('/Search')}/{quote(key, safe='')}", None),)

    @override
    def pages(self, part: Part, totals: list[int] | None = None) -> Iterator[list[Row]]:
        """Yield the pages of a part.

        Raises:
            ConfigurationError: If a search came to the record limit, so that there may be more.
        """
        found = 0
        for rows in super().pages(part, totals):
            found += len(rows)
            yield rows
        if self.name == "contacts" and part.parent and found >= self._record_limit:
            raise errors.ConfigurationError(
                f"The search for the contacts of state {part.parent.id} came to the {found} that 'i360_record_limit'"
                " allows: there may be more. Raise it, or ask for less with 'i360_criteria'."
            )

    @override
    def fields(self, row: Row, part: Part) -> Row:
        """Return the record under the schema's names, in whatever letter case it came, and without credentials."""
        record: Row = {}
        row = _harmless(row)
        for name, value in row.items():
            known = self._names.get(fold(name), name)
            record[known if known not in record else name] = value
        if part.parent and part.parent.stream in _PARENT_KEYS:
            record.setdefault(_PARENT_KEYS[part.parent.stream], part.parent.id)
        if self.resource.key_name:
            record[self._own_key] = _named(row, self.resource.key_name)
        elif record.get(self._own_key) is None:
            record[self._own_key] = _named(row, "id")
        record["OrgID"] = int(self.config["i360_org_id"])
        return record


def _named(row: Row, name: str) -> Any:
    """Return what stands under a name in any letter case."""
    return next((value for found, value in row.items() if fold(found) == fold(name)), None)


def _harmless(value: Any) -> Any:
    """Return the value without what signs somebody in, at any depth."""
    if isinstance(value, dict):
        return {name: _harmless(inner) for name, inner in value.items() if not _CREDENTIALS.fullmatch(fold(name))}
    if isinstance(value, list):
        return [_harmless(inner) for inner in value]
    return value


STREAM = I360Stream
