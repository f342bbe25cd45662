#include "relay/imap/mailbox/list_pattern.hpp"

#include <vector>

namespace relay::imap {
// reached[i]: the pattern read so far can end after i octets of the name. One row at a time, so that "*%*%*" stays
// cheap.
bool matches_list_pattern(std::string_view pattern, std::string_view name)
{
    std::vector<char> reached(name.size() + 1, 0);
    reached[0] = 1;
    for (const char p : pattern) {
        if (p == '*' || p == '%') {
            for (std::size_t i = 0; i < name.size(); ++i)
                if (reached[i] != 0 && (p == '*' || name[i] != '/')) reached[i + 1] = 1;
            continue;
        }
        for (std::size_t i = name.size(); i > 0; --i)
            reached[i] = static_cast<char>(reached[i - 1] != 0 && name[i - 1] == p);
        reached[0] = 0;
    }
    return reached[name.size()] != 0;
}
}
