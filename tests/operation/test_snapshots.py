"""Pictures that were asked for, on a real disk; time is an argument."""

import numpy as np
from PIL import Image as Pillow

from installation.operation.snapshots import AT_ONCE, SECONDS, Snapshots

PICTURE = np.full((4, 6, 3), 77, np.uint8)


def written(folder):
    return sorted(folder.glob("*.png"))


def test_two_pictures_of_one_second_are_two_files(tmp_path):
    now, faults = [0.0], []
    snapshots = Snapshots(tmp_path / "out", faults.append, lambda: now[0])
    for second in (1.0, 2.0):
        now[0] = second
        while not snapshots.ready:
            pass
        snapshots.take(PICTURE)
    snapshots.close()
    files = written(tmp_path / "out")
    assert len(files) == 2 and not faults
    assert np.array_equal(np.asarray(Pillow.open(files[0])), PICTURE)


def test_a_flood_of_wishes_is_a_few_files_and_then_one_now_and_then(tmp_path):
    now = [0.0]
    snapshots = Snapshots(tmp_path, print, lambda: now[0])
    taken = 0
    for tick in range(6000):  # a hundred seconds
        now[0] = tick / 60
        if snapshots.ready:
            snapshots.take(PICTURE)
            taken += 1
    snapshots.close()
    assert len(written(tmp_path)) == taken and 0 < taken <= AT_ONCE + 100 / SECONDS


def test_a_place_that_cannot_be_written_is_a_fault_and_no_end(tmp_path):
    (tmp_path / "out").write_text("a file where the folder should be")
    faults = []
    snapshots = Snapshots(tmp_path / "out", faults.append)
    snapshots.take(PICTURE)
    snapshots.close()
    assert len(faults) == 1 and "could not be written" in faults[0]
