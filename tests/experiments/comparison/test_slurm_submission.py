"""What is submitted to SLURM, read from the scripts that a false `sbatch` receives."""

import json
import stat

import pytest

from sleepaug.experiments.comparison.rows import lane_folder
from sleepaug.experiments.comparison.settings import comparison_of
from sleepaug.experiments.comparison.slurm import run_on_slurm
from sleepaug.support.errors import ConfigError
from sleepaug.training.runs import RunFolder

pytest.importorskip("submitit")

SBATCH = """#!/bin/sh
n=$(($(cat {folder}/count) + 1))
echo $n > {folder}/count
cp "$1" {folder}/script-$n
echo "Submitted batch job $n"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder of false commands, with the scripts that were submitted and the queue."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    (folder / "count").write_text("0")
    (folder / "queue").write_text("")
    commands = {
        "sbatch": SBATCH.format(folder=folder),
        "squeue": f"#!/bin/sh\ncat {folder}/queue\n",
        "srun": "#!/bin/sh\n",
    }
    for name, script in commands.items():
        (folder / name).write_text(script)
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def submit(tmp_path, slurm):
    """Make a comparison; return a function that submits its jobs and returns what was said."""
    root = tmp_path / "comparison"
    comparison = comparison_of({"methods": ["dada"], "compare": {"folds": 2, "device": "cpu"}})
    RunFolder(root).start(comparison, "cpu")

    def submit(**options):
        lines = []
        run_on_slurm(root, comparison.jobs(), options, cache_dir=None, say=lines.append)
        return lines

    submit.root, submit.jobs = root, comparison.jobs()
    return submit


def test_the_floors_are_submitted_first_and_the_others_wait_for_them(submit, slurm):
    lines = submit(time="90", partition="long")
    assert lines == [f"Submitted 2 lanes as SLURM array {n}." for n in (1, 2)]
    floor, other = ((slurm / f"script-{n}").read_text() for n in (1, 2))
    assert "dependency" not in floor
    assert "#SBATCH --dependency=afterany:1_0:1_1\n" in other
    for option in ("--time=90", "--partition=long", "--requeue"):
        assert f"#SBATCH {option}\n" in floor
    assert "gpus" not in floor  # the device is the CPU
    numbers = json.loads((submit.root / "slurm.json").read_text())
    assert numbers == {
        "none-fold0-seed0": "1_0",
        "none-fold1-seed0": "1_1",
        "dada-fold0-seed0": "2_0",
        "dada-fold1-seed0": "2_1",
    }


def test_jobs_in_the_queue_are_left_alone(submit, slurm):
    submit()
    (slurm / "queue").write_text("1_0\n1_1\n2_0\n2_1\n")
    assert submit() == ["4 lanes are in SLURM's queue, or running."]


def test_lost_jobs_are_submitted_again_and_ended_ones_are_not(submit, slurm):
    submit()
    for job in submit.jobs[::2]:
        folder = lane_folder(submit.root, job)
        folder.path.mkdir(parents=True)
        folder.append({"step": 1, "status": "finished"})
    assert [job.method for job in submit.jobs] == ["none", "dada"] * 2
    assert submit() == ["Submitted 2 lanes as SLURM array 3."]
    assert "dependency" not in (slurm / "script-3").read_text()  # the floors are not in the queue


def test_a_refusal_of_slurm_is_a_message(submit, slurm):
    (slurm / "sbatch").write_text("#!/bin/sh\necho 'invalid partition' >&2\nexit 1\n")
    with pytest.raises(ConfigError, match=r"(?s)SLURM refused the jobs.*invalid partition"):
        submit(partition="nowhere")
