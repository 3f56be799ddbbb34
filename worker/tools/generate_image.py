"""The tool `generate_image`: a picture from words, laid into the session's folder and shown in the thread.

Listed in the catalogue. It costs money, so that a person agrees to each call before it runs.
"""

from typing import Literal

from pydantic import BaseModel, Field

from worker.tools.folder import FileRefused
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome
from worker.web.errors import WebError


class ImageArguments(BaseModel):
    """What a model gives."""

    prompt: str = Field(min_length=1, max_length=4_000, description="What the picture shows, in detail.")
    size: Literal["1024x1024", "1536x1024", "1024x1536"] = Field(
        default="1024x1024", description="Width and height in pixels."
    )


async def generate_image(context: ToolContext, arguments: ImageArguments) -> ToolOutcome:
    """A new file `image-<n>` with the picture."""
    images = context.equipment.images
    if images is None or _missing(context):
        return ToolOutcome(text="No images can be made here: no images endpoint is set up.", ok=False)
    openai_key = context.keys.get("openai", "")
    try:
        taken = await context.folder.files()  # a folder that cannot be used shall cost no image
        image, suffix = await images.make(arguments.prompt, arguments.size, openai_key=openai_key)
        made = await context.folder.write(_free_name(taken, suffix), image)
    except (WebError, FileRefused) as error:
        return ToolOutcome(text=f"No image: {error}", ok=False)
    return ToolOutcome(text=f"{made.name} is in the working folder and is shown to the person.", files=(made,))


def _free_name(taken: dict[str, int], suffix: str) -> str:
    stems = {name.rpartition(".")[0] for name in taken}
    n = 1
    while f"image-{n}" in stems:
        n += 1
    return f"image-{n}.{suffix}"


def _missing(context: ToolContext) -> str:
    images = context.equipment.images
    usable = images is not None and images.can(context.keys.get("openai", ""))
    return "" if usable else "an images endpoint (IMAGE_BASE_URL, IMAGE_API_KEY) or a key for OpenAI"


GENERATE_IMAGE = Tool(
    name="generate_image",
    description=(
        "Makes a picture from a description, saves it in the working directory and shows it to the person. It costs"
        " money and a person is asked first: only where the task wants a picture. Draw diagrams and plots with Python."
    ),
    arguments=ImageArguments,
    run=generate_image,
    cost="money: one image at your provider's price",
    approval=Approval.LOW,
    missing=_missing,
)
