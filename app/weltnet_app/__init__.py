"""The browser side of weltnet. It names no experiment."""
