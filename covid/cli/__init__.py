"""The command line: `main` reads it with `parser` and calls one of the `commands`."""
