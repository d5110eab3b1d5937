"""Seasons whose dates move."""

from datetime import date, timedelta
from typing import get_args

import pytest

from installation.config import Season
from installation.operation.seasons import SEASONS, advent_sunday, easter


@pytest.mark.parametrize(
    "day",
    [date(2019, 4, 21), date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25), date(2285, 3, 22)],
)
def test_easter(day: date) -> None:
    assert easter(day.year) == day


@pytest.mark.parametrize("day", [date(2022, 11, 27), date(2023, 12, 3), date(2024, 12, 1), date(2026, 11, 29)])
def test_advent(day: date) -> None:
    assert advent_sunday(day.year) == day


@pytest.mark.parametrize(
    ("season", "first", "last"),
    [
        ("advent", date(2026, 11, 29), date(2026, 12, 24)),
        ("christmas", date(2026, 12, 24), date(2027, 1, 6)),
        ("carnival", date(2027, 2, 4), date(2027, 2, 9)),
        ("easter", date(2027, 3, 26), date(2027, 3, 29)),
    ],
)
def test_a_season_has_its_days_and_no_others(season: str, first: date, last: date) -> None:
    holds = SEASONS[season]
    days = [first + timedelta(n) for n in range(-20, (last - first).days + 21)]
    assert [day for day in days if holds(day)] == [first + timedelta(n) for n in range((last - first).days + 1)]


def test_the_configuration_offers_the_seasons_that_there_are() -> None:
    assert set(get_args(Season)) == set(SEASONS)
