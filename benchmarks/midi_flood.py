"""What a flood of MIDI costs: messages a second over a socket that the desk takes in, and processor time for each.

python benchmarks/midi_flood.py [SECONDS]
"""

import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from installation.config import MidiConfig
from installation.control.midi.desk import MidiDesk
from installation.control.midi.mapping import Source, write_mapping
from installation.control.parameters import parameter_table
from installation.control.state import ControlState

KNOBS = 8
RATES = (1000, 10000, 100000)  # messages a second that are tried


def pump(line: socket.socket, rate: int, seconds: float) -> None:
    """Send knobs' positions at ``rate``, or as fast as they are taken."""
    began, sent = time.monotonic(), 0
    while (past := time.monotonic() - began) < seconds:
        due = min(200, int(past * rate) - sent)
        if due > 0:
            line.sendall(b"".join(bytes((0xB0, k % KNOBS, k % 128)) for k in range(sent, sent + due)))
            sent += due
        else:
            time.sleep(0.001)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    state = ControlState(parameter_table(["smile"], []))
    names = [name for name, row in state.table.items() if row.bounded][:KNOBS]
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:
        device = f"socket:127.0.0.1:{server.getsockname()[1]}"
        file = Path(folder) / "midi.yaml"
        write_mapping(file, {name: Source(device, 0, "control", k) for k, name in enumerate(names)})
        desk = MidiDesk(state, MidiConfig(enabled=True, ports=(device,)), file, lambda: None, time.monotonic, print)
        changes = [0]
        state.subscribe(lambda change: changes.__setitem__(0, changes[0] + 1))
        desk.start()
        line, _ = server.accept()
        print("asked /s    taken /s    changes /s    processor")
        for rate in RATES:
            before, moved, cpu, began = desk.received, changes[0], time.process_time(), time.monotonic()
            sender = threading.Thread(target=pump, args=(line, rate, seconds), daemon=True)
            sender.start()
            time.sleep(seconds)
            past = time.monotonic() - began
            taken, busy = (desk.received - before) / past, (time.process_time() - cpu) / past
            print(f"{rate:8d}    {taken:8.0f}    {(changes[0] - moved) / past:10.0f}    {100 * busy:7.1f} %")
            sender.join()
        line.close()
        desk.stop()


if __name__ == "__main__":
    main()
