// CSV (RFC 4180) of one header row and one data row; the separator is the first of ; , TAB in the header.
#include "mime/sidecar/flat.hpp"

namespace mime::sidecar::detail {
namespace {
struct cell {
    std::string text;
    std::size_t line;
};

class csv_reader {
public:
    csv_reader(std::string_view text, std::size_t most_cells) : text_(text), most_cells_(most_cells)
    {
        const std::string_view header = text.substr(0, text.find_first_of("\r\n"));
        const std::size_t sign = header.find_first_of(";,\t");
        if (sign != std::string_view::npos) separator_ = header[sign];
    }

    [[nodiscard]] std::size_t line() const noexcept { return line_; }

    // Blank lines between and after rows are no rows.
    bool skip_blank_lines()
    {
        while (at_ < text_.size()) {
            const std::size_t next = text_.find_first_not_of(" \t", at_);
            if (next == std::string_view::npos)
                at_ = text_.size();
            else if (text_[next] != '\r' && text_[next] != '\n')
                return true;
            else
                at_ = next, end_line();
        }
        return false;
    }

    sidecar_result<std::vector<cell>> row()
    {
        std::vector<cell> cells;
        for (;;) {
            if (cells.size() == most_cells_)
                return flat_error(sidecar_errc::too_many, "", "trop de colonnes", {line_, cells.size() + 1});
            auto next = at_ < text_.size() && text_[at_] == '"' ? quoted(cells.size() + 1) : plain(cells.size() + 1);
            if (!next) return next.error();
            cells.push_back(std::move(*next));
            if (at_ < text_.size() && text_[at_] == separator_) {
                ++at_;
                continue;
            }
            end_line();
            return cells;
        }
    }

private:
    void end_line()
    {
        if (at_ >= text_.size()) return;
        at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
        ++line_;
    }

    [[nodiscard]] bool at_cell_end() const
    {
        return at_ >= text_.size() || text_[at_] == separator_ || text_[at_] == '\r' || text_[at_] == '\n';
    }

    sidecar_result<cell> plain(std::size_t column)
    {
        cell out{{}, line_};
        const std::size_t first = at_;
        for (; !at_cell_end(); ++at_) {
            if (text_[at_] == '"')
                return flat_error(sidecar_errc::not_flat, "", "guillemet au milieu d'une cellule", {line_, column});
        }
        std::string_view text = text_.substr(first, at_ - first);
        while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
        while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
        out.text = text;
        return out;
    }

    sidecar_result<cell> quoted(std::size_t column)
    {
        cell out{{}, line_};
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"' && text_.substr(at_, 2) != "\"\"") break;
            if (c == '"') ++at_;
            if (c == '\n' || (c == '\r' && text_.substr(at_, 2) != "\r\n")) ++line_;
            out.text += c;
        }
        if (at_ >= text_.size())
            return flat_error(sidecar_errc::not_flat, "", "guillemet jamais refermé", {out.line, column});
        ++at_;
        if (!at_cell_end())
            return flat_error(sidecar_errc::not_flat, "", "texte après un guillemet fermant", {line_, column});
        return out;
    }

    std::string_view text_;
    std::size_t most_cells_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    char separator_ = ';';
};
}

sidecar_result<std::vector<flat_pair>> read_csv(std::string_view text, const sidecar_limits& limits)
{
    csv_reader reader(text, limits.max_flat_keys);
    if (!reader.skip_blank_lines()) return flat_error(sidecar_errc::not_flat, "", "fichier vide", {});
    auto header = reader.row();
    if (!header) return header.error();
    if (!reader.skip_blank_lines())
        return flat_error(sidecar_errc::not_flat, "", "aucune ligne de données après les titres", {});
    auto data = reader.row();
    if (!data) return data.error();
    if (data->size() != header->size())
        return flat_error(sidecar_errc::not_flat, "", "la ligne de données n'a pas autant de colonnes que les titres",
                          {data->front().line, data->size()});
    if (reader.skip_blank_lines())
        return flat_error(sidecar_errc::too_many, "", "une seule ligne de données par fichier", {reader.line(), 1});
    std::vector<flat_pair> pairs;
    for (std::size_t i = 0; i < header->size(); ++i) {
        // A separator at the end of both rows makes a column of nothing.
        if ((*header)[i].text.empty() && (*data)[i].text.empty()) continue;
        pairs.push_back({std::move((*header)[i].text), std::move((*data)[i].text), {(*data)[i].line, i + 1}});
    }
    return pairs;
}
}
