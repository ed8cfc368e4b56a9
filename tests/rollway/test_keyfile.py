"""The key file: made once, for its owner alone, replaced whole."""

import base64
import logging
import multiprocessing
import os
import stat

import pytest

from db.vault import KEY_BYTES, Vault, key_id
from rollway.keyfile import KEYS_MAX, NAME, BadKeyFile, KeyFile

PROCESSES = 4


def _text(*keys):
    return "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)


def _key(number):
    return bytes([number] * KEY_BYTES)


@pytest.fixture
def write(tmp_path):
    """Return a function that writes the key file as somebody with an editor does."""

    def write(text, mode=0o600):
        path = tmp_path / NAME
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def test_it_is_made_once_for_its_owner_alone(tmp_path):
    """Mode 0600 whatever the umask, one key, and never made over."""
    before = os.umask(0)
    try:
        (key,) = KeyFile(tmp_path).read_or_make()
    finally:
        os.umask(before)

    path = tmp_path / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key) == KEY_BYTES
    assert KeyFile(tmp_path).read_or_make() == (key,)
    assert f"# {key_id(key)}, made " in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == [NAME]


def _make(folder, barrier, found):
    barrier.wait()
    found.put(KeyFile(folder).read_or_make())


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_processes_that_start_at_once_end_up_with_one_key(tmp_path):
    """Whoever comes second takes the key of the first."""
    spawn = multiprocessing.get_context("spawn")
    barrier, found = spawn.Barrier(PROCESSES), spawn.Queue()
    started = [
        spawn.Process(target=_make, args=(tmp_path, barrier, found)) for _ in range(PROCESSES)
    ]
    for process in started:
        process.start()
    keys = {found.get(timeout=120) for _ in started}
    for process in started:
        process.join()

    assert len(keys) == 1
    assert keys == {KeyFile(tmp_path).read()}


def test_comments_are_free_and_stay(tmp_path, write):
    """Keys are added before the first one and taken out by id; other lines are left alone."""
    path = write(
        f"# from the safe\n\n  {_text(_key(1)).strip()}  # the first\n# end\n{_text(_key(2))}"
    )
    file = KeyFile(tmp_path)
    assert file.read() == (_key(1), _key(2))

    new = file.add()
    assert [key_id(key) for key in file.read()] == [new, key_id(_key(1)), key_id(_key(2))]
    file.drop([key_id(_key(1))])

    assert [key_id(key) for key in file.read()] == [new, key_id(_key(2))]
    text = path.read_text()
    assert text.startswith("# from the safe\n\n")
    assert "# the first" not in text
    assert "# end\n" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o611])
def test_a_file_that_others_can_use_is_refused(tmp_path, write, mode):
    """The sentence says what to type; nothing is repaired behind the owner's back."""
    path = write(_text(_key(1)), mode)

    with pytest.raises(BadKeyFile, match=f"mode {mode:o}.*chmod 600 {path}.*key rotate"):
        KeyFile(tmp_path).read_or_make()
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only words\n",
        "short\n",
        _text(b"x" * 31),
        _text(_key(1), _key(1)),
        "\x00" * 32,
        "é\n",
    ],
    ids=["empty", "comment", "short", "31 bytes", "twice", "binary", "letters"],
)
def test_what_is_no_key_file_is_refused_without_quoting_it(tmp_path, write, text):
    """One sentence that names the file, and nothing of what is in it."""
    write(text)

    with pytest.raises(BadKeyFile, match=r"master\.key") as refused:
        KeyFile(tmp_path).read()
    assert not text.strip() or text.strip().splitlines()[0] not in str(refused.value)


def test_a_missing_file_or_folder_is_refused(tmp_path):
    """In words, for commands that make none."""
    with pytest.raises(BadKeyFile, match="No such file"):
        KeyFile(tmp_path).read()
    with pytest.raises(BadKeyFile, match="No such file"):
        KeyFile(tmp_path / "nowhere").read_or_make()


def test_there_are_not_endlessly_many_keys(tmp_path, write):
    """Whoever rotates every night without retiring hears of it."""
    write(_text(*map(_key, range(KEYS_MAX))))

    with pytest.raises(BadKeyFile, match="retire"):
        KeyFile(tmp_path).add()


def test_a_running_vault_follows_the_file(tmp_path):
    """It reads the file when it has changed, and not before."""
    file = KeyFile(tmp_path)
    vault = Vault(*file.read_or_make(), newer=file.newer)
    old = vault.key_ids
    assert file.newer() is None

    new = KeyFile(tmp_path).add()
    sealed = vault.seal("value", place="p", name="n", version=1)
    assert vault.key_ids == (new, *old)
    assert file.newer() is None

    KeyFile(tmp_path).drop(old)
    assert vault.open(sealed, place="p", name="n") == "value"
    vault.seal("value", place="p", name="n", version=1)
    assert vault.key_ids == (new,)


def test_a_file_that_is_spoilt_does_not_stop_a_running_vault(tmp_path, write, caplog):
    """It goes on with the keys it has, says so once, and takes the file when it is good again."""
    file = KeyFile(tmp_path)
    vault = Vault(*file.read_or_make(), newer=file.newer)
    before, path = vault.key_ids, tmp_path / NAME
    good = path.read_text()

    with caplog.at_level(logging.WARNING):
        for spoil in (lambda: write("spoilt"), path.unlink, lambda: write(good, 0o644)):
            spoil()
            for _ in range(3):
                vault.seal("value", place="p", name="n", version=1)
    assert len(caplog.records) == 3
    assert vault.key_ids == before

    write(_text(_key(1)) + good)
    vault.seal("value", place="p", name="n", version=1)
    assert vault.key_ids == (key_id(_key(1)), *before)
