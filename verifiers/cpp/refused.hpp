// The one way to say no.
#pragma once

#include <string>

/// Why something is not believed: a stable code of spec/errors.md §2.
struct Refused {
    std::string code;
};

inline void demand(bool condition, const char* code) {
    if (!condition) throw Refused{code};
}
