"""Where the plugins keep their files, where no setting says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from osdi_crm_client import settings, work_dir
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import ClientSettings


def test_it_is_the_same_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = []
    for name in ("a", "b"):
        monkeypatch.chdir(tmp_path / name)
        found.append(settings.parse(ClientSettings, {"vendor": "i360"}).folder)

    assert found == [tmp_path / "state" / "osdi-crm"] * 2


def test_one_that_an_earlier_release_made_here_goes_on_being_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".osdi-crm").mkdir()

    assert work_dir.default() == tmp_path / ".osdi-crm"


def test_without_a_home_the_setting_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)

    with pytest.raises(ConfigurationError, match="The setting 'work_dir' is missing, and the user has no home"):
        work_dir.default()
