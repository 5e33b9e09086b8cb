"""The page as text: the template with its style, its scripts and what it knows."""

import base64
import hashlib
import json
from importlib.resources import files

SCRIPTS = (
    *("explorer", "drawing", "state", "network", "value", "output_parts", "input_parts"),
    *("kernel", "check", "step", "loop", "answer", "images", "toy", "main"),
)


def render(title: str, note: str, version: str, contents: dict) -> str:
    """The html of a page: `contents` is what its scripts find as `page`."""
    import jinja2
    from markupsafe import Markup

    folder = files(__package__) / "page"
    scripts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '"use strict";\n' + "\n".join(scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # In JSON "<" may be written so; then no name in a model can end the script.
    data = json.dumps(contents, allow_nan=False).replace("<", "\\u003c")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((folder / "page.html").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        note=note,
        version=version,
        style=Markup((folder / "explorer.css").read_text(encoding="utf-8")),
        script=Markup(script),
        digest=digest,
        data=Markup(data),
    )
