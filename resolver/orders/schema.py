"""``python -m resolver.orders.schema`` prints the JSON Schema of an order file, as docs/order.schema.json has it."""

import json
import sys

from resolver.orders.shape import order_schema


def written_schema() -> str:
    """Write the schema as the published file holds it."""
    return json.dumps(order_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written_schema())
