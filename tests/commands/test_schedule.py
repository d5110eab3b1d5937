"""The command that prints what the schedule does."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from installation.__main__ import main
from installation.commands import schedule as command

MUSEUM = """
schedule:
  zone: Europe/Berlin
  hours: {tue-sun: 10:00-18:00, thu: 10:00-21:00}
  closed: [12-24]
  rows:
  - {name: day, preset: calm}
  - {name: late, preset: noir, hours: 18:00-21:00, weekdays: thu}
  - {name: last year, preset: dream, dates: 2025-12-01 to 2025-12-31}
"""


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    path = tmp_path / "museum.yaml"
    path.write_text(MUSEUM)
    return path


@pytest.fixture(autouse=True)
def _thursday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "wall_clock", lambda: datetime(2026, 11, 26, 11, 30, tzinfo=UTC))


def test_the_coming_days_are_a_table(museum: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", "--config", str(museum), "--days", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "time zone: Europe/Berlin",
        "from                  until                 screen  row   preset",
        "Thu 2026-11-26 12:30  Thu 2026-11-26 18:00  open    day   calm",
        "Thu 2026-11-26 18:00  Thu 2026-11-26 21:00  open    late  noir",
        "Thu 2026-11-26 21:00  Fri 2026-11-27 10:00  dark",
        "Fri 2026-11-27 10:00  Fri 2026-11-27 18:00  open    day   calm",
        "Fri 2026-11-27 18:00  Sat 2026-11-28 10:00  dark",
        "Sat 2026-11-28 10:00  Sat 2026-11-28 18:00  open    day   calm",
        "Sat 2026-11-28 18:00  Sun 2026-11-29 10:00  dark",
        "Sun 2026-11-29 10:00  Sun 2026-11-29 18:00  open    day   calm",
        "schedule: where rows overlap the later one wins: 'late' over 'day'",
        "schedule: not to be seen within a year: 'last year' (their dates are over, it is closed, or other rows win)",
    ]


def test_a_week_is_the_default_and_it_may_begin_on_another_day(museum: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", "--config", str(museum), "--from", "2026-12-23"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("Wed 2026-12-23 00:00  Wed 2026-12-23 10:00  dark")
    assert lines[4] == "Wed 2026-12-23 18:00  Fri 2026-12-25 10:00  dark"  # the 24th is closed
    assert lines[-3].startswith("Tue 2026-12-29 18:00  Wed 2026-12-30 10:00")


def test_of_an_hour_that_comes_twice_each_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--set", "schedule.zone=Europe/Berlin", "--set", "schedule.hours={sat: 22:00-02:30}", "--from", "2027-10-30", "--days", "2"]
    assert main(["schedule", *given]) == 0
    assert "Sat 2027-10-30 22:00       Sun 2027-10-31 02:30 CEST  open" in capsys.readouterr().out


def test_without_a_schedule_it_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "time zone: the machine's own" and len(lines) == 3 and "open" in lines[2]


def test_a_bad_schedule_is_a_sentence_and_exit_2(museum: Path, capsys: pytest.CaptureFixture[str]) -> None:
    museum.write_text(MUSEUM.replace("noir", "nior"))
    assert main(["schedule", "--config", str(museum)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1
    assert said.err.startswith(f"{museum}:8: schedule.rows.1.preset: 'nior': there is no such preset; there is ")


@pytest.mark.parametrize("wrong", [["--days", "0"], ["--days", "week"], ["--days", "367"], ["--from", "tomorrow"]])
def test_wrong_arguments_end_with_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["schedule", *wrong])
    assert ended.value.code == 2 and wrong[0] in capsys.readouterr().err
