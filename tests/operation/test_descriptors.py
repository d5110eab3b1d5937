import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("soft", "hard", "after"), [(64, 512, 512), (64, 5000, 4096), (300, 300, 300)])
def test_as_many_files_may_be_open_as_the_system_allows(soft, hard, after):
    script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from installation.operation.descriptors import open_limit, raise_limit
print(raise_limit(), open_limit())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == [str(after)] * 2
