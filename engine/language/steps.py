"""What a checked pipeline is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.language.document import Issue
from engine.language.plugin_names import builtin
from engine.language.values import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A container beside a task's own, reached by its *name*, as `services:` declares it."""

    name: str
    image: str
    env: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a step is tried in all, with which pause, and after which ends.

    *on* holds the words `failure` and `timeout`, and exit codes.
    """

    attempts: int = 1
    delay_seconds: float = 0.0
    on: frozenset[str | int] = frozenset({"failure", "timeout"})


@dataclass(frozen=True, slots=True)
class Cache:
    """Files kept from one task to the next under a *key*; both may hold expressions."""

    key: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """Files of a step that are kept with the task under a *name*."""

    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of the pipeline: a command, a plugin, or what a plugin does after all steps.

    *index* counts from 1 (0 is the set-up step), *line* is where the step begins in the file.
    *run* goes to the *shell* as it is; *env*, *inputs*, *condition*, *working_directory* may hold
    expressions. *condition* is `if:` as written, None without one. *needs* are the indexes of the
    steps that must have ended; None: all that stand before it. *matrix* holds the values of this
    copy of a step. *post_of* is the index of the plugin step whose clean-up this is.
    """

    index: int
    name: str
    run: str | None = None
    plugin: str | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    id: str | None = None
    condition: str | bool | None = None
    env: Mapping[str, Scalar] = field(default_factory=dict)
    working_directory: str | None = None
    continue_on_error: bool = False
    shell: str | None = None
    timeout_seconds: float | None = None
    retry: Retry = Retry()
    needs: tuple[int, ...] | None = None
    matrix: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    caches: tuple[Cache, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    post_of: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked pipeline: its steps in order, and the env that lies under each step's own.

    *warnings* are what the file says that may not be meant so.
    """

    steps: tuple[Step, ...]
    env: Mapping[str, Scalar]
    timeout_seconds: float | None = None
    image: str | None = None
    shell: str | None = None
    services: tuple[Service, ...] = ()
    runtimes: tuple[str, ...] = ()
    warnings: tuple[Issue, ...] = ()

    @property
    def extras(self) -> frozenset[str]:
        """What a `checkout` step asks to have fetched besides the files: submodules, LFS files."""
        asked = [step.inputs for step in self.steps if builtin(step.plugin or "") == "checkout"]
        return frozenset(
            name
            for name in ("submodules", "lfs")
            if any(inputs.get(name) in {True, "true"} for inputs in asked)
        )
