"""What the command line adds to errors, and that nothing below it speaks of commands and options."""

import inspect
from collections.abc import Iterator

import pytest

import imsearch
from imsearch import errors
from imsearch.cli.exits import Exit, exiting
from imsearch.cli.hints import hint
from imsearch.cli.output.progress import report_run

HINTS = [
    (errors.LibraryNotFoundError("none"), "make one with `imsearch index FOLDER`"),
    (errors.LibraryNotFoundError("empty", empty=True), "fill it with `imsearch index FOLDER`"),
    (errors.LibraryTooNewError("new"), "pip install --upgrade imsearch-engine"),
    (errors.VectorSpaceNotFoundError("none", model="resnet18"), "`imsearch index --model resnet18`"),
    (errors.ModelMismatchError("another"), "--library ADDRESS"),
    (errors.UnknownModelError("none"), "`imsearch models`"),
    (errors.DeviceUnavailableError("no mps"), "--device cpu always works"),
    (errors.OutOfReachError("gone"), "`imsearch index`"),
    (errors.UsageError("no", argument="precision", choices=("f32",)), "leave out --precision, or name f32"),
    (errors.UsageError("no", argument="precision"), "leave out --precision"),
    (errors.UsageError("name one", argument="folders"), "`imsearch index FOLDER`"),
    (errors.UsageError("no", argument="copies"), "leave out --labels or --copies"),
    (errors.UsageError("no", argument="labels"), "--labels FILE.csv"),
]


@pytest.mark.parametrize(("error", "said"), HINTS)
def test_errors_have_hints_in_words_of_the_command_line(error: imsearch.ImsearchError, said: str) -> None:
    assert said in hint(error)


def test_where_the_message_says_it_all_there_is_no_hint() -> None:
    assert hint(errors.UsageError("none: no such folder", argument="folders", value="none")) == ""
    assert hint(errors.LibraryLockedError("another process is writing")) == ""


def test_a_run_says_how_to_forget_what_is_out_of_reach(capsys: pytest.CaptureFixture[str]) -> None:
    report_run(imsearch.IndexReport(unchanged=1))
    assert "imsearch remove" not in capsys.readouterr().err
    report_run(imsearch.IndexReport(kept=2))
    assert "`imsearch remove FOLDER` forgets" in capsys.readouterr().err


def test_a_run_says_what_it_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    report_run(imsearch.IndexReport(unread={"svg": 1, "film": 1200}))
    assert "not read: 1,200 films, 1 SVG drawing, as" in capsys.readouterr().err
    report_run(imsearch.IndexReport(left_out={"@eaDir": 40, ".nomedia": 1}))
    assert "(1 .nomedia, 40 @eaDir); --include-hidden takes them in" in capsys.readouterr().err


def every_error() -> Iterator[imsearch.ImsearchError]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, imsearch.ImsearchError):
            yield kind("a message")


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: type(error).__name__)
def test_an_error_and_its_hint_take_two_lines_at_most(
    error: imsearch.ImsearchError, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    with pytest.raises(SystemExit) as ended:
        exiting(fail)()
    wrong_usage = isinstance(error, imsearch.UsageError | imsearch.VectorSpaceNotFoundError)
    assert ended.value.code == (Exit.USAGE if wrong_usage else Exit.FAILED)
    message, *hints = capsys.readouterr().err.splitlines()
    assert message == "imsearch: a message"
    assert hints == ([f"hint: {hint(error)}"] if hint(error) else [])
    assert "\n" not in hint(error)
