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


def test_the_codes_of_rejections_are_listed_and_are_all_there_are() -> None:
    table = OPERATIONS.partition("## Codes of rejections")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| .+ \| (.+?) \|$", table, flags=re.MULTILINE)
    code = "".join(each.read_text(encoding="utf-8") for each in CODE.rglob("*.py") if each.name != "rejects.py")
    made = set(re.findall(r"Rejection\(\s*\"([^\"]+)\"", code)) | BY_CONSTANT
    used = {each for each in rejects.KINDS if f'"{each}"' in code}

    assert {code: (words, to_do) for code, words, to_do in rows} == rejects.KINDS
    assert made <= rejects.KINDS.keys()
    assert rejects.KINDS.keys() - used <= BY_CONSTANT


def test_every_exit_code_is_described() -> None:
    codes = {value for name, value in vars(stop).items() if name.isupper()}

    assert codes == {0, 1, 3, 4, 143}
    assert [code for code in codes if f"\n| {code} |" not in PAGE] == []
