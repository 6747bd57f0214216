"""Where there is no GPU steps are not recorded; `tests/device` has a device that records them."""

import torch

from sleepaug.augment import Identity
from sleepaug.training import cuda_graph
from sleepaug.training.fit import Fit, Training


def test_without_a_gpu_the_steps_are_the_same_and_one_note_says_why(tiny_task, caplog):
    rows = []
    for wanted in (False, True):
        fit = Fit(tiny_task, Identity(), Training(epochs=2, cuda_graphs=wanted), seed=0)
        rows.append([fit.step(), fit.step()])
    assert rows[0] == rows[1]
    assert [record.getMessage() for record in caplog.records] == [
        "cuda_graphs: the device is no GPU, so steps are not recorded"
    ]


def test_adam_is_capturable_only_while_it_is_recorded():
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizers = [torch.optim.Adam([weight]), torch.optim.SGD([weight])]
    with cuda_graph.capturable(optimizers):
        assert [o.param_groups[0].get("capturable") for o in optimizers] == [True, None]
    assert [o.param_groups[0].get("capturable") for o in optimizers] == [False, None]
