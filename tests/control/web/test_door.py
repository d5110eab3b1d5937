"""The door by itself, over real connections: who is heard, how much of it, who goes for whom, and what is left behind."""

import asyncio
import errno
import os
import socket

import pytest

from installation.control.web import door, senders
from installation.control.web.door import Door
from installation.control.web.senders import Bucket, Senders

ONE, TWO = b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n"


class Heard(asyncio.Protocol):
    """The HTTP protocol of one connection: it keeps what it hears."""

    def __init__(self):
        self.parts, self.ended, self.lost = [], False, False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.parts.append(data)

    def eof_received(self):
        self.ended = True

    def connection_lost(self, exc):
        self.lost = True


async def until(holds):
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.001)


class House:
    """A door at a port of its own."""

    def __init__(self):
        self.senders = Senders()
        self.door = Door(self.senders)
        self.behind, self.links = [], []

    async def __aenter__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listening.setblocking(False)
        self.door.open(self.listening, self._greet)
        return self

    async def __aexit__(self, *_):
        self.door.close()
        for link in self.links:
            link.close()
        await until(lambda: len(self.door) == 0 and not self.door._tasks)
        self.listening.close()

    def _greet(self):
        self.behind.append(Heard())
        return self.behind[-1]

    async def link(self, source="127.0.0.1", data=b""):
        """The other side's end of a new connection."""
        link = socket.socket()
        link.setblocking(False)
        link.bind((source, 0))
        self.links.append(link)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(link, self.listening.getsockname())
        await loop.sock_sendall(link, data)
        return link

    async def knock(self, source="127.0.0.1", data=b""):
        """A new connection that is taken: the other side's end, the connection, and what is behind it."""
        there = len(self.behind)
        link = await self.link(source, data)
        await until(lambda: len(self.behind) > there)
        heard = self.behind[-1]
        return link, self.door.connection(heard.transport), heard

    @staticmethod
    async def send(link, data):
        await asyncio.get_running_loop().sock_sendall(link, data)


def in_a_house(visit):
    """And no file is left open behind it."""

    async def run():
        async with House() as house:
            await visit(house)

    before = len(os.listdir("/proc/self/fd"))
    asyncio.run(run())
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def every_address_counts(monkeypatch):
    """Addresses of the loopback count each for itself, as those of the network do."""
    monkeypatch.setattr(senders, "key_of", lambda remote: remote)


def test_requests_are_heard_one_at_a_time_and_whole():
    async def visit(house):
        link, connection, heard = await house.knock(data=ONE[:9])
        await house.send(link, ONE[9:] + TWO + TWO[:5])
        await until(lambda: heard.parts)
        assert heard.parts == [ONE]
        connection.answered()
        assert heard.parts == [ONE, TWO]
        connection.answered()
        assert heard.parts == [ONE, TWO]
        await house.send(link, TWO[5:])
        await until(lambda: len(heard.parts) == 3)
        assert heard.parts[2] == TWO and not heard.lost and house.door.turned_away == 0

    in_a_house(visit)


def test_what_does_not_begin_like_a_request_is_heard_at_once():
    async def visit(house):
        _, _, heard = await house.knock(data=b"\x16\x03\x01\x02\0")
        await until(lambda: heard.parts)
        assert heard.parts == [b"\x16\x03\x01\x02\0"]

    in_a_house(visit)


def test_half_a_request_is_heard_when_no_more_will_come_unless_another_is_under_way():
    async def visit(house):
        link, _, heard = await house.knock(data=ONE[:9])
        link.shutdown(socket.SHUT_WR)
        await until(lambda: heard.ended)
        assert heard.parts == [ONE[:9]]
        link, _, heard = await house.knock(data=ONE + TWO[:9])
        link.shutdown(socket.SHUT_WR)
        await until(lambda: heard.ended)
        assert heard.parts == [ONE]

    in_a_house(visit)


def test_a_request_may_be_so_long_and_no_longer(monkeypatch):
    monkeypatch.setattr(door, "LONGEST_REQUEST", 100)

    async def visit(house):
        link, _, heard = await house.knock(data=b"G" * 60)
        await house.send(link, b"E" * 37 + b"\r\n\r")
        _, _, heard_too = await house.knock(data=b"G" * 101)
        await until(lambda: heard_too.lost)
        assert house.door.turned_away == 1 and not heard.lost and not heard_too.parts
        await house.send(link, b"\n")  # a hundred and one, and whole
        await until(lambda: heard.parts)
        assert len(heard.parts[0]) == 101

    in_a_house(visit)


def test_what_comes_behind_a_request_waits_in_the_network_until_that_is_answered(monkeypatch):
    monkeypatch.setattr(door, "LONGEST_REQUEST", 100)

    async def visit(house):
        link, connection, heard = await house.knock(data=ONE)
        await until(lambda: heard.parts)
        await house.send(link, TWO + b"x" * (100 - len(TWO)))
        await house.send(link, b"x")
        await until(lambda: not heard.transport.is_reading())
        assert not heard.lost and heard.parts == [ONE]
        connection.answered()
        assert heard.transport.is_reading() and heard.parts == [ONE, TWO]
        house.door.asked(connection, True)  # with the token: all of it may be heard
        assert b"".join(heard.parts) == ONE + TWO + b"x" * (101 - len(TWO)) and heard.transport.is_reading()

    in_a_house(visit)


def test_whoever_has_the_token_or_talks_over_a_websocket_is_heard_as_it_comes(monkeypatch):
    monkeypatch.setattr(door, "LONGEST_REQUEST", 10)

    async def visit(house):
        for tell in (lambda one: house.door.asked(one, True), lambda one: house.door.lasts(one, True)):
            link, connection, heard = await house.knock()
            tell(connection)
            await house.send(link, b"half a request, and a long one")
            await until(lambda heard=heard: heard.parts)
            assert heard.parts == [b"half a request, and a long one"] and not heard.lost

    in_a_house(visit)


def test_without_the_token_only_so_many_bytes_are_heard():
    async def visit(house):
        link, connection, heard = await house.knock()
        connection.sender.bytes = Bucket(1e-6, len(ONE))
        await house.send(link, ONE)
        await until(lambda: heard.parts)
        trusted, asker, told = await house.knock()
        house.door.asked(asker, True)
        await house.send(trusted, TWO)
        await until(lambda: told.parts)
        await house.send(link, b"x")
        await until(lambda: heard.lost)
        assert house.door.turned_away == 1 and not told.lost and len(house.door) == 1

    in_a_house(visit)


def test_a_newcomer_takes_the_place_of_who_has_asked_for_nothing_the_longest():
    async def visit(house):
        house.door.most = 3
        kept = [await house.knock() for _ in range(3)]
        (_, first, a), (_, _, b), (_, third, c) = kept
        house.door.asked(first, False)  # it is the newest now
        _, _, d = await house.knock()
        await until(lambda: b.lost)
        assert len(house.door) == 3 and house.door.turned_away == 1 and not (a.lost or c.lost or d.lost)
        house.door.asked(third, True)
        house.door.lasts(first, True)
        _, _, e = await house.knock()
        await until(lambda: d.lost)  # it is younger than the one with the token, and a WebSocket stays
        await house.knock()
        await until(lambda: e.lost)
        assert not a.lost and not c.lost and len(house.door) == 3 and house.door.turned_away == 3

    in_a_house(visit)


def test_where_nobody_idles_nobody_goes_and_with_the_token_alone_the_oldest_does():
    async def visit(house):
        house.door.most = 2
        kept = [await house.knock() for _ in range(2)]
        for _, connection, _ in kept:
            house.door.lasts(connection, True)
        refused = await house.link()
        await until(lambda: house.door.turned_away == 1)
        assert await asyncio.get_running_loop().sock_recv(refused, 9) == b"" and len(house.door) == 2
        assert not any(heard.lost for _, _, heard in kept)
        for _, connection, _ in kept:
            house.door.lasts(connection, False)
            house.door.asked(connection, True)
        await house.knock()
        await until(lambda: kept[0][2].lost)
        assert not kept[1][2].lost

    in_a_house(visit)


def test_an_address_has_its_share_and_the_one_that_holds_most_makes_room(every_address_counts):
    async def visit(house):
        house.senders.of("127.0.0.2").most = 2
        guests = [await house.knock("127.0.0.3") for _ in range(3)]
        own = [await house.knock("127.0.0.2") for _ in range(3)]
        await until(lambda: own[0][2].lost)
        assert not any(heard.lost for _, _, heard in guests) and house.senders.of("127.0.0.2").connections == 2
        house.door.most = 5
        await house.knock("127.0.0.4")
        await until(lambda: guests[0][2].lost)
        for _, connection, _ in own[1:]:
            house.door.lasts(connection, True)
        turned_away = house.door.turned_away
        await house.link("127.0.0.2")  # its share are WebSockets, and none of them idles
        await until(lambda: house.door.turned_away == turned_away + 1)
        assert not own[1][2].lost and [house.senders.of(f"127.0.0.{k}").connections for k in (2, 3, 4)] == [2, 2, 1]

    in_a_house(visit)


def test_of_an_address_that_comes_too_often_no_more_are_taken(every_address_counts):
    async def visit(house):
        house.senders.of("127.0.0.2").arrivals = Bucket(1e-6, 2)
        for _ in range(2):
            await house.knock("127.0.0.2")
        refused = await house.link("127.0.0.2")
        assert await asyncio.get_running_loop().sock_recv(refused, 9) == b""
        assert house.door.turned_away == 1 and len(house.door) == 2
        await house.knock("127.0.0.3")
        assert len(house.door) == 3

    in_a_house(visit)


def test_more_than_can_be_taken_at_once_wait_outside_and_cost_less_when_they_are_turned_away(every_address_counts):
    async def visit(house):
        house.door._arrivals = Bucket(1e-6, 2)
        for _ in range(2):
            await house.knock()
        await house.link()
        await until(lambda: house.door._waking is not None)
        assert len(house.door) == 2 and house.door.turned_away == 0
        house.door._arrivals = Bucket(1e-6, 3)
        await until(lambda: len(house.door) == 3)
        house.door._arrivals = Bucket(1e-6, 2)
        house.senders.of("127.0.0.2").arrivals = Bucket(1e-6, 0.5)
        for _ in range(5):
            await house.link("127.0.0.2")
        await until(lambda: house.door.turned_away == 5)
        await house.knock()  # five turned away cost as much as one that is taken

    in_a_house(visit)


def test_who_takes_too_long_is_let_go_and_a_websocket_is_not(monkeypatch):
    monkeypatch.setattr(door, "SWEEP", 0.01)

    async def visit(house):
        now = asyncio.get_running_loop().time
        (_, slow, gone), (_, asking, stays), (_, lasting, talks) = [await house.knock() for _ in range(3)]
        assert slow.until == slow.arrived + door.ASK_SECONDS
        before = now()
        house.door.asked(asking, False)
        assert before <= asking.arrived <= now() and asking.until == asking.arrived + door.REQUEST_SECONDS
        house.door.lasts(lasting, True)
        assert before + door.LEAVE_SECONDS <= lasting.until <= now() + door.LEAVE_SECONDS
        slow.until = lasting.until = now() - 0.001
        await until(lambda: gone.lost)
        await asyncio.sleep(3 * door.SWEEP)
        assert not stays.lost and not talks.lost and house.door.turned_away == 1
        house.door.lasts(lasting, False)
        lasting.until = now()
        await until(lambda: talks.lost)

    in_a_house(visit)


def test_only_with_the_token_a_request_may_take_its_time():
    async def visit(house):
        _, connection, heard = await house.knock()
        house.door.asked(connection, False)
        before = connection.until = connection.until - 20.0
        house.door.prolong(heard.transport)
        house.door.prolong(None)
        assert connection.until == before
        connection.trusted = True
        house.door.prolong(heard.transport)
        assert connection.until >= before + 20.0

    in_a_house(visit)


def test_whoever_leaves_or_is_let_go_is_counted_out_once():
    async def visit(house):
        link, connection, heard = await house.knock()
        _, other, told = await house.knock()
        sender = connection.sender
        assert sender.connections == len(house.door) == 2
        link.close()
        await until(lambda: heard.lost)
        assert sender.connections == len(house.door) == 1 and house.door.connection(heard.transport) is None
        house.door.let_go(other, "a test")
        assert sender.connections == len(house.door) == 0
        await until(lambda: told.lost)
        assert sender.connections == 0 and house.door.turned_away == 1

    in_a_house(visit)


def test_a_door_that_is_closed_takes_nobody():
    async def visit(house):
        await house.knock()
        house.door.close()
        await house.link()
        await asyncio.sleep(0.05)
        assert len(house.behind) == 1 and house.door._spare is None

    in_a_house(visit)


@pytest.mark.parametrize(("number", "closed"), [(errno.EMFILE, True), (errno.ENETDOWN, False)])
def test_where_the_system_has_no_file_left_one_who_knocks_is_told_and_the_door_opens_again(monkeypatch, number, closed):
    monkeypatch.setattr(door, "FULL_PAUSE", 0.02)

    async def visit(house):
        listening, full = house.listening, [True]

        class Full:
            """The socket that listens, which fails once."""

            def fileno(self):
                return listening.fileno()

            def accept(self):
                if full and full.pop():
                    raise OSError(number, "no more")
                return listening.accept()

        spare, house.door._listening = house.door._spare, Full()
        link = await house.link()
        await until(lambda: house.door.turned_away == 1)
        if closed:
            assert await asyncio.get_running_loop().sock_recv(link, 9) == b"" and len(house.door) == 0
        os.fstat(house.door._spare)  # there is one for the next time
        assert closed or house.door._spare == spare
        there = len(house.behind)
        await house.link()
        await until(lambda: len(house.behind) == there + 1 + (not closed))  # who was not told still waited

    in_a_house(visit)


@pytest.mark.parametrize(("files", "most"), [(8, 8), (32, 8), (36, 9), (1023, 255), (1024, 256), (1 << 20, 256)])
def test_connections_have_a_part_of_the_files_that_there_may_be(monkeypatch, files, most):
    monkeypatch.setattr(door, "open_limit", lambda: files)
    assert Door(Senders()).most == most
