// Terms as compact JSON, in the order and the form of the payload.
#include "contents.hpp"

namespace {

std::string quoted(const std::string& text) {
    Value value;
    value.kind = Value::Kind::text;
    value.text = text;
    return write_json(value);
}

std::string written(const Feature& feature) {
    if (!feature.value) return quoted(feature.name);
    return "[" + quoted(feature.name) + "," + quoted(*feature.value) + "]";
}

std::string written(const Limit& limit) {
    return "[" + quoted(limit.name) + "," + std::to_string(limit.value) + "]";
}

std::string written(const Variable& variable) {
    std::string value;
    if (const auto* text = std::get_if<std::string>(&variable.value)) {
        value = quoted(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&variable.value)) {
        value = std::to_string(*number);
    } else {
        value = std::get<bool>(variable.value) ? "true" : "false";
    }
    return "[" + quoted(variable.name) + "," + value + "]";
}

template <typename Entry>
std::string list(const std::vector<Entry>& entries) {
    std::string text;
    for (const Entry& entry : entries) text += (text.empty() ? "" : ",") + written(entry);
    return "[" + text + "]";
}

std::string written(const Licensee& licensee) {
    std::string text;
    auto part = [&](const char* name, const std::optional<std::string>& said) {
        if (said) text += (text.empty() ? "" : ",") + quoted(name) + ":" + quoted(*said);
    };
    part("name", licensee.name);
    part("company", licensee.company);
    part("email", licensee.email);
    return "{" + text + "}";
}

}  // namespace

std::string contents(const Terms& terms) {
    std::string text = "{\"features\":" + list(terms.features);
    if (!terms.limits.empty()) text += ",\"limits\":" + list(terms.limits);
    if (!terms.variables.empty()) text += ",\"variables\":" + list(terms.variables);
    if (terms.licensee) text += ",\"licensee\":" + written(*terms.licensee);
    if (terms.trial_days) text += ",\"trial_days\":" + std::to_string(*terms.trial_days);
    return text + "}";
}
