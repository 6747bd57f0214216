"""A model that ships, and a night to stage."""

import pytest
from model_file import write_model

from sleepaug.models import cards


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """A folder such as `sleepaug/models/pretrained`."""
    folder = tmp_path_factory.mktemp("pretrained")
    write_model(folder / "default.safetensors")
    (folder / "default.md").write_text("# The card\n\nFor research, not for diagnosis.\n")
    return folder


@pytest.fixture
def installed(shipped, monkeypatch):
    """Let the package ship these models only."""
    models = {file.stem: file for file in shipped.glob("*.safetensors")}
    monkeypatch.setattr(cards, "shipped_models", lambda: models)


@pytest.fixture
def night(nights):
    return next(nights.glob("*PSG.edf"))
