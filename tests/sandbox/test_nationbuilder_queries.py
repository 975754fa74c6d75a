"""Reading NationBuilder in the sandbox: pages, filters, sort, fields, includes, links and times.

After support.nationbuilder.com, articles 9757369, 9899245 and 9917278.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = json.loads((Path(__file__).parent / "documents" / "nationbuilder.json").read_text(encoding="utf-8"))["cases"]

HERE = "/nationbuilder/api/v2"


@pytest.fixture(scope="module")
def nation(make: Callable[..., Any]) -> Any:
    """Nobody writes to it."""
    return make(size=150)


@pytest.fixture
def fresh(make: Callable[..., Any]) -> Any:
    return make()


# Pages


def test_a_page_has_20_records_unless_asked_and_100_at_most(nation: Any) -> None:
    assert len(nation.ids("signups")) == 20
    assert len(nation.ids("signups", **{"page[size]": 100})) == 100


def test_next_is_there_even_after_the_last_page(nation: Any) -> None:
    for number in (2, 3, 50):
        page = nation.get("signups", **{"page[number]": number, "page[size]": 100, "sort": "id"})
        assert len(page["data"]) == (50 if number == 2 else 0)
        assert page["links"] == {
            "self": f"{HERE}/signups?sort=id&page[number]={number}&page[size]=100",
            "prev": f"{HERE}/signups?sort=id&page[number]={number - 1}&page[size]=100",
            "next": f"{HERE}/signups?sort=id&page[number]={number + 1}&page[size]=100",
        }
        assert page["meta"] == {}
    assert "prev" not in nation.get("signups")["links"]


def test_next_can_be_followed_to_the_end(nation: Any) -> None:
    params = {
        "filter[email][suffix]": "@example.org",
        "sort": "-created_at,id",
        "page[size]": 40,
        "fields[signups]": "",
    }
    page, seen = nation.get("signups", **params), []
    while page["data"]:
        seen += [row["id"] for row in page["data"]]
        page = nation.get(page["links"]["next"])
    assert len(seen) == len(set(seen)) == 150


def test_links_may_be_absolute(fresh: Any) -> None:
    fresh.account.set(links="absolute")
    page = fresh.get("signups")
    assert page["links"]["next"] == f"{fresh.url}/signups?page[number]=2&page[size]=20"
    related = page["data"][0]["relationships"]["memberships"]["links"]["related"]
    assert related == f"{fresh.url}/memberships?filter[signup_id]=1"


def test_a_total_comes_when_asked_for_and_respects_filters(nation: Any) -> None:
    asked = {"stats[total]": "count", "page[size]": 1}
    assert nation.get("signups", **asked)["meta"] == {"stats": {"total": {"count": 150}}}
    assert nation.get("signups", **asked, **{"filter[id][lte]": 7})["meta"]["stats"]["total"]["count"] == 7


def test_single_records_have_links_too(nation: Any) -> None:
    answer = nation.get("signups/3")
    assert answer["links"] == {
        "self": f"{HERE}/signups/3",
        "next": f"{HERE}/signups/3?page[number]=2&page[size]=20",
    }
    assert answer["meta"] == {}
    assert answer["data"]["id"] == "3"


def test_resources_may_ignore_page_parameters(fresh: Any) -> None:
    fresh.insert("imports", *({"file_name": f"{number}.csv"} for number in range(30)))
    assert len(fresh.ids("imports", **{"page[number]": 2})) == 10
    fresh.account.set(single_page=["imports"])
    first, second = fresh.ids("imports"), fresh.ids("imports", **{"page[number]": 2})
    assert first == second
    assert len(first) == 30


def test_heavy_pages_may_fail(fresh: Any) -> None:
    fresh.account.set(heavy_page=50)
    assert fresh.get("signups", 502, **{"page[size]": 51}) == {"code": "bad_gateway", "message": "Bad gateway"}
    fresh.get("signups", **{"page[size]": 50})


# What there is


def test_me_is_the_owner_of_the_token(fresh: Any) -> None:
    me = fresh.get("signups/me", **{"fields[signups]": "is_cpu"})["data"]
    assert me == {"id": "1", "type": "signups", "attributes": {"is_cpu": True}, "relationships": {}}


def test_a_new_nation_has_its_owner_a_site_and_a_broadcaster(fresh: Any) -> None:
    resources = fresh.account.counters()["resources"]
    visible = {name: count for name, count in resources.items() if count and name not in ("tokens", "payment_types")}
    assert visible == {"signups": 1, "sites": 1, "broadcasters": 1}
    assert fresh.get("signups/1")["data"]["attributes"]["custom_values"] is None


# Filters


@pytest.fixture(scope="module")
def codes(make: Callable[..., Any]) -> Any:
    nation = make()
    listed = ("Alpha", "alpha", "Alphabet", "the alpha", "Beta, Gamma", "Beta", None)
    rows = ({"name": name, "slug": f"s{place}"} for place, name in enumerate(listed))
    nation.insert("donation_tracking_codes", *rows)
    return nation


@pytest.mark.parametrize(("operator", "value", "expected"), CASES["string filters"])
def test_filters_of_strings(codes: Any, operator: str, value: str, expected: list[str | None]) -> None:
    assert codes.names("donation_tracking_codes", **{f"filter[name]{operator}": value}) == set(expected)


@pytest.mark.parametrize(("operator", "value", "expected"), CASES["number filters"])
def test_filters_of_numbers_times_and_dates(fresh: Any, operator: str, value: str, expected: list[str]) -> None:
    times = {"100": "2024-03-01T00:00:00Z", "200": "2024-03-02T00:00:00Z", "300": "2024-03-03T00:00:00Z"}
    for number, amount in enumerate(("100", "200", "300", None), 1):
        moment = times.get(amount or "")
        fresh.insert(
            "elections",
            {
                "donation_maximum_in_cents": int(amount) if amount else None,
                "donation_maximum": f"{amount}.50" if amount else None,
                "election_at": moment and moment[:10],
            },
        )
        fresh.insert("donations", {"succeeded_at": moment, "check_number": str(number)})
    values = value.split(",")
    dates = ",".join(times.get(one, one)[:10] for one in values)
    offsets = ",".join(times.get(one, one).replace("T00:00:00Z", "T02:00:00.900+02:00") for one in values)
    decimals = ",".join(f"{one}.50" if one in times else one for one in values)
    for kind, name, text in (
        ("elections", "donation_maximum_in_cents", value),
        ("elections", "donation_maximum", decimals),
        ("elections", "election_at", dates),
        ("donations", "succeeded_at", offsets),
    ):
        found = fresh.ids(kind, **{f"filter[{name}]{operator}": text, "sort": name})
        assert sorted(found) == expected, name


def test_filters_of_ids_booleans_and_enumerations(nation: Any) -> None:
    assert nation.ids("signups", **{"filter[id]": "5,3,9999", "sort": "id"}) == ["3", "5"]
    everyone = nation.get("signups", **{"page[size]": 100, "sort": "id", "fields[signups]": "email_opt_in"})["data"]
    willing = [row["id"] for row in everyone if row["attributes"]["email_opt_in"]]
    asked = {"filter[email_opt_in]": "true", "filter[id][lte]": "100", "page[size]": 100, "sort": "id"}
    assert nation.ids("signups", **asked) == willing
    statuses = {
        row["attributes"]["status"]
        for row in nation.get("donations", **{"filter[status]": "failed,pending", "page[size]": 100})["data"]
    }
    assert statuses == {"failed", "pending"}
    assert nation.ids("donations", **{"filter[status][not_eq]": "succeeded,failed,pending,canceled"}) == []


def test_filters_together_are_all_fulfilled(nation: Any) -> None:
    [tagging] = nation.get("signup_taggings", **{"filter[signup_id]": "7", "page[size]": 1})["data"]
    tag = tagging["attributes"]["tag_id"]
    found = nation.get("signup_taggings", **{"filter[signup_id]": "7", "filter[tag_id]": tag})["data"]
    assert [row["id"] for row in found] == [tagging["id"]]
    assert len(nation.ids("signup_taggings", **{"filter[signup_id]": "7"})) == 2


def test_filters_of_custom_values(fresh: Any) -> None:
    fields = (("chapter", "text"), ("bugs", "number"), ("key", "checkbox"))
    fresh.insert("custom_fields", *({"slug": s, "field_type": t, "resource_type": "Signup"} for s, t in fields))
    fresh.insert(
        "signups",
        {"first_name": "A", "custom_values": {"chapter": "North", "bugs": 1.0, "key": True}},
        {"first_name": "B", "custom_values": {"chapter": "South", "bugs": 2.0}},
        {"first_name": "C"},
    )

    def asked(*values: dict[str, Any]) -> Any:
        text = ",".join(json.dumps(value) for value in values)
        return fresh.ids("signups", **{"filter[custom_values][eq]": text, "sort": "id"})

    assert asked({"chapter": "north"}) == ["2"]
    assert asked({"chapter": "North"}, {"bugs": 2}) == ["2", "3"]
    assert asked({"chapter": "North", "bugs": 2}) == []
    assert asked({"key": True}) == ["2"]
    values = [row["attributes"]["custom_values"] for row in fresh.get("signups", sort="id")["data"]]
    nothing = {"chapter": None, "bugs": None, "key": None}
    north = {"chapter": "North", "bugs": 1.0, "key": True}
    assert values == [nothing, north, {**nothing, "chapter": "South", "bugs": 2.0}, nothing]
    assert '"bugs":1.0' in fresh.send("GET", "signups/2").text
    fresh.account.set(custom_numbers="text")
    assert fresh.get("signups/2")["data"]["attributes"]["custom_values"]["bugs"] == "1"


def test_filters_that_are_no_attributes(fresh: Any) -> None:
    fresh.insert(
        "signups",
        {"email": "a@one.org", "email3": "third@two.org", "home_address": {"lat": "40.0", "lng": "-74.0"}},
        {"email": "b@one.org", "email1_is_bouncing": True, "work_address": {"lat": "40.1", "lng": "-74.0"}},
    )
    fresh.insert("signup_tags", {"name": "Donor"}, {"name": "Host"})
    fresh.insert("signup_taggings", {"signup_id": "2", "tag_id": "1"}, {"signup_id": "3", "tag_id": "2"})
    for operator, value, expected in (
        *(("", "THIRD@two.org", ["2"]), ("[match]", "one.org", ["2", "3"]), ("[prefix]", "third", ["2"])),
        *(("[suffix]", "two.org", ["2"]), ("[not_match]", "one.org", ["1"]), ("[not_suffix]", "two.org", ["1", "3"])),
        ("[not_prefix]", "a@", ["1", "3"]),
    ):
        found = fresh.ids("signups", **{f"filter[with_email_address]{operator}": value, "sort": "id"})
        assert found == expected, operator
    assert fresh.ids("signups", **{"filter[with_bouncing_email]": "true"}) == ["3"]
    assert fresh.ids("signups", **{"filter[with_bouncing_email]": "false", "sort": "id"}) == ["1", "2"]
    assert fresh.ids("signups", **{"filter[tag_id]": "1"}) == ["2"]
    assert fresh.ids("signups", **{"filter[tag_id]": "1,2", "sort": "id"}) == ["2", "3"]
    assert fresh.ids("signups", **{"filter[tag_id]": "9"}) == []
    assert fresh.ids("signup_tags", **{"filter[signup_id]": "3"}) == ["2"]
    for distance, expected in ((1, ["2"]), (15, ["2", "3"])):
        near = json.dumps({"location": "40.0,-74.0", "distance": distance})
        assert fresh.ids("signups", **{"filter[nearby]": near, "sort": "id"}) == expected


def test_a_signups_page_is_a_filter_without_an_attribute(fresh: Any) -> None:
    page = {"page": {"data": {"type": "pages", "id": "1"}}}
    fresh.insert("pages", {})
    fresh.account.insert("signups", [{"attributes": {"first_name": "Pat"}, "relationships": page}])
    assert fresh.ids("signups", **{"filter[page_id]": "1"}) == ["2"]
    assert "page_id" not in fresh.get("signups/2")["data"]["attributes"]
    related = fresh.get("signups/2")["data"]["relationships"]["page"]["links"]["related"]
    assert fresh.get(related)["data"]["type"] == "pages"


# Sort


def test_sort(fresh: Any) -> None:
    rows = (("b", 2, "2024-01-02"), ("A", 2, "2024-01-01"), ("c", None, "2024-01-03"), ("B", -5, "2024-01-01"))
    fresh.insert(
        "event_ticket_levels",
        *({"event_id": "1", "name": n, "tickets_sold": t, "description": d} for n, t, d in rows),
    )
    for sort, expected in (
        *(("id", "1234"), ("-id", "4321"), ("tickets_sold,id", "3412"), ("-tickets_sold,id", "1243")),
        *(("name,-id", "2413"), ("name,tickets_sold", "2413"), ("-description,-name", "3142")),
    ):
        assert "".join(fresh.ids("event_ticket_levels", sort=sort)) == expected, sort


@pytest.mark.parametrize("sort", ["updated_at", "-updated_at", "updated_at,id", "-updated_at,-id", "created_at,id"])
def test_pages_of_a_sorted_collection_are_whole_and_in_order(nation: Any, sort: str) -> None:
    asked = {"sort": sort, "page[size]": 30, "filter[updated_at][gte]": "2023-01-01T00:00:00Z"}
    rows: list[dict[str, Any]] = []
    for number in range(1, 8):
        rows += nation.get("signups", **asked, **{"page[number]": number})["data"]
    utc = sorted(row["id"] for row in nation.account.records("signups") if row["attributes"]["updated_at"] >= "2023")
    assert sorted(row["id"] for row in rows) == utc
    first = sort.removeprefix("-").split(",")[0]
    keys: list[Any] = [(instant(row["attributes"][first]), int(row["id"])) for row in rows]
    if "," not in sort:
        keys = [key[0] for key in keys]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def instant(text: str) -> float:
    from datetime import datetime  # noqa: PLC0415

    return datetime.fromisoformat(text).timestamp()


def test_every_time_bound_counts_ties(fresh: Any) -> None:
    times = ["2024-05-01T10:00:00Z", "2024-05-01T10:00:01Z", "2024-05-01T10:00:01Z", "2024-05-01T10:00:02Z"]
    fresh.insert("surveys", *({"name": "s", "updated_at": moment} for moment in times))
    for operator, expected in (("gt", 1), ("gte", 3), ("lt", 1), ("lte", 3), ("eq", 2), ("not_eq", 2)):
        for sort in ("updated_at", "updated_at,id", "-updated_at", "id", "name"):
            found = fresh.ids("surveys", **{f"filter[updated_at][{operator}]": times[1], "sort": sort})
            assert len(found) == expected, (operator, sort)


def test_records_of_one_moment_come_in_no_order_of_theirs(fresh: Any) -> None:
    fresh.insert("surveys", *({"name": "s", "updated_at": "2024-05-01T10:00:00Z"} for _ in range(30)))
    by_time = fresh.ids("surveys", sort="updated_at", **{"page[size]": 100})
    assert by_time == fresh.ids("surveys", sort="updated_at", **{"page[size]": 100})
    assert by_time != sorted(by_time, key=int)
    assert fresh.ids("surveys", sort="updated_at,id", **{"page[size]": 100}) == sorted(by_time, key=int)


# Fields and includes


def test_sparse_fields(nation: Any) -> None:
    row = nation.get("signups/5", **{"fields[signups]": "email,updated_at,nonsense,recruiter"})["data"]
    assert row["attributes"].keys() == {"email", "updated_at"}
    assert row["relationships"].keys() == {"recruiter"}
    row = nation.get("signups/5", **{"fields[signups]": "first_name", "extra_fields[signups]": "home_address,nonsense"})
    assert row["data"]["attributes"].keys() == {"first_name", "home_address"}
    answer = nation.get(
        "signup_taggings/1", include="tag", **{"fields[signup_tags]": "name", "fields[signups]": "email"}
    )
    [tag] = answer["included"]
    assert tag["attributes"].keys() == {"name"}
    assert len(answer["data"]["attributes"]) == 3


def test_relationships_without_includes(fresh: Any) -> None:
    fresh.insert("signups", {"first_name": "Pat", "recruiter_id": "1"})
    blocks = fresh.get("signups/2")["data"]["relationships"]
    assert blocks["recruiter"] == {"links": {"related": f"{HERE}/signups/1"}}
    assert blocks["page"] == {"links": {"related": None}}
    assert blocks["memberships"] == {"links": {"related": f"{HERE}/memberships?filter[signup_id]=2"}}
    assert blocks["voter"] == {"links": {"related": f"{HERE}/voters?filter[signup_id]=2"}}
    assert blocks["signup_tags"] == {"meta": {"included": False}}
    assert blocks["signup_nations"] == {"links": {"related": f"{HERE}/signup_nations?filter[signup_id]=2"}}


def test_an_rsvps_person_stands_in_the_link_alone(nation: Any) -> None:
    row = nation.get("event_rsvps/1", include="signup")
    [signup] = row["included"]
    block = row["data"]["relationships"]["signup"]
    assert block["links"]["related"] == f"{HERE}/signups/{signup['id']}"
    assert block["data"] == {"type": "signups", "id": signup["id"]}
    assert "signup_id" not in row["data"]["attributes"]


def test_links_of_answers_can_be_followed(nation: Any) -> None:
    nowhere = ("signup_nations", "payment_types")
    for kind in ("signups", "event_ticket_levels", "broadcasters", "imports", "donations", "path_journeys"):
        for block in nation.get(f"{kind}/1")["data"]["relationships"].values():
            related = block.get("links", {}).get("related")
            if related and not any(name in related for name in nowhere):
                nation.get(related)


def test_includes(nation: Any) -> None:
    answer = nation.get("signups/3", include="signup_profile,voter,taggings,signup_tags,memberships,recruiter")
    blocks = answer["data"]["relationships"]
    included = {(row["type"], row["id"]): row for row in answer["included"]}
    assert len(blocks["taggings"]["data"]) == len(blocks["signup_tags"]["data"]) == 2
    for link in (*blocks["taggings"]["data"], *blocks["signup_tags"]["data"], blocks["voter"]["data"]):
        assert (link["type"], link["id"]) in included
    assert blocks["voter"]["data"]["type"] == "voters"
    assert blocks["signup_profile"]["data"]["type"] == "signup_profiles"
    assert blocks["memberships"]["data"] == [
        link for link in blocks["memberships"]["data"] if link["type"] == "memberships"
    ]
    assert "data" not in blocks["page"]
    assert "data" not in included["signup_tags", blocks["signup_tags"]["data"][0]["id"]]["relationships"]["taggings"]
    for row in answer["included"]:
        assert row.keys() == {"id", "type", "attributes", "relationships"}
    assert "included" not in nation.get("signups/3")
    assert (
        nation.get("surveys/1", include="survey_questions", **{"filter[survey_questions][id]": "0"})["included"] == []
    )


def test_nested_includes(nation: Any) -> None:
    answer = nation.get(
        "signups", include="path_journeys.path.path_steps,path_journeys.current_step", **{"page[size]": 20}
    )
    kinds = {row["type"] for row in answer["included"]}
    assert kinds == {"path_journeys", "paths", "path_steps"}
    [path, *_] = [row for row in answer["included"] if row["type"] == "paths"]
    assert len(path["relationships"]["path_steps"]["data"]) == 4
    [journey, *_] = [row for row in answer["included"] if row["type"] == "path_journeys"]
    assert journey["relationships"]["current_step"]["data"]["type"] == "path_steps"
    keys = [(row["type"], row["id"]) for row in answer["included"]]
    assert len(keys) == len(set(keys))


def test_includes_of_every_name_work(nation: Any) -> None:
    for kind in ("signups", "donations", "event_rsvps", "path_histories", "broadcasters", "survey_question_responses"):
        names = nation.get(f"{kind}/1")["data"]["relationships"].keys() - {"signup_nations"}
        answer = nation.get(kind, include=",".join(names), **{"page[size]": 3})
        for row in answer["data"]:
            assert all("data" in row["relationships"][name] for name in names)


def test_filters_of_included_records_leave_the_others_alone(nation: Any) -> None:
    everything = nation.get("signups", include="taggings", sort="id", **{"page[size]": 10})
    key = everything["data"][0]["relationships"]["taggings"]["data"][0]["id"]
    answer = nation.get(
        "signups", include="taggings", sort="id", **{"page[size]": 10, "filter[signup_taggings][id][eq]": key}
    )
    assert len(answer["data"]) == 10
    assert [row["id"] for row in answer["included"]] == [key]


def test_included_records_have_pages_on_single_records(fresh: Any) -> None:
    fresh.insert("memberships", *({"signup_id": "1", "membership_type_id": "1"} for _ in range(5)))
    asked = {"page[memberships][size]": 2, "page[memberships][number]": 2, "include": "memberships"}
    assert [row["id"] for row in fresh.get("signups/1", **asked)["included"]] == ["3", "4"]


# Times


def test_times_are_told_by_the_nations_clock_with_the_offset_of_the_season(fresh: Any) -> None:
    fresh.insert("surveys", {"updated_at": "2024-01-15T12:00:00Z"}, {"updated_at": "2024-07-15T12:00:00Z"})

    def told() -> list[str]:
        return [row["attributes"]["updated_at"] for row in fresh.get("surveys", sort="id")["data"]]

    assert told() == ["2024-01-15T07:00:00-05:00", "2024-07-15T08:00:00-04:00"]
    fresh.account.set(time_zone="America/Los_Angeles")
    assert told() == ["2024-01-15T04:00:00-08:00", "2024-07-15T05:00:00-07:00"]
    fresh.account.set(time_zone="Europe/London")
    assert told() == ["2024-01-15T12:00:00+00:00", "2024-07-15T13:00:00+01:00"]
    for text in ("2024-07-15T12:00:00Z", "2024-07-15T13:00:00+01:00", "2024-07-15T12:00:00"):
        assert fresh.ids("surveys", **{"filter[updated_at]": text}) == ["2"]


def test_attributes_of_2024(fresh: Any) -> None:
    assert "invoices_count" not in fresh.get("signups/1")["data"]["attributes"]
    fresh.account.set(undocumented=True)
    attributes = fresh.get("signups/1")["data"]["attributes"]
    expected = {
        *("active_customer_expires_at", "active_customer_started_at", "auto_import_id", "first_invoice_at"),
        *("closed_invoices_amount_in_cents", "closed_invoices_count", "last_invoice_at", "invoices_amount_in_cents"),
        *("invoice_payments_amount_in_cents", "invoice_payments_referred_amount_in_cents", "invoices_count"),
        *("outstanding_invoices_amount_in_cents", "outstanding_invoices_count", "overdue_invoices_count"),
        *("mobile_number_normalized", "phone_number_normalized", "support_probability_score"),
        "turnout_probability_score",
    }
    assert expected <= attributes.keys()
    fresh.insert("signup_tags", {"name": "Donor", "colour": "red"})
    assert fresh.get("signup_tags/1")["data"]["attributes"]["colour"] == "red"
