"""Killed, told to end, cut off or out of space, at any moment: the same input again ends as one clean run would."""

from __future__ import annotations

import itertools
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox

PEOPLE, TAGS = 10, 3
LAG = 0.5


def identified(account: Account) -> dict[str, str]:
    """Settings with an identifier prefix of the account's own: identifiers are unique among all accounts."""
    return {"action_network_identifier_prefix": f"tests-{account.key}"}


def load(target: Any) -> list[Any]:
    """People, tags, taggings, donations and outreaches, each with something of its own to be told by, and STATE."""
    outreach = {"advocacy_campaign_id": "c", "targets": [{"given_name": "Lee", "family_name": "Hoover"}]}
    messages = [
        *target.messages("fundraising_pages", {"id": "f", "title": "Give"}),
        *target.messages("advocacy_campaigns", {"id": "c", "title": "Write", "type": "email"}),
        *target.messages("tags", *({"id": f"t{n}", "name": f"tag {n}"} for n in range(TAGS))),
    ]
    numbers = itertools.count(1)
    for n in range(PEOPLE):
        person = {"id": f"p{n}", "email": f"n{n}@example.org", "given_name": f"Name{n}"}
        gift = {"recipients": [{"display_name": "Us", "amount": f"{n + 1}.00"}]}
        letter = {**outreach, "subject": f"Letter {n}"}
        messages += [
            *target.messages("donations", {"id": f"d{n}", "person_id": f"p{n}", "fundraising_page_id": "f", **gift}),
            *target.messages("people", person),
            *target.messages(
                "outreaches", {"id": f"o{n}", "person_id": f"p{n}", "advocacy_campaign_id": "c", **letter}
            ),
            *target.messages(
                "taggings", {"tag_id": f"t{n % TAGS}", "id": f"g{n}", "person_id": f"p{n}"}, key=["tag_id", "id"]
            ),
            target.state(next(numbers)),
        ]
    return messages


def found(account: Account) -> dict[str, Counter[str]]:
    """What the vendor has, by what tells it apart."""
    people = {each["identifiers"][0].removeprefix("action_network:"): each for each in account.records("people")}

    def address(person: dict[str, Any]) -> str:
        return str(person["email_addresses"][0]["address"])

    return {
        "people": Counter(address(each) for each in people.values()),
        "taggings": Counter(
            address(people[each["_links"]["osdi:person"]["href"].rsplit("/", 1)[-1]])
            for each in account.records("taggings")
        ),
        "donations": Counter(each["amount"] for each in account.records("donations")),
        "outreaches": Counter(each["subject"] for each in account.records("outreaches")),
        "actions": Counter(
            each["title"] for name in ("fundraising_pages", "advocacy_campaigns") for each in account.records(name)
        ),
    }


def nation_load(target: Any) -> list[Any]:
    """Signups, tags, taggings, donations, contacts and an event, each with something of its own to be told by."""
    messages = [
        *target.messages("events", {"id": "e", "start_at": "2025-05-01T18:00:00Z", "venue_name": "Hall"}),
        *target.messages("signup_tags", *({"id": f"t{n}", "name": f"tag {n}"} for n in range(TAGS))),
    ]
    for n in range(PEOPLE):
        person = {"id": f"p{n}", "email": f"n{n}@example.org", "first_name": f"Name{n}"}
        messages += [
            *target.messages("donations", {"id": f"d{n}", "signup_id": f"p{n}", "amount_in_cents": n + 1}),
            *target.messages("signups", person),
            *target.messages(
                "contacts",
                {"id": f"o{n}", "signup_id": f"p{n}", "contact_method": "phone_call", "content": f"Letter {n}"},
            ),
            *target.messages("signup_taggings", {"id": f"g{n}", "signup_id": f"p{n}", "tag_id": f"t{n % TAGS}"}),
            target.state(n + 1),
        ]
    return messages


def found_in_nation(account: Account) -> dict[str, Counter[str]]:
    """What the nation has besides its owner, by what tells it apart."""

    def shown(resource: str) -> list[dict[str, Any]]:
        return [each["attributes"] for each in account.records(resource)]

    emails = {each["id"]: str(each["attributes"]["email"]) for each in account.records("signups")}
    return {
        "signups": Counter(email for email in emails.values() if email.startswith("n") and email[1].isdigit()),
        "signup_taggings": Counter(emails[each["signup_id"]] for each in shown("signup_taggings")),
        "donations": Counter(each["amount"] for each in shown("donations")),
        "contacts": Counter(each["content"] for each in shown("contacts")),
        "events": Counter(each["venue_name"] for each in shown("events")),
    }


LETTER = {
    "actionType": "letter",
    "campaignId": "c1",
    "prefix": "Other",
    "firstname": "Pat",
    "lastname": "Example",
    "street": "1 Main St",
    "city": "Washington",
    "state": "DC",
    "zipcode": "20002",
    "phone": "2025550100",
}


def organisation_load(target: Any) -> list[Any]:
    """Contacts, which travel in imports, volunteers and notes on them, each with something of its own to be told by."""
    messages = []
    for n in range(PEOPLE):
        person = {"FirstName": f"Name{n}", "LastName": "Lo", "Email": f"n{n}@example.org", "State": "VA"}
        messages += [
            *target.messages("volunteer_notes", {"NoteID": f"o{n}", "VolunteerID": f"p{n}", "Text": f"Letter {n}"}),
            *target.messages("volunteers", {"VolunteerID": f"p{n}", **person}),
            *target.messages("contacts", {"ContactID": f"c{n}", **person}),
            target.state(n + 1),
        ]
    return messages


def found_in_organisation(account: Account) -> dict[str, Counter[str]]:
    """What the organisation has, by what tells it apart."""
    return {
        "volunteers": Counter(each["Email"] for each in account.records("volunteers")),
        "contacts": Counter(each["Email"] for each in account.records("contacts")),
        "volunteer_notes": Counter(each["Text"] for each in account.records("volunteer_notes")),
    }


def rally_load(target: Any) -> list[Any]:
    """Supporters, and letters in the name of others, each with something of its own to be told by."""
    messages = []
    for n in range(PEOPLE):
        letter = {**LETTER, "id": f"o{n}", "email": f"l{n}@example.org", "subject": f"Letter {n}", "message": "Hello"}
        person = {"id": f"p{n}", "firstName": f"Name{n}", "email": f"n{n}@example.org", "customId": f"C{n}"}
        messages += [
            *target.messages("messages", letter),
            *target.messages("supporters", person),
            target.state(n + 1),
        ]
    return messages


def found_at_rally(account: Account) -> dict[str, Counter[str]]:
    """What the account has besides those who wrote letters, by what tells it apart."""
    emails = (str(each["email"]) for each in account.records("supporters"))
    return {
        "supporters": Counter(email for email in emails if email.startswith("n")),
        "messages": Counter(each["subject"] for each in account.records("letters")),
    }


def profile_load(target: Any) -> list[Any]:
    """Attributes, and profiles with a note and an attribute's value, twice: at the second time with a number more."""
    phones = [{"PhoneNumber": "2025550143"}]
    messages: list[Any] = target.messages(
        "attributes", *({"id": str(n), "name": f"tag {n}", "type": "Text"} for n in range(TAGS))
    )
    for more in ({}, {"PhoneNumbers": phones}):
        for n in range(PEOPLE):
            person = {
                "id": f"p{n}",
                "external_id": f"n{n}@example.org",
                "first_name": f"Name{n}",
                "Notes": [{"NoteWhen": "2024-01-01T12:00:00Z", "Note": f"Letter {n}", "NoteAuthor": "A"}],
                "Attributes": [{"AttributeId": n % TAGS, "AttributeValue": f"{n}"}],
                **more,
            }
            messages += target.messages("profiles", person)
            messages += [target.state(n + 1)] if more else []
    return messages


def found_profiles(account: Account) -> dict[str, Counter[str]]:
    """What the account has, items and all, by what tells it apart."""
    profiles = {each["ExternalIDs"][0]["ExternalID"]: each for each in account.records("profiles")}
    return {
        "profiles": Counter(each["ExternalIDs"][0]["ExternalID"] for each in account.records("profiles")),
        "attributes": Counter(each["name"] for each in account.records("attributes")),
        "notes": Counter(note["Note"] for each in profiles.values() for note in each.get("Notes") or ()),
        "values": Counter(v["AttributeValue"] for each in profiles.values() for v in each.get("Attributes") or ()),
        "phones": Counter(key for key, each in profiles.items() for _ in each.get("PhoneNumbers") or ()),
    }


@dataclass(frozen=True)
class Load:
    """A load of one vendor's records that is killed.

    Attributes:
        vendor: The vendor.
        messages: The load.
        found: What the vendor has, by stream and by what tells it apart.
        expected: What it has in the end.
        numbered: Streams with a record per person: its key, and what tells the vendor's record.
        certain: Streams whose lost answers are always looked up.
        methods: Of calls that are cut.
        settings: Further settings of the target.
        keys: Keys of streams, where they are not `id`.
        prepare: Makes what must be there before.
    """

    vendor: str
    messages: Callable[[Any], list[Any]]
    found: Callable[[Account], dict[str, Counter[str]]]
    expected: dict[str, set[str]]
    numbered: dict[str, tuple[str, Callable[[int], str]]]
    certain: set[str]
    methods: tuple[str, ...] = ("POST",)
    settings: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prepare: Callable[[Account], Any] = bool


PERSONS = {f"n{n}@example.org" for n in range(PEOPLE)}
LETTERS = {f"Letter {n}" for n in range(PEOPLE)}
GROUP = Load(
    vendor="action_network",
    messages=load,
    found=found,
    expected={
        "people": PERSONS,
        "taggings": PERSONS,
        "donations": {f"{n + 1}.00" for n in range(PEOPLE)},
        "outreaches": LETTERS,
        "actions": {"Give", "Write"},
    },
    numbered={
        "donations": ("d{}", lambda n: f"{n + 1}.00"),
        "outreaches": ("o{}", lambda n: f"Letter {n}"),
        "people": ("p{}", lambda n: f"n{n}@example.org"),
    },
    certain={"people", "taggings"},
)
NATION = Load(
    vendor="nationbuilder",
    messages=nation_load,
    found=found_in_nation,
    expected={
        "signups": PERSONS,
        "signup_taggings": PERSONS,
        "donations": {f"0.{n + 1:02}" for n in range(PEOPLE)},
        "contacts": LETTERS,
        "events": {"Hall"},
    },
    numbered={
        "donations": ("d{}", lambda n: f"0.{n + 1:02}"),
        "contacts": ("o{}", lambda n: f"Letter {n}"),
        "signups": ("p{}", lambda n: f"n{n}@example.org"),
    },
    certain={"signups", "signup_taggings", "events"},
    methods=("POST", "PATCH"),
)
PERSON = ("p{}", lambda n: f"n{n}@example.org")
NOTE = ("o{}", lambda n: f"Letter {n}")
ORGANISATION = Load(
    vendor="i360",
    messages=organisation_load,
    found=found_in_organisation,
    expected={"volunteers": PERSONS, "contacts": PERSONS, "volunteer_notes": LETTERS},
    numbered={
        "volunteers": PERSON,
        "contacts": ("c{}", lambda n: f"n{n}@example.org"),
        "volunteer_notes": NOTE,
    },
    certain={"volunteers", "contacts", "volunteer_notes"},
    methods=("POST", "PUT"),
    settings={"i360_unconfirmed_writes": True, "i360_contacts_per_import": 4},
    keys={"volunteers": ("VolunteerID",), "contacts": ("ContactID",), "volunteer_notes": ("NoteID",)},
)
RALLY = Load(
    vendor="rally_congress",
    messages=rally_load,
    found=found_at_rally,
    expected={"supporters": PERSONS, "messages": LETTERS},
    numbered={"supporters": PERSON, "messages": NOTE},
    certain={"supporters"},
    settings={"rally_congress_allow_letters": True},
    prepare=lambda account: account.insert("campaigns", [{"campaignId": "c1", "title": "Parks"}]),
)
PROFILES = Load(
    vendor="crowdskout",
    messages=profile_load,
    found=found_profiles,
    expected={
        "profiles": PERSONS,
        "attributes": {f"tag {n}" for n in range(TAGS)},
        "notes": LETTERS,
        "values": {f"{n}" for n in range(PEOPLE)},
        "phones": PERSONS,
    },
    numbered={"profiles": PERSON},
    certain={"profiles", "attributes", "notes", "values", "phones"},
    methods=("POST", "PUT"),
    settings={"crowdskout_external_id_type": "Our ID", "crowdskout_profiles_per_call": 3},
)


def outcomes(folder: Path) -> dict[tuple[str, str], str]:
    if not (folder / "journal.db").exists():
        return {}
    with sqlite3.connect(folder / "journal.db") as database:
        try:
            rows = database.execute("SELECT stream, source_key, state FROM records").fetchall()
        except sqlite3.OperationalError:  # killed before it had made its tables
            rows = []
    database.close()
    return {(stream, key): outcome for stream, key, outcome in rows}


def check_state(account: Account, folder: Path, out: str, loaded: Load) -> None:
    """Everything before the latest STATE is at the vendor, or in the journal."""
    states = [int(line) for line in out.splitlines() if line.strip()]
    there, kept = loaded.found(account), outcomes(folder)
    for n in range(states[-1] if states else 0):
        for stream, (key, mark) in loaded.numbered.items():
            assert there[stream][mark(n)] or kept[stream, key.format(n)] != "ok", (stream, n)
            assert (stream, key.format(n)) in kept


def check_end(account: Account, folder: Path, *, marked: bool, loaded: Load = GROUP) -> None:
    """Nothing is there twice, and nothing is missing but what the journal reports as unknown."""
    there, kept = loaded.found(account), outcomes(folder)
    unknown = {key for key, outcome in kept.items() if outcome == "unknown"}
    for stream, counts in there.items():
        assert all(count == 1 for count in counts.values()), (stream, counts)
        missing = loaded.expected[stream] - set(counts)
        if marked or stream in loaded.certain:
            assert not missing, stream
        else:
            assert len(missing) <= len(unknown)
    if marked:
        assert not unknown
    for stream, (key, mark) in loaded.numbered.items():
        for n in range(PEOPLE):
            assert there[stream][mark(n)] or (stream, key.format(n)) in unknown
    assert not set(kept.values()) - {"ok", "unknown"}, (folder / "log").read_text()


class Starter:
    """Starts the target without loading it anew: a process that has it loaded, and makes a child of itself."""

    CODE = """
import os, sys
from target_osdi_crm.target import TargetOSDICRM
for line in sys.stdin:
    config, source, out, log = line.rstrip("\\n").split("\\t")
    files = [os.open(path, flags, 0o600) for path, flags in ((source, os.O_RDONLY), (out, 577), (log, 577))]
    child = os.fork()
    if not child:
        for number, opened in enumerate(files):
            os.dup2(opened, number)
        sys.stdin = os.fdopen(0)
        sys.argv = ["target-osdi-crm", "--config", config]
        TargetOSDICRM.cli()
    for opened in files:
        os.close(opened)
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, folder: Path, kill: signal.Signals | None = None, after: float = 0.0) -> tuple[int, str, str]:
        """Run the target, kill it after so many seconds; its exit code, STATE and log."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        names = ("config.json", "input.jsonl", "out", "log")
        stdin.write("\t".join(str(folder / name) for name in names) + "\n")
        stdin.flush()
        child = int(stdout.readline())
        if kill:
            time.sleep(after)
            subprocess.run(["/bin/kill", f"-{int(kill)}", str(child)], check=False, stderr=subprocess.DEVNULL)
        code = int(stdout.readline())
        return code, (folder / "out").read_text(), (folder / "log").read_text()

    def close(self) -> None:
        self._process.communicate()


LOADS = [(GROUP, True), (GROUP, False), *((load, False) for load in (NATION, ORGANISATION, RALLY, PROFILES))]
NAMES = ["with an identifier", "without", "nation", "organisation", "rally", "profiles"]


@pytest.fixture
def starter() -> Any:
    started = Starter()
    yield started
    started.close()


def one_moment(
    sandbox: Sandbox,
    target: Any,
    starter: Starter,
    kill: signal.Signals,
    after: float,
    *,
    loaded: Load,
    marked: bool,
    seed: int,
) -> int:
    """Kill a run at one moment, run again to the end, and look at what there is."""
    shutil.rmtree(target.folder)
    target.folder.mkdir()
    account = sandbox.account(loaded.vendor, latency=0.01, jitter=0.005, index_lag=LAG, seed=seed)
    for method in loaded.methods:
        account.fault(do="cut_after", method=method, share=0.08)
        account.fault(do="delay", seconds=0.2, method=method, share=0.05)
    loaded.prepare(account)
    target.keys.update(loaded.keys)
    settings = loaded.settings | (identified(account) if marked else {})
    more = {"index_lag_seconds": LAG + 0.5, "state_interval_seconds": 0, "timeout_seconds": 5, "fail_on": "none"}
    target.command(account, **settings, **more)
    target.file(loaded.messages(target))

    code, out, log = starter.run(target.folder, kill, after)

    assert code in {-kill, 143, 0}, log
    if kill == signal.SIGTERM and code == -kill:
        assert "completed processing" not in log or "What was done" in log, (
            "it ended before it could listen, or after all"
        )
    check_state(account, target.folder, out, loaded)
    for _ in range(4):
        again, out, log = starter.run(target.folder)
        assert again == 0, log
        if not set(outcomes(target.folder).values()) - {"ok", "unknown"}:
            break
    check_end(account, target.folder, marked=marked, loaded=loaded)
    assert out.splitlines()[-1] == str(PEOPLE)
    return code


def moments(
    sandbox: Sandbox, target: Any, starter: Starter, kill: signal.Signals, number: int, *, loaded: Load, marked: bool
) -> None:
    """Stop runs at so many moments; where half of them had ended by then, at more and earlier ones."""
    chance = random.Random(f"{kill} {marked}")
    codes: Counter[int] = Counter()
    stopped = 143 if kill == signal.SIGTERM else -kill
    longest = 1.5
    for index in range(4 * number):
        after = chance.uniform(0.02, longest)
        code = one_moment(sandbox, target, starter, kill, after, loaded=loaded, marked=marked, seed=index)
        codes[code] += 1
        if code == 0:
            longest = max(after * 0.7, 0.1)
        if index + 1 >= number and codes[stopped] >= number / 2:
            return
    raise AssertionError(codes)


@pytest.mark.parametrize(("loaded", "marked"), LOADS, ids=NAMES)
def test_killed_at_a_few_moments(sandbox: Sandbox, target: Any, starter: Starter, loaded: Load, marked: bool) -> None:
    moments(sandbox, target, starter, signal.SIGKILL, 2, loaded=loaded, marked=marked)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("loaded", "marked"), LOADS, ids=NAMES)
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_killed_at_a_hundred_moments(
    sandbox: Sandbox, target: Any, starter: Starter, kill: signal.Signals, loaded: Load, marked: bool
) -> None:
    moments(sandbox, target, starter, kill, 100, loaded=loaded, marked=marked)


def test_told_to_end_while_it_waits_for_input(sandbox: Sandbox, target: Any, until: Any) -> None:
    account = sandbox.account("action_network")
    process = target.waiting(account, [*target.messages("people", {"id": "1", "email": "a@b.org"}), target.state(7)])
    until(lambda: account.counters()["resources"]["people"] == 1)

    process.send_signal(signal.SIGTERM)
    done = target.ended(process, timeout=15)

    assert done.code == 143
    assert done.states == [7]
    assert "Stopped: The run was told to end." in done.log
    assert "Traceback" not in done.log


def test_told_to_end_in_the_middle_it_settles_what_is_under_way_and_no_more(
    sandbox: Sandbox, target: Any, until: Any
) -> None:
    account = sandbox.account("action_network", latency=0.2)
    messages = []
    for number in range(1500):
        person = {"id": f"{number}", "email": f"n{number}@example.org"}
        messages += [*target.messages("people", person), target.state(number)]
    process = target.started(account, messages)
    until(lambda: account.counters()["resources"]["people"] > 5)

    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    done = target.ended(process)

    assert done.code == 143
    assert time.monotonic() - began < 20, "all would take longer"
    there = len(account.records("people"))
    assert 5 < there < 500
    assert done.states[-1] < there
    assert set(outcomes(target.folder).values()) == {"ok"}


def test_calls_cut_while_the_vendor_still_works_are_settled_within_the_run(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network", index_lag=LAG)
    account.fault(do="cut_after", method="POST", path="donations|outreaches|petitions|campaigns|pages", share=0.5)
    messages = [*load(target), *target.messages("petitions", *({"id": f"a{n}", "title": f"T{n}"} for n in range(8)))]

    done = target(account, messages, index_lag_seconds=LAG + 0.1, **identified(account))

    assert done.code == 0, done.log
    check_end(account, target.folder, marked=True)
    assert Counter(each["title"] for each in account.records("petitions")) == Counter(f"T{n}" for n in range(8))


def test_an_identifier_that_is_taken_by_ourselves_is_found_and_adopted(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network")
    messages = load(target)
    target(account, messages, **identified(account))
    (target.folder / "journal.db").unlink()

    done = target(account, messages, match_keys={"tags": ["name"]}, **identified(account))

    assert done.code == 0, done.log
    check_end(account, target.folder, marked=True)


def test_a_creation_that_never_arrived_is_made_after_all(sandbox: Sandbox, target: Any) -> None:
    account = sandbox.account("action_network", index_lag=LAG)
    account.fault(do="cut_before", method="POST", path="petitions", times=3)

    done = target.write(
        account, "petitions", *({"id": f"{n}", "title": f"T{n}"} for n in range(6)), index_lag_seconds=LAG + 0.1
    )

    assert done.code == 0, done.log
    assert sorted(each["title"] for each in account.records("petitions")) == [f"T{n}" for n in range(6)]


def test_without_an_identifier_an_unanswered_donation_is_reported_and_never_made_again(
    sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account("action_network")
    messages = load(target)
    account.fault(do="cut_after", method="POST", path="donations", times=1)

    first = target(account, messages)
    second = target(account, messages)

    assert first.code == 3
    assert first.count("donations", "unknown") == 1
    assert first.rejects[0]["reason"] == "no answer"
    assert second.code == 0, "it is not new any more"
    assert second.count("donations", "unknown") == 1
    assert target(account, messages, fail_on="any").code == 3
    assert len(account.records("donations")) == PEOPLE


def test_a_full_disk_ends_the_run_before_anything_is_sent_that_the_journal_does_not_know(
    sandbox: Sandbox, target: Any
) -> None:
    account = sandbox.account("action_network")
    messages = target.messages("people", *({"id": str(n), "email": f"n{n}@example.org"} for n in range(3000)))
    path = target.file([*messages, target.state(1)])

    def little_space() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with path.open("rb") as source:
        process = subprocess.Popen(
            target.command(account),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=little_space,  # noqa: PLW1509  sets a limit, nothing else
        )
    full = target.ended(process)

    assert full.code == 1
    assert "The journal cannot be used" in full.log
    assert "Traceback" not in full.log
    assert full.states == []
    there = len(account.records("people"))
    assert 0 < there < 3000
    assert there <= len(outcomes(target.folder)) + 4
    again = target(account, [*messages[:500], target.state(1)])
    assert again.code == 0, again.log
    assert again.states == [1]
    counts = Counter(each["email_addresses"][0]["address"] for each in account.records("people"))
    assert set(counts.values()) == {1}
