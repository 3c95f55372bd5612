"""`module:function`: found beside the suite, or one line that says why not."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from harness.build.functions import import_function
from harness.core.errors import UsageError
from tests.world import World

Code = Callable[[str, str], Path]


def found(name: str, world: World) -> Callable[..., object]:
    return import_function(name, folder=world.folder, where="suite.yaml")


def test_modules_packages_and_attributes_of_classes_beside_the_suite_are_found(world: World, code: Code) -> None:
    code("mine_a", "def f(x):\n    return x + 1\n\nclass C:\n    @staticmethod\n    def g(x):\n        return x * 2\n")
    code("kit/__init__", "")
    code("kit/deep", "def h(x):\n    return -x\n")
    assert [found(name, world)(3) for name in ("mine_a:f", "mine_a:C.g", "kit.deep:h")] == [4, 6, -3]


def test_installed_modules_are_found(world: World, code: Code) -> None:
    assert found("math:floor", world)(2.5) == 2


def test_modules_of_the_working_folder_are_found(
    world: World, code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "cwd"
    elsewhere.mkdir()
    (elsewhere / "mine_cwd.py").write_text("def f():\n    return 'cwd'\n")
    monkeypatch.chdir(elsewhere)
    assert found("mine_cwd:f", world)() == "cwd"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("absent_x:f", "", "No module named 'absent_x'"),
        ("mine_b:g", "def f(): ...", "mine_b has no 'g'"),
        ("mine_b:", "def f(): ...", "mine_b has no ''"),
        ("mine_b:f.g", "def f(): ...", "mine_b has no 'f.g'"),
        ("mine_b:f", "f = 3", "is not callable"),
        ("mine_b:f", "import absent_y", "No module named 'absent_y'"),
        ("mine_b:f", "1/0", "importing mine_b failed: ZeroDivisionError: division by zero"),
        ("mine_b:f", "def f(:", "importing mine_b failed: SyntaxError"),
        ("mine_b:f", "raise SystemExit(3)", "importing mine_b failed: SystemExit"),
    ],
)
def test_what_can_not_be_imported_is_one_line(world: World, code: Code, name: str, text: str, said: str) -> None:
    code("mine_b", text)
    with pytest.raises(UsageError) as caught:
        found(name, world)
    assert said in str(caught.value) and str(caught.value).startswith("suite.yaml: ") and caught.value.fix


def test_another_module_of_the_same_name_is_never_called_instead(world: World, code: Code) -> None:
    code("json", "def dumps(x):\n    return 'mine'\n")
    with pytest.raises(UsageError, match=r"another module json is in the way .*rename json\.py"):
        found("json:dumps", world)
    code("sys", "def exit():\n    return 'mine'\n")
    with pytest.raises(UsageError, match="another module sys is in the way"):
        found("sys:exit", world)


def test_the_second_import_is_the_same_module(world: World, code: Code) -> None:
    code("mine_c", "import sys\n\ndef f():\n    return sys.modules[__name__]\n")
    first, second = found("mine_c:f", world)(), found("mine_c:f", world)()
    assert isinstance(first, ModuleType) and first is second
