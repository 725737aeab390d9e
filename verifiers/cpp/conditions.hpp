// Under which conditions a license gives its rights (spec/license.md §2.13 to §2.26).
#pragma once

#include "terms.hpp"

/// Whether a program enforces every field of a policy (§2.14).
enum class Policies { refused, enforced };

using Number = std::optional<std::int64_t>;
using Word = std::optional<std::string>;

struct Heartbeat {
    std::int64_t interval, grace;
    Number longest_grace;
};

/// Without agents, the list is empty.
struct AntiTamper {
    Word unknown;
    std::vector<std::string> agents;
};

struct Clock {
    Number tolerance;
    Word mode;
};

struct Freshness {
    Number warn, restrict, block;
};

struct Policy {
    std::optional<Heartbeat> heartbeat;
    Word seat, fail, integrity;
    std::optional<AntiTamper> anti_tamper;
    std::optional<Clock> clock;
    std::optional<Freshness> freshness;
    std::vector<Limit> tenant_limits;
};

struct Offline {
    std::int64_t days;
    Number pool, journal_days;
};

struct Allowances {
    Number releases, replacements;
};

/// Empty where a license does not say them.
struct Conditions {
    std::optional<Policy> policy;
    Number max_instances;
    std::optional<Offline> offline;
    std::optional<Allowances> allowances;
    Number pool_epoch, slot;

    /// Takes the fields in the order of their table.
    void take_conditions(Fields& fields);
};
