"""Builds a rule in Python into a component: python -m ocellus_sdk.build rule.py -o rule.wasm"""

import argparse
import importlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .instance import rule_of
from .rule import Rule

SDK = Path(__file__).resolve().parent.parent
WIT = SDK.parent.parent / "wit" / "v0.2"
APP = "ocellus_component"


def build(source: Path, output: Path) -> type[Rule]:
    """Builds the rule in `source`, a Python file; modules beside it can be imported by it."""
    if importlib.util.find_spec("componentize_py") is None:
        raise OSError(f"componentize-py is missing; run `pip install -r {SDK / 'requirements.txt'}`")
    sys.path.insert(0, str(source.parent))
    rule = rule_of(importlib.import_module(source.stem))
    app = f"import {source.stem}\nfrom ocellus_sdk import component, instance\n"
    app += f"WitWorld = component.world(instance.rule_of({source.stem}))\n"
    with tempfile.TemporaryDirectory(prefix="ocellus-build-") as folder:
        Path(folder, f"{APP}.py").write_text(app)
        # Copied, since the build looks at its folders through a sandbox that follows no link out of them.
        left_out = shutil.ignore_patterns("__pycache__", "build.py", "testing*.py")
        shutil.copytree(SDK / "ocellus_sdk", Path(folder, "ocellus_sdk"), ignore=left_out)
        tool = [sys.executable, "-c", "from componentize_py import script; script()"]
        command = [*tool, "-q", "-d", str(WIT), "-w", "rule", "componentize", APP, "--stub-wasi"]
        command += ["-p", folder, "-p", str(source.parent), "-o", str(output)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        # What follows is the tool's own stack.
        raise OSError(done.stderr.partition("\n\nCaused by:")[0].removeprefix("AssertionError: "))
    return rule


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="ocellus_sdk.build", description=__doc__)
    parser.add_argument("source", type=Path, metavar="RULE.py")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RULE.wasm")
    given = parser.parse_args()
    if not given.source.is_file():
        print(f"ocellus_sdk.build: {given.source}: no such file", file=sys.stderr)
        return 2
    if not given.source.stem.isidentifier():
        print(f"ocellus_sdk.build: {given.source.name} is no name of a module; use letters and _", file=sys.stderr)
        return 2
    try:
        rule = build(given.source.resolve(), given.output)
    except (OSError, TypeError) as error:
        print(f"ocellus_sdk.build: {error}", file=sys.stderr)
        return 2
    print(f"{given.output}: {rule.name} {rule.version}, {given.output.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
