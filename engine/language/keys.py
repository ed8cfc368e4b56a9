"""The keys of a pipeline and of a step: what each means, and the values it takes."""

from collections.abc import Mapping
from dataclasses import dataclass

STEPS_MAX = 500
ENV_NAMES_MAX = 200
RUN_BYTES_MAX = 100 * 1024  # the kernel takes at most 128 KiB in one argument
LABEL_CHARACTERS_MAX = 1000  # of a name, an id, a working directory
TIMEOUT_MINUTES_MAX = 1440
ATTEMPTS_MAX = 10
DELAY_SECONDS_MAX = 600
COMBINATIONS_MAX = 100
SERVICES_MAX = 20
RUNTIMES_MAX = 20
PATHS_MAX = 100
SHELLS = ("sh", "bash", "python", "node")
LATER = ("approval", "concurrency", "runs-on")  # ignored they would let a wrong deploy through

_Fragment = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Key:
    """A key, its *meaning* in a sentence, and a JSON Schema of its values.

    Those the language had from the beginning *may_be_empty*: then it is as if they were not there.
    """

    name: str
    meaning: str
    schema: _Fragment
    may_be_empty: bool = False


def _one_of(*fragments: _Fragment) -> _Fragment:
    return {"anyOf": list(fragments)}


def _mapping(required: list[str], **properties: _Fragment) -> _Fragment:
    named = {name.replace("_", "-"): fragment for name, fragment in properties.items()}
    shape: dict[str, object] = {"type": "object", "properties": named}
    if required:
        shape["required"] = required
    return {**shape, "additionalProperties": False}


_LABEL: _Fragment = {"type": "string", "minLength": 1, "maxLength": LABEL_CHARACTERS_MAX}
_SCALAR: _Fragment = {"type": ["string", "number", "boolean"]}
_MINUTES: _Fragment = {"type": "number", "exclusiveMinimum": 0, "maximum": TIMEOUT_MINUTES_MAX}
_ATTEMPTS: _Fragment = {"type": "integer", "minimum": 1, "maximum": ATTEMPTS_MAX}
_SECONDS: _Fragment = {"type": "number", "minimum": 0, "maximum": DELAY_SECONDS_MAX}
_COMMAND: _Fragment = {
    "type": ["string", "boolean"],  # `true` and `false` are commands
    "minLength": 1,
    "maxLength": RUN_BYTES_MAX,
}
_SHELL = _one_of({"enum": list(SHELLS)}, {"type": "string", "pattern": r"\{0\}"})
_ENV: _Fragment = {
    "type": ["object", "null"],
    "maxProperties": ENV_NAMES_MAX,
    "propertyNames": {"minLength": 1, "pattern": "^[^=]*$"},
    "additionalProperties": _SCALAR,
}


def _list(item: _Fragment, most: int, *, least: int = 1) -> _Fragment:
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


def _or_list(item: _Fragment, most: int, *, least: int = 1) -> _Fragment:
    return _one_of(item, _list(item, most, least=least))


_PATHS = _or_list(_LABEL, PATHS_MAX)
_FILES: _Fragment = {"oneOf": [{"required": ["paths"]}, {"required": ["path"]}]}
_CACHE = {**_mapping(["key"], key=_LABEL, paths=_PATHS, path=_PATHS), **_FILES}
_ARTIFACT = {**_mapping(["name"], name=_LABEL, paths=_PATHS, path=_PATHS), **_FILES}
_COMBINATION: _Fragment = {"type": "object", "minProperties": 1, "additionalProperties": _SCALAR}
_COMBINATIONS = _list(_COMBINATION, COMBINATIONS_MAX, least=0)
_SERVICE = _mapping(
    ["image"], image=_LABEL, env=_ENV, command=_or_list(_SCALAR, PATHS_MAX, least=0)
)

_ENV_KEY = "Variables: texts, numbers, true or false. They may hold expressions."
_TIMEOUT = "Minutes it may take; fractions are allowed."
_IMAGE = "The container image commands run in."
_SHELL_KEY = "What reads `run`: sh, bash, python, node, or a command line with {0} for the file."

PIPELINE = (
    Key("steps", "The steps, as a list, or as a mapping of ids to steps.", {}),
    Key("env", _ENV_KEY, _ENV),
    Key(
        "runtimes",
        "Language runtimes put in front of PATH.",
        _list(_LABEL, RUNTIMES_MAX),
        may_be_empty=True,
    ),
    Key("timeout-minutes", _TIMEOUT, _MINUTES),
    Key("image", _IMAGE, _LABEL),
    Key("shell", _SHELL_KEY, _SHELL),
    Key(
        "services",
        "Containers that run beside the steps, by name.",
        {
            "type": "object",
            "maxProperties": SERVICES_MAX,
            "propertyNames": {"pattern": "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"},
            "additionalProperties": _SERVICE,
        },
    ),
)
STEP = (
    Key("run", "The command.", _COMMAND),
    Key("plugin", "A plugin: a built-in one, a ./folder, or an npm package.", _LABEL),
    Key(
        "inputs",
        "What the plugin is given. Texts may hold expressions.",
        {"type": ["object", "null"]},
    ),
    Key("id", "Its name in `steps` and `needs`.", _LABEL, may_be_empty=True),
    Key("name", "What people see.", _LABEL, may_be_empty=True),
    Key("if", "It runs only if this is true.", {"type": ["boolean", "string", "number", "null"]}),
    Key("env", _ENV_KEY, _ENV),
    Key("working-directory", "A folder, seen from the checkout.", _LABEL, may_be_empty=True),
    Key(
        "continue-on-error",
        "Its failure does not fail the task. A text, even 'true', does nothing.",
        _SCALAR,
        may_be_empty=True,
    ),
    Key("shell", _SHELL_KEY, _SHELL),
    Key("timeout-minutes", _TIMEOUT, _MINUTES),
    Key(
        "retry",
        "Attempts in all, or attempts, the pause between them and the ends that are tried again.",
        _one_of(
            _ATTEMPTS,
            _mapping(
                [],
                attempts=_ATTEMPTS,
                delay_seconds=_SECONDS,
                on=_or_list(
                    _one_of(
                        {"enum": ["failure", "timeout"]},
                        {"type": "integer", "minimum": 1, "maximum": 255},
                    ),
                    PATHS_MAX,
                ),
            ),
        ),
    ),
    Key(
        "needs",
        "Ids of the steps it waits for; without: all above it.",
        _or_list(_LABEL, STEPS_MAX, least=0),
    ),
    Key(
        "matrix",
        "Lists of values by name; the step is copied for each combination.",
        {
            "type": "object",
            "minProperties": 1,
            "properties": {"include": _COMBINATIONS, "exclude": _COMBINATIONS},
            "additionalProperties": _list(_SCALAR, COMBINATIONS_MAX),
        },
    ),
    Key("image", f"{_IMAGE} It may name `matrix` values.", _LABEL),
    Key("cache", "Files kept from one task to the next, under a key.", _or_list(_CACHE, PATHS_MAX)),
    Key("artifacts", "Files kept with the task, under a name.", _or_list(_ARTIFACT, PATHS_MAX)),
)

# Keys of other dialects that do nothing here, each with what is to be used instead.
PIPELINE_FOREIGN = {
    "name": "",
    "on": "what starts a deploy is set at the environment",
    "triggers": "what starts a deploy is set at the environment",
    "job": "a pipeline is one job",
}
STEP_FOREIGN = {
    "uses": "'plugin:' names a plugin",
    "script": "'run:' holds the command",
    "with": "'inputs:' holds what a plugin is given",
}
ADVICE = {
    "jobs": "a pipeline is one job; its steps stand under 'steps:'",
    "outputs": "a command writes name=value lines to the file named in ROLLWAY_OUTPUT",
    "timeout": "write 'timeout-minutes'",
    "depends_on": "write 'needs'",
    "commands": "write 'run'",
}
