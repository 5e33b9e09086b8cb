"""What each command does: a file of its name with a function of its name, which returns what
`--json` prints. They take what `covid.cli.parser` has read.

`resume` is the option `--resume` of run and train; `model_inputs` is for those that ask a model.
"""
