// One named change to a message, and the proof that it is the only one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corpus {
// Verbs (a place is SEG-F, SEG[n]-F or SEG[n]-F.C; n counts the segments of that name; MSH numbered as HL7 does):
//   clear PLACE            the field or component without its content
//   set PLACE VALUE        another content
//   bytes PLACE HEX        another content, as octets
//   delete SEG[n]          without that segment
//   double SEG[n]          that segment twice
//   after SEG[n] LINE      one more segment behind it
//   swap SEG[n] SEG[m]     the two exchanged
//   break PLACE            a segment end in the middle of the field
//   cut PLACE              nothing from the middle of the field on
//   open                   without the end of the last segment
//   encode NAME            the whole in another character set: latin9, utf16
//   document N FROM => TO  inside the N-th document, which is put back in base64
struct edited {
    std::string text;
    std::string mistake;  // empty, or why the row itself is wrong: no such place, nothing changed, too much changed
};
[[nodiscard]] edited apply(const std::string& base, std::string_view edit);
}
