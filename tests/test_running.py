"""`make test` and `make check-long` say whether all has passed, on both databases and to the end."""

from contextlib import nullcontext

import pytest

from tests import check_long, postgresql, run


@pytest.mark.parametrize(("codes", "failed"), [((0, 0), 0), ((1, 0), 1), ((0, 2), 1), ((-9, 0), 1), ((0, -9), 1)])
@pytest.mark.parametrize("program", [run, check_long])
def test_what_fails_or_is_killed_has_not_passed(monkeypatch, program, codes, failed):
    left, written = list(codes), []
    monkeypatch.setattr(postgresql, "database_url", lambda: nullcontext("postgres://"))
    monkeypatch.setattr(run, "run", lambda *_arguments, **_environment: (left.pop(0), []))
    monkeypatch.setattr(run, "coverage", lambda *_arguments: None)
    monkeypatch.setattr(check_long, "run", lambda *_arguments, **_environment: left.pop(0))
    monkeypatch.setattr(check_long.figures, "write", lambda *arguments: written.append(arguments))
    assert program.main() == failed
    assert bool(written) == (program is check_long and not failed)
