"""Lengths of files and functions, and depth of imports: `python3 -m scripts.code_figures [FOLDER]`."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

APP = Path(__file__).parents[1] / "app"


def main(package: Path) -> None:
    """Write the figures of the package in that folder."""
    texts = {path: path.read_text("utf-8") for path in package.rglob("*.py")}
    lines = [len(text.splitlines()) for text in texts.values()]
    functions = [length for text in texts.values() for length in _function_lines(ast.parse(text))]
    chain = longest_chain(imports(package))
    figures = [
        f"modules: {len(lines)}, of more than one line: {sum(each > 1 for each in lines)}",
        f"lines of these: {_figures(each for each in lines if each > 1)}; of all: {sum(lines)}",
        f"lines of {len(functions)} functions: {_figures(functions)}",
        f"longest chain of imports: {len(chain)} modules: {' → '.join(chain)}",
    ]
    sys.stdout.write("\n".join([*figures, ""]))


def imports(package: Path) -> dict[str, set[str]]:
    """Which modules of a package each of them imports, at its top or in a function."""
    paths = {_name(path, package): path for path in package.rglob("*.py")}
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in paths.items()}
    return {name: set(_imported(tree, trees)) - {name} for name, tree in trees.items()}


def longest_chain(imported: Mapping[str, set[str]]) -> list[str]:
    """Modules of which each imports the next, as many as there are. Raises CycleError."""
    chains: dict[str, list[str]] = {}
    for name in TopologicalSorter(imported).static_order():
        chains[name] = [name, *max((chains[each] for each in imported[name]), key=len, default=[])]
    return max(chains.values(), key=len)


def _name(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")


def _function_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.end_lineno - node.lineno + 1


def _imported(tree: ast.Module, known: Mapping[str, ast.Module]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inside = [name for each in node.names if (name := f"{node.module}.{each.name}") in known]
            yield from inside or ([node.module] if node.module in known else [])


def _figures(lengths: Iterable[int]) -> str:
    ordered = sorted(lengths)
    return f"median {median(ordered):.0f}, p90 {quantiles(ordered, n=10)[8]:.0f}, most {ordered[-1]}"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else APP)
