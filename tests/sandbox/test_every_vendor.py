"""What holds for every vendor: bodies as the documents have them, seeds, and the control API's reach.

documents/<vendor>.json is transcribed from the vendor's pages, which its first line names. A table is a record: a
field's kind stands at its name, `[…]` is an array of that. Marks: `?` may be null, `~` may be missing, `-` need not be
served at all. Where `complete` is true, some record shows every other field. `+` names parts that several tables have.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from osdi_crm_sandbox.control import Sandbox

Table = dict[str, Any]

DOCUMENTS: dict[str, Any] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (Path(__file__).parent / "documents").iterdir()
}
ADDRESS = (
    *("address1", "address2", "address3", "city", "state", "zip", "county", "country_code", "lat", "lng", "fips"),
    *("submitted_address", "distance", "import_id", "phone_number", "phone_country_code", "work_phone"),
    "work_phone_number",
)


def add_nationbuilders_tables(document: Any) -> None:
    """The tables of NationBuilder's attributes, with the relationships as links."""
    tables: dict[str, Table] = {}
    document["tables"] = tables
    document["extra"] = {}
    rows = csv.DictReader((Path(__file__).parents[1] / "nationbuilder_attributes.csv").read_text("utf-8").splitlines())
    for row in rows:
        kind, name = row["resource"], row["attribute"]
        if kind not in tables:
            links = [*document["includes"][kind].split(), *(["signup_nations"] if kind == "signups" else [])]
            resource = {"id": "digits", "type": kind, "attributes": {}, "relationships": dict.fromkeys(links, "object")}
            tables[kind] = resource
        form: Any = {"date-time": "datetime", "address": {f"{part} ?": "text" for part in ADDRESS}}.get(
            row["type"], "decimal" if name in ("value_amount", "default_value_amount") else row["type"]
        )
        if name in document["values"].get(kind, {}) and name != "page_type_name":  # others are made elsewhere
            form = "|".join(re.escape(str(value)) for value in document["values"][kind][name])
        if row["access"] != "WO":
            required = name in document["not_null"].get(kind, "").split()
            tables[kind]["attributes"][name if required else f"{name} ?"] = form
        if row["access"] == "XO":
            document["extra"].setdefault(kind, []).append(name)


add_nationbuilders_tables(DOCUMENTS["nationbuilder"])


def is_option(value: Any, kind: type) -> bool:
    return value.keys() == {"id", "value"} and type(value["id"]) is kind and isinstance(value["value"], str)


KINDS: dict[str, Callable[[Any], Any]] = {
    "string": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str) and value,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    # Crowdskout's
    "option": lambda value: is_option(value, int),
    "slug": lambda value: is_option(value, str) and re.fullmatch(r"[a-z0-9-]+", value["id"]),
    "either": lambda value: is_option(value, int) or is_option(value, str),
    "yes": lambda value: is_option(value, str) and value["id"] == value["value"].lower() in {"yes", "no", "unknown"},
    "truth": lambda value: is_option(value, bool),
    "options": lambda value: value and all(is_option(entry, int) for entry in value),
    "texts": lambda value: value and all(isinstance(entry, str) for entry in value),
    "poser": lambda value: {"service", "value"} < value.keys() <= {"id", "externalId", "service", "value"},
    "parent": lambda value: value.keys() == {"id", "collection"} and value["collection"] in INTERACTIONS,
}
TEXTS = {
    "UTC": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "date": r"\d{4}-\d\d-\d\d",
    "url": r"https?://\S+",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}
"""Kinds of text that several vendors have, as regular expressions; those of one alone stand in its document."""
INTERACTIONS: dict[str, Table] = DOCUMENTS["crowdskout"]["interactions"]
DOCUMENTS["crowdskout"]["tables"] |= INTERACTIONS
ATTRIBUTE_VALUES = dict(
    zip(
        ("Radio", "Checkbox", "Text", "Number", "Tag", "Date", "Datetime"),
        ("option", "options", "text", "number", "slug", "date", "time"),
        strict=True,
    )
)


class Check:
    """Holds records against a table, and remembers which fields it saw with a value."""

    def __init__(self, document: Any, *, whole: bool = True) -> None:
        self.document = document
        self.whole = whole
        self.seen: set[str] = set()

    def fields(self, table: Table) -> dict[str, tuple[str, Any]]:
        """Mark and form of each field."""
        found: dict[str, tuple[str, Any]] = {}
        for part in table.get("+", "").split():
            found |= self.fields(self.document["parts"][part])
        names = ((*name.split(" "), "") for name in table if name != "+")
        return found | {name[0]: (name[1], table[" ".join(name).strip()]) for name in names}

    def names(self, table: Any, path: str = "") -> set[str]:
        """The paths of all fields that some record must show."""
        if isinstance(table, list):
            return self.names(table[0], path)
        if not isinstance(table, dict):
            return set()
        fields = {name: (mark, form) for name, (mark, form) in self.fields(table).items() if mark != "-"}
        return {f"{path}.{name}" for name in fields}.union(
            *(self.names(form, f"{path}.{name}") for name, (_, form) in fields.items())
        )

    def __call__(self, value: Any, form: Any, path: str = "") -> None:
        if isinstance(form, list):
            assert isinstance(value, list), path
            for entry in value:
                self(entry, form[0], path)
        elif isinstance(form, dict):
            self.record(value, self.fields(form), path)
        else:
            assert self.is_a(form, value), f"{path}: {value!r} is no {form}"

    def record(self, value: Any, fields: dict[str, tuple[str, Any]], path: str) -> None:
        assert isinstance(value, dict), path
        if fields.keys() == {"*"}:
            self.seen |= {f"{path}.*"} if value else set()
            fields = dict.fromkeys(value, fields["*"])
        assert value.keys() <= fields.keys(), f"{path}: not documented"
        for name, (mark, form) in fields.items():
            if name not in value:
                assert mark in ("~", "-") or not self.whole, f"{path}.{name} is missing"
            elif value[name] is None:
                assert mark == "?", f"{path}.{name} is null"
            else:
                self.seen.add(f"{path}.{name}")
                kind = ATTRIBUTE_VALUES[value["AttributeType"]] if form == "value" else form
                self(value[name], kind, f"{path}.{name}")

    def is_a(self, kind: str, value: Any) -> bool:
        if kind in KINDS:
            return bool(KINDS[kind](value))
        form = TEXTS.get(kind) or self.document["kinds"].get(kind, kind)
        return isinstance(value, str | int) and bool(re.fullmatch(form, str(value), re.DOTALL))


SIZES: dict[str, dict[str, Any]] = {
    "action_network": {"size": 400, "counts": {"fundraising_pages": 6, "advocacy_campaigns": 6, "campaigns": 26}},
    "crowdskout": {"size": 200},
    "i360": {"size": 200},
    "nationbuilder": {"size": 120},
    "rally_congress": {"size": 400},
}
"""Enough of everything."""


@pytest.fixture(scope="module")
def seeded(apis: Callable[..., Any]) -> Callable[[str], Any]:
    made: dict[str, Any] = {}

    def seeded(vendor: str) -> Any:
        if vendor not in made:
            made[vendor] = apis(vendor, **SIZES[vendor])
        if vendor == "action_network":  # what only people make
            later = {"status": "scheduled", "scheduled_start_date": "2099-03-14T12:00:00Z"}
            made[vendor].account.change("messages", count=1, **later)
        return made[vendor]

    return seeded


TABLES = [(vendor, name) for vendor, document in sorted(DOCUMENTS.items()) for name in document["tables"]]


@pytest.mark.parametrize(("vendor", "name"), TABLES)
def test_every_field_of_every_record(seeded: Callable[[str], Any], vendor: str, name: str) -> None:
    document = DOCUMENTS[vendor]
    check, table, rows = Check(document), document["tables"][name], seeded(vendor).rows(name, document)
    assert rows
    for row in rows:
        check(row, table)
    if document.get("complete"):
        assert check.names(table) - check.seen == set()


@pytest.mark.parametrize("name", DOCUMENTS["action_network"]["samples"])
def test_samples_and_tables_of_the_same_pages_agree(name: str) -> None:
    document = DOCUMENTS["action_network"]
    Check(document, whole=False)(document["samples"][name], document["tables"][name])


EXCHANGES: dict[str, list[dict[str, Any]]] = {
    file.stem: json.loads(file.read_text("utf-8")) for file in sorted((Path(__file__).parent / "exchanges").iterdir())
}
ERRORS: dict[str, Callable[[Any], Any]] = {
    "action_network": lambda body: body.keys() == {"error"},
    "crowdskout": lambda body: body.keys() == {"success", "messages", "data"} and not body["success"],
    "i360": lambda body: body["Message"],
    "nationbuilder": lambda body: body.keys() == {"errors"} or {"code", "message"} <= body.keys(),
    "rally_congress": lambda body: body["response"]["errors"],
}
"""What each vendor's errors are like."""
ABSENT = "-"


def value_at(content: Any, path: str) -> Any:
    """What stands at data.0.id, or ABSENT; `data.#` is how many."""
    for name in path.split(".") if path else ():
        if name == "#":
            content = len(content)
        elif isinstance(content, list):
            content = dict(enumerate(content)).get(int(name), ABSENT)
        else:
            content = content.get(name, ABSENT)
    return content


def filled(content: Any, names: dict[str, Any]) -> Any:
    """With what earlier answers held in the place of `<names>`."""

    def value(found: re.Match[str]) -> str:
        before, name, after = found.groups()
        if name not in names:
            return found[0]
        return json.dumps(names[name]) if before and after else f"{before}{names[name]}{after}"

    return json.loads(re.sub(r'("?)<(\w+)>("?)', value, json.dumps(content)))


@pytest.mark.parametrize(
    ("vendor", "exchange"),
    [pytest.param(vendor, one, id=f"{vendor}: {one['what']}") for vendor in EXCHANGES for one in EXCHANGES[vendor]],
)
def test_what_is_answered(apis: Callable[..., Any], vendor: str, exchange: dict[str, Any]) -> None:
    """Calls to a new account, whose ids count from one: method, path, body and status of the answer.

    Then come words of it, or values at their paths: `*` is any but null, `-` none, and `=jo` keeps one for later, as
    `<jo>`. Calls that are all refused store nothing; what is done before them is as near to them as can be.
    """
    api = apis(vendor, size=exchange.get("size", 0), **exchange.get("options", {}))
    control = {"SET": lambda _, options: api.account.set(**options), "INSERT": api.account.insert}
    names: dict[str, Any] = {"url": api.url}
    for method, path, body in exchange.get("before", ()):
        assert api.raw(method, path, body).ok, (method, path, body)
    before = api.account.counters()["resources"]
    for method, path, body, *told in (filled(call[:4], names) + call[4:] for call in exchange["calls"]):
        if method in control:
            control[method](path, body)
            continue
        status, *expected = told
        response = api.raw(method, path, body)
        assert response.status_code == status, (method, path, body, response.text)
        assert status < 400 or ERRORS[vendor](response.json()), response.text
        content = response.json() if response.content else ABSENT
        assert content == exchange.get("body", content)
        for part in expected:
            if isinstance(part, str):
                assert part in response.text
                continue
            for place, value in filled(part, names).items():
                found = value_at(content, place)
                if isinstance(value, str) and value.startswith("="):
                    assert found not in (None, ABSENT), (method, path, place)
                    names[value[1:]] = found.removeprefix("action_network:") if isinstance(found, str) else found
                    continue
                assert found == value or (value == "*" and found not in (None, ABSENT)), (method, path, place, found)
    if all(call[3:] >= [400] for call in exchange["calls"]):
        assert api.account.counters()["resources"] == before


@pytest.mark.parametrize("vendor", sorted(DOCUMENTS))
def test_the_same_seed_gives_the_same_data(sandbox: Sandbox, vendor: str) -> None:
    def data(seed: int) -> list[Any]:
        account = sandbox.account(vendor, size=40, seed=seed)
        own = ("tokens",)  # of nobody else
        return [account.records(name) for name in account.counters()["resources"] if name not in own]

    first = data(7)
    assert data(7) == first
    assert data(8) != first
    assert max(map(len, first)) >= 40


STEERED = [vendor for vendor in sorted(DOCUMENTS) if vendor not in ("action_network", "nationbuilder")]


@pytest.mark.parametrize("vendor", STEERED)
def test_every_resource_can_be_steered(sandbox: Sandbox, vendor: str, until: Any) -> None:
    account = sandbox.account(vendor, size=20)
    for resource, before in account.counters()["resources"].items():
        [made] = account.insert(resource, [{"email": "q@x.org"} if vendor == "rally_congress" else {}])
        assert made in account.records(resource)
        changed = account.change(resource, count=1, marked="yes")
        assert [one["marked"] for one in changed] == ["yes"]
        account.churn(resource, adds_per_second=500)
        until(lambda resource=resource, before=before: account.counters()["resources"][resource] > before + 1)
        account.stop_churn()
