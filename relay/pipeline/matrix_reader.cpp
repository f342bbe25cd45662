// The reader of routing_matrix.hpp.
#include <algorithm>
#include <optional>

#include <toml++/toml.h>

#include "relay/pipeline/routing_matrix.hpp"

namespace relay::pipeline {
namespace {
std::uint32_t line_of(const toml::node& node)
{
    return static_cast<std::uint32_t>(node.source().begin.line);
}

class row_reader {
public:
    row_reader(const toml::table& from, row_origin origin, std::vector<matrix_mistake>& mistakes)
        : from_(from), mistakes_(mistakes)
    {
        row_.origin = origin;
    }

    std::optional<matrix_row> run()
    {
        const std::size_t before = mistakes_.size();
        row_.name = from_["name"].value_or(std::string());
        if (row_.name.empty()) wrong(from_, "name : le nom de la ligne est attendu");
        if (const auto* marked = from_.get("tolerance")) read_tolerance(*marked);
        for (std::size_t i = 0; i < matrix_flags.size(); ++i) read_flag(i);
        read_mail();
        check_known_keys();
        if (row_.wants[invisible_to_patient] != flag_want::no && row_.wants[to_patient] == flag_want::yes)
            wrong(from_, "INVISIBLE_PATIENT doit valoir N quand DESTMSSANTEPAT vaut Y");
        if (mistakes_.size() != before) return std::nullopt;
        return row_;
    }

private:
    void wrong(const toml::node& at, std::string what)
    {
        mistakes_.push_back({line_of(at), "ligne de matrice " + row_.name + " : " + std::move(what)});
    }

    void read_tolerance(const toml::node& marked)
    {
        const auto value = marked.value_exact<bool>();
        if (!value || row_.origin == row_origin::profile)
            wrong(marked, "tolerance : true ou false, et seulement dans une matrice nationale");
        else if (*value)
            row_.origin = row_origin::tolerance;
    }

    void read_flag(std::size_t i)
    {
        const std::string text = from_[matrix_flags[i]].value_or(std::string());
        if (text == "Y")
            row_.wants[i] = flag_want::yes;
        else if (text == "N")
            row_.wants[i] = flag_want::no;
        else if (text == "any" && i != to_professionals && i != to_patient)
            row_.wants[i] = flag_want::any;
        else
            wrong(from_, std::string(matrix_flags[i]) +
                             (i < to_professionals ? " : Y, N ou any est attendu" : " : Y ou N est attendu"));
    }

    // Said twice on purpose: a row of data that mails somebody by mistake is worse than one that is refused.
    void read_mail()
    {
        bool professionals = false, patient = false, good = true;
        const toml::array* list = from_["mail"].as_array();
        if (list != nullptr)
            for (const toml::node& item : *list) {
                const std::string who = item.value_or(std::string());
                professionals = professionals || who == "professionals";
                patient = patient || who == "patient";
                good = good && (who == "professionals" || who == "patient");
            }
        if (list == nullptr || !good || !(professionals || patient))
            wrong(from_, "mail : liste de professionals, patient");
        else if (professionals != (row_.wants[to_professionals] == flag_want::yes) ||
                 patient != (row_.wants[to_patient] == flag_want::yes))
            wrong(from_, "mail contredit DESTMSSANTEPS ou DESTMSSANTEPAT");
    }

    void check_known_keys()
    {
        for (const auto& [key, node] : from_) {
            const std::string_view name = key.str();
            const bool flag = std::find(matrix_flags.begin(), matrix_flags.end(), name) != matrix_flags.end();
            if (!flag && name != "name" && name != "tolerance" && name != "mail")
                wrong(node, "clé inconnue : " + std::string(name));
        }
    }

    const toml::table& from_;
    std::vector<matrix_mistake>& mistakes_;
    matrix_row row_;
};

void read_rows(const toml::node* list, row_origin origin, matrix_file& into)
{
    if (list == nullptr) return;
    const toml::array* rows = list->as_array();
    if (rows == nullptr || !rows->is_homogeneous<toml::table>()) {
        into.mistakes.push_back({line_of(*list), "lignes de matrice : doubles crochets attendus"});
        return;
    }
    for (const toml::node& item : *rows)
        if (auto row = row_reader(*item.as_table(), origin, into.mistakes).run())
            into.matrix.rows.push_back(std::move(*row));
}

template <class Read>
matrix_file read_file(std::string_view text, Read read)
{
    matrix_file file;
    try {
        const toml::table root = toml::parse(text);
        read(root, file);
    } catch (const toml::parse_error& error) {
        file.mistakes.push_back({static_cast<std::uint32_t>(error.source().begin.line),
                                 "syntaxe TOML : " + std::string(error.description())});
    }
    return file;
}
}

matrix_file read_matrix(std::string_view toml)
{
    return read_file(toml, [](const toml::table& root, matrix_file& file) {
        file.matrix.version = root["version"].value_or(std::string());
        file.matrix.source = root["source"].value_or(std::string());
        if (file.matrix.version.empty()) file.mistakes.push_back({1, "version : la date de la matrice est attendue"});
        if (file.matrix.source.empty()) file.mistakes.push_back({1, "source : le texte d'origine est attendu"});
        for (const auto& [key, node] : root)
            if (key.str() != "version" && key.str() != "source" && key.str() != "row")
                file.mistakes.push_back({line_of(node), "clé inconnue : " + std::string(key.str())});
        read_rows(root.get("row"), row_origin::national, file);
        if (file.matrix.rows.empty()) file.mistakes.push_back({1, "aucune ligne [[row]]"});
    });
}

matrix_file read_profile_rows(std::string_view toml)
{
    return read_file(toml, [](const toml::table& root, matrix_file& file) {
        read_rows(root.get("matrix_row"), row_origin::profile, file);
    });
}
}
