"""Accounts whose passwords cost little."""

import pytest

from auth.accounts import Accounts, Attempts
from auth.passwords import Cost, Passwords

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)


@pytest.fixture
def accounts_of():
    """Return how accounts are made, with other limits or another cost than those of the tests."""

    def make(cost=CHEAP, **limits):
        usual = {"seconds": 300, "login": 5, "login_elsewhere": 10, "address": 50, "sign_ups": 50}
        return Accounts(Passwords(cost), Attempts(**{**usual, **limits}))

    return make
