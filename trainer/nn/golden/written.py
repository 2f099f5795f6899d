"""Writes golden values beside the script that made them, to ten digits."""

import json
from pathlib import Path


def rounded(node):
    if isinstance(node, float):
        return float(f"{node:.10g}")
    if isinstance(node, list):
        return [rounded(item) for item in node]
    if isinstance(node, dict):
        return {key: rounded(item) for key, item in node.items()}
    return node


def write(script, name, golden):
    Path(script).with_name(name).write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")
