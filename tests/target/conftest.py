"""What the writing tests share: the target, run in this process or as a command, and the messages it reads."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import osdi_crm_schemas
import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.target import TargetOSDICRM

Message = dict[str, Any]
COMMAND = str(Path(sys.executable).parent / "target-osdi-crm")


class Done:
    """A finished run, and the files it left."""

    def __init__(self, code: int, out: str, log: str, folder: Path) -> None:
        self.code = code
        self.out = out
        self.log = log
        self.folder = folder
        summary = folder / "summary.json"
        self.summary: dict[str, Any] = json.loads(summary.read_text()) if summary.exists() else {}
        self.rejects = self._lines("rejected.jsonl")
        self.plan = self._lines("plan.jsonl")

    @property
    def states(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    def count(self, stream: str, what: str) -> int:
        return int(self.summary["streams"][stream][what])

    def by(self, stream: str, what: str) -> dict[str, int]:
        return dict(self.summary["streams"][stream].get(f"{what}_by", {}))

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass
class Target:
    """The target, writing to accounts of the sandbox, with its files in a folder of the test's own."""

    folder: Path
    reach: Callable[[Account], dict[str, Any]]
    settings: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def config(self, account: Account, /, **more: Any) -> dict[str, Any]:
        return {
            **self.reach(account),
            "account": "test",
            "work_dir": str(self.folder),
            "index_lag_seconds": 0,
            **self.settings,
            **more,
        }

    def schema(self, stream: str, key: Iterable[str] | None = None, **properties: Any) -> Message:
        """A SCHEMA message that allows anything, as a foreign tap might send it."""
        key = self.keys.get(stream, ("id",)) if key is None else key
        schema = {"type": "object", "properties": {**{name: {} for name in key}, **properties}}
        return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}

    @staticmethod
    def tap_schema(vendor: str, stream: str, key: Iterable[str] = ("id",)) -> Message:
        """A SCHEMA message as our tap sends it."""
        schema = osdi_crm_schemas.schema(vendor, stream)
        return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}

    def messages(self, stream: str, *records: Message, key: Iterable[str] | None = None) -> list[Message]:
        return [self.schema(stream, key), *({"type": "RECORD", "stream": stream, "record": each} for each in records)]

    @staticmethod
    def state(value: Any) -> Message:
        return {"type": "STATE", "value": value}

    def __call__(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> Done:
        """Run the target in this process."""
        lines = b"".join(_line(each) for each in messages)
        out, log = io.StringIO(), io.StringIO()
        handler = logging.StreamHandler(log)
        root = logging.getLogger()
        level = root.level
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        code = 0
        try:
            with contextlib.redirect_stdout(out):
                TargetOSDICRM(config=self.config(account, **settings)).listen(io.BytesIO(lines))  # type: ignore[arg-type]
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            for number, before in handlers.items():
                signal.signal(number, before)
        return Done(code, out.getvalue(), log.getvalue(), self.folder)

    def write(self, account: Account, stream: str, /, *records: Message, **settings: Any) -> Done:
        """Run the target on records of one stream."""
        return self(account, self.messages(stream, *records), **settings)

    def file(self, messages: Iterable[Message | str]) -> Path:
        path = self.folder / "input.jsonl"
        path.write_bytes(b"".join(_line(each) for each in messages))
        return path

    def command(self, account: Account, /, **settings: Any) -> list[str]:
        path = self.folder / "config.json"
        path.write_text(json.dumps(self.config(account, **settings)))
        return [COMMAND, "--config", str(path)]

    def started(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> subprocess.Popen[str]:
        """The target as a command of its own, reading all these messages."""
        with self.file(messages).open("rb") as source:
            return self._begun(account, source, **settings)

    def waiting(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> subprocess.Popen[str]:
        """The target as a command of its own, which has read all these messages and waits for more."""
        process = self._begun(account, subprocess.PIPE, **settings)
        assert process.stdin
        process.stdin.write(b"".join(_line(each) for each in messages).decode())
        process.stdin.flush()
        return process

    def _begun(self, account: Account, source: IO[bytes] | int, /, **settings: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(account, **settings),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def kill_what_runs(self) -> None:
        """End the commands that a test has left running."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def ended(self, process: subprocess.Popen[str], timeout: float = 60) -> Done:
        out, log = process.communicate(timeout=timeout)
        return Done(process.returncode, out, log, self.folder)

    def as_command(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> Done:
        """Run the target as a command of its own."""
        return self.ended(self.started(account, messages, **settings))


@dataclass(frozen=True)
class Case:
    """One vendor as the writing tests see it: how its people come in, are sent and are shown.

    Attributes:
        vendor: Its name.
        people: The stream of people.
        key: Its key.
        given: The name of the given name.
        family: The name of something that a person has one of, such as the family name.
        creates: Method and path of the calls that create people.
        changes: The method of those that change them.
        stored: Makes a subscribed person with an e-mail address and a given name as the sandbox holds one.
        seen: Id, e-mail address and family name of a person as the sandbox holds one.
        nested: How `family` comes in.
        named: What else a person comes in with, by the e-mail address.
        status: The property that says whether somebody is subscribed, and how it says so of one who is and who is not.
        state: What a person as the sandbox holds one says of that.
        is_made: Whether somebody at the vendor is there because a test put them there.
        settings: Further settings of the target.
        reads: Paths of calls that read, whatever their method.
        cannot: Tests that do not apply to the vendor, by name without `test_`, and why.
        account: The account of a test.
    """

    vendor: str
    people: str
    key: str
    given: str
    family: str
    creates: tuple[str, str]
    changes: str
    stored: Callable[[str, str], Message]
    seen: Callable[[Message], tuple[str, str, Any]]
    nested: Callable[[str], Any] = str
    named: Callable[[str], Message] = lambda _: {}
    status: tuple[str, Any, Any] = ("", None, None)
    state: Callable[[Message], Any] = lambda _: None
    is_made: Callable[[Message], bool] = bool
    settings: dict[str, Any] = field(default_factory=dict)
    reads: str = "^$"
    cannot: dict[str, str] = field(default_factory=dict)
    account: Any = None

    def person(self, number: int, **more: Any) -> Message:
        """A person as it comes in; `family` is the family name, `subscribed` the status."""
        return self.record(f"p{number}", f"n{number}@example.org", **{self.given: f"Name{number}", **more})

    def record(self, key: str, email: str, **more: Any) -> Message:
        """The same, with a key and an e-mail address."""
        if "family" in more:
            more[self.family] = self.nested(more.pop("family"))
        if "subscribed" in more:
            name, into, out = self.status
            more[name] = into if more.pop("subscribed") else out
        return {self.key: key, "email": email, **self.named(email), **more}

    def insert(self, email: str, given: str = "Somebody") -> str:
        """Put a subscribed person into the account; its id."""
        (there,) = self.account.insert(self.people, [self.stored(email, given)])
        return self.seen(there)[0]

    def shown(self) -> list[Message]:
        """The people whom tests have made: id, e-mail address and family name."""
        found = [each for each in self.account.records(self.people) if self.is_made(each)]
        return [dict(zip(("id", "email", "family"), self.seen(each), strict=True)) for each in found]

    def is_subscribed(self) -> bool:
        """Whether the only person there is subscribed."""
        (there,) = filter(self.is_made, self.account.records(self.people))
        return bool(self.state(there) == self.status[1])

    def writes(self) -> list[Message]:
        """The calls that were meant to write."""
        methods = {"POST", "PUT", "PATCH", "DELETE"}
        log = self.account.log()
        return [each for each in log if each["method"] in methods and not re.search(self.reads, each["path"])]


def _at_action_network(email: str, given: str) -> Message:
    address = {"primary": True, "address": email, "status": "subscribed"}
    return {"email_addresses": [address], "given_name": given}


def _in_a_nation(raw: Message) -> tuple[str, str, Any]:
    return raw["id"], raw["attributes"]["email"], raw["attributes"]["last_name"]


NO_STATUS = dict.fromkeys(
    (
        "a_new_person_of_any_vendor_is_not_subscribed_unless_the_setting_says_so",
        "the_status_of_a_new_person_of_any_vendor_is_the_records",
        "a_record_without_a_status_touches_nobodys_at_any_vendor",
        "an_opt_out_reaches_any_vendor_and_is_reversed_only_if_allowed",
        "an_opt_out_counts_at_any_vendor_though_its_record_is_no_good",
        "an_address_that_opted_out_stays_so_at_any_vendor_when_somebody_else_gets_it",
        "an_opt_out_wins_over_another_record_of_the_same_run_at_any_vendor",
    ),
    "the vendor knows no subscription status",
)
KIND = "Our ID"

CASES = [
    Case(
        vendor="action_network",
        people="people",
        key="id",
        given="given_name",
        family="family_name",
        creates=("POST", "/people$"),
        changes="PUT",
        stored=_at_action_network,
        seen=lambda raw: (
            raw["identifiers"][0].removeprefix("action_network:"),
            raw["email_addresses"][0]["address"],
            raw.get("family_name"),
        ),
        status=("email_status", "subscribed", "unsubscribed"),
        state=lambda raw: raw["email_addresses"][0]["status"],
    ),
    Case(
        vendor="nationbuilder",
        people="signups",
        key="id",
        given="first_name",
        family="last_name",
        creates=("PATCH", "/signups/push$"),
        changes="PATCH",
        stored=lambda email, given: {
            "attributes": {"email": email, "email1": email, "first_name": given, "email_opt_in": True}
        },
        seen=_in_a_nation,
        status=("email_opt_in", True, False),
        state=lambda raw: raw["attributes"]["email_opt_in"],
        is_made=lambda raw: not raw["attributes"].get("is_cpu"),  # the owner of a nation is there from the first
    ),
    Case(
        vendor="i360",
        people="volunteers",
        key="VolunteerID",
        given="FirstName",
        family="LastName",
        creates=("POST", "/Volunteers$"),
        changes="PUT",
        stored=lambda email, given: {"Email": email, "FirstName": given},
        seen=lambda raw: (str(raw["VolunteerID"]), raw["Email"], raw.get("LastName")),
        reads="/Search$|/connect/token$",
        cannot=NO_STATUS,
    ),
    Case(
        vendor="rally_congress",
        people="supporters",
        key="id",
        given="firstName",
        family="lastName",
        creates=("POST", "/supporters$"),
        changes="POST",
        stored=lambda email, given: {"email": email, "firstName": given, "emailOptin": "yes"},
        seen=lambda raw: (raw["id"], raw["email"], raw.get("lastName")),
        status=("emailOptin", "yes", "unsubscribed"),
        state=lambda raw: raw["emailOptin"],
    ),
    Case(
        vendor="crowdskout",
        people="profiles",
        key="id",
        given="first_name",
        family="Households",  # of which, unlike names, a profile has one at most
        creates=("POST", "/profile$"),
        changes="PUT",
        stored=lambda email, given: {
            "Names": [{"FirstName": given}],
            "EmailAddresses": [{"Email": email}],
            "ExternalIDs": [{"ExternalID": email, "ExternalIDType": {"id": 1, "value": KIND}}],
        },
        seen=lambda raw: (
            str(raw["id"]),
            raw["EmailAddresses"][-1]["Email"],  # one that is changed is added
            next((each["HouseholdID"] for each in raw.get("Households") or ()), None),
        ),
        nested=lambda name: [{"HeadOfHousehold": {"value": "Yes"}, "HouseholdID": name}],
        named=lambda email: {"external_id": email},  # profiles are found by nothing else
        settings={"crowdskout_external_id_type": KIND},
        cannot={
            **NO_STATUS,
            "an_address_that_passes_to_somebody_else_does_not_make_two_people_one": "profiles keep the IDs they had",
        },
    ),
]


@pytest.fixture(params=CASES, ids=[case.vendor for case in CASES])
def case(request: pytest.FixtureRequest, sandbox: Sandbox, target: Target) -> Case:
    """One vendor after the other: what the target promises is promised for each."""
    found: Case = request.param
    if why := found.cannot.get(request.node.originalname.removeprefix("test_")):
        pytest.skip(f"{found.vendor}: {why}")
    target.settings.update(found.settings)
    target.keys[found.people] = (found.key,)
    return replace(found, account=sandbox.account(found.vendor))


def _line(message: Message | str) -> bytes:
    text = message if isinstance(message, str) else json.dumps(message)
    return text.encode() + b"\n"


@pytest.fixture
def target(tmp_path: Path, tap: Any) -> Iterator[Target]:
    """The target."""
    made = Target(tmp_path, tap.settings)
    yield made
    made.kill_what_runs()
