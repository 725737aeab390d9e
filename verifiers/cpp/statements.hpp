// Payloads of the kinds this verifier knows (spec/envelope.md §3, §6; spec/keys.md §5; spec/license.md §1).
#pragma once

#include "conditions.hpp"

struct KeyRecord {
    std::string use;
    Bytes key;
    std::string state;
};

/// What verification asks of any kind.
struct Statement : Terms, Conditions {
    std::int64_t version = 0, issued_at = 0, threshold = 0, not_before = 0;
    std::optional<std::int64_t> expires_at;
    std::vector<Bytes> root_keys;
    std::vector<KeyRecord> records;
    std::string tenant, app;

    /// spec/license.md §4, as far as a file can tell.
    void in_force(std::int64_t now) const;
};

/// §3.6: the payload of a statement of this kind, and the attachments it names.
Statement read_statement(const std::string& kind, const Bytes& payload, std::vector<Bytes> attachments);

/// The kind of a payload type, or "".
std::string kind_of(const std::string& payload_type);

Bytes public_key(const std::string& text);
bool is_identifier(const std::string& text);
