// Taking an object apart field by field, so that what is left over is noticed (spec/envelope.md §3.3 to §3.5).
#pragma once

#include <algorithm>
#include <optional>

#include "envelope.hpp"
#include "refused.hpp"

constexpr const char* field_invalid = "field_invalid";

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

inline bool is_lower_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// §3.3, at every depth.
inline void check_names(const Value& value) {
    auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; };
    for (const auto& [name, inner] : value.members) {
        bool sound = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain);
        demand(sound, "field_unknown");
    }
    for (const auto& member : value.members) check_names(member.second);
    for (const Value& inner : value.list) check_names(inner);
}

/// The members of one object that have not been taken yet.
class Fields {
  public:
    explicit Fields(Value value) : left_(std::move(value)) {
        demand(left_.is(Value::Kind::object), field_invalid);
        check_names(left_);
    }

    Value take(const char* name) {
        auto found = left_.members.extract(name);
        demand(!found.empty(), "field_missing");
        return std::move(found.mapped());
    }

    std::string text(const char* name) { return text_of(take(name), field_invalid); }

    template <typename Matches>
    std::string matching(const char* name, Matches matches) {
        std::string found = text(name);
        demand(matches(found), field_invalid);
        return found;
    }

    std::string one_of(const char* name, std::initializer_list<const char*> words) {
        return matching(name, [&](const std::string& found) {
            return std::find(words.begin(), words.end(), found) != words.end();
        });
    }

    std::int64_t count(const char* name) {
        Value value = take(name);
        demand(value.is(Value::Kind::integer) && value.number >= 0, field_invalid);
        return value.number;
    }

    std::int64_t time(const char* name) {
        std::int64_t time = count(name);
        demand(time <= 253'402'300'799, field_invalid);
        return time;
    }

    /// Takes the field if it is null.
    bool is_null(const char* name) {
        const Value* found = left_.find(name);
        bool null = found != nullptr && found->is(Value::Kind::null);
        if (null) left_.members.erase(name);
        return null;
    }

    /// A field that may be absent.
    std::optional<Value> optional(const char* name) {
        if (left_.find(name) == nullptr) return std::nullopt;
        return take(name);
    }

    std::vector<Value> list(const char* name, std::size_t most) {
        Value value = take(name);
        demand(value.is(Value::Kind::list) && value.list.size() <= most, field_invalid);
        return value.list;
    }

    /// A number of that range.
    std::int64_t whole(const char* name, std::int64_t least, std::int64_t most) {
        Value value = take(name);
        demand(value.is(Value::Kind::integer) && value.number >= least && value.number <= most, field_invalid);
        return value.number;
    }

    std::optional<std::int64_t> optional_whole(const char* name, std::int64_t least, std::int64_t most) {
        if (left_.find(name) == nullptr) return std::nullopt;
        return whole(name, least, most);
    }

    std::optional<std::string> optional_one_of(const char* name, std::initializer_list<const char*> words) {
        if (left_.find(name) == nullptr) return std::nullopt;
        return one_of(name, words);
    }

    /// §3.5: `ext`, and the names in `crit`, of which each must be known.
    std::vector<std::string> extensions(const std::vector<std::string>& known) {
        if (left_.find("ext")) demand(take("ext").is(Value::Kind::object), field_invalid);
        std::vector<std::string> critical;
        if (left_.find("crit") == nullptr) return critical;
        Value crit = take("crit");
        demand(crit.is(Value::Kind::list) && !crit.list.empty(), field_invalid);
        for (const Value& entry : crit.list) {
            critical.push_back(text_of(entry, field_invalid));
            demand(std::find(known.begin(), known.end(), critical.back()) != known.end(), "crit_unknown");
        }
        return critical;
    }

    /// §3.5, then what nobody took.
    void finish() {
        extensions({});
        demand(left_.members.empty(), "field_unknown");
    }

  private:
    Value left_;
};
