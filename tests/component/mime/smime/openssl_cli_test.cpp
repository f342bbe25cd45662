// Both directions against the openssl command line, with the PKI that scripts/make-test-pki writes.
#include "certs/certificate.hpp"
#include "certs/private_key.hpp"
#include "certs/recipient_check.hpp"
#include "mime/smime/encrypt.hpp"
#include "mime/smime/open.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;
using namespace mime::smime;

namespace {
constexpr std::chrono::sys_seconds now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
constexpr std::string_view hospital = "liaison@hopital.example";
constexpr std::string_view rsa_doctor = "rsa@medecin.example";
constexpr std::string_view ec_doctor = "ec@medecin.example";
const std::string entity =
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nUne lettre.\r\n\r\n";

int run(const std::string& command)
{
    return std::system((command + " >/dev/null 2>&1").c_str());
}

std::string make_test_pki()
{
    return (fs::path(TESTS_DATA).parent_path().parent_path() / "scripts" / "make-test-pki").string();
}

class world {
public:
    world()
    {
        std::string name = (fs::temp_directory_path() / "smime.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = name;
        make();
        anchors = certs::load_trust_anchors(folder_ / "anchors.pem").value();
    }
    ~world() { fs::remove_all(folder_); }
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    void make() const
    {
        const std::string script = make_test_pki();
        REQUIRE(run(script + " " + folder_.string() + " --hospital-address " + std::string(hospital) + " --doctor " +
                    std::string(rsa_doctor) + " --doctor " + std::string(ec_doctor) + ":ec") == 0);
    }
    [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }
    [[nodiscard]] certs::certificate certificate(std::string_view name) const
    {
        return certs::load_certificates(path(std::string(name) + ".crt")).value().front();
    }
    [[nodiscard]] certs::private_key key(std::string_view name) const
    {
        return certs::load_private_key(path(std::string(name) + ".key")).value();
    }
    [[nodiscard]] signer hospital_signer() const { return {key("hospital-sign"), certificate("hospital-sign")}; }
    void write(std::string_view name, std::string_view bytes) const
    {
        std::ofstream(path(name), std::ios::binary) << bytes;
    }
    [[nodiscard]] std::string read(std::string_view name) const
    {
        std::ifstream in(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    [[nodiscard]] std::string doctor(std::string_view address) const { return "doctors/" + std::string(address); }

    std::optional<certs::trust_anchors> anchors;

private:
    fs::path folder_;
};

const world& pki()
{
    static const world made;
    return made;
}
}

TEST_CASE("openssl cms opens and verifies what we seal", "[smime]")
{
    struct row {
        std::string_view doctor;
        seal_options options;
    };
    const auto gcm = content_cipher::aes_256_gcm;
    const std::vector<row> rows = {
        {rsa_doctor, {}},
        {rsa_doctor, {.sign = {rsa_signature::pss}, .encrypt = {}}},
        {rsa_doctor, {.sign = {}, .encrypt = {.cipher = {}, .rsa = rsa_transport::oaep_sha256}}},
        {rsa_doctor, {.sign = {}, .encrypt = {.cipher = gcm, .rsa = {}}}},
        {ec_doctor, {}},
        {ec_doctor, {.sign = {}, .encrypt = {.cipher = gcm, .rsa = {}}}},
    };
    const world& w = pki();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i);
        const std::string doctor = w.doctor(rows[i].doctor);
        const certs::certificate to = w.certificate(doctor);
        REQUIRE(certs::check_recipient(to, {}, *w.anchors, rows[i].doctor, now).has_value());
        const auto sealed = sign_then_encrypt(entity, w.hospital_signer(), std::span(&to, 1), now, rows[i].options);
        REQUIRE(sealed.has_value());
        w.write("mail", "From: " + std::string(hospital) + "\r\nMIME-Version: 1.0\r\n" + *sealed);
        REQUIRE(run("openssl cms -decrypt -in " + w.path("mail") + " -recip " + w.path(doctor + ".crt") + " -inkey " +
                    w.path(doctor + ".key") + " -out " + w.path("signed")) == 0);
        REQUIRE(run("openssl cms -verify -in " + w.path("signed") + " -CAfile " + w.path("anchors.pem") + " -out " +
                    w.path("text") + " -signer " + w.path("signer")) == 0);
        CHECK(w.read("text") == entity);
        CHECK(certs::read_certificate(w.read("signer"))->sha256() == w.hospital_signer().certificate.sha256());

        std::string tampered = w.read("signed");
        tampered[tampered.find("lettre")] = 'L';
        w.write("tampered", tampered);
        CHECK(run("openssl cms -verify -in " + w.path("tampered") + " -CAfile " + w.path("anchors.pem") + " -out " +
                  w.path("text")) != 0);
    }
}

TEST_CASE("ECDH is written with the SHA-256 KDF and a key wrap without parameters", "[smime]")
{
    const world& w = pki();
    const certs::certificate to = w.certificate(w.doctor(ec_doctor));
    w.write("mail", encrypt(entity, std::span(&to, 1)).value());
    REQUIRE(std::system(("openssl cms -cmsout -print -in " + w.path("mail") + " -out " + w.path("printed")).c_str()) ==
            0);
    const std::string printed = w.read("printed");
    const std::size_t kdf = printed.find("algorithm: dhSinglePass-stdDH-sha256kdf-scheme");
    REQUIRE(kdf != std::string::npos);
    const std::size_t wrap = printed.find(":id-aes256-wrap\n", kdf);
    REQUIRE(wrap != std::string::npos);
    CHECK(printed.rfind("l=  11 cons: SEQUENCE", wrap) > kdf);  // the OID's 11 octets and nothing more
    CHECK(printed.find("aes-256-cbc") != std::string::npos);
}

TEST_CASE("we open what openssl cms makes", "[smime]")
{
    struct row {
        std::string_view doctor;
        std::string sign;
        std::string encrypt;
        protection outside;
        protection inside;
    };
    using enum protection;
    const std::vector<row> rows = {
        {rsa_doctor, "", "-aes256", enveloped, signed_multipart},
        {rsa_doctor, "-nodetach", "-aes256", enveloped, signed_opaque},
        {rsa_doctor, "-md sha512 -keyopt rsa_padding_mode:pss", "-aes128 -stream", enveloped, signed_multipart},
        {rsa_doctor, "", "-aes256 -keyopt rsa_padding_mode:oaep", enveloped, signed_multipart},
        {rsa_doctor, "", "-aes256 -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256", enveloped,
         signed_multipart},
        {rsa_doctor, "-nodetach -stream", "-aes-256-gcm", auth_enveloped, signed_opaque},
        {rsa_doctor, "-crlfeol", "-aes256 -crlfeol -keyid", enveloped, signed_multipart},
        {ec_doctor, "", "-aes256", enveloped, signed_multipart},
        {ec_doctor, "-nocerts -certfile " + pki().path("hospital-sign.crt"), "-aes256 -keyopt ecdh_kdf_md:sha256",
         enveloped, signed_multipart},
        {ec_doctor, "-nosmimecap", "-aes-256-gcm -keyopt ecdh_kdf_md:sha256", auth_enveloped, signed_multipart},
    };
    const world& w = pki();
    w.write("entity", entity);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i, rows[i].sign, rows[i].encrypt);
        const std::string doctor = w.doctor(rows[i].doctor);
        // -keyopt belongs to the -signer or -recip before it.
        REQUIRE(run("openssl cms -sign -in " + w.path("entity") + " -out " + w.path("signed") + " -signer " +
                    w.path("hospital-sign.crt") + " -inkey " + w.path("hospital-sign.key") + " " + rows[i].sign) == 0);
        REQUIRE(run("openssl cms -encrypt -in " + w.path("signed") + " -out " + w.path("mail") + " -recip " +
                    w.path(doctor + ".crt") + " " + rows[i].encrypt) == 0);
        const auto read =
            mime::smime::open(w.read("mail"), w.key(doctor), w.certificate(doctor), *w.anchors, now, hospital);
        if (!read.has_value()) FAIL(read.error().message());
        CHECK(read->entity == entity);
        CHECK(read->layers == std::vector{rows[i].outside, rows[i].inside});
        CHECK(read->findings.empty());
        CHECK(read->signer == w.certificate("hospital-sign"));
        CHECK(read->signing_time.has_value());

        std::string tampered = w.read("mail");
        const std::size_t at = tampered.find_first_not_of("\r\n", tampered.size() / 2);
        tampered[at] = tampered[at] == 'A' ? 'B' : 'A';
        const auto broken =
            mime::smime::open(tampered, w.key(doctor), w.certificate(doctor), *w.anchors, now, hospital);
        if (broken.has_value()) CHECK((broken->entity == entity) != broken->has(finding::not_signed));
    }
}

TEST_CASE("make-test-pki is idempotent, keeps keys closed and serves both TLS ends", "[certs]")
{
    const world& w = pki();
    const std::string before = w.certificate("hospital-sign").sha256();
    w.make();
    CHECK(w.certificate("hospital-sign").sha256() == before);
    for (const std::string_view name : {"hospital-tls", "operator-tls", "hospital-sign"}) {
        CAPTURE(name);
        struct stat about {};
        REQUIRE(::stat(w.path(std::string(name) + ".key").c_str(), &about) == 0);
        CHECK((about.st_mode & 0777) == 0600);
        CHECK(w.key(name).matches(w.certificate(name)));
    }
    for (const auto year : {2020, 2049})
        for (const std::string_view name : {"hospital-tls", "operator-tls"})
            for (const auto wanted : {certs::purpose::tls_server, certs::purpose::tls_client}) {
                const std::chrono::sys_seconds at = std::chrono::sys_days(std::chrono::year(year) / 6 / 1);
                CHECK(certs::verify_chain(w.certificate(name), {}, *w.anchors, wanted, at).has_value());
            }
    const auto names = w.certificate("operator-tls").dns_names();
    CHECK(names == std::vector<std::string>{"mx.operateur.example", "localhost"});
    const std::string script = make_test_pki();
    for (const char* wrong :
         {"", " --doctor", " -x", " /tmp/never --doctor 'a b@c'", " /tmp/never --doctor '../x@y'"}) {
        CAPTURE(wrong);
        CHECK(run(script + wrong) != 0);
    }
}
