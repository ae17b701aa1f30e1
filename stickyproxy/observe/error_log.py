"""The error log: what the proxy tells through twisted.logger, from a level on, in nginx's layout and in UTC."""

from time import gmtime, strftime

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)
from zope.interface import implementer

from stickyproxy.observe.log_files import LogFile

# nginx's levels in Twisted's.
LEVELS = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "notice": LogLevel.info,
    "warn": LogLevel.warn,
    "error": LogLevel.error,
    "crit": LogLevel.critical,
    "alert": LogLevel.critical,
    "emerg": LogLevel.critical,
}


def error_log(file: LogFile, level: str) -> ILogObserver:
    """Return an observer that writes events of `level` (nginx's word) and above to `file`, each at once."""
    return FilteringLogObserver(_Writer(file), [LogLevelFilterPredicate(LEVELS[level])])


@implementer(ILogObserver)
class _Writer:
    def __init__(self, file: LogFile) -> None:
        self._file = file

    def __call__(self, event: LogEvent) -> None:
        text = formatEvent(event)
        if "log_failure" in event:
            text += "\n" + event["log_failure"].getTraceback()
        if not text:
            return
        when = strftime("%Y/%m/%d %H:%M:%S", gmtime(event["log_time"]))
        line = f"{when} [{event['log_level'].name}] {text.rstrip()}\n"
        self._file.write(line.encode("utf-8", "backslashreplace"))
        self._file.flush()
