"""`osdi-crm-connect` proves an account's settings, tells what they open, and writes down what the plugins take."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from osdi_crm_client.vendor import vendor, vendor_names
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands


def connect(folder: Path, account: Account, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command with the account's settings given, so that it asks for nothing."""
    given = [f"--set={name}={value}" for name, value in account.settings.items() if name != "vendor"]
    command = [commands.BIN / "osdi-crm-connect", "--vendor", account.vendor, "--set=account=mine", *given, *args]
    return commands.run(command, cwd=folder, **options)


@pytest.mark.parametrize("name", vendor_names())
def test_what_it_writes_is_what_the_tap_takes(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account(name, size=3)

    done = connect(tmp_path, account)

    assert done.returncode == 0, done.stderr
    assert f"{vendor(name).title} lets these settings in." in done.stdout
    assert re.search(r"^\w+ +yes +create", done.stdout, re.MULTILINE)
    config = tmp_path / "config.json"
    assert config.stat().st_mode & 0o777 == 0o600
    discovered = commands.run([commands.BIN / "tap-osdi-crm", "--config", config, "--discover"], cwd=tmp_path)
    assert discovered.returncode == 0, discovered.stderr
    named = {stream["tap_stream_id"] for stream in json.loads(discovered.stdout)["streams"]}
    assert named == set(re.findall(r"^(\w+) +(?:yes|no|with|needs)\b", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("name", vendor_names())
def test_a_dry_run_shows_no_secret_and_writes_nothing(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account(name, size=3)

    shown = connect(tmp_path, account, "--dry-run", "--no-rights")
    for_meltano = connect(tmp_path, account, "--dry-run", "--no-rights", "--meltano")

    assert (shown.returncode, for_meltano.returncode) == (0, 0), shown.stderr + for_meltano.stderr
    secrets = {str(value) for name, value in account.settings.items() if name in vendor(account.vendor).secrets}
    assert secrets
    assert not [secret for secret in secrets if secret in shown.stdout + for_meltano.stdout]
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_the_key_may_not_read_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("nationbuilder", size=3)
    account.fault(do="status", status=403, path="/donations$")

    done = connect(tmp_path, account)

    assert done.returncode == 0, done.stderr
    assert re.search(r"^donations +not allowed", done.stdout, re.MULTILINE)
    assert re.search(r"^signups +yes", done.stdout, re.MULTILINE)


def test_it_asks_for_what_is_needed(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("rally_congress", size=3)
    key, token = (account.settings[f"rally_congress_{name}"] for name in ("account_id", "auth_token"))
    command = [commands.BIN / "osdi-crm-connect", "--vendor=rally_congress", f"--set=api_url={account.url}"]

    # Without a terminal the question for a secret goes to standard error, with a warning that it may be seen.
    environment = {"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"}
    done = commands.run(
        [*command, "--no-rights"],
        cwd=tmp_path,
        env=environment,
        input=f"{key}\n{token}\n\n",
    )

    assert done.returncode == 0, done.stderr
    assert token not in done.stdout
    assert json.loads((tmp_path / "config.json").read_text())["rally_congress_auth_token"] == token


def test_wrong_credentials_are_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("action_network", size=3)
    account.settings["action_network_api_token"] = "wrong"

    done = connect(tmp_path, account)

    assert done.returncode == 1
    assert "'action_network_api_token'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "config.json").exists()


def test_for_meltano_it_adds_to_the_env_file(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("crowdskout", size=3)
    (tmp_path / ".env").write_text("OTHER=1\n")

    done = connect(tmp_path, account, "--meltano", "--no-rights")

    assert done.returncode == 0, done.stderr
    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines[0] == "OTHER=1"
    assert f"TAP_CROWDSKOUT_CROWDSKOUT_ACCESS_TOKEN='{account.key}'" in lines
    assert "TARGET_CROWDSKOUT_ACCOUNT='mine'" in lines
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_a_quote_in_a_secret_comes_back_from_the_env_file(sandbox: Sandbox, tmp_path: Path) -> None:
    account = sandbox.account("crowdskout", key="it's a \\ key", size=3)

    done = connect(tmp_path, account, "--meltano", "--no-rights")

    assert done.returncode == 0, done.stderr
    assert dotenv_values(tmp_path / ".env")["TAP_CROWDSKOUT_CROWDSKOUT_ACCESS_TOKEN"] == account.key


def test_an_unknown_setting_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    done = connect(tmp_path, sandbox.account("i360"), "--set=speed=9")

    assert done.returncode == 2
    assert "'speed' is no setting of i360" in done.stderr
