"""``python -m decvae.settings``: the JSON schema of the configuration, and the table of its keys in Markdown."""

import argparse
import json
from pathlib import Path

from decvae.settings.configuration import Configuration
from decvae.settings.document import json_schema, with_table


def main(arguments: list[str] | None = None) -> None:
    """Write what the settings say of every key: type, range, default and meaning."""
    parser = argparse.ArgumentParser(prog="python -m decvae.settings", description=main.__doc__)
    parser.add_argument("--schema", type=Path, metavar="JSON", help="write the JSON schema into this file")
    parser.add_argument("--document", type=Path, metavar="MARKDOWN", help="write the table between its markers")
    options = parser.parse_args(arguments)
    if options.schema:
        options.schema.write_text(json.dumps(json_schema(Configuration), indent=2, ensure_ascii=False) + "\n")
    if options.document:
        options.document.write_text(with_table(options.document.read_text(), Configuration))


if __name__ == "__main__":
    main()
