"""Layouts, schedules."""
