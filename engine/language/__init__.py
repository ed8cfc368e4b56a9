"""The language of pipeline files: text goes in, checked steps and values come out. Pure."""
