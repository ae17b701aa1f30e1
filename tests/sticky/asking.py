"""Requests as stickiness sees them: a target, and what variables are worth."""

from collections.abc import Mapping

from attrs import Factory, frozen

from stickyproxy.config.templates import Template, Variable
from stickyproxy.sticky.words import Getter


@frozen
class Asking:
    """A request, and its answer; `values` are those of variables, by name."""

    target: bytes = b"/"
    values: Mapping[str, bytes] = Factory(dict)

    @property
    def head(self) -> "Asking":
        """Its head."""
        return self


def compile_value(template: Template) -> Getter:
    """Make what reads the one variable of a template from an Asking."""
    (variable,) = template.parts
    assert isinstance(variable, Variable)
    return lambda asker: asker.values.get(variable.name, b"")


ASKER = Asking()
