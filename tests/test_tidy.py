"""The house keeps itself: the shape of the tree, held by tests."""

import ast
import dataclasses
import hashlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import graphql
import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
ROOMS: list[str] = WHEEL["packages"]
PLAYGROUND = ROOT / "rollway" / "static" / "graphiql"

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
ROOM_LINES_MAX = 4000
GENERATED = ("db/migrations/rollway/", "rollway/static/graphiql/vendor/")
OURS = {".py", ".js", ".css", ".html", ".graphql", ".sql"}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "core", "services", "misc"}

# In two parts, so that this file passes its own test.
REGISTRIES = [
    f"{left}.{right}"
    for left, right in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("registry.yarnpkg", "com"),
        ("unpkg", "com"),
        ("jsdelivr", "net"),
        ("proxy.golang", "org"),
        ("crates", "io"),
        ("deb.debian", "org"),
    )
]


def written(room: str) -> Iterator[Path]:
    """Yield the files of a room that people write."""
    for path in sorted((ROOT / room).rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in OURS and not name.startswith(GENERATED):
            yield path


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def submitted() -> list[Path]:
    """List the files that are committed, or would be by `git add --all`."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a Git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listing.split("\0") if name)
    return [path for path in paths if path.is_file()]


def requirements() -> set[str]:
    """Collect the names of everything that pyproject.toml asks for."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    asked = [*PROJECT["build-system"]["requires"], *project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    for group in groups.values():
        asked += [entry for entry in group if isinstance(entry, str)]
    names = (re.match(r"[A-Za-z0-9._-]+", entry) for entry in asked)
    return {found[0].lower() for found in names if found}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_short(room):
    """A file that grows past its budget is split by noun."""
    long = {name_of(path): lines_of(path) for path in written(room)}

    assert {name: lines for name, lines in long.items() if lines > FILE_LINES_MAX} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_functions_are_short(room):
    """A function fits on a screen."""
    long = {}
    for path in written(room):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                long[f"{name_of(path)}:{node.name}"] = lines

    assert {name: lines for name, lines in long.items() if lines > FUNCTION_LINES_MAX} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_small(room):
    """The Python of a room, and that of each folder within it, can be read in one sitting."""
    folders = Counter[str]()
    for path in written(room):
        if path.suffix == ".py":
            folders[name_of(path.parent)] += lines_of(path)

    assert {name: lines for name, lines in folders.items() if lines > ROOM_LINES_MAX} == {}


def test_modules_have_a_noun():
    """No module is called after having found no name."""
    modules = {path for room in ROOMS for path in written(room) if path.suffix == ".py"}
    parts = {path: {*path.relative_to(ROOT).parent.parts, path.stem} for path in modules}

    assert [name_of(path) for path, names in parts.items() if names & NAMELESS] == []


def test_room_lists_agree():
    """The wheel boxes each room that pyproject.toml packs, and the linters know the same rooms."""
    boxed = {room: f"rollway/_rooms/{room}" for room in ROOMS if room != "rollway"}

    assert boxed == WHEEL["sources"]
    assert set(ROOMS) == set(PROJECT["tool"]["importlinter"]["root_packages"])
    assert set(ROOMS) == set(PROJECT["tool"]["mypy"]["packages"])


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_else_owns_a_room_name(room):
    """A room's name belongs to no installed distribution and to no module of Python."""
    owners = importlib.metadata.packages_distributions().get(room, [])

    assert [owner for owner in owners if owner != "rollway"] == []
    assert room not in sys.stdlib_module_names


def test_tests_are_no_packages():
    """A `tests/db/__init__.py` would make a second package called `db`."""
    assert [name_of(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


@pytest.mark.timeout(60)
def test_import_contracts_are_kept():
    """Imports fall: a room imports only what lies below."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_machine_or_registry_is_named():
    """A committed file names neither a package registry nor the place of a checkout."""
    here = rf"(?<![\w./-]){re.escape(str(ROOT))}(?![\w-])"
    hosts = rf"(?:{'|'.join(map(re.escape, REGISTRIES))})\b"
    foreign = re.compile(f"{here}|{hosts}".encode())

    assert [name_of(path) for path in submitted() if foreign.search(path.read_bytes())] == []


def test_vendored_files_are_as_they_came():
    """SHA256SUMS lists each vendored file, and each is what it says."""
    lines = (PLAYGROUND / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    found = {
        path.relative_to(PLAYGROUND).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (PLAYGROUND / "vendor").rglob("*")
        if path.is_file()
    }

    assert listed == found


def test_playground_operations_fit_the_schema():
    """What the playground opens with is valid against the committed SDL."""
    schema = graphql.build_schema((ROOT / "schema.graphql").read_text())
    files = sorted((PLAYGROUND / "operations").glob("*.graphql"))
    parsed = {path.name: graphql.parse(path.read_text()) for path in files}
    faults = {name: graphql.validate(schema, document) for name, document in parsed.items()}

    assert len(files) == 4
    assert {name: found for name, found in faults.items() if found} == {}


def test_each_dependency_has_its_reason():
    """docs/decisions/dependencies.md says of every package why it is there."""
    text = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()
    reasons = {name.lower() for name in re.findall(r"^\| `([^`]+)` \| *\w", text, re.MULTILINE)}

    assert requirements() == reasons


def test_pins_agree():
    """What is tested is what is installed: one version of a package in all files of pins."""
    tested = pins("dev")

    assert tested == {**tested, **pins("app"), **pins("build")}


def test_each_setting_is_documented():
    """docs/settings.md names every setting."""
    from rollway import settings  # noqa: PLC0415 (the other tests need no settings)

    text = (ROOT / "docs" / "settings.md").read_text()
    names = [field.metadata["env"] for field in dataclasses.fields(settings.Settings)]

    assert [name for name in names if f"`{name}`" not in text] == []


def texts(path: Path) -> Iterator[str]:
    """Yield the texts that stand in a file of Python, patterns among them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_patterns_match_rightly_in_every_python_we_run_on(room):
    """What is possessive or atomic matches wrongly before Python 3.11.5, so none is."""
    wrong = []
    for path in filter(lambda path: path.suffix == ".py", written(room)):
        for text in texts(path):
            with suppress(re.error, OverflowError, RecursionError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = str(re._parser.parse(text))
                if "POSSESSIVE_REPEAT" in found or "ATOMIC_GROUP" in found:
                    wrong.append(f"{name_of(path)}: {text[:60]}")
    assert not wrong
