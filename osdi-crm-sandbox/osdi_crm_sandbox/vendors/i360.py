"""i360 API 2.0, as far as api.i-360.com and github.com/i-360/API-Examples describe it.

Public are the host, the token flow, `Org/{OrgId}` in the path, verbs and statuses, the names of the entities, the
search requests, contact imports and the volunteers' search. Assumed here: every other path (PascalCase, children below
their parents, keys `<Entity>ID`), the shape and spelling of every answer, what searches for volunteers go by, how
contacts match, what an import's status is called, that nothing pages, and error bodies (ASP.NET's own). Searches by
polygon (criterion 27) are refused.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.population import Population, iso
from osdi_crm_sandbox.vendor import Call, Record, Refusal, Resource, Route, Vendor, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.population import City

API = "/2.0"
TOKEN = "/core/connect/token"  # noqa: S105  a path
CLIENT = "Basic " + base64.b64encode(b"roclient:secret").decode()
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


# What collections are selected by


def _folded(names: Sequence[str], record: Record) -> Iterable[str]:
    return ("\x1f".join(str(record.get(name) or "").strip().casefold() for name in names),)


def _texts(name: str, record: Record) -> Iterable[str]:
    return (str(record[name]),) if record.get(name) is not None else ()


FIELDS: dict[str, Callable[[Record], Iterable[str]]] = {
    "identity": partial(_folded, IDENTITY),
    "email": partial(_folded, ("Email",)),
    "State": partial(_texts, "State"),
    "LastName": partial(_folded, ("LastName",)),
    "parent": partial(_texts, "_parent"),
}
RESOURCES = {name: Resource("_modified", FIELDS) for name in KINDS}


# Answering


def _spell(account: Account, name: str) -> str:
    casing = account.options["casing"]
    if casing == "lower":
        return name.lower()
    return name[:1].lower() + name[1:] if casing == "camel" else name


def _spelled(account: Account, content: Any) -> Any:
    if isinstance(content, dict):
        return {_spell(account, name): _spelled(account, value) for name, value in content.items()}
    return [_spelled(account, value) for value in content] if isinstance(content, list) else content


def _shown(account: Account, kind: Kind, key: str) -> Record:
    """A record as an answer has it, before it is spelled."""
    record = account.tables[kind.name].records[key]
    hidden = () if account.options["show_log_id"] else ("LogID",)
    return {name: value for name, value in record.items() if name[0] != "_" and name not in hidden}


def _one(account: Account, kind: Kind, key: str) -> Response:
    return answer(_spelled(account, _shown(account, kind, key)))


def _list(call: Call, records: list[Record]) -> Response:
    """A list, or 204 without a body for none."""
    account = call.account
    given = _fold(call.query) | _fold(call.body)
    if account.options["paging"] == "page":
        size = _number(given.get("pagesize"), 100)
        start = (max(1, _number(given.get("page"), 1)) - 1) * size
        records = records[start : start + size]
    elif account.options["paging"] == "offset":
        start = _number(given.get("skip"), 0)
        records = records[start : start + _number(given.get("take"), 100)]
    if not records:
        return Response(status_code=204)
    wrapper = account.options["wrapper"]
    return answer({_spell(account, wrapper): records} if wrapper else records)


def _spelled_list(call: Call, records: list[Record]) -> Response:
    return _list(call, _spelled(call.account, records))


def _number(value: Any, default: int) -> int:
    return int(value) if str(value).isdecimal() else default


def _fold(given: Any) -> Record:
    """A request's members by lower-case name, as ASP.NET binds them."""
    return {name.lower(): value for name, value in given.items()} if isinstance(given, dict) else {}


def _bind(names: Sequence[str], given: Any) -> Record:
    """The members that a request has of these."""
    folded = _fold(given)
    return {name: folded[name.lower()] for name in names if name.lower() in folded}


def _invalid(member: str, words: str) -> Response:
    return answer({"Message": "The request is invalid.", "ModelState": {member: [words]}}, 400)


def refuse(call: Call, status: int, words: str) -> Response:
    """{"Message"}, or the token endpoint's {"error"}."""
    if call.path == TOKEN:
        return answer({"error": "invalid_request" if status < 500 else "server_error"}, status)
    if status == 401:
        words = "Authorization has been denied for this request."
    return answer({"Message": words}, status)


# Signing in


def _tokens(account: Account) -> dict[str, float]:
    """Tokens given out and the unix times when they die."""
    tokens: dict[str, float] = account.state.setdefault("tokens", {})
    return tokens


def identify(call: Call, accounts: Mapping[str, Account]) -> Account | None:
    """By the user name where a token is asked for, elsewhere by the token, dead or alive."""
    if call.path == TOKEN:
        return accounts.get(str(_fold(call.body).get("username")))
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return next((account for account in accounts.values() if token in _tokens(account)), None)


def check(call: Call) -> Response | None:
    """401 for a dead token and for an organisation that is not the user's."""
    if call.path == TOKEN:
        return None
    token = call.headers["authorization"].partition(" ")[2]
    is_alive = _tokens(call.account)[token] > time.time()
    asked = re.match(rf"{API}/Org/([^/]+)(/|$)", call.path)
    if is_alive and (asked is None or asked[1] == str(_org_id(call.account))):
        return None
    return refuse(call, 401, "")


def _org_id(account: Account) -> int:
    return FIRST_ORG + int(account.name.rpartition("-")[2])


def _password(account: Account) -> str:
    return f"{account.key}-password"


def credentials(account: Account) -> Record:
    """The user's name and password, the organisation, and where tokens are given out, below the vendor's prefix."""
    user = {"username": account.key, "password": _password(account), "org_id": _org_id(account)}
    return user | {"login_path": TOKEN}


def _token(call: Call) -> Response:
    """The password grant with the client that is the same for everybody (api.i-360.com)."""
    form = call.body if isinstance(call.body, dict) else {}
    options = OPTIONS if call.caller is None else call.caller.options
    error = ""
    if call.headers.get("authorization") != CLIENT:
        error = "invalid_client"
    elif form.get("grant_type") != "password":
        error = "unsupported_grant_type"
    elif call.caller is None or form.get("password") != _password(call.caller):
        error = "invalid_grant"
    elif set(form.get("scope", "").split()) != set(options["scope"].split()):
        error = "invalid_scope"
    if error:
        return answer({"error": error}, 400)
    token, seconds = secrets.token_urlsafe(24), options["token_seconds"]
    _tokens(call.account)[token] = time.time() + seconds
    granted: Record = {"access_token": token, "token_type": "Bearer"}
    return answer(granted | ({"expires_in": int(seconds)} if options["tell_expiry"] else {}))


# Reading entities


def _key(kind: Kind, call: Call) -> str:
    """The key of the record that the path names.

    Raises:
        Refusal: there is none, or it is another parent's.
    """
    own, parent = call.params["id"], call.params.get("parent")
    key = f"{parent}/{own}" if kind.shared else own
    record = call.account.tables[kind.name].records.get(key)
    if record is None or (parent is not None and record["_parent"] != parent):
        raise Refusal(404, f"{kind.key} {own} does not exist")
    return key


def _parent(kind: Kind, call: Call) -> str:
    if call.params["parent"] not in call.account.tables[kind.parent].records:
        raise Refusal(404, f"{kind.parent_key} {call.params['parent']} does not exist")
    return call.params["parent"]


def _keys(kind: Kind, call: Call) -> list[str]:
    """The keys of a collection, as the lagging lists have them."""
    table = call.account.tables[kind.name]
    found = table.select([("parent", "eq", _parent(kind, call))] if kind.parent else [], live=False)
    return [key for key in found if key in table.records]


def _collection(kind: Kind, call: Call) -> Response:
    return _spelled_list(call, [_shown(call.account, kind, key) for key in _keys(kind, call)])


def _item(kind: Kind, call: Call) -> Response:
    return _one(call.account, kind, _key(kind, call))


def _job(kind: Kind, call: Call) -> Response:
    """A job, which has come further by the next read."""
    key = _key(kind, call)
    call.account.later(0.0, partial(_advance, call.account, kind, key))
    return _one(call.account, kind, key)


def _advance(account: Account, kind: Kind, key: str) -> None:
    table = account.tables[kind.name]
    job = table.records.get(key)
    if job is not None and job["_polls"] > 0:
        polls = job["_polls"] - 1
        status = "Processing" if polls else job["_ends"]
        table.put(key, {**job, "_polls": polls, "Status": status})


def _start(account: Account, kind: Kind, ends: str, errors: list[str]) -> str:
    key = _next_id(account, kind)
    polls = account.options["import_polls"]
    job: Record = {"Id": int(key), "Status": "Queued" if polls else ends, "_polls": polls, "_ends": ends}
    job |= {"CreatedDate": iso(time.time()), "_modified": iso(time.time())}
    if kind.name == "imports":
        job |= {"Name": f"API import {key}", "Errors": errors}
    account.tables[kind.name].put(key, job)
    return key


def _parameter_values(call: Call) -> Response:
    """The values of a search parameter; counties of one state with `stateValue`."""
    keys = _keys(VALUES, call)
    state = _fold(call.query).get("statevalue")
    records = call.account.tables[VALUES.name].records
    kept = [key for key in keys if state is None or records[key].get("_state") in (None, int(state or 0))]
    return _spelled_list(call, [_shown(call.account, VALUES, key) for key in kept])


# Searching


def _search(call: Call) -> list[Record]:
    """The contacts that fulfil a search's criteria (API-Examples, SearchesControllerSmokeTests).

    Raises:
        Refusal: criteria are missing or make no sense.
    """
    criteria = _fold(call.body).get("criteria")
    if not isinstance(criteria, dict) or not all(isinstance(value, str) for value in criteria.values()):
        raise Refusal(400, "Criteria must be an object of strings")
    missing = [name for name in MANDATORY if not criteria.get(name)]
    if missing:
        raise Refusal(400, f"Criteria {', '.join(missing)} are required")
    state = _number(criteria["2"], 0)
    if criteria["3"] not in ("1", "2") or not 1 <= state <= len(STATES):
        raise Refusal(400, "Criteria 2 or 3 have no such value")
    table = call.account.tables[(NATIONAL if criteria["3"] == "1" else CONTACTS).name]
    found = table.select([("State", "eq", STATES[state - 1])], live=False)
    tests = [_criterion(call.account, name, value) for name, value in criteria.items() if name not in MANDATORY]
    contacts = [table.records[key] for key in found if key in table.records]
    return [contact for contact in contacts if all(test(contact) for test in tests)]


def _criterion(account: Account, name: str, value: str) -> Callable[[Record], bool]:
    if name == "377":
        return lambda contact: bool(contact["Email"]) == (value == "1")
    if name == "15" and (ages := re.fullmatch(r"(\d+)#(\d+)", value)):
        first, last = int(ages[1]), int(ages[2])
        return lambda contact: first <= _age(contact) <= last
    if name == "5" and re.fullmatch(r"\d+(, ?\d+)*", value):
        values = account.tables[VALUES.name].records
        chosen = [values.get(f"5/{number.strip()}", {}) for number in value.split(",")]
        counties = {(STATES[county["_state"] - 1], county["Name"]) for county in chosen if county}
        return lambda contact: (contact["State"], contact["CountyName"]) in counties
    if name in map(str, TOUCHPOINTS) and (touched := re.fullmatch(r"(\d+)#(\d+)&([\d/]+)#([\d/]+)", value)):
        from_day, to_day = _day(touched[3]), _day(touched[4])
        wanted = (int(touched[1]), int(touched[2]))
        return lambda contact: any(
            (category, touchpoint) == wanted and from_day <= _day(day) <= to_day
            for category, touchpoint, day in contact["_touchpoints"]
        )
    raise Refusal(400, f"Criterion {name} has no such value")


def _day(text: str) -> date:
    """A day written M/D/YYYY."""
    try:
        month, day, year = map(int, text.split("/"))
        return date(year, month, day)
    except ValueError as error:
        raise Refusal(400, f"{text} is not a date") from error


def _age(contact: Record) -> int:
    try:
        born = _day(contact["DateOfBirth"] or "")
    except Refusal:
        return -1
    today = date.fromisoformat(iso(time.time())[:10])
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _columns(call: Call, name: str) -> list[str]:
    given = _fold(call.body).get(name)
    known = {column.lower(): column for column in COLUMNS}
    if given is None:
        return []
    if not isinstance(given, list) or any(str(column).lower() not in known for column in given):
        raise Refusal(400, f"{name} must be a list of known columns")
    return [known[column.lower()] for column in given]


def _search_results(call: Call) -> Response:
    """Rows of the columns asked for."""
    body, options = _fold(call.body), call.account.options
    columns, order = _columns(call, "columns"), _columns(call, "orderby")
    if not columns:
        raise Refusal(400, "Columns are required")
    found = _search(call)
    limit = body.get("recordlimit")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise Refusal(400, "RecordLimit must be a positive number")
    if body.get("randomized") is True:
        call.account.random.shuffle(found)
    for column in reversed(order):
        found.sort(key=lambda contact: str(contact.get(COLUMNS[column][0]) or ""))
    limits = [most for most in (limit, options["max_record_limit"]) if most is not None]
    rows = found[: min(limits)] if limits else found
    return _list(call, [{column: contact.get(COLUMNS[column][0]) for column in columns} for contact in rows])


def _search_counts(call: Call) -> Response:
    found, body = _search(call), _fold(call.body)
    counts: dict[str, int] = {
        "CellPhones": sum(bool(contact["CellNumber"]) for contact in found),
        "Email": sum(bool(contact["Email"]) for contact in found),
        "Households": len({(contact["Address1"], contact["Zip"]) for contact in found if contact["Address1"]}),
        "MailingAddresses": sum(bool(contact["mAddress_Line1"]) for contact in found),
        "Residences": sum(bool(contact["Address1"]) for contact in found),
        "Phones": sum(bool(contact["Phone"]) for contact in found),
    }
    return answer(_spelled(call.account, {name: counts[name] for name in COUNTS if body.get(name.lower()) is True}))


def _queue_search(call: Call) -> Response:
    """A search whose result goes elsewhere."""
    _search(call)
    return _one(call.account, KINDS["searches"], _start(call.account, KINDS["searches"], "Completed", []))


# Writing contacts


def _unflatten(form: Mapping[str, str]) -> Record:
    """A form's contacts[0][firstName] as what they would be in JSON."""
    entries: dict[int, Record] = {}
    body: Record = {}
    for name, value in form.items():
        match = re.fullmatch(r"contacts\[(\d+)\]\[(\w+)\](?:\[(\w+)\])?", name, re.IGNORECASE)
        if not match:
            body[name] = value
        elif match[3]:
            entries.setdefault(int(match[1]), {}).setdefault(match[2], {})[match[3]] = value
        else:
            entries.setdefault(int(match[1]), {})[match[2]] = value
    return body | {"contacts": [entries[place] for place in sorted(entries)]}


def _tags(given: Any) -> list[Record] | None:
    """Tags as pairs of category and tag, out of pairs or an object; None for neither."""
    if isinstance(given, dict):
        folded = _fold(given)
        given = [{"Key": folded.get("category"), "Value": folded.get("tag")}]
    if not isinstance(given, list):
        return None
    pairs = [_bind(("Key", "Value"), tag) for tag in given]
    return [pair for pair in pairs if pair.get("Key") and pair.get("Value")]


def _import_contacts(call: Call) -> Response:
    """Matches or inserts contacts; its answer is the job."""
    account = call.account
    is_form = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    contacts = _fold(_unflatten(call.body) if is_form else call.body).get("contacts")
    if not isinstance(contacts, list) or not contacts:
        return _invalid("request.Contacts", "The Contacts field is required.")
    if account.options["import_fails"]:
        return _one(account, KINDS["imports"], _start(account, KINDS["imports"], "Failed", ["The import failed"]))
    errors = []
    for place, given in enumerate(contacts):
        contact = _bind(("ContactID", *CONTACT), given)
        wrong = [name for name in ("State", "RegisteredState") if contact.get(name) not in (None, "", *STATES)]
        if wrong:
            errors.append(f"Contact {place + 1}: {wrong[0]} must be a two-letter code")
        elif not any(contact.get(name) for name in IDENTITY):
            errors.append(f"Contact {place + 1}: nothing to go by")
        else:
            _save_contact(account, contact)
    ends = "CompletedWithErrors" if errors else "Completed"
    return _one(account, KINDS["imports"], _start(account, KINDS["imports"], ends, errors))


def _save_contact(account: Account, given: Record) -> None:
    """Merges into the contact with this id, or with exactly this name, e-mail, phone and address; or inserts."""
    table = account.tables[CONTACTS.name]
    key = str(given.pop("ContactID", ""))
    if key not in table.records:
        key = next(iter(table.find("identity", *_folded(IDENTITY, given))), "")
    old = table.records.get(key) or _blank(CONTACTS) | {"Tags": [], "_touchpoints": []}
    tags = _tags(given.pop("Tags", None)) or []
    record = {**old, **given, "_modified": iso(time.time())}
    record["Tags"] = [*old["Tags"], *(tag for tag in tags if tag not in old["Tags"])]
    key = key or _next_id(account, CONTACTS)
    table.put(key, {**record, "ContactID": int(key)})


def _look_up_contact(call: Call) -> Response:
    """Contacts by person: first and last name, address, city, state."""
    given = _bind(LOOKUP, call.query)
    if not given:
        return _invalid("request", "At least one of firstname, lastname, address1, city, state is required.")
    table = call.account.tables[CONTACTS.name]
    where = [("LastName", "eq", given["LastName"].strip().casefold())] if "LastName" in given else []
    found = [table.records[key] for key in table.select(where, live=False) if key in table.records]
    matching = [record for record in found if _folded(tuple(given), record) == _folded(tuple(given), given)]
    return _spelled_list(call, [_shown(call.account, CONTACTS, str(record["ContactID"])) for record in matching])


# Writing volunteers and what belongs to them


def _next_id(account: Account, kind: Kind) -> str:
    account.state[kind.name] = account.state.get(kind.name, FIRST_IDS[kind.name]) + 1
    return str(account.state[kind.name])


def _blank(kind: Kind) -> Record:
    return {kind.key: None, **dict.fromkeys(kind.fields)}


def _search_volunteers(call: Call) -> Response:
    """Those whose fields have these values; all of them without any."""
    account, table = call.account, call.account.tables[VOLUNTEERS.name]
    given = _bind((VOLUNTEERS.key, *VOLUNTEER), call.body if call.method == "POST" else call.query)
    wanted = {} if account.options["criteria_ignored"] else {name: given[name] for name in given if given[name]}
    where = [("email", "eq", str(wanted["Email"]).strip().casefold())] if "Email" in wanted else []
    found = [key for key in table.select(where, live=False) if key in table.records]
    names = tuple(wanted)
    kept = [key for key in found if _folded(names, table.records[key]) == _folded(names, wanted)]
    return _spelled_list(call, [_shown(account, VOLUNTEERS, key) for key in kept])


def _save_volunteer(call: Call, key: str, old: Record) -> Response:
    account = call.account
    given = _bind(VOLUNTEER, call.body)
    for name, twin in (("State", "C_State"), ("C_State", "State")):
        if name in given:
            given.setdefault(twin, given[name])
    record = {**old, **given, "_modified": iso(time.time())}
    email = str(record["Email"] or "").strip()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        return _invalid("volunteer.Email", "The Email field is not a valid e-mail address.")
    if any(other != key for other in account.tables[VOLUNTEERS.name].find("email", email.casefold())):
        return _invalid("volunteer.Email", "A volunteer with this Email exists.")
    if record["State"] not in (None, "", *STATES):
        return _invalid("volunteer.State", "The State field must be a two-letter code.")
    if old["Email"] and email.casefold() != old["Email"].casefold() and not given.get("Email2"):
        record["Email2"] = old["Email"]
    key = key or _next_id(account, VOLUNTEERS)
    account.tables[VOLUNTEERS.name].put(key, {**record, "Email": email, "VolunteerID": int(key)})
    return _one(account, VOLUNTEERS, key)


def _post_volunteer(call: Call) -> Response:
    return _save_volunteer(call, "", _blank(VOLUNTEERS) | {"Status": "Active", "LogID": None})


def _put_volunteer(call: Call) -> Response:
    key = _key(VOLUNTEERS, call)
    return _save_volunteer(call, key, call.account.tables[VOLUNTEERS.name].records[key])


def _post(kind: Kind, call: Call) -> Response:
    """A child record of one kind, or the one there is where its id is given."""
    account, parent = call.account, _parent(kind, call)
    given = _bind((kind.key, *kind.fields), call.body)
    if not given:
        return _invalid("request", "The body has none of the known fields.")
    if not kind.shared:
        given.pop(kind.key, None)
    own = str(given.get(kind.key) or _known(account, kind, given) or _next_id(account, kind))
    if kind.name == "survey_volunteers" and own not in account.tables[VOLUNTEERS.name].records:
        return _invalid("request.VolunteerID", f"VolunteerID {own} does not exist.")
    return _one(account, kind, _put(account, kind, parent, own, given))


def _known(account: Account, kind: Kind, given: Record) -> str | None:
    """The id of the tag or permission with this name, whoever has it."""
    if not kind.shared or not given.get("Name"):
        return None
    records = account.tables[kind.name].records.values()
    alike = (record for record in records if all(record.get(name) == value for name, value in given.items()))
    return next((str(record[kind.key]) for record in alike), None)


def _put(account: Account, kind: Kind, parent: str, own: str, given: Record) -> str:
    key = f"{parent}/{own}" if kind.shared else own
    moment = iso(time.time())
    start = _blank(kind) | ({"CreatedDate": moment} if "CreatedDate" in kind.fields else {})
    number: Any = int(own) if own.isdecimal() else own
    mine: Record = {kind.key: number, "_modified": moment} | ({"_parent": parent} if kind.parent else {})
    account.tables[kind.name].put(key, start | given | mine)
    return key


def _put_item(kind: Kind, call: Call) -> Response:
    key = _key(kind, call)
    table = call.account.tables[kind.name]
    given = _bind(kind.fields, call.body)
    table.put(key, {**table.records[key], **given, "_modified": iso(time.time())})
    return _one(call.account, kind, key)


def _delete_item(kind: Kind, call: Call) -> Response:
    call.account.tables[kind.name].delete(_key(kind, call))
    return Response(status_code=204)


# Data


FIRST_IDS = {name: 10_000 * place for place, name in enumerate(KINDS, start=1)} | {"contacts": 7_000_000_000}


def serve(account: Account, resource: str, key: str, _url: str) -> Any:
    """A record by id, in Pascal case, with its parent's id, which answers leave out."""
    kind, record = KINDS[resource], account.tables[resource].records[key]
    parent = {kind.parent_key: _id(record["_parent"])} if kind.parent else {}
    return _shown(account, kind, key) | parent


def _id(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def insert(account: Account, resource: str, given: Record) -> str:
    """Stores a record given in Pascal case; children name their parent, else get any."""
    kind = KINDS[resource]
    record = dict(given)
    parent = str(record.pop(kind.parent_key, None) or account.any_of(kind.parent)) if kind.parent else ""
    own = str(record.get(kind.key) or _next_id(account, kind))
    if resource in ("contacts", "national_contacts"):
        record = {"Tags": [], "_touchpoints": []} | record
    if resource == "volunteers":
        record = {"Status": "Active"} | record
    if kind in JOBS:
        record = {"Status": "Completed", "Errors": [], "_polls": 0, "_ends": "Completed"} | record
    return _put(account, kind, parent, own, record)


def invent(account: Account, resource: str) -> Record:
    """A new record, as `insert` takes it."""
    account.state["invented"] = number = account.state.get("invented", 0) + 1
    population = Population(f"{account.key} {time.time_ns()}")
    if resource in ("contacts", "national_contacts", "prospects"):
        return _seed_contact(population, 900_000_000 + number)
    if resource == "volunteers":
        return _seed_volunteer(population, 900_000_000 + number, None)
    sentence = f"{population.pick(population.pool.sentences)} {number}"
    return {name: sentence for name in ("Name", "Title", "Text") if name in KINDS[resource].fields}


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges properties into a record."""
    table = account.tables[resource]
    table.put(key, table.records[key] | values | {"_modified": modified or iso(time.time())})


def delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away."""
    account.tables[resource].delete(key)


def counts(size: int) -> dict[str, int]:
    """How many of each there are around so many contacts."""
    some = 2 + size // 100
    return {
        "contacts": size,
        "national_contacts": size // 2,
        "volunteers": max(2, size // 4),
        "prospects": some,
        "users": 2 + size // 200,
        "events": some,
        "surveys": some,
        "tag_groups": 3,
        "script_templates": 2,
        "caller_ids": 2,
        "voicemail_messages": 1,
        **{kind.name: size // 5 for kind in PLAIN_KINDS if kind.parent},
    }


def seed(account: Account, size: int, number: int) -> None:
    """Fills an account; an empty one has search columns and parameters, and the API's own user.

    Raises:
        ValueError: the option `counts` names an unknown resource.
    """
    asked = account.options["counts"]
    unknown = asked.keys() - counts(0).keys()
    if unknown:
        raise ValueError(f"Nothing to count in {', '.join(sorted(unknown))}: choose from {', '.join(counts(0))}")
    wanted = (counts(size) if size else {}) | asked
    population = Population(number)
    _seed_search_terms(account, population)
    for place in range(max(1, wanted.get("users", 0))):
        user = _seed_user(population, place)
        insert(account, "users", user | {"Position": "Field Staff" if place else "None"})
        if place:
            insert(account, "coordinators", user | {"UserID": account.state["users"]})
    for name, make in (("contacts", _seed_contact), ("national_contacts", _seed_contact), ("prospects", _seed_contact)):
        _load(account, KINDS[name], [make(population, place) for place in range(wanted.get(name, 0))])
    coordinators = [int(key) for key in account.tables["coordinators"].records]
    volunteers = [
        _seed_volunteer(population, place, coordinators[place % len(coordinators)] if coordinators else None)
        for place in range(wanted.get("volunteers", 0))
    ]
    _load(account, VOLUNTEERS, volunteers)
    for kind in PLAIN_KINDS:
        if kind.name in wanted and not account.tables[kind.name].records:
            _load(account, kind, list(_seed_plain(account, population, kind, wanted[kind.name])))


def _load(account: Account, kind: Kind, records: list[Record]) -> None:
    """Stores many records at once."""
    first = FIRST_IDS[kind.name]
    loaded: dict[str, Record] = {}
    for place, record in enumerate(records, start=1):
        own = record.get(kind.key) or first + place
        key = f"{record['_parent']}/{own}" if kind.shared else str(own)
        loaded[key] = {**_blank(kind), **record, kind.key: own, "_modified": ""}
    account.state[kind.name] = first + len(records)
    account.tables[kind.name].load(loaded)


def _seed_search_terms(account: Account, population: Population) -> None:
    columns = [{"Name": name, "Description": words} for name, (_, words) in COLUMNS.items()]
    _load(account, KINDS["search_columns"], columns)
    _load(account, KINDS["search_parameters"], [{"Id": number, "Name": name} for number, name in PARAMETERS.items()])
    values: list[Record] = [{"_parent": "2", "Id": number, "Name": name} for number, name in enumerate(STATES, start=1)]
    values += [{"_parent": "3", "Id": 1, "Name": "i360 Data"}, {"_parent": "3", "Id": 2, "Name": "My Data"}]
    values += [{"_parent": parent, "Id": -1, "Name": "Any"} for parent in ("13", "28")]
    places = [(_state(city), _county(city)) for city in population.pool.cities]
    counties = sorted(
        {(STATES.index(state) + 1, name) for place in places for state, name in (place, ("VA", place[1]))}
    )
    values += [
        {"_parent": "5", "Id": number, "Name": name, "_state": state}
        for number, (state, name) in enumerate(counties, start=1)
    ]
    _load(account, VALUES, values)


def _state(city: City) -> str:
    return city.region if city.region in STATES else "VA"


def _county(city: City) -> str:
    return f"{city.name} County"


def _seed_user(population: Population, place: int) -> Record:
    somebody = population.person(800_000_000 + place)
    name = f"{somebody.given_name}.{somebody.family_name}.{place}".lower()
    return {
        "UserName": name,
        "FirstName": somebody.given_name,
        "LastName": somebody.family_name,
        "Email": f"{name}@campaign.example.org",
        "State": _state(somebody.city),
    }


def _seed_contact(population: Population, place: int) -> Record:
    """Somebody; one in three lives in Virginia."""
    draw = population.random.random
    somebody = population.person(place)
    state = "VA" if place % 3 == 0 else _state(somebody.city)
    born = f"{int(draw() * 12) + 1}/{int(draw() * 28) + 1}/{1935 + int(draw() * 70)}" if draw() < 0.8 else None
    touchpoints = [(200, 204 + int(draw() * 8), f"{int(draw() * 12) + 1}/15/2025")] if draw() < 0.3 else []
    return _blank(CONTACTS) | {
        "Salutation": population.pick(["Mr.", "Ms.", "Dr."]) if draw() < 0.5 else None,
        "FirstName": somebody.given_name.upper(),
        "MiddleName": somebody.family_name[0] if draw() < 0.3 else None,
        "LastName": somebody.family_name.upper(),
        "Email": somebody.email if draw() < 0.7 else None,
        "Phone": somebody.phone[1:],
        "CellNumber": f"{int(draw() * 10**10):010d}" if draw() < 0.4 else None,
        "Address1": somebody.street,
        "City": somebody.city.name,
        "State": state,
        "Zip": f"{place % 99_999:05d}" if place % 10 == 0 else somebody.city.postal_code,
        "CountyName": _county(somebody.city),
        "RegisteredState": state,
        "mAddress_Line1": somebody.street if draw() < 0.2 else None,
        "Employer": somebody.employer if draw() < 0.3 else None,
        "Gender": population.pick(["M", "F"]),
        "DateOfBirth": born,
        "Tags": [{"Key": "Events", "Value": population.pick(population.pool.words)}] if draw() < 0.3 else [],
        "_touchpoints": touchpoints,
    }


def _seed_volunteer(population: Population, place: int, coordinator: int | None) -> Record:
    somebody = population.person(place)
    draw = population.random.random
    return _blank(VOLUNTEERS) | {
        "Email": f"volunteer.{somebody.email}",
        "State": _state(somebody.city),
        "FirstName": somebody.given_name,
        "LastName": somebody.family_name,
        "Status": "Active" if draw() < 0.9 else "Inactive",
        "C_AddrLine1": somebody.street,
        "C_City": somebody.city.name,
        "C_State": _state(somebody.city),
        "C_Zip5": somebody.city.postal_code,
        "C_CountyName": _county(somebody.city),
        "Phone1": somebody.phone[1:],
        "Gender": population.pick(["Male", "Female"]) if draw() < 0.8 else None,
        "CoordinatorID": coordinator,
        "LogID": f"log-{place}",
    }


OWNERS = {
    "ContactID": "contacts",
    "VolunteerID": "volunteers",
    "UserID": "users",
    "CoordinatorID": "coordinators",
    "ScriptTemplateID": "script_templates",
}


def _seed_plain(account: Account, population: Population, kind: Kind, count: int) -> Iterable[Record]:
    """Records whose fields are words, days and other records' ids; children one per parent first."""
    parents = list(account.tables[kind.parent].records) if kind.parent else [""]
    others = {name: list(account.tables[OWNERS[name]].records) for name in (kind.key, *kind.fields) if name in OWNERS}
    pairs: set[tuple[str, str]] = set()
    moments = population.moments(count)
    for place in range(count if parents else 0):
        parent = parents[place % len(parents)]
        record: Record = {"_parent": parent} if kind.parent else {}
        if kind.name == "survey_volunteers":
            record[kind.key] = int(population.pick(others["VolunteerID"]))
        elif kind.shared:
            own = int(population.random.random() * 20)
            record |= {kind.key: FIRST_IDS[kind.name] + own, "Name": population.pool.words[own]}
            if "Category" in kind.fields:
                record["Category"] = "Skills"
        for name in kind.fields:
            if name in others:
                record[name] = int(population.pick(others[name])) if others[name] else None
            record.setdefault(name, _seed_value(population, kind, name, moments[place]))
        if kind.shared and (parent, str(record[kind.key])) in pairs:
            continue
        pairs.add((parent, str(record.get(kind.key))))
        yield record


def _seed_value(population: Population, kind: Kind, name: str, moment: int) -> Any:
    somebody = population.person(moment)
    made: dict[str, Any] = {
        "FirstName": somebody.given_name,
        "LastName": somebody.family_name,
        "Author": f"{somebody.given_name} {somebody.family_name}",
        "Email": somebody.email,
        "PhoneNumber": somebody.phone[1:],
        "AddressLine1": somebody.street,
        "City": somebody.city.name,
        "State": _state(somebody.city),
        "Zip": somebody.city.postal_code,
        "CreatedDate": iso(moment),
        "StartDate": iso(moment),
        "EndDate": iso(moment + 7200),
        "IsPublished": moment % 2 == 0,
        "Value": str(moment % 100),
    }
    chosen = {
        ("events", "Type"): ["Phone Bank", "Walk", "Rally"],
        ("surveys", "Type"): ["Walk Survey", "Call Survey"],
        ("event_attendees", "Status"): ["Attending", "Declined", "Maybe"],
        ("event_assignments", "Role"): ["Host", "Greeter"],
        ("volunteer_history", "Type"): ["Call", "Walk", "Log in"],
    }
    if (kind.name, name) in chosen:
        return population.pick(chosen[kind.name, name])
    return made.get(name, population.pick(population.pool.sentences))


# Routes


def _routes() -> Iterable[tuple[str, str, Callable[[Call], Response]]]:
    """Method, path below the organisation, and handler."""
    yield "GET", "Contacts", _look_up_contact
    yield "POST", "Contacts", _import_contacts
    yield "GET", "Contacts/{id}", partial(_item, CONTACTS)
    yield "GET", "Volunteers", partial(_collection, VOLUNTEERS)
    yield "POST", "Volunteers", _post_volunteer
    yield "GET", "Volunteers/Search", _search_volunteers
    yield "POST", "Volunteers/Search", _search_volunteers
    yield "GET", "Volunteers/{id}", partial(_item, VOLUNTEERS)
    yield "PUT", "Volunteers/{id}", _put_volunteer
    yield "DELETE", "Volunteers/{id}", partial(_delete_item, VOLUNTEERS)
    yield "POST", "Searches", _queue_search
    yield "POST", "Searches/Results", _search_results
    yield "POST", "Searches/Counts", _search_counts
    yield "GET", VALUES.base, _parameter_values
    for kind in JOBS:
        yield "GET", kind.path, partial(_collection, kind)
        yield "GET", f"{kind.path}/{{id}}", partial(_job, kind)
    for kind in PLAIN_KINDS:
        yield "GET", kind.base, partial(_collection, kind)
        yield "GET", f"{kind.base}/{{id}}", partial(_item, kind)
        writes = {"POST": ("", _post), "PUT": ("/{id}", _put_item), "DELETE": ("/{id}", _delete_item)}
        for verb in kind.writes.split():
            yield verb, kind.base + writes[verb][0], partial(writes[verb][1], kind)


VENDOR = Vendor(
    name="i360",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("POST", TOKEN, _token, open=True),
        *(Route(method, f"{API}/Org/{{org}}/{path}", handler) for method, path, handler in _routes()),
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
    check=check,
)
