#include "relay/http/errc.hpp"

#include <array>
#include <string>

namespace relay::http {
namespace {
// In the order of the enum.
constexpr std::array<errc_facts, 14> table{{
    {400, "MALFORMED", "La demande n'est pas une demande HTTP que ce serveur comprend."},
    {431, "HEAD_TOO_LARGE", "L'en-tête de la demande est trop long."},
    {414, "TARGET_TOO_LONG", "L'adresse demandée est trop longue."},
    {413, "BODY_REFUSED", "Ce serveur ne reçoit aucun contenu."},
    {400, "HOST_MISSING", "La demande ne dit pas à quel serveur elle s'adresse (champ Host)."},
    {421, "HOST_REFUSED", "Ce serveur ne répond qu'à localhost : passer par 127.0.0.1 ou un tunnel."},
    {405, "METHOD_REFUSED", "Seules la lecture (GET) et son en-tête (HEAD) sont servis."},
    {505, "VERSION_REFUSED", "Seuls HTTP/1.0 et HTTP/1.1 sont servis."},
    {404, "NOT_FOUND", "Cette page n'existe pas."},
    {400, "BAD_PARAMETER", "Un paramètre n'est pas lisible : dates AAAA-MM-JJ, la première avant la seconde."},
    {400, "PERIOD_TOO_LONG", "La période est trop longue : trois ans au plus."},
    {408, "TOO_SLOW", "La demande n'est pas arrivée à temps."},
    {503, "BUSY", "Trop de pages sont demandées à la fois : recommencer dans quelques secondes."},
    {500, "PAGE_FAILED", "La page n'a pas pu être faite : le journal du nœud dit pourquoi."},
}};

class category_type final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "http"; }
    std::string message(int code) const override { return std::string(facts_of({code, *this}).code); }
};
}

const boost::system::error_category& category() noexcept
{
    static const category_type one;
    return one;
}

const errc_facts& facts_of(const boost::system::error_code& error) noexcept
{
    const auto place = static_cast<std::size_t>(error.value()) - 1;
    if (error.category() != category() || place >= table.size()) return table.back();
    return table[place];
}
}
