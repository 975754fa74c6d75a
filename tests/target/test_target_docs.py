"""docs/writing.md tells of every setting, every reason for a rejection and every exit code that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import target_osdi_crm
from osdi_crm_client.settings import properties
from target_osdi_crm import rejects, settings, stop

CODE = Path(target_osdi_crm.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "writing.md").read_text(encoding="utf-8")
BY_CONSTANT = {rejects.INVALID, rejects.AMBIGUOUS, rejects.NO_ANSWER, rejects.CANNOT_BE_KEPT}
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")


def test_every_setting_is_described() -> None:
    assert [name for name in properties(settings.TargetSettings) if f"`{name}`" not in PAGE] == []


def test_every_reason_is_described() -> None:
    vendors = {*CODE.rglob("vendors/**/*.py")} - {*CODE.rglob("vendors/action_network/*.py")}
    text = "".join(module.read_text(encoding="utf-8") for module in {*CODE.rglob("*.py")} - vendors)
    codes = set(re.findall(r"Rejection\(\s*\"([^\"]+)\"", text)) | BY_CONSTANT

    assert len(codes) > 15
    assert [code for code in sorted(codes) if f"`{rejects.sentence(code)}`" not in PAGE] == []


def test_the_codes_of_rejections_are_listed_and_are_all_there_are() -> None:
    table = OPERATIONS.partition("## Codes of rejections")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", table, flags=re.MULTILINE))
    code = "".join(each.read_text(encoding="utf-8") for each in CODE.rglob("*.py") if each.name != "rejects.py")
    used = {each for each in rejects.SENTENCES if f'"{each}"' in code}

    assert listed == rejects.SENTENCES
    assert rejects.SENTENCES.keys() - used <= BY_CONSTANT


def test_every_exit_code_is_described() -> None:
    codes = {value for name, value in vars(stop).items() if name.isupper()}

    assert codes == {0, 1, 3, 4, 143}
    assert [code for code in codes if f"\n| {code} |" not in PAGE] == []
