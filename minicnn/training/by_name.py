"""Dicts by layer name, as Keras takes them for models of several inputs or outputs."""

from minicnn.numeric_checks import as_numbers, only_or_all


def in_order(given, names: list[str], what: str, more: bool = False):
    """A dict's values in the order of `names`, the only one without a list; all else as it is.

    ValueError where a name is missing, and unless `more` are allowed, where there are others.
    """
    if not isinstance(given, dict):
        return given
    if not set(names) <= given.keys() or (len(given) > len(names) and not more):
        raise ValueError(
            f"{what}: expected a dict with the keys {', '.join(names)}, got "
            f"{', '.join(map(str, given)) or 'none'}"
        )
    return only_or_all([given[name] for name in names])


def inputs_in_order(model, x, what: str = "x"):
    """A dict of arrays by input name as the list that the model takes; other keys are ignored."""
    if not isinstance(x, dict):
        return x
    return in_order(as_arrays_by_name(x, what), model.input_names, what, more=True)


def outputs_in_order(model, y, what: str = "y"):
    """A dict of labels or weights by output name as a list in the model's order."""
    if not isinstance(y, dict):
        return y
    return in_order(as_arrays_by_name(y, what), model.output_names, what)


def as_arrays_by_name(given: dict, what: str) -> dict:
    return {name: as_numbers(value, f"{what}[{name!r}]") for name, value in given.items()}
