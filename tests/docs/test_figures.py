"""The page for operators lists the figures that there are, and no alarm names another one."""

import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from rollway.observing.metrics import Metrics

TEXT = (Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text()
SUFFIXES = {"counter": "_total", "info": "_info"}


def shown():
    """Return the figures of the code as lines of the table."""
    lines = []
    for collector in Metrics({}).registry._collector_to_names:
        if not isinstance(collector, MetricWrapperBase):
            continue  # of the process, not of Rollway
        (family,) = collector.describe()
        labels = collector._labelnames
        name = family.name + SUFFIXES.get(family.type, "")
        marked = f"`{name}{{{','.join(labels)}}}`" if labels else f"`{name}`"
        lines.append(f"| {marked} | {family.type} | {family.documentation} |")
    return lines


def test_every_figure_stands_in_the_table():
    """With its labels and its text."""
    table = re.search(r"<!-- metrics -->\n(.*?)\n<!-- /metrics -->", TEXT, re.DOTALL)[1]

    assert table.splitlines()[2:] == shown()


def test_alarms_name_figures_that_there_are():
    """A rule on a figure of another name would never ring."""
    names = {re.match(r"\| `(\w+)", line)[1] for line in shown()}
    section = TEXT.partition("| worth an alarm |")[2].partition("\n## ")[0]
    used = set(re.findall(r"rollway_\w+", section))

    assert used
    assert {re.sub(r"_bucket$", "", name) for name in used} <= names
