"""What a run is given: the job and its limits."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.cancel import Cancel
from engine.git import Source
from engine.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a job may take; each step has *step_seconds* and *output_bytes_max* for itself.

    All steps together have *job_seconds*; what runs after a cancel or that time to clean up has
    *handler_seconds* in all. Every *disk_look_seconds* the workspace is measured.
    """

    step_seconds: float = 1800.0
    job_seconds: float = 3600.0
    handler_seconds: float = 300.0
    cancel_grace_seconds: float = 10.0
    output_bytes_max: int = 64 * 1024 * 1024
    frame_seconds: float = 0.1
    parallel_max: int = 4
    workspace_bytes_max: int = 10 * 1024**3
    disk_look_seconds: float = 2.0


async def admit_all() -> None:
    """Let every command begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All a worker needs to run a task.

    *workspace* is a folder of the task's own. *pipeline* is a pipeline's text that is used instead
    of the file at *pipeline_path*. *contexts* holds values by context and dotted key, as
    `contexts["git"]["pusher.name"]`; those of `env` are given to every command, those of `secrets`
    and `cloudSecrets` are masked everywhere and given only where the pipeline names them.
    *runtimes* is a folder with runtimes by name, each with a `bin`. *store* keeps caches and
    artifacts, None: nothing is kept. *debug* has the shell print each command before it runs it. A
    command begins when *admit* has returned. *mirrors* is a folder for copies of repositories,
    those of each *tenant* apart. Once *overflow* is set the task fails, with its reason. *machine*
    is what people call the machine, for the log.
    """

    task_id: str
    epoch: int
    source: Source
    protocols: Collection[str]
    workspace: Path
    pipeline_path: str
    pipeline: str | None
    contexts: Mapping[str, Mapping[str, str]] = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    runtimes: Path | None = None
    mirrors: Path | None = None
    tenant: str = ""
    store: Store | None = None
    debug: bool = False
    admit: Callable[[], Awaitable[None]] = admit_all
    overflow: Cancel = field(default_factory=Cancel)
    machine: str = ""
