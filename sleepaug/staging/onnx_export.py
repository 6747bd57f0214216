"""Export of a stager as an ONNX file, which programs without sleepaug, or without Python, can run.

The file holds the network. What has to be done to a recording before is described in the metadata
of the file, and in a JSON file beside it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from sleepaug.models.onnx_graph import require_onnx, to_onnx
from sleepaug.models.several import ModelNames
from sleepaug.staging.loading import load_model
from sleepaug.staging.onnx_content import Export, export_of
from sleepaug.support.errors import ConfigError, ModelError
from sleepaug.support.files import refuse_existing, write_bytes, write_json

ENDING = ".onnx"
TOLERANCE = 1e-3
"""By which a probability may differ between torch and onnxruntime; usual are 1e-6."""


def export_onnx(model: ModelNames, output: Path, *, overwrite: bool = False) -> list[str]:
    """Write a model as an ONNX file, and its description as JSON beside it.

    Parameters
    ----------
    model : path, str
        See `load_model`; one model.
    output : Path
        Ends in ``.onnx``.
    overwrite : bool
        Replace files of these names.

    Returns
    -------
    list of str
        Sentences: what the file does not do, and how it was checked.

    Raises
    ------
    ConfigError
        The files exist, or packages are missing.
    ModelError
        There is no such model, it cannot be exported, or onnxruntime finds other stages with it.
        Nothing is written then.
    """
    if output.suffix != ENDING:
        raise ConfigError(
            f"{output}: expected a name that ends in {ENDING}.", parameters=("output",)
        )
    beside = output.with_suffix(".json")
    if not overwrite:
        refuse_existing([output, beside])
    require_onnx()
    export = export_of(load_model(model))
    about = {**export.about, "notes": list(export.notes)}
    tensors = {name: torch.from_numpy(value) for name, value in export.inputs.items()}
    content = to_onnx(
        export.graph, tensors, export.free, {"sleepaug": json.dumps(about, ensure_ascii=False)}
    )
    checked = check(content, export)
    write_bytes(output, content)
    write_json(beside, about)
    return [*export.notes, checked]


def check(content: bytes, export: Export) -> str:
    """Compare the probabilities that onnxruntime finds with the stager's own; say how they agree.

    Raises
    ------
    ModelError
        They differ.
    """
    try:
        import onnxruntime
    except ImportError:
        return "Not checked: onnxruntime is not installed."
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (computed,) = session.run(["probabilities"], dict(export.inputs))
    difference = float(np.abs(computed - export.probabilities).max())
    same = int((computed.argmax(1) == export.probabilities.argmax(1)).sum())
    if not difference <= TOLERANCE:
        raise ModelError(
            f"onnxruntime finds other probabilities than torch, by up to {difference:.2g}, and "
            f"the same stage in {same} of {len(computed)} windows. Nothing was written. Try other "
            "versions of onnx, onnxscript and onnxruntime."
        )
    return (
        f"Checked with onnxruntime {onnxruntime.__version__} on a simulated night: the same stage "
        f"in {same} of {len(computed)} windows; probabilities differ by {difference:.0e} at most."
    )
