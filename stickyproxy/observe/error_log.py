"""The error log: what the parts of the proxy tell through twisted.logger, from a level on, in nginx's layout."""

from time import gmtime, strftime

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)

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

    def write(event: LogEvent) -> None:
        text = formatEvent(event)
        if "log_failure" in event:
            text += "\n" + event["log_failure"].getTraceback()
        when = strftime("%Y/%m/%d %H:%M:%S", gmtime(event["log_time"]))
        file.write(f"{when} [{event['log_level'].name}] {text.rstrip()}\n".encode("utf-8", "backslashreplace"))
        file.flush()

    return FilteringLogObserver(write, [LogLevelFilterPredicate(LEVELS[level])])
