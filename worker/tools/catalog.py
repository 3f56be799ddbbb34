"""The tools that agents can have. A new tool is one file and one line here.

Read by the builder (what can be given to a specialist) and by the turn (what a call means).
"""

from collections.abc import Mapping
from types import MappingProxyType

from worker.tools.ask_human import ASK_HUMAN
from worker.tools.list_files import LIST_FILES
from worker.tools.read_file import READ_FILE
from worker.tools.run_python import RUN_PYTHON
from worker.tools.tool import Tool
from worker.tools.write_file import WRITE_FILE

CATALOG: Mapping[str, Tool] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            RUN_PYTHON,
            READ_FILE,
            WRITE_FILE,
            LIST_FILES,
            ASK_HUMAN,
        )
    }
)
