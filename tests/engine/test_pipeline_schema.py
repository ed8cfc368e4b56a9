import re
from pathlib import Path

import pytest

from engine.language.document import compose
from engine.language.keys import PIPELINE, STEP
from engine.language.pipeline_schema import pipeline_schema
from engine.language.reader import Reader
from engine.language.verdict import examine

SCHEMA = pipeline_schema()
ROOT = Path(__file__).parents[2]
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
NUMBERS = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
}
SIZES = {
    "minLength": (str, 1),
    "maxLength": (str, -1),
    "minItems": (list, 1),
    "maxItems": (list, -1),
    "minProperties": (dict, 1),
    "maxProperties": (dict, -1),
}
SILENT = {"description", "deprecated", "$schema", "title", "$defs"}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def fits(value, schema):
    """Tell whether *value* is valid: the part of draft 2020-12 that our schema is written in."""
    return all(keyword_fits(value, schema, word, given) for word, given in schema.items())


def keyword_fits(value, schema, word, given):
    known = {
        "$ref": lambda: fits(value, SCHEMA["$defs"][given.rpartition("/")[2]]),
        "type": lambda: any(
            is_type(value, each) for each in ([given] if isinstance(given, str) else given)
        ),
        "enum": lambda: any(value == each and type(value) is type(each) for each in given),
        "anyOf": lambda: any(fits(value, each) for each in given),
        "oneOf": lambda: sum(fits(value, each) for each in given) == 1,
        "required": lambda: not isinstance(value, dict) or set(given) <= value.keys(),
        "pattern": lambda: not isinstance(value, str) or re.search(given, value) is not None,
        "items": lambda: not isinstance(value, list) or all(fits(each, given) for each in value),
        "properties": lambda: (
            not isinstance(value, dict)
            or all(fits(value[name], each) for name, each in given.items() if name in value)
        ),
        "propertyNames": lambda: (
            not isinstance(value, dict) or all(fits(each, given) for each in value)
        ),
        "additionalProperties": lambda: (
            not isinstance(value, dict)
            or all(
                given is not False and fits(each, given)
                for name, each in value.items()
                if name not in schema.get("properties", {})
            )
        ),
    }
    if word in SILENT:
        return True
    if word in NUMBERS:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return not number or NUMBERS[word](value, given)
    if word in SIZES:
        kind, sign = SIZES[word]
        return not isinstance(value, kind) or len(value) * sign >= given * sign
    return known[word]()


def valid(text):
    return fits(Reader("").plain(compose(text), [], ""), SCHEMA)


def examples():
    """Find the pipelines in the pages for users."""
    for page in sorted(ROOT.glob("docs/*.md")):
        found = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        for number, text in enumerate(found):
            yield pytest.param(text, id=f"{page.name}-{number}")


@pytest.mark.parametrize("text", list(examples()))
def test_examples_for_users(text):
    """What the checker takes the schema takes; it refuses no more than the checker."""
    if examine(text).valid:
        assert valid(text)
    if not valid(text):
        assert not examine(text).valid


GOOD = [
    "steps: {a: {run: x}}",
    "{steps: [{run: x, if: }], env: , name: a, on: [push], timeout-minutes: 0.5}",
    "{steps: [{plugin: cache, inputs: {a: [1]}}], runtimes: [nodejs16], image: a, shell: sh}",
    "{steps: [{run: x, shell: 'a {0}', timeout-minutes: 5, retry: 3, needs: []}]}",
    "steps: [{run: x, retry: {attempts: 2, delay-seconds: 0, on: [timeout, 3]}, id: a, if: false}]",
    "steps: [{run: x, retry: {attempts: 2, on: failure}, matrix: {a: [1, b], include: []}}]",
    "{steps: [{run: x, name: , id: '', working-directory: ' ', continue-on-error: }], runtimes: }",
    "steps: [{run: x, continue-on-error: 'true'}, {plugin: tools/a, continue-on-error: true}]",
    "steps: [{run: x, cache: {key: a, path: b}, artifacts: [{name: a, paths: [b]}]}]",
    "{services: {a: {image: b, env: {A: 1}, command: [c, 1]}}, steps: [{run: x, uses: y}]}",
]
BAD = [
    *("{}", "[]", "steps: []", "steps: {}", "steps: [x]", "steps: [{}]", "steps: [{uses: a}]"),
    *("{steps: [{run: x}], stesp: 1}", "steps: [{run: 5}]", "steps: [{run: x, approval: a}]"),
    *("{steps: [{run: x}], timeout-minutes: 0}", "steps: [{run: x, continue-on-error: [a]}]"),
    *("steps: [{run: x, retry: 11}]", "steps: [{run: x, retry: {attempts: 1, on: [never]}}]"),
    *(
        "steps: [{run: x, shell: zsh}]",
        "steps: [{run: x, env: {A: }}]",
        "{steps: [{run: x}], env: []}",
    ),
    *("steps: [{run: x, env: {A=B: 1}}]", "steps: [{run: x, matrix: {a: b}}]"),
    *(
        "steps: [{run: x, cache: {key: a}}]",
        "steps: [{run: x, cache: {key: a, path: b, paths: c}}]",
    ),
    *("{steps: [{run: x}], services: {A: {image: b}}}", "{steps: [{run: x}], services: {a: {}}}"),
]


@pytest.mark.parametrize(("text", "good"), [(each, each in GOOD) for each in GOOD + BAD])
def test_the_schema_agrees_with_the_checker(text, good):
    """Both read the same table of keys."""
    assert examine(text).valid is good, examine(text)
    assert valid(text) is good


def test_every_key_has_an_example():
    """A new key is tried above."""
    together = " ".join(GOOD)
    assert not [key.name for key in (*PIPELINE, *STEP) if f"{key.name}:" not in together]
