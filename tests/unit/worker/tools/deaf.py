"""A program that answers nothing and does not end by itself; a test starts it in place of another."""

import signal

signal.pause()
