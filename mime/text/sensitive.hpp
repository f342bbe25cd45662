// mime/text/sensitive.hpp: text about a patient, in a type that cannot be formatted or streamed, so that logging one
// does not build (domain.md §10). reveal() is the only way out: use it only to write a document, a mail or an
// acknowledgement.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace mime {
class patient_text {
public:
    patient_text() = default;
    explicit patient_text(std::string value) : value_(std::move(value)) {}
    [[nodiscard]] const std::string& reveal() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
    friend bool operator==(const patient_text&, const patient_text&) = default;

private:
    std::string value_;
};
}
