"""What the writing tests share: the target, run in this process or as a command, and the messages it reads."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    def config(self, account: Account, /, **more: Any) -> dict[str, Any]:
        return {
            **self.reach(account),
            "account": "test",
            "work_dir": str(self.folder),
            "index_lag_seconds": 0,
            **self.settings,
            **more,
        }

    @staticmethod
    def schema(stream: str, key: Iterable[str] = ("id",), **properties: Any) -> Message:
        """A SCHEMA message that allows anything, as a foreign tap might send it."""
        schema = {"type": "object", "properties": {**{name: {} for name in key}, **properties}}
        return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}

    @staticmethod
    def tap_schema(vendor: str, stream: str, key: Iterable[str] = ("id",)) -> Message:
        """A SCHEMA message as our tap sends it."""
        schema = osdi_crm_schemas.schema(vendor, stream)
        return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": list(key)}

    def messages(self, stream: str, *records: Message, key: Iterable[str] = ("id",)) -> list[Message]:
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
            return subprocess.Popen(
                self.command(account, **settings),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def ended(self, process: subprocess.Popen[str], timeout: float = 60) -> Done:
        out, log = process.communicate(timeout=timeout)
        return Done(process.returncode, out, log, self.folder)

    def killed(self, account: Account, messages: Iterable[Message | str], calls: int, /, **settings: Any) -> None:
        """Run the target as a command of its own, and kill it when it has made so many calls."""
        process = self.started(account, messages, **settings)
        while account.counters()["calls"] < calls and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.communicate()

    def as_command(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> Done:
        """Run the target as a command of its own."""
        return self.ended(self.started(account, messages, **settings))


@dataclass
class Case:
    """An account of a vendor, and how its people are written and shown.

    Attributes:
        account: The account.
        people: The stream of people.
        given, family: Names of the names.
        creates, changes: Methods of the calls that create and change people.
        stored: Somebody subscribed at this e-mail address and with these names, as the sandbox takes it.
        read: Id, e-mail address and properties of somebody as the sandbox shows it; None of who was always there.
        cannot: Tests that do not apply to the vendor, by name without `test_`, and why.
    """

    account: Account
    people: str
    given: str
    family: str
    creates: str
    changes: str
    stored: Callable[[str, Message], Message]
    read: Callable[[Message], tuple[str, str, Message] | None]
    cannot: dict[str, str] = field(default_factory=dict)

    def person(self, number: int, **more: Any) -> Message:
        """A person as it comes in; `family` is the family name."""
        if "family" in more:
            more[self.family] = more.pop("family")
        return {"id": f"p{number}", self.given: f"Name{number}", "email": f"n{number}@example.org", **more}

    def insert(self, email: str, given: str | None = None) -> str:
        """Put a subscribed person into the account; its id."""
        (there,) = self.account.insert(self.people, [self.stored(email, {self.given: given} if given else {})])
        found = self.read(there)
        assert found
        return found[0]

    def shown(self) -> list[Message]:
        """The people whom tests have made: id, e-mail address and family name."""
        found = [who for each in self.account.records(self.people) if (who := self.read(each))]
        return [{"id": key, "email": email, "family": record.get(self.family)} for key, email, record in found]


def _read_person(raw: Message) -> tuple[str, str, Message]:
    return raw["identifiers"][0].removeprefix("action_network:"), raw["email_addresses"][0]["address"], raw


def _read_signup(raw: Message) -> tuple[str, str, Message] | None:
    """Everybody but the owner of a nation."""
    record = raw["attributes"]
    return None if record["is_cpu"] else (raw["id"], record["email"], record)


CASES: dict[str, dict[str, Any]] = {
    "action_network": {
        "people": "people",
        "given": "given_name",
        "family": "family_name",
        "creates": "POST",
        "changes": "PUT",
        "stored": lambda email, names: {
            "email_addresses": [{"primary": True, "address": email, "status": "subscribed"}],
            **names,
        },
        "read": _read_person,
    },
    "nationbuilder": {
        "people": "signups",
        "given": "first_name",
        "family": "last_name",
        "creates": "PATCH",
        "changes": "PATCH",
        "stored": lambda email, names: {"attributes": {"email": email, "email1": email, **names}},
        "read": _read_signup,
    },
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, sandbox: Sandbox) -> Case:
    """One vendor after the other: what the target promises is promised for each."""
    found = Case(sandbox.account(request.param), **CASES[request.param])
    if why := found.cannot.get(request.node.originalname.removeprefix("test_")):
        pytest.skip(f"{request.param}: {why}")
    return found


def _line(message: Message | str) -> bytes:
    text = message if isinstance(message, str) else json.dumps(message)
    return text.encode() + b"\n"


@pytest.fixture
def target(tmp_path: Path, tap: Any) -> Target:
    """The target."""
    return Target(tmp_path, tap.settings)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds."""

    def wait(holds: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it never came to hold"
            time.sleep(0.02)

    return wait
