"""How a show ends where a hand asks for it."""

import os
import subprocess
import sys

import pytest

from installation.operation.ending import AGAIN, Ending, Wish


def test_the_first_wish_holds_and_asking_twice_does_no_harm():
    quits = []
    ending = Ending(lambda: quits.append(1))
    assert ending.offered == (Wish.RESTART, Wish.SHUT_DOWN) and ending.code(print) == 0
    assert ending.ask(Wish.RESTART) == "" == ending.ask(Wish.RESTART) and quits == [1]
    assert "restart" in ending.ask(Wish.SHUT_DOWN) and ending.wish is Wish.RESTART and ending.code(print) == AGAIN


def test_an_end_for_good_is_an_end_in_order():
    ending = Ending(lambda: None)
    assert ending.ask(Wish.SHUT_DOWN) == "" and ending.code(print) == 0


def test_the_machine_is_shut_down_by_the_command_that_is_configured(tmp_path):
    quits, said = [], []
    ending = Ending(lambda: quits.append(1), f"touch '{tmp_path}/down now'")
    assert Wish.POWER_OFF in ending.offered and ending.ask(Wish.POWER_OFF) == "" and quits == [1]
    assert not (tmp_path / "down now").exists()  # not before everything is closed
    assert ending.code(said.append) == 0 and (tmp_path / "down now").exists() and not said


def test_without_a_command_or_with_one_that_is_not_there_the_show_goes_on():
    quits = []
    assert "operator.power_off" in Ending(lambda: quits.append(1)).ask(Wish.POWER_OFF)
    assert "no such command" in Ending(lambda: quits.append(1), "no-such-command-here now").ask(Wish.POWER_OFF)
    assert quits == []


def test_a_machine_that_cannot_be_shut_down_gets_its_show_back():
    said = []
    ending = Ending(lambda: None, "ls /no/such/place")
    ending.ask(Wish.POWER_OFF)
    assert ending.code(said.append) == AGAIN and "/no/such/place" in said[0] and "begun again" in said[0]


PROGRAM = """
import os, sys
from installation.operation.ending import begin_again
handle = os.open("/dev/null", os.O_RDONLY)
os.set_inheritable(handle, True)
count = int(os.environ.get("COUNT", 0)) + 1
os.environ["COUNT"] = str(count)
print(count, os.getpid(), sys.argv[1:], handle, flush=True)
if count < 3:
    begin_again()
    print("not begun again")
"""


@pytest.mark.parametrize("managed", [False, True])
def test_a_program_begins_again_in_its_own_process_unless_a_service_manager_does_it(tmp_path, managed):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    environment = {name: value for name, value in os.environ.items() if name not in ("COUNT", "NOTIFY_SOCKET")}
    environment |= {"PYTHONPATH": os.getcwd(), **({"NOTIFY_SOCKET": "/nowhere"} if managed else {})}
    command = [sys.executable, str(path), "--source", "a b"]
    lines = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    if managed:
        assert len(lines) == 2 and lines[1] == "not begun again"
        return
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert len({line.split(maxsplit=1)[1] for line in lines}) == 1  # process, arguments, and no file that stayed open
