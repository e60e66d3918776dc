"""A screen reader as small as it can be, for the tests of the operator's window.

Writes what it would say, one JSON object a line: announcements, and what the keyboard comes to. Each line that it
reads asks once for all that can be read, from top to bottom.
"""

import json
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402


def tell(**what):
    print(json.dumps(what), flush=True)


def on_announcement(event):
    tell(said=event.any_data, at=time.time())


def on_focus(event):
    if event.detail1:
        tell(focus=event.source.get_name(), role=event.source.get_role_name(), at=time.time())


def read(node, depth, rows):
    """Each row: how deep, role, name, description, and what is written in a field. What has gone away meanwhile is left out,
    and so are labels of a row that is half out of sight: AccessKit names them as children but does not serve them."""
    try:
        read_node(node, depth, rows)
    except GLib.Error:
        pass


def read_node(node, depth, rows):
    written = Atspi.Text.get_text(node, 0, -1) if "Text" in node.get_interfaces() else ""
    rows.append({
        "depth": depth,
        "role": node.get_role_name(),
        "name": node.get_name(),
        "description": node.get_description(),
        "written": written,
    })
    for index in range(node.get_child_count()):
        child = node.get_child_at_index(index)
        if child is not None:
            read(child, depth + 1, rows)


def read_all():
    rows = []
    desktop = Atspi.get_desktop(0)
    for index in range(desktop.get_child_count()):
        program = desktop.get_child_at_index(index)
        if program is not None and program.get_name() == "patchcord":
            program.clear_cache()
            read(program, 0, rows)
    return rows


def on_question(source, condition):
    if not source.readline():
        loop.quit()
        return False
    tell(tree=read_all())
    return True


announcements = Atspi.EventListener.new(on_announcement)
announcements.register("object:announcement")
focus = Atspi.EventListener.new(on_focus)
focus.register("object:state-changed:focused")
loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, on_question)
tell(ready=True)
loop.run()
