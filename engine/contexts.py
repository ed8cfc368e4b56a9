"""What expressions can name while a task runs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine import beneath
from engine.expressions import Scope, Warn, resolve_env, substitute
from engine.job import Job
from engine.language.functions import Inapplicable
from engine.language.names import tainted
from engine.language.steps import Plan, Service, Step
from engine.language.values import Scalar, text
from engine.state import StepStatus


class Contexts:
    """The contexts of one task, as they grow from step to step."""

    def __init__(self, job: Job, plan: Plan, commit: str, source: Path) -> None:
        self.plan = plan
        self._given = {name: _nested(values) for name, values in job.contexts.items()}
        for name in ("env", "secrets", "cloudSecrets", "git", "task", "app", "inputs"):
            self._given.setdefault(name, {})
        # Deploys by hand have no pusher: what is asked of it is empty.
        self._given["git"] = {"pusher": {}, **self._given["git"], "commit": commit}
        # What was written for the original looks for them there, plugins above all.
        again = {name: self._given[name] for name in ("git", "task", "app")}
        self._given["inputs"] = {**self._given["inputs"], **again}
        self._steps: dict[str, dict[str, object]] = {
            step.id: {"status": StepStatus.PENDING.value, "outputs": {}}
            for step in plan.steps
            if step.id
        }
        self._exported: dict[int, Mapping[str, str]] = {}
        self._functions = {"hashFile": partial(_hash_file, source)}

    def scope(self, step: Step, env: Mapping[str, object] | None = None) -> Scope:
        """Return what the expressions of *step* mean; *env* where it is known by now."""
        contexts: dict[str, object] = {
            **self._given,
            "steps": self._steps,
            "status": "running",
            "matrix": step.matrix,
        }
        if env is not None:
            contexts["env"] = env
        given = frozenset(self._given["env"])
        outside = tainted(step.env, self.plan.env, given)
        return Scope(contexts=contexts, functions=self._functions, outside=outside)

    def env(
        self, step: Step, behind: Iterable[int], warn: Warn, asked: str | None = None
    ) -> dict[str, Scalar]:
        """Return the variables of *step*, lowest layer first; *asked* as in `resolve_env`.

        The job's, the pipeline's, those exported by the steps *behind* it, its own. Raises
        InvalidExpression and TextTooLong.
        """
        exported: dict[str, str] = {}
        if self._exported:
            for index in behind:
                exported |= self._exported.get(index, {})
        written = {name: value for name, value in self.plan.env.items() if name not in exported}
        scope = self.scope(step, {**self._given["env"], **exported})
        return resolve_env([written, step.env], scope, warn, asked)

    def services(self, warn: Warn) -> Iterator[Service]:
        """Yield the pipeline's services with the values of their variables."""
        scope = self.scope(Step(index=0, name=""))
        for service in self.plan.services:
            env = {name: substitute(value, scope, warn) for name, value in service.env.items()}
            yield replace(service, env=env)

    def end(
        self,
        step: Step,
        status: StepStatus,
        outputs: Mapping[str, object],
        exported: Mapping[str, str],
    ) -> None:
        """Remember how a step ended; of several copies the failed one counts."""
        if exported:
            self._exported[step.index] = exported
        if step.id is None or step.post_of is not None:
            return
        known = self._steps[step.id]
        if known["status"] != StepStatus.FAILURE.value:
            known["status"] = status.value
        known["outputs"] = {**dict(_mapping(known["outputs"])), **outputs}

    def shown(self, step: Step, env: Mapping[str, Scalar]) -> Mapping[str, object]:
        """Return the contexts a plugin is given: all but the secrets."""
        contexts = self.scope(step, env).contexts
        return {name: contexts[name] for name in contexts if "secrets" not in name.lower()}


def render(value: object, scope: Scope, warn: Warn) -> object:
    """Return *value* with the expressions in all its texts replaced."""
    if isinstance(value, str):
        return substitute(value, scope, warn)
    if isinstance(value, Mapping):
        return {key: render(each, scope, warn) for key, each in value.items()}
    if isinstance(value, list):
        return [render(each, scope, warn) for each in value]
    return value


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _nested(values: Mapping[str, str]) -> dict[str, object]:
    """Return *values* with `pusher.name` as a mapping within a mapping, and under its own name."""
    nested: dict[str, object] = dict(values)
    for name, value in values.items():
        first, dot, rest = name.partition(".")
        if dot:
            inner = nested.setdefault(first, {})
            if isinstance(inner, dict):
                inner[rest] = value
    return nested


def _hash_file(source: Path, path: object = "") -> str:
    try:
        return beneath.sha1(source, text(path).removeprefix("./"))
    except (OSError, ValueError) as error:
        raise Inapplicable(f"the file cannot be read: {error}") from error
