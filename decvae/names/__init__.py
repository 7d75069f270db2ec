"""The words of the project, for planning and for jobs alike: scores, models, methods. Nothing heavy is imported."""
