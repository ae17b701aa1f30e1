"""What passed and failed checks come to: a server goes down after `fall` failures in a row, and up after `rise` passes.

As nginx_upstream_check_module counts them: a pass adds to `rise` and zeroes `fall`, a failure the other way round.
"""


class Standing:
    """Whether a server is `up`, by its checks.

    `rise` and `fall` are the passes and failures in a row; `reason` is why the last check failed, empty if it passed.
    """

    __slots__ = ("_fall_limit", "_rise_limit", "fall", "reason", "rise", "up")

    def __init__(self, rise: int, fall: int, up: bool) -> None:
        self._rise_limit = rise
        self._fall_limit = fall
        self.up = up
        self.rise = 0
        self.fall = 0
        self.reason = ""

    def passed(self) -> None:
        """A check passed."""
        self.rise += 1
        self.fall = 0
        self.reason = ""
        if not self.up and self.rise >= self._rise_limit:
            self.up = True

    def failed(self, reason: str) -> None:
        """A check failed."""
        self.fall += 1
        self.rise = 0
        self.reason = reason
        if self.up and self.fall >= self._fall_limit:
            self.up = False
