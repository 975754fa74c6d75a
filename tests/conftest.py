"""What all tests share: one running sandbox, and the commands as a user would start them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One sandbox for all tests of a worker; each test makes accounts of its own in it."""
    with Sandbox() as running:
        yield running


def settings(account: Account, **more: Any) -> dict[str, Any]:
    """The settings that reach an account of the sandbox, without a pace."""
    own = {f"{account.vendor}_api_url": account.url}
    if account.vendor == "action_network":
        own["action_network_api_token"] = account.key
    return {"vendor": account.vendor, **own, "calls_per_second": 0, **more}


class Run:
    """What a run of the tap put out."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.log = done.stderr
        self.messages: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    @property
    def streams(self) -> set[str]:
        return {m["stream"] for m in self.messages if m["type"] == "SCHEMA"}

    @property
    def state(self) -> dict[str, Any]:
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return states[-1] if states else {}


class TapCommand:
    """The tap's command, with its files in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def command(
        self, config: dict[str, Any], *streams: str, state: dict[str, Any] | None = None, args: tuple[str, ...] = ()
    ) -> list[str]:
        config = {"work_dir": str(self.folder / "work"), **config}
        command = [str(Path(sys.executable).parent / "tap-osdi-crm"), "--config", str(self.file("config.json", config))]
        if streams:
            found = subprocess.run([*command, "--discover"], capture_output=True, text=True, check=True)
            catalog = json.loads(found.stdout)
            for entry in catalog["streams"]:
                for metadata in entry["metadata"]:
                    if not metadata["breadcrumb"]:
                        metadata["metadata"]["selected"] = entry["tap_stream_id"] in streams
            command += ["--catalog", str(self.file("catalog.json", catalog))]
        if state is not None:
            command += ["--state", str(self.file("state.json", state))]
        return [*command, *args]

    def __call__(
        self, config: dict[str, Any], *streams: str, state: dict[str, Any] | None = None, args: tuple[str, ...] = ()
    ) -> Run:
        return Run(
            subprocess.run(self.command(config, *streams, state=state, args=args), capture_output=True, text=True)
        )


@pytest.fixture
def tap(tmp_path: Path) -> TapCommand:
    """The tap's command."""
    return TapCommand(tmp_path)
