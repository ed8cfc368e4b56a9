"""The schema as a document."""

from pathlib import Path

import pytest
from graphql import is_introspection_type, is_scalar_type, is_specified_scalar_type
from graphql.type import is_input_object_type

from db import models
from resolvers import validation
from schema import schema, types

ROOT = Path(__file__).parents[2]


def test_the_committed_sdl_is_the_schema():
    """`make schema` was run after the last change."""
    assert (ROOT / "schema.graphql").read_text() == schema.as_str() + "\n"


def elements():
    """Yield the name and the description of everything in the schema."""
    graph = schema._schema
    for directive in graph.directives:
        yield f"@{directive.name}", directive.description
        for argument, value in directive.args.items():
            yield f"@{directive.name}({argument})", value.description
    for kind in graph.type_map.values():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield kind.name, kind.description
        for name, member in {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}.items():
            yield f"{kind.name}.{name}", member.description
            for argument, value in getattr(member, "args", {}).items():
                yield f"{kind.name}.{name}({argument})", value.description


def test_every_kind_of_element_is_looked_at():
    """One of each, so that none is left out unnoticed."""
    names = {name for name, _ in elements()}

    assert names >= {
        "Role",
        "Role.OWNER",
        "DeployInput.envName",
        "Query.node(id)",
        "Org.tasks(first)",
        "Node.id",
        "@include(if)",
        "DateTime",
        "DeployResult",
    }


def test_everything_has_a_description():
    """A person who reads the schema is told what each thing is for."""
    bare = [name for name, description in elements() if not description]

    assert bare == []


@pytest.mark.parametrize("name", ["User", "Org", "Application", "Environment", "Task", "Step"])
def test_plain_fields_are_columns(name):
    """A field without a resolver is read off the model, so the model must have it."""
    fields = getattr(types, name).__strawberry_definition__.fields
    plain = {field.python_name for field in fields if field.base_resolver is None}

    assert plain
    assert plain <= set(getattr(models, name)._meta.db_fields)


def test_every_mutation_answers_its_payload_or_problems():
    """Unions called after the mutation; every problem implements Problem."""
    mutation = schema._schema.mutation_type
    for name, field in mutation.fields.items():
        union = field.type.of_type
        capital = name[0].upper() + name[1:]
        payload, *problems = union.types
        assert (union.name, payload.name) == (f"{capital}Result", f"{capital}Payload")
        assert problems
        assert all("Problem" in [i.name for i in each.interfaces] for each in problems)
        assert list(field.args) == ["input"]


def test_every_rule_speaks_both_languages():
    """The same for the rules of inputs."""
    for rule in validation.Rule:
        english, chinese = rule.value
        assert english
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


def test_scalars_of_our_own_say_where_they_are_specified():
    """A client's generator can tell what comes."""
    scalars = {
        each.name: each.specified_by_url
        for each in schema._schema.type_map.values()
        if is_scalar_type(each) and not is_specified_scalar_type(each)
    }

    assert scalars.keys() == {"DateTime", "JSON"}
    assert all(url.startswith("https://") for url in scalars.values())


def test_inputs_are_the_resolvers_arguments():
    """The schema declares no input object of its own."""
    inputs = {kind.name for kind in schema._schema.type_map.values() if is_input_object_type(kind)}

    for name in inputs:
        origin = schema.get_type_by_name(name).origin
        assert origin.__module__.startswith("resolvers.")
