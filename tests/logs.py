"""What the log of a server must not hold, whichever test has started it.

A mutation that refuses by a problem which its union lacks is an error there too.
"""

COMPLAINTS = (" ERROR ", " CRITICAL ", "Traceback (most recent")


def check(log):
    """Fail where a server has complained."""
    for word in COMPLAINTS:
        _, found, rest = log.partition(word)
        assert not found, f"the server logged{found}{rest[:6000]}"
