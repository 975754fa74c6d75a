"""What an answer of each vendor says, by the samples and rules of their documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from osdi_crm_client.errors import Garbled
from osdi_crm_client.vendors import action_network, crowdskout, i360, nationbuilder, rally_congress
from osdi_crm_client.wire import Ids, Number, Offset, Position, Probe, Window

MAY = datetime(2026, 5, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)

# Action Network: actionnetwork.org/docs/v2, "Scrolling and pagination", "Forms"

FORMS = {
    "total_pages": 10,
    "per_page": 25,
    "page": 1,
    "total_records": 250,
    "_links": {
        "next": {"href": "https://actionnetwork.org/api/v2/forms?page=2"},
        "self": {"href": "https://actionnetwork.org/api/v2/forms"},
        "osdi:forms": [{"href": "https://actionnetwork.org/api/v2/forms/F1"}],
    },
    "_embedded": {"osdi:forms": [{"identifiers": ["action_network:F1"]}, {"identifiers": ["action_network:F2"]}]},
}
B = "https://actionnetwork.org/api/v2"


def test_a_page_of_action_network() -> None:
    page = action_network.page("forms", FORMS, f"{B}/forms")

    assert [action_network.id_of(row) for row in page.rows] == ["F1", "F2"]
    assert (page.full, page.total, page.link) == (25, 250, f"{B}/forms?page=2")


def test_the_page_after_the_last_of_action_network_is_empty() -> None:
    body = {"per_page": 25, "page": 11, "_links": {"self": {"href": f"{B}/people"}}, "_embedded": {"osdi:people": []}}

    page = action_network.page("people", body, f"{B}/people?page=11")

    assert (page.rows, page.total, page.link) == ([], None, None)


def test_records_of_action_network_stand_in_several_places() -> None:
    one = {"identifiers": ["action_network:A1"]}
    links = {"self": {"href": B}}
    attendances = {"_links": {**links, "osdi:attendance": [{"href": B}]}, "_embedded": {"osdi:attendances": [one]}}
    fields = {"_links": {"self": [{"href": B}]}, "action_network:custom_fields": [{"name": "employer"}]}
    embed = {"embed_full_no_styles": "<script>", "_links": links}

    assert action_network.rows("events/E1/attendances", attendances) == [one]
    assert action_network.rows("metadata/custom_fields", fields) == [{"name": "employer"}]
    assert action_network.rows("petitions/P1/embed", embed) == [embed]


@pytest.mark.parametrize(
    "body",
    [{}, {"error": "no"}, {"_links": {"osdi:forms": [{"href": B}]}}, {**FORMS, "_embedded": {"osdi:tags": [{}]}}],
)
def test_an_answer_of_action_network_without_its_records_is_no_empty_one(body: Any) -> None:
    with pytest.raises(Garbled):
        action_network.rows("forms", body)


def test_a_link_of_action_network_may_be_one_of_many_or_none() -> None:
    record = {
        "_links": {
            "osdi:person": {"href": f"{B}/people/P1/?background_request=true"},
            "osdi:tag": [{"href": f"{B}/tags/T1"}, {"href": f"{B}/tags/T2"}],
            "osdi:list": None,
            "osdi:event": [],
        }
    }

    found = {
        name: action_network.link_id(record, f"osdi:{name}") for name in ("person", "tag", "list", "event", "form")
    }
    assert found == {"person": "P1", "tag": "T1", "list": None, "event": None, "form": None}
    odd_links: list[Any] = [None, [], "a text", {"self": "a text"}, {"self": ["a text"]}]
    for odd in odd_links:
        assert action_network.link_id({"_links": odd}, "self") is None


def test_an_id_of_action_network_stands_anywhere_among_the_identifiers_or_in_the_link() -> None:
    own = {"self": {"href": f"{B}/people/P2"}}

    assert action_network.id_of({"identifiers": ["other:1", "action_network:P1"], "_links": own}) == "P1"
    assert action_network.id_of({"identifiers": [], "_links": own}) == "P2"
    assert action_network.id_of({"identifiers": None}) is None


def test_the_person_of_an_action_stands_under_three_names() -> None:
    link = {"_links": {"osdi:person": {"href": f"{B}/people/P3"}}}

    assert action_network.person_of({"action_network:person_id": "P1", **link}) == "P1"
    assert action_network.person_of({"action:person_id": "P2", **link}) == "P2"
    assert action_network.person_of(link) == "P3"


def test_filters_of_action_network_are_strict() -> None:
    assert action_network.changed(Window(MAY, JUNE)) == (
        "modified_date gt '2026-04-30T23:59:59Z' and modified_date lt '2026-06-01T00:00:00Z'"
    )
    assert action_network.changed(Window()) == ""
    assert action_network.equals("title", "O'Neill") == "title eq 'O''Neill'"


def test_a_page_of_action_network_is_asked_for_with_its_filter() -> None:
    asked = action_network.collection("people", wanted="a eq 'b'").query(Number(3))

    assert asked == {"page": 3, "per_page": 25, "filter": "a eq 'b'"}


# NationBuilder: "API v2 Core Concepts", "Relationships between resources", "API v2: Using parameters"

SIGNUPS = {
    "data": [
        {
            "id": "18",
            "type": "signups",
            "attributes": {"first_name": "Pat", "updated_at": "2026-05-01T00:00:01-04:00"},
            "relationships": {
                "recruiter": {"links": {"related": "/api/v2/signups/1"}},
                "page": {"links": {"related": None}},
                "memberships": {"links": {"related": "/api/v2/memberships?filter[signup_id]=18"}},
                "author": {"data": {"type": "signups", "id": "2"}, "links": {"related": "/api/v2/signups/2"}},
                "voter": {"data": None},
            },
        }
    ],
    "links": {"self": "/api/v2/signups?page[number]=1", "next": "/api/v2/signups?page[number]=2"},
    "meta": {"stats": {"total": {"count": 188000}}},
}


def test_a_page_of_nationbuilder() -> None:
    page = nationbuilder.page(SIGNUPS, "https://n.nationbuilder.com/api/v2/signups?page%5Bsize%5D=50")

    assert (page.full, page.total, len(page.rows)) == (50, 188000, 1)
    assert page.rows[0]["id"] == "18"
    assert page.rows[0]["first_name"] == "Pat"


def test_relationships_of_nationbuilder_lead_to_one_record_or_to_none() -> None:
    [row] = nationbuilder.rows(SIGNUPS)

    found = {name: nationbuilder.link_id(row, name) for name in row["relationships"]}
    assert found == {"recruiter": "1", "page": None, "memberships": None, "author": "2", "voter": None}
    odd_links: list[Any] = [None, [], "a text", {"recruiter": 5}, {"recruiter": {"data": 5, "links": 5}}]
    for odd in odd_links:
        assert nationbuilder.link_id({"relationships": odd}, "recruiter") is None


def test_many_included_records_of_nationbuilder_are_no_key() -> None:
    signatures = {
        "links": {"related": "/api/v2/petition_signatures?filter[signup_id]=18"},
        "data": [{"type": "petition_signatures", "id": "2"}],
    }
    body = {
        "data": {"id": "18", "type": "signups", "attributes": {}, "relationships": {"petition_signatures": signatures}}
    }

    assert nationbuilder.link_id(nationbuilder.record(body), "petition_signatures") is None


def test_positions_of_nationbuilder_are_whole_seconds_and_numbers() -> None:
    [row] = nationbuilder.rows(SIGNUPS)

    assert nationbuilder.position("signups", "updated_at", row) == datetime(2026, 5, 1, 4, 0, 1, tzinfo=UTC)
    assert nationbuilder.position("signups", "id", row) == 18
    with pytest.raises(Garbled, match="a record has no created_at"):
        nationbuilder.position("signups", "created_at", row)


def test_a_sorted_page_of_nationbuilder_begins_where_the_one_before_ended() -> None:
    by_time = nationbuilder.sorted_collection("signups", key="updated_at", window=Window(MAY, JUNE), ids=None)
    until = "2026-06-01T00:00:00Z"

    assert by_time.query(Position(50, datetime(2026, 5, 2, tzinfo=UTC))) == {
        "filter[updated_at][gte]": "2026-05-02T00:00:00Z",
        "filter[updated_at][lt]": until,
        "sort": "updated_at",
        "page[number]": 1,
        "page[size]": 50,
    }
    probe, first = by_time.query(Probe(40)), by_time.query(Probe(0))
    assert (probe["page[number]"], probe["page[size]"], "stats[total]" in probe) == (41, 1, False)
    assert (first["page[number]"], first["stats[total]"]) == (1, "count")
    assert probe["filter[updated_at][gte]"] == "2026-05-01T00:00:00Z"


def test_ids_of_nationbuilder_are_filtered_beside_times() -> None:
    shown = nationbuilder.extra_fields("signups", ["home_address"])
    by_id = nationbuilder.sorted_collection("signups", key="updated_at", window=Window(MAY), ids=Ids(5, 9), shown=shown)

    assert by_id.query(Position(100, 7)) == {
        "filter[updated_at][gte]": "2026-05-01T00:00:00Z",
        "filter[id][gte]": "7",
        "filter[id][lt]": "9",
        "sort": "id",
        "page[number]": 1,
        "page[size]": 100,
        "extra_fields[signups]": "home_address",
    }


def test_a_comma_in_a_value_of_nationbuilder_is_no_second_one() -> None:
    assert nationbuilder.filters({"name": "Doe, Jo", "slug": "jo"}) == {
        "filter[name]": "{{Doe, Jo}}",
        "filter[slug]": "jo",
    }


# Crowdskout: github.com/crowdskout/slate

ATTRIBUTES = {
    "success": True,
    "messages": [],
    "data": {"total": 7, "list": [{"id": 1, "type": "Radio", "name": "Ready to set sail"}, {"id": 3, "type": "Text"}]},
}


def test_a_page_of_attributes_of_crowdskout() -> None:
    collection = crowdskout.attributes()
    page = collection.read(ATTRIBUTES, "https://api.crowdskout.com/v1/attribute")

    assert [crowdskout.id_of(row) for row in page.rows] == ["1", "3"]
    assert page.total == 7
    assert collection.query(Offset(2)) == {"limit": 100, "offset": 2}
    assert collection.paging().following(page, Offset(0)) == Offset(2)


def test_attributes_of_crowdskout_may_stand_elsewhere() -> None:
    collection = crowdskout.attributes("attributes", paging="page", page_parameter="p", records="data")

    page = collection.read({"data": [{"id": 1}]}, "https://api.crowdskout.com/v1/attributes")
    assert (page.rows, page.total) == ([{"id": 1}], None)
    assert collection.query(Number(1)) == {"limit": 100, "p": 1}
    with pytest.raises(Garbled, match="has no list of 'attributes'"):
        collection.read(ATTRIBUTES, "")


def test_a_profile_of_crowdskout_under_the_names_of_its_tables() -> None:
    names = {"id": 1, "FullName": "F Magellan"}
    example = {"id": 1, "Names": [names], "Independent Unsubscribes": [{"id": 2}], "Attributes": [{"AttributeID": 7}]}
    asked = crowdskout.profile("profile/1", ["Names", "Attributes"])

    [row] = asked.read({"data": example}, "").rows
    assert row == {
        "id": 1,
        "Names": [names],
        "IndependentUnsubscribes": [{"id": 2}],
        "Attributes": [{"AttributeId": 7}],
    }
    assert (asked.path, asked.query(None)) == ("profile/1", {"collections": "Attributes,Names"})


def test_options_of_crowdskout_name_their_collection() -> None:
    body = {"data": {"collection": "Genders", "options": [{"id": 1, "value": "Male"}]}}

    assert crowdskout.options("fields/Gender/options", {}).read(body, "").rows == [
        {"id": 1, "value": "Male", "collection": "Genders"}
    ]


# Rally Congress: rallycongress.com/docs/api; where the document is silent, what is assumed

SUPPORTERS = {
    "uri": "/v3/supporters?page=0&pagesize=2",
    "nextpageuri": "/v3/supporters?page=1&pagesize=2",
    "previouspageuri": "",
    "page": 0,
    "pagesize": 2,
    "totalResults": "3",
    "supporters": [{"id": "1001", "firstName": "Pat", "email": "pat@example.org"}],
}
RC = "https://api.rallycongress.net/v3/supporters?page=0&pagesize=2"


@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: {"response": body}], ids=["bare", "wrapped"])
def test_a_page_of_rally_congress(wrap: Any) -> None:
    collection = rally_congress.collection("supporters", name="supporters", query={"updatedSince": "2026-01-31"})
    page = collection.read(wrap(SUPPORTERS), RC)

    assert [rally_congress.id_of(row) for row in page.rows] == ["1001"]
    assert (page.number, page.total, page.link, page.is_last) == (0, 3, "/v3/supporters?page=1&pagesize=2", False)
    assert collection.query(Number(0)) == {"page": 0, "pagesize": 100, "updatedSince": "2026-01-31"}


@pytest.mark.parametrize("link", ["", None])
def test_the_last_page_of_rally_congress_tells_by_its_numbers(link: str | None) -> None:
    collection = rally_congress.collection("supporters", name="supporters")
    page = collection.read({**SUPPORTERS, "page": 1, "nextpageuri": link}, RC)

    assert page.is_last
    assert collection.paging().following(page, Number(1)) is None


@pytest.mark.parametrize(
    "body",
    [
        [{"id": "1"}],
        {"supporters": [{"id": "1"}]},
        {"people": [{"id": "1"}]},
        {"id": "1"},
        {"supporter": {"id": "1"}},
        {"response": [{"id": "1"}]},
    ],
    ids=["a list", "under its name", "the only list", "alone", "alone under its name", "wrapped"],
)
def test_records_of_rally_congress_wherever_they_stand(body: Any) -> None:
    assert rally_congress.rows(body, name="supporters", records="supporters") == [{"id": "1"}]


def test_an_answer_of_rally_congress_without_records_is_no_empty_one() -> None:
    with pytest.raises(Garbled, match="has no list of 'supporters'"):
        rally_congress.rows({"message": "hello"}, name="supporters", records="supporters")
    assert rally_congress.rows({"supporters": []}, name="supporters", records="supporters") == []


@pytest.mark.parametrize("body", [{"id": "1"}, {"response": {"supporter": {"id": "1"}}}, {"supporters": [{"id": "1"}]}])
def test_the_record_that_rally_congress_shows_after_a_write(body: Any) -> None:
    assert rally_congress.record(body, "supporters") == {"id": "1"}
    assert rally_congress.record(None, "supporters") is None


# i360: api.i-360.com; nearly nothing of an answer is documented, and its letter case may differ


@pytest.mark.parametrize(
    "body",
    [
        [{"VolunteerID": 1}],
        {"Results": [{"VolunteerID": 1}], "Id": 98765},
        {"volunteers": [{"VolunteerID": 1}]},
        {"VOLUNTEERID": 1},
        {"id": 1, "Tags": []},
    ],
    ids=["a list", "results of a search", "under its name", "one record", "one record by its id"],
)
def test_records_of_i360_wherever_they_stand(body: Any) -> None:
    [row] = i360.rows(body, name="volunteers", key="VolunteerID")

    assert i360.named(row, "volunteerid") == 1 or row["id"] == 1


def test_an_answer_of_i360_without_records_is_no_empty_one() -> None:
    with pytest.raises(Garbled, match="has no list of 'volunteers'"):
        i360.rows({"Message": "hello"}, name="volunteers", key="VolunteerID")
    assert i360.rows(None, name="volunteers", key="VolunteerID") == []
    assert i360.rows({"Data": {"People": [{"a": 1}]}}, name="volunteers", key="VolunteerID", records="data.people") == [
        {"a": 1}
    ]


def test_a_record_of_i360_under_names_in_any_letter_case() -> None:
    names = {"firstname": "FirstName"}

    row = i360.spelled({"FIRSTNAME": "Jo", "firstName": "Joe", "x": 1}, lambda name: names.get(name.lower(), name))

    assert row == {"FirstName": "Jo", "firstName": "Joe", "x": 1}


def test_what_signs_somebody_in_at_i360_is_not_read() -> None:
    user = {"UserID": 1, "LogID": "x", "Groups": [{"Security Question 1": "pet", "securityHint": "dog", "Name": "n"}]}

    assert i360.harmless(user) == {"UserID": 1, "Groups": [{"Name": "n"}]}
