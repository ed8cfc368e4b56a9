"""The pipeline file: its text goes in, checked steps come out.

Everything wrong with it is said at once, each with line and column. What the language knows and
this version does not is refused, because a step whose approval was ignored would deploy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from engine.expressions import InvalidExpression, Scope, TextTooLong, substitute
from engine.language import checker, fields, keys, matrix
from engine.language.checker import Place, Written
from engine.language.document import Issue, Malformed, compose, kind, shared
from engine.language.keys import STEPS_MAX
from engine.language.matrix import Combination
from engine.language.names import tainted, uses
from engine.language.order import Wanted, order
from engine.language.plugin_names import builtin, cleans_up
from engine.language.reader import Entries, Reader, a, malformed
from engine.language.steps import Artifact, Cache, Plan, Retry, Service, Step
from engine.language.syntax import expressions, shown
from engine.language.values import Scalar
from engine.refusal import Refusal

__all__ = [
    "Artifact",
    "Cache",
    "InvalidPipeline",
    "Plan",
    "Retry",
    "Service",
    "Step",
    "builtin",
    "parse",
]

_NAME_CHARACTERS = 60


@dataclass(eq=False)
class InvalidPipeline(Refusal):
    """A pipeline that cannot be run; the message has one line an issue."""

    path: str
    issues: tuple[Issue, ...]
    warnings: tuple[Issue, ...] = ()

    def __str__(self) -> str:
        """Return `path:line:column: message`, one line an issue."""
        return "\n".join(
            f"{self.path}:{issue.line}:{issue.column}: {issue.message}" for issue in self.issues
        )


def parse(text: str, *, path: str) -> Plan:
    """Read the pipeline *text*; *path* names it in messages. Raises InvalidPipeline."""
    reader = Reader(text)
    plan = Plan((), {})
    try:
        plan = _Pipeline(reader).plan(compose(text))
    except Malformed as malformed:
        reader.issues.append(malformed.issue)
    warnings = _in_order(reader.warnings)
    if reader.issues:
        raise InvalidPipeline(path, _in_order(reader.issues), warnings)
    return replace(plan, warnings=warnings)


def _in_order(issues: list[Issue]) -> tuple[Issue, ...]:
    return tuple(sorted(dict.fromkeys(issues), key=lambda issue: (issue.line, issue.column)))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A step as the file has it, before it is copied and has its place."""

    step: Step
    combinations: list[Combination]
    wanted: Wanted | None
    image: yaml.Node | None


class _Pipeline:
    """Reads a document; the values of single keys are read by `fields`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._texts: list[Written] = []
        self._ids: dict[str, int] = {}
        self._env: dict[str, Scalar] = {}
        self._tainted: frozenset[str] = frozenset()

    def plan(self, root: yaml.Node | None) -> Plan:
        """Read the document."""
        if root is None or kind(root) == "null":
            raise Malformed(Issue(1, 1, "the file is empty; a pipeline has 'steps:'"))
        if not isinstance(root, yaml.MappingNode):
            raise malformed(root, f"a pipeline is a mapping with 'steps:', not {a(root)}")
        reader = self._reader
        entries = reader.entries(root, "a pipeline")
        elsewhere = [key.name for key in keys.STEP]
        anchors = shared(root) - {key.name for key in keys.PIPELINE}
        entries = {name: entry for name, entry in entries.items() if name not in anchors}
        entries = reader.check_keys(
            entries, "a pipeline", keys.PIPELINE, keys.PIPELINE_FOREIGN, elsewhere
        )
        leaves: fields.Leaves = []
        env = reader.env(entries, "the pipeline")
        self._env = {name: value for name, (value, _) in env.items()}
        self._tainted = tainted(self._env, {})
        services = fields.services(reader, entries, leaves)
        self._written([*leaves, *(node for _, node in env.values())], Place.VALUE)
        if "steps" not in entries:
            raise malformed(root, "a pipeline has 'steps:', a list of commands to run")
        image = fields.image(reader, entries)
        if image and "${{" in image:
            reader.issue(entries["image"][1], "the image of the file holds no expressions")
        plan = Plan(
            self._steps(entries["steps"][1]),
            self._env,
            timeout_seconds=fields.timeout(reader, entries),
            image=image,
            shell=fields.shell(reader, entries),
            services=services,
            runtimes=fields.runtimes(reader, entries),
        )
        checker.check(reader, self._texts, self._ids)
        return plan

    def _steps(self, node: yaml.Node) -> tuple[Step, ...]:
        nodes = list(self._step_nodes(node))
        if not nodes:
            self._reader.issue(node, "there are no steps")
        if len(nodes) > STEPS_MAX:
            raise malformed(nodes[STEPS_MAX][0], f"a pipeline has at most {STEPS_MAX} steps")
        steps: list[Step] = []
        wanted: list[Wanted | None] = []
        for each, given in nodes:
            draft = self._draft(each, given)
            first = len(steps) + 1
            for combination in draft.combinations or [{}]:
                steps.append(self._copy(draft, combination, len(steps) + 1, first))
                wanted.append(draft.wanted)
            if len(steps) > STEPS_MAX:
                raise malformed(each, f"a pipeline has at most {STEPS_MAX} steps")
        ordered = order(self._reader, steps, wanted)
        cleaning = [step for step in reversed(ordered) if step.plugin and cleans_up(step.plugin)]
        if len(steps) + len(cleaning) > STEPS_MAX:
            raise malformed(node, f"a pipeline has at most {STEPS_MAX} steps, clean-ups included")
        return (
            *ordered,
            *(_post(step, index) for index, step in enumerate(cleaning, len(steps) + 1)),
        )

    def _step_nodes(self, node: yaml.Node) -> Iterator[tuple[yaml.Node, str | None]]:
        if isinstance(node, yaml.SequenceNode):
            yield from ((child, None) for child in node.value)
        elif isinstance(node, yaml.MappingNode):
            for key, (_, child) in self._reader.entries(node, "steps").items():
                yield child, key
        elif kind(node) != "null":
            self._reader.issue(node, f"'steps' is a list of steps, not {a(node)}")

    def _draft(self, node: yaml.Node, given: str | None) -> _Draft:
        reader = self._reader
        entries: Entries = {}
        if isinstance(node, yaml.MappingNode):
            entries = reader.entries(node, "a step")
            elsewhere = [key.name for key in keys.PIPELINE]
            entries = reader.check_keys(entries, "a step", keys.STEP, keys.STEP_FOREIGN, elsewhere)
            self._check_work(entries, node)
        else:
            reader.issue(node, f"a step is a mapping with 'run:', not {a(node)}")
        copies = []
        if "matrix" in entries:
            copies = matrix.combinations(reader, entries["matrix"][1])
        names = frozenset(name for copy in copies for name in copy)
        step = self._step(entries, node, given, names)
        image = entries["image"][1] if "image" in entries else None
        return _Draft(step, copies, self._needs(entries), image)

    def _step(
        self, entries: Entries, node: yaml.Node, given: str | None, names: frozenset[str]
    ) -> Step:
        reader = self._reader
        leaves: fields.Leaves = []
        env = reader.env(entries, "a step")
        own = {name: value for name, (value, _) in env.items()}
        run = fields.run(reader, entries)
        plugin = fields.plugin(reader, entries)
        step = Step(
            index=0,
            name=reader.text(entries, "name") or _default_name(run or plugin or ""),
            run=run,
            plugin=plugin if run is None else None,
            inputs=fields.inputs(reader, entries, leaves),
            id=self._id(entries, node, given),
            condition=self._condition(entries, names),
            env=own,
            working_directory=reader.text(entries, "working-directory"),
            continue_on_error=reader.flag(entries, "continue-on-error"),
            shell=fields.shell(reader, entries),
            timeout_seconds=fields.timeout(reader, entries),
            retry=fields.retry(reader, entries),
            image=fields.image(reader, entries),
            caches=fields.caches(reader, entries, leaves),
            artifacts=fields.artifacts(reader, entries, leaves),
            line=node.start_mark.line + 1,
        )
        leaves += (place for _, place in env.values())
        if "working-directory" in entries:
            leaves.append(entries["working-directory"][1])
        self._written(leaves, Place.VALUE, matrix=names)
        if run is not None:
            outside = tainted(own, self._env) if own else self._tainted
            self._written([entries["run"][1]], Place.COMMAND, outside, names)
        return step

    def _check_work(self, entries: Entries, node: yaml.Node) -> None:
        """Check that a step has one thing to do."""
        if "run" not in entries and "plugin" not in entries:
            foreign = [name for name in entries if name in keys.STEP_FOREIGN]
            advice = f"; '{foreign[0]}' does nothing here" if foreign else ""
            self._reader.issue(
                node, f"a step has 'run:', the command it runs, or 'plugin:'{advice}"
            )
        if "run" in entries and "plugin" in entries:
            key = entries["plugin"][0]
            self._reader.warn(key, "'plugin' does nothing in a step that has 'run'")
        if "run" in entries and "inputs" in entries:
            key = entries["inputs"][0]
            self._reader.warn(key, "'inputs' are for plugins; a command is given values by 'env'")

    def _condition(self, entries: Entries, names: frozenset[str]) -> str | bool | None:
        if "if" not in entries:
            return None
        key, node = entries["if"]
        if not isinstance(node, yaml.ScalarNode):
            self._reader.issue(node, f"'if' is an expression, not {a(node)}")
            return None
        text = self._reader.value(node, "'if'")
        if kind(node) == "bool":
            return text == "true"
        if kind(node) == "null" or not text:
            self._reader.warn(key, "'if' is empty: the step runs as if there was none")
            return None
        self._written([node], Place.CONDITION, matrix=names)
        return text

    def _id(self, entries: Entries, node: yaml.Node, given: str | None) -> str | None:
        reader = self._reader
        written = reader.text(entries, "id") or given
        if written is None:
            return None
        place = entries["id"][1] if "id" in entries else node
        if "${{" in written:
            reader.issue(place, "'id' holds no expressions")
        if written in self._ids:
            line = self._ids[written]
            reader.issue(place, f"the id '{written}' stands already in line {line}")
        self._ids[written] = place.start_mark.line + 1
        return written

    def _needs(self, entries: Entries) -> Wanted | None:
        if "needs" not in entries:
            return None
        node = entries["needs"][1]
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if len(nodes) > STEPS_MAX:
            raise malformed(node, f"'needs' has at most {STEPS_MAX} entries")
        ids = [(self._reader.label(each, "'needs'"), each) for each in nodes]
        return Wanted(node, [(name, each) for name, each in ids if name])

    def _copy(self, draft: _Draft, combination: Combination, index: int, first: int) -> Step:
        """Return the step for one combination of its matrix, {} without one.

        *first* is the index of its first copy: they do not wait for each other.
        """
        step = draft.step
        name = step.name
        if combination:
            name = f"{name} ({', '.join(map(shown, combination.values()))})"
        image = step.image
        if draft.image is not None and image and "${{" in image:
            image = self._image(draft.image, image, combination)
        needs = tuple(range(1, first)) if combination else None
        return replace(step, index=index, name=name, matrix=combination, image=image, needs=needs)

    def _image(self, node: yaml.Node, written: str, combination: Combination) -> str:
        """Fill in the values of the matrix: what runs is known before."""
        for each in expressions(written):
            if each.node and any(use.root != "matrix" for use in uses(each.node)):
                self._reader.issue(node, "'image' may name values of 'matrix' only")
                return written
        try:
            scope = Scope(contexts={"matrix": combination})
            image = substitute(written, scope, lambda said: self._reader.issue(node, said))
        except (InvalidExpression, TextTooLong) as invalid:
            self._reader.issue(node, str(invalid))
            return written
        fields.check_image(self._reader, node, image)
        return image

    def _written(
        self,
        nodes: fields.Leaves,
        place: Place,
        outside: frozenset[str] = frozenset(),
        matrix: frozenset[str] = frozenset(),
    ) -> None:
        for node in nodes:
            if isinstance(node, yaml.ScalarNode) and (
                "${{" in node.value or place is Place.CONDITION
            ):
                self._texts.append(Written(node, place, outside, matrix))


def _post(step: Step, index: int) -> Step:
    """Return the clean-up of a plugin's step."""
    return replace(
        step,
        index=index,
        name=f"Post {step.name}",
        id=None,
        condition=None if builtin(step.plugin or "") else "always()",  # a failed task keeps nothing
        needs=None,
        post_of=step.index,
        caches=(),
        artifacts=(),
        retry=Retry(),
    )


def _default_name(run: str) -> str:
    first = next((line.strip() for line in run.splitlines() if line.strip()), "")
    short = first if len(first) <= _NAME_CHARACTERS else first[: _NAME_CHARACTERS - 1] + "…"
    return f"Run {short}"
