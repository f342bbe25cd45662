#include "mime/render/truetype.hpp"

#include <algorithm>
#include <map>

namespace mime::render {
namespace {
unsigned u16(std::string_view bytes, std::size_t at) noexcept
{
    if (at > bytes.size() || bytes.size() - at < 2) return 0;
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) << 8U |
           static_cast<unsigned char>(bytes[at + 1]);
}

std::uint32_t u32(std::string_view bytes, std::size_t at) noexcept
{
    return static_cast<std::uint32_t>(u16(bytes, at)) << 16U | u16(bytes, at + 2);
}

int s16(std::string_view bytes, std::size_t at) noexcept
{
    return static_cast<std::int16_t>(u16(bytes, at));
}

std::string_view part(std::string_view bytes, std::size_t at, std::size_t size) noexcept
{
    return at > bytes.size() ? std::string_view() : bytes.substr(at, size);
}

void put16(std::string& out, unsigned value)
{
    out += static_cast<char>(value >> 8U & 0xFFU);
    out += static_cast<char>(value & 0xFFU);
}

void put32(std::string& out, std::uint32_t value)
{
    put16(out, value >> 16U);
    put16(out, value & 0xFFFFU);
}

void set16(std::string& bytes, std::size_t at, unsigned value)
{
    if (bytes.size() < at + 2) return;
    bytes[at] = static_cast<char>(value >> 8U & 0xFFU);
    bytes[at + 1] = static_cast<char>(value & 0xFFU);
}

void set32(std::string& bytes, std::size_t at, std::uint32_t value)
{
    set16(bytes, at, value >> 16U);
    set16(bytes, at + 2, value & 0xFFFFU);
}

std::uint32_t checksum(std::string_view bytes)
{
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 4) {
        std::uint32_t word = 0;
        for (std::size_t i = 0; i < 4; ++i)
            word = word << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        sum += word;
    }
    return sum;
}

// Offsets of the component numbers inside a composed glyph ("glyf", number of contours -1).
std::vector<std::size_t> component_places(std::string_view outline)
{
    constexpr unsigned words = 0x0001, scale = 0x0008, more = 0x0020, two_scales = 0x0040, matrix = 0x0080;
    std::vector<std::size_t> places;
    if (s16(outline, 0) >= 0) return places;
    unsigned flags = more;
    for (std::size_t at = 10; (flags & more) != 0 && at + 4 <= outline.size();) {
        flags = u16(outline, at);
        places.push_back(at + 2);
        at += 4 + ((flags & words) != 0 ? 4U : 2U);
        at += (flags & scale) != 0 ? 2U : (flags & two_scales) != 0 ? 4U : (flags & matrix) != 0 ? 8U : 0U;
    }
    return places;
}

std::string assembled(const std::map<std::string, std::string, std::less<>>& tables)
{
    std::string out;
    const auto count = static_cast<unsigned>(tables.size());
    unsigned power = 1, log = 0;
    while (power * 2 <= count) power *= 2, ++log;
    put32(out, 0x00010000);
    put16(out, count);
    put16(out, power * 16);
    put16(out, log);
    put16(out, count * 16 - power * 16);
    std::size_t at = 12 + tables.size() * 16;
    for (const auto& [tag, bytes] : tables) {
        out += tag;
        put32(out, checksum(bytes));
        put32(out, static_cast<std::uint32_t>(at));
        put32(out, static_cast<std::uint32_t>(bytes.size()));
        at += (bytes.size() + 3) / 4 * 4;
    }
    std::size_t head = 0;
    for (const auto& [tag, bytes] : tables) {
        if (tag == "head") head = out.size();
        out += bytes;
        out.append((4 - bytes.size() % 4) % 4, '\0');
    }
    set32(out, head + 8, 0xB1B0AFBAU - checksum(out));
    return out;
}
}

truetype_font::truetype_font(std::string_view bytes) : bytes_(bytes)
{
    const std::string_view head = table("head");
    const std::string_view hhea = table("hhea");
    glyf_ = table("glyf");
    loca_ = table("loca");
    hmtx_ = table("hmtx");
    units_per_em_ = std::max(u16(head, 18), 1U);
    long_offsets_ = u16(head, 50) != 0;
    long_metrics_ = std::max(u16(hhea, 34), 1U);
    glyphs_ = u16(table("maxp"), 4);
    const auto thousandths = [&](int value) { return value * 1000 / static_cast<int>(units_per_em_); };
    facts_.ascent = thousandths(s16(hhea, 4));
    facts_.descent = thousandths(s16(hhea, 6));
    for (std::size_t i = 0; i < 4; ++i) facts_.box[i] = thousandths(s16(head, 36 + 2 * i));
    read_character_map();
}

std::string_view truetype_font::table(std::string_view tag) const noexcept
{
    const unsigned count = u16(bytes_, 4);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = 12 + 16 * i;
        if (part(bytes_, row, 4) == tag) return part(bytes_, u32(bytes_, row + 8), u32(bytes_, row + 12));
    }
    return {};
}

// Format 12 if there is one, else format 4.
void truetype_font::read_character_map()
{
    const std::string_view map = table("cmap");
    std::string_view best;
    for (std::size_t i = 0; i < u16(map, 2); ++i) {
        const std::string_view found = part(map, u32(map, 4 + 8 * i + 4), map.size());
        const unsigned format = u16(found, 0);
        if (format == 12 || (format == 4 && best.empty())) best = found;
    }
    if (u16(best, 0) == 12) {
        for (std::size_t i = 0; i < u32(best, 12) && 16 + 12 * i < best.size(); ++i) {
            const std::size_t row = 16 + 12 * i;
            ranges_.push_back({u32(best, row), u32(best, row + 4), static_cast<std::uint16_t>(u32(best, row + 8))});
        }
        return;
    }
    const std::size_t segments = u16(best, 6) / 2;
    for (std::size_t i = 0; i < segments; ++i) {
        const unsigned last = u16(best, 14 + 2 * i);
        const unsigned first = u16(best, 16 + 2 * segments + 2 * i);
        const unsigned delta = u16(best, 16 + 4 * segments + 2 * i);
        const std::size_t offset_at = 16 + 6 * segments + 2 * i;
        const unsigned offset = u16(best, offset_at);
        for (unsigned c = first; c <= last && c != 0xFFFF; ++c) {
            const unsigned glyph = offset == 0 ? c : u16(best, offset_at + offset + 2 * (c - first));
            if (glyph != 0) ranges_.push_back({c, c, static_cast<std::uint16_t>(glyph + delta)});
        }
    }
}

std::uint16_t truetype_font::glyph_of(char32_t character) const noexcept
{
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), character,
                                        [](char32_t c, const range& r) { return c < r.first; });
    if (after == ranges_.begin() || character > std::prev(after)->last) return 0;
    return static_cast<std::uint16_t>(std::prev(after)->glyph + (character - std::prev(after)->first));
}

unsigned truetype_font::advance_of(std::uint16_t glyph) const noexcept
{
    const std::size_t index = std::min<std::size_t>(glyph, long_metrics_ - 1);
    return (u16(hmtx_, index * 4) * 1000 + units_per_em_ / 2) / units_per_em_;
}

std::string_view truetype_font::outline_of(std::uint16_t glyph) const noexcept
{
    const auto offset = [&](std::size_t i) -> std::size_t {
        return long_offsets_ ? u32(loca_, i * 4) : 2 * static_cast<std::size_t>(u16(loca_, i * 2));
    };
    const std::size_t from = offset(glyph);
    const std::size_t to = offset(glyph + std::size_t{1});
    return to > from ? part(glyf_, from, to - from) : std::string_view();
}

std::string truetype_font::subset(std::span<const std::uint16_t> glyphs) const
{
    std::vector<std::uint16_t> all(glyphs.begin(), glyphs.end());
    std::map<std::uint16_t, std::uint16_t> numbers;
    for (const std::uint16_t glyph : all) numbers.emplace(glyph, static_cast<std::uint16_t>(numbers.size()));
    std::string glyf, loca, hmtx;
    for (std::size_t i = 0; i < all.size(); ++i) {  // grows behind i by the parts of composed glyphs
        std::string outline(outline_of(all[i]));
        for (const std::size_t place : component_places(outline)) {
            const auto component = static_cast<std::uint16_t>(u16(outline, place));
            const auto [at, is_new] = numbers.emplace(component, static_cast<std::uint16_t>(all.size()));
            if (is_new) all.push_back(component);
            set16(outline, place, at->second);
        }
        put32(loca, static_cast<std::uint32_t>(glyf.size()));
        glyf += outline;
        glyf.append((4 - outline.size() % 4) % 4, '\0');
        const std::size_t metric = std::min<std::size_t>(all[i], long_metrics_ - 1);
        put16(hmtx, u16(hmtx_, metric * 4));
        put16(hmtx,
              u16(hmtx_, all[i] < long_metrics_ ? metric * 4 + 2 : long_metrics_ * 4 + (all[i] - long_metrics_) * 2));
    }
    put32(loca, static_cast<std::uint32_t>(glyf.size()));

    std::map<std::string, std::string, std::less<>> tables;
    for (const std::string_view tag : {"cvt ", "fpgm", "prep", "head", "hhea", "maxp"})
        if (const std::string_view bytes = table(tag); !bytes.empty()) tables.emplace(tag, bytes);
    set32(tables["head"], 8, 0);
    set16(tables["head"], 50, 1);  // long offsets
    set16(tables["hhea"], 34, static_cast<unsigned>(all.size()));
    set16(tables["maxp"], 4, static_cast<unsigned>(all.size()));
    tables["glyf"] = std::move(glyf);
    tables["loca"] = std::move(loca);
    tables["hmtx"] = std::move(hmtx);
    return assembled(tables);
}
}
