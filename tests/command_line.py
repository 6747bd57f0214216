"""Calls the command line in this process, for the tests that type commands."""

from click.testing import CliRunner, Result

from sleepaug.cli import main


def run(*args: object, code: int = 0) -> Result:
    """Call sleepaug with these arguments; a traceback, or another exit code, fails the test."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result
