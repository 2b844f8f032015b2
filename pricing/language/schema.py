"""The JSON Schema of a card file, for editors: made from the models, never written by hand. Computes no price.

`python -m pricing.language.schema > pricing/cards/schema.json` writes it anew; a test holds it to the models.
A card names it in its first line: `#:schema ./schema.json`.
"""

import json

from .card import RateCard


def schema_text() -> str:
    """The schema as it is shipped."""
    schema = RateCard.model_json_schema(mode="validation")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "faregate rate card",
        "description": "Published prices of one provider, dated and sourced.",
    }
    del schema["title"], schema["description"]
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
