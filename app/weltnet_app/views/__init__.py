"""One file per concern of a picture: the figures HoloViews builds, and the live layer that paints what moves."""
