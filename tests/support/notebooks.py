"""Notebooks run to their end in a kernel of their own, and what stands below their cells then."""

import pytest
from places import ROOT


def run_notebook(notebook, folder, monkeypatch):
    """Run all cells in `folder`; the notebook with its outputs. Skips without nbclient."""
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))  # no profile of the user's
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources=resources
    )
    return client.execute()


def outputs_of(cell) -> dict[str, str]:
    """What a cell shows, by kind: "text/html", "image/png", ..., "stdout", "stderr"."""
    found: dict[str, str] = {}
    for output in cell.outputs:
        if output.output_type == "stream":
            found[output.name] = found.get(output.name, "") + output.text
        else:
            found.update(output.get("data", {}))
    return found
