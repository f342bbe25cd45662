// Tables: widths by content, cells as boxes of lines, rows that go on on the next page under the repeated head.
#include <algorithm>
#include <numeric>

#include "mime/render/flow.hpp"
#include "mime/render/measures.hpp"

namespace mime::render {
namespace {
constexpr double table_line = table_size * line_height;
constexpr std::size_t max_head_rows = 2;  // repeated on each page
constexpr std::size_t max_head_lines = 4;

font_weight weight_of(const cda::narrative_cell& cell)
{
    return cell.is_heading ? font_weight::bold : font_weight::regular;
}

// Of the longest line; what is wider than the page is wide enough.
double wished_width(std::string_view text, font_weight weight)
{
    double widest = 0;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        widest = std::max(widest, end > 500 ? measure : text_width(rest.substr(0, end), weight, table_size));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return widest;
}

// Calls visit(cell, first column) for each cell; `busy` holds for how many rows more a column is taken by a cell above.
template <class Visit>
void each_cell(const cda::narrative_row& row, std::vector<std::size_t>& busy, Visit visit)
{
    std::size_t column = 0;
    const auto skip_busy = [&] {
        for (; column < busy.size() && busy[column] > 0; ++column) --busy[column];
    };
    for (const cda::narrative_cell& cell : row.cells) {
        skip_busy();
        visit(cell, column);
        if (busy.size() < column + cell.columns) busy.resize(column + cell.columns, 0);
        for (std::size_t i = 0; i < cell.columns; ++i) busy[column + i] = cell.rows - 1;
        column += cell.columns;
    }
    for (; column < busy.size(); ++column)
        if (busy[column] > 0) --busy[column];
}

// Bold cells are those that head a row or a column.
std::string attributes_of(const cda::narrative_cell& cell, font_weight weight, std::string_view scope)
{
    std::string out;
    if (weight == font_weight::bold) out.append("/Scope ").append(scope).append(" ");
    if (cell.columns > 1) out += "/ColSpan " + std::to_string(cell.columns) + " ";
    if (cell.rows > 1) out += "/RowSpan " + std::to_string(cell.rows) + " ";
    return out.empty() ? out : "/O /Table " + out;
}
}

std::size_t flow::lines_of(const std::vector<placed>& cells)
{
    std::size_t most = 1;
    for (const placed& cell : cells) most = std::max(most, cell.lines.size());
    return most;
}

flow::grid flow::measured(const cda::narrative_table& table)
{
    grid out;
    std::vector<double> columns;  // widths wished for
    std::vector<std::size_t> busy;
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        each_cell(table.rows[i], busy, [&](const cda::narrative_cell& cell, std::size_t column) {
            if (columns.size() < column + cell.columns) columns.resize(column + cell.columns);
            if (cell.columns != 1) return;
            const font_weight weight = i < table.head_rows ? font_weight::bold : weight_of(cell);
            columns[column] = std::max(columns[column], wished_width(cell.text, weight));
        });
    }
    out.columns = columns.size();
    if (columns.empty()) return out;
    double lines = 0;
    for (double& width : columns) lines += width += 2 * cell_padding + 1;
    out.widths.resize(columns.size());
    // Narrow columns have what they wish for, and the wide ones share what is left.
    std::vector<std::size_t> by_width(columns.size());
    std::iota(by_width.begin(), by_width.end(), std::size_t{0});
    std::stable_sort(by_width.begin(), by_width.end(),
                     [&](std::size_t a, std::size_t b) { return columns[a] < columns[b]; });
    double left = measure;
    for (std::size_t i = 0; i < by_width.size(); ++i) {
        const double share = left / static_cast<double>(by_width.size() - i);
        const double wished = columns[by_width[i]];
        out.widths[by_width[i]] = lines <= measure ? wished * measure / lines : std::min(wished, share);
        left -= out.widths[by_width[i]];
    }
    return out;
}

std::vector<flow::placed> flow::place(const cda::narrative_row& row, const grid& in, row_kind kind,
                                      std::vector<std::size_t>& busy, pdf_writer::element parent)
{
    std::vector<placed> out;
    const auto line = to_.add(parent, "TR");
    each_cell(row, busy, [&](const cda::narrative_cell& cell, std::size_t column) {
        const auto from = in.widths.begin() + static_cast<std::ptrdiff_t>(column);
        const double x = margin + std::accumulate(in.widths.begin(), from, 0.0);
        const double width = std::accumulate(from, from + static_cast<std::ptrdiff_t>(cell.columns), 0.0);
        const font_weight weight = kind == row_kind::head ? font_weight::bold : weight_of(cell);
        out.push_back({x, width, broken_lines(cell.text, weight, table_size, width - 2 * cell_padding), weight,
                       to_.add(line, weight == font_weight::bold ? "TH" : "TD",
                               attributes_of(cell, weight, kind == row_kind::head ? "/Column" : "/Row"))});
    });
    return out;
}

// Lines `from` to `from + count` of every cell, in boxes of one height.
void flow::draw_cells(std::vector<placed>& cells, std::size_t from, std::size_t count, drawing as)
{
    const double height = static_cast<double>(count) * table_line + 2 * cell_padding;
    for (const placed& cell : cells) {
        for (std::size_t i = from; i < std::min(from + count, cell.lines.size()); ++i) {
            const double baseline = y_ - cell_padding - table_size - static_cast<double>(i - from) * table_line;
            if (as == drawing::repeated) {
                to_.artifact_text(cell.x + cell_padding, baseline, table_size, cell.weight, cell.lines[i]);
            } else {
                to_.text(cell.element, cell.x + cell_padding, baseline, table_size, cell.weight, cell.lines[i]);
            }
        }
    }
    for (const placed& cell : cells) to_.artifact_box(cell.x, y_ - height, cell.width, height);
    y_ -= height;
}

void flow::repeat_head(const std::vector<std::vector<placed>>& head)
{
    for (auto row : head) draw_cells(row, 0, std::min(lines_of(row), max_head_lines), drawing::repeated);
}

void flow::draw_row(std::vector<placed>& cells, const std::vector<std::vector<placed>>& head)
{
    const std::size_t most = lines_of(cells);
    const auto height = [](std::size_t count) { return static_cast<double>(count) * table_line + 2 * cell_padding; };
    for (std::size_t done = 0; done < most;) {
        const std::size_t left = most - done;
        const bool fits_a_page = height(left) <= (top - bottom) / 2;
        const std::size_t wanted = fits_a_page ? left : 1;
        const std::size_t before = to_.pages();
        if (!make_room(height(wanted))) return;
        if (to_.pages() != before) repeat_head(head);
        const double room = y_ - bottom - 2 * cell_padding;
        const std::size_t count = std::clamp<std::size_t>(static_cast<std::size_t>(room / table_line), 1, left);
        draw_cells(cells, done, count, drawing::first);
        done += count;
    }
}

void flow::table(const cda::narrative_table& table)
{
    end_lists();
    const grid in = measured(table);
    if (in.columns == 0 || !make_room(4 * table_line)) return;
    const auto root = to_.add(pdf_writer::document, "Table");
    if (!table.caption.empty())
        lines(to_.add(root, "Caption"), broken_lines(table.caption, font_weight::bold, table_size, measure), margin,
              table_size, font_weight::bold);
    y_ -= 2;
    std::vector<std::vector<placed>> head;
    std::vector<std::size_t> busy;
    const auto parts = table.head_rows > 0 ? to_.add(root, "THead") : root;
    const auto body = table.head_rows > 0 ? to_.add(root, "TBody") : root;
    for (std::size_t i = 0; i < table.rows.size() && !full_; ++i) {
        const bool in_head = i < table.head_rows;
        auto cells = place(table.rows[i], in, in_head ? row_kind::head : row_kind::body, busy, in_head ? parts : body);
        draw_row(cells, in_head ? std::vector<std::vector<placed>>() : head);
        // A head of more lines than this would leave its table no room.
        if (in_head && head.size() < max_head_rows) head.push_back(std::move(cells));
    }
    y_ -= 6;
}
}
