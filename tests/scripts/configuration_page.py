"""docs/configuration.md from `pgsluice config schema`, which comes from the table that checks the file.

Run it to write the page: PGSLUICE_BINARY=build/release/pgsluice python3 tests/scripts/configuration_page.py
"""

import json
import os
import re
import subprocess
from pathlib import Path

PAGE = Path("docs/configuration.md")
HEAD = """# Configuration reference

Every key of `pgsluice.json`. This page is made from the table that checks the file (`python3 tests/scripts/configuration_page.py`); `pgsluice config schema` prints the same as JSON Schema, for editors. JSON with comments and trailing commas; `"${NAME}"` inside strings is replaced from the environment, `"$${NAME}"` is the text `${NAME}`. Flags win over environment, environment over file, file over default. `pgsluice config print` shows what is in force. Traces are configured by the environment only, see [operations](operations.md#traces).
"""


def schema():
    done = subprocess.run([os.environ["PGSLUICE_BINARY"], "config", "schema"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def environment():
    """Key -> variables and flags, as README has them (checked against the table by a unit test)."""
    rows = re.findall(r"^\| `([\w.]+)` \| (`PGSLUICE.*?) \| (.*?) \|", Path("README.md").read_text(), re.M)
    return {key: ", ".join(part for part in (variable, flag.strip()) if part) for key, variable, flag in rows}


class Page:
    def __init__(self):
        self.schema = schema()
        self.outside = environment()
        self.done = {}
        self.waiting = []

    def text(self):
        out = HEAD + self.section("The file", "", self.schema)
        while self.waiting:
            title, path, node = self.waiting.pop(0)
            out += self.section(title, path, node)
        return out

    def resolve(self, node):
        """What a reference or a nullable object means, and the name under which it recurs."""
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            return self.schema["$defs"][name], name
        for choice in node.get("anyOf", []):
            if "properties" in choice:
                return choice, json.dumps(choice, sort_keys=True)
        return node, json.dumps(node, sort_keys=True)

    def link(self, title, path, node):
        """Where an object's members are described."""
        target, name = self.resolve(node)
        if name not in self.done:
            self.done[name] = title
            self.waiting.append((title, path, target))
        anchor = re.sub(r"[^\w -]", "", self.done[name].replace("`", "")).lower().replace(" ", "-")
        return f"[{self.done[name].replace('`', '')}](#{anchor})"

    def section(self, title, path, node):
        out = f"\n## {title}\n\n| key | value | default | |\n| --- | --- | --- | --- |\n"
        for key, value in node["properties"].items():
            where = f"{path}.{key}" if path else key
            notes = [value.get("description", "")]
            if key in node.get("required", []):
                notes.append("Required.")
            if where in self.outside:
                notes.append(f"{self.outside[where]}.")
            default = f"`{json.dumps(value['default'])}`" if "default" in value else ""
            row = [f"`{key}`", self.kind(value, where), default, " ".join(note for note in notes if note)]
            out += "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n"
        return out

    def kind(self, value, where):
        if "$ref" in value or any("properties" in choice for choice in value.get("anyOf", [])):
            null = " or null" if "anyOf" in value else ""
            return f"object, see {self.link(f'`{where}`', where, value)}{null}"
        if "oneOf" in value:
            return "`count`, or an object with `sum`, `min`, `max` or `avg`"
        types = value.get("type", "string")
        types = [types] if isinstance(types, str) else types
        if "array" in types:
            item = value["items"]
            if "properties" in item:
                return f"list of objects, see {self.link(f'`{where}[]`', where, item)}"
            return "list of " + (" ".join(f"`{word}`" for word in item["enum"]) if "enum" in item else "strings")
        if "object" in types and "additionalProperties" in value:
            item = value["additionalProperties"]
            if "$ref" in item:
                return f"map of name to object, see {self.link(f'`{where}.NAME`', f'{where}.NAME', item)}"
            return f"map of name to {item.get('type', 'string')}"
        if "enum" in value:
            return " ".join(f"`{word}`" for word in value["enum"])
        text = " or ".join("size" if "pattern" in value and types == ["string", "integer"] else one for one in dict.fromkeys(types))
        text = "size, as in `5MB`" if types == ["string", "integer"] else text
        low, high = value.get("minimum"), value.get("maximum")
        return text + (f", {low:.15g} to {high:.15g}" if low is not None and high is not None else "")


if __name__ == "__main__":
    PAGE.write_text(Page().text())
