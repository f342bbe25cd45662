// The chart of the weekly digest: a PNG of the size its rows ask for, whatever they say.
#include <catch2/catch.hpp>

#include "mime/render/rate_chart.hpp"

using namespace mime::render;

namespace {
rate_chart of(std::size_t rows)
{
    rate_chart made{"Lettres de sortie : GH Est", "J0 tenu", "48 h tenu", {}};
    for (std::size_t n = 0; n < rows; ++n)
        made.rows.push_back({"4410 Cardiologie", {0.5, "50 % (1/2)"}, {std::nullopt, "– (0/0)"}});
    return made;
}

unsigned height_of(const std::string& png)
{
    REQUIRE(png.starts_with("\x89PNG\r\n\x1a\n"));
    unsigned height = 0;
    for (std::size_t at = 20; at < 24; ++at) height = height << 8U | static_cast<unsigned char>(png[at]);  // IHDR
    return height;
}
}

TEST_CASE("a chart grows with its rows up to the limit", "[render][chart]")
{
    const unsigned none = height_of(draw_rates(of(0)));
    const unsigned one = height_of(draw_rates(of(1)));
    CHECK(one > none);
    CHECK(height_of(draw_rates(of(30))) == none + 30 * (one - none));
    CHECK(height_of(draw_rates(of(31))) == height_of(draw_rates(of(1000))));  // and a line that says so
    CHECK(height_of(draw_rates(of(31))) < none + 31 * (one - none));
}

TEST_CASE("the same rates give the same picture, others another", "[render][chart]")
{
    CHECK(draw_rates(of(2)) == draw_rates(of(2)));
    auto other = of(2);
    other.rows[1].first.value = 0.6;
    CHECK(draw_rates(other) != draw_rates(of(2)));
}

TEST_CASE("no text or rate breaks it", "[render][chart]")
{
    auto odd = of(1);
    odd.rows[0].label = std::string(10'000, 'x') + "\xff\xfe é";
    odd.rows[0].first.value = GENERATE(-1.0, 2.0, 1e300);
    odd.rows[0].second.text = std::string(1, '\0') + "\n\t";
    odd.title = "\xc3";
    CHECK(height_of(draw_rates(odd)) > 0);
}
