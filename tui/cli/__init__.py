"""The command line: arguments to settings to run. Textual is imported only once it is needed."""
