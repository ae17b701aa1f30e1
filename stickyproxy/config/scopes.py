"""What one section says, read by the table of directives, and what it inherits from the sections around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from stickyproxy.config.directives import DIRECTIVES, UPSTREAM, Directive, contexts_of, find
from stickyproxy.config.reader import Entry, Line, Section
from stickyproxy.config.settings import NamedFile, Position
from stickyproxy.config.suggest import suggest
from stickyproxy.config.values import listed, shown
from stickyproxy.config.words import split
from stickyproxy.errors import Fault


@frozen
class Argument:
    """One argument list, read."""

    value: Any
    position: Position


@frozen
class Scope:
    """The directives in force in one section.

    `own` holds what the section itself says, well or badly: a directive all of whose lines are faulty is there with
    no argument. As in nginx the lines of one level replace those of the levels around it as a whole.
    """

    title: str
    position: Position
    faults: list[Fault]
    own: dict[str, tuple[Argument, ...]]
    outer: Scope | None = None

    def arguments(self, name: str) -> tuple[Argument, ...]:
        """The lines of the nearest level that has any."""
        return self.own.get(name) or (self.outer.arguments(name) if self.outer else ())

    def values(self, name: str) -> tuple[Any, ...]:
        """What the lines of a repeatable directive say."""
        return tuple(argument.value for argument in self.arguments(name))

    def value(self, name: str) -> Any:
        """What the one line of a directive says; None where there is neither a line nor a default."""
        return next(iter(self.values(name)), None)

    def file(self, name: str) -> NamedFile | None:
        """The file, or folder, that the one line of a directive names."""
        argument = next(iter(self.arguments(name)), None)
        return NamedFile(argument.value, name, argument.position) if argument else None

    def where(self, name: str) -> Position:
        """Where the directive stands in this section; else the section itself."""
        return next((argument.position for argument in self.own.get(name, ())), self.position)

    def blame(self, key: str, message: str, position: Position | None = None) -> None:
        """Tell a fault of this section."""
        place = position or self.where(key)
        self.faults.append(Fault(place.file, place.line, self.title, key, message))


def open_scope(section: Section, context: str, faults: list[Fault], outer: Scope | None) -> Scope:
    """Read the directives of `section`; what is wrong with them goes to `faults`."""
    scope = Scope(section.title, section.position, faults, {}, outer)
    for entry in section.entries:
        directive = find(entry.key, context)
        if directive is None:
            scope.blame(entry.key, _unknown(entry.key, context), entry.position)
        else:
            scope.own[entry.key] = tuple(_read(directive, entry, scope))
    return scope


def defaults(context: str) -> Scope:
    """The outermost scope: the defaults of the directives of an upstream, or of those of everything else."""
    own: dict[str, tuple[Argument, ...]] = {
        each.name: (Argument(each.parse(split(each.default)), Position("", 0)),)
        for each in DIRECTIVES
        if each.default is not None and (UPSTREAM in each.contexts) == (context == UPSTREAM)
    }
    return Scope("", Position("", 0), [], own)


def _read(directive: Directive, entry: Entry, scope: Scope) -> Iterator[Argument]:
    for words, position in _argument_lists(directive, entry, scope):
        count = len(words)
        if count < directive.least or (directive.most is not None and count > directive.most):
            found = {0: "no argument", 1: "one argument"}.get(count, f"{count} arguments")
            message = f"{' '.join([found, *map(shown, words)])}; expected {directive.syntax}"
            scope.blame(entry.key, message, position)
            continue
        try:
            yield Argument(directive.parse(words), position)
        except ValueError as error:
            for message in error.args:
                scope.blame(entry.key, message, position)


def _argument_lists(directive: Directive, entry: Entry, scope: Scope) -> Iterator[tuple[list[str], Position]]:
    lists = []
    for line in entry.lines or (Line("", entry.position),):
        try:
            words = split(line.text)
            if line.position != entry.position:
                _refuse_directive(words)
        except ValueError as error:
            scope.blame(entry.key, str(error), line.position)
            if not directive.repeatable:
                return
        else:
            lists.append((words, line.position))
    if directive.repeatable:
        yield from lists
    else:
        yield [word for words, _ in lists for word in words], lists[0][1]


def _refuse_directive(words: list[str]) -> None:
    """Refuse an indented line that is a directive by itself. Raises ValueError."""
    if words[1:2] == ["="] and contexts_of(words[0]):
        raise ValueError(f'"{words[0]} =" goes on with the line above; expected it at the start of its line')


def _unknown(key: str, context: str) -> str:
    if contexts := contexts_of(key):
        return f"does not belong in [{context}]; expected in {listed([f'[{name}]' for name in contexts])}"
    first, space, _ = key.partition(" ")
    if space and contexts_of(first):
        return f'lacks its "="; expected {first} = ...'
    if key == "session_sticky_hide_cookie":
        return "unknown directive; expected none, since session_sticky with option=indirect hides the cookie itself"
    indented = ", or an indented line to go on with the one above" if space else ""
    near = suggest(key, (each.name for each in DIRECTIVES))
    return f"unknown directive; expected one that belongs in [{context}]{indented}{near}"
