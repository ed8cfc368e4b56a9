"""Who may: passwords, sessions, logins of other services, and one table of roles and actions."""
