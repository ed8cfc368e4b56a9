"""GraphQL over HTTP: what is asked, what is answered, and what goes on for long."""
