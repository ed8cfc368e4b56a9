CHECK = """query ($text: String!) { pipelineCheck(text: $text) {
  valid issues { severity message line column } steps } }"""


async def test_a_pipeline_is_checked_before_it_is_pushed(sqlite_api):
    """Errors and warnings come with their places, the steps of a good one with their names."""
    ann = await sqlite_api.user("ann")

    good = await sqlite_api.execute(CHECK, ann, text="on: a\nsteps: [{plugin: cache}]")
    bad = await sqlite_api.execute(CHECK, ann, text="steps: [{rnu: x}]")

    assert good["pipelineCheck"]["valid"]
    assert good["pipelineCheck"]["steps"] == ["Run cache", "Post Run cache"]
    (warning,) = good["pipelineCheck"]["issues"]
    assert (warning["severity"], warning["line"], warning["column"]) == ("WARNING", 1, 1)
    assert not bad["pipelineCheck"]["valid"]
    assert bad["pipelineCheck"]["steps"] == []
    assert bad["pipelineCheck"]["issues"][1] == {
        "severity": "ERROR",
        "message": "unknown key 'rnu' in a step; did you mean 'run'?",
        "line": 1,
        "column": 10,
    }


async def test_a_guest_has_nothing_checked(sqlite_api):
    """Reading a large file takes seconds of a processor."""
    assert await sqlite_api.execute(CHECK, None, text="steps: []") == {"pipelineCheck": None}


async def test_a_text_beyond_what_a_file_may_have_is_an_error(sqlite_api):
    """It is not read at all."""
    ann = await sqlite_api.user("ann")
    answer = await sqlite_api.execute(CHECK, ann, text="#" * 300_000)
    (issue,) = answer["pipelineCheck"]["issues"]
    assert issue["message"] == "the file has 300000 bytes; at most 262144 are read"
