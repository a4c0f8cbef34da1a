"""A revision only adds what the version before need not know, or says in its name that it does not."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from alembic.operations import BatchOperations, MigrateOperation, Operations
from alembic.operations.ops import AddColumnOp, CreateIndexOp, CreateTableOp, DropIndexOp
from alembic.runtime.migration import MigrationContext

from syncd.store import migrate
from syncd.store.revisions import reach

FIRST_HELD = "0010"
"""Revisions before were made when nobody ran several versions side by side."""


class _Batch(BatchOperations):
    """``op.batch_alter_table``: what is asked of it is recorded, too."""

    def __init__(self, of: _Recording, table: str) -> None:
        super().__init__(of.migration_context, SimpleNamespace(table_name=table, schema=None))  # type: ignore[arg-type]
        self._of = of

    def invoke(self, operation: MigrateOperation) -> Any:
        self._of.asked.append(operation)


class _Recording(Operations):
    """Alembic's ``op``, which carries nothing out."""

    def __init__(self, context: MigrationContext) -> None:
        super().__init__(context)
        self.asked: list[MigrateOperation] = []

    def invoke(self, operation: MigrateOperation) -> Any:
        self.asked.append(operation)

    @contextmanager
    def batch_alter_table(self, table_name: str, *_: Any, **__: Any) -> Iterator[BatchOperations]:
        yield _Batch(self, table_name)


def asked_of(revision: ModuleType) -> Sequence[MigrateOperation]:
    """What its ``upgrade`` does."""
    op = _Recording(MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True}))
    vars(revision)["op"] = op  # in the place of alembic's
    revision.upgrade()
    return op.asked


def more_than_added(asked: Sequence[MigrateOperation], plain: Collection[str]) -> list[str]:
    """What an older version, which goes on meanwhile, might stumble over. ``plain``: indexes that refuse
    nothing; without one everything is true still, only slower. Pure."""
    new = {op.table_name for op in asked if isinstance(op, CreateTableOp)}
    wrong = []
    for op in asked:
        match op:
            case CreateTableOp():
                continue
            case CreateIndexOp() if op.table_name in new or not op.unique:
                continue
            case DropIndexOp() if op.index_name in plain:
                continue
            case AddColumnOp() if op.column.nullable or op.column.server_default is not None:
                if not op.column.unique:
                    continue
        table = getattr(op, "table_name", "")
        wrong.append(f"{type(op).__name__} {table}".strip())
    return wrong


def objections(revisions: Sequence[tuple[str, Sequence[MigrateOperation]]]) -> list[str]:
    """What is wrong with revisions, given in order with what each asks for. Pure."""
    wrong, oldest_before = [], ""
    plain: set[str] = set()
    for name, asked in revisions:
        number, oldest = reach(name)
        if not oldest_before <= oldest <= number:
            wrong.append(f"{name}: reaches further back than the one before it")
        elif number >= FIRST_HELD and oldest == oldest_before and (more := more_than_added(asked, plain)):
            wrong.append(
                f"{name}: {', '.join(more)}: code of {oldest} might miss or refuse it. Only add; or name the "
                f"oldest version that does without: {number}_from_..."
            )
        oldest_before = oldest
        plain |= {str(op.index_name) for op in asked if isinstance(op, CreateIndexOp) and not op.unique}
    return wrong


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"revision_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_revision_only_adds_or_says_that_it_does_not() -> None:
    files = sorted((migrate.scripts() / "versions").glob("[0-9]*.py"))
    modules = [_load(path) for path in files]
    assert objections([(one.revision, asked_of(one)) for one in modules]) == []
    assert [path.name[:4] for path in files] == [reach(one.revision)[0] for one in modules]


@pytest.mark.parametrize(
    ("body", "only_adds"),
    [
        (
            "op.create_table('t', sa.Column('a', sa.Text())); op.create_index('x', 't', ['a'], unique=True)",
            True,
        ),
        ("op.add_column('pair', sa.Column('a', sa.Text(), nullable=True))", True),
        ("op.add_column('pair', sa.Column('a', sa.Text(), nullable=False, server_default=''))", True),
        ("op.create_index('x', 'pair', ['a'])", True),
        ("op.add_column('pair', sa.Column('a', sa.Text(), nullable=False))", False),
        ("op.create_index('x', 'pair', ['a'], unique=True)", False),
        ("op.drop_index('ix_plain', 'pair')", True),
        ("op.drop_index('uq_pair_a', 'pair')", False),
        ("op.drop_column('pair', 'a')", False),
        ("op.drop_table('pair')", False),
        ("op.alter_column('pair', 'a', nullable=False)", False),
        ("op.rename_table('pair', 'couple')", False),
        ("op.execute('update pair set a = 1')", False),
        ("op.create_check_constraint('c', 'pair', 'a > 1')", False),
        ("with op.batch_alter_table('pair') as batch: batch.drop_column('a')", False),
    ],
)
def test_what_only_adds(tmp_path: Path, body: str, only_adds: bool) -> None:
    file = tmp_path / "0010_x.py"
    head = "import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade() -> None:\n"
    file.write_text(head + "".join(f"    {line.strip()}\n" for line in body.split("; ")))
    asked = asked_of(_load(file))
    before = ("0009", [CreateIndexOp("ix_plain", "pair", ["a"])])
    assert bool(objections([before, ("0010_from_0009", asked)])) is not only_adds
    assert objections([("0009", []), ("0010", asked)]) == [], "it says for itself that it may not be met"


def test_none_reaches_back_over_one_that_took_something_away() -> None:
    assert objections([("0010", []), ("0011_from_0009", [])]) != []
    assert objections([("0010", []), ("0011_from_0010", []), ("0012_from_0010", [])]) == []
