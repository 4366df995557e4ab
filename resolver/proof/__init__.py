"""The proof: what was ordered, applied and changed, in a form that shows whether it was altered."""
