// Payloads, field by field in the order of their tables.
#include "statements.hpp"

namespace {

void take_root(Fields& fields, Statement& s, std::vector<Bytes>&) {
    s.version = fields.count("version");
    demand(s.version > 0, field_invalid);
    s.issued_at = fields.time("issued_at");
    s.expires_at = fields.time("expires_at");
    s.threshold = fields.count("threshold");
    for (const Value& key : fields.list("keys", 12)) s.root_keys.push_back(public_key(text_of(key, field_invalid)));
    demand(s.threshold >= 1 && s.threshold <= static_cast<std::int64_t>(s.root_keys.size()), field_invalid);
}

KeyRecord key_record(const Value& entry) {
    Fields fields(entry);
    fields.one_of("alg", {"ed25519"});
    KeyRecord record;
    record.use = fields.one_of(
        "use", {"root", "authority", "server", "issuer", "activation", "update", "snapshot", "log", "app"});
    record.key = public_key(fields.text("public_key"));
    record.state = fields.one_of("state", {"active", "retired", "revoked"});
    fields.finish();
    return record;
}

void take_dated_keys(Fields& fields, Statement& s, std::size_t most) {
    s.version = fields.count("version");
    s.issued_at = fields.time("issued_at");
    s.expires_at = fields.time("expires_at");
    for (const Value& entry : fields.list("keys", most)) s.records.push_back(key_record(entry));
}

void take_keyset(Fields& fields, Statement& s, std::vector<Bytes>&) {
    take_dated_keys(fields, s, 12);
}

void take_tenant_keyset(Fields& fields, Statement& s, std::vector<Bytes>&) {
    s.tenant = fields.matching("tenant", is_identifier);
    take_dated_keys(fields, s, 16);
}

/// spec/envelope.md §6.3: hashed before it is read.
Bytes attached(Fields reference, std::vector<Bytes>& attachments) {
    std::int64_t length = reference.count("length");
    demand(length >= 1 && length <= static_cast<std::int64_t>(attachment_bytes), field_invalid);
    std::string digest = reference.matching("sha256", [](const std::string& text) {
        return text.size() == 64 && std::all_of(text.begin(), text.end(), is_lower_hex);
    });
    reference.finish();
    auto is_named = [&](const Bytes& data) {
        return data.size() == static_cast<std::size_t>(length) && sha256_hex(data) == digest;
    };
    auto found = std::find_if(attachments.begin(), attachments.end(), is_named);
    demand(found != attachments.end(), "attachment_missing");
    Bytes data = std::move(*found);
    attachments.erase(found);
    return data;
}

/// spec/envelope.md §6.4: a few stand in the payload, many in an attachment.
std::vector<Feature> features(const Value& value, std::vector<Bytes>& attachments) {
    if (!value.is(Value::Kind::object)) return features_of(value, 0, 32);
    return features_of(parse_json(attached(Fields(value), attachments)), 33, 128);
}

void take_license(Fields& fields, Statement& s, std::vector<Bytes>& attachments) {
    s.tenant = fields.matching("tenant", is_identifier);
    s.app = fields.matching("app", is_identifier);
    fields.matching("license", is_identifier);
    s.version = fields.count("version");
    s.issued_at = fields.time("issued_at");
    s.not_before = fields.time("not_before");
    if (!fields.is_null("expires_at")) s.expires_at = fields.time("expires_at");
    fields.one_of("tier", {"free", "licensed", "enterprise"});
    s.features = features(fields.take("features"), attachments);
    if (!fields.is_null("max_devices")) {
        std::int64_t devices = fields.count("max_devices");
        demand(devices >= 1 && devices <= 1'000'000, field_invalid);
    }
    s.take_optional(fields);
    s.take_conditions(fields);
    demand(!s.expires_at || *s.expires_at > s.not_before, field_invalid);
}

/// spec/license.md §2.14: `crit` names `policy` once where there is a policy, and nowhere else.
void judge_critical(Fields& fields, const Statement& s, bool knows_policy) {
    auto critical = fields.extensions(knows_policy ? std::vector<std::string>{"policy"} : std::vector<std::string>{});
    demand(critical.size() == (s.policy ? 1 : 0), field_invalid);
}

using Take = void (*)(Fields&, Statement&, std::vector<Bytes>&);
const std::map<std::string, Take> kinds = {
    {"root", take_root}, {"keyset", take_keyset}, {"tenant-keyset", take_tenant_keyset}, {"license", take_license}};

}  // namespace

void Statement::in_force(std::int64_t now) const {
    demand(now >= not_before, "not_yet_valid");
    demand(!expires_at || now < *expires_at, "expired");
    demand(!trial_days, "trial_not_begun");
}

Statement read_statement(const std::string& kind, const Bytes& payload, std::vector<Bytes> attachments) {
    Fields fields(parse_json(payload));
    demand(fields.text("typ") == kind, "kind_unexpected");
    Statement statement;
    kinds.at(kind)(fields, statement, attachments);
    judge_critical(fields, statement, kind == "license");
    fields.finish();
    demand(attachments.empty(), "attachment_unexpected");
    return statement;
}

std::string kind_of(const std::string& payload_type) {
    for (const auto& [kind, take] : kinds) {
        if (payload_type == "application/vnd.sealgate." + kind + ".v1+json") return kind;
    }
    return "";
}

Bytes public_key(const std::string& text) {
    Bytes key = decode_base64(text, "key_malformed");
    demand(key.size() == 32, "key_malformed");
    return key;
}

bool is_identifier(const std::string& text) {
    if (text.size() != 36) return false;
    for (std::size_t at = 0; at < text.size(); at++) {
        bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
        if (hyphen ? text[at] != '-' : !is_lower_hex(text[at])) return false;
    }
    return true;
}
