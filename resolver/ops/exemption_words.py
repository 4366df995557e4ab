"""What every report says of an exemption."""

from resolver.core.policy_entries import ExemptionEntry
from resolver.ops.clock import utc_text


def exemption_words(entry: ExemptionEntry) -> str:
    """Say in one line who is exempt from what, until when, and why."""
    basis = "" if entry["legal_basis"] is None else f" (legal basis {entry['legal_basis']})"
    orders = ", ".join(entry["orders"]) or "no loaded order"
    return f"{', '.join(entry['clients'])} exempt from {orders}{basis} until {entry['until']}: {entry['why']}"


def exemption_document(entry: ExemptionEntry) -> dict[str, object]:
    """Write it for scripts; the end is ISO 8601 in UTC."""
    return {
        "clients": entry["clients"],
        "orders": entry["orders"],
        "legal_basis": entry["legal_basis"],
        "why": entry["why"],
        "until": utc_text(entry["ends"]),
    }
