#include <catch2/catch.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <stdlib.h>
#include <sys/stat.h>

#include "certs/openssl/handles.hpp"
#include "mime/text/base64.hpp"
#include "relay/routing/errc.hpp"
#include "relay/routing/sqlite_directory.hpp"

using namespace relay::routing;

namespace {
constexpr std::string_view header =
    "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification Structure|Nom d'exercice|"
    "Prénom d'exercice|Raison Sociale structure BAL|Enseigne commerciale structure BAL|Service de "
    "rattachement|Certificat";

struct place {
    std::filesystem::path folder;
    directory_options options;
    place()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "liaison-routing-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
        options.path = (folder / "directory.db").string();
        options.certificates_path = (folder / "certificates.db").string();
    }
    ~place() { std::filesystem::remove_all(folder); }
    [[nodiscard]] std::string write(const std::string& text) const
    {
        const auto path = (folder / "extraction.txt").string();
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    [[nodiscard]] std::unique_ptr<sqlite_directory> open() const
    {
        auto opened = sqlite_directory::open(options);
        REQUIRE(opened.has_value());
        return std::move(*opened);
    }
};

std::string row(const std::string& address, const std::string& rpps = "99900000011",
                const std::string& certificate = "")
{
    return "\nPER|" + address + "|8|" + rpps + "|990000010|ESSAI|Camille||||" + certificate;
}

// A self-signed certificate for these names; `days` moves its beginning.
std::string certificate_for(const std::string& names, int days = 0)
{
    const certs::openssl::pkey_ptr key(EVP_EC_gen("P-256"));
    const certs::openssl::x509_ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7 + days);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400L * 30);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("essai"), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    if (!names.empty()) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
        REQUIRE(extension != nullptr);
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(made.get(), key.get(), EVP_sha256());
    unsigned char* octets = nullptr;
    const int size = i2d_X509(made.get(), &octets);
    const certs::openssl::octets_ptr owner(octets);
    return {reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size)};
}
}

TEST_CASE("an import can be looked up, also after reopening", "[routing][directory]")
{
    const place here;
    auto directory = here.open();
    CHECK(directory->by_rpps("99900000011").empty());
    CHECK_FALSE(directory->state()->imported_at.has_value());
    const auto file = here.write(std::string(header) + row("Camille.Essai@mss.test") + row("camille@autre.test") +
                                 row("sans arobase") + "\nORG|accueil@mss.test|||990000028||||ENSEIGNE|UF 12|");
    const auto summary = directory->import_file(file);
    REQUIRE(summary.has_value());
    CHECK(summary->rows == 3);
    CHECK(summary->warnings == std::vector<std::string>{"ligne 4 : adresse BAL mal formée"});
    for (int turn = 0; turn < 2; ++turn) {
        CHECK(directory->by_rpps("99900000011").size() == 2);
        CHECK(directory->by_rpps("").empty());
        CHECK(directory->by_rpps("99900000029").empty());
        const auto found = directory->by_address("CAMILLE.essai@MSS.test");
        REQUIRE(found.size() == 1);
        CHECK(found[0].address == "Camille.Essai@mss.test");
        CHECK(found[0].family == "ESSAI");
        CHECK(directory->by_address("accueil@mss.test").at(0).label == "UF 12");
        CHECK(directory->state()->rows == 3);
        CHECK(directory->state()->imported_at.has_value());
        directory = here.open();
    }
    struct stat info {};
    REQUIRE(::stat(here.options.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("an import replaces the table, a bad one leaves it", "[routing][directory]")
{
    const place here;
    auto directory = here.open();
    REQUIRE(directory->import_file(here.write(std::string(header) + row("un@mss.test"))).has_value());
    CHECK(directory->import_file(here.write("pas un annuaire\n")).error() == routing_errc::header_not_understood);
    CHECK(directory->import_file(here.write("")).error() == routing_errc::header_not_understood);
    CHECK(directory->import_file(here.write(std::string(header) + row("rien"))).error() ==
          routing_errc::nothing_usable);
    CHECK(directory->import_file((here.folder / "absent").string()).error() == routing_errc::file_unreadable);
    CHECK(directory->import_file(here.folder.string()).error() == routing_errc::file_unreadable);
    CHECK(directory->by_address("un@mss.test").size() == 1);
    CHECK_FALSE(std::filesystem::exists(here.options.path + ".new"));
    REQUIRE(directory->import_file(here.write(std::string(header) + row("deux@mss.test"))).has_value());
    CHECK(directory->by_address("un@mss.test").empty());
    CHECK(directory->by_address("deux@mss.test").size() == 1);
}

TEST_CASE("a download that shrank is refused", "[routing][directory]")
{
    place here;
    here.options.shrink_guard_rows = 100;
    auto directory = here.open();
    const auto rows = [&](int count) {
        std::string text(header);
        for (int index = 0; index < count; ++index) text += row("a" + std::to_string(index) + "@mss.test");
        return here.write(text);
    };
    REQUIRE(directory->import_file(rows(100)).has_value());
    CHECK(directory->import_file(rows(94)).error() == routing_errc::shrunk);
    CHECK(directory->state()->rows == 100);
    REQUIRE(directory->import_file(rows(95)).has_value());
    REQUIRE(directory->import_file(rows(1)).has_value());  // under the guard, as small directories may
}

TEST_CASE("certificates: of the address, else of its domain, newest first", "[routing][directory]")
{
    const place here;
    auto directory = here.open();
    const auto old = certificate_for("email:Camille@mss.test", -10);
    const auto fresh = certificate_for("email:camille@MSS.test,email:second@mss.test", -1);
    const auto domain = certificate_for("DNS:mss.test");
    CHECK(*directory->add_certificate(old) == std::vector<std::string>{"camille@mss.test"});
    CHECK(*directory->add_certificate(fresh) == std::vector<std::string>{"camille@mss.test", "second@mss.test"});
    CHECK(*directory->add_certificate(domain) == std::vector<std::string>{"mss.test"});
    REQUIRE(directory->add_certificate(domain).has_value());  // twice is once
    CHECK(directory->add_certificate("certainement pas").error() == routing_errc::certificate_malformed);
    CHECK(directory->add_certificate(certificate_for("")).error() == routing_errc::certificate_without_names);

    const auto imported = certificate_for("email:importe@mss.test");
    const auto summary = directory->import_file(
        here.write(std::string(header) + row("importe@mss.test", "99900000011", mime::base64_encode(imported)) +
                   row("abime@mss.test", "99900000029", "QUJD")));
    REQUIRE(summary.has_value());
    CHECK(summary->certificates == 1);
    CHECK(summary->rows == 2);
    CHECK(summary->warnings == std::vector<std::string>{"ligne 3 : certificat illisible, ignoré"});
    directory = here.open();
    CHECK(directory->certificates("Camille@MSS.test") == std::vector<std::string>{fresh, old});
    CHECK(directory->certificates("second@mss.test") == std::vector<std::string>{fresh});
    CHECK(directory->certificates("importe@mss.test") == std::vector<std::string>{imported});
    CHECK(directory->certificates("quiconque@mss.test") == std::vector<std::string>{domain});
    CHECK(directory->certificates("quiconque@sous.mss.test").empty());
}

TEST_CASE("readers go on while an import swaps the file", "[routing][directory]")
{
    const place here;
    auto directory = here.open();
    const auto file = here.write(std::string(header) + row("un@mss.test"));
    REQUIRE(directory->import_file(file).has_value());
    std::atomic<bool> stop{false};
    std::atomic<int> missed{0}, asked{0};
    std::thread reader([&] {
        while (!stop) {
            if (directory->by_address("un@mss.test").size() != 1) ++missed;
            ++asked;
        }
    });
    for (int turn = 0; turn < 20; ++turn) CHECK(directory->import_file(file).has_value());
    stop = true;
    reader.join();
    CHECK(asked > 0);
    CHECK(missed == 0);
}

TEST_CASE("a file that is no directory is refused at opening", "[routing][directory]")
{
    const place here;
    std::ofstream(here.options.path) << std::string(4096, 'x');
    CHECK(sqlite_directory::open(here.options).error() == routing_errc::database_failed);
    auto nowhere = here.options;
    nowhere.certificates_path = (here.folder / "none" / "c.db").string();
    CHECK(sqlite_directory::open(nowhere).error() == routing_errc::database_failed);
}
