"""Values that are taken as they stand: what was meant as an expression there is refused."""

import pytest

from engine.plan import InvalidPipeline, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "steps: [{run: x, matrix: {a: [b, '${{ env.A }}']}}]",
            "1:34: 'a' of a matrix holds no expressions",
        ),
        (
            "steps: [{run: x, matrix: {include: [{a: '${{ env.A }}'}]}}]",
            "1:41: 'a' of a matrix holds no expressions",
        ),
        ("steps: [{run: x, id: 'a-${{ matrix.b }}'}]", "1:22: 'id' holds no expressions"),
        ("steps: {'${{ env.A }}': {run: x}}", "1:25: 'id' holds no expressions"),
        (
            "{steps: [{run: x}], services: {a: {image: b, command: 'c ${{ secrets.D }}'}}}",
            "1:55: 'command' holds no expressions; give the service an 'env'",
        ),
        (
            "{steps: [{run: x}], services: {a: {image: b, command: [c, '${{ secrets.D }}']}}}",
            "1:59: 'command' holds no expressions; give the service an 'env'",
        ),
    ],
)
def test_an_expression_where_there_is_none(text, expected):
    """Else the task would run with the braces in a name, or with a password of braces."""
    with pytest.raises(InvalidPipeline) as refused:
        parse(text, path="p")
    assert f"p:{expected}" in str(refused.value).splitlines()
