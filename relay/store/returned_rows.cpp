#include "relay/store/returned_rows.hpp"

#include "relay/store/rows.hpp"
#include "relay/store/transaction.hpp"

namespace relay::store {
using namespace pipeline;

bool returned_rows::is_known(std::string_view key)
{
    return unit_.database().query("SELECT 1 FROM returned_mail WHERE key = ?", key).next();
}

void returned_rows::add(const ports::returned_mail_row& row)
{
    unit_.database().run("INSERT INTO returned_mail (key, at, delivery, content) VALUES (?, ?, ?, ?)", row.key, row.at,
                         row.delivery, row.content);
}

std::size_t returned_rows::drop_content(instant until, std::size_t limit)
{
    std::vector<std::pair<std::string, blob_id>> old;
    {
        cursor rows = unit_.database().query(
            "SELECT key, content FROM returned_mail WHERE content IS NOT NULL AND at < ? ORDER BY at LIMIT ?", until,
            limit_of(limit));
        while (rows.next()) old.emplace_back(rows.text(0), rows.id<blob_id>(1));
    }
    if (!old.empty()) unit_.retention_changes().erase_thoroughly();
    for (const auto& [key, content] : old) {
        unit_.remove_blob(content);
        unit_.database().run("UPDATE returned_mail SET content = NULL WHERE key = ?", key);
    }
    return old.size();
}
}
