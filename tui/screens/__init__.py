"""Screens: dashboard, full-screen logs, inspect, help, and the hand-over for exec."""
