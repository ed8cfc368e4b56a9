"""What steps write themselves: who ran when, and for how long it showed signs of life."""

import re
import time
from dataclasses import dataclass, field
from datetime import datetime

BEAT_SECONDS = 0.2
LINES_A_BEAT = 5

# Each line is one write() of a file opened to append, which no other line can split. The clock is
# that of the whole machine, in hundredths of a second; `read` and `echo` start no process.
STEP = """
steps:
  - env: {{BEATS: "${{{{ inputs.beats }}}}"}}
    run: |
      say() {{
        read -r up _ </proc/uptime
        echo "$1 $ROLLWAY_TASK_ID $ROLLWAY_EPOCH $up $ROLLWAY_STEP_OF" >>'{ledger}'
      }}
      trap 'say term; exit 143' TERM
      say begin
      setsid sleep 60 >/dev/null 2>&1 &
      at=0 line=0
      while [ "$at" -lt "$BEATS" ]; do
        at=$((at + 1))
        of=0
        while [ "$of" -lt {lines} ]; do
          of=$((of + 1)) line=$((line + 1))
          echo "line $line"
        done
        say beat
        sleep {beat}
      done
      say end
"""


LINE = re.compile(r"^line (\d+)$", re.MULTILINE)


def pipeline(ledger):
    """Return a pipeline of one step that writes to the file *ledger*."""
    return STEP.format(ledger=ledger, lines=LINES_A_BEAT, beat=BEAT_SECONDS)


def clock():
    """Return the ledger's time, in seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def moment(text):
    """Return the ledger's time of a time that the API gives."""
    return datetime.fromisoformat(text).timestamp() - time.time() + clock()


@dataclass
class Run:
    """One epoch of one task, by its own words; *marks* are kind and time."""

    task: str
    epoch: int
    worker: str
    marks: list = field(default_factory=list)

    def times(self, kind):
        """Return when it wrote marks of a kind."""
        return [at for said, at in self.marks if said == kind]

    @property
    def begin(self):
        """When it wrote its first mark."""
        return self.marks[0][1]

    @property
    def last(self):
        """Its last sign of life."""
        return self.marks[-1][1]


def read(path):
    """Return the runs, in the order of their first marks."""
    runs = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        kind, task, epoch, at, mark = line.split(maxsplit=4)
        worker = mark.rsplit("/", 2)[-2]
        run = runs.setdefault((task, epoch, worker), Run(task, int(epoch), worker))
        run.marks.append((kind, float(at)))
    return list(runs.values())
