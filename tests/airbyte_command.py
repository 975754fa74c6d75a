"""Airbyte connectors, run in this process or as a command; every line they write must be a message of the protocol."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airbyte_protocol.models import AirbyteMessage, ConfiguredAirbyteCatalog
from osdi_crm_client.airbyte.command import Connector, main

from tests.captured_output import OUTPUT

Message = dict[str, Any]


class AirbyteRun:
    """What a run of a connector put out."""

    def __init__(self, code: int, out: bytes, err: str = "") -> None:
        self.code = code
        self.err = err
        lines = [line for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
        self.messages: list[Message] = [json.loads(line) for line in lines]
        for message in self.messages:
            AirbyteMessage.model_validate(message)
            assert message[next(name for name in message if name != "type")], "it tells something"
        OUTPUT.add(err + "\n".join(json.dumps(each) for each in self.messages if each["type"] in {"LOG", "TRACE"}))

    def of(self, kind: str, member: str | None = None) -> list[Any]:
        """What the messages of a kind tell."""
        return [each[member or kind.lower()] for each in self.messages if each["type"] == kind]

    @property
    def status(self) -> Message:
        (status,) = self.of("CONNECTION_STATUS", "connectionStatus")
        return dict(status)

    @property
    def streams(self) -> dict[str, Message]:
        (catalog,) = self.of("CATALOG")
        return {stream["name"]: stream for stream in catalog["streams"]}

    @property
    def errors(self) -> list[Message]:
        return [trace["error"] for trace in self.of("TRACE") if trace["type"] == "ERROR"]

    @property
    def ended(self) -> dict[str, str]:
        """By stream, the status that it was told to have last."""
        told = [trace["stream_status"] for trace in self.of("TRACE") if trace["type"] == "STREAM_STATUS"]
        return {each["stream_descriptor"]["name"]: each["status"] for each in told}

    def records(self, stream: str) -> list[Message]:
        return [record["data"] for record in self.of("RECORD") if record["stream"] == stream]

    @property
    def counts(self) -> Counter[str]:
        return Counter(record["stream"] for record in self.of("RECORD"))

    @property
    def states(self) -> list[Message]:
        """The last state of each stream."""
        return list({each["stream"]["stream_descriptor"]["name"]: each for each in self.of("STATE")}.values())


@dataclass
class AirbyteCommand:
    """A connector, with its files in a folder of the test's own."""

    connector: Connector
    folder: Path

    def file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def arguments(self, command: str, **files: Any) -> list[str]:
        given = [[f"--{name}", self.file(f"{name}.json", each)] for name, each in files.items() if each is not None]
        return [command, *(each for pair in given for each in pair)]

    def __call__(self, command: str, stdin: bytes = b"", **files: Any) -> AirbyteRun:
        """Run it in this process."""
        return self.run(self.arguments(command, **files), stdin)

    def run(self, arguments: list[str], stdin: bytes = b"") -> AirbyteRun:
        out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        root = logging.getLogger()
        before = (root.handlers, root.level, sys.argv, sys.stdin)
        signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        code = 0
        try:
            sys.argv, sys.stdin = ["connector", *arguments], io.TextIOWrapper(io.BytesIO(stdin))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main(self.connector)
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            root.handlers, level, sys.argv, sys.stdin = before
            root.setLevel(level)
            logging.captureWarnings(capture=False)
            for number, handler in signals.items():
                signal.signal(number, handler)
        out.flush()
        return AirbyteRun(code, out.buffer.getvalue(), err.getvalue())


def configured(streams: dict[str, Message], *names: str, mode: str = "incremental") -> Message:
    """A catalog of these streams, or all, in a mode where they have it."""
    chosen = [
        {
            "stream": stream,
            "sync_mode": mode if mode in stream["supported_sync_modes"] else "full_refresh",
            "destination_sync_mode": "append_dedup",
            "primary_key": stream.get("source_defined_primary_key"),
            "cursor_field": stream.get("default_cursor_field"),
        }
        for name, stream in streams.items()
        if not names or name in names
    ]
    ConfiguredAirbyteCatalog.model_validate({"streams": chosen})
    return {"streams": chosen}
