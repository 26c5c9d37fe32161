"""`qa calibrate` and `qa gate`: the threshold for one's own articles, and whether a run is worse than another."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import Config
from ..errors import ConfigError
from .options import config_of, stored
from .output import one_line, print_json, progress

if TYPE_CHECKING:
    from ..evaluate.calibrate import Outcome, OwnQuestion
    from ..index.manifest import Manifest
    from ..index.promised import Promise


@click.command()
@stored
@click.argument("questions", required=False, type=click.Path(path_type=Path))
@click.option("--thumbs", is_flag=True, help="Use the thumbs that answers got in the chat too.")
@click.option("--risk", type=click.FloatRange(0.01, 0.5), default=0.05, show_default=True, help="The share to aim at.")
@click.option("--certainty", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Of the bound.")
@click.option("--at-most", type=click.Choice(["1", "5", "10"]), help="Keep the threshold that promises it, of 100.")
@click.option("--only-measure", is_flag=True, help="Fit nothing: say what the present threshold does, for qa gate.")
@click.option("--forget", is_flag=True, help="Use the shipped threshold again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def calibrate(
    corpus: Path | None,
    index: Path | None,
    store: str | None,
    questions: Path | None,
    thumbs: bool,
    risk: float,
    certainty: float,
    at_most: str | None,
    only_measure: bool,
    forget: bool,
    as_json: bool,
) -> int:
    """Fit the confidence from which answers are shown to your articles, and keep it beside the index.

    QUESTIONS is a file of JSON lines: {"question": "…", "file": "notes/a.md", "words": "…"}, of which a right answer is
    from the file and has the words (either may be left out), and without both if nothing answers the question. Without
    QUESTIONS, they are made from the headings of the articles, each asked with and without its own article.
    """
    from ..ask.lead_model import weights_sha256
    from ..evaluate.calibrate import fitted, keep, measured
    from ..evaluate.calibrate import forget as forget_fitted
    from ..evaluate.promise import promises
    from ..index.promised import forget_promised, keep_promised

    config = config_of(corpus, index, store)
    if forget:
        was = [forget_fitted(config), forget_promised(config)]
        click.echo(
            "The shipped threshold counts again." if any(was) else "Nothing was fitted, so nothing was forgotten."
        )
        return 0
    outcomes, asked, manifest, now = _outcomes(config, questions, thumbs)
    if only_measure:
        figures = measured(outcomes, asked, now)
        print_json(figures) if as_json else click.echo(f"Of {asked} questions: {_row(figures)}.")
        return 0
    promised = promises(outcomes, certainty, config.least_confidence)
    if questions is not None or thumbs:  # nobody has judged answers to questions that were made
        keep_promised(config, promised, certainty, manifest, weights_sha256())
    if at_most is not None:
        (wanted,) = (each for each in promised if round(100 * each.risk) == int(at_most))
        found, figures = wanted.kept(certainty), {"questions": len(outcomes), **wanted.as_json()}
        problem = _promised(wanted)
    else:
        found, figures = fitted(outcomes, risk, certainty, now)
        problem = f"No threshold keeps wrong answers to {risk:.0%}: the shipped one counts. {_MORE}"
    figures = {**figures, "promises": [each.as_json() for each in promised]}
    if found is None:
        click.echo("\n".join([f"qa: {problem}", *map(_promised, promised if at_most is None else ())]), err=True)
        return 1
    keep(config, found, manifest.encoder)
    if as_json:
        print_json(figures)
        return 0
    for line in _words(figures) if at_most is None else [_shown_from(found.threshold)]:
        click.echo(line)
    for each in promised:
        click.echo(_promised(each))
    return 0


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.0, help="By how much a share may be worse.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gate(before: Path, after: Path, tolerance: float, as_json: bool) -> int:
    """Compare two runs, as `qa eval --json` or `qa calibrate --json` printed them; exit with 1 if a figure is worse."""
    from ..evaluate.gate import compare

    found = compare(_run(before), _run(after), tolerance)
    worse = [each for each in found if each.is_worse]
    if as_json:
        rows = [{"name": f.name, "before": f.before, "after": f.after, "worse": f.is_worse} for f in found]
        print_json({"worse": len(worse), "figures": rows})
    else:
        for each in found:
            click.echo(f"{each.name:>18}  {each.before:g} → {each.after:g}{'  worse' if each.is_worse else ''}")
    return 1 if worse else 0


_MORE = "Give more questions, or allow more with --risk."


def _outcomes(config: Config, questions: Path | None, thumbs: bool) -> tuple[list[Outcome], int, Manifest, float]:
    """What the program answers, to how many questions, from which generation, and with which threshold at present."""
    from ..engine import Engine
    from ..evaluate.calibrate import ask_own, read_questions, threshold_now
    from ..evaluate.generated import generated

    asked = read_questions(questions) if questions is not None else []
    asked += _from_thumbs(config) if thumbs else []
    everything = replace(config, threshold=0.0, risk=None, reader_ms=math.inf)
    with Engine.open(everything) as engine, progress() as shown:
        engine.preflight()
        asked = asked if questions is not None or thumbs else generated(engine)
        outcomes = ask_own(engine, asked, lambda what, n, of: shown(f"{what} {n} of {of}", n, of))
        manifest = engine.generation.manifest
    return outcomes, len(asked), manifest, threshold_now(config, manifest.encoder)


def _from_thumbs(config: Config) -> Sequence[OwnQuestion]:
    """The questions whose answers got a thumb; the last one counts."""
    from ..evaluate.calibrate import OwnQuestion
    from ..ui.feedback.tables import feedback_path
    from ..ui.feedback.verdicts import Feedback

    verdicts = {each.question: each for each in Feedback(feedback_path(config.index)).read() if each.document}
    return [
        OwnQuestion(each.question, file=each.document)
        if each.verdict == "up"
        else OwnQuestion(each.question, wrong_file=each.document)
        for each in verdicts.values()
    ]


def _shown_from(threshold: float) -> str:
    return f"An answer is shown from a confidence of {threshold:.2f} on."


def _promised(each: Promise) -> str:
    what = f"At most {100 * each.risk:.0f} of 100 shown answers wrong"
    if each.threshold is not None:
        refused = f"{each.refused} of {each.asked} questions are refused"
        return (
            f"{what}: from a confidence of {each.threshold:.2f} on, where {refused} (--at-most {100 * each.risk:.0f})."
        )
    if each.more is None:
        return f"{what}: cannot be promised, since too many of the most certain answers are wrong."
    return f"{what}: can be promised with {each.more:,} more judged answers, as certain and as right as the best."


def _words(figures: dict[str, Any]) -> list[str]:
    before = figures["before"]
    return [
        _shown_from(figures["threshold"]),
        f"Of {figures['tested']} questions that nothing was chosen with: {_row(figures)}; before: {_row(before)}.",
        f"Of what is shown at most {figures['bound']:.1%} is wrong, with {figures['certainty']:.1%} certainty, on "
        "questions like these.",
    ]


def _row(of: dict[str, Any]) -> str:
    refused = f"{of['refused']} refused ({of['refused_rightly']} of them rightly)"
    return f"{of['right']} right, {of['wrong']} wrong, {refused}"


def _run(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read as JSON: give what `qa eval --json` printed.") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{one_line(str(path))!r} is not one JSON object: give what `qa eval --json` printed.")
    return data
