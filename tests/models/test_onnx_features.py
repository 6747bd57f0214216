"""Features in torch, as they are exported, beside those of numpy."""

import numpy as np
import pytest
import torch

import sleepaug
from sleepaug.data.signals.features import NAMES
from sleepaug.models.onnx_features import FeatureGraph
from sleepaug.models.recording_features import recording_features


def test_the_features_are_those_that_the_networks_were_trained_on():
    described = recording_features(sleepaug.simulate_night(3, hours=0.5))
    windows = described.night.x
    with torch.no_grad():
        computed = FeatureGraph()(torch.from_numpy(windows)).numpy()
    assert windows.shape == (60, 11, 1500)
    for number, name in enumerate(NAMES):
        np.testing.assert_allclose(
            computed[..., number], described.x[..., number], atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize("scale", [0.0, 1e-3, 1e4])
def test_a_missing_sample_makes_its_channel_unknown_and_extremes_do_not(scale):
    windows = scale * torch.randn(3, 2, 1500, generator=torch.Generator().manual_seed(0))
    windows[1, 0, 40] = torch.nan
    computed = FeatureGraph()(windows)
    known = torch.ones(3, 2, dtype=torch.bool)
    known[1, 0] = False
    assert torch.equal(computed.isfinite(), known[..., None].expand_as(computed))
