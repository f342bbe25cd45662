// relay/store/returned_rows.hpp: the table of mails that came back. Private to relay/store; lives on the writer thread.
#pragma once

#include "relay/pipeline/ports/returned_mail.hpp"

namespace relay::store {
class sql_transaction;

class returned_rows final : public pipeline::ports::returned_mails {
public:
    explicit returned_rows(sql_transaction& unit) : unit_(unit) {}
    bool is_known(std::string_view key) override;
    void add(const pipeline::ports::returned_mail_row& row) override;
    std::size_t drop_content(base::instant until, std::size_t limit) override;

private:
    sql_transaction& unit_;
};
}
