"""What every step needs: settings, use cases, intervals, errors and the command line."""
