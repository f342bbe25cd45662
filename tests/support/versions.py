"""HL7 messages about one document set: first version, replacement, deletion (mssante.md §2.1). Standard library only."""
import base64
import re

EVENTS = {"T02": ("NW", "F"), "T10": ("RO", "C"), "T04": ("CA", "D")}


class Messages:
    """HL7 messages about one set: each made from the T02 before it, its document changed where the operation says so."""

    def __init__(self, submission):
        self.made = submission
        self.text = submission.files[submission.file].decode("utf-8")
        self.document = base64.b64decode(re.search(r"\^Base64\^([^|]+)", self.text)[1])
        self.id = re.search(rb'<id root="([^"]+)"', self.document)[1].decode()

    def version(self, number):
        """The next CDA: new id, same set, RPLC to the version before."""
        text = self.document.decode("utf-8")
        before, new = (f"{self.id.rpartition('.')[0]}.{n}" for n in (number - 1, number))
        text = text.replace(f'<id root="{self.id}"/>', f'<id root="{new}"/>', 1)
        text = text.replace('<versionNumber value="1"/>', f'<versionNumber value="{number}"/>', 1)
        link = f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{before}"/></parentDocument></relatedDocument>\n '
        return new, before, text.replace("<componentOf>", link + "<componentOf>", 1).encode("utf-8")

    def message(self, event, number=1, control=None):
        order, status = EVENTS[event]
        new, before, document = (self.id, "", self.document) if number == 1 else self.version(number)
        text = self.text.replace("^T02^", f"^{event}^", 1).replace("\rORC|NW\r", f"\rORC|{order}\r", 1)
        text = text.replace(self.made.control_id, control or f"{self.made.control_id}.{event}{number}", 1)
        text = text.replace(f"|{self.id}|", f"|{new}|{before if event == 'T10' else ''}", 1)
        text = re.sub(r"(\^Base64\^)[^|]+(\|{6})F", lambda m: m[1] + base64.b64encode(document).decode() + m[2] + status, text, count=1)
        return text.encode("utf-8"), document
