"""Action Network's schemas against the tables of fields in its documentation (actionnetwork.org/docs/v2), transcribed.

A line is ``field | type | access``: ``C`` settable when creating, ``U`` when updating, ``H`` through a helper, ``R``
read-only; a nested field without access is as its parent is. Fields stand under the vendor's names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from osdi_crm_schemas import schema, streams

if TYPE_CHECKING:
    from collections.abc import Iterator


def table(*parts: str) -> dict[str, tuple[str, str]]:
    """Field → type and access, from lines; a later line corrects an earlier one of the same field."""
    found: dict[str, tuple[str, str]] = {}
    for line in "\n".join(parts).splitlines():
        if line.strip():
            field, kind, *access = (cell.strip() for cell in line.split("|"))
            above = field.rpartition(".")[0].removesuffix("[]")
            found[field] = (kind, access[0] if access else found[above][1])
    return found


READ = """
    identifiers                               | string[]      | R
    created_date                              | date-time     | R
    modified_date                             | date-time     | R
"""
PAGE = """
    identifiers                               | string[]      | CU
    created_date                              | date-time     | R
    modified_date                             | date-time     | R
    origin_system                             | string        | C
    title                                     | string        | CU
    name                                      | string        | CU
    description                               | string        | CU
    browser_url                               | string        | CU
    featured_image_url                        | string        | R
    tag_list                                  | string[]      | CU
    action_network:hidden                     | boolean       | R
    action_network:sponsor                    | object        | R
    action_network:sponsor.title              | string
    action_network:sponsor.url                | string
    action_network:sponsor.browser_url        | string
"""
RECORD = """
    identifiers                               | string[]      | CUH
    created_date                              | date-time     | CH
    modified_date                             | date-time     | R
"""
REFERRER = """
    action_network:referrer_data              | object        | CH
    action_network:referrer_data.source       | string
    action_network:referrer_data.website      | string
    action_network:referrer_data.referrer     | string        | R
    action_network:referrer_data.email_referrer          | string
    action_network:referrer_data.mobile_message_referrer | string
"""

TABLES = {
    "people": table(
        READ,
        """
        identifiers                              | string[]  | UH
        given_name                               | string    | UH
        family_name                              | string    | UH
        email_addresses                          | object[]  | UH
        email_addresses[].primary                | boolean
        email_addresses[].address                | string
        email_addresses[].status                 | string
        phone_numbers                            | object[]  | UH
        phone_numbers[].primary                  | boolean
        phone_numbers[].number                   | string
        phone_numbers[].number_type              | string    | R
        phone_numbers[].status                   | string
        postal_addresses                         | object[]  | UH
        postal_addresses[].primary               | boolean
        postal_addresses[].address_lines         | string[]
        postal_addresses[].locality              | string
        postal_addresses[].region                | string
        postal_addresses[].postal_code           | string
        postal_addresses[].country               | string
        postal_addresses[].language              | string    | R
        postal_addresses[].location              | object    | R
        postal_addresses[].location.latitude     | number
        postal_addresses[].location.longitude    | number
        postal_addresses[].location.accuracy     | string
        languages_spoken                         | string[]  | UH
        custom_fields                            | object    | UH
        origin_system                            | string    | R
        """,
    ),
    "petitions": table(
        PAGE,
        """
        petition_text                            | string    | CU
        target                                   | object[]  | CU
        target[].name                            | string
        total_signatures                         | integer   | R
        """,
    ),
    "signatures": table(RECORD, "comments | string | CUH", REFERRER),
    "forms": table(
        PAGE,
        """
        call_to_action                           | string    | CU
        total_submissions                        | integer   | R
        """,
    ),
    "submissions": table(RECORD, REFERRER),
    "events": table(
        PAGE,
        """
        instructions                             | string    | CU
        start_date                               | string    | CU
        end_date                                 | string    | CU
        status                                   | string    | CU
        transparence                             | string    | R
        visibility                               | string    | CU
        guests_can_invite_others                 | boolean   | CU
        capacity                                 | integer   | CU
        reminders                                | object[]  | R
        reminders[].method                       | string
        reminders[].minutes                      | integer
        total_accepted                           | integer   | R
        location                                 | object    | CU
        location.venue                           | string
        location.address_lines                   | string[]
        location.locality                        | string
        location.region                          | string
        location.postal_code                     | string
        location.country                         | string
        location.language                        | string    | R
        location.location                        | object    | R
        location.location.latitude               | number
        location.location.longitude              | number
        location.location.accuracy               | string
        """,
    ),
    "attendances": table(RECORD, "status | string | CUH", REFERRER),
    "fundraising_pages": table(
        PAGE,
        """
        total_donations                          | integer   | R
        total_amount                             | number or string | R
        currency                                 | string    | R
        """,
    ),
    "donations": table(
        RECORD,
        """
        identifiers                              | string[]  | CH
        currency                                 | string    | CH
        amount                                   | string    | R
        recipients                               | object[]  | CH
        recipients[].display_name                | string
        recipients[].amount                      | string
        payment                                  | object    | R
        payment.method                           | string
        payment.reference_number                 | string
        payment.authorization_stored             | boolean
        action_network:recurrence                | object    | CH
        action_network:recurrence.recurring      | boolean
        action_network:recurrence.period         | string
        """,
        REFERRER,
    ),
    "advocacy_campaigns": table(
        PAGE,
        """
        targets                                  | string    | CU
        type                                     | string    | C
        total_outreaches                         | integer   | R
        """,
    ),
    "outreaches": table(
        RECORD,
        """
        type                                     | string    | R
        subject                                  | string    | CUH
        message                                  | string    | CUH
        duration                                 | integer   | CUH
        targets                                  | object[]  | CUH
        targets[].title                          | string
        targets[].given_name                     | string
        targets[].family_name                    | string
        targets[].ocdid                          | string
        """,
        REFERRER,
    ),
    "surveys": table(
        PAGE,
        """
        call_to_action                           | string    | CU
        total_responses                          | integer   | R
        """,
    ),
    "responses": table(RECORD, REFERRER),
    "event_campaigns": table(
        PAGE,
        """
        host_pitch                               | string    | CU
        host_instructions                        | string    | CU
        host_url                                 | string    | R
        total_events                             | integer   | R
        total_rsvps                              | integer   | R
        """,
    ),
    "campaigns": table(
        READ,
        """
        origin_system                            | string    | R
        title                                    | string    | R
        name                                     | string    | R
        description                              | string    | R
        browser_url                              | string    | R
        featured_image_url                       | string    | R
        action_network:hidden                    | boolean   | R
        action_network:sponsor                   | object    | R
        action_network:sponsor.title             | string
        action_network:sponsor.browser_url       | string
        actions                                  | object[]  | R
        actions[].title                          | string
        actions[].browser_url                    | string
        """,
    ),
    "tags": table(READ, "identifiers | string[] | C", "name | string | C"),
    "taggings": table(READ, "identifiers | string[] | C", "item_type | string | R"),
    "lists": table(
        READ,
        """
        origin_system                            | string    | R
        name                                     | string    | R
        title                                    | string    | R
        description                              | string    | R
        browser_url                              | string    | R
        """,
    ),
    "list_items": table(READ, "item_type | string | R"),
    "messages": table(
        READ,
        """
        identifiers                              | string[]  | CU
        origin_system                            | string    | C
        name                                     | string    | CU
        subject                                  | string    | CU
        body                                     | string    | CU
        from                                     | string    | CU
        reply_to                                 | string    | CU
        administrative_url                       | string    | R
        total_targeted                           | integer   | R
        status                                   | string    | R
        sent_start_date                          | date-time | R
        scheduled_start_date                     | date-time | R
        type                                     | string    | R
        targets                                  | object[]  | CU
        targets[].href                           | string
        tag_list                                 | string[]  | CU
        statistics                               | object    | R
        statistics.sent                          | integer
        statistics.opened                        | integer
        statistics.clicked                       | integer
        statistics.actions                       | integer
        statistics.unsubscribed                  | integer
        statistics.bounced                       | integer
        statistics.spam_reports                  | integer
        statistics.verified_opened               | integer
        statistics.machine_opened                | integer
        statistics.action_network:donated        | integer
        statistics.action_network:total_amount   | number
        """,
    ),
    "queries": table(
        READ,
        """
        origin_system                            | string    | R
        name                                     | string    | R
        browser_url                              | string    | R
        """,
    ),
    "wrappers": table(
        READ,
        """
        origin_system                            | string    | R
        name                                     | string    | R
        administrative_url                       | string    | R
        header                                   | string    | R
        footer                                   | string    | R
        action_network:suffix                    | string    | R
        wrapper_type                             | string    | R
        default                                  | boolean   | R
        """,
    ),
    "unique_id_lists": table(
        READ,
        """
        identifiers                              | string[]  | CU
        origin_system                            | string    | R
        name                                     | string    | CU
        count                                    | integer   | R
        """,
    ),
    "custom_fields": table(
        """
        created_date                             | date-time | R
        modified_date                            | date-time | R
        notes                                    | string    | R
        numeric_id                               | integer   | R
        """
    ),
    "metadata": table(""),
    "embeds": table(
        """
        embed_standard_default_styles            | string    | R
        embed_standard_layout_only_styles        | string    | R
        embed_standard_no_styles                 | string    | R
        embed_full_default_styles                | string    | R
        embed_full_layout_only_styles            | string    | R
        embed_full_no_styles                     | string    | R
        """
    ),
}

WRITE_ONLY = {
    "people": table("add_tags | string[] | H", "remove_tags | string[] | H"),
    "unique_id_lists": table("unique_ids | string[] | CU"),
}

KEYS = dict.fromkeys(TABLES, ("id",)) | {
    "taggings": ("tag_id", "id"),
    "list_items": ("list_id", "id"),
    "custom_fields": ("name",),
    "metadata": ("name",),
    "embeds": ("action_type", "action_id"),
}

# stream, property, the vendor's own property ("-": none), relation ("-": none), stream referred to, access
FOREIGN_KEYS = """
    petitions          | creator_person_id    | -                                   | osdi:creator           | people             | C
    signatures         | petition_id          | action_network:petition_id          | osdi:petition          | petitions          | C
    signatures         | person_id            | action_network:person_id            | osdi:person            | people             | C
    forms              | creator_person_id    | -                                   | osdi:creator           | people             | C
    submissions        | form_id              | action_network:form_id              | osdi:form              | forms              | C
    submissions        | person_id            | action_network:person_id            | osdi:person            | people             | C
    events             | event_campaign_id    | action_network:event_campaign_id    | action_network:event_campaign | event_campaigns    | C
    events             | organizer_person_id  | -                                   | osdi:organizer         | people             | C
    events             | creator_person_id    | -                                   | osdi:creator           | people             | C
    attendances        | event_id             | action_network:event_id             | osdi:event             | events             | C
    attendances        | person_id            | action_network:person_id            | osdi:person            | people             | C
    fundraising_pages  | creator_person_id    | -                                   | osdi:creator           | people             | C
    donations          | fundraising_page_id  | action_network:fundraising_page_id  | osdi:fundraising_page  | fundraising_pages  | C
    donations          | person_id            | action_network:person_id            | osdi:person            | people             | C
    advocacy_campaigns | creator_person_id    | -                                   | osdi:creator           | people             | C
    outreaches         | advocacy_campaign_id | action_network:advocacy_campaign_id | osdi:advocacy_campaign | advocacy_campaigns | C
    outreaches         | person_id            | action_network:person_id            | osdi:person            | people             | C
    surveys            | creator_person_id    | -                                   | osdi:creator           | people             | C
    responses          | survey_id            | action_network:survey_id            | action_network:survey  | surveys            | C
    responses          | person_id            | action_network:person_id            | osdi:person            | people             | C
    event_campaigns    | creator_person_id    | -                                   | osdi:creator           | people             | C
    taggings           | tag_id               | -                                   | osdi:tag               | tags               | C
    taggings           | person_id            | -                                   | osdi:person            | people             | C
    list_items         | list_id              | action_network:list_id              | osdi:list              | lists              | R
    list_items         | person_id            | action_network:person_id            | osdi:person            | people             | R
    messages           | wrapper_id           | -                                   | osdi:wrapper           | wrappers           | C
    messages           | list_id              | -                                   | osdi:recipients        | lists              | R
    messages           | creator_person_id    | -                                   | osdi:creator           | people             | C
"""  # noqa: E501

# what the documentation leaves open
UNCONFIRMED = {
    "people": {"identifiers", "email_addresses", "custom_fields", "origin_system"},
    "petitions": {"origin_system"},
    "forms": {"origin_system"},
    "events": {
        *("origin_system", "status", "transparence", "visibility", "guests_can_invite_others", "capacity", "reminders"),
        "event_campaign_id",
    },
    "fundraising_pages": {"origin_system", "currency"},
    "advocacy_campaigns": {"origin_system"},
    "outreaches": {"duration"},
    "surveys": {"origin_system"},
    "event_campaigns": {"origin_system"},
    "taggings": {"id"},
    "messages": {"statistics.machine_opened"},
    "unique_id_lists": {"unique_ids"},
}

every_stream = pytest.mark.parametrize("stream", TABLES)


def access(node: dict[str, Any]) -> str:
    return "".join(operation[0].upper() for operation in node.get("x-write", ())) or "R"


def kind(node: dict[str, Any]) -> str:
    if "format" in node:
        return str(node["format"])
    name = " or ".join(sorted({*node["type"]} - {"null"}))
    return f"{kind(node['items'])}[]" if name == "array" else name


def fields(stream: str) -> dict[str, dict[str, Any]]:
    """The schema's properties but for keys, foreign keys and what the loader adds."""
    found = schema("action_network", stream)["properties"]
    others = {*KEYS[stream], *(row["property"] for row in foreign_keys(stream)), "additional_fields"}
    return {name: node for name, node in found.items() if name not in others}


def rows(properties: dict[str, dict[str, Any]], above: str = "", allowed: str = "") -> Iterator[tuple[str, str, str]]:
    for name, node in properties.items():
        field = above + node.get("x-vendor-name", name)
        its_access = "R" if node.get("readOnly") else allowed or access(node)
        yield field, kind(node), its_access
        if "items" in node:
            yield from rows(node["items"].get("properties", {}), f"{field}[].", its_access)
        yield from rows(node.get("properties", {}), f"{field}.", its_access)


def foreign_keys(stream: str) -> list[dict[str, str]]:
    columns = ("stream", "property", "vendor_name", "link", "refers_to", "access")
    lines = [dict(zip(columns, (cell.strip() for cell in line.split("|")), strict=True)) for line in _lines()]
    return [row for row in lines if row["stream"] == stream]


def _lines() -> list[str]:
    return [line for line in FOREIGN_KEYS.splitlines() if line.strip()]


def test_there_is_a_schema_for_every_resource() -> None:
    assert set(streams("action_network")) == set(TABLES)


@every_stream
def test_the_documented_fields_are_there_in_the_vendors_order(stream: str) -> None:
    found = {name: node for name, node in fields(stream).items() if "x-write-only" not in node}
    expected = [(field, *cells) for field, cells in TABLES[stream].items()]
    assert list(rows(found)) == expected


@every_stream
def test_what_is_only_written_is_marked(stream: str) -> None:
    found = {name: node for name, node in fields(stream).items() if "x-write-only" in node}
    assert list(rows(found)) == [(field, *cells) for field, cells in WRITE_ONLY.get(stream, {}).items()]


@every_stream
def test_keys_come_first_and_then_foreign_keys(stream: str) -> None:
    found = schema("action_network", stream)["properties"]
    assert tuple(name for name, node in found.items() if node["type"] == "string") == KEYS[stream]
    others = [row["property"] for row in foreign_keys(stream) if row["property"] not in KEYS[stream]]
    assert list(found)[: len(KEYS[stream]) + len(others)] == [*KEYS[stream], *others]


@every_stream
def test_foreign_keys_are_as_documented(stream: str) -> None:
    found = schema("action_network", stream)["properties"]
    for row in foreign_keys(stream):
        node = found[row["property"]]
        assert (
            set(node["type"]) - {"null"} == {"string"} if isinstance(node["type"], list) else node["type"] == "string"
        )
        assert node.get("x-vendor-name", "-") == row["vendor_name"]
        assert node.get("x-link", "-") == row["link"]
        assert node["x-refers-to"] == row["refers_to"]
        assert access(node) == row["access"]
    referring = [name for name, node in found.items() if {"x-link", "x-refers-to"} & set(node)]
    assert referring == [row["property"] for row in foreign_keys(stream)]


@every_stream
def test_the_vendors_prefix_is_made_safe(stream: str) -> None:
    for name, node in schema("action_network", stream)["properties"].items():
        vendor_name = node.get("x-vendor-name", name)
        prefix, _, rest = vendor_name.rpartition(":")
        assert prefix in {"", "action_network"}
        assert name == (rest if rest.endswith("_id") or not prefix else f"action_network_{rest}")


@every_stream
def test_what_the_documentation_leaves_open_is_marked(stream: str) -> None:
    found = schema("action_network", stream)
    assert "x-unconfirmed" not in found, "the resource itself is documented"
    marked = {name for name, node in found["properties"].items() if "x-unconfirmed" in node}
    for name, node in found["properties"].items():
        marked |= {f"{name}.{key}" for key, child in node.get("properties", {}).items() if "x-unconfirmed" in child}
    assert marked == UNCONFIRMED.get(stream, set())


@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_event_times_are_local_and_say_so(name: str) -> None:
    node = schema("action_network", "events")["properties"][name]
    assert node["type"] == ["null", "string"]
    assert "format" not in node
    assert "local wall-clock" in node["description"]


def test_custom_fields_are_open() -> None:
    node = schema("action_network", "people")["properties"]["custom_fields"]
    assert node["additionalProperties"] is True
    assert "properties" not in node
