"""The programs that are measured: our tap and target, and what they are compared with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osdi_crm_sandbox.control import Account

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


def settings(account: Account, folder: Path, **more: Any) -> dict[str, Any]:
    """Return our plugins' settings for an account of the sandbox."""
    return {**account.settings, "work_dir": str(folder / "work"), **more}


def _file(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def tap(
    account: Account,
    streams: str | tuple[str, ...] | None,
    folder: Path,
    *,
    state: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[str, ...]:
    """Return the command that reads one stream with our tap, some, or all of them."""
    wanted = (streams,) if isinstance(streams, str) else streams
    config = _file(folder, "tap-settings.json", settings(account, folder, **more))
    command = (str(BIN / "tap-osdi-crm"), "--config", config)
    catalog = json.loads(subprocess.run([*command, "--discover"], capture_output=True, check=True).stdout)
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = wanted is None or entry["tap_stream_id"] in wanted
    given: tuple[str, ...] = ("--catalog", _file(folder, "catalog.json", catalog))
    if state is not None:
        given += ("--state", _file(folder, "state.json", state))
    return (*command, *given)


def target(account: Account, folder: Path, **more: Any) -> tuple[str, ...]:
    """Return the command that writes with our target; records come in on standard input."""
    config = settings(account, folder, **more) | {"account": "benchmark"}
    return (str(BIN / "target-osdi-crm"), "--config", _file(folder, "target-settings.json", config))


def bare_tap(account: Account, folder: Path) -> tuple[str, ...]:
    """Return the command that reads the people with the template's tap."""
    config = _file(folder, "bare-settings.json", {"api_url": account.url, "auth_token": account.key})
    return (sys.executable, str(HERE / "bare_tap.py"), "--config", config)


def pages_with_requests(account: Account) -> tuple[str, ...]:
    """Return the command that reads the people with `requests` and the standard library's JSON."""
    return (sys.executable, str(HERE / "requests_loop.py"), account.key, f"{account.url}/people?per_page=25")


def pages_with_orjson(account: Account) -> tuple[str, ...]:
    """Return the command that reads the people with urllib3 and orjson."""
    return (sys.executable, str(HERE / "orjson_loop.py"), account.key, f"{account.url}/people?per_page=25")


def same_calls(account: Account, log: list[dict[str, Any]], folder: Path) -> tuple[str, ...]:
    """Return the command that makes the calls of a log once more, at this account, one after the other."""
    root = account.url[: account.url.index(account.vendor) + len(account.vendor)]
    file = folder / "calls.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for call in log:
            lines.write(json.dumps([call["method"], root + call["path"], call["query"], call["body"]]) + "\n")
    return (sys.executable, str(HERE / "requests_loop.py"), account.key, "--calls", str(file))
