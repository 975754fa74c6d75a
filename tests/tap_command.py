"""The tap as a command, and what a run of it puts out."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import commands, forked

TAP = str(commands.BIN / "tap-osdi-crm")


class TapRun:
    """What a run of the tap put out; a killed one may have been cut in the middle of a line."""

    def __init__(self, code: int, out: str, log: str) -> None:
        self.code = code
        self.out = out
        self.seconds = 0.0
        self.log = log
        self.messages: list[dict[str, Any]] = [
            json.loads(line) for line in out.splitlines(keepends=True) if line[-1] == "\n"
        ]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    def keys(self, stream: str) -> Counter[str]:
        """How often each record of a stream came, by its key."""
        schemas = [m for m in self.messages if m["type"] == "SCHEMA" and m["stream"] == stream]
        return Counter("/".join(r[name] for name in schemas[0]["key_properties"]) for r in self.records(stream))

    @property
    def streams(self) -> set[str]:
        return {m["stream"] for m in self.messages if m["type"] == "SCHEMA"}

    @property
    def state(self) -> dict[str, Any]:
        states = [m["value"] for m in self.messages if m["type"] == "STATE"]
        return states[-1] if states else {}


CATALOGS: dict[str, dict[str, Any]] = {}
"""By the settings a catalog is made of, the catalogs found so far: discovery asks nobody."""


class TapCommand:
    """The tap's command, with its files in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    settings = staticmethod(commands.settings)

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def command(
        self,
        config: dict[str, Any],
        *streams: str,
        state: dict[str, Any] | None = None,
        method: str | None = None,
        args: tuple[str, ...] = (),
    ) -> list[str]:
        config = {"work_dir": str(self.folder / "work"), **config}
        command = [TAP, "--config", str(self.file("config.json", config))]
        if streams:
            made_of = json.dumps(
                [config.get(name) for name in ("vendor", "model", "unconfirmed_streams", "stream_overrides")]
            )
            if made_of not in CATALOGS:
                CATALOGS[made_of] = self.discover(config)
            catalog = copy.deepcopy(CATALOGS[made_of])
            for entry in catalog["streams"]:
                for metadata in entry["metadata"]:
                    if not metadata["breadcrumb"]:
                        metadata["metadata"]["selected"] = entry["tap_stream_id"] in streams
                if method:
                    entry["replication_method"] = method
            command += ["--catalog", str(self.file("catalog.json", catalog))]
        if state is not None:
            command += ["--state", str(self.file("state.json", state))]
        return [*command, *args]

    def __call__(self, config: dict[str, Any], *streams: str, **how: Any) -> TapRun:
        return self.run(self.command(config, *streams, **how)[1:])

    def run(self, args: list[str]) -> TapRun:
        """The command with these arguments."""
        done = forked.run(args, self.folder)
        return TapRun(done.returncode, done.stdout, done.stderr)

    def discover(self, config: dict[str, Any]) -> dict[str, Any]:
        """The catalog."""
        done = forked.run([*self.command(config)[1:], "--discover"], self.folder)
        catalog: dict[str, Any] = json.loads(done.stdout)
        return catalog

    def killed(self, config: dict[str, Any], *streams: str, state: dict[str, Any], after: float) -> TapRun:
        """A run that is killed after so many seconds."""
        process = subprocess.Popen(
            self.command(config, *streams, state=state), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            out, _ = process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        return self.parse(out)

    def until(
        self,
        config: dict[str, Any],
        *streams: str,
        reached: Callable[[], bool],
        end: signal.Signals,
        state: dict[str, Any] | None = None,
    ) -> TapRun:
        """A run that gets a signal as soon as something is reached; `seconds` is what it then took to end."""
        out, log = self.folder / "out", self.folder / "log"
        with out.open("wb") as to_out, log.open("wb") as to_log:
            process = subprocess.Popen(self.command(config, *streams, state=state), stdout=to_out, stderr=to_log)
            while not reached() and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(end)
            asked = time.monotonic()
            process.wait(timeout=60)
        run = self.parse(out.read_bytes())
        run.code, run.log, run.seconds = process.returncode, log.read_text(), time.monotonic() - asked
        return run

    @staticmethod
    def parse(out: bytes) -> TapRun:
        """What a killed run had put out."""
        return TapRun(-9, out.decode(), "")
