"""Walks that read all runs of a window without losing one."""
