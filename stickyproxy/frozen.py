"""Values that every request makes several of: frozen for the type checker, who refuses to see one changed.

Python itself would refuse as well, if they were attrs' frozen ones. But to fill in one of those takes four times as
long, and to read a NamedTuple's fields is slower: that was a twentieth of the time of a request.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen as frozen_by_type
else:
    from attrs import define as frozen_by_type

__all__ = ["frozen_by_type"]
