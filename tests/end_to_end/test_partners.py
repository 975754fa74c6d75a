"""With other people's taps and targets: every row in Postgres and in files, typed, and scores back from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import yaml
from filelock import FileLock
from osdi_crm_sandbox.control import Account, Sandbox

from tests import commands

ROOT = Path(__file__).parent.parent.parent
PLUGINS = ROOT / ".meltano"
TARGET = Path(sys.executable).parent / "target-osdi-crm"
STREAMS = ("people", "donations", "tags", "taggings", "petitions", "signatures", "events")

TYPES = {
    "id": "text",
    "created_date": "timestamp without time zone",
    "given_name": "text",
    "email_addresses": "ARRAY",
    "custom_fields": "jsonb",
    "additional_fields": "jsonb",
}
"""Columns of people, and how target-postgres keeps them."""


def of_meltano(name: str) -> dict[str, Any]:
    """The settings of a plugin in meltano.yml, with those it inherits, without those that name Meltano's variables."""
    declared = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    found = next(each for role in declared.values() for each in role if each["name"] == name)
    own = {key: value for key, value in found.get("config", {}).items() if "$" not in str(value)}
    return {**(of_meltano(found["inherit_from"]) if "inherit_from" in found else {}), **own}


def piped(command: list[object], *, into: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its good end."""
    done = commands.run([*map(str, command)], input=into)
    assert done.returncode == 0, done.stderr
    return done


@dataclass
class Database:
    """A Postgres database."""

    url: str

    @property
    def sqlalchemy_url(self) -> str:
        """The same for plugins that ask for a host: the query's overrides it."""
        return self.url.replace("postgresql://postgres:@/", "postgresql+psycopg://postgres:none@localhost/")

    def query(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(query.encode())
            return done.fetchall() if done.description else []

    def tap_postgres(self, folder: Path, config: dict[str, Any], stream: str) -> str:
        """What tap-postgres reads of one table or view."""
        command = PLUGINS / "extractors" / "tap-postgres" / "venv" / "bin" / "tap-postgres"
        file = folder / "tap-postgres.json"
        url = self.sqlalchemy_url.replace("+psycopg:", "+psycopg2:")
        file.write_text(json.dumps({**config, "sqlalchemy_url": url}))
        catalog = json.loads(piped([command, "--config", file, "--discover"]).stdout)
        for entry in catalog["streams"]:
            next(m for m in entry["metadata"] if not m["breadcrumb"])["metadata"]["selected"] = (
                entry["tap_stream_id"] == stream
            )
        chosen = folder / "tap-postgres-catalog.json"
        chosen.write_text(json.dumps(catalog))
        return piped([command, "--config", file, "--catalog", chosen]).stdout


@pytest.fixture
def database(postgres: str) -> Database:
    """An empty database."""
    name = f"of_{uuid4().hex}"
    Database(postgres).query(f"CREATE DATABASE {name}")
    return Database(postgres.replace("/postgres?", f"/{name}?"))


@dataclass
class Warehouse:
    """An account, and a database with all that was read of it."""

    account: Account
    database: Database
    read: Any

    def load(self, tap: Any) -> str:
        """Load what was read with target-postgres; returns the STATE messages that came out."""
        settings = of_meltano("target-postgres") | {
            "sqlalchemy_url": self.database.sqlalchemy_url,
            "default_target_schema": "tap_action_network",
        }
        command = PLUGINS / "loaders" / "target-postgres" / "venv" / "bin" / "target-postgres"
        return piped([command, "--config", tap.file("target-postgres.json", settings)], into=self.read.out).stdout


@pytest.fixture
def warehouse(sandbox: Sandbox, tap: Any, database: Database) -> Warehouse:
    """An account, read by our tap and loaded by target-postgres."""
    account = sandbox.account("action_network", size=60)
    read = tap(tap.settings(account, action_network_taggings_of=["*"]), *STREAMS)
    assert read.code == 0, read.log
    made = Warehouse(account, database, read)
    assert json.loads(made.load(tap).splitlines()[-1]) == read.state
    return made


@pytest.mark.timeout(240)
def test_postgres_has_every_row_typed_and_a_second_load_adds_none(warehouse: Warehouse, tap: Any) -> None:
    resources = warehouse.account.counters()["resources"]
    for stream in STREAMS:
        [(rows, keys)] = warehouse.database.query(
            f"SELECT count(*), count(DISTINCT id) FROM tap_action_network.{stream}"
        )
        assert (rows, keys) == (resources[stream], resources[stream]), stream

    columns = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'people'"
    assert TYPES.items() <= dict(warehouse.database.query(columns)).items()
    kept = 'SELECT id, given_name, to_char(created_date, \'YYYY-MM-DD"T"HH24:MI:SS"Z"\'), to_json(email_addresses)'
    people = {key: rest for key, *rest in warehouse.database.query(f"{kept} FROM tap_action_network.people")}
    for record in warehouse.read.records("people"):
        expected = [record.get("given_name"), record["created_date"], record.get("email_addresses")]
        assert people[record["id"]] == expected

    warehouse.load(tap)
    assert warehouse.database.query("SELECT count(*) FROM tap_action_network.people") == [(resources["people"],)]


@pytest.mark.timeout(240)
def test_what_is_gone_at_the_vendor_is_found_as_the_page_says(warehouse: Warehouse, tap: Any) -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    query = (
        page.partition("## Deletes")[2].partition("```sql\n")[2].partition("```")[0].replace("SELECT *", "SELECT id")
    )
    assert warehouse.database.query(query) == []
    gone = warehouse.read.records("taggings")[0]["id"]
    warehouse.account.delete("taggings", [gone])

    warehouse.read = tap(tap.settings(warehouse.account, action_network_taggings_of=["*"]), "taggings")
    warehouse.load(tap)

    assert warehouse.database.query(query) == [(gone,)]


def test_jsonl_has_every_record_as_it_was_read(sandbox: Sandbox, tap: Any, tmp_path: Path) -> None:
    read = tap(tap.settings(sandbox.account("action_network", size=60)), "people", "petitions", "signatures")
    config = tap.file("jsonl.json", {"destination_path": str(tmp_path), "do_timestamp_file": False})

    piped([PLUGINS / "loaders" / "target-jsonl" / "venv" / "bin" / "target-jsonl", "--config", config], into=read.out)

    for stream in ("people", "petitions", "signatures"):
        loaded = [json.loads(line) for line in (tmp_path / f"{stream}.jsonl").read_text().splitlines()]
        assert loaded == read.records(stream)
        assert loaded


@pytest.mark.timeout(300)
def test_scores_go_back_to_the_people_they_belong_to(warehouse: Warehouse, tap: Any, tmp_path: Path) -> None:
    account, database, work = warehouse.account, warehouse.database, tmp_path / "work"
    database.query((ROOT / "demo" / "scores.sql").read_text())
    expected = {key: row for key, *row in database.query("SELECT id, custom_giving_score, add_tags FROM crm.people")}
    before = {person_id(raw): raw for raw in account.records("people")}
    assert len(expected.keys() & before.keys()) == len(expected) > 3
    account.clear_log()
    settings = (
        tap.settings(account, work_dir=str(work)) | {"account": "mine"} | of_meltano("target-action-network-scores")
    )

    read = database.tap_postgres(tmp_path, of_meltano("tap-warehouse-scores"), "crm-people")

    def write(**more: Any) -> None:
        piped([TARGET, "--config", tap.file("scores.json", settings | more)], into=read)

    write(dry_run=True)
    plan = [json.loads(line) for line in (work / "plan.jsonl").read_text().splitlines()]
    assert Counter(line["plan"] for line in plan) == {"update": len(expected)}
    assert {line["method"] for line in account.log()} <= {"GET"}

    environment = {
        **os.environ,
        "TARGET_ACTION_NETWORK_ACTION_NETWORK_API_URL": account.url,
        "TARGET_ACTION_NETWORK_ACTION_NETWORK_API_TOKEN": account.key,
        "TARGET_ACTION_NETWORK_CALLS_PER_SECOND": "0",
        "TARGET_ACTION_NETWORK_ACCOUNT": "mine",
        "TARGET_ACTION_NETWORK_WORK_DIR": str(work),
        "TAP_POSTGRES_SQLALCHEMY_URL": database.sqlalchemy_url.replace("+psycopg:", "+psycopg2:"),
        "MELTANO_STATE_BACKEND_URI": f"file://{tmp_path}/state",
    }
    with FileLock(PLUGINS / "tests.lock"):  # two runs of one plugin at a time overwrite each other's files
        command = [str(ROOT / ".meltano-venv" / "bin" / "meltano"), "run", "scores-to-action-network"]
        done = commands.run(command, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    after = {person_id(raw): raw for raw in account.records("people")}
    for key, (score, _) in expected.items():
        assert after[key]["custom_fields"]["giving_score"] == score
        for field in ("email_addresses", "phone_numbers"):
            assert after[key].get(field) == before[key].get(field), "nobody's status is touched"
        assert before[key]["custom_fields"].items() <= after[key]["custom_fields"].items()
    assert {key for key in after if "giving_score" in after[key]["custom_fields"]} == set(expected)
    [major] = [tag for tag in account.records("tags") if tag["name"] == "Major donor"]
    of_major = f"/{person_id(major)}/"
    tagged = {
        raw["_links"]["osdi:person"]["href"].rsplit("/", 1)[-1]
        for raw in account.records("taggings")
        if of_major in raw["_links"]["self"]["href"]
    }
    assert tagged == {key for key, (_, tags) in expected.items() if tags}

    account.clear_log()
    write()
    assert account.log() == [], "the same scores cost no call"


def person_id(raw: dict[str, Any]) -> str:
    return str(next(i for i in raw["identifiers"] if i.startswith("action_network:")).removeprefix("action_network:"))


@pytest.mark.timeout(240)
def test_a_foreign_tap_is_understood_by_stream_maps(database: Database, tap: Any, sandbox: Sandbox) -> None:
    second = sandbox.account("action_network")
    database.query(
        "CREATE TABLE members (member_no int PRIMARY KEY, mail text, first text, secret text, joined date);"
        "INSERT INTO members SELECT n, 'member' || n || '@example.org', 'Ann' || n, 'hush', '2024-02-29'"
        " FROM generate_series(1, 30) AS n"
    )
    maps = {
        "public-members": {
            "__alias__": "people",
            "__key_properties__": ["id"],
            "__else__": None,
            "id": "str(member_no)",
            "email": "mail",
            "given_name": "first",
            "custom_joined": "str(joined)",
        }
    }
    settings = tap.settings(second) | {
        "account": "second",
        "source": "members",
        "stream_maps": maps,
        "work_dir": str(tap.folder / "second"),
    }
    read = database.tap_postgres(tap.folder, {"filter_schemas": ["public"]}, "public-members")

    done = piped([TARGET, "--config", tap.file("members.json", settings)], into=read)

    people = {raw["email_addresses"][0]["address"]: raw for raw in second.records("people")}
    assert set(people) == {f"member{n}@example.org" for n in range(1, 31)}
    ann = people["member7@example.org"]
    assert (ann["given_name"], ann["custom_fields"]) == ("Ann7", {"joined": "2024-02-29"})
    assert {raw["email_addresses"][0]["status"] for raw in people.values()} == {"unsubscribed"}
    assert "hush" not in json.dumps(list(people.values())) + done.stderr
