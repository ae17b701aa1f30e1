"""Which servers are well: active checks, one small class a type, and what so many passed or failed ones come to."""
