"""The page that a subscriber sees at the address of a blocked name: who ordered that, until when, and what to do."""
