"""The composition root: puts the rooms together; the only room that reads the environment.

In a wheel the other rooms are boxed in `rollway/_rooms`, in a checkout they stand beside this one;
either way they are imported by their own names, before anything of that name that is installed.
"""

import sys
from pathlib import Path

_here = Path(__file__).parent
_box = _here / "_rooms"
sys.path.insert(0, str(_box if _box.is_dir() else _here.parent))
