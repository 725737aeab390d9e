"""The one way to say no."""


class Refused(Exception):
    """Why something is not believed: a stable code of `spec/errors.md` §2."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def demand(condition: bool, code: str) -> None:
    if not condition:
        raise Refused(code)
