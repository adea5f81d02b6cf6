"""Reverse image search over your own folders: the same picture, a copy of it, or one like it.

::

    import imsearch

    with imsearch.open("photos.imsearch") as library:
        library.index("./photos")
        for hit in library.query("probe.jpg", k=10):
            print(f"{hit.score:.3f}  {hit.path}")

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
