"""Parameters behind a directive's first words: `name=value` and bare flags, each known by its exact name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from stickyproxy.config.suggest import suggest

Reader = Callable[[str], Any]


def parse_parameters(
    words: Sequence[str],
    values: Mapping[str, Reader],
    flags: Collection[str] = (),
    repeatable: Collection[str] = (),
) -> dict[str, Any]:
    """Read `words`: the value of each `name=value` by `values[name]`, and True for each of `flags` that is there.

    The values of a name in `repeatable` come as a list. A value may stand in double quotes. Raises ValueError; each
    argument of the exception is one fault.
    """
    found: dict[str, Any] = {}
    faults: list[str] = []
    for word in words:
        name, equals, text = word.partition("=")
        if name in found and name not in repeatable:
            faults.append(f'parameter "{name}" is given twice; expected once')
        elif equals and name in values:
            try:
                value = values[name](_unquote(text))
            except ValueError as error:
                value = None
                faults.append(f"{name}: {error}")
            found[name] = [*found.get(name, ()), value] if name in repeatable else value
        elif not equals and name in flags:
            found[name] = True
        else:
            faults.append(_complain(word, values, flags))
    if faults:
        raise ValueError(*faults)
    return found


def _complain(word: str, values: Mapping[str, Reader], flags: Collection[str]) -> str:
    name, equals, _ = word.partition("=")
    if equals and name in flags:
        return f'parameter "{name}" takes no value; expected {name} alone'
    if not equals and name in values:
        return f'parameter "{name}" lacks its value; expected {name}=...'
    known = [*(f"{value}=" for value in values), *flags]
    return f'unknown parameter "{word}"; expected {" ".join(known)}{suggest(name + equals, known)}'


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
