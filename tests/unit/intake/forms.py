"""The instruments by name, and their answers as a line of words."""

from services.intake.screening.policy import instruments
from services.intake.screening.rules import Answer

PHQ9 = instruments()["phq-9", "1.0"]
PHQ2 = instruments()["phq-2", "1.0"]
GAD7 = instruments()["gad-7", "1.0"]
GAD2 = instruments()["gad-2", "1.0"]
AUDIT = instruments()["audit", "1.0"]
AUDIT_C = instruments()["audit-c", "1.0"]
DAST10 = instruments()["dast-10", "1.0"]
PC_PTSD5 = instruments()["pc-ptsd-5", "1.0"]
PCL5 = instruments()["pcl-5", "1.0"]
BAM = instruments()["bam", "1.0"]
BAM_R = instruments()["bam-r", "1.0"]
C_SSRS = instruments()["c-ssrs", "1.0"]
BARC10 = instruments()["barc-10", "1.0"]
NRS = instruments()["craving-nrs", "1.0"]
VAS = instruments()["craving-vas", "1.0"]
EVERY = list(instruments().values())


def answers(text: str) -> list[Answer]:
    """`1 - n Y N`: a number, missing, not asked, yes, no."""
    words: dict[str, Answer] = {"-": None, "n": "not_asked", "Y": 1, "N": 0}
    return [words[word] if word in words else int(word) for word in text.split()]


def bam(text: str, substances: str = "0 0 0 0 0 0 0") -> list[Answer]:
    """The sixteen scored or single answers in the order of the form, and those of item 7."""
    items = answers(text)
    return [*items[:6], *answers(substances), *items[6:]]
