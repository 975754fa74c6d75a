"""What a vendor says about people stands whole in the owner's files alone: no log, summary or report repeats it."""

from __future__ import annotations

from typing import Any

from target_osdi_crm.report import journal_command

WORDS = "eve@example.net is taken, and so is +1 (202) 555-0199; token=abcdef123456"


def test_a_refusal_names_nobody_where_others_read(case: Any, target: Any, capsys: Any) -> None:
    method, path = case.creates
    body = {"error": WORDS, "message": WORDS, "messages": [WORDS], "errors": [{"detail": WORDS}]}
    case.account.fault(do="status", status=422, body=body, method=method, path=path)

    run = target.write(case.account, case.people, case.person(1))
    page = target.folder / "report.html"
    journal_command.main(["--work-dir", str(target.folder), "report", "--out", str(page)])
    shown = run.log + (target.folder / "summary.json").read_text() + page.read_text() + capsys.readouterr().err

    assert run.code == 3
    assert "eve@" in run.rejects[0]["words"]
    for private in ("eve@", "555-0199", "abcdef123456"):
        assert private not in shown


def test_an_account_that_is_refused_names_nobody(case: Any, target: Any) -> None:
    body = {"error": WORDS, "message": WORDS, "messages": [WORDS], "errors": [{"detail": WORDS}]}
    case.account.fault(do="status", status=401, body=body, path="^(?!.*/token$)")

    run = target.write(case.account, case.people, case.person(1))

    assert run.code == 1
    for private in ("eve@", "555-0199", "abcdef123456"):
        assert private not in run.log + (target.folder / "summary.json").read_text()
