// What leaves: opened as the doctor's program would, the package inside is the input, the outside names nobody.
#include <catch2/catch.hpp>

#include "mime/message/header.hpp"
#include "mime/smime/open.hpp"
#include "mime/text/base64.hpp"
#include "mime/xdm/package.hpp"
#include "tests/support/relay_house.hpp"

using namespace relay::pipeline;
using tests::house;

namespace {
// The decoded content of the attachment with this name.
std::string attachment(const std::string& entity, const std::string& name)
{
    const auto at = entity.find("filename=\"" + name + "\"");
    REQUIRE(at != std::string::npos);
    const auto body = entity.find("\r\n\r\n", at) + 4;
    std::string text;
    for (const char c : entity.substr(body, entity.find("\r\n--", body) - body))
        if (c != '\r' && c != '\n') text += c;
    return mime::base64_decode(text).value();
}
}

TEST_CASE("a sealed letter opens to the document that was given", "[composer]")
{
    const auto kind = GENERATE(tests::minted_key::ec_p256, tests::minted_key::rsa_2048);
    const std::string address = "anne.roux@medecin.example";
    house h;
    const auto doctor = h.add_doctor(address, tests::second_doctor, kind);
    h.drop("lettre.hl7", tests::mdm_file());
    const auto mail = h.outbound->prepare(h.only().id).value();
    REQUIRE(mail.has_value());
    const std::string& bytes = *mail->bytes;

    const auto opened = mime::smime::open(
        bytes, certs::read_private_key(doctor.key).value(), certs::read_certificate(doctor.certificate).value(),
        h.anchors, std::chrono::floor<std::chrono::seconds>(h.clock.now()), tests::hospital_address);
    REQUIRE(opened.has_value());
    CHECK(opened->findings.empty());
    CHECK(opened->layers.front() == mime::smime::protection::enveloped);
    const auto package = mime::xdm::read_package(attachment(opened->entity, "IHE_XDM.zip"));
    REQUIRE(package.has_value());
    REQUIRE(package->documents.size() == 1);
    CHECK(package->documents[0].bytes == tests::cda_file());
    CHECK(opened->entity.find("QUENTRELIN") != std::string::npos);  // the doctor's program shows who

    const std::string outer = bytes.substr(0, bytes.find("\r\n\r\n"));
    for (const char* mark : {"QUENTRELIN", "Ysoline", "YSOLINE", "14/07/1985", "1985", "285076900000095", "26011234",
                             "UVVFTlRSRUxJTg", "MED1"}) {
        CAPTURE(mark);
        CHECK(outer.find(mark) == std::string::npos);
        CHECK(bytes.find(mark) == std::string::npos);
    }
    const auto header = mime::message::header_view::read(bytes).value();
    CHECK(header.find("Subject").value_or("").find("XDM/1.0/DDM") != std::string::npos);
    CHECK(header.find("Message-ID").value_or("").find(h.only().message_id) != std::string::npos);
    CHECK(header.find("To").value_or("").find(address) != std::string::npos);
}
