"""Mails that come back, made by Python's email: a report with one machine part, a receipt in the national form, a reply.

  report("delivery-status", sender, to, fields)        # multipart/report (RFC 6522); fields end with CRLF
  receipt(sender, to, message_id, disposition, error)  # RFC 8098, or the older national form in `disposition`
  reply(sender, to, subject, text, In_Reply_To="<…>")  # further fields by name"""
import email
import email.message
import email.policy
import email.utils
import secrets

POLICY = email.policy.SMTP.clone(max_line_length=900)


def _begin(sender, to, subject):
    message = email.message.EmailMessage(policy=POLICY)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = email.utils.localtime(), f"<{secrets.token_hex(8)}@{sender.rpartition('@')[2]}>"
    return message


def report(kind, sender, to, fields, subject="Rapport"):
    message = _begin(sender, to, subject)
    message.set_content("Voir la partie suivante.")
    message.make_mixed()
    part = email.message.Message(policy=POLICY)
    part["Content-Type"] = f"message/{kind}"
    blocks = [email.message_from_string(block, policy=POLICY) for block in fields.split("\r\n\r\n")]
    part.set_payload(blocks if kind == "delivery-status" else fields)
    message.attach(part)
    message.set_param("report-type", kind)
    return message.as_bytes().replace(b"multipart/mixed", b"multipart/report", 1)


def receipt(sender, to, message_id, disposition="displayed", error=""):
    return report("disposition-notification", sender, to,
                  f"Final-Recipient: rfc822;{sender}\r\nOriginal-Message-ID: <{message_id}>\r\n"
                  f"Disposition: automatic-action/MDN-sent-automatically; {disposition}\r\n{error}", "XDM/1.0/DDM+Lettre de liaison")


def reply(sender, to, subject, text, **fields):
    message = _begin(sender, to, subject)
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()
