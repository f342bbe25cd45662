// relay/http/responder.hpp: what the server asks for each request; how it is answered is pages.hpp.
#pragma once

#include "relay/http/request.hpp"
#include "relay/http/response.hpp"

namespace relay::http {
enum class effort {
    none,   // answered at once, on the I/O thread: must not block
    probe,  // a little blocking work: health, metrics
    page    // reads the store: bounded in number
};

class responder {
public:
    virtual ~responder() = default;
    // I/O thread; must not block.
    [[nodiscard]] virtual effort effort_of(const request& asked) const = 0;
    // The I/O thread with effort::none, else a worker. May throw: errc::page_failed is then told.
    [[nodiscard]] virtual response answer(const request& asked) = 0;
    // The page of an error. I/O thread; must not block or throw.
    [[nodiscard]] virtual response refuse(const error_code& why) const = 0;
};
}
