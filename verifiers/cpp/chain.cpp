// The chain, step by step.
#include "chain.hpp"

#include <algorithm>

#include "ed25519.hpp"
#include "refused.hpp"

namespace {

using Keys = std::vector<Bytes>;

bool includes(const Keys& keys, const Bytes& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// spec/envelope.md §5: signers are counted, not signatures; then the payload is read, once.
Verified verify(const std::string& kind, const Carrier& claim, const Keys& keys, std::int64_t threshold) {
    const Envelope& envelope = claim.envelope;
    const Bytes message = envelope.signed_bytes();
    auto has_signed = [&](const Bytes& key) {
        auto verifies = [&](const Bytes& signature) { return verify_signature(key, message, signature); };
        return std::any_of(envelope.signatures.begin(), envelope.signatures.end(), verifies);
    };
    auto signers = std::count_if(keys.begin(), keys.end(), has_signed);
    demand(signers > 0, "signature_invalid");
    demand(signers >= threshold, "threshold_not_met");
    return {read_statement(kind, envelope.payload, claim.attachments), envelope.id()};
}

Carrier claim_of(const std::string& kind, const Bytes& data) {
    Carrier claim = kind == "license" ? decode_carrier(data) : Carrier{decode_envelope(data), {}};
    demand(claim.envelope.payload_type == "application/vnd.sealgate." + kind + ".v1+json", "kind_unexpected");
    return claim;
}

/// §4.4
Keys signers(const Statement& keyset, const std::string& use) {
    Keys keys;
    for (const KeyRecord& record : keyset.records) {
        if (record.use == use && record.state != "revoked") keys.push_back(record.key);
    }
    return keys;
}

/// §2.1, §2.3: every key is sound and stands once.
void admit(Keys& seen, const Bytes& key) {
    check_key(key);
    demand(!includes(seen, key), "key_duplicate");
    seen.push_back(key);
}

/// §4.3: a day's tolerance at the start, none at the end.
void check_window(const std::string& whose, const Statement& statement, std::int64_t now) {
    if (now + 86'400 < statement.issued_at) throw Refused{whose + "_not_yet_valid"};
    if (now >= *statement.expires_at) throw Refused{whose + "_expired"};
}

bool claims(const Statement& claimed, const Pins& pins) {
    auto named = [&](const Bytes& key) { return includes(claimed.root_keys, key); };
    return claimed.threshold == pins.threshold && claimed.root_keys.size() == pins.keys.size() &&
           std::all_of(pins.keys.begin(), pins.keys.end(), named) &&
           (!pins.version || *pins.version == claimed.version);
}

Verified next_root(const Verified& last, const Carrier& claim, const Statement& claimed, const Keys& seen) {
    std::int64_t step = claimed.version - last.version;
    demand(step != 0 || claim.envelope.id() == last.id, "equivocation");
    demand(step > 0, "version_rollback");
    demand(step == 1, "version_gap");
    Statement by_last = verify("root", claim, last.root_keys, last.threshold);
    Keys known;
    for (const Bytes& key : by_last.root_keys) {
        bool has_left = includes(seen, key) && !includes(last.root_keys, key);
        if (has_left) known.push_back(key);
        admit(known, key);
    }
    return verify("root", claim, by_last.root_keys, by_last.threshold);
}

}  // namespace

Verified follow(const Pins& pins, const Keys& roots, std::int64_t now, Keys& seen) {
    demand(pins.threshold > 0, "config_invalid");
    for (const Bytes& key : pins.keys) admit(seen, key);
    demand(roots.size() <= 1'024, "chain_too_long");
    std::optional<Verified> last;
    for (const Bytes& data : roots) {
        Carrier claim = claim_of("root", data);
        // Only a choice of where to begin, and of a code: nothing of it is believed yet.
        Statement claimed = read_statement("root", claim.envelope.payload, {});
        if (last) {
            last = next_root(*last, claim, claimed, seen);
            for (const Bytes& key : last->root_keys) {
                if (!includes(seen, key)) seen.push_back(key);
            }
        } else if (claims(claimed, pins)) {
            last = verify("root", claim, pins.keys, pins.threshold);
        }
    }
    demand(last.has_value(), "root_unknown");
    check_window("root", *last, now);
    return *last;
}

Trust verify_chain(const Pins& pins, const ChainBytes& chain, const std::optional<std::string>& tenant, std::int64_t now) {
    Keys seen;
    Trust trust;
    trust.root = follow(pins, chain.roots, now, seen);
    trust.keyset = verify("keyset", claim_of("keyset", chain.keyset), trust.root.root_keys, trust.root.threshold);
    check_window("keyset", trust.keyset, now);
    for (const KeyRecord& record : trust.keyset.records) admit(seen, record.key);
    Carrier claim = claim_of("tenant-keyset", chain.tenant_keyset);
    trust.tenant_keyset = verify("tenant-keyset", claim, signers(trust.keyset, "authority"), 1);
    demand(!tenant || trust.tenant_keyset.tenant == *tenant, "wrong_tenant");
    check_window("keyset", trust.tenant_keyset, now);
    for (const KeyRecord& record : trust.tenant_keyset.records) admit(seen, record.key);
    return trust;
}

Verified verify_license(const Verified& tenant_keyset, const Bytes& data, const std::optional<std::string>& app,
                        Policies policies) {
    Verified license = verify("license", claim_of("license", data), signers(tenant_keyset, "issuer"), 1);
    demand(policies == Policies::enforced || !license.policy, "crit_unknown");
    demand(license.tenant == tenant_keyset.tenant, "wrong_tenant");
    demand(!app || license.app == *app, "wrong_app");
    return license;
}
