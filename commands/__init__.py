"""The command line `sluss`: a subcommand for each step, each command of the stack and each chore of a user."""
