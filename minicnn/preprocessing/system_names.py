"""Files and folders that systems and tools leave among images, which are never images or classes."""

SYSTEM_NAMES = {
    *(".ds_store", "__macosx", "icon\r"),  # macOS
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("lost+found", "@eadir", "#recycle"),  # Linux, network drives
    "__pycache__",  # Python
}


def is_system_name(name: str) -> bool:
    """Whether a file or folder of this name is hidden (.DS_Store, ._1.png) or a system's own."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES
