"""Every attribute of NationBuilder that can be written is written, changed, and read back or seen arriving."""

from __future__ import annotations

import csv
import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands

ATTRIBUTES = list(
    csv.DictReader(
        (Path(__file__).parents[1] / "nationbuilder_attributes.csv").read_text(encoding="utf-8").splitlines()
    )
)
"""The vendor's own list (nationbuilder.com/api/v2/docs/v2/released.yaml); nothing here comes from the schemas."""

WRITTEN = sorted({row["resource"] for row in ATTRIBUTES if row["access"] in {"RW", "WO"}})

NEVER_CHANGED = {"signup_taggings", "automation_enrollments"}
"""Resources whose records are made and deleted alone ("PATCH" is not among their methods)."""

IN_RELATIONSHIPS = {
    "donations": {"author_id": "signups", "recruiter_id": "signups"},
    "event_rsvps": {
        "signup_id": "signups",
        "author_id": "signups",
        "recruiter_id": "signups",
        "event_ticket_level_id": "event_ticket_levels",
    },
}
"""Written as relationships, and read from their links."""

CHOICES = {
    "contact_method": ("door_knock", "phone_call"),
    "contact_status": ("answered", "left_message"),
    "country_code": ("US", "CA"),
    "default_due_date_interval": ("one_week", "six_month"),
    "default_value_amount": ("3.50", "12.25"),
    "election_period": ("primary", "runoff"),
    "event_form_address": ("required", "hidden"),
    "event_form_phone": ("optional", "required"),
    "expiration_warning_time_period_type": ("weeks", "years"),
    "grace_period_time_period_type": ("months", "weeks"),
    "page_type_name": ("Basic", "Basic"),
    "permission_level": ("members", "admins"),
    "petition_form_address": ("required", "hidden"),
    "petition_form_phone": ("optional", "required"),
    "primary_email_id": (1, 2),
    "question_format": ("yes_no", "text"),
    "relationship_type": ("mentee-mentor", "child-parent"),
    "response_type_id": (1, 4),
    "sex": ("F", "O"),
    "signup_type": (0, 1),
    "status": ("hidden", "published"),
    "memberships.status": ("grace period", "canceled"),
    "support_level": (2, 5),
    "inferred_support_level": (4, 1),
    "target_status": ("completed", "abandoned"),
    "time_zone": ("London", "Hawaii"),
    "value_amount": ("7.75", "9.00"),
    "donations.email": ("donor@example.org", "giver@example.org"),
    "event_rsvps.email": ("guest@example.org", "visitor@example.org"),
    "vote_method": ("absentee", "early"),
    "signups.email": ("one@example.org", "two@example.org"),
    "signups.email1": ("one@example.org", "three@example.org"),
    "signups.email2": ("four@example.org", "two@example.org"),
    "signups.email3": ("five@example.org", "six@example.org"),
    "signups.email2_is_bad": (False, False),  # that of the primary address of the second turn
    "signups.email4": ("seven@example.org", "eight@example.org"),
    "donations.custom_values": (
        {"in_memory_of": "Ada", "match_factor": 2.0},
        {"in_memory_of": "Grace", "match_factor": 1.5},
    ),
    "signups.custom_values": (
        {"chapter": "North", "bugs_found": 3.0, "has_key": True, "shirt_size": "Small", "nickname": "Bo"},
        {"chapter": "South", "bugs_found": 4.5, "has_key": False, "shirt_size": "Large", "nickname": "Al"},
    ),
    "unsubscribed_at": (None, "2024-05-06T07:08:09Z"),
}
"""Values of attributes that do not take just any, by name, or by resource and name: when made, and when changed."""

ADDRESS = (
    *("address1", "address2", "address3", "city", "state", "zip", "county", "country_code", "lat", "lng", "fips"),
    *("submitted_address", "phone_number", "phone_country_code", "work_phone", "work_phone_number"),
)


SHOWN_ON_DEMAND = {(row["resource"], f"{row['attribute']}_attributes") for row in ATTRIBUTES if row["access"] == "XO"}
"""What is written under a name and read under another, without its end."""


def nation(sandbox: Sandbox) -> tuple[Account, dict[str, tuple[str, str]]]:
    """A nation, and of each resource two records that others may refer to."""
    account = sandbox.account("nationbuilder", size=6, counts={"pledges": 2, "memberships": 2})
    signups = account.insert("signups", [{"attributes": {"first_name": name}} for name in ("Ada", "Grace")])
    others = {row["refers_to"] for row in ATTRIBUTES} - {"", "signups"} | {"event_ticket_levels"}
    records = {resource: account.records(resource) for resource in others}
    steps = {step["attributes"]["path_id"]: step for step in records["path_steps"]}
    records["path_steps"] = [steps[path["id"]] for path in records["paths"]]
    known = {resource: (found[0]["id"], found[1]["id"]) for resource, found in records.items()}
    return account, {**known, "signups": (signups[0]["id"], signups[1]["id"])}


def name_of(row: dict[str, str]) -> str:
    """The property of an attribute: addresses that are read have the name under which they are read."""
    shown = (row["resource"], row["attribute"]) in SHOWN_ON_DEMAND
    return row["attribute"].removesuffix("_attributes") if shown else row["attribute"]


def text(name: str, number: int) -> str:
    """Some text for an attribute of this name: a telephone number or an e-mail address where it holds one."""
    if name.endswith(("phone", "phone_number", "fax_number", "mobile_number")):
        return f"202555{number % 10_000:04}"
    return f"n{number}@example.org" if name.endswith("email") else f"{name[:12]}-{number}"


def values(resource: str, turn: int, known: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """A value for every attribute of a resource that can be written; another one at each turn."""
    numbers = count(10_000 * turn + 200 * WRITTEN.index(resource))
    record: dict[str, Any] = {}
    for row in ATTRIBUTES:
        name, type_ = name_of(row), row["type"]
        if row["resource"] != resource or row["access"] not in {"RW", "WO"}:
            continue
        number = next(numbers)
        if row["refers_to"]:
            record[name] = known[row["refers_to"]][turn]
        elif choice := CHOICES.get(f"{resource}.{name}", CHOICES.get(name)):
            record[name] = choice[turn]
        else:
            record[name] = {
                "string": text(name, number),
                "integer": number,
                "boolean": bool(turn) is not name.endswith("_opt_in"),
                "date": f"20{number % 30 + 10}-03-04",
                "date-time": f"20{number % 30 + 10}-03-04T05:06:07Z",
                "address": {part: text(part, number) for part in ADDRESS},
            }[type_]
    return record | {name: known[to][turn] for name, to in IN_RELATIONSHIPS.get(resource, {}).items()}


def expected(given: dict[str, Any]) -> dict[tuple[str, str, str], Any]:
    """What is to be seen of each attribute: read back, where it can be read, and arriving, where it cannot."""
    wanted = {}
    for row in ATTRIBUTES:
        if row["access"] in {"RW", "WO"}:
            seen = "read" if row["access"] == "RW" or name_of(row) != row["attribute"] else "arrived"
            wanted[row["resource"], name_of(row), seen] = given[row["resource"]][name_of(row)]
    for resource, names in IN_RELATIONSHIPS.items():
        wanted |= {(resource, name, "read"): given[resource][name] for name in names}
    return wanted


def found(account: Account, read: Any, resource: str, before: set[str]) -> dict[tuple[str, str, str], Any]:
    """What was seen of the one new record of a resource."""
    bodies = [call["body"]["data"] for call in account.log() if call["method"] in {"POST", "PATCH"} and call["body"]]
    (arrived,) = (each["attributes"] for each in bodies if each["type"] == resource)
    (shown,) = (
        each
        for each in read.records(resource)
        if each["id"] not in before and each.get("page_type_name", "Basic") == "Basic"
    )
    return {(resource, name, "arrived"): value for name, value in arrived.items()} | {
        (resource, name, "read"): comparable(value) for name, value in shown.items()
    }


def comparable(value: Any) -> Any:
    """An address without the parts that nobody wrote."""
    return {name: part for name, part in value.items() if part is not None} if isinstance(value, dict) else value


def write(folder: Path, config: dict[str, Any], records: dict[str, dict[str, Any]]) -> None:
    """Write one record of each resource, whose key at its source is `ref`."""
    file = folder / "target.json"
    file.write_text(json.dumps({**config, "work_dir": str(folder / "target")}), encoding="utf-8")
    lines: list[dict[str, Any]] = []
    for resource, record in records.items():
        schema = {"type": "object", "properties": {"ref": {}}}
        lines += [
            {"type": "SCHEMA", "stream": resource, "schema": schema, "key_properties": ["ref"]},
            {"type": "RECORD", "stream": resource, "record": record},
        ]
    command = [str(Path(sys.executable).parent / "target-osdi-crm"), "--config", str(file)]
    messages = "".join(json.dumps(line) + "\n" for line in lines)
    wrote = commands.run(command, input=messages)
    assert wrote.returncode == 0, wrote.stderr + (folder / "target" / "rejected.jsonl").read_text()


def test_every_attribute_is_written_and_read_back(sandbox: Sandbox, tap: Any, tmp_path: Path) -> None:
    account, known = nation(sandbox)
    payment_types = account.records("payment_types")
    there = {resource: {each["id"] for each in account.records(resource)} for resource in WRITTEN}
    config = {
        **tap.settings(account, index_lag_seconds=0, ids_are_this_accounts=True),
        "nationbuilder_write_totals": True,
        "nationbuilder_donor_details": True,
    }
    for turn in (0, 1):
        given = {resource: values(resource, turn, known) for resource in WRITTEN}
        paid = payment_types[turn]
        given["donations"] |= {"payment_type_id": paid["id"], "payment_type_name": paid["attributes"]["name"]}
        refs = {resource: f"new {turn}" if resource in NEVER_CHANGED else "new" for resource in WRITTEN}
        records = {resource: {"ref": refs[resource], **record} for resource, record in given.items()}
        records["events"]["page_site_id"] = known["sites"][0]
        account.clear_log()
        write(tmp_path, config, records)
        read = tap(tap.settings(account, nationbuilder_extra_fields=["*"]), *WRITTEN, method="FULL_TABLE")

        wanted = expected(given)
        seen = {what: value for each in WRITTEN for what, value in found(account, read, each, there[each]).items()}
        assert {what: seen.get(what) for what in wanted} == wanted, f"turn {turn}"
        there |= {resource: {each["id"] for each in read.records(resource)} for resource in NEVER_CHANGED}
