"""Signing in with tokens that rotate: one refresh for all, nothing used before it is stored, nobody locked out."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from osdi_crm_client import account as client
from osdi_crm_client import redaction, retry, token_store, tokens
from osdi_crm_client.errors import ConfigurationError, NotSignedIn, Unavailable
from osdi_crm_sandbox.control import Account

from tests import commands

App = Callable[..., dict[str, Any]]


@pytest.fixture(params=["file", "sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, app: App, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Settings with each kind of token store."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres")
        yield app(token_store=url)
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE IF EXISTS osdi_crm_tokens"))
        engine.dispose()
    elif request.param == "sqlite":
        yield app(token_store=f"sqlite:///{tmp_path / 'tokens.db'}")
    else:
        yield app()


def check(config: dict[str, Any]) -> None:
    client.Account(config).check()


def refreshes(account: Account) -> list[dict[str, Any]]:
    return [call for call in account.log() if call["path"].endswith("/oauth/token")]


def reads(account: Account) -> list[int]:
    return [call["status"] for call in account.log() if call["method"] == "GET"]


def end_access(account: Account) -> None:
    """Let every access token of the nation's app end now, whatever its holders believe."""
    live = [token["id"] for token in account.records("tokens") if token["kind"] == "oauth"]
    account.change("tokens", live, expires_in=0)


def later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Let our clock go on by so much; an access token lives a day."""
    monkeypatch.setattr(token_store, "time", SimpleNamespace(time=lambda: time.time() + days * 86_400))


def test_the_first_run_refreshes_and_those_after_it_use_what_is_stored(kept: dict[str, Any], account: Account) -> None:
    for _ in range(3):
        check(kept)

    assert len(refreshes(account)) == 1
    assert reads(account) == [200, 200, 200]


def test_the_store_can_be_read_by_its_owner_only(app: App, account: Account, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        check(app())
    finally:
        os.umask(before)

    kept = sorted((tmp_path / "work").iterdir())
    assert [file.name for file in kept] == ["tokens.json", "tokens.json.lock"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}


def test_a_token_that_ends_before_a_run_is_refreshed_before_a_call(
    kept: dict[str, Any], account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(kept)
    later(monkeypatch, days=2)
    check(kept)

    assert len(refreshes(account)) == 2
    assert reads(account) == [200, 200]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_token_that_ends_in_the_middle_is_refreshed_once_and_the_call_made_again(
    kept: dict[str, Any], account: Account, wrapped: bool
) -> None:
    account.set(wrapped_errors=wrapped)
    reader = client.Account(kept)
    reader.check()
    end_access(account)
    reader.check()

    assert len(refreshes(account)) == 2
    assert reads(account) == [200, 401, 200]


def test_a_token_that_another_process_got_may_have_ended_as_well(kept: dict[str, Any], account: Account) -> None:
    first, second = client.Account(kept), client.Account(kept)
    for each in (first, second):
        each.check()
        end_access(account)
    first.check()
    end_access(account)

    second.check()

    assert len(refreshes(account)) == 4
    assert reads(account)[-3:] == [401, 401, 200]


def test_a_write_that_meets_the_end_of_the_token_is_made_once(app: App, account: Account) -> None:
    writer = client.Account(app())
    writer.check()
    end_access(account)
    body = {"data": {"type": "signup_tags", "attributes": {"name": "made once"}}}
    writer.call("POST", "signup_tags", json=body, repeatable=False)

    assert sum(tag["attributes"]["name"] == "made once" for tag in account.records("signup_tags")) == 1


def test_many_threads_refresh_once(kept: dict[str, Any], account: Account) -> None:
    reader = client.Account(kept)
    reader.check()
    end_access(account)
    threads = [threading.Thread(target=reader.check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refreshes(account)) == 2
    assert reads(account).count(200) == 9


def test_many_processes_refresh_once_and_nobody_is_locked_out(
    kept: dict[str, Any], account: Account, tmp_path: Path
) -> None:
    account.set(latency=0.3)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(kept))
    code = (
        "import json, sys; from osdi_crm_client.account import Account;"
        f" Account(json.load(open({str(file)!r}))).check()"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    said = [commands.finish(process)[1].decode() for process in running]

    assert said == [""] * 4
    assert len(refreshes(account)) == 1
    assert reads(account) == [200] * 4


def test_a_new_pair_that_cannot_be_stored_is_not_used(app: App, account: Account, tmp_path: Path) -> None:
    (tmp_path / "work" / "tokens.json.new").mkdir(parents=True)

    with pytest.raises(ConfigurationError, match=r"Tokens cannot be kept in .*tokens.json"):
        check(app())

    assert reads(account) == []


@pytest.mark.parametrize("fault", [{"do": "cut_after"}, {"do": "status", "status": 500}, {"do": "malformed"}])
def test_a_refresh_without_an_answer_is_not_tried_again_and_says_what_to_do(
    kept: dict[str, Any], account: Account, fault: dict[str, Any]
) -> None:
    account.fault(**fault, path="/oauth/token", times=1)
    for why in ("Refreshing the access token got no answer", "A refresh of the access token got no answer earlier"):
        with pytest.raises(ConfigurationError, match=rf"{why}.*osdi-crm-sign-in.*nationbuilder_refresh_token"):
            check(kept)
    assert len(refreshes(account)) == 1

    again = account.insert("tokens", [{"kind": "oauth"}])[0]
    check({**kept, "nationbuilder_refresh_token": again["refresh_token"]})
    assert reads(account) == [200]


def test_a_refresh_in_the_middle_of_which_a_process_was_killed_is_not_sent_again(
    kept: dict[str, Any], account: Account, tmp_path: Path, until: Any
) -> None:
    account.fault(do="delay", seconds=3, path="/oauth/token", times=1)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(kept))
    code = f"import json; from osdi_crm_client.account import Account; Account(json.load(open({str(file)!r}))).check()"
    killed = subprocess.Popen([sys.executable, "-c", code])
    until(lambda: refreshes(account))
    killed.kill()
    killed.wait()

    with pytest.raises(ConfigurationError, match="A refresh of the access token got no answer earlier"):
        check(kept)

    assert len(refreshes(account)) == 1


@pytest.mark.parametrize(
    "fault",
    [{"do": "html", "status": 403}, {"do": "html", "status": 503}, {"do": "status", "status": 429}],
    ids=["challenge", "away", "busy"],
)
def test_a_refresh_that_was_held_back_is_tried_again(app: App, account: Account, fault: dict[str, Any]) -> None:
    account.fault(**fault, path="/oauth/token", times=2)
    check(app())

    assert [call["status"] for call in refreshes(account)] == [fault["status"], fault["status"], 200]


def test_a_refresh_that_never_left_uses_nothing_up(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MAX_TRIES", 2)
    config = app(nationbuilder_api_url="http://127.0.0.1:9/api/v2")
    with pytest.raises(Unavailable, match="no connection for signing in could be made"):
        check(config)

    reached = client.Account(config)
    assert reached.vendor.code_grant
    with tokens.store(reached.settings).locked() as held:
        found = held.read(reached.vendor.code_grant(reached.own, reached.settings).key)
    assert found
    assert not found.lost


def test_a_revoked_refresh_token_is_one_clear_sentence(app: App, account: Account) -> None:
    redaction.hide("revoked-and-echoed")
    with pytest.raises(ConfigurationError) as caught:
        check(app(nationbuilder_refresh_token="revoked-and-echoed"))

    assert str(caught.value).startswith("The vendor does not take the refresh token (invalid_grant)")
    assert "osdi-crm-sign-in" in str(caught.value)
    assert "revoked-and-echoed" not in str(caught.value)


def test_a_wrong_app_is_named_by_its_settings(app: App) -> None:
    with pytest.raises(ConfigurationError, match="The vendor does not know the app: check 'nationbuilder_client_id'"):
        check(app(nationbuilder_client_secret="of-another-app"))


def test_a_newly_pasted_token_wins_over_a_stale_store(kept: dict[str, Any], account: Account) -> None:
    check(kept)
    for token in account.records("tokens"):
        account.change("tokens", [token["id"]], refresh_token=None, expires_in=0)
    with pytest.raises(ConfigurationError, match="used up or revoked"):
        check(kept)

    pasted = account.insert("tokens", [{"kind": "oauth"}])[0]["refresh_token"]
    check({**kept, "nationbuilder_refresh_token": pasted})


def test_a_test_token_needs_neither_store_nor_app(account: Account, tmp_path: Path) -> None:
    plain = {
        "vendor": "nationbuilder",
        "nationbuilder_slug": account.credentials["slug"],
        "nationbuilder_api_url": account.url,
        "nationbuilder_access_token": account.key,
        "work_dir": str(tmp_path / "work"),
    }
    check(plain)
    assert not (tmp_path / "work").exists()

    account.change("tokens", [account.key], expires_in=0)
    with pytest.raises(NotSignedIn, match=r"the access token has run out.*new test token.*osdi-crm-sign-in"):
        check(plain)

    account.delete("tokens", [account.key])
    with pytest.raises(NotSignedIn, match=r"does not accept the credentials.*revoked"):
        check(plain)

    legacy = account.credentials["legacy_token"]
    with pytest.raises(NotSignedIn, match=r"the token is one of API v1.*osdi-crm-sign-in"):
        check({**plain, "nationbuilder_access_token": legacy})

    del plain["nationbuilder_access_token"]
    with pytest.raises(ConfigurationError, match="There is nothing to sign in with"):
        check(plain)


def test_a_token_of_version_1_is_exchanged_once(app: App, account: Account) -> None:
    config = app(nationbuilder_refresh_token=account.credentials["legacy_token"])
    check(config)
    check(config)

    assert len(refreshes(account)) == 1


GRANTED = {"access_token": "an-access-token", "expires_in": 86_400, "refresh_token": "the-next-one"}


@pytest.mark.parametrize(
    "odd", ["two\r\nlines", "\ud83d", "\U0001f600", "\xe9", " ", 5, True, ["x"], {"a": 1}], ids=ascii
)
def test_what_cannot_be_sent_is_no_token(app: App, account: Account, odd: Any) -> None:
    account.fault(
        do="status", status=200, body=json.dumps({**GRANTED, "access_token": odd}), path="/oauth/token", times=1
    )

    with pytest.raises(ConfigurationError, match="Refreshing the access token got no answer"):
        check(app())

    assert reads(account) == []


@pytest.mark.parametrize("odd", ["NaN", "1e999", "-5", "0", "true", "9" * 400, '"soon"', "[1]", "null"])
def test_a_lifetime_that_no_token_has_is_not_believed(app: App, account: Account, odd: str) -> None:
    body = json.dumps(GRANTED).replace("86400", odd)
    account.fault(do="status", status=200, body=body, path="/oauth/token")
    config = app()
    for _ in range(2):
        with pytest.raises(NotSignedIn):  # the sandbox never gave that token
            check(config)

    [kept] = json.loads((Path(config["work_dir"]) / "tokens.json").read_text()).values()
    assert 3600 < kept["stale_at"] - time.time() < 10 * 366 * 86_400


def test_an_answer_that_leads_nowhere_or_has_no_end_gives_no_token(app: App, account: Account) -> None:
    account.fault(do="status", status=302, headers={"Location": "http://["}, path="/oauth/token", times=1)
    with pytest.raises(ConfigurationError, match="Refreshing the access token got no answer"):
        check(app())


@pytest.mark.parametrize(
    "damage", ["{", "[]", "[" * 100_000, '"x"', "{KEY: 5}", '{KEY: {"access_token": 5}}', "{KEY: [1]}"]
)
def test_a_damaged_store_is_named(app: App, tmp_path: Path, damage: str) -> None:
    config = app()
    check(config)
    store = tmp_path / "work" / "tokens.json"
    [key] = json.loads(store.read_text())
    store.write_text(damage.replace("KEY", f'"{key}"'))

    with pytest.raises(ConfigurationError, match=r"tokens.json is damaged; remove it, and sign in again"):
        check(config)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (
            "mysql://user:geheim@127.0.0.1/db",
            "The setting 'token_store' names a mysql database; use SQLite or Postgres",
        ),
        ("://", "The setting 'token_store' is neither a path nor a database address"),
        ("postgresql://user:geheim@127.0.0.1:9/db", "Tokens cannot be kept where 'token_store' says"),
        ("sqlite:////dev/null/tokens.db", "The setting 'token_store' cannot be used: Not a directory"),
        ("/dev/null/tokens.json", "cannot be kept in"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_clear_sentence(app: App, account: Account, where: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as caught:
        check(app(token_store=where))

    assert "geheim" not in str(caught.value)
    assert refreshes(account) == []


def test_the_pair_survives_a_refresh_answer_without_a_refresh_token(
    app: App, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.fault(do="drop_field", field="refresh_token", path="/oauth/token", times=1)
    check(app())
    later(monkeypatch, days=2)
    with pytest.raises(ConfigurationError, match="used up or revoked"):
        check(app())

    assert {call["body"]["refresh_token"] for call in refreshes(account)} == {account.credentials["refresh_token"]}


def test_a_store_that_is_full_is_found_before_the_refresh_token_is_spent(account: Account, app: Any) -> None:
    config = app()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(ConfigurationError, match="Tokens cannot be kept in"):
            client.Account(config).check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not [call for call in account.log() if call["path"].endswith("/oauth/token")]
    client.Account(config).check()
