"""The command line: parse, call, print. Everything slow is imported inside the commands."""

from sleepaug.cli import (
    adapt,
    agree,
    cache,
    compare,
    doctor,
    evaluate,
    export,
    inspect,
    models,
    predict,
    report,
    review,
    simulate,
    summarize,
    train,
)
from sleepaug.cli.group import main

for command in (  # in the order of work
    simulate.simulate,
    train.train,
    evaluate.evaluate,
    adapt.adapt,
    inspect.inspect,
    predict.predict,
    review.review,
    agree.agree,
    summarize.summarize,
    models.models,
    report.report,
    export.export,
    cache.cache,
    compare.compare,
    doctor.doctor,
):
    main.add_command(command)

__all__ = ["main"]
