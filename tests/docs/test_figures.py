"""The page for operators lists the figures that there are, and no alarm names another one."""

import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from rollway.observing.metrics import Metrics, WorkerFigures, WorkFigures

TEXT = (Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text()
SUFFIXES = {"counter": "_total", "info": "_info"}


def shown(figures):
    """Return figures of the code as lines of their table."""
    lines = []
    for collector in figures.registry._collector_to_names:
        if not isinstance(collector, MetricWrapperBase):
            continue  # of the process, not of Rollway
        (family,) = collector.describe()
        labels = collector._labelnames
        name = family.name + SUFFIXES.get(family.type, "")
        marked = f"`{name}{{{','.join(labels)}}}`" if labels else f"`{name}`"
        lines.append(f"| {marked} | {family.type} | {family.documentation} |")
    return lines


@pytest.mark.parametrize(
    ("mark", "figures"), [("metrics", Metrics({})), ("worker-metrics", WorkerFigures(4))]
)
def test_every_figure_stands_in_its_table(mark, figures):
    """With its labels and its text; a worker's table has what a server's has not."""
    table = re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- /{mark} -->", TEXT, re.DOTALL)[1]
    common = shown(WorkFigures()) if mark == "worker-metrics" else []

    assert table.splitlines()[2:] == [line for line in shown(figures) if line not in common]


def test_alarms_name_figures_that_there_are():
    """A rule on a figure of another name would never ring."""
    names = {
        re.match(r"\| `(\w+)", line)[1]
        for each in (Metrics({}), WorkerFigures(4))
        for line in shown(each)
    }
    section = TEXT.partition("| worth an alarm |")[2].partition("\n## ")[0]
    used = set(re.findall(r"rollway_\w+", section))

    assert used
    assert {re.sub(r"_bucket$", "", name) for name in used} <= names
