"""The attributes of NationBuilder in the sandbox: examples served as they are, and every attribute written.

After nationbuilder.com/api/v2/docs/v2/released.yaml, transcribed in documents/nationbuilder.json and, attributes with
their access (RW read and written, RO read, WO written, XO read as an extra field), in ../nationbuilder_attributes.csv.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = json.loads((Path(__file__).parent / "documents" / "nationbuilder.json").read_text(encoding="utf-8"))
NOT_NULL, SAMPLES, VALUES, ADDRESS = (DOCUMENT[name] for name in ("not_null", "samples", "values", "address"))
ATTRIBUTES = list(
    csv.DictReader((Path(__file__).parents[1] / "nationbuilder_attributes.csv").read_text("utf-8").splitlines())
)
READ_ONLY = {"custom_fields", "path_histories", "sites", "mailings", "broadcasters", "imports"}
NO_UPDATE = READ_ONLY | {"signup_taggings", "automation_enrollments"}
WRITTEN = [kind for kind in SAMPLES if kind not in NO_UPDATE]


def names(kind: str, *accesses: str) -> dict[str, str]:
    """The attributes of these accesses and their types."""
    rows = [row for row in ATTRIBUTES if row["resource"] == kind and row["access"] in accesses]
    decimals = ("value_amount", "default_value_amount")
    return {row["attribute"]: "decimal" if row["attribute"] in decimals else row["type"] for row in rows}


@pytest.fixture(scope="module")
def seeded(make: Callable[..., Any]) -> Any:
    return make(size=120)


@pytest.fixture(scope="module")
def fresh(make: Callable[..., Any]) -> Any:
    return make()


def test_the_tables_are_whole() -> None:
    assert len({row["resource"] for row in ATTRIBUTES}) == 40
    assert len(ATTRIBUTES) == 588
    assert SAMPLES.keys() == DOCUMENT["includes"].keys() == {row["resource"] for row in ATTRIBUTES}


@pytest.mark.parametrize("kind", SAMPLES)
def test_extra_fields_come_when_asked_for(seeded: Any, kind: str) -> None:
    [row] = seeded.get(kind, **{"page[size]": 1})["data"]
    assert row["attributes"].keys() == names(kind, "RW", "RO").keys()


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_vendors_example_is_served_as_it_is(fresh: Any, kind: str) -> None:
    [stored] = fresh.account.insert(kind, [{"id": "4711", "type": kind, "attributes": SAMPLES[kind]}])
    if kind == "sites":
        [served] = fresh.get("sites", **{"filter[id]": "4711"})["data"]
    else:
        served = fresh.get(f"{kind}/4711")["data"]
    assert served["id"] == stored["id"] == "4711"
    assert {name: served["attributes"][name] for name in SAMPLES[kind]} == SAMPLES[kind]
    assert served["attributes"].keys() == names(kind, "RW", "RO").keys()


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_not_writable_is_refused_by_name(seeded: Any, kind: str) -> None:
    for name in [*names(kind, "RO", "XO"), "shoe_size"]:
        words = "is an unknown attribute" if name == "shoe_size" else "cannot be written"
        [error] = seeded.patch(kind, "1", {name: "1"}, 400)["errors"]
        assert error["detail"] == f"data.attributes.{name} {words}"
        assert (error["status"], error["code"], error["title"]) == ("400", "bad_request", "Request Error")
        assert error["source"] == {"pointer": f"/data/attributes/{name}"}


@pytest.mark.parametrize("kind", WRITTEN)
def test_values_of_a_wrong_type_are_refused_by_name(seeded: Any, kind: str) -> None:
    wrong = {"string": 5, "boolean": "yes", "integer": "5", "date-time": "soon", "date": "soon", "decimal": "much"}
    for name, of in names(kind, "RW", "WO").items():
        value = [] if is_id(kind, name) else wrong.get(of, "text")
        [error] = seeded.patch(kind, "1", {name: value}, 400)["errors"]
        assert error["detail"].startswith(f"data.attributes.{name} should be type ")


def is_id(kind: str, name: str) -> bool:
    """Whether it holds the id of another record; of some of those no resource tells more."""
    to = {row["attribute"]: row["refers_to"] for row in ATTRIBUTES if row["resource"] == kind}
    return bool(to[name]) or name in ("payment_type_id", "payout_id", "call_type_id")


OWN_VALUES: dict[str, Any] = {
    "email": None,
    "slug": "a-slug-of-ours",
    "page_type_name": "Basic",
    "payment_type_name": "Cash",
    "primary_email_id": 1,
    "custom_values": None,
    "current_step_id": None,
}


def value_for(kind: str, name: str, of: str) -> Any:
    """A value that may be written."""
    if name in VALUES.get(kind, {}) and name not in OWN_VALUES:
        return VALUES[kind][name][-1]
    if is_id(kind, name):
        return "1"
    if re.fullmatch(r"email\d", name):
        return f"{name}.of.ours@example.org"
    values = {"string": f"a {name}", "integer": 7, "boolean": True, "date-time": "2024-03-20T10:00:00-04:00"}
    return OWN_VALUES.get(name, {**values, "date": "2024-03-20", "decimal": "5.50"}.get(of))


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_written_is_read_back(make: Callable[..., Any], kind: str) -> None:
    nation = make(size=10)
    given = {name: value_for(kind, name, of) for name, of in names(kind, "RW").items() if name != "custom_values"}
    left_out = ("email", "current_step_id", "path_id", "page_type_name", "payment_type_id")
    given = {name: value for name, value in given.items() if name not in left_out}
    if kind == "signups":
        given["parent_id"] = "2"
    nation.patch(kind, "1", given)
    read = nation.read(kind, "1")
    assert {name: read[name] for name in given} == given
    for name, of in names(kind, "RW").items():
        required = name in ("name", "slug", "title", "status", "headline", "start_at", "number", "limit")
        if given.get(name) is None or name in NOT_NULL.get(kind, "").split() or required or is_id(kind, name):
            continue
        if name in ("contact_method", "amount_in_cents", "question_format", "content") or of in ("object", "address"):
            continue
        assert nation.patch(kind, "1", {name: None})["data"]["attributes"][name] is None


@pytest.mark.parametrize("kind", [kind for kind in WRITTEN if names(kind, "WO")])
def test_write_only_attributes_are_taken_and_never_returned(seeded: Any, kind: str) -> None:
    given = {
        name: ADDRESS if name.endswith("_address_attributes") else True if of == "boolean" else "1"
        for name, of in names(kind, "WO").items()
    }
    answer = seeded.patch(kind, "2", given)["data"]["attributes"]
    assert not answer.keys() & given.keys()
    addresses = [name for name in names(kind, "XO") if f"{name}_attributes" in given]
    if addresses:
        read = seeded.read(kind, "2", **{f"extra_fields[{kind}]": ",".join(addresses)})
        for name in addresses:
            assert {key: read[name][key] for key in ADDRESS} == ADDRESS
            assert read[name]["distance"] is None


@pytest.mark.parametrize("kind", DOCUMENT["minimal"])
def test_defaults_are_read_where_nothing_was_written(make: Callable[..., Any], kind: str) -> None:
    nation = make(size=4)
    if kind == "survey_question_responses":
        nation.account.change("survey_questions", ["1"], question_format=None)
    made = nation.post(kind, DOCUMENT["minimal"][kind])["data"]["attributes"]
    readable = names(kind, "RW", "RO")
    expected = {name: value for name, value in DOCUMENT["defaults"].get(kind, {}).items() if name in readable}
    if kind == "signup_tags":
        del expected["name"]
    assert {name: made[name] for name in expected} == expected
    for name in NOT_NULL.get(kind, "").split():
        assert made[name] is not None
