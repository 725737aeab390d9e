// Lists of names and values, and who is named.
#include "terms.hpp"

namespace {

/// U+0000 to U+001F and U+007F to U+009F.
bool has_control(const std::string& text) {
    for (std::size_t at = 0; at < text.size(); at++) {
        auto byte = static_cast<unsigned char>(text[at]);
        bool c1 = byte == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0;
        if (byte < 0x20 || byte == 0x7f || c1) return true;
    }
    return false;
}

/// §2.8
std::vector<Limit> limits_of(const Value& value) {
    std::vector<Limit> limits;
    for (const Value& entry : list_of(value, 1, 32)) {
        const Value &name = list_of(entry, 2, 2)[0], &number = entry.list[1];
        demand(number.is(Value::Kind::integer) && number.number >= 0, field_invalid);
        put(limits, Limit{word(name, 32), number.number});
    }
    return limits;
}

/// §2.9
std::vector<Variable> variables_of(const Value& value) {
    std::vector<Variable> variables;
    for (const Value& entry : list_of(value, 1, 50)) {
        Variable variable{word(list_of(entry, 2, 2)[0], 64), {}};
        const Value& said = entry.list[1];
        if (said.is(Value::Kind::boolean)) {
            variable.value = said.truth;
        } else if (said.is(Value::Kind::integer)) {
            variable.value = said.number;
        } else {
            variable.value = text_of(said, field_invalid);
            demand(!has_control(said.text), field_invalid);
        }
        put(variables, std::move(variable));
    }
    return variables;
}

/// §2.10
Licensee licensee_of(Fields fields) {
    auto part = [&](const char* name) -> std::optional<std::string> {
        std::optional<Value> said = fields.optional(name);
        return said ? std::optional(word(*said, 128)) : std::nullopt;
    };
    Licensee licensee;
    licensee.name = part("name");
    licensee.company = part("company");
    licensee.email = part("email");
    demand(licensee.name || licensee.company || licensee.email, field_invalid);
    fields.finish();
    return licensee;
}

}  // namespace

std::string word(const Value& value, std::size_t longest) {
    const std::string& text = text_of(value, field_invalid);
    demand(!text.empty() && text.size() <= longest && !has_control(text), field_invalid);
    return text;
}

const std::vector<Value>& list_of(const Value& value, std::size_t least, std::size_t most) {
    demand(value.is(Value::Kind::list) && value.list.size() >= least && value.list.size() <= most, field_invalid);
    return value.list;
}

std::vector<Feature> features_of(const Value& value, std::size_t least, std::size_t most) {
    std::vector<Feature> features;
    for (const Value& entry : list_of(value, least, most)) {
        if (entry.is(Value::Kind::list)) {
            put(features, Feature{word(list_of(entry, 2, 2)[0], 32), word(entry.list[1], 64)});
        } else {
            put(features, Feature{word(entry, 32), std::nullopt});
        }
    }
    return features;
}

void Terms::take_optional(Fields& fields) {
    if (auto value = fields.optional("limits")) limits = limits_of(*value);
    if (auto value = fields.optional("variables")) variables = variables_of(*value);
    if (auto value = fields.optional("licensee")) licensee = licensee_of(Fields(*value));
    if (auto value = fields.optional("trial_days")) {
        demand(value->is(Value::Kind::integer) && value->number >= 1 && value->number <= 3'650, field_invalid);
        trial_days = value->number;
    }
}
