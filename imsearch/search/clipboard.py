"""The picture on the clipboard."""

from PIL import Image, ImageGrab

from imsearch.errors import ProbeError
from imsearch.images.convert import from_pillow


def from_clipboard() -> Image.Image | list[str] | None:
    """The picture on the clipboard, or the paths of the files that were copied to it; None where it holds neither.

    Raises `ProbeError` where the clipboard cannot be read.
    """
    try:
        grabbed = ImageGrab.grabclipboard()
    except NotImplementedError as exc:
        raise ProbeError(
            "reading the clipboard here needs a helper program: install wl-clipboard (Wayland) or xclip (X11)"
        ) from exc
    except Exception as exc:
        raise ProbeError(f"the clipboard cannot be read: {exc}") from exc
    return from_pillow(grabbed) or (grabbed if isinstance(grabbed, list) else None)
