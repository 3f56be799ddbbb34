"""The tools that agents can have. A new tool is one file and one line here.

Read by the builder (what can be given to a specialist) and by the turn (what a call means).
"""

from collections.abc import Mapping
from types import MappingProxyType

from worker.tools.ask_human import ASK_HUMAN
from worker.tools.fetch_page import FETCH_PAGE
from worker.tools.generate_image import GENERATE_IMAGE
from worker.tools.get_crypto_price import GET_CRYPTO_PRICE
from worker.tools.list_files import LIST_FILES
from worker.tools.query_database import QUERY_DATABASE
from worker.tools.read_file import READ_FILE
from worker.tools.run_python import RUN_PYTHON
from worker.tools.search_web import SEARCH_WEB
from worker.tools.tool import Tool, ToolContext
from worker.tools.write_file import WRITE_FILE

CATALOG: Mapping[str, Tool] = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            SEARCH_WEB,
            FETCH_PAGE,
            GET_CRYPTO_PRICE,
            RUN_PYTHON,
            READ_FILE,
            WRITE_FILE,
            LIST_FILES,
            QUERY_DATABASE,
            GENERATE_IMAGE,
            ASK_HUMAN,
        )
    }
)


def usable(context: ToolContext, catalog: Mapping[str, Tool] = CATALOG) -> dict[str, Tool]:
    """The tools that lack nothing in *context*: only these are offered to a team."""
    return {name: tool for name, tool in catalog.items() if not tool.missing(context)}
