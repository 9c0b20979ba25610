"""The first frame, the driver that takes it over, and ending from outside."""
