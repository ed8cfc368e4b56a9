"""Git hosting services: the accounts that teams have there, and the webhooks of applications."""
