"""The law: what an order file says, what it means in time, and the index of every name that any order lists."""
