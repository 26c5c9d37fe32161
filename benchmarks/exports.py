"""Asks questions about made exports of chats and notes: who said what, and when.

`python -m benchmarks.exports` writes the exports to a folder, builds an index over them and prints how many of the
questions in exports.jsonl are answered with the words that they want, answered otherwise, and not answered. A question
that wants nothing is a near-miss, which no message answers.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import tempfile
import zipfile
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import qa
from qa.build import build
from qa.models.encoders import shipped_encoder

QUESTIONS = Path(__file__).with_name("exports.jsonl")
Said = tuple[str, int, int, str]  # who, minutes since the start, minutes of the message it replies to (or -1), text

_TEAM = {"U01A": "Anna Schmidt", "U02T": "Tom Berg", "U03P": "Priya Nair", "U04L": "Lukas Hofer"}
_BUDGET: list[Said] = [
    ("U02T", 0, -1, "Morning all. The printer on the second floor is out of toner again."),
    ("U01A", 4, -1, "The budget for the spring fair is too small: 4,200 euros will not even cover the tents."),
    ("U03P", 9, 4, "<@U01A> could we borrow the tents from the fire brigade instead?"),
    ("U01A", 15, 4, "Good idea, I'll ask them. They lent us six tents in 2021."),
    ("U04L", 31, -1, "I would like to run the cake stall this year."),
    ("U02T", 44, -1, "Lukas, the cake stall is yours then. :tada:"),
    ("U03P", 58, -1, "Reminder: the floor plan has to be with the council by 5 April."),
    ("U02T", 70, -1, "I have uploaded the floor plan to <https://files.example/plan|the shared drive>."),
    ("U01A", 85, -1, "Thanks Tom &amp; Priya. I cannot come to the meeting on Thursday, my train leaves at noon."),
]
_LATER: list[Said] = [
    ("U01A", 0, -1, "The fire brigade said yes: we get eight tents, but we must collect them ourselves."),
    ("U04L", 12, -1, "I can drive the van on Friday morning."),
    ("U03P", 25, -1, "<@U04L> the van needs a new battery before that. The garage closes at six."),
    ("U04L", 40, -1, "Battery is replaced. It cost 119 euros, the receipt is in the folder."),
    ("U02T", 55, -1, "The band cancelled. Does anyone know a replacement?"),
    ("U03P", 61, 55, "My cousin plays in a brass quintet, the Brass Monkeys. They are free that weekend."),
]
_TELEGRAM: list[tuple[str, str, Any]] = [
    ("Maria Costa", "2023-07-14T18:02:11", "The ferry to Paros leaves at 7:25 from gate E7."),
    ("Jonas Weber", "2023-07-14T18:05:40", "I forgot to book the scooter, sorry."),
    (
        "Maria Costa",
        "2023-07-14T18:06:02",
        ["No problem. ", {"type": "bold", "text": "Nikos"}, " rents scooters for 18 euros a day."],
    ),
    ("Elif Demir", "2023-07-14T19:20:00", "Who has the keys to the apartment?"),
    ("Jonas Weber", "2023-07-14T19:21:30", "The keys are under the blue flowerpot, left of the door."),
    ("Elif Demir", "2023-07-15T08:00:00", "I am allergic to shellfish, so please no seafood platter tonight."),
    ("Maria Costa", "2023-07-15T08:12:00", "Then let us eat at Taverna Glafkos, they have good lamb."),
    ("Jonas Weber", "2023-07-15T21:40:00", "Dinner was 96 euros, I paid. Everybody owes me 32."),
    ("Maria Costa", "2023-07-16T09:00:00", "My sunburn is terrible. Does anyone have aloe vera?"),
    (
        "Elif Demir",
        "2023-07-16T09:03:00",
        ["There is some in my bag, see ", {"type": "link", "text": "https://aloe.example"}],
    ),
    ("Jonas Weber", "2023-07-17T06:10:00", "Flight A3 612 is delayed by two hours."),
]
_WHATSAPP = """\
12/03/2024, 10:02 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.
12/03/2024, 10:02 - Ruth Keller created group "Allotment 14"
12/03/2024, 10:05 - Ruth Keller: The water will be turned on again on 2 April.
12/03/2024, 10:07 - Sam O'Neill: Great. I ordered three bags of compost:
one for the roses
two for the tomatoes
12/03/2024, 10:09 - Ruth Keller: <Media omitted>
12/03/2024, 11:30 - +44 7700 900123: Who broke the handle of the wheelbarrow?
12/03/2024, 11:42 - Sam O'Neill: That was me. I will weld it on Saturday.
13/03/2024, 08:15 - Ruth Keller: The committee raised the yearly rent to 85 pounds.
13/03/2024, 08:20 - Sam O'Neill: That is steep. It was 70 pounds last year.
28/03/2024, 19:01 - Ruth Keller: I found the lost ladder behind the beehives.
28/03/2024, 19:10 - Mei Chen: The hosepipe leaks near the tap. Please don't use it until I have sealed it.
29/03/2024, 07:45 - Mei Chen: Sealed! You can water again.
"""
_CHATGPT: list[tuple[str, float, list[tuple[str, str]]]] = [
    ("Loft insulation", 1709200000.0, [
        ("user", "How thick should the insulation between the rafters be?"),
        ("assistant", "For a roof in central Europe, 24 centimetres of wood fibre between the rafters is a sound choice."
                      "\\n\\nAdd a vapour barrier on the warm side:\\n\\n- Overlap the sheets by 10 centimetres.\\n- Tape every joint."),
        ("user", "My rafters are only 18 centimetres deep and spaced 62 centimetres apart."),
        ("assistant", "Then add battens of 6 centimetres across the rafters, and fill both layers."),
    ]),
    ("Sourdough trouble", 1711800000.0, [
        ("user", "Why is my sourdough so dense?"),
        ("assistant", "A dense crumb usually means that the starter was too weak. Feed it twice a day for three days at 26 degrees."),
        ("user", "My kitchen has 19 degrees."),
        ("assistant", "At 19 degrees, the bulk rise takes about nine hours. Put the dough into the oven with only its lamp on."),
    ]),
]  # fmt: skip
_KEEP: list[dict[str, Any]] = [
    {"title": "Packing for Oslo", "listContent": [{"text": "wool socks", "isChecked": True}, {"text": "rain jacket", "isChecked": False},
     {"text": "passport", "isChecked": False}], "labels": [{"name": "Travel"}], "createdTimestampUsec": 1706780000000000,
     "userEditedTimestampUsec": 1706866400000000, "isTrashed": False, "isArchived": False, "isPinned": True, "color": "DEFAULT"},
    {"title": "Boiler", "textContent": "The boiler was serviced by Herr Wimmer. Next service is due in October 2025.\nThe code of the boiler room is 4471.",
     "labels": [{"name": "House"}], "createdTimestampUsec": 1728295200000000, "userEditedTimestampUsec": 1728295200000000,
     "isTrashed": False, "isArchived": False, "isPinned": False, "color": "BLUE"},
    {"title": "", "textContent": "Gift idea for Dad: the atlas of lighthouses from the shop in Lange Gasse", "createdTimestampUsec": 1733000000000000,
     "userEditedTimestampUsec": 1733000000000000, "isTrashed": False, "isArchived": True, "isPinned": False, "color": "DEFAULT"},
]  # fmt: skip
_NOTION = {
    "Team space 0f1e2d3c4b5a69788796a5b4c3d2e1f0.md": "# Team space\n\n[Onboarding](Team%20space/Onboarding%203c4b5a69788796a5b4c3d2e1f00f1e2d.md)\n",
    "Team space/Onboarding 3c4b5a69788796a5b4c3d2e1f00f1e2d.md": "# Onboarding\n\nOwner: Ingrid Falk\nStatus: In review\n"
    "Due: March 22, 2024\nTags: people, process\n\nNew colleagues get their laptop from Pavel on the first day. The door code is renewed"
    " every Monday.\n\n## First week\n\n- Read the handbook\n- Have lunch with your mentor\n",
    "Team space/Suppliers 9a8b7c6d5e4f30211203f4e5d6c7b8a9.csv": "Name,Contact,Phone,Last order\n"
    "Birch & Sons,Oona Birch,+358 9 1234,\"February 3, 2024\"\nPaper Tiger,Felix Ruiz,+34 91 5678,\"January 12, 2024\"\n",
}  # fmt: skip


def write_exports(folder: Path) -> None:
    """Write an export of each program into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "slack-export.zip").write_bytes(_slack())
    (folder / "result.json").write_text(json.dumps(_telegram(), ensure_ascii=False), encoding="utf-8")
    (folder / "WhatsApp Chat with Allotment 14.txt").write_text(_WHATSAPP, encoding="utf-8")
    (folder / "conversations.json").write_text(json.dumps(_chatgpt()), encoding="utf-8")
    keep = folder / "Takeout" / "Keep"
    keep.mkdir(parents=True, exist_ok=True)
    for number, note in enumerate(_KEEP, start=1):
        name = note["title"] or f"2024-11-30T21_{number:02}_00.000Z"
        (keep / f"{name}.json").write_text(json.dumps(note), encoding="utf-8")
    (folder / "notion-export.zip").write_bytes(_zip({name: text.encode() for name, text in _NOTION.items()}))


def _slack() -> bytes:
    users = [
        {"id": user, "name": name.split()[0].lower(), "deleted": False, "real_name": name,
         "profile": {"real_name": name, "display_name": name.split()[0].lower(), "image_72": "https://pics.example/72.png"}}
        for user, name in _TEAM.items()
    ]  # fmt: skip
    channel = {"id": "C01", "name": "spring-fair", "created": 1700000000, "members": [*_TEAM], "topic": {"value": ""},
               "purpose": {"value": "All about the fair"}}  # fmt: skip
    start = datetime(2024, 3, 12, 9, 0, tzinfo=timezone.utc)
    days = {"2024-03-12": _slack_day(start, _BUDGET), "2024-03-14": _slack_day(start + timedelta(days=2), _LATER)}
    files = {"users.json": users, "channels.json": [channel], "integration_logs.json": []}
    files |= {f"spring-fair/{day}.json": messages for day, messages in days.items()}
    return _zip({name: json.dumps(value, indent=4).encode() for name, value in files.items()})


def _slack_day(start: datetime, said: list[Said]) -> list[dict[str, Any]]:
    def stamp(minutes: int) -> str:
        return f"{(start + timedelta(minutes=minutes)).timestamp():.6f}"

    joined = {
        "user": "U04L",
        "type": "message",
        "subtype": "channel_join",
        "ts": stamp(0),
        "text": "<@U04L> has joined the channel",
    }
    messages = [
        {"client_msg_id": f"{minutes:08x}-0000-4000-8000-{minutes:012x}", "type": "message", "text": text, "user": user, "ts": stamp(minutes),
         "team": "T01", **({"thread_ts": stamp(parent), "parent_user_id": "U01A"} if parent >= 0 else {})}
        for user, minutes, parent, text in said
    ]  # fmt: skip
    return [joined, *messages]


def _telegram() -> dict[str, Any]:
    names = list(dict.fromkeys(name for name, _, _ in _TELEGRAM))
    messages: list[dict[str, Any]] = [
        {"id": 1, "type": "service", "date": "2023-07-14T18:00:00", "date_unixtime": "1689350400", "actor": "Maria Costa",
         "actor_id": "user1", "action": "create_group", "title": "Paros trip", "members": names, "text": "", "text_entities": []}
    ]  # fmt: skip
    for number, (name, when, text) in enumerate(_TELEGRAM, start=2):
        parts = text if isinstance(text, list) else [text]
        entities = [part if isinstance(part, dict) else {"type": "plain", "text": part} for part in parts]
        messages.append(
            {"id": number, "type": "message", "date": when, "date_unixtime": "1689350400", "from": name,
             "from_id": f"user{names.index(name) + 1}", "text": text, "text_entities": entities}
        )  # fmt: skip
    return {"name": "Paros trip", "type": "private_group", "id": 4115077, "messages": messages}


def _chatgpt() -> list[dict[str, Any]]:
    made = []
    for title, start, turns in _CHATGPT:
        mapping: dict[str, Any] = {"root": {"id": "root", "message": None, "parent": None, "children": ["n0"]}}
        for number, (role, text) in enumerate(turns):
            message = {
                "id": f"n{number}", "author": {"role": role, "name": None, "metadata": {}}, "create_time": start + 60 * number,
                "content": {"content_type": "text", "parts": [text.replace("\\n", "\n")]}, "status": "finished_successfully",
                "weight": 1.0, "metadata": {"model_slug": "gpt-4"}, "recipient": "all",
            }  # fmt: skip
            mapping[f"n{number}"] = {
                "id": f"n{number}", "message": message, "parent": f"n{number - 1}" if number else "root",
                "children": [f"n{number + 1}"] if number + 1 < len(turns) else [],
            }  # fmt: skip
        made.append({"title": title, "create_time": start, "update_time": start + 600, "mapping": mapping,
                     "current_node": f"n{len(turns) - 1}", "id": f"{int(start):x}"})  # fmt: skip
    return made


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


# --- asking -----------------------------------------------------------------------------------------------------------


def verdict(question: dict[str, Any], answer: qa.Answer) -> str:
    """`right`, `wrong` or `silent`; a near-miss is right if nothing leads."""
    wanted = question["want"]
    if answer.lead is None:
        return "silent" if wanted else "right"
    quoted = " ".join(answer.lead.text.split()).casefold()
    return "right" if wanted and all(want.casefold() in quoted for want in wanted) else "wrong"


def main() -> None:
    """Write, build, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path, help="keep the exports and the index in this folder")
    parser.add_argument("--show", action="store_true", help="print each question with what was quoted")
    arguments = parser.parse_args()
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        write_exports(folder / "corpus")
        counts: Counter[tuple[str, str]] = Counter()
        config = qa.Config(corpus=folder / "corpus", index=folder / "index", reader_ms=math.inf)
        build(config, shipped_encoder())
        with qa.Engine.open(config) as engine:
            for question in questions:
                answer = engine.ask(question["question"])
                said = verdict(question, answer)
                counts[question["export"], said] += 1
                if arguments.show:
                    lead = answer.lead.text if answer.lead else "–"
                    print(
                        f"{said:6} {answer.confidence:.2f} {question['question']}\n       {' '.join(lead.split())[:200]}"
                    )
    exports = list(dict.fromkeys(question["export"] for question in questions))
    for export in exports:
        print(export, *(f"{said} {counts[export, said]}" for said in ("right", "silent", "wrong")))
    print("all", *(f"{said} {sum(counts[e, said] for e in exports)}" for said in ("right", "silent", "wrong")))


if __name__ == "__main__":
    main()
