// The strict JSON reader (spec/envelope.md §3.1, §3.2). It refuses every text on which readers could disagree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using Bytes = std::string;  // any bytes, NUL included

struct Value {
    enum class Kind { null, boolean, integer, text, list, object };
    Kind kind = Kind::null;
    bool truth = false;
    std::int64_t number = 0;
    std::string text;
    std::vector<Value> list;
    std::map<std::string, Value> members;

    bool is(Kind wanted) const { return kind == wanted; }
    const Value* find(const std::string& name) const {
        auto found = members.find(name);
        return found == members.end() ? nullptr : &found->second;
    }
};

/// The value that fills the text, white space aside.
Value parse_json(std::string_view text);

/// What the object or list that fills the text holds, each value as the text that stands there; of a list, under "".
std::multimap<std::string, Bytes> json_texts(std::string_view text);

/// Compact text that parse_json reads back to the same value.
std::string write_json(const Value& value);
