"""Reads the values of single keys: what is wrong with one becomes an issue of the reader."""

import re
import shlex
from collections.abc import Iterator

import yaml

from engine.language.document import kind, scalar_text
from engine.language.keys import (
    ATTEMPTS_MAX,
    DELAY_SECONDS_MAX,
    PATHS_MAX,
    RUN_BYTES_MAX,
    RUNTIMES_MAX,
    SERVICES_MAX,
    SHELLS,
    TIMEOUT_MINUTES_MAX,
)
from engine.language.plugin_names import BUILTIN, pinned, problem, written_out
from engine.language.reader import Entries, Reader, a, malformed
from engine.language.steps import Artifact, Cache, Retry, Service
from engine.language.values import text

Leaves = list[yaml.Node]  # values that may hold expressions

_HOST = r"(?:[a-z0-9](?:[a-z0-9.-]{0,252})(?::[0-9]{1,5})?/)?"
_IMAGE = re.compile(
    rf"{_HOST}[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_IMAGE_CHARACTERS_MAX = 512
_SERVICE_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RUNTIME = re.compile(r"\.?[A-Za-z][A-Za-z0-9.+_-]{0,49}")
_EXIT_CODE_MAX = 255


def run(reader: Reader, entries: Entries) -> str | None:
    """Read the text of a command."""
    if "run" not in entries:
        return None
    node = entries["run"][1]
    if not isinstance(node, yaml.ScalarNode) or kind(node) not in {"str", "bool"}:
        reader.issue(node, f"'run' is the text of a command, not {a(node)}; put it in quotes")
        return ""
    text = reader.value(node, "'run'")
    if not text.strip():
        reader.issue(node, "'run' is empty; a step has a command to run")
    if len(text.encode(errors="surrogatepass")) > RUN_BYTES_MAX:
        reader.issue(node, f"'run' is longer than {RUN_BYTES_MAX} bytes; put it in a script")
    return text


def plugin(reader: Reader, entries: Entries) -> str | None:
    """Read the name of a plugin."""
    text = reader.text(entries, "plugin")
    if text is None:
        return None
    name = written_out(text)
    node = entries["plugin"][1]
    if "${{" in name:
        reader.issue(node, "'plugin' holds no expressions: what runs must be known before")
    elif wrong := problem(name):
        reader.issue(node, f"the plugin '{name}' {wrong}{reader.did_you_mean(name, BUILTIN)}")
    elif not pinned(name):
        bare = name[0] + name[1:].partition("@")[0]
        reader.warn(node, f"'{name}' changes with each new version; write '{bare}@1.2.3' to pin it")
    return name


def inputs(reader: Reader, entries: Entries, leaves: Leaves) -> dict[str, object]:
    """Read what a plugin is given."""
    if "inputs" not in entries or kind(entries["inputs"][1]) == "null":
        return {}
    node = entries["inputs"][1]
    if not isinstance(node, yaml.MappingNode):
        reader.issue(node, f"'inputs' is a mapping of names to values, not {a(node)}")
        return {}
    return {
        name: reader.plain(value, leaves, "inputs")
        for name, (_, value) in reader.entries(node, "inputs").items()
    }


def timeout(reader: Reader, entries: Entries) -> float | None:
    """Read `timeout-minutes`; return seconds."""
    if "timeout-minutes" not in entries:
        return None
    node = entries["timeout-minutes"][1]
    minutes = reader.number(node, "'timeout-minutes'", above=0, most=TIMEOUT_MINUTES_MAX)
    return None if minutes is None else minutes * 60


def shell(reader: Reader, entries: Entries) -> str | None:
    """Read what a command is given to."""
    written = reader.text(entries, "shell")
    if written is None or written in SHELLS:
        return written
    node = entries["shell"][1]
    if "${{" in written:
        reader.issue(node, "'shell' holds no expressions")
        return None
    try:
        words = shlex.split(written)
    except ValueError:
        words = []
    if len(words) < 2 or not any("{0}" in word for word in words[1:]):  # noqa: PLR2004
        known = ", ".join(SHELLS)
        reader.issue(
            node,
            f"'shell' is {known}, or a command line with {{0}} for the script's file"
            f"{reader.did_you_mean(written, SHELLS)}",
        )
    return written


def image(reader: Reader, entries: Entries) -> str | None:
    """Read a container image."""
    name = reader.text(entries, "image")
    if name is not None and "${{" not in name:
        check_image(reader, entries["image"][1], name)
    return name


def check_image(reader: Reader, node: yaml.Node, name: str) -> None:
    """Refuse what no registry has."""
    if len(name) > _IMAGE_CHARACTERS_MAX or not _IMAGE.fullmatch(name):
        reader.issue(
            node, f"'{name}' is no container image; write it as 'node:20' or 'host/name:tag'"
        )


def retry(reader: Reader, entries: Entries) -> Retry:
    """Read `retry:`, a number of attempts or a mapping."""
    if "retry" not in entries:
        return Retry()
    node = entries["retry"][1]
    if not isinstance(node, yaml.MappingNode):
        attempts = reader.whole(node, "'retry'", least=1, most=ATTEMPTS_MAX)
        return Retry(attempts or 1)
    parts = reader.entries(node, "'retry'")
    _check_parts(reader, parts, "'retry'", ("attempts", "delay-seconds", "on"))
    attempts = 1
    delay_seconds = 0.0
    on = Retry().on
    if "attempts" in parts:
        place = parts["attempts"][1]
        attempts = reader.whole(place, "'attempts'", least=1, most=ATTEMPTS_MAX) or 1
    else:
        reader.issue(node, "'retry' has 'attempts:', how often the step is tried in all")
    if "delay-seconds" in parts:
        place = parts["delay-seconds"][1]
        delay_seconds = (
            reader.number(place, "'delay-seconds'", above=-1e-9, most=DELAY_SECONDS_MAX) or 0.0
        )
    if "on" in parts:
        on = frozenset(_ends(reader, parts["on"][1]))
    return Retry(attempts, delay_seconds, on)


def _ends(reader: Reader, node: yaml.Node) -> Iterator[str | int]:
    for each in _nodes(node, "'on'"):
        text = scalar_text(each) if isinstance(each, yaml.ScalarNode) else ""
        if text in {"failure", "timeout"}:
            yield text
        elif kind(each) == "int" and 1 <= int(text) <= _EXIT_CODE_MAX:
            yield int(text)
        else:
            reader.issue(each, "'on' lists 'failure', 'timeout' and exit codes from 1 to 255")


def caches(reader: Reader, entries: Entries, leaves: Leaves) -> tuple[Cache, ...]:
    """Read `cache:`, one mapping or a list of them."""
    return tuple(Cache(*each) for each in _files(reader, entries, "cache", "key", leaves))


def artifacts(reader: Reader, entries: Entries, leaves: Leaves) -> tuple[Artifact, ...]:
    """Read `artifacts:`, one mapping or a list of them."""
    return tuple(Artifact(*each) for each in _files(reader, entries, "artifacts", "name", leaves))


def _files(
    reader: Reader, entries: Entries, key: str, named: str, leaves: Leaves
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if key not in entries:
        return
    for node in _nodes(entries[key][1], f"'{key}'"):
        if not isinstance(node, yaml.MappingNode):
            reader.issue(node, f"'{key}' is a mapping with '{named}:' and 'paths:', not {a(node)}")
            continue
        parts = reader.entries(node, f"'{key}'")
        _check_parts(reader, parts, f"'{key}'", (named, "paths", "path"))
        name = reader.text(parts, named)
        if named not in parts:
            reader.issue(node, f"'{key}' has '{named}:'")
        written = [each for each in ("paths", "path") if each in parts]
        if len(written) != 1:
            reader.issue(node, f"'{key}' has either 'paths:' or 'path:', the files it is about")
            continue
        place = parts[written[0]][1]
        paths = reader.labels(place, f"'{written[0]}'", PATHS_MAX)
        if not paths and isinstance(place, yaml.SequenceNode) and not place.value:
            reader.issue(place, f"'{written[0]}' is empty")
        texts = place.value if isinstance(place, yaml.SequenceNode) else [place]
        texts = [*texts, parts[named][1]] if named in parts else texts
        leaves += texts
        yield name or "", paths


def services(reader: Reader, entries: Entries, leaves: Leaves) -> tuple[Service, ...]:
    """Read `services:`, containers by name."""
    if "services" not in entries:
        return ()
    node = entries["services"][1]
    if not isinstance(node, yaml.MappingNode):
        reader.issue(node, f"'services' is a mapping of names to containers, not {a(node)}")
        return ()
    found = reader.entries(node, "'services'")
    if len(found) > SERVICES_MAX:
        raise malformed(node, f"'services' has at most {SERVICES_MAX} names")
    read = [_service(reader, name, *nodes, leaves) for name, nodes in found.items()]
    return tuple(filter(None, read))


def _service(
    reader: Reader, name: str, key: yaml.Node, node: yaml.Node, leaves: Leaves
) -> Service | None:
    if not _SERVICE_NAME.fullmatch(name):
        reader.issue(key, f"'{name}' cannot be a host's name: use a-z, 0-9 and '-'")
    if not isinstance(node, yaml.MappingNode):
        reader.issue(node, f"the service '{name}' is a mapping with 'image:', not {a(node)}")
        return None
    parts = reader.entries(node, f"the service '{name}'")
    _check_parts(reader, parts, f"the service '{name}'", ("image", "env", "command"))
    if "image" not in parts:
        reader.issue(node, f"the service '{name}' has 'image:', the container it runs")
    elif "${{" in parts["image"][1].value:
        reader.issue(parts["image"][1], "the image of a service holds no expressions")
    env = reader.env(parts, f"the service '{name}'")
    leaves += [place for _, place in env.values()]
    arguments = _arguments(reader, parts["command"][1]) if "command" in parts else ()
    return Service(
        name=name,
        image=image(reader, parts) or "",
        env={variable: text(value) for variable, (value, _) in env.items()},
        arguments=arguments,
    )


def _arguments(reader: Reader, node: yaml.Node) -> tuple[str, ...]:
    def word(each: yaml.Node) -> str | None:
        return reader.literal(each, "'command'", "'command'", "; give the service an 'env'")

    if isinstance(node, yaml.SequenceNode):
        return tuple(each for each in map(word, _nodes(node, "'command'")) if each is not None)
    written = reader.label(node, "'command'") and word(node)
    try:
        return tuple(shlex.split(written or ""))
    except ValueError as error:
        reader.issue(node, f"'command' cannot be split into words: {error}".lower())
        return ()


def runtimes(reader: Reader, entries: Entries) -> tuple[str, ...]:
    """Read the list of language runtimes."""
    if "runtimes" not in entries:
        return ()
    node = entries["runtimes"][1]
    found = reader.labels(node, "'runtimes'", RUNTIMES_MAX)
    for each in found:
        if not _RUNTIME.fullmatch(each):
            reader.issue(node, f"'{each}' is no runtime; write one as 'nodejs16' or 'python3.9'")
    return found


def _nodes(node: yaml.Node, what: str) -> list[yaml.Node]:
    """Return the entries of a list, or the one value that stands there."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if len(nodes) > PATHS_MAX:
        raise malformed(node, f"{what} has at most {PATHS_MAX} entries")
    return list(nodes)


def _check_parts(reader: Reader, parts: Entries, where: str, known: tuple[str, ...]) -> None:
    for name, (key, _) in parts.items():
        if name not in known:
            reader.issue(key, f"unknown key '{name}' in {where}{reader.did_you_mean(name, known)}")
