"""Every body the sandbox serves for Action Network, field by field against the vendor's tables and samples.

The tables are transcribed from actionnetwork.org/docs/v2/<resource>: a path, its kind, and whether every record has it.
`?`: a record may lack it, but some record served here has it. `-`: documented, but by no page that could be confirmed:
it need not be served.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "html": lambda value: isinstance(value, str) and value.startswith("<"),
    "url": lambda value: isinstance(value, str) and re.match(r"https?://\S+$", value) is not None,
    "time": lambda value: (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) is not None
    ),
    "uuid": lambda value: isinstance(value, str) and re.fullmatch(UUID, value) is not None,
    "id": lambda value: isinstance(value, str) and re.fullmatch(r"[\w.-]+:\S+", value) is not None,
    "decimal": lambda value: isinstance(value, str) and re.fullmatch(r"\d+\.\d\d", value) is not None,
    "digits": lambda value: isinstance(value, str) and re.fullmatch(r"\d{11,15}", value) is not None,
    "lower": lambda value: isinstance(value, str) and re.fullmatch(r"[a-z]{3}", value) is not None,
    "country": lambda value: isinstance(value, str) and re.fullmatch(r"[A-Z]{2}", value) is not None,
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}

COMMON = """
    identifiers array
    identifiers[] id
    created_date time
    modified_date time
"""
ACTION = f"""{COMMON}
    origin_system text ?
    title text
    name text ?
    description html ?
    browser_url url ?
    featured_image_url url ?
    tag_list array ?
    tag_list[] text ?
    action_network:hidden bool ?
    action_network:sponsor object ?
    action_network:sponsor.title text ?
"""
SPONSOR_URL = "action_network:sponsor.url url ?"
SPONSOR_BROWSER_URL = "action_network:sponsor.browser_url url ?"
RECORD = f"""{COMMON}
    action_network:person_id uuid
    action_network:referrer_data object ?
    action_network:referrer_data.source text ?
    action_network:referrer_data.website text ?
    action_network:referrer_data.referrer text ?
    action_network:referrer_data.email_referrer text ?
    action_network:referrer_data.mobile_message_referrer text ?
"""
PLACE = """
    {0}.address_lines array ?
    {0}.address_lines[] text ?
    {0}.locality text ?
    {0}.region text ?
    {0}.postal_code text ?
    {0}.country country ?
    {0}.language text ?
    {0}.location object ?
    {0}.location.latitude number ?
    {0}.location.longitude number ?
    {0}.location.accuracy Rooftop|Approximate ?
"""
STATUSES = "subscribed|unsubscribed|bouncing|previous bounce"
TABLES = {
    "people": f"""{COMMON}
        given_name text ?
        family_name text ?
        email_addresses array ?
        email_addresses[] object ?
        email_addresses[].primary bool ?
        email_addresses[].address text ?
        email_addresses[].status {STATUSES}|spam complaint|previous spam complaint ?
        phone_numbers array ?
        phone_numbers[] object ?
        phone_numbers[].primary bool ?
        phone_numbers[].number digits ?
        phone_numbers[].number_type Mobile ?
        phone_numbers[].status {STATUSES} ?
        postal_addresses array ?
        postal_addresses[] object ?
        postal_addresses[].primary bool ?
        {PLACE.format("postal_addresses[]")}
        languages_spoken array ?
        languages_spoken[] en|es|fr|fr-FR|pt-BR ?
        custom_fields object ?
        custom_fields.* text ?
        origin_system text ?
    """,
    "petitions": f"""{ACTION}{SPONSOR_BROWSER_URL}
        petition_text text ?
        target array ?
        target[] object ?
        target[].name text ?
        total_signatures int ?
    """,
    "signatures": f"""{RECORD}
        comments text ?
        action_network:petition_id uuid
    """,
    "forms": f"""{ACTION}{SPONSOR_URL}
        call_to_action text ?
        total_submissions int ?
    """,
    "submissions": f"{RECORD} action_network:form_id uuid",
    "events": f"""{ACTION}{SPONSOR_BROWSER_URL}
        instructions html ?
        start_date time ?
        end_date time ?
        status confirmed|tentative|cancelled|pending_approval
        transparence opaque|transparent ?
        visibility public|private ?
        guests_can_invite_others bool ?
        capacity int ?
        reminders array ?
        reminders[] object ?
        reminders[].method email ?
        reminders[].minutes int ?
        total_accepted int ?
        location object ?
        location.venue text ?
        {PLACE.format("location")}
        action_network:event_campaign_id uuid ?
    """,
    "attendances": f"""{RECORD}
        status declined|tentative|accepted|needs action|attended ?
        action_network:event_id uuid
    """,
    "fundraising_pages": f"""{ACTION}{SPONSOR_URL}
        total_donations int ?
        total_amount number ?
        currency text ?
    """,
    "donations": f"""{RECORD}
        currency lower ?
        amount decimal ?
        recipients array ?
        recipients[] object ?
        recipients[].display_name text ?
        recipients[].amount decimal ?
        payment object ?
        payment.method Credit Card ?
        payment.reference_number uuid ?
        payment.authorization_stored bool ?
        action_network:recurrence object ?
        action_network:recurrence.recurring bool ?
        action_network:recurrence.period text ?
        action_network:fundraising_page_id uuid
    """,
    "advocacy_campaigns": f"""{ACTION}{SPONSOR_URL}
        targets text ?
        type email|phone ?
        total_outreaches int ?
    """,
    "outreaches": f"""{RECORD}
        type email|phone ?
        subject text ?
        message text ?
        duration int ?
        targets array ?
        targets[] object ?
        targets[].title text ?
        targets[].given_name text ?
        targets[].family_name text ?
        targets[].ocdid text ?
        action_network:advocacy_campaign_id uuid
    """,
    "surveys": f"""{ACTION}{SPONSOR_URL}
        call_to_action text ?
        total_responses int ?
    """,
    "responses": f"{RECORD} action_network:survey_id uuid",
    "event_campaigns": f"""{ACTION}{SPONSOR_URL}
        host_pitch text ?
        host_instructions html ?
        host_url url ?
        total_events int ?
        total_rsvps int ?
    """,
    "campaigns": f"""{COMMON}{SPONSOR_BROWSER_URL}
        origin_system text ?
        title text
        name text ?
        description html ?
        browser_url url ?
        featured_image_url url ?
        action_network:hidden bool ?
        action_network:sponsor object ?
        action_network:sponsor.title text ?
        actions array ?
        actions[] object ?
        actions[].title text ?
        actions[].browser_url url ?
    """,
    "tags": f"{COMMON} name text",
    "taggings": f"{COMMON} item_type osdi:person",
    "lists": f"""{COMMON}
        origin_system text ?
        name text ?
        title text ?
        description Email|Report ?
        browser_url url ?
    """,
    "items": f"""{COMMON}
        item_type osdi:person
        action_network:person_id uuid
        action_network:list_id uuid
    """,
    "messages": f"""{COMMON}
        origin_system text ?
        name text ?
        subject text ?
        body html ?
        from text ?
        reply_to text ?
        administrative_url url ?
        total_targeted int ?
        status draft|calculating|scheduled|sending|sending_by_timezone|throttled|sent ?
        sent_start_date time ?
        scheduled_start_date time ?
        type email ?
        targets array ?
        targets[] object ?
        targets[].href url ?
        tag_list array ?
        tag_list[] text ?
        statistics object ?
        statistics.sent int ?
        statistics.opened int ?
        statistics.clicked int ?
        statistics.actions int ?
        statistics.unsubscribed int ?
        statistics.bounced int ?
        statistics.spam_reports int ?
        statistics.verified_opened int ?
        statistics.machine_opened int -
        statistics.action_network:donated int ?
        statistics.action_network:total_amount number ?
    """,
    "queries": f"""{COMMON}
        origin_system text ?
        name text ?
        browser_url url ?
    """,
    "wrappers": f"""{COMMON}
        origin_system text ?
        name text ?
        administrative_url url ?
        header html ?
        footer html ?
        action_network:suffix text ?
        wrapper_type email ?
        default bool ?
    """,
    "unique_id_lists": f"""{COMMON}
        origin_system text ?
        name text ?
        count int ?
    """,
}

# Relations as the pages show them: P stands for the record's own path, {x} for a UUID. `?`: not on every record.
CREATOR = "osdi:creator people/{x} ?"
EMBED = "action_network:embed P/embed ?"
LINKS = {
    "people": """
        osdi:signatures P/signatures
        osdi:attendances P/attendances
        osdi:submissions P/submissions
        osdi:donations P/donations
        osdi:outreaches P/outreaches
        osdi:taggings P/taggings
        action_network:responses P/responses
    """,
    "petitions": f"""
        osdi:signatures P/signatures
        osdi:record_signature_helper P/signatures
        {CREATOR}
        {EMBED}
    """,
    "signatures": "osdi:person people/{x} | osdi:petition petitions/{x}",
    "forms": f"osdi:submissions P/submissions | osdi:record_submission_helper P/submissions | {CREATOR} | {EMBED}",
    "submissions": "osdi:person people/{x} | osdi:form forms/{x}",
    "events": f"""
        osdi:attendances P/attendances
        osdi:record_attendance_helper P/attendances
        osdi:organizer people/{{x}} ?
        {CREATOR}
        {EMBED}
    """,
    "attendances": "osdi:person people/{x} | osdi:event events/{x}",
    "fundraising_pages": f"osdi:donations P/donations | osdi:record_donation_helper P/donations | {CREATOR} | {EMBED}",
    "donations": "osdi:person people/{x} | osdi:fundraising_page fundraising_pages/{x}",
    "advocacy_campaigns": f"""
        osdi:outreaches P/outreaches
        osdi:record_outreach_helper P/outreaches
        {CREATOR}
        {EMBED}
    """,
    "outreaches": "osdi:person people/{x} | osdi:advocacy_campaign advocacy_campaigns/{x}",
    "surveys": f"""
        action_network:responses P/responses
        action_network:record_response_helper P/responses
        {CREATOR}
        {EMBED}
    """,
    "responses": "osdi:person people/{x} | action_network:survey surveys/{x}",
    "event_campaigns": f"osdi:events P/events | {CREATOR} | {EMBED}",
    "campaigns": "",
    "tags": "osdi:taggings P/taggings",
    "taggings": "osdi:tag tags/{x} | osdi:person people/{x}",
    "lists": "osdi:items P/items",
    "items": "osdi:list lists/{x} | osdi:person people/{x}",
    "messages": """
        osdi:wrapper wrappers/{x}
        osdi:recipients lists/{x} ?
        osdi:send_helper P/send
        osdi:schedule_helper P/schedule
    """,
    "queries": "",
    "wrappers": "",
    "unique_id_lists": "",
}
EMBEDDED_KEYS = {
    **{name: f"osdi:{name}" for name in TABLES},
    **{
        name: f"action_network:{name}"
        for name in ("surveys", "responses", "event_campaigns", "campaigns", "unique_id_lists")
    },
}
PARENTS = {
    "signatures": "petitions",
    "attendances": "events",
    "submissions": "forms",
    "outreaches": "advocacy_campaigns",
    "responses": "surveys",
    "taggings": "tags",
    "items": "lists",
}
CREATOR_EMBEDDED = ("petitions", "forms", "fundraising_pages", "advocacy_campaigns", "surveys")


@pytest.fixture(scope="module")
def account(action_network: Callable[..., Any]) -> Any:
    """Enough of everything, and of what only time or people make: a scheduled message."""
    made = action_network(size=400, counts={"fundraising_pages": 6, "advocacy_campaigns": 6, "campaigns": 26})
    drafts = [message for message in made.account.records("messages") if message["status"] == "draft"]
    body = {"scheduled_start_date": "2099-03-14T12:00:00Z"}
    own = drafts[0]["_links"]["self"]["href"].rsplit("/", 1)[1]
    assert made.post(f"/messages/{own}/schedule", body) == {"message": "Your message has been scheduled"}
    return made


def read(account: Any, resource: str) -> list[tuple[str, dict[str, Any]]]:
    """Every record of a resource over the API, with the path of the collection it was read at."""
    if resource not in PARENTS:
        return [(resource, record) for record in account.all(f"/{resource}")]
    parents = [record["identifiers"][0].split(":")[1] for record in account.all(f"/{PARENTS[resource]}")]
    paths = [f"{PARENTS[resource]}/{parent}/{resource}" for parent in parents]
    return [(path, record) for path in paths for record in account.all(f"/{path}")]


def rows(table: str) -> dict[str, tuple[str, str]]:
    """Name → kind and mark of a table."""
    found = {}
    for line in re.split(r"[\n]| \| ", table):
        for entry in re.findall(r"(\S+) (\S+(?: [\w|]+)*)(?: ([?-]))?(?=\s|$)", line.strip()):
            found[entry[0]] = (entry[1], entry[2])
    return found


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and values of a record."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            if path == "custom_fields":
                yield "custom_fields.*", inner
            else:
                yield from flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from flat(inner, f"{path}[]")


def is_a(kind: str, value: Any) -> bool:
    return KINDS[kind](value) if kind in KINDS else value in kind.split("|")


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("_links", "_embedded")}


def test_the_tables_are_read_as_they_stand() -> None:
    assert rows(TABLES["events"])["status"] == ("confirmed|tentative|cancelled|pending_approval", "")
    status = rows(TABLES["people"])["email_addresses[].status"]
    assert status[0].split("|")[2:4] == ["bouncing", "previous bounce"]
    assert status[1] == "?"
    assert rows(LINKS["signatures"]) == {"osdi:person": ("people/{x}", ""), "osdi:petition": ("petitions/{x}", "")}
    assert sum(len(rows(table)) for table in TABLES.values()) > 300


@pytest.mark.parametrize("resource", TABLES)
def test_every_field(account: Any, resource: str) -> None:
    table = rows(TABLES[resource])
    seen: set[str] = set()
    records = read(account, resource)
    assert records
    for _, record in records:
        values = list(flat(plain(record)))
        for path, value in values:
            assert path in table, f"{path} is not documented"
            assert is_a(table[path][0], value), f"{path}: {value!r} is no {table[path][0]}"
        paths = {path for path, _ in values}
        assert {path for path, (_, mark) in table.items() if not mark} <= paths
        seen |= paths
    assert {path for path, (_, mark) in table.items() if mark != "-"} - seen == set()


@pytest.mark.parametrize("resource", TABLES)
def test_every_link(account: Any, resource: str) -> None:
    table = rows(LINKS[resource])
    seen: set[str] = set()
    for collection, record in read(account, resource):
        links = dict(record["_links"])
        own = links.pop("self")["href"]
        assert re.fullmatch(f"{re.escape(account.url)}/{collection}/{UUID}", own)
        assert own.rsplit("/", 1)[1] in {name.split(":")[1] for name in record["identifiers"]}
        for relation, link in links.items():
            assert relation in table, f"{relation} is not documented"
            target = re.escape(f"{account.url}/{table[relation][0].replace('P', own[len(account.url) + 1 :])}")
            assert re.fullmatch(target.replace(re.escape("{x}"), UUID), link["href"]), relation
        assert {relation for relation, (_, mark) in table.items() if not mark} <= links.keys()
        seen |= links.keys()
    assert table.keys() - seen == set()


@pytest.mark.parametrize("resource", TABLES)
def test_what_is_embedded(account: Any, resource: str) -> None:
    people = rows(TABLES["people"])
    creators = 0
    for _, record in read(account, resource):
        if "_embedded" in record:
            assert list(record["_embedded"]) == ["osdi:creator"]
            creator = record["_embedded"]["osdi:creator"]
            assert creator["_links"]["self"] == record["_links"]["osdi:creator"]
            assert {path for path, _ in flat(plain(creator))} <= people.keys()
            creators += 1
    assert (creators > 0) == (resource in CREATOR_EMBEDDED)


@pytest.mark.parametrize("resource", TABLES)
def test_an_item_is_what_its_collection_showed(account: Any, resource: str) -> None:
    for _, record in read(account, resource)[:3]:
        assert account.get(record["_links"]["self"]["href"].removeprefix(account.url)) == record


@pytest.mark.parametrize("resource", TABLES)
def test_the_envelope(account: Any, resource: str) -> None:
    path = read(account, resource)[0][0]
    pages = account.pages(f"/{path}")
    totals = set() if resource in ("people", "items") else {"total_pages", "total_records"}
    link_array = "osdi:attendance" if resource == "attendances" else EMBEDDED_KEYS[resource]
    for number, page in enumerate(pages, 1):
        last = number == len(pages)
        assert page.keys() == {"per_page", "page", "_links", "_embedded"} | totals
        assert (page["per_page"], page["page"]) == (25, number)
        assert list(page["_embedded"]) == [EMBEDDED_KEYS[resource]]
        items = account.items(page)
        assert page["_links"][link_array] == [item["_links"]["self"] for item in items]
        assert page["_links"]["self"]["href"] == f"{account.url}/{path}?page={number}"
        assert ("next" in page["_links"]) == (not last) == bool(items)
        if not last:
            assert page["_links"]["next"]["href"] == f"{account.url}/{path}?page={number + 1}"
        curies = page["_links"]["curies"][0]
        assert curies == {"name": "osdi", "href": "https://actionnetwork.org/docs/v2/{rel}", "templated": True}
        if totals:
            assert page["total_records"] == sum(len(account.items(other)) for other in pages)
            assert page["total_pages"] == len(pages) - 1


def test_the_entry_point(account: Any) -> None:
    entry = account.get("/")
    links = entry.pop("_links")
    assert entry.pop("motd")
    assert entry == {
        "vendor_name": "Action Network",
        "product_name": "Action Network",
        "osdi_version": "1.1.1",
        "namespace": "action_network",
        "max_page_size": 25,
    }
    for relation in (
        *("osdi:people", "osdi:events", "osdi:petitions", "osdi:fundraising_pages", "osdi:donations", "osdi:forms"),
        *("osdi:advocacy_campaigns", "action_network:event_campaigns", "action_network:campaigns", "osdi:tags"),
        "osdi:lists",
    ):
        link = links[relation]
        assert link.keys() == {"href", "title"}
        assert link["href"] == f"{account.url}/{relation.split(':')[1]}"
        assert account.get(link["href"].removeprefix(account.url))["page"] == 1
    assert links["osdi:person_signup_helper"]["href"] == f"{account.url}/people"
    assert {"docs", "self", "curies", "canvasser:brand_logo"} <= links.keys()


def test_metadata_and_custom_fields(account: Any) -> None:
    url = account.url
    fields_url = f"{url}/metadata/custom_fields"
    links = {"self": {"href": f"{url}/metadata"}, "action_network:custom_fields": {"href": fields_url}}
    assert account.get("/metadata") == {"name": "Action Network", "_links": links}
    envelope = account.get("/metadata/custom_fields")
    fields = envelope.pop("action_network:custom_fields")
    assert envelope.pop("description")
    assert envelope == {
        "origin_system": "Action Network",
        "name": "Custom Fields",
        "_links": {"self": [{"href": fields_url}]},
    }
    for field in fields:
        assert list(field) == ["name", "created_date", "modified_date", "notes", "numeric_id"]
        assert is_a("time", field["created_date"])
        assert field["notes"] is None or is_a("text", field["notes"])
        assert is_a("int", field["numeric_id"])
    known = {field["name"] for field in fields}
    assert {name for person in account.all("/people") for name in person.get("custom_fields", {})} <= known


@pytest.mark.parametrize(
    "resource",
    [*CREATOR_EMBEDDED, "events", "event_campaigns"],
)
def test_embeds_exist_where_the_action_was_made_in_the_ui(account: Any, resource: str) -> None:
    made_by_ui = [action for action in account.all(f"/{resource}") if "action_network:embed" in action["_links"]]
    made_by_api = [action for action in account.all(f"/{resource}") if action not in made_by_ui]
    assert {action["origin_system"] for action in made_by_ui} == {"Action Network"}
    path = made_by_ui[0]["_links"]["action_network:embed"]["href"].removeprefix(account.url)
    embed = account.get(path)
    assert embed.pop("_links") == {"self": {"href": f"{account.url}{path}"}}
    sizes, styles = ("standard", "full"), ("default_styles", "layout_only_styles", "no_styles")
    assert embed.keys() == {f"embed_{size}_{style}" for size in sizes for style in styles}
    assert all("<script" in html for html in embed.values())
    for action in made_by_api:
        response = account.call("GET", action["_links"]["self"]["href"] + "/embed")
        assert response.status_code == 404


# The samples of the vendor's pages, values replaced. B is the base URL, capitals are UUIDs.
SAMPLES: dict[str, dict[str, Any]] = {
    "people": {
        "identifiers": ["action_network:P1", "foreign_system:1"],
        "given_name": "Jo",
        "family_name": "Doe",
        "created_date": "2024-03-20T21:04:31Z",
        "modified_date": "2024-05-02T09:00:00Z",
        "email_addresses": [{"primary": True, "address": "jo@example.org", "status": "subscribed"}],
        "phone_numbers": [
            {"primary": True, "number": "12025550100", "number_type": "Mobile", "status": "unsubscribed"}
        ],
        "postal_addresses": [
            {
                "primary": True,
                "address_lines": ["1 Main St"],
                "locality": "Washington",
                "region": "DC",
                "postal_code": "20009",
                "country": "US",
                "language": "en",
                "location": {"latitude": 38.919, "longitude": -77.038, "accuracy": "Approximate"},
            }
        ],
        "languages_spoken": ["en"],
        "custom_fields": {"I am a parent": "1", "employer": "ACME"},
    },
    "petitions": {
        "identifiers": ["action_network:PE1"],
        "origin_system": "Action Network",
        "created_date": "2024-03-24T18:03:45Z",
        "modified_date": "2024-03-25T15:00:22Z",
        "title": "Stop it",
        "description": "<p>…</p>",
        "petition_text": "Please stop",
        "browser_url": "https://actionnetwork.org/petitions/stop-it",
        "featured_image_url": "https://actionnetwork.org/images/stop.jpg",
        "total_signatures": 2354,
        "target": [{"name": "The Mayor"}],
        "action_network:hidden": False,
    },
    "signatures": {
        "identifiers": ["action_network:S1"],
        "created_date": "2024-03-26T16:07:10Z",
        "modified_date": "2024-03-26T16:07:10Z",
        "comments": "Stop doing the thing",
        "action_network:person_id": "P1",
        "action_network:petition_id": "PE1",
    },
    "events": {
        "identifiers": ["action_network:E1", "free_events:1"],
        "origin_system": "FreeEvents.com",
        "status": "confirmed",
        "created_date": "2024-03-18T22:17:36Z",
        "modified_date": "2024-03-19T14:07:41Z",
        "title": "House party",
        "instructions": "<p>Bring a friend</p>",
        "start_date": "2024-04-22T17:45:00Z",
        "end_date": "2024-04-22T19:45:00Z",
        "transparence": "opaque",
        "visibility": "public",
        "guests_can_invite_others": True,
        "capacity": 10,
        "reminders": [{"method": "email", "minutes": 1440}],
        "total_accepted": 5,
        "action_network:hidden": False,
        "action_network:sponsor": {"title": "Group A", "browser_url": "https://actionnetwork.org/groups/group-a"},
        "location": {
            "venue": "My house",
            "address_lines": ["1 Main St"],
            "locality": "Washington",
            "region": "DC",
            "postal_code": "20009",
            "country": "US",
            "language": "en",
            "location": {"latitude": 38.9, "longitude": -77.0, "accuracy": "Rooftop"},
        },
    },
    "attendances": {
        "identifiers": ["action_network:A1"],
        "status": "accepted",
        "created_date": "2024-02-18T20:23:42Z",
        "modified_date": "2024-02-18T20:23:42Z",
        "action_network:person_id": "P1",
        "action_network:event_id": "E1",
    },
    "event_campaigns": {
        "identifiers": ["action_network:EC1"],
        "origin_system": "Action Network",
        "title": "House parties",
        "description": "<p>…</p>",
        "host_pitch": "…",
        "host_instructions": "<p>…</p>",
        "browser_url": "https://actionnetwork.org/event_campaigns/house-parties",
        "host_url": "https://actionnetwork.org/events/new?event_campaign_id=84",
        "total_events": 35,
        "total_rsvps": 467,
        "action_network:hidden": False,
        "action_network:sponsor": {"title": "Group A", "url": "https://actionnetwork.org/groups/group-a"},
    },
    "forms": {
        "identifiers": ["action_network:F1"],
        "origin_system": "MyApp",
        "created_date": "2024-03-24T18:03:45Z",
        "modified_date": "2024-03-25T15:00:22Z",
        "title": "Tell your story",
        "call_to_action": "Tell us",
        "total_submissions": 25,
        "action_network:hidden": False,
    },
    "submissions": {
        "identifiers": ["action_network:SU1", "free_forms:1"],
        "created_date": "2024-03-24T17:00:42Z",
        "modified_date": "2024-03-24T17:00:42Z",
        "action_network:person_id": "P1",
        "action_network:form_id": "F1",
        "action_network:referrer_data": {"source": "none", "website": "none"},
    },
    "fundraising_pages": {
        "identifiers": ["action_network:FP1"],
        "origin_system": "Action Network",
        "title": "Year end",
        "description": "<p>…</p>",
        "browser_url": "https://actionnetwork.org/fundraising/year-end",
        "total_donations": 10,
        "total_amount": 900.0,
        "currency": "USD",
        "action_network:hidden": False,
        "action_network:sponsor": {"title": "Group A", "url": "https://actionnetwork.org/groups/group-a"},
    },
    "donations": {
        "identifiers": ["action_network:D1"],
        "created_date": "2024-04-29T14:54:26Z",
        "modified_date": "2024-07-29T21:06:26Z",
        "currency": "usd",
        "amount": "20.01",
        "recipients": [
            {"display_name": "Group A", "amount": "13.34"},
            {"display_name": "Group B", "amount": "6.67"},
        ],
        "payment": {"method": "Credit Card", "reference_number": "D1", "authorization_stored": False},
        "action_network:recurrence": {"recurring": True, "period": "Monthly"},
        "action_network:person_id": "P1",
        "action_network:fundraising_page_id": "FP1",
    },
    "advocacy_campaigns": {
        "identifiers": ["action_network:AC1"],
        "origin_system": "MyApp",
        "title": "Write your senator",
        "targets": "U.S. Senate",
        "type": "email",
        "total_outreaches": 25,
        "action_network:hidden": False,
    },
    "outreaches": {
        "identifiers": ["action_network:O1"],
        "created_date": "2024-03-27T17:40:56Z",
        "modified_date": "2024-03-27T17:41:11Z",
        "type": "email",
        "subject": "Vote no",
        "message": "Please vote no.",
        "targets": [
            {
                "title": "Representative",
                "given_name": "Lee",
                "family_name": "Hoover",
                "ocdid": "ocd-division/country:us/state:ca/sldl:110",
            }
        ],
        "action_network:person_id": "P1",
        "action_network:advocacy_campaign_id": "AC1",
    },
    "surveys": {
        "identifiers": ["action_network:SV1"],
        "origin_system": "Action Network",
        "title": "About you",
        "description": "<p>…</p>",
        "call_to_action": "Let us know",
        "browser_url": "https://actionnetwork.org/surveys/about-you",
        "total_responses": 2354,
        "action_network:hidden": False,
    },
    "responses": {
        "identifiers": ["action_network:R1"],
        "created_date": "2024-03-24T17:00:42Z",
        "modified_date": "2024-03-24T17:00:42Z",
        "action_network:person_id": "P1",
        "action_network:survey_id": "SV1",
    },
    "campaigns": {
        "identifiers": ["action_network:C1"],
        "origin_system": "Action Network",
        "created_date": "2024-03-24T17:00:42Z",
        "modified_date": "2024-03-24T17:00:42Z",
        "title": "Week of action",
        "description": "<p>…</p>",
        "browser_url": "https://actionnetwork.org/campaigns/week",
        "featured_image_url": "https://actionnetwork.org/images/week.jpg",
        "action_network:hidden": False,
        "action_network:sponsor": {"title": "Group A", "browser_url": "https://actionnetwork.org/groups/group-a"},
        "actions": [{"title": "Sign", "browser_url": "https://actionnetwork.org/petitions/sign"}],
    },
    "tags": {
        "identifiers": ["action_network:T1"],
        "name": "Volunteers",
        "created_date": "2024-03-25T17:11:33Z",
        "modified_date": "2024-03-25T17:13:33Z",
    },
    "taggings": {
        "identifiers": ["action_network:TG1"],
        "item_type": "osdi:person",
        "created_date": "2024-03-18T22:24:24Z",
        "modified_date": "2024-03-18T22:24:24Z",
    },
    "lists": {
        "identifiers": ["action_network:L1"],
        "origin_system": "Action Network",
        "created_date": "2024-03-18T22:24:24Z",
        "modified_date": "2024-03-18T22:24:24Z",
        "title": "Petition signers",
        "description": "Report",
        "browser_url": "https://actionnetwork.org/reports/petition-signers/manage",
    },
    "items": {
        "identifiers": ["action_network:P1"],
        "created_date": "2024-03-18T22:24:24Z",
        "modified_date": "2024-03-18T22:24:24Z",
        "item_type": "osdi:person",
        "action_network:person_id": "P1",
        "action_network:list_id": "L1",
    },
    "messages": {
        "identifiers": ["action_network:M1"],
        "origin_system": "Action Network",
        "created_date": "2024-03-24T18:03:45Z",
        "modified_date": "2024-03-25T15:00:22Z",
        "subject": "Stop it",
        "body": "<p>…</p>",
        "from": "Group A",
        "reply_to": "team@example.org",
        "administrative_url": "https://actionnetwork.org/emails/stop-it/manage",
        "total_targeted": 2354,
        "status": "sent",
        "sent_start_date": "2024-03-26T15:00:22Z",
        "type": "email",
        "targets": [{"href": "B/queries/Q1"}],
        "statistics": {
            "sent": 2354,
            "opened": 563,
            "clicked": 472,
            "actions": 380,
            "action_network:donated": 14,
            "action_network:total_amount": 320.5,
            "unsubscribed": 12,
            "bounced": 2,
            "spam_reports": 1,
        },
    },
    "queries": {
        "identifiers": ["action_network:Q1"],
        "origin_system": "Action Network",
        "created_date": "2024-03-24T18:03:45Z",
        "modified_date": "2024-03-25T15:00:22Z",
        "name": "All donors",
        "browser_url": "https://actionnetwork.org/queries/1/edit",
    },
    "wrappers": {
        "identifiers": ["action_network:W1"],
        "origin_system": "Action Network",
        "name": "Logo only",
        "administrative_url": "https://actionnetwork.org/email_templates/1/edit",
        "header": "<table>…",
        "footer": "…</table>",
        "action_network:suffix": " via Group A",
        "wrapper_type": "email",
        "default": True,
        "created_date": "2024-03-24T18:03:45Z",
        "modified_date": "2024-03-25T15:00:22Z",
    },
    "unique_id_lists": {
        "identifiers": ["action_network:U1", "my_system:1"],
        "origin_system": "Action Network",
        "created_date": "2024-03-24T18:03:45Z",
        "modified_date": "2024-03-25T15:00:22Z",
        "name": "Volunteers",
        "count": 25,
    },
}


@pytest.mark.parametrize("resource", SAMPLES)
def test_some_record_has_all_that_the_sample_has(account: Any, resource: str) -> None:
    """The same properties, each of the same JSON type, down to the last one."""
    wanted = {(path, type(value)) for path, value in flat(SAMPLES[resource])}
    wanted = {entry for entry in wanted if not entry[0].startswith("custom_fields.")}
    closest: set[tuple[str, type]] = wanted
    for _, record in read(account, resource):
        served = {(path, type(value)) for path, value in flat(plain(record))}
        closest = min(closest, wanted - served, key=len)
    assert closest == set()


def test_the_samples_are_within_the_tables() -> None:
    """Both were copied by hand from the same pages: they must not contradict each other."""
    for resource, sample in SAMPLES.items():
        table = rows(TABLES[resource])
        for path, value in flat(sample):
            assert path in table, (resource, path)
            kind = table[path][0]
            shown = isinstance(value, str) and (re.fullmatch(r"[A-Z]{1,2}1", value) or value.startswith(("B/", "…")))
            assert shown or is_a(kind, value), (resource, path, value)


def test_error_bodies(account: Any) -> None:
    wrong = account.call("GET", "/people", headers={"OSDI-API-Token": "wrong key"})
    assert (wrong.status_code, wrong.json()) == (403, {"error": "API Key invalid or not present wrong key"})
    missing = account.call("GET", "/people/X")
    assert (missing.status_code, missing.json()) == (404, {"error": "Couldn't find person with id = X"})
    tag = account.call("GET", "/tags/X")
    assert (tag.status_code, tag.json()) == (404, {"error": "Couldn't find tag with id = X"})
    petition = account.get("/petitions")["_embedded"]["osdi:petitions"][0]["_links"]["osdi:signatures"]["href"]
    link = {"_links": {"osdi:person": {"href": f"{account.url}/people/X"}}}
    bad = account.call("POST", petition, json=link)
    assert (bad.status_code, bad.json()) == (400, {"error": "You must specify a valid person id"})
