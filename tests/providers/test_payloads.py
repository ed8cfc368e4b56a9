"""Bodies that are traps."""

import json
import time

import pytest

from providers.payloads import COMMAS_MAX, DEPTH_MAX, InvalidPayload, PayloadTooLarge, read

JSON = {"content-type": "application/json; charset=utf-8"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "its body is no JSON (line 1, column 1)"),
        (b'{"a": 1,\n "b": }', "its body is no JSON (line 2, column 7)"),
        (b'{"a": 1} {}', "its body is no JSON (line 1, column 10)"),
        (b"[]", "its body must be an object"),
        (b'"push"', "its body must be an object"),
        (b'{"a": "\xff"}', "its body is not UTF-8 (byte 7)"),
        ('{"a": 1}'.encode("utf-16"), "its body is not UTF-8 (byte 0)"),
        (b'\xef\xbb\xbf{"a": 1}', "its body is no JSON (line 1, column 1)"),
        (b'{"a": NaN}', "its body has NaN, which is no JSON"),
        (b'{"a": -Infinity}', "its body has -Infinity, which is no JSON"),
        (b'{"a": {"ref": 1, "b": 2, "ref": 3}}', "its body has an object that names 'ref' twice"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "its body has a number that is too long"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "its body is nested deeper than 32"),
        (b'{"a": ' + b"[" * 99_999, "its body is nested deeper than 32"),
        (b'{"a": [' + b"0," * COMMAS_MAX + b"0, 0]}", "its body has more than 1000000 values"),
    ],
)
def test_what_is_wrong_is_said_and_where(body, message):
    """A body that is no plain JSON object is refused."""
    with pytest.raises(InvalidPayload) as refused:
        read(JSON, body)

    assert str(refused.value) == f"The delivery cannot be read: {message}."


def test_depth_is_a_bound_not_a_guess():
    """The deepest document allowed is read, one deeper is not."""
    deepest = '{"a": ' * (DEPTH_MAX - 1) + "0" + "}" * (DEPTH_MAX - 1)

    assert read(JSON, deepest.encode())
    with pytest.raises(InvalidPayload):
        read(JSON, f'{{"a": {deepest}}}'.encode())


def test_a_name_that_comes_twice_is_found_in_time():
    """Many names in one object cost no more than reading them."""
    names = ",".join(f'"{number}":0' for number in range(300_000))
    body = f'{{{names},"299999":0}}'.encode()
    begun = time.process_time()

    with pytest.raises(InvalidPayload):
        read(JSON, body)
    assert time.process_time() - begun < 5


def test_a_huge_body_is_not_read():
    """The limit stands before anything looks at the body."""
    with pytest.raises(PayloadTooLarge):
        read(JSON, b"{" + b" " * 10_000_000 + b"}")


@pytest.mark.parametrize(
    ("headers", "body", "where"),
    [
        ({}, b"{}", "its content-type"),
        ({"content-type": "text/plain"}, b"{}", "its content-type"),
        (FORM, b"", "its form"),
        (FORM, b"load={}", "its form"),
        (FORM, b"payload={}&payload={}", "its form"),
        (FORM, b"payload=\xff", "its form"),
        (FORM, b"payload=%ff", "its form"),
        (FORM, b"payload=%7B", "its body"),
    ],
)
def test_other_bodies_are_refused(headers, body, where):
    """JSON is read, and forms with one field of it where a service sends them."""
    with pytest.raises(InvalidPayload) as refused:
        read(headers, body, form_field="payload")

    assert refused.value.where == where


def test_forms_are_read_where_they_are_sent_only():
    """A form is no JSON for a service that sends none."""
    assert read(FORM, b"x=1&payload=%7B%22a%22%3A+%22%2B%22%7D", form_field="payload").text("a")
    with pytest.raises(InvalidPayload):
        read(FORM, b"payload=%7B%7D")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "--upload-pack=id",
        "a b",
        "a..b",
        "a\u0000b",
        "a\ud800b",
        "a\nb",
        "a~1",
        "a:b",
        "a@{1}",
        "/a",
        "a/",
        "a//b",
        ".",
        "a/..",
        "./a",
        "a/./b",
        "a.lock",
        "a.lock/b",
        "refs/heads/",
        "refs/heads/-x",
        "x" * 1_025,
        7,
        None,
    ],
)
def test_names_git_would_not_have_are_refused(name):
    """A branch's name reaches git, the environment and folders: it is one, or refused."""
    with pytest.raises(InvalidPayload) as refused:
        read(JSON, json.dumps({"ref": name}).encode()).needed_name("ref", "refs/heads/")

    assert refused.value.where == "ref"


@pytest.mark.parametrize(
    "name", ["fix/[bug]", ".config", "a/.b", "中文/分支", "@", "a@b", "x" * 1_024]
)
def test_names_rules_are_written_about_are_read(name):
    """A verdict is about the name as it came; whether there is such a ref, git says."""
    payload = read(JSON, json.dumps({"ref": f"refs/heads/{name}"}).encode())

    assert payload.needed_name("ref", "refs/heads/") == name


def test_places_are_named():
    """A field that is missing is named by its path."""
    payload = read(JSON, b'{"a": [{}, {"b": {"id": true}}]}')

    with pytest.raises(InvalidPayload) as refused:
        payload.list("a")[1].needed_fields("b").needed_number("id")
    assert refused.value.where == "a[1].b.id"


def test_text_can_be_stored():
    """What no database takes as text is replaced."""
    payload = read(JSON, b'{"a": "\\ud83e\\udd56 \\u0000 \\ud83e"}')

    assert payload.text("a") == "🥖 \ufffd \ufffd"
