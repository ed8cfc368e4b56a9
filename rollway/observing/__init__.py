"""What an operator sees of a running server: figures, log lines, whether it is well."""
