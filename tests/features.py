"""What people can do on each platform, and the tests that show it: the source of the README's table.

`tests/unit/test_features.py` compares the two, and looks for each test that is named here. `python -m tests.features`
prints the tables: of this, of the tools, of settings and of rights.
"""

from dataclasses import dataclass, field

from core.domain.access import Right
from core.service.rules import DEFAULTS, RIGHTS_IN_WORDS
from worker.tools.catalog import CATALOG
from worker.tools.tool import Approval

SLACK, DISCORD = "slack", "discord"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing that people can do."""

    what: str
    slack: str
    discord: str
    tests: tuple[str, ...] = ()
    """`<file>::<test>` under `tests/flows`, shown on both platforms."""
    on_slack: tuple[str, ...] = field(default=())
    on_discord: tuple[str, ...] = field(default=())


FEATURES = (
    Feature(
        what="Start",
        slack="`/agents <task>`; `/agents` alone opens a form; mention; direct message; "
        "*Run agents on this* on a message",
        discord="`/agents run`; mention; direct message; *Run agents on this* on a message",
        tests=(
            "test_round_trip::test_a_task_becomes_a_team_that_asks_and_uses_the_answer",
            "test_tasks::test_a_person_mentioned_in_a_task_is_named",
            "test_tasks::test_a_mention_in_other_peoples_thread_starts_a_session_there",
            "test_tasks::test_a_direct_message_starts_a_session_and_a_reply_there_goes_on",
        ),
        on_slack=(
            "test_form::test_what_is_filled_in_is_what_the_team_works_with",
            "test_shortcut::test_a_message_of_the_channel_becomes_a_task_with_a_thread_of_its_own",
        ),
        on_discord=("test_discord_tasks::test_a_message_becomes_a_task_with_a_thread_of_its_own",),
    ),
    Feature(
        what="Choose provider, model, team",
        slack="the form; `--provider`, `--model`, `--team`",
        discord="options, the model's with suggestions",
        on_slack=("test_form::test_flags_do_the_same_on_one_line",),
        on_discord=("test_discord_tasks::test_what_is_offered_while_typing_is_what_the_team_then_works_with",),
    ),
    Feature(
        what="Status",
        slack="`/agents status [number]`; the card",
        discord="`/agents status [number]`; the card",
        tests=("test_history::test_status_says_what_is_at_work",),
    ),
    Feature(
        what="Stop",
        slack="`/agents stop`, button, `stop` in the thread, `@Muster stop`, reaction 🛑",
        discord="`/agents stop`, button, `stop` in the thread, `@Muster stop`, reaction 🛑",
        tests=(
            "test_stop::test_a_stop_cancels_the_call_of_a_model_that_hangs",
            "test_stop::test_who_did_not_start_it_is_told_who_can_stop_it",
            "test_reaction::test_a_stop_sign_on_any_of_its_posts_stops_a_session_at_work",
        ),
    ),
    Feature(
        what="Settings and keys",
        slack="`/agents settings` opens a form, for yourself or, for admins, for the workspace",
        discord="`/agents settings` opens a form, for yourself or, for admins, for the workspace",
        tests=("test_settings::test_settings_are_used_by_the_next_session_and_a_key_is_tried_first",),
    ),
    Feature(
        what="Questions with choices",
        slack="buttons; or type one",
        discord="buttons; or type one",
        tests=("test_choices::test_a_press_is_the_answer_and_a_second_one_is_told_who_was_first",),
    ),
    Feature(
        what="Leave for what costs money",
        slack="buttons under exactly what will be done",
        discord="buttons under exactly what will be done",
        tests=("test_approval::test_only_a_press_of_somebody_who_may_lets_a_costly_tool_run",),
    ),
    Feature(
        what="History",
        slack="`/history`, `/history <words>`, `/history <number>`: private, paged, the transcript as a file",
        discord="`/history`, with `query` or `id`: private, paged, the transcript as a file",
        tests=(
            "test_history::test_the_sessions_of_a_conversation_are_listed_newest_first",
            "test_history::test_a_long_history_is_read_page_by_page",
            "test_history::test_a_transcript_comes_as_a_private_file",
            "test_history::test_who_is_not_in_a_private_channel_finds_nothing_of_it",
        ),
    ),
    Feature(
        what="Reply: answer, steer, go on after the end",
        slack="in the thread",
        discord="in the thread, or by the Answer button",
        tests=(
            "test_replies::test_a_reply_answers_the_question_and_the_next_agent_goes_on",
            "test_replies::test_a_note_while_the_team_works_is_acknowledged_and_read_at_the_next_turn",
            "test_replies::test_a_reply_after_the_end_goes_on_from_the_old_result",
        ),
    ),
    Feature(
        what="Files",
        slack="with a mention, a direct message or a reply; results are uploaded",
        discord="with any of them and as an option; results are attached",
        tests=(
            "test_output::test_a_plot_is_shown_in_the_thread_and_other_files_are_attached",
            "test_files_in::test_files_of_a_task_and_of_an_answer_are_in_the_teams_folder",
        ),
        on_discord=("test_discord_tasks::test_a_file_reaches_the_workspace_of_the_team",),
    ),
    Feature(
        what="Agents speak under their own name and icon",
        slack="as the author of the message",
        discord="as the author of the embed",
        tests=("test_round_trip::test_a_task_becomes_a_team_that_asks_and_uses_the_answer",),
    ),
    Feature(
        what="Long output",
        slack="split at paragraphs and code fences, then a file",
        discord="split at paragraphs and code fences, then a file",
        tests=(
            "test_output::test_a_long_text_comes_in_parts_that_lose_nothing",
            "test_output::test_code_that_is_cut_stays_code_in_each_part",
            "test_output::test_what_is_too_long_for_a_thread_comes_as_a_file",
        ),
    ),
    Feature(
        what="Help, and errors that say what to do",
        slack="in private",
        discord="in private",
        tests=(
            "test_tasks::test_help_is_told_in_private",
            "test_tasks::test_a_mention_without_a_task_opens_help",
        ),
    ),
)


def table() -> str:
    """The features as a table in markdown."""
    rows = [f"| {feature.what} | {feature.slack} | {feature.discord} |" for feature in FEATURES]
    return "\n".join(["| | Slack | Discord |", "|---|---|---|", *rows])


TOOLS = {
    "search_web": "searches the web: by Tavily, else by DuckDuckGo",
    "fetch_page": "reads a page of the public web; nothing of your own network",
    "get_crypto_price": "a price in US dollars and its change in 24 hours, from CoinGecko",
    "run_python": "runs Python in the sandbox; plots and files come into the thread",
    "read_file": "reads a file of the session",
    "write_file": "writes one; it comes into the thread",
    "list_files": "lists them",
    "query_database": "reads a database that you have named (`QUERY_DATABASES`)",
    "generate_image": "makes a picture",
    "ask_human": "asks a person, with choices, a deadline and a default where it helps",
}
_LEAVE = {Approval.NONE: "", Approval.LOW: "of the starter or an operator", Approval.HIGH: "of an operator"}


def tools_table() -> str:
    """What agents can do, as a table in markdown."""
    rows = [f"| `{name}` | {TOOLS[name]} | {tool.cost} | {_LEAVE[tool.approval]} |" for name, tool in CATALOG.items()]
    return "\n".join(["| Tool | What it does | A call costs | Needs leave |", "|---|---|---|---|", *rows])


SETTINGS = (
    ("Provider and model", "`--model` and the form", "`DEFAULT_PROVIDER`, `DEFAULT_MODEL`"),
    ("System prompt", "", "`SYSTEM_PROMPT`"),
    ("A provider's key", "", "`OPENROUTER_API_KEY`, `OPENAI_API_KEY` ..."),
    ("Tavily key", "", "`TAVILY_API_KEY`"),
)
"""What can be set: its name, how one task sets it, and how the deployment does; `/agents settings` does in between."""


def settings_table() -> str:
    """Settings with the order in which they count, as a table in markdown."""
    form = "`/agents settings`"
    rows = [f"| {what} | {task} | {form} | {form}, by an admin | {env} |" for what, task, env in SETTINGS]
    head = "| | 1. this task | 2. yourself | 3. the workspace | 4. the deployment |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def rights_table() -> str:
    """Who may do what, as a table in markdown."""
    rows = [f"| `{right}` | {RIGHTS_IN_WORDS[right]} | {DEFAULTS[right]} |" for right in Right]
    return "\n".join(["| Right | To do what | Who has it until an admin says otherwise |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(*(make() for make in (table, tools_table, settings_table, rights_table)), sep="\n\n")  # noqa: T201
