#include "relay/http/health.hpp"

namespace relay::http {
namespace {
response told(std::string_view good, std::string_view bad, const std::vector<std::string_view>& reasons)
{
    response made;
    made.content_type = type_text;
    made.status = reasons.empty() ? 200 : 503;
    std::string text(reasons.empty() ? good : bad);
    text += "\n";
    for (const auto reason : reasons) text.append(reason).append("\n");
    made.content = std::move(text);
    return made;
}
}

response alive(const node_facts& node, const health_limits& limits)
{
    std::vector<std::string_view> reasons;
    if (node.longest_step >= limits.longest_step)
        reasons.push_back("STEP_STUCK un fil d'exécution ne rend plus la main");
    return told("alive", "stuck", reasons);
}

response ready(const node_facts& node, store_state store)
{
    std::vector<std::string_view> reasons;
    if (node.phase == phase::starting) reasons.push_back("STARTING démarrage en cours");
    if (node.phase == phase::draining) reasons.push_back("DRAINING arrêt en cours, fin de ce qui est commencé");
    if (store == store_state::not_writable) reasons.push_back("STORE_NOT_WRITABLE la base ne prend plus d'écriture");
    if (node.load == pipeline::load_state::refusing)
        reasons.push_back("REFUSING_LOAD charge excessive, rien de nouveau n'est pris");
    return told("ready", "not ready", reasons);
}
}
