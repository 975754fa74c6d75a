"""Settings are parsed once, by type; what is wrong names the setting and never shows its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from osdi_crm_client import startup
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import ByStream, parse, properties, required, secrets, setting, settings
from osdi_crm_client.vendor import vendor_names


@settings
class Example:
    key: str = setting("Key", "A key.", secret=True)
    mode: Literal["fast", "slow"] = setting("Mode", "How.", default="slow")
    started: datetime | None = setting("Start", "When.", default=None)
    pace: float | None = setting("Pace", "Calls a second.", default=None)
    limit: int = setting("Limit", "How many.", default=5)
    dry: bool = setting("Dry", "Whether to write.", default=False)
    names: tuple[str, ...] = setting("Names", "Which.", default=())
    folder: Path = setting("Folder", "Where.", default=Path("here"))
    paths: Mapping[str, Any] = setting("Paths", "By name.", default={})
    words: ByStream[Literal["keep", "drop"]] = setting("Words", "By stream.", default=ByStream())


def test_each_type_is_parsed() -> None:
    given = {
        "key": "k",
        "mode": "fast",
        "started": "2026-01-31T01:00:00+01:00",
        "pace": "2.5",
        "limit": 7,
        "dry": True,
        "names": ["a", "b"],
        "folder": "there",
        "paths": {"a": "b"},
    }

    assert parse(Example, {f"x_{name}": value for name, value in given.items()}, "x_") == Example(
        key="k",
        mode="fast",
        started=datetime(2026, 1, 31, tzinfo=UTC),
        pace=2.5,
        limit=7,
        dry=True,
        names=("a", "b"),
        folder=Path("there"),
        paths={"a": "b"},
    )


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_what_is_blank_is_not_given(blank: Any) -> None:
    assert parse(Example, {"key": "k", "mode": blank, "pace": blank, "folder": blank}) == Example(key="k")
    with pytest.raises(ConfigurationError, match="The setting 'key' is missing"):
        parse(Example, {"key": blank})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mode", "hush", "is none of fast, slow"),
        ("started", "hush", "is not a time such as 2026-01-31T00:00:00Z"),
        ("pace", "hush", "is not a number"),
        ("limit", "hush", "is not a whole number"),
        ("dry", "hush", "is not true or false"),
        ("names", "hush", "is not a list"),
        ("paths", "hush", "is not an object"),
    ],
)
def test_a_wrong_value_names_its_setting_and_is_not_shown(name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"The setting 'x_{name}' {words}.")) as caught:
        parse(Example, {"x_key": "k", f"x_{name}": value}, "x_")

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("given", ["a\0b", "half \ud83d", "\udce9"])
@pytest.mark.parametrize(("name", "is_list"), [("key", False), ("folder", False), ("names", True)])
def test_text_that_no_file_or_header_can_hold_is_refused(name: str, given: str, *, is_list: bool) -> None:
    with pytest.raises(ConfigurationError, match=f"The setting '{name}' is not"):
        parse(Example, {"key": "k", name: [given] if is_list else given})


def test_a_word_that_is_no_choice_is_told_with_the_choices() -> None:
    with pytest.raises(ConfigurationError, match="The setting 'mode' is none of fast, slow"):
        parse(Example, {"key": "k", "mode": "hush"})


def test_the_schema_says_what_the_class_says() -> None:
    found = properties(Example, "x_")

    assert required(Example, "x_") == ("x_key",)
    assert secrets(found) == ("x_key",)
    assert found["x_mode"] == {
        "type": "string",
        "enum": ["fast", "slow"],
        "default": "slow",
        "title": "Mode",
        "description": "How.",
    }
    assert found["x_folder"]["default"] == "here"
    assert "default" not in found["x_names"]


@pytest.mark.parametrize("name", vendor_names())
def test_every_vendor_has_its_settings_in_the_schema(name: str) -> None:
    schema = startup.settings_schema(Example, {name: Example})

    assert {f"{name}_{field}" for field in ("key", "mode", "pace")} <= schema["properties"].keys()
    assert schema["properties"]["vendor"]["enum"] == list(vendor_names())


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("DRY", "Yes", True),
        ("DRY", "off", False),
        ("LIMIT", "7", 7),
        ("PACE", "2.5", "2.5"),
        ("NAMES", '["a", "b"]', ["a", "b"]),
        ("NAMES", "a, b", ["a", "b"]),
        ("PATHS", '{"a": "b"}', {"a": "b"}),
    ],
)
def test_the_environment_is_read_by_type(monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: Any) -> None:
    monkeypatch.setenv(f"EXAMPLE_{variable}", text)

    assert startup.from_environment(properties(Example), "EXAMPLE_") == {variable.lower(): value}


@pytest.mark.parametrize(
    ("variable", "wanted"),
    [("DRY", "true or false"), ("LIMIT", "a whole number"), ("PATHS", "JSON")],
)
@pytest.mark.parametrize("text", ["people=email", "[" * 60_000, "9" * 5000 + "x"], ids=["text", "deep", "long"])
def test_a_variable_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, wanted: str, text: str
) -> None:
    monkeypatch.setenv(f"EXAMPLE_{variable}", text)

    with pytest.raises(ConfigurationError, match=f"The variable EXAMPLE_{variable} does not hold {wanted}"):
        startup.from_environment(properties(Example), "EXAMPLE_")


def test_a_file_of_variables_is_read_and_the_environment_counts_above_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EXAMPLE_LIMIT=3\nEXAMPLE_PACE=1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXAMPLE_LIMIT", "7")

    assert startup.from_environment(properties(Example), "EXAMPLE_") == {"limit": 7, "pace": "1"}


@pytest.mark.parametrize(
    ("variable", "name", "words"),
    [
        ("TARGET_EXAMPLE_DRYY", None, "TARGET_EXAMPLE_DRYY is not known. Did you mean TARGET_EXAMPLE_DRY"),
        ("TARGET_NORTH_FOLDERS", "target-north", "TARGET_NORTH_FOLDERS is not known. Did you mean TARGET_NORTH_FOLDER"),
        ("TARGET_EXAMPLE_FOLDERS", "target-north", "Did you mean TARGET_EXAMPLE_FOLDER"),
        ("TARGET_NORTH_OWN", "target-north", "Did you mean TARGET_NORTH_EXAMPLE_OWN"),
    ],
)
def test_a_misspelt_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, name: str | None, words: str
) -> None:
    monkeypatch.setenv(variable, "x")
    if name:
        monkeypatch.setenv("MELTANO_LOADER_NAME", name)
    known = {**properties(Example), "example_own": {"type": "string"}}

    with pytest.raises(ConfigurationError, match=re.escape(words)):
        startup.configuration({"vendor": "example"}, known, "TARGET_EXAMPLE_", from_env=not name)


@pytest.mark.parametrize(
    "variable",
    [
        "TARGET_NORTH__DIALECT",
        "TARGET_NORTH_WRITABLE_DRYY",
        "TARGET_NORTH__EAST_DRYY",
        "TAP_NORTH_DRYY",
        "TARGET_NORTHERN_DRYY",
        "TARGET_NORTH_SOMETHING_ELSE",
    ],
)
def test_the_variables_of_others_are_theirs(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "x")
    monkeypatch.setenv("MELTANO_LOADER_NAME", "target-north")
    given = {"vendor": "example", "key": "k"}

    known = {**properties(Example), "vendor": {"type": "string"}}
    assert startup.configuration(given, known, "TARGET_EXAMPLE_", from_env=False) == given


@pytest.mark.parametrize(
    ("given", "people", "tags"),
    [
        (None, "keep", "keep"),
        ("drop", "drop", "drop"),
        ({"people": "drop"}, "drop", "keep"),
        ('{"people": "drop"}', "drop", "keep"),
    ],
)
def test_a_word_for_all_streams_or_one_for_each(given: Any, people: str, tags: str) -> None:
    words = parse(Example, {"key": "k", "words": given}).words

    assert (words.of("people", "keep"), words.of("tags", "keep")) == (people, tags)


@pytest.mark.parametrize("given", ["erase", {"people": "erase"}, '{"people": ', ["drop"], {"people": {}}])
def test_another_word_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="'words' is none of keep, drop, nor an object that has one"):
        parse(Example, {"key": "k", "words": given})
    assert properties(Example)["words"]["anyOf"][0] == {"enum": ["keep", "drop"]}
