#include "relay/app/privileges.hpp"

#include <array>

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relay/io/early_sockets.hpp"

namespace relay::app {
namespace {
constexpr std::uint16_t first_unprivileged_port = 1024;  // ip(7), net.ipv4.ip_unprivileged_port_start's default
constexpr const char* key = "[node] user";

struct account {
    uid_t user = 0;
    gid_t group = 0;
};

std::optional<account> find_account(const std::string& name)
{
    std::array<char, 16 * 1024> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return account{entry.pw_uid, entry.pw_gid};
}

bool has_capabilities()
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) return true;  // unknown is not none
    for (const auto& one : sets)
        if ((one.effective | one.permitted | one.inheritable) != 0) return true;
    return false;
}

bool can_go_back(const account& now)
{
    uid_t real = 0, effective = 0, saved = 0;
    gid_t real_group = 0, effective_group = 0, saved_group = 0;
    if (::getresuid(&real, &effective, &saved) != 0 || ::getresgid(&real_group, &effective_group, &saved_group) != 0)
        return true;
    if (real != now.user || effective != now.user || saved != now.user) return true;
    if (real_group != now.group || effective_group != now.group || saved_group != now.group) return true;
    return ::setuid(0) == 0 || ::seteuid(0) == 0 || ::setgroups(0, nullptr) == 0 ||
           (now.group != 0 && ::setegid(0) == 0) || has_capabilities();
}

config::mistake wrong(const config::settings& all, std::string what)
{
    return {all.file.filename().string() + " " + key, std::move(what)};
}
}

std::vector<config::endpoint> listen_addresses(const config::settings& all)
{
    std::vector<config::endpoint> made;
    const auto add = [&made](const std::optional<config::endpoint>& one) {
        if (one) made.push_back(*one);
    };
    if (all.roles.hospital) {
        add(all.hospital.returns);
        add(all.mllp.listen);
    }
    add(all.http.listen);
    if (all.roles.operator_) {
        add(all.operator_.smtp);
        add(all.operator_.submission);
        add(all.operator_.submissions);
        add(all.operator_.imap);
        add(all.operator_.imaps);
    }
    return made;
}

std::optional<config::mistake> give_up_privileges(const config::settings& all)
{
    if (all.node.user.empty()) return std::nullopt;
    const auto wanted = find_account(all.node.user);
    if (!wanted) return wrong(all, "compte inconnu de ce système");
    if (wanted->user == 0) return wrong(all, "root n'est pas un compte pour ce service");
    if (::geteuid() != 0) {
        if (::geteuid() == wanted->user) return std::nullopt;
        return wrong(all, "lancé sous un autre compte, et sans les droits d'en changer");
    }
    for (const config::endpoint& at : listen_addresses(all))
        if (at.port != 0 && at.port < first_unprivileged_port)
            if (const auto bound = io::bind_early({at.host, at.port}); !bound.has_value())
                return wrong(all, "port " + std::to_string(at.port) + " : " + bound.error().message());
    if (::initgroups(all.node.user.c_str(), wanted->group) != 0 ||
        ::setresgid(wanted->group, wanted->group, wanted->group) != 0 ||
        ::setresuid(wanted->user, wanted->user, wanted->user) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return wrong(all, "changement de compte refusé par le système");
    if (can_go_back(*wanted)) return wrong(all, "les droits de root ne sont pas tous rendus : arrêt");
    return std::nullopt;
}
}
