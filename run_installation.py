"""The mirror: ``python run_installation.py --help``. What it does stands in ``installation/show.py``."""

import sys

from installation.utf8 import ensure_utf8

if __name__ == "__main__":
    ensure_utf8()

from installation import start

start.prepare()
try:
    from installation.show import begin_log, leave, main, parse
except ModuleNotFoundError as missing:
    sys.exit(start.packages_missing(missing))

__all__ = ["begin_log", "leave", "main", "parse"]

if __name__ == "__main__":
    leave(main())
