"""What the core needs from the outside, named by role; no port knows a technique.

Adapters in `core.adapters` and `bots` implement these; services, bots and the worker call them. Import from here.
"""

from core.ports.chat import Answer, Conversations, Listed, Notify, Query, Renderer, Tell
from core.ports.sessions import (
    Change,
    Guard,
    Held,
    InState,
    NewSession,
    QuestionStore,
    SessionQuery,
    SessionStore,
    StepStore,
)
from core.ports.threads import (
    Audit,
    Behind,
    DeliveryStore,
    Draft,
    FileStore,
    InboxRow,
    InboxStore,
    Listening,
    Post,
    PostStore,
    Thread,
    ThreadStore,
)
from core.ports.transactions import Across, UnitOfWork, Work
from core.ports.wakeups import TOPIC_GAP, TOPIC_RELAY, TOPIC_STEER, TOPIC_WORK, Bell, Clock, WorkQueue

__all__ = [
    "TOPIC_GAP",
    "TOPIC_RELAY",
    "TOPIC_STEER",
    "TOPIC_WORK",
    "Across",
    "Answer",
    "Audit",
    "Behind",
    "Bell",
    "Change",
    "Clock",
    "Conversations",
    "DeliveryStore",
    "Draft",
    "FileStore",
    "Guard",
    "Held",
    "InState",
    "InboxRow",
    "InboxStore",
    "Listed",
    "Listening",
    "NewSession",
    "Notify",
    "Post",
    "PostStore",
    "Query",
    "QuestionStore",
    "Renderer",
    "SessionQuery",
    "SessionStore",
    "StepStore",
    "Tell",
    "Thread",
    "ThreadStore",
    "UnitOfWork",
    "Work",
    "WorkQueue",
]
