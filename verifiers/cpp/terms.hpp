// What a license grants in the vendor's own words (spec/license.md §2.6 to §2.11).
#pragma once

#include <optional>
#include <variant>

#include "fields.hpp"

struct Feature {
    std::string name;
    std::optional<std::string> value;
};

struct Limit {
    std::string name;
    std::int64_t value;
};

struct Variable {
    std::string name;
    std::variant<std::string, std::int64_t, bool> value;
};

/// At least one of the three is there.
struct Licensee {
    std::optional<std::string> name, company, email;
};

/// Empty where a license does not say them.
struct Terms {
    std::vector<Feature> features;
    std::vector<Limit> limits;
    std::vector<Variable> variables;
    std::optional<Licensee> licensee;
    std::optional<std::int64_t> trial_days;

    /// Takes the fields that may be absent, in the order of their table.
    void take_optional(Fields& fields);
};

/// Text of 1 to so many bytes without control characters.
std::string word(const Value& value, std::size_t longest);

/// The entries of a list of so many.
const std::vector<Value>& list_of(const Value& value, std::size_t least, std::size_t most);

/// Puts an entry behind those of other names.
template <typename Entry>
void put(std::vector<Entry>& entries, Entry entry) {
    auto same = [&](const Entry& other) { return other.name == entry.name; };
    demand(std::none_of(entries.begin(), entries.end(), same), field_invalid);
    entries.push_back(std::move(entry));
}

/// §2.6: names, and pairs of name and value.
std::vector<Feature> features_of(const Value& value, std::size_t least, std::size_t most);
