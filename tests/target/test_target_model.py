"""`model: osdi` in the target: shared records become the vendor's own at every vendor that has people."""

from __future__ import annotations

from typing import Any

import osdi_crm_schemas
import pytest
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_sandbox.control import Account, Sandbox
from osdi_crm_schemas.crosswalk import shared_streams
from target_osdi_crm.intake import model

from tests import shown_people
from tests.shown_people import Shown
from tests.target_command import TargetCommand, TargetRun

Record = dict[str, Any]
OUTS = ("unsubscribed", "bouncing", "spam complaint")


@pytest.fixture(params=shown_people.OF_VENDOR)
def account(request: pytest.FixtureRequest, sandbox: Sandbox, target: TargetCommand) -> Account:
    target.settings.update(model="osdi", default_country="US")
    target.keys["taggings"] = ("tag_id", "person_id")
    return sandbox.account(request.param)


def person(key: str, **more: Any) -> Record:
    return {
        "id": key,
        "given_name": f"Given{key}",
        "family_name": "O'Neil 🌻",
        "email_addresses": [{"address": f"{key}@example.org", "primary": True}],
        **more,
    }


def consent(**words: str) -> Record:
    return {"consent": {**dict.fromkeys(("email", "sms", "calls", "postal"), "unknown"), **words}}


def people_of(run: TargetRun, account: Account) -> dict[str, int]:
    found: dict[str, int] = run.summary["streams"][shared_streams(account.vendor)["people"]]
    return found


def named(account: Account) -> dict[str | None, Shown]:
    return {each.given: each for each in shown_people.people(account)}


def test_somebody_arrives_with_name_address_and_subscription_once(account: Account, target: TargetCommand) -> None:
    record = person("p", **consent(email="subscribed"))

    first = target.write(account, "people", record)
    again = target.write(account, "people", record)

    assert (first.code, again.code) == (0, 0), first.log
    assert (people_of(first, account)["created"], people_of(again, account)["unchanged"]) == (1, 1)
    (there,) = shown_people.people(account)
    assert (there.given, there.family, *there.emails) == ("Givenp", "O'Neil 🌻", "p@example.org")
    assert there.mailed


@pytest.mark.parametrize("word", OUTS)
def test_whoever_is_out_is_not_reached_however_it_is_said(account: Account, target: TargetCommand, word: str) -> None:
    number = {"number": "+12025550147", "number_type": "Mobile"}
    emailed = {"address": "b@example.org", "status": word}
    done = target.write(
        account,
        "people",
        person("a", **consent(email=word, sms=word), phone_numbers=[number]),
        person("b", email_addresses=[emailed], phone_numbers=[{"number": "+12025550148", "status": word}]),
        person("c", **consent(email="subscribed", sms="subscribed"), do_not_contact=True, phone_numbers=[]),
        person("d", **consent(email="subscribed"), do_not_call=True, phone_numbers=[{"number": "+12025550149"}]),
    )

    assert done.code == 0, done.log
    there = named(account)
    assert not any(there[name].texted for name in ("Givena", "Givenb", "Givenc"))
    assert [name for name, each in there.items() if each.mailed] == ["Givend"]
    assert not there["Givend"].called


def test_unknown_subscribes_nobody_and_unsubscribes_nobody_who_is_there(
    account: Account, target: TargetCommand
) -> None:
    target.write(account, "people", person("a", **consent(email="subscribed")))
    done = target.write(account, "people", person("a", family_name="Changed", **consent()), person("b", **consent()))

    assert done.code == 0, done.log
    there = named(account)
    assert (there["Givena"].mailed, there["Givena"].family) == (True, "Changed")
    assert there["Givenb"].mailed is (account.vendor not in shown_people.ASKS)


def test_what_the_vendor_has_no_field_for_is_counted_by_field_also_in_a_dry_run(
    account: Account, target: TargetCommand
) -> None:
    record = person("a", **consent(email="subscribed"), party_identification="Whig")

    planned = target.write(account, "people", record, dry_run=True)
    done = target.write(account, "people", record)

    stream = shared_streams(account.vendor)["people"]
    assert planned.by(stream, "withheld")["party_identification: no field"] == 1
    assert done.by(stream, "withheld") == planned.by(stream, "withheld")
    assert shown_people.people(account)


def test_taggings_find_tag_and_person_by_their_keys_at_the_source(account: Account, target: TargetCommand) -> None:
    done = target(
        account,
        [
            *target.messages("taggings", {"tag_id": "t", "person_id": "a"}),
            *target.messages("people", person("a", **consent(email="subscribed"))),
            *target.messages("tags", {"id": "t", "name": "Volunteers"}),
        ],
    )

    assert done.code == 0, done.log
    has_tags = "taggings" in shared_streams(account.vendor)
    assert named(account)["Givena"].tags == ({"Volunteers"} if has_tags else set())
    assert has_tags or "their records are skipped" in done.log.replace("its records", "their records")


def test_the_journal_keeps_the_models_apart_and_tells_of_a_change(account: Account, target: TargetCommand) -> None:
    stream = shared_streams(account.vendor)["people"]
    target.write(account, "people", person("a", **consent(email="subscribed")))
    other = target.write(account, stream, {"id": "a", "email": "other@example.org"}, model="vendor")
    again = target.write(account, "people", person("a", **consent(email="subscribed")))

    assert "with another 'model'" in other.log
    assert people_of(again, account)["unchanged"] == 1
    assert len(shown_people.people(account)) == 2


def test_a_stream_of_the_vendors_own_is_none_of_the_models(sandbox: Sandbox, target: TargetCommand) -> None:
    nation = sandbox.account("nationbuilder")

    done = target.write(nation, "signups", {"id": "a", "email": "a@example.org"}, model="osdi")

    assert done.code == 1
    assert "'signups' cannot be written" in done.log


def test_a_vendor_that_has_no_shared_streams_is_told(
    account: Account, target: TargetCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "shared_streams", lambda _: {})

    with pytest.raises(ConfigurationError, match=r"The setting 'model' is 'osdi', of which .* has no streams\."):
        target.write(account, "people", person("a"))


def test_an_id_of_one_account_is_not_that_of_another(account: Account, target: TargetCommand) -> None:
    def of(name: str) -> Record:
        whose = {"vendor": "nationbuilder", "account": name, "email_addresses": [{"address": f"{name}@example.org"}]}
        return person("5", **whose) | {"given_name": name}

    first = target.write(account, "people", of("north"))
    second = target.write(account, "people", of("south"))
    again = target.write(account, "people", of("north"), of("south"))

    assert (first.code, second.code, again.code) == (0, 0, 0), second.log
    assert people_of(again, account)["unchanged"] == 2
    assert sorted(each.given or "" for each in shown_people.people(account)) == ["north", "south"]


def test_taggings_find_the_people_and_tags_of_their_own_account(sandbox: Sandbox, target: TargetCommand) -> None:
    target.settings.update(model="osdi")
    target.keys["taggings"] = ("tag_id", "person_id")
    account = sandbox.account("action_network")
    lines = []
    for name in ("north", "south"):
        whose = {"vendor": "nationbuilder", "account": name}
        lines += target.messages("people", person("5", **whose, email_addresses=[{"address": f"{name}@example.org"}]))
        lines += target.messages("tags", {"id": "1", "name": f"of {name}", **whose})
    lines += target.messages(
        "taggings", {"tag_id": 1.0, "person_id": "5", "vendor": "nationbuilder", "account": "south"}
    )

    done = target(account, lines)

    assert done.code == 0, done.log
    (tagging,) = account.records("taggings")
    people = {each["identifiers"][0]: each["email_addresses"][0]["address"] for each in account.records("people")}
    person_id = tagging["_links"]["osdi:person"]["href"].rsplit("/", 1)[1]
    assert people[f"action_network:{person_id}"] == "south@example.org"


def test_the_shared_model_where_the_vendors_is_expected_is_told(sandbox: Sandbox, target: TargetCommand) -> None:
    account = sandbox.account("action_network")
    schema = osdi_crm_schemas.shared_schema("people")
    lines = [{"type": "SCHEMA", "stream": "people", "schema": schema, "key_properties": ["id"]}]

    done = target(account, [*lines, {"type": "RECORD", "stream": "people", "record": person("5")}])

    assert done.code == 1
    assert "The stream 'people' comes in the shared model. Set 'model' to 'osdi'" in done.log
    assert account.records("people") == []


def test_a_vendors_own_stream_where_the_shared_model_is_expected_is_told(
    sandbox: Sandbox, target: TargetCommand
) -> None:
    account = sandbox.account("action_network")

    done = target.write(account, "signups", {"id": 1}, model="osdi")

    assert done.code == 1
    assert "The target's 'model' is 'osdi': set it for the tap, too. Leave it out" in done.log
