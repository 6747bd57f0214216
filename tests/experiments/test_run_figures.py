"""Pictures of one run."""

import numpy as np

from sleepaug.experiments.run_figures import draw_layers


def test_the_amount_of_an_unused_transform_is_not_drawn():
    weights = [0.5, 0.9, 0.99, 1.0]
    rows = [
        {
            "epoch": i + 1,
            "augmentation": {
                "1.sign_flip.weight": w, "1.sign_flip.amount": 0.1,
                "1.time_reverse.weight": 1 - w, "1.time_reverse.amount": 0.2,
            },
        }
        for i, w in enumerate(weights)
    ]  # fmt: skip
    figure = draw_layers(rows)
    used, unused = figure.axes[1].get_lines()
    assert used.get_ydata()[-1] == 1
    assert np.isnan(unused.get_ydata()).all()
    assert "time reverse (not used)" in [t.get_text() for t in figure.axes[1].get_legend().texts]
