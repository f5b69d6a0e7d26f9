"""The one exception that is not a fault."""


class Refusal(Exception):
    """What a rule does not accept, in words for the operator: lower case, no full stop, naming the setting,
    its value and what would be right. Any other exception is a fault of the rule and ends the instance."""
