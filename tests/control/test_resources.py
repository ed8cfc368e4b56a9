"""What an environment's resource becomes when a deploy made elsewhere is reported."""

import pytest

from control.resources import merged

EGG = {"service": "web", "name": "egg"}
NEXT = {"service": "web", "name": "next"}


def fc(*functions, uid="1", region="cn-hangzhou"):
    """Return a resource with functions of one account and region."""
    return {"aliyun.fc": {"uid": uid, "region": region, "functions": list(functions)}}


@pytest.mark.parametrize(
    ("stored", "told", "expected"),
    [
        ({}, fc(EGG), fc(EGG)),
        (fc(EGG), {}, fc(EGG)),
        (fc(EGG), {"aliyun.fc": {}}, fc(EGG)),
        (fc(EGG), {"aliyun.fc": None}, fc(EGG)),
        (fc(EGG), fc(EGG), fc(EGG)),
        (fc(EGG), fc(NEXT), fc(EGG, NEXT)),
        (fc(EGG, NEXT), fc({**EGG, "url": "x"}), fc({**EGG, "url": "x"}, NEXT)),
        (fc(EGG), {"aliyun.fc": {"functions": [NEXT]}}, fc(EGG, NEXT)),
        ({"other": 1}, {**fc(EGG), "k8s": {"a": 1}}, {"other": 1, **fc(EGG), "k8s": {"a": 1}}),
        ({"k8s": {"a": 1}}, {"k8s": {"b": 2}}, {"k8s": {"b": 2}}),
    ],
)
def test_functions_add_up(stored, told, expected):
    """One that is there already is replaced; other keys are taken as they are told."""
    assert merged(stored, told) == expected


def test_a_function_elsewhere_says_where_it_is():
    """The document has the account and the region told last; functions of others keep theirs."""
    stored = fc(EGG, NEXT)
    told = fc(EGG, region="cn-beijing")

    assert merged(stored, told) == fc(
        {"region": "cn-hangzhou", **EGG},
        {"region": "cn-hangzhou", **NEXT},
        EGG,
        region="cn-beijing",
    )
    assert merged(merged(stored, told), stored) == fc(EGG, NEXT, {"region": "cn-beijing", **EGG})


def test_the_flat_spelling():
    """`fc`, a list of functions, adds up as well."""
    egg = {"uid": "1", "region": "r", "service": "web", "function": "egg"}
    other = {**egg, "function": "next"}

    assert merged({"fc": [egg]}, {"fc": [other, egg]}) == {"fc": [egg, other]}


@pytest.mark.parametrize("odd", [1, "x", [1], {"functions": 1}, {"functions": [1, EGG]}, True])
def test_whatever_stands_there(odd):
    """What has another form is no fault."""
    for stored, told in ((odd, fc(EGG)["aliyun.fc"]), (fc(EGG)["aliyun.fc"], odd)):
        assert merged({"aliyun.fc": stored}, {"aliyun.fc": told})["aliyun.fc"]
