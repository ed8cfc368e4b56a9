"""What steps give by files: outputs, variables, hashes, and what somebody puts in their place."""

import hashlib
import os
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.events import StepChanged
from engine.executors.isolation import Level, Unavailable, choose
from engine.executors.process import ProcessExecutor


def one(script, **keys):
    """Return a step whose command is *script*."""
    more = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"  - run: |\n{''.join(f'      {line}{chr(10)}' for line in script.splitlines())}{more}"


# What is not as it was given has no other step.
SPOIL = 'touch "$(dirname "$ROLLWAY_OUTPUT")/more"'


def steps(*given):
    """Return a pipeline."""
    return "steps:\n" + "".join(given)


# ------------------------------------------------------------------------------ outputs, variables


async def test_outputs_reach_the_steps_behind(play):
    """In one line or several, the last of a name counts; they are reported with the step."""
    ran = await play(
        steps(
            one(
                "echo version=1.2 >> $ROLLWAY_OUTPUT\n"
                "printf 'notes<<END\\na=1\\n  b <<X\\n\\nEND\\n' >> $ROLLWAY_OUTPUT\n"
                "printf 'empty=\\nversion=1=3' >> $ROLLWAY_OUTPUT",
                id="a",
            ),
            one(
                'echo "$V|$N|"',
                env='{V: "${{ steps.a.outputs.version }}", N: "${{ steps.a.outputs.notes }}"}',
            ),
            one("echo yes", **{"if": "\"${{ steps.a.outputs.version === '1=3' }}\""}),
        )
    )
    assert ran.end(1).outputs == {"version": "1=3", "notes": "a=1\n  b <<X\n", "empty": ""}
    assert ran.log(2) == "1=3|a=1\n  b <<X\n|\n"
    assert ran.ended() == ["success"] * 3


async def test_a_step_that_fails_has_outputs_too(play):
    """A handler can say what went wrong."""
    ran = await play(
        steps(
            one("echo why=disk >> $ROLLWAY_OUTPUT; exit 1", id="a"),
            one("echo ${{ steps.a.outputs.why }}", **{"if": "failure()"}),
        )
    )
    assert ran.log(2) == "disk\n"
    assert ran.end(1).outputs == {"why": "disk"}


async def test_variables_reach_the_steps_behind(play):
    """They lie over the pipeline's and below a step's own, in commands and in expressions."""
    ran = await play(
        "env: {A: file, B: file}\n"
        + steps(
            one("echo A=given >> $ROLLWAY_ENV\nprintf 'L<<E\\n1\\n2\\nE\\n' >> $ROLLWAY_ENV"),
            one('echo "$A $B $L ${{ env.A }}"'),
            one('echo "$A"', env="{A: 'own ${{ env.A }}'}"),
            one("echo A=again >> $ROLLWAY_ENV; exit 1", **{"continue-on-error": "true"}),
            one('echo "$A"', **{"if": "\"${{ env.A === 'again' }}\""}),
        )
    )
    assert ran.log(2) == "given file 1\n2 given\n"
    assert ran.log(3) == "own given\n"
    assert ran.log(5) == "again\n"


@pytest.mark.parametrize(
    ("variable", "text", "error"),
    [
        ("ROLLWAY_OUTPUT", "nonsense", "line 1 is not 'name=value'"),
        ("ROLLWAY_OUTPUT", "a=1\\n1b=2", "line 2: '1b' is not a name"),
        ("ROLLWAY_OUTPUT", "a<<END\\nb", "line 1: no line 'END' ends the value"),
        ("ROLLWAY_ENV", "a-b=1", "line 1: 'a-b' is not a name"),
        ("ROLLWAY_ENV", "PATH=/tmp", "PATH cannot be set for other steps"),
        ("ROLLWAY_ENV", "LD_PRELOAD=/tmp/x", "LD_PRELOAD cannot be set for other steps"),
        ("ROLLWAY_ENV", "HOME=/", "HOME cannot be set for other steps"),
        ("ROLLWAY_ENV", "ROLLWAY_OUTPUT=/x", "ROLLWAY_OUTPUT cannot be set for other steps"),
    ],
)
async def test_a_file_that_cannot_be_read_fails_its_step(play, variable, text, error):
    """It says which file, which line and why."""
    ran = await play(steps(one(f"printf '{text}\\n' >> ${variable}"), one("echo")))
    assert ran.ended() == ["failure", "skipped"]
    assert f"The file {variable} cannot be used: {error}" in ran.end(1).error


async def test_files_are_bounded(play):
    """A megabyte, 128 Ki characters a value and 200 names; a step that fails fails as it did."""
    tolerated = {"continue-on-error": "true"}
    ran = await play(
        steps(
            one("head -c 1100000 /dev/zero | tr '\\0' x >> $ROLLWAY_OUTPUT", **tolerated),
            one(
                "printf a= >> $ROLLWAY_OUTPUT\n"
                "head -c 140000 /dev/zero | tr '\\0' x >> $ROLLWAY_OUTPUT",
                **tolerated,
            ),
            one("for n in $(seq 201); do echo a$n=1; done >> $ROLLWAY_ENV", **tolerated),
            one("echo nonsense >> $ROLLWAY_OUTPUT; exit 3", **tolerated),
        )
    )
    errors = [ran.end(index).error for index in (1, 2, 3, 4)]
    assert "it is larger than 1048576 bytes" in errors[0]
    assert "the value is longer than 131072 characters" in errors[1]
    assert "it sets more than 200 names" in errors[2]
    assert errors[3].startswith("exit code 3 from step")


async def test_bytes_that_are_no_text(play):
    """They are replaced, and harm nothing."""
    ran = await play(
        steps(
            one("printf 'a=\\377\\000\\303\\251\\n' >> $ROLLWAY_OUTPUT", id="a"),
            one('echo "$A"', env='{A: "${{ steps.a.outputs.a }}"}'),
        )
    )
    assert ran.end(1).outputs == {"a": "\ufffd\ufffdé"}
    assert ran.log(2) == "\ufffd\ufffdé\n"


async def test_an_output_is_no_command(play):
    """What a step gives reaches a command by a variable, unharmed; no expression in it is one."""
    text = "$(touch x) ${{ secrets.T }} '; rm -rf / #"
    ran = await play(
        steps(
            one(f"cat >> $ROLLWAY_OUTPUT <<'X'\na={text.replace('${{', '$DOLLAR{{')}\nX", id="a"),
            one('printf %s "$A"', env='{A: "${{ steps.a.outputs.a }}"}'),
        ),
        contexts={"secrets": {"T": "s3cret-1"}},
    )
    assert ran.log(2) == text.replace("${{", "$DOLLAR{{")


# ------------------------------------------------------------------------------ masks


async def test_a_mask_that_a_step_adds(play):
    """It holds from its line on, for all steps, for outputs, names and errors."""
    ran = await play(
        steps(
            one(
                "echo '::add-mask::hunter22'\necho hunter22\necho o=hunter22 >> $ROLLWAY_OUTPUT",
                id="a",
            ),
            one('echo "$A"; exit 1', env='{A: "${{ steps.a.outputs.o }}"}'),
            one("echo", name="hunter22", **{"if": "always()", "working-directory": "hunter22"}),
        )
    )
    assert ran.log(1) == "::add-mask::***\n***\n"
    assert ran.end(1).outputs == {"o": "***"}
    assert ran.log(2).startswith("***\n")
    assert "The working directory '***' does not exist" in ran.end(3).error
    assert "hunter22" not in repr([each for each in ran.events if not hasattr(each, "steps")])


async def test_a_secret_as_output_is_masked(play):
    """It reaches the next step and no event."""
    ran = await play(
        steps(
            one("echo o=$T >> $ROLLWAY_OUTPUT", id="a", env="{T: '${{ secrets.T }}'}"),
            one('test "$A" = s3cret-"1"', env='{A: "${{ steps.a.outputs.o }}"}'),
            one("echo of-$T=1 >> $ROLLWAY_OUTPUT", id="b", env="{T: '${{ secrets.T }}'}"),
        ),
        contexts={"secrets": {"T": "s3cret-1"}},
    )
    assert ran.status == "success"
    assert ran.end(1).outputs == {"o": "***"}
    assert ran.end(3).outputs == {"of-***": "1"}


async def test_a_mask_in_the_first_line_of_a_second_try(play):
    """The first try ended within a line; the second begins one."""
    ran = await play(
        steps(
            one(
                "if [ -e again ]; then echo ::add-mask::hunter22; echo hunter22; exit 0; fi\n"
                "touch again; printf partial; exit 1",
                retry=2,
            ),
        )
    )
    assert ran.ended() == ["success"]
    assert "hunter22" not in ran.log(1)


# ------------------------------------------------------------------------------ hashFile


async def test_hashes_are_taken_when_the_step_begins(play):
    """Of files that earlier steps wrote too; in `if`, `env` and commands."""
    digest = hashlib.sha1(b"two").hexdigest()
    ran = await play(
        steps(
            one("mkdir d; printf two > d/lock"),
            one("echo ${{ hashFile('d/lock') }} $H", env="{H: \"${{ hashFile('./d/lock') }}\"}"),
            one("echo yes", **{"if": f"\"${{{{ hashFile('d/lock') === '{digest}' }}}}\""}),
        )
    )
    assert ran.log(2) == f"{digest} {digest}\n"
    assert ran.log(3) == "yes\n"


@pytest.mark.parametrize(
    "made",
    [
        "ln -s /etc/hostname x",
        "ln -s /etc d; ln -s hostname x",
        "mkfifo x",
        "mkdir x",
        "ln -s x x",
        ":",
        "ln -s /dev/zero x",
    ],
)
@pytest.mark.parametrize("where", ["run", "if"])
async def test_only_files_of_the_checkout_are_hashed(play, made, where):
    """No link is followed, no pipe is waited for; the step fails and the next goes on."""
    expression = "${{ hashFile('x') }}"
    second = (
        one(f"echo {expression}") if where == "run" else one("echo", **{"if": f'"{expression}"'})
    )
    ran = await play(steps(one(made), second, one("echo here", **{"if": "failure()"})))
    assert ran.ended() == ["success", "failure", "success"]
    assert "the file cannot be read" in ran.end(2).error


@pytest.mark.parametrize("path", ["../home/x", "/etc/hostname", "d/hostname", "", "..", "."])
async def test_no_hash_leads_out_of_the_checkout(play, path):
    """Neither by dots, nor from the root, nor through a folder that is a link."""
    ran = await play(steps(one("ln -s /etc d"), one(f"echo ${{{{ hashFile('{path}') }}}}")))
    assert ran.ended() == ["success", "failure"]
    assert "the file cannot be read" in ran.end(2).error


# ------------------------------------------------------------------------------ links and pipes


@pytest.fixture
def outside(tmp_path):
    """Return a folder that no step has any business in, with a file."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("a=stolen\n")
    return folder


def contents(folder):
    """Return all that is in a folder, by name."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("variable", ["ROLLWAY_OUTPUT", "ROLLWAY_ENV"])
@pytest.mark.parametrize(
    "made",
    [
        'rm "$F"; ln -s OUTSIDE/file "$F"',
        'rm "$F"; ln OUTSIDE/file "$F"',
        'rm "$F"; mkfifo "$F"',
        'rm "$F"; mkdir "$F"',
        'rm "$F"',
        'mv "$F" "$F.away"',
        'rm -r "$(dirname "$F")"; ln -s OUTSIDE "$(dirname "$F")"',
    ],
)
async def test_what_takes_the_place_of_a_file_is_not_read(play, outside, variable, made):
    """Only what was written to the file that was given counts."""
    script = f'F="${variable}"; echo A=mine >> "$F"\n' + made.replace("OUTSIDE", str(outside))
    reading = one('echo "<$A$B>"', env='{B: "${{ steps.s.outputs.A }}"}')
    ran = await play(steps(one(script, id="s"), reading))
    assert ran.ended() == ["success", "success"]
    assert ran.log(2).endswith("<mine>\n")
    assert contents(outside) == {"file": "a=stolen\n"}


@contextmanager
def swapping(steps_folder, outside):
    """Put a link in the place of every step's folder, as fast as that can be."""
    over = threading.Event()

    def swap():
        while not over.is_set():
            for path in steps_folder.glob("[0-9]*"):
                if not path.is_symlink():
                    aside = path.with_name(f"aside-{path.name}")
                    try:
                        path.rename(aside)
                        path.symlink_to(outside)
                    except OSError:
                        continue

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def test_a_folder_that_is_swapped_while_it_is_made(play, outside, tmp_path):
    """A link that appears at any moment is never written through."""
    with swapping(tmp_path / "work" / "task-1" / "steps", outside):
        ran = await play("steps:\n" + "  - {run: 'true', if: always()}\n" * 40)
    assert len(ran.ended()) == 40
    assert contents(outside) == {"file": "a=stolen\n"}


async def test_a_checkout_that_is_replaced(play, outside):
    """What is read for expressions is never read through a link in its place."""
    ran = await play(
        steps(
            one(f"cd ..; mv source away; ln -s {outside} source"),
            one("echo ${{ hashFile('file') }}", **{"if": "always()"}),
        )
    )
    assert ran.ended() == ["success", "failure"]


async def test_a_step_leaves_no_descriptor_open(play, descriptors):
    """Not even one whose folder could not be made."""
    counts = []

    def on_event(event, _):
        if isinstance(event, StepChanged) and event.index and event.status.completed:
            counts.append(descriptors())

    blocked = one(f"for n in 2 3 4; do mkdir ../steps/$n; done; {SPOIL}")
    always = {"if": "always()"}
    await play(steps(blocked, *[one("echo", **always)] * 5), on_event=on_event)
    assert counts[1:4] == [counts[1]] * 3
    assert counts[1] <= counts[0]


async def test_the_files_of_a_step_are_its_own(play):
    """Nobody else on the machine can get to them, or see which there are."""
    ran = await play(steps(one("ls -ld ../steps ../steps/1")))
    modes = [line.split()[0] for line in ran.log(1).splitlines()]
    assert modes == ["drwx--x--x", "drwx------"]


LOOK = """\
cd "$(dirname "$ROLLWAY_OUTPUT")"; ls -A; cat output env
wc -l < script; find . -type f -links +1"""
UNTOUCHED = "env\noutput\nscript\n2\n"


@pytest.mark.parametrize(
    "left",
    [
        "true",
        'echo a=1 >> "$ROLLWAY_OUTPUT"; echo A=1 >> "$ROLLWAY_ENV"\n\n\n#',
        "rm output",
        "mv script script.old",
        "rm env; echo B=2 > env",
        "touch more",
        "ln -s /etc/passwd more",
        "ln output ../output",
        "chmod 0 script env",
        "chmod 0 .",
        "cd ..; mv 1 one; mkdir 1",
        "cd ..; mv 1 one; ln -s one 1",
        "rm script; mkfifo script",
    ],
)
async def test_the_next_step_finds_its_files_new(play, left):
    """Whatever the last one did to its own."""
    one_of = one(f'cd "$(dirname "$ROLLWAY_OUTPUT")"\n{left}')
    ran = await play(steps(one_of, one(LOOK), one(LOOK)))
    assert ran.ended() == ["success"] * 3
    assert ran.log(2) == ran.log(3) == UNTOUCHED
    assert ran.end(2).outputs is None


async def test_steps_at_the_same_time_have_different_files(play):
    """A folder is for one of them."""
    waiting = (
        'echo "$ROLLWAY_OUTPUT"; touch ../tmp/$N; '
        "until [ -e ../tmp/1 -a -e ../tmp/2 ]; do sleep 0.01; done"
    )
    both = [f"  - {{run: '{waiting}', env: {{N: {n}}}, needs: []}}\n" for n in (1, 2)]
    ran = await play(steps(*both))
    assert ran.ended() == ["success"] * 2
    assert ran.log(1) != ran.log(2)


@pytest.fixture
def top():
    """Return a folder that other users can get to."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder)
        path.chmod(0o711)
        yield path


@pytest.fixture(params=[Level.BWRAP, Level.USER])
def isolated(request, top, worker_id):
    """Return an executor whose steps may less than the server; each has users of its own."""
    try:
        isolation = choose(request.param, top)
    except Unavailable as reason:
        pytest.skip(f"NOT TESTED, steps kept apart by {request.param}: {reason}")
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 0
    return ProcessExecutor(top / "data", isolation=isolation, uid_first=161_000 + 1000 * number)


@pytest.mark.parametrize(
    "made",
    [
        "mv ../steps ../away && ln -s VICTIM ../steps",
        "rm -r ../steps; ln -s VICTIM ../steps",
        "rm -r ../steps; ln -s .. ../steps",
        f"ln -s VICTIM ../steps/2; {SPOIL}",
        f"ln -s VICTIM/2 ../steps/2; {SPOIL}",
        f"mkdir ../steps/2 && ln -s VICTIM/2/file ../steps/2/script; {SPOIL}",
        f"mkfifo ../steps/2; {SPOIL}",
        'S="$(dirname "$ROLLWAY_OUTPUT")/script"; rm "$S"; ln -s VICTIM/2/file "$S"',
        'S="$(dirname "$ROLLWAY_OUTPUT")/script"; rm "$S"; ln VICTIM/2/file "$S"',
        'D="$(dirname "$ROLLWAY_OUTPUT")"; rm -r "$D"; ln -s VICTIM "$D"',
    ],
)
async def test_no_step_leads_the_server_to_what_is_not_its_own(play, top, isolated, made):
    """Nothing is written or given away elsewhere, whatever stands where a folder should."""
    victim = top / "victim"
    (victim / "2").mkdir(parents=True)
    (victim / "2" / "file").write_text("mine")
    pipeline = steps(
        one("set +e\n" + made.replace("VICTIM", str(victim)) + "\ntrue"), one("echo x")
    )
    ran = await play(pipeline, executor=isolated, workspace=top / "task-1")
    assert ran.ends()[1] == "success"
    assert ran.ends()[2] in {"success", "failure"}
    assert {path.stat().st_uid for path in (victim, *victim.rglob("*"))} == {os.geteuid()}
    assert contents(victim) == {"2": None, "2/file": "mine"}
