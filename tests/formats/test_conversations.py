"""Exports of chats: each message is a unit that says who wrote it, and when."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.conversation import Conversation, Message
from qa.formats.conversations import document_of
from qa.formats.decoding import Empty, Unreadable
from qa.formats.timestamps import spoken
from qa.text.document import Document
from qa.text.passages import split


def read(value: Any, path: str = "export.json") -> list[Document]:
    return list(parse(path, json.dumps(value).encode()).documents)


def lines(document: Document) -> list[str]:
    """The messages of a document without a heading of their own."""
    return [block.span.of(document.text) for block in document.blocks if block.kind == "message"]


def packed(files: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, value in files.items():
            archive.writestr(name, json.dumps(value))
    return out.getvalue()


def count_words(texts: Any) -> list[int]:
    return [len(text.split()) for text in texts]


# --- Slack ------------------------------------------------------------------------------------------------------------

NINE = 1710234000  # 12 March 2024, 09:00 UTC


def slack(user: str, minute: int, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": user, "ts": f"{NINE + 60 * minute}.000100", "text": text, **more}


USERS = [
    {"id": "U1", "name": "ada", "profile": {"real_name": "Ada Marsh", "display_name": "ada"}},
    {"id": "U2", "name": "bo", "real_name": "Bo Lind", "profile": {"display_name": "bo"}},
]


def test_a_channel_of_an_archive_has_the_names_of_its_users() -> None:
    day = [
        slack(
            "U1", 0, "The hives are <@U2>&#39;s job &amp; mine, see <https://x.example/plan|the plan> in <#C1|garden>."
        ),
        slack("U2", 1, "<!here> I paint them on Friday."),
    ]
    contents = parse("e.zip", packed({"users.json": USERS, "garden/2024-03-12.json": day}))
    (found,) = (each for each in contents.documents if each.path == "e.zip/garden/2024-03-12.json")
    assert found.title == "garden, 12 March 2024"
    assert lines(found) == [
        "Ada Marsh, 12 March 2024, 09:00 UTC: The hives are @Bo Lind's job & mine, see the plan in #garden.",
        "Bo Lind, 12 March 2024, 09:01 UTC: @here I paint them on Friday.",
    ]


def test_a_day_of_a_folder_has_the_names_that_its_own_messages_state() -> None:
    profile = {"real_name": "Ada Marsh", "display_name": "ada", "image_72": "https://x.example/a.png"}
    (found,) = read([slack("U1", 0, "Hello."), slack("U1", 1, "I am <@U1>, not <@U9>.", user_profile=profile)])
    assert lines(found)[0] == "Ada Marsh, 12 March 2024, 09:00 UTC: Hello."
    assert lines(found)[1].endswith("I am @Ada Marsh, not @U9.")


def test_replies_stand_below_the_message_that_they_reply_to() -> None:
    first = f"{NINE}.000100"
    said = [
        slack("U1", 0, "Who paints?", thread_ts=first),
        slack("U2", 1, "Rain today."),
        slack("U2", 2, "I do.", thread_ts=first),
    ]
    (found,) = read(said)
    assert [line.split(": ")[1] for line in lines(found)] == ["Who paints?", "I do.", "Rain today."]


def test_those_who_come_and_go_say_nothing() -> None:
    said = [slack("U1", 0, "<@U1> has joined the channel", subtype="channel_join"), slack("U1", 1, "Hello bees.")]
    (found,) = read(said)
    assert len(lines(found)) == 1


def test_attached_files_and_pages_belong_to_a_message() -> None:
    shown = {"title": "Weather", "text": "Frost at night"}
    (found,) = read([slack("U1", 0, "Look", files=[{"name": "plan.pdf"}], attachments=[shown])])
    assert lines(found) == ["U1, 12 March 2024, 09:00 UTC: Look\n[file: plan.pdf]\nWeather. Frost at night"]


# --- Telegram ---------------------------------------------------------------------------------------------------------


def telegram(sender: str, text: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "type": "message",
        "date": "2024-03-12T10:02:33",
        "from": sender,
        "from_id": "user1",
        "text": text,
        **more,
    }


def test_a_text_of_several_parts_is_one_text() -> None:
    text = ["The ", {"type": "bold", "text": "red"}, " hive, see ", {"type": "link", "text": "https://x.example"}, "."]
    (found,) = read({"name": "Hives", "type": "private_group", "id": 1, "messages": [telegram("Ada", text)]})
    assert found.title == "Hives"
    assert lines(found) == ["Ada, 12 March 2024, 10:02: The red hive, see https://x.example."]


def test_forwarded_messages_services_and_polls_say_whose_they_are() -> None:
    poll = {"question": "Which colour?", "answers": [{"text": "red", "voters": 3}, {"text": "blue", "voters": 1}]}
    service = {"id": 1, "type": "service", "date": "2024-03-12T10:00:00", "actor": "Ada", "action": "create_group",
               "title": "Hives", "members": ["Ada", "Bo"], "text": ""}  # fmt: skip
    messages = [service, telegram("Bo", "It rains.", forwarded_from="Weather"), telegram("Bo", "", poll=poll)]
    (found,) = read({"name": "Hives", "messages": messages})
    assert lines(found) == [
        "Ada, 12 March 2024, 10:00: create group “Hives”: Ada, Bo",
        "Bo (forwarded from Weather), 12 March 2024, 10:02: It rains.",
        "Bo, 12 March 2024, 10:02: Poll: Which colour?: red (3), blue (1)",
    ]


def test_each_chat_of_an_account_is_a_document() -> None:
    chats = [{"name": name, "messages": [telegram(name, "Hello.")]} for name in ("Ada", "Bo")]
    found = read({"about": "Your data", "chats": {"about": "All chats", "list": chats}})
    assert [(each.path, each.title) for each in found] == [("export.json#1", "Ada"), ("export.json#2", "Bo")]


def test_what_an_account_has_beside_its_chats_is_read_as_records() -> None:
    chats = [{"name": "Ada", "messages": [telegram("Ada", "Hello.")]}]
    contacts = [
        {"first_name": "Bo", "last_name": "Lind", "phone_number": "+46 8 1234"},
        {"first_name": "Cy", "phone_number": "1"},
    ]
    found = read(
        {"about": "Your data", "contacts": {"about": "All contacts", "list": contacts}, "chats": {"list": chats}}
    )
    assert [each.path for each in found] == ["export.json", "export.json#2", "export.json#3"]
    assert "+46 8 1234" in found[1].text
    assert not any("All contacts" in each.text for each in found)


def test_the_fields_of_a_ticket_are_read_before_what_was_said() -> None:
    said = [
        {"author": "Ada", "created_at": "2024-03-12T10:02:00Z", "text": f"The pump leaks, try {n}."} for n in range(3)
    ]
    ticket = {
        "id": "6fd0-11", "status": "closed", "customer": "ACME GmbH", "opened": "2024-03-12T10:02:00Z",
        "type": "personal_chat", "default_model_slug": "gpt-4o", "messages": said,
    }  # fmt: skip
    (found,) = read(ticket)
    head = found.text[: found.text.index("Ada")]
    assert [line for line in head.split("\n") if line] == [
        "status: closed", "customer: ACME GmbH", "opened: 2024-03-12 10:02",
    ]  # fmt: skip


def test_what_a_conversation_is_about_is_part_of_it() -> None:
    value = {
        "subject": "Wet hive",
        "description": "The lid of the red hive leaks.",
        "messages": [telegram("Ada", "Tilt it.")],
    }
    (found,) = read(value)
    assert found.title == "Wet hive"
    assert found.text.startswith("description: The lid of the red hive leaks.\n\nAda, 12 March 2024, 10:02: Tilt it.")


# --- conversations with a program -------------------------------------------------------------------------------------


def node(
    name: str, parent: str | None, children: list[str], role: str = "", text: str = "", **more: Any
) -> dict[str, Any]:
    message = {
        "author": {"role": role},
        "create_time": NINE + 0.5,
        "content": {"content_type": "text", "parts": [text]},
        **more,
    }
    return {"id": name, "parent": parent, "children": children, "message": message if role else None}


def tree(*nodes: dict[str, Any], current: Any = None) -> dict[str, Any]:
    return {
        "title": "Hives",
        "create_time": NINE,
        "mapping": {each["id"]: each for each in nodes},
        "current_node": current,
    }


def test_the_current_branch_is_read_in_its_order() -> None:
    nodes = (
        node("old", "q", [], "assistant", "Paint it green, since green calms the bees."),
        node("new", "q", [], "assistant", "Paint it white, since white stays cool."),
        node("root", None, ["s"]),
        node("q", "s", ["old", "new"], "user", "I have a dark hive."),
        node("s", "root", ["q"], "system", "You are a beekeeper."),
    )
    (found,) = read([tree(*nodes, current="new")])
    assert found.title == "Hives"
    assert lines(found) == [
        "User, 12 March 2024, 09:00 UTC: I have a dark hive.",
        "Assistant, 12 March 2024, 09:00 UTC: Paint it white, since white stays cool.",
    ]
    assert lines(read([tree(*nodes)])[0]) == lines(found)  # without a current node, the last branch
    assert "green" in read([tree(*nodes, current="old")])[0].text


def test_a_question_is_the_heading_of_its_answer_and_a_long_answer_keeps_its_markdown() -> None:
    answer = (
        "# Paint\n\nUse lime.\n\n- Stir it.\n- Wait a day.\n\n```\nmix(lime, water)\n```\n" + "It dries slowly. " * 20
    )
    (found,) = read(
        [tree(node("q", None, ["a"], "user", "How do I paint a hive?"), node("a", "q", [], "assistant", answer))]
    )
    heads = ("User, 12 March 2024, 09:00 UTC: How do I paint a hive?", "Assistant, 12 March 2024, 09:00 UTC")
    assert {block.kind for block in found.blocks} == {"paragraph", "list", "code"}
    assert all(found.sections[block.section].path[:2] == heads for block in found.blocks)
    assert found.sections[found.blocks[-1].section].path == (*heads, "Paint")


def test_messages_of_roles_need_no_time() -> None:
    (found,) = read(
        {"messages": [{"role": "user", "content": "My hive is wet."}, {"role": "assistant", "content": "Tilt it."}]}
    )
    assert lines(found) == ["User: My hive is wet.", "Assistant: Tilt it."]


def test_parts_that_only_programs_read_are_left_out() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Tilt it."},
        {"type": "tool_use", "input": {}},
    ]
    said = [{"sender": "human", "text": "My hive is wet.", "created_at": "2024-03-12T09:00:00.1Z"},
            {"sender": "assistant", "text": "", "content": content, "created_at": "2024-03-12T09:01:00Z"}]  # fmt: skip
    (found,) = read([{"uuid": "x", "name": "Wet hive", "chat_messages": said}])
    assert found.title == "Wet hive"
    assert lines(found)[1] == "Assistant, 12 March 2024, 09:01 UTC: Tilt it."


# --- what is no conversation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        [{"title": "Bees", "text": "Bees sleep in winter.", "author": "Ada", "date": "2024-03-12"}] * 3,
        {"messages": ["one", "two"]},
        {"messages": [{"id": "m1", "text": "Saved"}, {"id": "m2", "text": "Deleted"}]},  # texts of a program
        {"mapping": {"red": "rot", "blue": "blau"}},
        {
            "messages": [{"from": "a@x.example", "date": "2024-03-12", "subject": "Hive", "body": "It is wet."}] * 2
        },  # mails
        [{"type": "message", "text": "Hello", "ts": "no time"}],
    ],
)
def test_records_stay_records(value: Any) -> None:
    assert all(block.kind != "message" for found in read(value) for block in found.blocks)


# --- units ------------------------------------------------------------------------------------------------------------


def test_a_message_is_one_sentence_with_its_head_and_a_long_one_stands_under_it() -> None:
    short = Message("Ada", "12 March 2024, 10:02", "No. I sold it.\nThe red one is here.")
    long = Message("Bo", "12 March 2024, 10:03", "The swarm left the box. " * 20)
    found = document_of("chat.json", Conversation("Hives", (short, long, short)))
    assert found is not None
    passages = split(found, count_words, 500)
    sentences = [sentence.of(found.text) for passage in passages for sentence in passage.sentences]
    assert sentences[0] == sentences[-1] == "Ada, 12 March 2024, 10:02: No. I sold it.\nThe red one is here."
    assert len(sentences) == 22
    (under,) = (passage for passage in passages if "swarm" in passage.text)
    assert under.section == ("Bo, 12 March 2024, 10:03",)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1710237733.0001", "12 March 2024, 10:02 UTC"),
        ("1710237733000", "12 March 2024, 10:02 UTC"),
        ("2024-03-12T10:02:13Z", "12 March 2024, 10:02 UTC"),
        ("2024-03-12T10:02:13.123+05:30", "12 March 2024, 10:02"),  # as the file states it
        ("2024-03-12T10:02:13", "12 March 2024, 10:02"),
        ("2024-03-12T00:00:10", "12 March 2024, 00:00"),
        ("2024-03-12", "12 March 2024"),
        ("Tuesday, March 12, 2024 at 10:02:13 AM UTC", "12 March 2024, 10:02 UTC"),
        ("soon", ""),
        (None, ""),
        ([], ""),
        ({}, ""),
    ],
)
def test_a_time_is_written_as_a_person_reads_it(value: object, shown: str) -> None:
    assert spoken(value) == shown


# --- broken and hostile files -----------------------------------------------------------------------------------------


def test_parents_in_a_circle_end() -> None:
    ring = (node("a", "b", ["b"], "user", "Round."), node("b", "a", ["a"], "assistant", "And round."))
    current: Any
    for current in ("a", "b", None, [], {}, 1):
        (found,) = read([tree(*ring, current=current)])
        assert len(lines(found)) == 2


def test_a_branch_of_many_messages_is_read_in_linear_time() -> None:
    many = 20_000
    nodes = [node(str(n), str(n - 1), [str(n + 1)], "user", f"Message {n}.") for n in range(many)]
    start = time.process_time()
    (found,) = read([tree(*nodes, current=str(many - 1))])
    assert len(found.blocks) == many
    assert time.process_time() - start < 20


WORDS = ("text", "message", "user", "Ada", "2024-03-12T10:02:00", "1710237733.1", "<@U1>", "&amp;", "create_group", "")
NAMES = (
    "messages", "chat_messages", "mapping", "message", "parent", "children", "current_node", "type", "subtype", "ts", "date",
    "text", "content", "parts", "from", "author", "role", "sender", "user", "user_profile", "profile", "thread_ts", "action",
    "title", "members", "files", "attachments", "poll", "answers", "name", "metadata", "forwarded_from",
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2_000_000_000) | st.sampled_from(WORDS) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=30,
)


@given(ANYTHING)
@settings(max_examples=400)
def test_any_value_in_any_place_is_read_or_refused(value: Any) -> None:
    for wrapped in (
        value,
        [value] * 2,
        {"messages": [value] * 3},
        {"mapping": {"a": {"message": value, "parent": value}}},
    ):
        try:
            documents = read(wrapped)
        except (Empty, Unreadable):
            continue
        for document in documents:
            assert all(0 <= block.span.start < block.span.end <= len(document.text) for block in document.blocks)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", [[], {}, [[]], [{}], {"type": []}, True, None, 1e999])
def test_no_field_of_a_message_needs_to_be_a_text(name: str, odd: Any) -> None:
    plain = {"type": "message", "ts": "1710237733.1", "user": "U1", "text": "Bees sleep."}
    for value in (
        [{**plain, name: odd}, plain],
        {"messages": [{**plain, name: odd}, plain]},
        {name: odd, "messages": [plain, odd]},
    ):
        assert any("Bees sleep." in document.text for document in read(value))


# --- other programs ---------------------------------------------------------------------------------------------------


def test_messenger_writes_the_newest_first_and_utf8_as_latin1() -> None:
    messages = [
        {"sender_name": "Bo", "timestamp_ms": NINE * 1000 + 60_000, "content": "Gr\u00c3\u00bc\u00c3\u009fe"},
        {"sender_name": "Zo\u00c3\u00ab", "timestamp_ms": NINE * 1000, "content": "Wie gehts? Älter"},
    ]
    (found,) = read({"participants": [{"name": "Bo"}], "title": "Zo\u00c3\u00ab", "messages": messages})
    assert found.title == "Zoë"
    assert lines(found) == ["Zoë, 12 March 2024, 09:00 UTC: Wie gehts? Älter", "Bo, 12 March 2024, 09:01 UTC: Grüße"]


def test_discord_names_people_as_the_server_does() -> None:
    author = {"id": "9", "name": "ada", "discriminator": "0", "nickname": "Ada M."}
    message = {
        "id": "3",
        "type": "Default",
        "timestamp": "2024-03-12T10:02:11.123+01:00",
        "content": "Hi.",
        "author": author,
    }
    (found,) = read({"guild": {"name": "Bees"}, "channel": {"name": "general"}, "messages": [message]})
    assert (found.title, lines(found)) == ("general, Bees", ["Ada M., 12 March 2024, 10:02: Hi."])


def test_teams_and_skype_write_html() -> None:
    graph = {"createdDateTime": "2024-03-12T10:02:13.1Z", "messageType": "message", "from": {"user": {"displayName": "Ada"}},
             "body": {"contentType": "html", "content": "<p>Hello <b>you</b></p>"}}  # fmt: skip
    assert lines(read({"value": [graph]})[0]) == ["Ada, 12 March 2024, 10:02 UTC: Hello you"]
    skype = {"originalarrivaltime": "2024-03-12T10:02:13.1Z", "messagetype": "RichText", "from": "8:bo", "displayName": None,
             "content": 'Hi, <a href="https://x.example">see this</a>'}  # fmt: skip
    (found,) = read({"userId": "8:ada", "conversations": [{"id": "8:bo", "displayName": "Bo", "MessageList": [skype]}]})
    assert lines(found)[0].startswith("Bo, 12 March 2024, 10:02 UTC: Hi, see this")


def test_each_line_of_json_lines_may_be_a_conversation() -> None:
    said = [{"from": "human", "value": "My hive is wet."}, {"from": "gpt", "value": "Tilt it."}]
    data = "\n".join(json.dumps({"id": n, "conversations": said}) for n in range(2))
    documents = parse("chats.jsonl", data.encode()).documents
    assert [each.path for each in documents] == ["chats.jsonl#1", "chats.jsonl#2"]
    assert lines(documents[0]) == ["User: My hive is wet.", "Assistant: Tilt it."]


def page(*messages: str) -> bytes:
    head = '<div class="page_header"><div class="content"><div class="text bold"> Hives </div></div></div>'
    body = "".join(messages)
    return f'<!DOCTYPE html><html><body><div class="page_wrap">{head}<div class="history">{body}</div></div></body></html>'.encode()


def bubble(body: str, joined: str = "") -> str:
    date = '<div class="pull_right date details" title="12.03.2024 10:02:33 UTC+01:00">10:02</div>'
    return f'<div class="message default clearfix {joined}" id="m1"><div class="body">{date}{body}</div></div>'


def test_a_page_of_telegram_is_a_conversation() -> None:
    service = '<div class="message service"><div class="body details">12 March 2024</div></div>'
    first = bubble(
        '<div class="from_name"> Ada Marsh </div><div class="text">The <strong>red</strong> hive<br>leaks &amp; rots.</div>'
    )
    second = bubble('<div class="text">So does the green one.</div>', "joined")
    passed_on = '<div class="forwarded body"><div class="from_name">Weather <span class="date details" title="x"> 11.03.2024</span></div>' \
        '<div class="text">It rains.</div></div>'  # fmt: skip
    third = bubble(f'<div class="from_name">Bo</div>{passed_on}')
    (found,) = parse("messages.html", page(service, first, second, third, bubble("<div></div>"))).documents
    assert found.title == "Hives"
    assert lines(found) == [
        "Ada Marsh, 12 March 2024, 10:02: The red hive\nleaks & rots.",
        "Ada Marsh, 12 March 2024, 10:02: So does the green one.",
        "Bo (forwarded from Weather), 12 March 2024, 10:02: It rains.",
    ]


def test_a_page_about_the_classes_of_telegram_is_a_page() -> None:
    text = "The class from_name stands beside pull_right date details in each message default of the page."
    (found,) = parse("messages.html", f"<html><body><h1>Exports</h1><p>{text}</p></body></html>".encode()).documents
    assert text in found.text
    assert lines(found) == []
