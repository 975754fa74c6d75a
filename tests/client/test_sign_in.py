"""The command osdi-crm-sign-in, as a person and a browser meet it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from osdi_crm_client import account as client
from osdi_crm_sandbox.control import Account

from tests import commands

App = Callable[..., dict[str, Any]]


class SignIn:
    """The command, begun; `page` is the address that the person is asked to open."""

    def __init__(self, config: dict[str, Any], folder: Path, *args: str) -> None:
        file = folder / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        self._process = subprocess.Popen(
            [str(Path(sys.executable).parent / "osdi-crm-sign-in"), "--config", str(file), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "BROWSER": "true"},
        )
        assert self._process.stdout is not None
        self.page = next((line.strip() for line in self._process.stdout if "http" in line), "")

    def end(self, typed: str = "") -> tuple[int, str]:
        """Its exit code and what it said, to both outputs."""
        out, errors = commands.finish(self._process, typed, timeout=60)
        return self._process.returncode, out + errors


@pytest.fixture
def callback(account: Account) -> str:
    """The app's callback, at a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://localhost:{server.getsockname()[1]}/callback"
    account.set(redirect_uri=address)
    return address


def sent_to(page: str) -> str:
    """Where the vendor's page sends the browser back to."""
    return requests.get(page, allow_redirects=False, timeout=30).headers["Location"]


def test_the_browser_comes_back_and_tap_and_target_find_the_tokens(
    app: App, account: Account, callback: str, tmp_path: Path
) -> None:
    config = app(nationbuilder_refresh_token="")
    command = SignIn(config, tmp_path, "--callback", callback)
    asked = parse_qs(urlsplit(command.page).query)
    answer = requests.get(command.page, timeout=60)
    code, said = command.end()

    assert asked["redirect_uri"] == [callback]
    assert asked["response_type"] == ["code"]
    assert answer.text == "Thank you; this page can be closed."
    assert code == 0, said
    assert "Signed in to NationBuilder" in said
    account.clear_log()
    client.Account(config).check()
    assert [call["method"] for call in account.log()] == ["GET"]
    stored = json.loads((tmp_path / "work" / "tokens.json").read_text())
    assert [pair["access_token"] in said for pair in stored.values()] == [False]


def test_the_address_can_be_pasted_where_there_is_no_browser(app: App, account: Account, tmp_path: Path) -> None:
    account.set(redirect_uri="https://example.org/app")
    config = app(nationbuilder_refresh_token="used-up")
    command = SignIn(config, tmp_path, "--paste", "--callback", "https://example.org/app")
    code, said = command.end(sent_to(command.page) + "\n")

    assert code == 0, said
    client.Account(config).check()


def test_answers_to_another_sign_in_are_ignored(app: App, callback: str, tmp_path: Path) -> None:
    command = SignIn(app(), tmp_path, "--callback", callback)
    forged = requests.get(callback, params={"code": "of-somebody-else", "state": "another"}, timeout=60)
    elsewhere = requests.get(callback.replace("/callback", "/favicon.ico"), timeout=60)
    requests.get(command.page, timeout=60)

    assert forged.status_code == elsewhere.status_code == 400
    assert command.end()[0] == 0


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("{there}&state=another", "That address answers to another sign-in"),
        ("only-the-code", "That is not the whole address"),
        ("", "That is not the whole address"),
        ("https://example.org/?error=access_denied", "did not let the app in (access_denied)"),
    ],
)
def test_what_is_pasted_must_answer_to_this_sign_in(
    app: App, callback: str, tmp_path: Path, pasted: str, why: str
) -> None:
    command = SignIn(app(), tmp_path, "--paste", "--callback", callback)
    code, said = command.end(pasted.replace("{there}", sent_to(command.page).split("&state")[0]) + "\n")

    assert code == 1
    assert why in said
    assert "Traceback" not in said
    assert not (tmp_path / "work" / "tokens.json").exists()


def test_a_refusal_in_the_browser_ends_the_command(app: App, account: Account, callback: str, tmp_path: Path) -> None:
    account.set(refuse_authorization=True)
    command = SignIn(app(), tmp_path, "--callback", callback)
    requests.get(command.page, timeout=60)

    code, said = command.end()
    assert (code, said.strip()) == (1, "The vendor did not let the app in (access_denied).")


def test_a_code_that_is_over_is_one_clear_line(app: App, account: Account, callback: str, tmp_path: Path) -> None:
    account.set(code_seconds=0)
    command = SignIn(app(), tmp_path, "--callback", callback)
    requests.get(command.page, timeout=60)
    code, said = command.end()

    assert code == 1
    assert "NationBuilder did not take the code (invalid_grant)" in said
    assert account.credentials["client_secret"] not in said


def test_a_code_without_an_answer_is_one_clear_line(app: App, account: Account, callback: str, tmp_path: Path) -> None:
    account.fault(do="cut_after", path="/oauth/token")
    command = SignIn(app(), tmp_path, "--callback", callback)
    requests.get(command.page, timeout=60)

    code, said = command.end()
    assert (code, said.strip()) == (1, "NationBuilder did not say whether it took the code. Start again.")


@pytest.mark.parametrize(
    ("change", "args", "why"),
    [
        ({"nationbuilder_client_id": ""}, (), "The setting 'nationbuilder_client_id' is missing"),
        ({"nationbuilder_slug": ""}, (), "The setting 'nationbuilder_slug' is missing"),
        ({"vendor": "hubspot"}, (), "The setting 'vendor'"),
        ({"vendor": "action_network"}, (), "Action Network is not signed in to in a browser"),
        (
            {},
            ("--callback", "https://example.org/app"),
            "Nothing on this machine can answer to https://example.org/app",
        ),
    ],
)
def test_wrong_settings_are_one_clear_line(
    app: App, tmp_path: Path, change: dict[str, Any], args: tuple[str, ...], why: str
) -> None:
    code, said = SignIn(app(**change), tmp_path, *args).end()

    assert code == 1
    assert why in said
    assert len(said.splitlines()) == 1


def test_a_callback_that_is_taken_is_one_clear_line(app: App, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://localhost:{taken.getsockname()[1]}/callback"
        code, said = SignIn(app(), tmp_path, "--callback", address).end()

    assert (code, said) == (1, f"Nothing can listen at {address} (Address already in use); use --paste.\n")


def test_settings_that_cannot_be_read_are_one_clear_line(tmp_path: Path) -> None:
    for content, why in (
        (None, "No such file"),
        ("{", "The file of settings cannot be read"),
        ("[]", "does not hold a JSON object"),
        ("{}", "The setting 'vendor'"),
    ):
        file = tmp_path / "settings.json"
        if content is not None:
            file.write_text(content)
        command = [str(Path(sys.executable).parent / "osdi-crm-sign-in"), "--config", str(file)]
        done = commands.run(command)
        assert done.returncode == 1
        assert why in done.stderr
        assert len(done.stderr.splitlines()) == 1
