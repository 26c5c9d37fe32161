"""`qa verify-receipt`: says whether a receipt is what was signed, and whether its quotations still stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import config_of, places
from .output import one_line, print_json

if TYPE_CHECKING:
    from ..receipts.verification import Quotation, Verified

_STATES = {
    "unchanged": "stands: the file is unchanged",
    "stands": "stands, in a file that was changed elsewhere",
    "changed": "CHANGED",
    "gone": "GONE: there is no such article any more",
    "unreadable": "the file cannot be read",
}


@click.command("verify-receipt")
@places
@click.argument("receipt", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_receipt(corpus: Path | None, index: Path | None, receipt: Path, as_json: bool) -> int:
    """Verify RECEIPT, which `qa ask --receipt` wrote: the signature, and each quotation in the files of your articles.

    Exits with 0 if the signature holds and every quotation stands, with 1 if one does not, and with 3 if the signature
    does not hold.
    """
    from ..receipts.receipt import read_receipt
    from ..receipts.verification import verify

    verified = verify(read_receipt(receipt), config_of(corpus, index))
    if as_json:
        print_json(verified.as_json())
    else:
        click.echo(_words(verified))
    return verified.exit_code


def _words(verified: Verified) -> str:
    content, signature = verified.receipt.content, verified.receipt.signature
    if not verified.holds:
        return "The signature does not hold: the receipt was altered after it was signed. Do not rely on it."
    whose = "your key" if verified.is_own else "another's key: compare it with what its owner says"
    lines = [
        f"The signature holds ({whose}, {signature.fingerprint}).",
        one_line(f"Asked: {content['question']}"),
        f"Made {content['made']} from generation {content['generation']}.",
        *(line for each in verified.quotations for line in _quotation_lines(each)),
    ]
    return "\n".join(lines)


def _quotation_lines(quotation: Quotation) -> list[str]:
    from ..check.diff import as_text

    name = "The answer" if quotation.name == "answer" else f"[{quotation.name}]"
    reason = f" ({quotation.reason})" if quotation.reason else ""
    lines = [one_line(f"{name} ({quotation.document}) {_STATES[quotation.state]}{reason}")]
    if quotation.difference:
        lines.append(f"    {' '.join(as_text(quotation.difference).split())}")
    return lines
