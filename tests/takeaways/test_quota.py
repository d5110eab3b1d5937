"""How many may be taken, and how much room they may fill."""

from dataclasses import replace

import pytest

from installation.takeaways import quota as quotas
from installation.takeaways.ageing import Moment
from installation.takeaways.quota import EACH, HOUR, LEAST_FREE, Quota, Refusal

START = Moment(1.8e9, "this-boot", 1000.0)


def later(seconds):
    return replace(START, wall=START.wall + seconds, uptime=START.uptime + seconds)


def test_each_counts_for_an_hour_from_when_it_was_taken(tmp_path):
    quota = Quota(tmp_path, 2, 1 << 30)
    quota.taken(START)
    assert quota.refusal(later(1.0)) is None
    quota.taken(later(600.0))
    assert quota.refusal(later(HOUR - 1)) is Refusal.HOUR
    assert quota.refusal(later(HOUR)) is None
    quota.taken(later(HOUR))
    assert quota.refusal(later(HOUR + 599)) is Refusal.HOUR and quota.refusal(later(HOUR + 600)) is None


def test_one_that_grows_is_counted_once_and_one_that_goes_gives_its_room_back(tmp_path):
    quota = Quota(tmp_path, 9, EACH + 100)
    quota.fills("a", 60)
    quota.fills("a", 100)
    assert quota.refusal(START) is None
    quota.fills("b", 1)
    assert quota.refusal(START) is Refusal.SPACE
    quota.frees("a")
    quota.frees("a")
    assert quota.refusal(START) is None


@pytest.mark.parametrize(("free", "refused"), [(LEAST_FREE + EACH, None), (LEAST_FREE + EACH - 1, Refusal.DISK)])
def test_room_for_one_more_is_left_on_the_disk(tmp_path, monkeypatch, free, refused):
    usage = quotas.shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(quotas.shutil, "disk_usage", lambda _: usage)
    assert Quota(tmp_path, 9, 1 << 30).refusal(START) is refused


def test_a_disk_that_is_gone_has_no_room(tmp_path):
    assert Quota(tmp_path / "gone", 9, 1 << 30).refusal(START) is Refusal.DISK
