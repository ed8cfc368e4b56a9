"""Git hosting services: teams' accounts there, webhooks, refs, and how deploys stand."""
