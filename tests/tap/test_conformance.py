"""`osdi-crm-conformance`: what is planted at an account is named by its probe, and corrected by what that suggests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osdi_crm_schemas
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from osdi_crm_client.vendor import vendor_names
from osdi_crm_sandbox.control import Account, Sandbox
from tap_osdi_crm import conformance_command
from tap_osdi_crm.conformance import kit, masking, streams
from tap_osdi_crm.conformance.bench import Bench
from tap_osdi_crm.conformance.probe import Finding, Probe, Verdict
from tap_osdi_crm.conformance.writing import Hand

from hub import facts
from tests import commands

AS_ASSUMED: dict[str, dict[str, Any]] = {
    "action_network": {"campaign_link": True},
    "i360": {"moved": {"/VoiceMailMessages": "/VoicemailMessages"}},
    "nationbuilder": {"undocumented": True},
}
"""By vendor, options of an account that is all as assumed: the sandbox reads a few names otherwise than the tap."""


def probes_of(account: Account) -> tuple[Bench, list[Probe]]:
    config = commands.settings(account)
    tap, signing_in = kit.signed_in({**kit.module_of(account.vendor).SETTINGS, **config})
    bench = Bench(tap)
    hand = Hand(bench, kit.writing_of(account.vendor).PERSON, Path("never-written"))
    return bench, list(kit.probes(bench, signing_in, hand, is_allowed=False))


def found(account: Account, name: str) -> Finding:
    """What a probe finds at an account, and nothing else is asked but what it stands on."""
    bench, asked = probes_of(account)
    [probe] = [each for each in asked if each.name == name]
    return probe.ask(bench)


@dataclass(frozen=True)
class Planted:
    """Something that an account has otherwise than assumed.

    Attributes:
        vendor: Whose account.
        probe: The probe that names it.
        options: Options of the sandbox's account.
        said: What the probe says.
        stream: The stream that is read with what is suggested.
        override: The suggestion for that stream.
        settings: What else is suggested.
        then: What is done to the account besides.
    """

    vendor: str
    probe: str
    options: dict[str, Any]
    said: str
    stream: str = ""
    override: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Account], Any] = lambda _: None

    def suggested(self) -> dict[str, Any]:
        return {**({"stream_overrides": {self.stream: self.override}} if self.override else {}), **self.settings}


def sign(account: Account) -> None:
    """Let somebody sign a petition."""
    petition = account.records("petitions")[0]["identifiers"][0].partition(":")[2]
    body = {"person": {"email_addresses": [{"address": "new@example.org"}]}}
    requests.post(
        f"{account.url}/petitions/{petition}/signatures", json=body, headers={"OSDI-API-Token": account.key}, timeout=9
    ).raise_for_status()


def rename(stream: str, name: str, new: str) -> dict[str, Any]:
    """The suggestion for a field that has another name."""
    return {"stream_maps": {stream: {name: f"additional_fields.get('{new}') if additional_fields else None"}}}


def altered(**rule: Any) -> dict[str, Any]:
    return {"altered": [rule]}


PLANTED = {
    "another scope": Planted(
        "i360",
        "sign_in",
        {"scope": "openid profile sample"},
        "signs in with other settings",
        "volunteers",
        settings={"i360_scope": "openid profile sample"},
    ),
    "another key": Planted(
        "i360",
        "events",
        altered(path="/Events$", rename={"EventID": "EventNo"}),
        "have no key as assumed",
        "events",
        {"key": "EventNo"},
    ),
    "another path": Planted(
        "i360", "users", {"moved": {"/Coordinators": "/Users"}}, "HTTP 404", "users", {"path": "Coordinators"}
    ),
    "another case in a path": Planted(
        "i360",
        "caller_ids",
        {"moved": {"/CallerIDs": "/CallerIds"}},
        "HTTP 404",
        "caller_ids",
        {"path": "Surveys/CallerIDs"},
    ),
    "another method": Planted(
        "i360",
        "volunteers",
        {"moved": {"GET /Volunteers/Search": "POST /Volunteers/Search"}},
        "HTTP 404",
        "volunteers",
        {"method": "GET"},
    ),
    "pages": Planted(
        "i360",
        "volunteers",
        {"paging": "page", "counts": {"volunteers": 130}},
        "paged by 'page'",
        "volunteers",
        {"paging": "page", "page_parameter": "page", "size_parameter": "pageSize"},
    ),
    "offsets under other names": Planted(
        "i360",
        "volunteers",
        {"paging": "offset", "counts": {"volunteers": 130}, "moved": {"?offset": "?skip", "?limit": "?take"}},
        "paged by 'offset'",
        "volunteers",
        {"paging": "offset", "page_parameter": "offset", "size_parameter": "limit"},
    ),
    "an extra envelope": Planted(
        "i360",
        "surveys",
        altered(path="/Surveys$", under="Payload"),
        "not of the form assumed",
        "surveys",
        {"records_path": "Payload"},
    ),
    "another key in an envelope elsewhere": Planted(
        "i360",
        "script_templates",
        {
            "altered": [
                {"path": "(?i)/ScriptTemplates$", "rename": {"ScriptTemplateID": "ScriptNo"}, "under": "Payload"}
            ],
            "moved": {"/scripttemplates": "/ScriptTemplates"},
        },
        "HTTP 404",
        "script_templates",
        {"path": "Surveys/scripttemplates", "records_path": "Payload", "key": "ScriptNo"},
    ),
    "a renamed field": Planted(
        "i360",
        "volunteers.FirstName",
        altered(path="/Search$", rename={"FirstName": "GivenName"}),
        "called 'GivenName'",
        "volunteers",
        settings=rename("volunteers", "FirstName", "GivenName"),
    ),
    "another type": Planted(
        "i360", "volunteers.Status", altered(path="/Search$", words={"Active": ""}, rename={"Status": "X"}), "none of"
    ),
    "another letter case": Planted("i360", "spelling", {"casing": "camel"}, "names come as 'volunteerID'"),
    "criteria passed over": Planted("i360", "search_by_address", {"criteria_ignored": True}, "it found"),
    "credentials in answers": Planted("i360", "no_credentials", {"show_log_id": True}, "'LogID' comes"),
    "a limit of its own": Planted(
        "i360",
        "record_limit",
        {"max_record_limit": 3, "counts": {"contacts": 60}},
        "it brought 3",
        settings={"i360_record_limit": 3},
    ),
    "a 401 for a 404": Planted("i360", "missing", altered(status={"404": 401}), "with HTTP 401"),
    "supporters elsewhere": Planted(
        "rally_congress",
        "supporters",
        {"moved": {"/advocates": "/supporters"}, "records_key": "advocates"},
        "HTTP 404",
        "supporters",
        {"path": "advocates"},
    ),
    "another parameter of pages": Planted(
        "rally_congress",
        "supporters",
        {"moved": {"?pageNumber": "?page", "?pageSize": "?pagesize"}, "counts": {"supporters": 250}},
        "paged by",
        "supporters",
        {"paging": "page", "page_parameter": "pageNumber", "size_parameter": "pageSize"},
    ),
    "a supporter's key": Planted(
        "rally_congress",
        "supporters",
        altered(path="/supporters$", rename={"id": "supporterId"}),
        "",
        "supporters",
        {"key": "supporterId"},
    ),
    "a campaign's renamed field": Planted(
        "rally_congress",
        "campaigns.text",
        altered(path="/campaigns", rename={"text": "bodyText"}),
        "called 'bodyText'",
        "campaigns",
        settings=rename("campaigns", "text", "bodyText"),
    ),
    "attributes in the plural": Planted(
        "crowdskout", "attributes", {"plural_attributes": True}, "HTTP 404", "attributes", {"path": "attributes"}
    ),
    "counters that stand": Planted(
        "action_network",
        "counters",
        {"counters": "stand"},
        "'total_signatures' says",
        settings={"full_sweep_hours": 0},
        then=sign,
    ),
    "no counters": Planted("action_network", "counters", {"counters": "left_out"}, "parents have no 'total_"),
    "another host": Planted(
        "action_network", "next_page", {"next_host": "http://127.0.0.1:9"}, "leads to another host"
    ),
    "ids in links alone": Planted("action_network", "own_identifier", {"identifiers": "empty"}, "in their own link"),
    "attendances under another name": Planted(
        "action_network", "key_of_attendances", {"attendances_key": "osdi:attendance"}, "under 'osdi:attendance'"
    ),
    "another word of consent": Planted(
        "action_network",
        "people.email_addresses[].status.words",
        altered(path="/people", words={"unsubscribed": "left"}),
        "it also says: another text: word",
    ),
    "people in an envelope": Planted(
        "action_network", "people", altered(path="/people$", under="x"), "not of the form"
    ),
    "a person's renamed field": Planted(
        "action_network",
        "people",
        altered(path="/people", rename={"given_name": "first_name"}),
        "'given_name' seems to be called 'first_name'",
        "people",
        settings=rename("people", "given_name", "first_name"),
    ),
    "filters passed over": Planted(
        "action_network", "filters_joined", {"moved": {"?where": "?filter"}}, "one of the conditions leaves out"
    ),
    "an unknown filter passed over": Planted(
        "action_network", "unknown_filter", {"moved": {"?where": "?filter"}}, "it is passed over"
    ),
    "a 403 for a 404": Planted("action_network", "missing", altered(status={"404": 403}), "with HTTP 403"),
    "no totals": Planted("nationbuilder", "totals", altered(drop=["stats"]), "no total came"),
    "no pages": Planted(
        "nationbuilder",
        "pages_of_lists",
        {"single_page": ["imports"]},
        "'imports' ",
    ),
    "an extra field that does not come": Planted(
        "nationbuilder", "extra_fields", altered(path="/signups", drop=["home_address"]), "'home_address' does not come"
    ),
    "another key in an address": Planted(
        "nationbuilder",
        "signups.home_address",
        altered(path="/signups", rename={"address1": "street"}),
        "names that the schema lacks: 'street'",
    ),
    "an order passed over": Planted("nationbuilder", "sorted", {"moved": {"?order": "?sort"}}, "in another order"),
    "times passed over": Planted(
        "nationbuilder",
        "changed",
        {"moved": {"?changed": "?filter[updated_at][gte]"}},
        "older signups came",
    ),
    "all under response": Planted("rally_congress", "bare", {"wrapped": True}, "under 'response'"),
    "no next page": Planted("rally_congress", "next_page", {"next_uri": "missing"}, "names no next one"),
    "numbers as text": Planted("rally_congress", "numbers_of_pages", {"numbers_as_text": True}, "comes as text"),
    "changes passed over": Planted("rally_congress", "since", {"moved": {"?after": "?updatedSince"}}, "a time to come"),
    "a search passed over": Planted("rally_congress", "by_email", {"moved": {"?mail": "?email"}}, "came"),
    "another word of opt-in": Planted(
        "rally_congress",
        "supporters.emailOptin.words",
        altered(path="/supporters", words={"yes": "subscribed"}),
        "it also says: subscribed",
    ),
    "a token that changes": Planted("crowdskout", "scan_token", {"scroll_id_changes": True}, "it changes"),
    "no link to a campaign": Planted("action_network", "campaign_link", {}, "it does not"),
    "collections left out": Planted("crowdskout", "empty_collections", {"empty_collections": False}, "is left out"),
    "a date beside collections": Planted("crowdskout", "collections_alone", {"top_level_date": True}, "'Date' is none"),
    "no 404 at all": Planted("crowdskout", "missing", {"errors": "success_false"}, "it is answered"),
    "another word for unusable": Planted(
        "crowdskout",
        "profiles.EmailAddresses[].EmailUsable.value.words",
        altered(words={"Usable": "Invalid"}),
        "it also says: Invalid",
    ),
    "attributes in another list": Planted(
        "crowdskout",
        "attributes",
        altered(path="/attribute$", rename={"list": "rows"}),
        "not of the form assumed",
        "attributes",
        {"records_path": "data.rows"},
    ),
}


def plant(sandbox: Sandbox, planted: Planted) -> Account:
    account = sandbox.account(planted.vendor, **{"size": 30, **planted.options})
    planted.then(account)
    return account


def named(sandbox: Sandbox, planted: Planted) -> None:
    finding = found(plant(sandbox, planted), planted.probe)

    assert finding.verdict is Verdict.OTHERWISE, finding
    assert planted.said in finding.told()
    assert dict(finding.settings) == planted.suggested()


@pytest.mark.parametrize("what", list(PLANTED)[::8])
def test_what_is_planted_is_named_by_its_probe(sandbox: Sandbox, what: str) -> None:
    named(sandbox, PLANTED[what])


@pytest.mark.conformance
@pytest.mark.parametrize("what", PLANTED)
def test_all_that_is_planted_is_named_by_its_probe(sandbox: Sandbox, what: str) -> None:
    named(sandbox, PLANTED[what])


@pytest.mark.conformance
@pytest.mark.parametrize("what", [what for what, planted in PLANTED.items() if planted.stream])
def test_what_is_suggested_makes_the_tap_read(sandbox: Sandbox, tap: Any, what: str) -> None:
    planted = PLANTED[what]
    account = plant(sandbox, planted)
    config = tap.settings(account, unconfirmed_streams=True)

    without = tap(config, planted.stream)
    run = tap({**config, **planted.suggested()}, planted.stream)

    assert run.code == 0, run.log
    assert len(run.keys(planted.stream)) == run.keys(planted.stream).total() > 0
    assert (without.code, without.records(planted.stream)) != (0, run.records(planted.stream))


@pytest.mark.conformance
@pytest.mark.parametrize("vendor", vendor_names())
def test_an_account_as_assumed_is_told_to_be_so(sandbox: Sandbox, tmp_path: Path, vendor: str) -> None:
    account = sandbox.account(vendor, size=30, **AS_ASSUMED.get(vendor, {}))
    if vendor == "i360":
        everybody = [str(each["VolunteerID"]) for each in account.records("volunteers")]
        account.change("volunteers", everybody, Coordinator="Doe, Jane", AccountType="Volunteer")
    (tmp_path / "config.json").write_text(json.dumps(commands.settings(account)))

    done = commands.run([commands.BIN / "osdi-crm-conformance", "--config", "config.json"], cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert " 0 otherwise" in done.stdout, done.stdout


def run_here(folder: Path, config: dict[str, Any], *args: str) -> Path:
    """Run the command in this process; the file that it keeps."""
    file = folder / "report.json"
    (folder / "config.json").write_text(json.dumps(config))
    conformance_command.main(["--config", str(folder / "config.json"), "--out", str(file), *args])
    return file


ANYBODY = "Zebedee", "Quixano", "zebedee.quixano@example.org", "2025550143", "17 Rocinante Row", "Ingenioso"


def test_the_file_holds_nothing_of_a_person(sandbox: Sandbox, tmp_path: Path) -> None:
    first, last, email, phone, street, city = ANYBODY
    account = sandbox.account("i360", size=4)
    person = {"FirstName": first, "LastName": last, "Email": email, "Phone1": phone, "C_AddrLine1": street}
    account.insert("volunteers", [{**person, "C_City": city, "Status": first, last: email, f"{first}Id": phone}])
    account.change("events", count=1, Name=f"{first} {last}", EventID2=email)
    account.change("users", count=1, UserName=email)
    account.fault(do="status", status=404, path="/Prospects", body={"Message": f"{first} is not there", email: last})
    config = commands.settings(account)

    file = run_here(tmp_path, config)

    text = file.read_text().lower()
    assert file.stat().st_mode & 0o777 == 0o600
    served = [record for kind in ("volunteers", "users", "contacts") for record in account.records(kind)]
    values = {str(value).lower() for record in served for value in record.values() if len(str(value)) > 5}
    secrets = {
        str(value).lower() for name, value in config.items() if name.endswith(("password", "username", "org_id"))
    }
    words = {each for each in values | secrets | set(map(str.lower, ANYBODY)) if f'"{each}"' in text or each in text}
    assert words <= {"active", "inactive", "volunteer"}, words
    assert "e-mail address" in text
    assert account.url not in text


@pytest.mark.parametrize("missing", [r"^(?!.*token$)", r"[0-9a-f]/\w+$"], ids=["everything", "what lies within"])
@pytest.mark.parametrize("vendor", vendor_names())
def test_where_nothing_is_where_it_should_be_nothing_is_written(
    sandbox: Sandbox, tmp_path: Path, vendor: str, missing: str
) -> None:
    account = sandbox.account(vendor, size=4)
    account.fault(do="status", status=404, path=missing)

    run_here(tmp_path, commands.settings(account))

    writing = [f"{call['method']} {call['path']}" for call in account.log() if call["method"] != "GET"]
    assert [each for each in writing if not re.search(r"(?i)search|/scan$|token$", each)] == []


def texts(value: Any) -> Iterator[str]:
    """All texts in a record, but not the names in it."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.conformance
@pytest.mark.parametrize("vendor", vendor_names())
def test_the_file_of_a_full_account_holds_none_of_its_values(sandbox: Sandbox, tmp_path: Path, vendor: str) -> None:
    account = sandbox.account(vendor, size=40, seed=3)
    config = commands.settings(account)

    report = json.loads(run_here(tmp_path, config).read_text())
    kept = [[answer["calls"], answer.get("settings")] for answer in report["answers"].values()]
    text = json.dumps(kept, ensure_ascii=False)

    values = {
        value
        for resource in account.counters()["resources"]
        for value in texts(account.records(resource)[:40])
        if len(value) > 5
    }
    values |= {str(value) for value in config.values() if len(str(value)) > 5}
    assert len(values) > 100
    known = masking._known() | masking._STATUS_WORDS
    for value in values:
        if value in text and re.search(rf"(?<![A-Za-z]){re.escape(value)}(?![A-Za-z])", text):
            pieces = {*map(str.lower, re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]{3,}", value))}
            assert {piece for piece in pieces if not {piece, f"{piece}s"} & known} == set(), value


def test_every_statement_that_is_unconfirmed_has_a_probe() -> None:
    for vendor in vendor_names():
        own = {probe.name for probe in (*kit.module_of(vendor).PROBES, *kit.writing_of(vendor).STEPS)}
        for stream in osdi_crm_schemas.streams(vendor):
            for path, node in streams.statements(osdi_crm_schemas.schema(vendor, stream)):
                kind = node.get("x-probe", "").partition(" ")[0]
                assert (kind == "stream") is not bool(path), (stream, path)
                assert kind in {"stream", *streams.READ} | own, (vendor, stream, path)


def test_every_probe_has_a_name_of_its_own_and_a_question(sandbox: Sandbox) -> None:
    for vendor in vendor_names():
        bench, asked = probes_of(sandbox.account(vendor))
        assert len({probe.name for probe in asked}) == len(asked)
        assert all(probe.question.endswith("?") for probe in asked)
        resources = bench.sources.resources.values()
        assert {each.name for each in resources if bench.assumption(each)} <= {probe.name for probe in asked}


def test_every_behaviour_that_the_sandbox_assumes_has_a_probe(sandbox: Sandbox) -> None:
    for vendor in vendor_names():
        known = {probe.name for probe in probes_of(sandbox.account(vendor))[1]}
        for row in facts.facts(vendor):
            if row["known"] == "assumed":
                names = re.findall("`(.*?)`", row["where"])
                assert names, row
                assert set(names) <= known, row


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


UNHEARD = st.from_regex(r"\A[qxz]{4,9}\Z")


@settings(max_examples=40)
@given(name=UNHEARD, value=UNHEARD | st.integers(10_000, 99_999).map(str), depth=st.integers(0, 3))
def test_neither_an_unknown_name_nor_any_value_passes_the_border(name: str, value: str, depth: int) -> None:
    body: Any = {name: value, f"{name}Id": [value, {value: value}], "email": f"{value}@{name}.org", "state": value}
    for _ in range(depth):
        body = [body, {"items": [body]}]

    kept = " ".join([*leaves(masking.form(body)), masking.place(f"People/{value}/{name}"), masking.word(value)])

    assert name not in kept
    assert value not in kept


def test_a_wrong_file_of_settings_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        conformance_command.main(["--config", str(tmp_path / "none.json")])

    assert ended.value.code == 1
    assert re.fullmatch(r"The file of settings cannot be read: .*none\.json.*\n", capsys.readouterr().err)


def test_a_run_that_is_resumed_asks_what_has_no_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("rally_congress", size=4)
    config = commands.settings(account)
    file = run_here(tmp_path, config)
    report = json.loads(file.read_text())
    del report["answers"]["supporters"]
    file.write_text(json.dumps(report))
    account.clear_log()

    run_here(tmp_path, config, "--resume")

    assert "supporters" in json.loads(file.read_text())["answers"]
    assert account.counters()["calls"] <= 5
