"""Pure values and rules: no I/O, no clock, no library beyond the standard one."""
