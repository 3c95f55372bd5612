from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.prompts import Prompt, load_prompt
from harness.prompts.template import VARIABLES
from tests.places import ROOT

HEAD = "---\nid: p\nversion: 2\n---\n"
FILLED = {name: f"<{name}>" for name in VARIABLES}


def prompt(folder: Path, body: str, head: str = HEAD) -> Prompt:
    path = folder / "p.md"
    path.write_text(head + body, encoding="utf-8")
    return load_prompt(path)


def error_of(folder: Path, body: str, head: str = HEAD) -> str:
    with pytest.raises(UsageError) as caught:
        prompt(folder, body, head)
    return str(caught.value).removeprefix(f"{folder}/")


def test_each_role_section_is_a_part_in_the_files_order(tmp_path: Path) -> None:
    made = prompt(tmp_path, "\n# system\nBe brief.\n## system\n# systems\n\n# user  \n{{ ticket }}\n# user\nNow.\n")
    assert (made.head.id, made.head.version) == ("p", 2)
    assert made.render(FILLED) == [
        ("system", "Be brief.\n## system\n# systems"),
        ("user", "<ticket>"),
        ("user", "Now."),
    ]


def test_variables_are_those_of_all_parts(tmp_path: Path) -> None:
    made = prompt(
        tmp_path, "# system\n{% set x = labels %}{{ x }}\n# user\n{% if tools %}{{ ticket | upper }}{% endif %}\n"
    )
    assert made.variables == {"labels", "tools", "ticket"}


def test_a_block_tag_leaves_no_blank_line(tmp_path: Path) -> None:
    made = prompt(tmp_path, "# user\na\n  {% if tools %}\nb\n  {% endif %}\nc\n")
    assert made.render(FILLED) == [("user", "a\nb\nc")]


@given(st.text())
def test_text_that_fills_a_variable_is_never_itself_a_template(text: str) -> None:
    made = Prompt(head=PROMPT.head, parts=(("user", "[{{ ticket }}]"),), path=Path("p.md"))
    for value in (text, "{{ 7 * 7 }}" + text, "{% raw %}" + text, "# system\n" + text):
        assert made.render({"ticket": value}) == [("user", f"[{value}]")]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("", "p.md:1: no front matter; begin with --- id, version ---"),
        ("---\nid: p\nversion: 0\n---\n", "p.md:3: version: input should be greater than or equal to 1 (given 0)"),
        ("---\nid: p\nversion: 1\nmodel: x\n---\n", "p.md:4: unknown key 'model'"),
        ("---\nid: p\n---\n", "p.md:2: missing key 'version'"),
        ("---\nid: [\n---\n", "p.md:2: not valid YAML"),
    ],
)
def test_a_wrong_head_is_named_with_its_line(tmp_path: Path, head: str, words: str) -> None:
    assert error_of(tmp_path, "# user\nx\n", head).startswith(words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "p.md:5: no role sections; begin with `# system` or `# user`"),
        ("No role.\n", "p.md:5: no role sections"),
        ("Before.\n# user\nx\n", "p.md:5: no role sections"),
        ("# assistant\nx\n", "p.md:5: no role sections"),
        ("# user\n{{ tickets }}\n", "p.md:6: unknown variable 'tickets'; did you mean 'ticket'?"),
        (
            "\n\n# system\nok\n# user\n\na {{ ticket }}\n{{ zzz }}\n",
            "p.md:12: unknown variable 'zzz'; known are answer_format, as_of,",
        ),
        ("# user\n{% if a.b %}{% endif %}\n", "p.md:6: unknown variable 'a'"),
        ("# user\nx\n{% set ns.x = 1 %}\n", "p.md:7: unknown variable 'ns'"),
        ("# user\n{% if ticket %}\n", "p.md:6: template syntax: "),
        ("# system\nok\n# user\n\n{{ ticket\n}\n", "p.md:10: template syntax: "),
        ("# user\n{{ ticket | shout }}\n", "p.md:6: template syntax: No filter named 'shout'"),
    ],
)
def test_a_wrong_body_is_named_with_its_line(tmp_path: Path, body: str, words: str) -> None:
    assert error_of(tmp_path, body).startswith(words)


def test_lines_are_right_with_windows_line_ends_too(tmp_path: Path) -> None:
    path = tmp_path / "p.md"
    path.write_bytes((HEAD + "# user\n\n{{ zzz }}\n").replace("\n", "\r\n").encode())
    with pytest.raises(UsageError, match=r"p\.md:7: unknown variable"):
        load_prompt(path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ ticket }}", "'ticket' is undefined"),
        ("{{ 1 // 0 }}", "can't render: .*zero"),
        ("{{ tools + 1 }}", "can't render: "),
        ("{{ tools.__class__.__mro__ }}", "unsafe"),
        ("{{ tools.nothing }}", "has no attribute 'nothing'"),
        ("{{ '%q' | format(tools) }}", "can't render: unsupported format"),
    ],
)
def test_a_template_that_fails_is_a_mistake_of_its_file(tmp_path: Path, source: str, words: str) -> None:
    made = prompt(tmp_path, f"# user\n{source}\n")
    with pytest.raises(UsageError, match=words) as caught:
        made.render({"tools": "t"})
    assert str(caught.value).startswith(f"{tmp_path}/p.md: can't render: ")


def test_the_hash_is_that_of_what_reaches_the_model(tmp_path: Path) -> None:
    one = prompt(tmp_path, "# user\nx\n").hash
    assert prompt(tmp_path, "# user\nx\n", HEAD.replace("2", "3")).hash == one
    assert len({one, prompt(tmp_path, "# user\ny\n").hash, prompt(tmp_path, "# system\nx\n").hash}) == 3


def test_a_prompt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such prompt"):
        load_prompt(tmp_path / "none.md")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "prompts").glob("*/*.md")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_the_shipped_prompts_render_with_every_variable_and_use_the_answer_format(path: Path) -> None:
    made = load_prompt(path)
    assert {"labels", "ticket", "answer_format"} <= made.variables
    text = "\n".join(text for _, text in made.render(FILLED))
    assert all(f"<{name}>" in text for name in made.variables)
    with pytest.raises(UsageError, match="'ticket' is undefined"):
        made.render({name: "" for name in VARIABLES if name != "ticket"})


PROMPT = load_prompt(ROOT / "prompts" / "triage" / "labels.md")
