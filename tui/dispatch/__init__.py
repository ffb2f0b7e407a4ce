"""Plans and runs actions: jobs, in-flight marks, notices and errors. No Textual."""
