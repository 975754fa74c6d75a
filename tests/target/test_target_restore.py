"""What was deleted is kept in a file that only its owner can read, and can be written again by a command."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.apply import deleted_file
from target_osdi_crm.report.journal_command import main

from tests.target_command import Message, TargetCommand

GONE = {"_sdc_deleted_at": "2026-11-30T00:00:00Z"}
SETTINGS: dict[str, Any] = {"allow_delete": True, "on_delete": "delete"}


def restored(target: TargetCommand, *chosen: str) -> None:
    main(["--work-dir", str(target.folder), "restore", *chosen, "--yes"])


def attributes(account: Account, stream: str, *names: str) -> list[tuple[Any, ...]]:
    found = [{**each["attributes"], "id": each["id"]} for each in account.records(stream)]
    return sorted(tuple(each[name] for name in names) for each in found)


def test_a_person_and_her_donation_come_back_as_the_vendor_had_them(
    sandbox: Sandbox, target: TargetCommand, capsys: pytest.CaptureFixture[str]
) -> None:
    nation = sandbox.account("nationbuilder")
    person = {"id": "p", "email": "ann@example.org", "first_name": "Ann"}
    gift = {"id": "d", "signup_id": "p", "amount_in_cents": 700, "succeeded_at": "2026-03-01T12:00:00Z"}
    messages = [*target.messages("signups", person), *target.messages("donations", gift)]
    target(nation, messages, **SETTINGS)
    owner, there = nation.records("signups")
    nation.change("signups", [there["id"]], last_name="Arbor")

    gone = [*target.messages("donations", {"id": "d", **GONE}), *target.messages("signups", {"id": "p", **GONE})]
    done = target(nation, gone, **SETTINGS)
    assert (done.code, nation.records("signups"), nation.records("donations")) == (0, [owner], []), done.log
    file = target.folder / "deleted.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "ann@example.org" in file.read_text()

    main(["--work-dir", str(target.folder), "restore"])
    assert "2 deleted records were kept." in capsys.readouterr().out
    assert nation.records("signups") == [owner]
    restored(target)
    back = target(nation, [], **SETTINGS)
    again = target(nation, [], **SETTINGS)

    assert (back.code, again.code) == (0, 0), back.log
    (ann,) = (each for each in nation.records("signups") if each["id"] != owner["id"])
    named = [ann["attributes"][name] for name in ("email", "first_name", "last_name")]
    assert named == ["ann@example.org", "Ann", "Arbor"]
    (donation,) = nation.records("donations")
    assert donation["attributes"]["amount_in_cents"] == 700
    assert f"/signups/{ann['id']}" in donation["relationships"]["signup"]["links"]["related"]
    restored(target)
    assert "2 records are not gone at the vendor" in capsys.readouterr().out


def test_a_tagging_comes_back(sandbox: Sandbox, target: TargetCommand) -> None:
    group = sandbox.account("action_network")
    load = [
        *target.messages("people", {"id": "p", "email": "ann@example.org"}),
        *target.messages("tags", {"id": "t", "name": "Red"}),
        *target.messages("taggings", {"tag_id": "t", "id": "g", "person_id": "p"}, key=["tag_id", "id"]),
    ]
    target(group, load, **SETTINGS)

    gone = target.messages("taggings", {"tag_id": "t", "id": "g", **GONE}, key=["tag_id", "id"])
    done = target(group, gone, **SETTINGS)
    assert (done.count("taggings", "deleted"), group.records("taggings")) == (1, []), done.log
    restored(target, "--stream", "taggings", "--key", '["t","g"]')
    back = target(group, [], **SETTINGS)

    assert (back.count("taggings", "created"), len(group.records("taggings"))) == (1, 1), back.log


def test_members_of_a_list_come_back(sandbox: Sandbox, target: TargetCommand) -> None:
    nation = sandbox.account("nationbuilder")
    key = ["list_id", "signup_id"]
    members = [{"list_id": "l", "signup_id": each} for each in "ab"]
    load = [
        *target.messages("signups", *({"id": each, "email": f"{each}@example.org"} for each in "ab")),
        *target.messages("lists", {"id": "l", "name": "Us", "slug": "us"}),
        *target.messages("list_signups", *members, key=key),
    ]
    target(nation, load, **SETTINGS)

    done = target(nation, target.messages("list_signups", *({**each, **GONE} for each in members), key=key), **SETTINGS)
    restored(target, "--stream", "list_signups")
    back = target(nation, [], **SETTINGS)

    assert (done.count("list_signups", "deleted"), back.count("list_signups", "created")) == (2, 2), back.log


def test_what_was_restored_is_not_mirrored_until_it_comes_again(sandbox: Sandbox, target: TargetCommand) -> None:
    nation = sandbox.account("nationbuilder")

    def run(*names: str, number: int) -> Any:
        schema, *came = target.messages("signup_tags", *({"id": each, "name": each} for each in names))
        noted = {"version": number, "records": len(names), "reader": "ours"}
        messages: list[Message] = [
            schema,
            *({**each, "version": number} for each in came),
            target.state({"bookmarks": {"signup_tags": {"activate_version": noted}}}),
            {"type": "ACTIVATE_VERSION", "stream": "signup_tags", "version": number},
        ]
        return target(nation, messages, **SETTINGS, mirror=["*"])

    run("a", "b", number=1)
    run("a", number=2)
    restored(target)
    run("a", number=3)
    kept = attributes(nation, "signup_tags", "name")
    run("a", "b", number=4)
    run("a", number=5)

    assert kept == [("a",), ("b",)]
    assert attributes(nation, "signup_tags", "name") == [("a",)]


def test_nothing_is_deleted_that_cannot_be_kept(sandbox: Sandbox, target: TargetCommand) -> None:
    nation = sandbox.account("nationbuilder")
    target.write(nation, "signup_tags", {"id": "a", "name": "a"})
    (target.folder / "deleted.jsonl").symlink_to(target.folder / "elsewhere")

    done = target.write(nation, "signup_tags", {"id": "a", **GONE}, **SETTINGS)

    assert done.code == 1
    assert "deleted.jsonl cannot be written" in done.log
    assert len(nation.records("signup_tags")) == 1


def test_purging_erases_what_was_deleted_too(sandbox: Sandbox, target: TargetCommand) -> None:
    nation = sandbox.account("nationbuilder")
    target.write(nation, "signup_tags", {"id": "a", "name": "a"}, {"id": "b", "name": "b"})
    target.write(nation, "signup_tags", {"id": "a", **GONE}, {"id": "b", **GONE}, **SETTINGS)

    main(["--work-dir", str(target.folder), "purge", "--key", "a", "--yes"])

    assert len((target.folder / "deleted.jsonl").read_text().splitlines()) == 1


def test_what_was_deleted_is_kept_for_as_long_as_the_setting_says(sandbox: Sandbox, target: TargetCommand) -> None:
    one, other = sandbox.account("nationbuilder"), sandbox.account("nationbuilder")
    for nation in (one, other):
        target.write(nation, "signup_tags", {"id": "a", "name": "a"}, account=nation.name)
        target.write(nation, "signup_tags", {"id": "a", **GONE}, account=nation.name, **SETTINGS)
    file = target.folder / "deleted.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 2
    file.write_text("".join(json.dumps({**line, "at": line["at"] - 91 * 86400}) + "\n" for line in lines))

    def left(**settings: Any) -> list[str]:
        target(one, [], account=one.name, **settings)
        return [json.loads(line)["account"] for line in file.read_text().splitlines()]

    assert left(journal_retention_days=0) == left(journal_retention_days=92) == left(dry_run=True)
    assert left() == [other.name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_tagging_without_its_tag_is_told_to_lack_it(sandbox: Sandbox, target: TargetCommand) -> None:
    group = sandbox.account("action_network")
    load = [
        *target.messages("people", {"id": "p", "email": "ann@example.org"}),
        *target.messages("tags", {"id": "t", "name": "Red"}),
        *target.messages("taggings", {"tag_id": "t", "id": "g", "person_id": "p"}),
    ]
    target(group, load, **SETTINGS)

    done = target(group, target.messages("taggings", {"id": "g", **GONE}), **SETTINGS)

    assert [each["words"] for each in done.rejects] == ["To delete one, taggings need tag_id."]


@pytest.mark.parametrize("number", ["1e99999999", "-1E400", "0.1"])
def test_a_record_with_a_number_of_any_size_is_kept_and_comes_back(
    sandbox: Sandbox, target: TargetCommand, number: str
) -> None:
    group = sandbox.account("action_network")
    messages = [*target.messages("people", {"id": "p", "email": "ann@example.org", "given_name": "Ann\u2028Arbor"})]
    messages += target.messages("tags", {"id": "t", "name": "volunteer"})
    tagging = {"id": "g", "tag_id": "t", "person_id": "p"}
    target(group, [*messages, *target.messages("taggings", tagging)], **SETTINGS)
    gone = json.dumps({**tagging, **GONE, "note": "NUMBER"}).replace('"NUMBER"', number)
    line = f'{{"type": "RECORD", "stream": "taggings", "record": {gone}}}'

    done = target(group, [*messages, target.schema("taggings"), line], **SETTINGS)
    assert (done.code, group.records("taggings")) == (0, []), done.log
    restored(target)
    back = target(group, [], **SETTINGS)

    assert back.code == 0, back.log
    assert len(group.records("taggings")) == 1


def test_a_deletion_that_is_kept_while_others_are_erased_stays(
    sandbox: Sandbox, target: TargetCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    nation = sandbox.account("nationbuilder")
    target.write(nation, "signup_tags", {"id": 1, "name": "gone"}, **SETTINGS)
    target.write(nation, "signup_tags", {"id": 1, **GONE}, **SETTINGS)
    read = deleted_file.read
    [line] = read(target.folder)
    adding = (target.folder, [{**line, "account": "another"}])
    keeping = threading.Thread(target=deleted_file.append, args=adding)

    def read_slowly(folder: Path) -> list[deleted_file.Line]:
        found = read(folder)
        keeping.start()
        keeping.join(0.5)
        return found

    monkeypatch.setattr(deleted_file, "read", read_slowly)
    main(["--work-dir", str(target.folder), "purge", "--account", "test", "--yes"])
    keeping.join()

    assert [line["account"] for line in read(target.folder)] == ["another"]
