"""Writes the reference of all settings: `python -m qa.config.reference > docs/settings.md`."""

from __future__ import annotations

import sys

from .settings import SETTINGS, Setting

_HEAD = """# Settings

Written by `python -m qa.config.reference` from the declarations in `qa/config/settings.py`.

Each setting has a key in `qa.toml`, an environment variable and, some of them, an option. **An option counts before
the environment, the environment before `qa.toml`, and that before the default.** `qa config` shows the value of each
and where it comes from; `qa config --json` does so for programs.

`qa.toml` is the one that `--config` or `QA_CONFIG` names, or the one beside the folder of articles. Paths in it are
relative to its folder, and so are `corpus` and `index` if nothing names them. A key or a value that is not valid is an
error, which names its line:

```toml
corpus = "articles"
threshold = 0.7
text_files = ["py", "sql"]
fields = { title = "headline", text = "story" }
gaps = true
```

Several folders of articles are a list: `corpus = ["notes", "old=/mnt/archive"]` in the file, `notes:old=/mnt/archive`
in the environment (on Windows with `;`), and the option `--corpus` for each ([guide](guide.md#articles)).

`--library` or `QA_LIBRARY` stands for the folders and the index of one of your libraries (`qa libraries`).

In a folder without `corpus`, `index` or `qa.toml`, and with none of them named, `qa` uses those in your data folder
and says so: `~/.local/share/qa-articles` on Linux (`$XDG_DATA_HOME/qa-articles` if that is set),
`~/Library/Application Support/qa-articles` on macOS, `%LOCALAPPDATA%\\qa-articles` on Windows.

In the environment, a switch is `yes` or `no`, a list is `py,sql`, and a table is `title=headline,text=story`.

| key | type | default | variable | option | |
|---|---|---|---|---|---|
"""


def reference() -> str:
    """The page, as Markdown."""
    return _HEAD + "".join(map(_row, SETTINGS.values()))


def _row(setting: Setting) -> str:
    default = setting.default
    if default is None or default == "" or default == ():
        shown = "–"
    elif isinstance(default, bool):
        shown = str(default).lower()
    else:
        shown = f"{default:g}" if isinstance(default, float) else str(default)
    option = f"`{setting.option}`" if setting.option else "–"
    option += f" of `qa {setting.command}`" if setting.command else ""
    cells = (f"`{setting.name}`", setting.kind, shown, f"`{setting.variable}`", option, setting.help)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
