"""docs/writing.md tells of every setting, every reason for a rejection and every exit code that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import target_osdi_crm
from osdi_crm_client.settings import properties
from target_osdi_crm import settings, stop

CODE = Path(target_osdi_crm.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "writing.md").read_text(encoding="utf-8")


def test_every_setting_is_described() -> None:
    assert [name for name in properties(settings.TargetSettings) if f"`{name}`" not in PAGE] == []


def test_every_reason_is_described() -> None:
    vendors = {*CODE.rglob("vendors/**/*.py")} - {*CODE.rglob("vendors/action_network/*.py")}
    text = "".join(module.read_text(encoding="utf-8") for module in {*CODE.rglob("*.py")} - vendors)
    reasons = set(re.findall(r"Rejection\(\s*\"([^\"]+)\"", text)) | {
        "invalid record",
        "more than one match",
        "no answer",
    }

    assert len(reasons) > 15
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in PAGE] == []


def test_every_exit_code_is_described() -> None:
    codes = {value for name, value in vars(stop).items() if name.isupper()}

    assert codes == {0, 1, 3, 4, 143}
    assert [code for code in codes if f"\n| {code} |" not in PAGE] == []
