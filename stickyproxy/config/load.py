"""A configuration file to Settings, or to all that is wrong with it."""

from glob import glob, has_magic
from os.path import dirname, exists, join, samefile

from attrs import evolve

from stickyproxy.config.blocks import Blocks, add_blocks
from stickyproxy.config.directives import HTTP, LOCATION, MAIN, SERVER, UPSTREAM
from stickyproxy.config.locations import Action, Place, build_location, check_lists, find_action, parse_place
from stickyproxy.config.logs import BUILT_IN_FORMATS
from stickyproxy.config.reader import Section, parse, read
from stickyproxy.config.resolver import Resolver
from stickyproxy.config.scopes import Scope, defaults, open_scope
from stickyproxy.config.servers import build_server, check_addresses, collect_backlogs
from stickyproxy.config.settings import ErrorLog, Location, LogFormat, Position, Return, Settings, Upstream
from stickyproxy.config.suggest import suggest
from stickyproxy.config.upstreams import build_upstream
from stickyproxy.errors import ConfigError, Fault

# A server's locations, by what they match.
_Locations = dict[tuple[str, bool, bool], Location]


def load(path: str) -> Settings:
    """Read the configuration file at `path`, and what it includes. Raises ConfigError with every fault there is."""
    faults: list[Fault] = []
    try:
        sections = read(path, faults)
    except OSError as error:
        message = f"cannot be read: {error.strerror}; expected a readable file"
        raise ConfigError([Fault(path, 1, "", "", message)]) from None
    return _settle(sections, path, faults)


def loads(text: str, file: str = "sticky.ini") -> Settings:
    """Read `text` as the configuration file `file`; includes are relative to that."""
    faults: list[Fault] = []
    return _settle(parse(text, file, faults), file, faults)


def _settle(sections: list[Section], file: str, faults: list[Fault]) -> Settings:
    """Make settings of `sections`, going on behind every fault so that all are found; then raise them in order."""
    blocks: Blocks = {}
    add_blocks(blocks, sections, faults)
    main = open_scope(_section(blocks, MAIN, file), MAIN, faults, defaults(MAIN))
    add_blocks(blocks, _included(main, file), faults)
    http = open_scope(_section(blocks, HTTP, file), HTTP, faults, main)
    formats = _formats(http)
    check_lists(http, formats)
    upstreams = {
        header[1]: build_upstream(open_scope(section, UPSTREAM, faults, defaults(UPSTREAM)), header[1])
        for header, section in blocks.items()
        if header[0] == UPSTREAM
    }
    scopes = {
        header[1]: open_scope(section, SERVER, faults, http)
        for header, section in blocks.items()
        if header[0] == SERVER
    }
    direct: dict[str, Upstream] = {}
    locations: dict[str, _Locations] = {name: {} for name in scopes}
    for header, section in blocks.items():
        if header[0] == LOCATION:
            scope = open_scope(section, LOCATION, faults, scopes.get(header[1], http))
            _add_location(locations, scope, header, formats, find_action(scope, upstreams, direct))
    backlogs = collect_backlogs(scopes.values())
    servers = {}
    for name, scope in scopes.items():
        check_lists(scope, formats)
        fallback = build_location(scope, Place("/"), formats, scope.value("return") or Return(404))
        servers[name] = build_server(scope, name, list(locations[name].values()), fallback, backlogs)
    check_addresses([(scopes[name], server) for name, server in servers.items()])
    if not scopes and not faults:
        faults.append(Fault(file, 1, "", "", "no server; expected at least one [server NAME]"))
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: (fault.file != file, fault)))
    error_logs = tuple(
        ErrorLog(argument.value.path, argument.value.level, argument.position)
        for argument in main.arguments("error_log")
    )
    return Settings(
        upstreams | direct,
        tuple(servers.values()),
        error_logs,
        main.value("worker_connections"),
        main.value("worker_connections_per_address"),
        main.value("worker_shutdown_timeout"),
        main.value("control"),
        evolve(http.value("resolver") or Resolver(), timeout=http.value("resolver_timeout")),
    )


def _section(blocks: Blocks, kind: str, file: str) -> Section:
    """The section of a kind that there is once; an empty one where it was left out."""
    return blocks.get((kind,)) or Section(kind, Position(file, 1), ())


def _included(main: Scope, file: str) -> list[Section]:
    """The sections of the files that `include` names, in the order of the lines and then of the names."""
    sections: list[Section] = []
    for argument in main.arguments("include"):
        pattern = join(dirname(file), argument.value)
        paths = sorted(glob(pattern)) if has_magic(pattern) else [pattern]
        for path in paths:
            try:
                if exists(file) and samefile(file, path):
                    main.blame("include", f"{path} includes itself; expected other files", argument.position)
                else:
                    sections += read(path, main.faults)
            except OSError as error:
                message = f"{path} cannot be read: {error.strerror}; expected a readable file"
                main.blame("include", message, argument.position)
    return sections


def _formats(http: Scope) -> dict[str, LogFormat]:
    found = {known.name: known for known in BUILT_IN_FORMATS}
    for argument in http.arguments("log_format"):
        if found.setdefault(argument.value.name, argument.value) is not argument.value:
            message = f'format "{argument.value.name}" is there already; expected another name'
            http.blame("log_format", message, argument.position)
    return found


def _add_location(
    locations: dict[str, _Locations],
    scope: Scope,
    header: tuple[str, ...],
    formats: dict[str, LogFormat],
    action: Action | None,
) -> None:
    """Build the location and add it to its server's, or blame its header."""
    check_lists(scope, formats)
    _, name, *words = header
    if name not in locations:
        scope.blame("", f'no server "{name}"; expected the name of a [server]{suggest(name, locations)}')
    elif scope.outer and "return" in scope.outer.own:
        scope.blame("", f"never reached, since [server {name}] returns; expected no location beside that")
    try:
        place = parse_place(words)
    except ValueError as error:
        scope.blame("", str(error))
        return
    beside = locations.get(name, {})
    location = build_location(scope, place, formats, action)
    if (twin := beside.setdefault(place.matched, location)) is not location:
        scope.blame("", f"matches the same paths as the location at {twin.position}; expected one of them")
