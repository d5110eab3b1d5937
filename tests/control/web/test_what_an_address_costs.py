"""What each address may cost, what counts as one, and how long who guesses has to wait; small pictures and figures for the panel."""

from dataclasses import replace

import numpy as np
import pytest

from installation.canvas.qr import QUIET, qr_rgb
from installation.control.state import ControlCounts
from installation.control.web.metrics import WebCounts, metrics
from installation.control.web.passes import MOST_TICKETS, SESSION_SECONDS, TICKET_SECONDS, Sessions, Tickets
from installation.control.web.preview import PERIOD, Preview
from installation.control.web.senders import (
    ALL_SHARE,
    ARRIVALS_AT_ONCE,
    CONNECTIONS,
    FORGOTTEN,
    FREE_GUESSES,
    HOME,
    HOME_SHARE,
    LONGEST_DELAY,
    LONGEST_WAIT,
    REQUEST_SECONDS,
    REQUESTS_A_SECOND,
    REQUESTS_AT_ONCE,
    Bucket,
    Guesses,
    Sender,
    Senders,
    key_of,
)
from installation.control.web.sketches import WANTED_SECONDS, SketchBoard
from installation.observation import FaultRecord, Observation, ScheduleSeen


def test_a_budget_refills_up_to_its_size_and_what_is_lacking_is_made_up_first():
    bucket = Bucket(2.0, 10.0)
    assert bucket.take(100.0, 10.0) and not bucket.take(100.0) and bucket.short(100.0, 4.0) == 2.0
    assert bucket.take(100.5) and not bucket.take(100.5) and bucket.short(100.5) == 0.5
    assert not bucket.take(90.0)  # a clock that goes back gives nothing
    bucket.spend(6.0)
    assert bucket.short(90.0) == 3.5 and bucket.short(93.5) == 0.0
    assert bucket.take(9000.0, 10.0) and not bucket.take(9000.0, 0.1)
    assert not Bucket(2.0, 10.0).take(0.0, 10.1) and Bucket(2.0, 10.0).take(0.0, 10.0)


def test_after_a_few_wrong_tokens_each_wait_is_twice_the_one_before():
    guesses, waits = Guesses(), []
    for _ in range(FREE_GUESSES + 10):
        guesses.wrong(1000.0)
        waits.append(guesses.wait(1000.0))
    assert waits[: FREE_GUESSES - 1] == [0.0] * (FREE_GUESSES - 1)
    assert waits[FREE_GUESSES - 1 :] == [min(2.0**k, LONGEST_WAIT) for k in range(9)] + [LONGEST_WAIT] * 2
    assert guesses.wait(1000.0 + LONGEST_WAIT - 1) == 1.0 and guesses.wait(1000.0 + LONGEST_WAIT) == 0.0
    guesses.wrong(2000.0)
    assert guesses.wait(2000.0) == LONGEST_WAIT
    assert guesses.wait(2000.0 + FORGOTTEN + 1) == 0.0
    guesses.wrong(9000.0)
    assert guesses.wait(9000.0) == 0.0  # it began anew
    for _ in range(FREE_GUESSES):
        guesses.wrong(9000.0)
    guesses.right()
    assert guesses.wait(9000.0) == 0.0


@pytest.mark.parametrize(
    ("remote", "key"),
    [
        ("192.0.2.7", "192.0.2.7"), ("127.0.0.1", HOME), ("127.9.9.9", HOME), ("::1", HOME), ("::ffff:127.0.0.1", HOME),
        ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"), ("fe80::1%eth0", "fe80::/64"), (None, "unknown"), ("", "unknown"), ("not-one", "unknown"),
    ],
)  # fmt: skip
def test_what_counts_as_one_address(remote, key):
    assert key_of(remote) == key


def spent(bucket, most=10_000):
    """How many times in one moment."""
    return next(k for k in range(most + 1) if k == most or not bucket.take(0.0))


def test_this_machine_may_cost_more_than_another_address():
    other, home = Sender.of("192.0.2.7"), Sender.of(HOME)
    assert (other.most, home.most) == (CONNECTIONS, HOME_SHARE * CONNECTIONS)
    assert (spent(other.requests), spent(home.requests)) == (REQUESTS_AT_ONCE, HOME_SHARE * REQUESTS_AT_ONCE)
    assert spent(other.arrivals) == ARRIVALS_AT_ONCE and spent(home.arrivals) == 10_000  # only its requests wait


def test_an_address_is_known_again_and_the_one_that_was_away_longest_is_forgotten():
    senders = Senders(most=3)
    first = senders.of("192.0.2.1")
    second, third = senders.of("192.0.2.2"), senders.of("192.0.2.3")
    assert senders.of("192.0.2.1") is first and len(senders) == 3
    senders.of("192.0.2.4")
    assert len(senders) == 3 and senders.of("192.0.2.1") is first
    assert senders.of("192.0.2.2") is not second  # forgotten, and third with it now
    assert senders.of("192.0.2.3") is not third


def test_who_is_connected_or_has_shown_the_token_is_not_forgotten_for_a_newcomer():
    senders = Senders(most=3)
    connected, proven, idle = (senders.of(f"192.0.2.{k}") for k in (1, 2, 3))
    connected.connections, proven.proven = 1, True
    senders.of("192.0.2.4")
    assert senders.of("192.0.2.1") is connected and senders.of("192.0.2.2") is proven and senders.of("192.0.2.3") is not idle
    full = Senders(most=2)
    old, new = full.of("192.0.2.1"), full.of("192.0.2.2")
    old.connections = new.connections = 1
    full.of("192.0.2.3").connections = 1  # all are: the one that was away longest
    assert full.of("192.0.2.2") is new and len(full) == 2


def test_a_request_waits_for_its_turn_and_is_refused_where_that_is_too_long():
    senders = Senders()
    one = senders.of("192.0.2.7")
    delays = [senders.delay(one, 50.0) for _ in range(int(REQUESTS_AT_ONCE))]
    assert delays == [0.0] * int(REQUESTS_AT_ONCE)
    waits = [senders.delay(one, 50.0) for _ in range(200)]
    longest = int(LONGEST_DELAY * REQUESTS_A_SECOND)
    assert waits[:longest] == pytest.approx([(k + 1) / REQUESTS_A_SECOND for k in range(longest)]) and set(waits[longest:]) == {None}
    assert senders.delay(senders.of("192.0.2.8"), 50.0) == 0.0


def test_all_addresses_together_may_cost_four_times_as_much_as_one():
    senders, room = Senders(), int(ALL_SHARE * REQUESTS_AT_ONCE)
    delays = [senders.delay(senders.of(f"192.0.2.{k % 200}"), 0.0) for k in range(room + 1)]
    assert delays[:room] == [0.0] * room and delays[room] == pytest.approx(1 / (ALL_SHARE * REQUESTS_A_SECOND))


def test_what_a_request_costs_beyond_the_usual_is_charged():
    senders = Senders()
    one = senders.of("192.0.2.7")
    assert senders.delay(one, 0.0) == 0.0
    senders.charge(one, 0.5 * REQUEST_SECONDS)  # paid for already
    senders.charge(one, REQUEST_SECONDS)
    assert one.requests.short(0.0, REQUESTS_AT_ONCE - 1) == 0.0
    senders.charge(one, 11 * REQUEST_SECONDS)
    assert one.requests.short(0.0, REQUESTS_AT_ONCE - 1) == pytest.approx(10 / REQUESTS_A_SECOND)
    assert senders.requests.short(0.0, ALL_SHARE * REQUESTS_AT_ONCE - 1) == pytest.approx(10 / (ALL_SHARE * REQUESTS_A_SECOND))


def test_the_newest_few_tickets_are_good_to_the_last_second():
    now = [50.0]
    tickets = Tickets(lambda: now[0])
    issued = [tickets.issue() for _ in range(MOST_TICKETS + 1)]
    assert [tickets.waits(one) for one in issued] == [False] + [True] * MOST_TICKETS
    assert not tickets.redeem(issued[0], "a") and tickets.redeem(issued[1], "a")
    now[0] += TICKET_SECONDS - 0.01
    assert tickets.waits(issued[2]) and tickets.redeem(issued[2], "a")
    now[0] += 0.01
    assert not tickets.waits(issued[3]) and not tickets.redeem(issued[3], "a")


def test_a_session_is_good_for_a_week():
    now = [1e9]
    sessions = Sessions("correct-horse-battery", lambda: now[0])
    cookie = sessions.new()
    now[0] += SESSION_SECONDS - 1
    assert sessions.good(cookie)
    now[0] += 1
    assert not sessions.good(cookie)


def test_a_preview_is_a_tenth_of_a_second_old_before_the_next_one():
    preview, ready = Preview(allowed=True), []
    preview.ask(lambda: ready.append(1))
    preview.put(np.zeros((9, 16, 3), np.uint8), 5.0)
    assert ready == [1]
    preview.ask(lambda: ready.append(2))
    assert not preview.wanted(5.0 + 0.9 * PERIOD) and preview.wanted(5.0 + 1.1 * PERIOD)
    preview.put(np.zeros((9, 16, 3), np.uint8), 6.0)
    assert ready == [1, 2]


def test_a_code_has_its_quiet_zone_and_square_modules():
    small, large = qr_rgb("http://192.0.2.7:8600/panel", module_px=1), qr_rgb("http://192.0.2.7:8600/panel", module_px=5)
    side = small.shape[0]
    assert small.shape == (side, side, 3) and large.shape == (5 * side, 5 * side, 3) and set(np.unique(small)) == {0, 255}
    assert np.array_equal(large[::5, ::5], small) and np.array_equal(large[4::5, 4::5], small) and (small[..., 0] == small[..., 2]).all()
    assert (small[:QUIET] == 255).all() and (small[:, :QUIET] == 255).all() and (small[QUIET, QUIET : QUIET + 7] == 0).all()


def test_sketches_are_made_while_a_panel_asks_for_them_and_the_newest_counts():
    now = [10.0]
    board = SketchBoard(lambda: now[0])
    assert not board.wanted and board.numbers() == {} and board.wanted
    for name, level in (("alpha", 10), ("beta", 20), ("alpha", 200)):
        board.put(name, np.full((8, 8, 3), level, np.uint8))
    assert board.numbers() == {"alpha": 3, "beta": 2} and board.jpeg("gamma") is None
    assert board.jpeg("alpha")[:2] == b"\xff\xd8" and board.jpeg("alpha") != board.jpeg("beta")
    now[0] += WANTED_SECONDS - 0.01
    assert board.wanted
    now[0] += 0.01
    assert not board.wanted
    board.clear()
    assert board.numbers() == {} and board.jpeg("alpha") is None


FAULT = FaultRecord("", "a fault", "2026-11-26T10:00:00+00:00", "2026-11-26T10:00:00+00:00", 1.0, 1.0, 1)
SEEN = Observation(12.5, 2, (), 29.5, 14.25, 180.0, 7, 900.0, 'open"vino', "fa\\cets\nx", 128, ("a", "b", "c"), fault_log=(FAULT,))


def figures(seen):
    told = metrics(seen, ControlCounts(4, 5), WebCounts(1, 2, 3, 8, 9))
    lines = [line for line in told.splitlines() if not line.startswith("#")]
    assert told.endswith("\n") and told.count("# TYPE") == told.count("# HELP") == len(lines)
    return dict(line.rsplit(" ", 1) for line in lines)


def test_every_figure_has_its_own_value():
    found = figures(SEEN)
    assert {name: float(value) for name, value in found.items() if "{" not in name} == {
        "facets_up_seconds": 12.5, "facets_presented_fps": 29.5, "facets_portrait_fps": 14.25, "facets_delay_seconds": 0.18,
        "facets_faces": 2, "facets_portrait_px": 128, "facets_dropped_total": 7, "facets_memory_bytes": 900 * 2**20,
        "facets_faults_total": 3, "facets_faults_open": 1, "facets_controls_clamped_total": 4, "facets_controls_ignored_total": 5,
        "facets_web_clients": 1, "facets_web_dropped_total": 2, "facets_web_refused_total": 3, "facets_web_connections": 8,
        "facets_web_turned_away_total": 9,
    }  # fmt: skip
    assert found[r'facets_info{engine="open\"vino",model="fa\\cets\nx"}'] == "1"
    over = replace(FAULT, ended="2026-11-26T10:00:01+00:00")
    late = figures(replace(SEEN, fault_count=12, fault_log=(over,), frame_age=0.25))
    assert (late["facets_faults_total"], late["facets_faults_open"], late["facets_frame_age_seconds"]) == ("12", "0", "0.25")


def test_a_schedule_has_figures_where_there_is_one():
    found = figures(replace(SEEN, schedule=ScheduleSeen(True, "evening", "open", "2026-11-26T18:00+00:00")))
    assert (found["facets_open"], found["facets_next_change_timestamp_seconds"]) == ("1", "1795716000")
    assert found['facets_schedule_info{row="evening",override="open"}'] == "1"
    never = figures(replace(SEEN, schedule=ScheduleSeen(False, "", "auto", "")))
    assert never["facets_open"] == "0" and "facets_next_change_timestamp_seconds" not in never
