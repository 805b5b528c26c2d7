"""What the statistics of a board cost, see `_board_statistics.py`; its options with --help.

The file has the name of a module of the standard library. The scripts beside it, and what they import, find this one
first when they ask for that one: it then steps aside.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig

if __name__ == "__main__":
    from _board_statistics import main

    main()
elif __name__ == "statistics":
    found = importlib.util.spec_from_file_location(__name__, f"{sysconfig.get_path('stdlib')}/statistics.py")
    if found is None or found.loader is None:
        raise ImportError("the standard library has no statistics")
    sys.modules[__name__] = importlib.util.module_from_spec(found)
    found.loader.exec_module(sys.modules[__name__])
