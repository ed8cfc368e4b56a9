"""What is said of a wrong document names the place and never repeats the value."""

import re

import pytest
import strawberry
from graphql import GraphQLError, parse
from strawberry.extensions import SchemaExtension

from resolvers.inputs import SecretInput, SignInInput, SignUpInput
from resolvers.task_inputs import DeployInput
from schema.errors import Masking, shown
from schema.executing.running import Schema

SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { __typename } }"
SET = "mutation($input: SetSecretsInput!) { setSecrets(input: $input) { __typename } }"
TASKS = 'query($where: TaskFilter!) { org(name: "x") { tasks(where: $where) { totalCount } } }'
WRONG = "hunter2': {found: value: \" does not exist in 'x'"


@pytest.mark.parametrize(
    ("query", "given", "said"),
    [
        (SIGN_IN, {"input": {"login": "a", "password": {"x": WRONG}}}, "at .password: String"),
        (SIGN_IN, {"input": {"login": "a", "passwort": WRONG}}, "did you mean 'password'?"),
        (SIGN_IN, {"input": WRONG}, "'SignInInput' to be an object"),
        (SIGN_IN, {"input": {"login": "a", "password": "x", "session": WRONG}}, "at .session: The"),
        (SET, {"input": {"orgName": "a", "set": [WRONG]}}, "at .set[0]: Expected value of type"),
        (TASKS, {"where": {"createdAfter": WRONG}}, "at .createdAfter: Value cannot represent a"),
        ('{ task(id: {a: "hunter2"}) { id } }', {}, "ID cannot represent a non-string"),
        ('mutation { signIn(input: "hunter2") { __typename } }', {}, "to be an object"),
    ],
)
async def test_a_value_in_the_wrong_place_is_not_repeated(sqlite_api, query, given, said):
    """A password in the wrong field does not travel back into logs of clients and proxies."""
    result = await sqlite_api.result(query, **given)

    text = " ".join(error.message for error in result.errors)
    assert said.lower() in text.lower()
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "document", ['{ a "hunter2" }', '{ a(b: "hunter2" "hunter2") }', '"hunter2"']
)
def test_a_syntax_error_does_not_repeat_a_text(document):
    """Line and column say where it is."""
    with pytest.raises(GraphQLError) as refused:
        parse(document)

    said = shown(refused.value, "en")
    assert said.message.startswith("Syntax Error: ")
    assert "hunter2" not in said.message
    assert said.locations == refused.value.locations


def test_other_errors_are_left_as_they_are():
    """Names of fields and types are no values."""
    text = "Cannot query field 'found' on type 'Query'."

    assert shown(GraphQLError(text), "en").message == text


class Failing(SchemaExtension):
    """Fails around the execution, where no error has a place in the document."""

    def on_execute(self):
        """Fail."""
        raise ValueError("hunter2")
        yield


async def test_a_fault_outside_of_all_fields_is_masked(sqlite_api, caplog):
    """As any other: a number, under which the log has it."""
    query = strawberry.type(type("Query", (), {"__annotations__": {"a": int}, "a": 1}))
    built = Schema(query=query, extensions=[Masking, Failing])
    result = await built.execute("{ a }", context_value=sqlite_api.context(None))
    (error,) = result.errors

    fault = re.fullmatch(r"Internal error \(([0-9a-f]{12})\)\.", error.message)
    assert fault
    assert error.extensions["code"] == "INTERNAL"
    assert f"fault {fault[1]}" in caplog.text
    assert "hunter2" in caplog.text
    caplog.clear()


@pytest.mark.parametrize(
    "given",
    [
        SignUpInput(username="ann", password="hunter2!"),
        SignInInput(login="ann", password="hunter2!"),
        SecretInput(key="A", value="hunter2!"),
        DeployInput(application_id="a", message="hunter2!", inputs={"a": "hunter2!"}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_no_repr_shows_what_may_be_secret(given):
    """A log line with an input in it is no leak."""
    assert "hunter2" not in repr(given)
