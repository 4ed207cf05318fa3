import pytest

from app.asr.loops import Loop, find_loop, without_loops


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        (" Ah! Ah! Ah! Ah! Ah! Ah! Ah! Ah! Ah! then", Loop(0, 1, 9)),
        (" Now hold on, hold out. Hold on, hold out. Hold on, hold out. End.", Loop(1, 4, 3)),
        (" Нет, нет! нет, НЕТ нет. нет нет, нет", Loop(0, 1, 8)),
        (" He said ― ― ― ― ― ― ― ― ― ―", Loop(2, 1, 10)),
        (
            "はい、ご視聴ありがとうございました。ご視聴ありがとうございました。ご視聴ありがとうございました。",
            Loop(3, 15, 3),
        ),
        (" The game, mid-ding-ding-ding-ding-ding-ding-ding-ding-ding.", Loop(3, 1, 9)),
        ("Ha…ha…ha…ha…ha…ha…ha…ha…ha", Loop(0, 1, 9)),
        ("谢谢大家的观看谢谢大家的观看谢谢大家的观看", Loop(0, 7, 3)),
        ("ขอบคุณที่รับชมขอบคุณที่รับชมขอบคุณที่รับชม", Loop(0, 14, 3)),
    ],
)
def test_loops_are_found(text: str, loop: Loop) -> None:
    assert find_loop(text) == loop


@pytest.mark.parametrize(
    "text",
    [
        "",
        " no no no no",
        " да да да да да",
        " one two three four five six seven eight nine ten",
        " twenty-one twenty-two twenty-three twenty-four twenty-five twenty-six",
        " a well-known, well-meant, well-made, well-worn phrase – or not",
        "そうですそうですそうです",
        "東京は今日も晴れていますが、明日は雨が降るでしょう。",
    ],
)
def test_what_people_say_is_no_loop(text: str) -> None:
    assert find_loop(text) is None
    assert without_loops(text) == text


def test_a_loop_is_said_once() -> None:
    text = " Well, hold on, hold out. Hold on, hold out. Hold on, hold out. Go go go go go go go go home."

    assert without_loops(text) == " Well, hold on, hold out. Go home."
    assert without_loops("好。" + "谢谢大家的观看" * 4 + "再见") == "好。谢谢大家的观看再见"
