"""What people can do on each platform, and the tests that show it: the source of the README's table.

`tests/unit/test_features.py` compares the two, and looks for each test that is named here. `python -m tests.features`
prints the table.
"""

from dataclasses import dataclass, field

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
    Feature(what="Settings and keys in chat", slack="not yet", discord="not yet"),
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
        slack="results are uploaded; files with a task: not yet",
        discord="results are attached; a file with the task",
        tests=("test_output::test_a_plot_is_shown_in_the_thread_and_other_files_are_attached",),
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


if __name__ == "__main__":
    print(table())  # noqa: T201
