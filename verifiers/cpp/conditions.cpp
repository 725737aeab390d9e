// A policy, and the other conditions of a license.
#include "conditions.hpp"

namespace {

// In seconds and in days.
constexpr std::int64_t year = 31'536'000, ten_years = 3'650;
constexpr std::int64_t largest = (std::int64_t{1} << 53) - 1;

/// An object that may be absent, and all of it.
template <typename Object>
std::optional<Object> optional_object(Fields& fields, const char* name, Object (*read)(Fields&)) {
    std::optional<Value> value = fields.optional(name);
    if (!value) return std::nullopt;
    Fields members(std::move(*value));
    Object said = read(members);
    members.finish();
    return said;
}

/// §2.15
Heartbeat heartbeat_of(Fields& fields) {
    Heartbeat said;
    said.interval = fields.whole("interval", 60, 2'592'000);
    said.grace = fields.whole("grace", 0, year);
    said.longest_grace = fields.optional_whole("longest_grace", 0, year);
    demand(said.grace >= said.interval, field_invalid);
    demand(!said.longest_grace || *said.longest_grace > said.grace, field_invalid);
    return said;
}

/// §2.17: both fields may be absent.
AntiTamper anti_tamper_of(Fields& fields) {
    AntiTamper said;
    said.unknown = fields.optional_one_of("unknown", {"tamper"});
    auto agents = fields.optional("agents");
    if (!agents) return said;
    for (const Value& entry : list_of(*agents, 1, 8)) {
        std::string agent = word(entry, 16);
        bool is_new = std::find(said.agents.begin(), said.agents.end(), agent) == said.agents.end();
        demand(is_new, field_invalid);
        said.agents.push_back(std::move(agent));
    }
    return said;
}

/// §2.18
Clock clock_of(Fields& fields) {
    Clock said;
    said.tolerance = fields.optional_whole("tolerance", 0, 604'800);
    said.mode = fields.optional_one_of("mode", {"run_time"});
    demand(said.tolerance || said.mode, field_invalid);
    return said;
}

/// §2.19
Freshness freshness_of(Fields& fields) {
    Freshness said;
    said.warn = fields.optional_whole("warn", 1, ten_years);
    said.restrict = fields.optional_whole("restrict", 1, ten_years);
    said.block = fields.optional_whole("block", 1, ten_years);
    std::int64_t last = 0;
    for (const Number& days : {said.warn, said.restrict, said.block}) {
        demand(!days || *days >= last, field_invalid);
        last = days.value_or(last);
    }
    demand(last > 0, field_invalid);
    return said;
}

/// §2.20
std::vector<Limit> tenant_limits_of(const Value& value) {
    std::vector<Limit> limits;
    for (const Value& entry : list_of(value, 1, 4)) {
        const Value &name = list_of(entry, 2, 2)[0], &rate = entry.list[1];
        demand(rate.is(Value::Kind::integer) && rate.number >= 1 && rate.number <= 1'000'000'000, field_invalid);
        put(limits, Limit{word(name, 16), rate.number});
    }
    return limits;
}

/// §2.13
Policy policy_of(Fields& fields) {
    Policy said;
    said.heartbeat = optional_object(fields, "heartbeat", heartbeat_of);
    said.seat = fields.optional_one_of("seat", {"lease"});
    said.fail = fields.optional_one_of("fail", {"hard", "soft"});
    said.integrity = fields.optional_one_of("integrity", {"required", "where_listed"});
    said.anti_tamper = optional_object(fields, "anti_tamper", anti_tamper_of);
    said.clock = optional_object(fields, "clock", clock_of);
    said.freshness = optional_object(fields, "freshness", freshness_of);
    if (auto value = fields.optional("tenant_limits")) said.tenant_limits = tenant_limits_of(*value);
    bool has_object = said.heartbeat || said.anti_tamper || said.clock || said.freshness;
    demand(has_object || said.fail || said.integrity || !said.tenant_limits.empty(), field_invalid);
    demand(!said.seat || said.heartbeat, field_invalid);
    return said;
}

/// §2.22
Offline offline_of(Fields& fields) {
    Offline said;
    said.days = fields.whole("days", 1, ten_years);
    said.pool = fields.optional_whole("pool", 1, 1'000'000);
    said.journal_days = fields.optional_whole("journal_days", 1, ten_years);
    return said;
}

/// §2.23
Allowances allowances_of(Fields& fields) {
    Allowances said;
    said.releases = fields.optional_whole("releases", 0, 1'000);
    said.replacements = fields.optional_whole("replacements", 0, 1'000);
    demand(said.releases || said.replacements, field_invalid);
    return said;
}

}  // namespace

void Conditions::take_conditions(Fields& fields) {
    policy = optional_object(fields, "policy", policy_of);
    max_instances = fields.optional_whole("max_instances", 1, 1'000);
    offline = optional_object(fields, "offline", offline_of);
    allowances = optional_object(fields, "allowances", allowances_of);
    pool_epoch = fields.optional_whole("pool_epoch", 1, largest);
    slot = fields.optional_whole("slot", 0, largest);
}
