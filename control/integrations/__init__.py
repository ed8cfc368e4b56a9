"""Teams' accounts at Git hosting services: linked, asked through, renewed, and how well they do."""

from control.integrations.asking import AskedTooMuch, Hosted, Integrations
from control.integrations.keeping import Health
from control.integrations.linking import (
    Link,
    Renewed,
    ScopesMissing,
    ask,
    connected,
    own_url,
    store,
)
from control.integrations.renewing import Renew, TokenUnreadable

__all__ = [
    "AskedTooMuch",
    "Health",
    "Hosted",
    "Integrations",
    "Link",
    "Renew",
    "Renewed",
    "ScopesMissing",
    "TokenUnreadable",
    "ask",
    "connected",
    "own_url",
    "store",
]
