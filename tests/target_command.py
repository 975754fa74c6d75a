"""The target, run in this process or as a command, and what a run of it leaves."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import osdi_crm_schemas
from osdi_crm_sandbox.control import Account
from target_osdi_crm.target import TargetOSDICRM

from tests import commands

Message = dict[str, Any]
TARGET = str(commands.BIN / "target-osdi-crm")


class TargetRun:
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
class TargetCommand:
    """The target, writing to accounts of the sandbox; makes the messages it reads, too.

    Attributes:
        folder: Where its files are.
        settings: What each run is set to beside what a test says of it.
        keys: The key properties of streams whose key is not `id`.
        running: The commands that were started.
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def config(self, account: Account, /, **more: Any) -> dict[str, Any]:
        return {
            **commands.settings(account),
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

    def __call__(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> TargetRun:
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
        return TargetRun(code, out.getvalue(), log.getvalue(), self.folder)

    def write(self, account: Account, stream: str, /, *records: Message, **settings: Any) -> TargetRun:
        """Run the target on records of one stream."""
        return self(account, self.messages(stream, *records), **settings)

    def file(self, messages: Iterable[Message | str]) -> Path:
        path = self.folder / "input.jsonl"
        path.write_bytes(b"".join(_line(each) for each in messages))
        return path

    def command(self, account: Account, /, **settings: Any) -> list[str]:
        path = self.folder / "config.json"
        path.write_text(json.dumps(self.config(account, **settings)))
        return [TARGET, "--config", str(path)]

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

    def ended(self, process: subprocess.Popen[str], timeout: float = 60) -> TargetRun:
        out, log = commands.finish(process, timeout=timeout)
        return TargetRun(process.returncode, out, log, self.folder)

    def as_command(self, account: Account, messages: Iterable[Message | str], /, **settings: Any) -> TargetRun:
        """Run the target as a command of its own."""
        return self.ended(self.started(account, messages, **settings))


def _line(message: Message | str) -> bytes:
    text = message if isinstance(message, str) else json.dumps(message)
    return text.encode() + b"\n"
