#include "mime/render/characters.hpp"
#include "mime/render/flow.hpp"

namespace mime::render {
namespace {
class breaker {
public:
    breaker(font_weight weight, double size, double width) : weight_(weight), size_(size), width_(width) {}

    void line(std::string_view text)
    {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find(' '), text.size());
            word(text.substr(0, end));
            text.remove_prefix(end);
            if (text.empty()) break;
            text.remove_prefix(1);
            now_ += ' ';
            used_ += text_width(" ", weight_, size_);
        }
        end_line();
    }

    void separate() { lines_.back() += ' '; }

    std::vector<std::string> take() { return std::move(lines_); }

private:
    void word(std::string_view text)
    {
        const double wide = text_width(text, weight_, size_);
        if (used_ > 0 && used_ + wide > width_) end_line();
        if (wide > width_) return pieces(text);
        now_ += text;
        used_ += wide;
    }

    // A word wider than the column, character by character.
    void pieces(std::string_view text)
    {
        while (!text.empty()) {
            std::string_view rest = text;
            (void)take_character(rest);
            const std::string_view one = text.substr(0, text.size() - rest.size());
            const double wide = text_width(one, weight_, size_);
            if (used_ > 0 && used_ + wide > width_) end_line();
            now_ += one;
            used_ += wide;
            text = rest;
        }
    }

    void end_line()
    {
        lines_.push_back(std::move(now_));
        now_.clear();
        used_ = 0;
    }

    font_weight weight_;
    double size_, width_;
    std::vector<std::string> lines_;
    std::string now_;
    double used_ = 0;
};
}

std::vector<std::string> broken_lines(std::string_view text, font_weight weight, double size, double width)
{
    breaker out(weight, size, width);
    for (;;) {
        const std::size_t end = text.find('\n');
        out.line(text.substr(0, end));
        if (end == std::string_view::npos) return out.take();
        out.separate();
        text.remove_prefix(end + 1);
    }
}
}
