"""Sans-I/O protocol code: stream demultiplexing, JSON lines, stats arithmetic, image references."""
