// What a license says as compact JSON, in the order and the form of the payload.
#include "contents.hpp"

namespace {

std::string quoted(const std::string& text) {
    Value value;
    value.kind = Value::Kind::text;
    value.text = text;
    return write_json(value);
}

std::string written(const std::string& text) {
    return quoted(text);
}

std::string written(std::int64_t number) {
    return std::to_string(number);
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

std::string written(const Licensee&);
std::string written(const Policy&);
std::string written(const Heartbeat&);
std::string written(const AntiTamper&);
std::string written(const Clock&);
std::string written(const Freshness&);
std::string written(const Offline&);
std::string written(const Allowances&);

/// An object, member by member; what is not said is left out.
class Object {
  public:
    template <typename Said>
    void put(const char* name, const std::optional<Said>& said) {
        if (said) add(name, written(*said));
    }

    template <typename Entry>
    void put(const char* name, const std::vector<Entry>& entries) {
        if (!entries.empty()) add(name, list(entries));
    }

    void add(const char* name, const std::string& value) {
        text_ += (text_.empty() ? "" : ",") + quoted(name) + ":" + value;
    }

    std::string text() const { return "{" + text_ + "}"; }

  private:
    std::string text_;
};

std::string written(const Licensee& licensee) {
    Object object;
    object.put("name", licensee.name);
    object.put("company", licensee.company);
    object.put("email", licensee.email);
    return object.text();
}

std::string written(const Policy& policy) {
    Object object;
    object.put("heartbeat", policy.heartbeat);
    object.put("seat", policy.seat);
    object.put("fail", policy.fail);
    object.put("integrity", policy.integrity);
    object.put("anti_tamper", policy.anti_tamper);
    object.put("clock", policy.clock);
    object.put("freshness", policy.freshness);
    object.put("tenant_limits", policy.tenant_limits);
    return object.text();
}

std::string written(const Heartbeat& heartbeat) {
    Object object;
    object.add("interval", written(heartbeat.interval));
    object.add("grace", written(heartbeat.grace));
    object.put("longest_grace", heartbeat.longest_grace);
    return object.text();
}

std::string written(const AntiTamper& anti_tamper) {
    Object object;
    object.put("unknown", anti_tamper.unknown);
    object.put("agents", anti_tamper.agents);
    return object.text();
}

std::string written(const Clock& clock) {
    Object object;
    object.put("tolerance", clock.tolerance);
    object.put("mode", clock.mode);
    return object.text();
}

std::string written(const Freshness& freshness) {
    Object object;
    object.put("warn", freshness.warn);
    object.put("restrict", freshness.restrict);
    object.put("block", freshness.block);
    return object.text();
}

std::string written(const Offline& offline) {
    Object object;
    object.add("days", written(offline.days));
    object.put("pool", offline.pool);
    object.put("journal_days", offline.journal_days);
    return object.text();
}

std::string written(const Allowances& allowances) {
    Object object;
    object.put("releases", allowances.releases);
    object.put("replacements", allowances.replacements);
    return object.text();
}

}  // namespace

std::string contents(const Terms& terms, const Conditions& conditions) {
    Object object;
    object.add("features", list(terms.features));
    object.put("limits", terms.limits);
    object.put("variables", terms.variables);
    object.put("licensee", terms.licensee);
    object.put("trial_days", terms.trial_days);
    object.put("policy", conditions.policy);
    object.put("max_instances", conditions.max_instances);
    object.put("offline", conditions.offline);
    object.put("allowances", conditions.allowances);
    object.put("pool_epoch", conditions.pool_epoch);
    object.put("slot", conditions.slot);
    return object.text();
}
