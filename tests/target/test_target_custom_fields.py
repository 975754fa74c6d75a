"""Values of custom fields that an account does not have, by the rule that its vendor's setting tells."""

from __future__ import annotations

from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm import behaviour

MODELS = ("vendor", "osdi")
VENDORS = ("action_network", "nationbuilder")
PEOPLE = {"action_network": "people", "nationbuilder": "signups"}
FIELDS = {"action_network": "custom_fields", "nationbuilder": "custom_values"}
BOTH = {"shirt": "M", "nope": "x"}


@pytest.fixture(params=VENDORS)
def account(request: pytest.FixtureRequest, sandbox: Sandbox) -> Account:
    """An account that has one custom field."""
    account = sandbox.account(request.param)
    field = {"name": "shirt"}
    kind = {"attributes": {**field, "slug": "shirt", "field_type": "text", "resource_type": "Signup"}}
    account.insert("custom_fields", [kind if account.vendor == "nationbuilder" else field])
    return account


def write(target: Any, account: Account, model: str, custom: dict[str, Any], rule: str | None) -> Any:
    setting = {f"{account.vendor}_unknown_custom_fields": rule} if rule else {}
    if model == "osdi":
        record = {"id": "1", "email_addresses": [{"address": "a@b.org"}], "custom_fields": custom}
        return target.write(account, "people", record, model=model, default_country="US", **setting)
    record = {"id": "1", "email": "a@b.org", FIELDS[account.vendor]: custom}
    return target.write(account, PEOPLE[account.vendor], record, **setting)


def held(account: Account) -> dict[str, Any]:
    """The custom fields of the one person who was written."""
    *_, person = account.records(PEOPLE[account.vendor])
    return dict(person.get("attributes", person)[FIELDS[account.vendor]])


@pytest.mark.parametrize("model", MODELS)
def test_those_that_are_to_be_withheld_are_counted_and_the_rest_is_written(
    model: str, account: Account, target: Any
) -> None:
    done = write(target, account, model, BOTH, "withhold")

    people = PEOPLE[account.vendor]
    assert (done.code, done.by(people, "created")) == (0, {"without the custom field nope": 1}), done.log
    assert held(account) == {"shirt": "M"}

    changed = write(target, account, model, {"SHIRT": "L", "nope": "y"}, "withhold")

    assert changed.by(people, "updated") == {"without the custom field nope": 1}
    assert changed.by(people, "withheld") == {}
    assert held(account) == {"shirt": "L"}


@pytest.mark.parametrize("model", MODELS)
def test_those_that_are_to_be_rejected_reject_the_record(model: str, account: Account, target: Any) -> None:
    done = write(target, account, model, BOTH, "reject")

    assert [(each["code"], each["words"]) for each in done.rejects] == [
        ("unknown_custom_fields", "The account has no custom field nope.")
    ]
    assert not [call for call in account.log() if call["method"] in {"POST", "PATCH", "PUT"}]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rule", [None, "create"])
def test_a_group_makes_them_unless_it_is_told_otherwise(
    model: str, rule: str | None, sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account("action_network")

    done = write(target, account, model, BOTH, rule)

    assert done.code == 0, done.log
    assert held(account) == BOTH
    assert not [call for call in account.log() if "custom_fields" in call["path"]]


def test_a_setting_that_came_later_has_nothing_sent_again_until_it_is_set() -> None:
    config = {"vendor": "action_network"}
    later = {**config, "action_network_unknown_custom_fields": "withhold"}

    for told_by in (behaviour.shaping, behaviour.deciding):
        assert told_by(config) == told_by({**config, "action_network_unknown_custom_fields": "create"})
        assert told_by(config) != told_by(later)
