"""What Git hosting services are asked and told: refs and commits, and how deploys stand."""
