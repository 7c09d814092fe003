"""What is wrong with a template, in Resource Manager's words."""


class TemplateError(Exception):
    """The template cannot be used. `path` is the place inside the template, names and indexes."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        """Keep the sentence and the place."""
        super().__init__(message)
        self.message, self.path = message, path


class NotYet(Exception):
    """A value is known only while the deployment runs (`reference`, `list*`)."""
