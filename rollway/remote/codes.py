"""The words by which the doors for workers refuse, and workers know why."""

UNREADABLE = "INVALID"
UNKNOWN = "WORKER_UNKNOWN"
REFUSED = "REGISTRATION_REFUSED"
NOT_YOURS = "TASK_OF_ANOTHER"
LOST = "LEASE_LOST"
GONE = "SESSION_GONE"
IMPOSSIBLE = "EVENTS_REFUSED"
AWAY = "STORE_AWAY"
LOG_FULL = "LOG_FULL"
BUSY = "BUSY"
FULL = "DISK_FULL"
AFTER = "afterSeconds"  # beside AWAY: see StoreAway
