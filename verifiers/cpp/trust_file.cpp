// trust.json, step by step.
#include "trust_file.hpp"

#include "fields.hpp"

namespace {

constexpr std::size_t trust_file_bytes = 20'000'000;

std::int64_t count_of(const Value& value) {
    demand(value.is(Value::Kind::integer) && value.number >= 0, field_invalid);
    return value.number;
}

/// The envelopes as the text that stands in the file.
ChainBytes chain_of(const Bytes& data) {
    auto texts = json_texts(data);
    ChainBytes chain;
    for (const auto& envelope : json_texts(texts.find("keyset_chain")->second)) chain.roots.push_back(envelope.second);
    chain.keyset = chain.roots.back();
    chain.roots.pop_back();
    chain.tenant_keyset = texts.find("tenant_keyset")->second;
    return chain;
}

}  // namespace

TrustFile read_trust_file(const Bytes& data) {
    demand(data.size() <= trust_file_bytes, "artifact_too_large");
    Value value = parse_json(data);
    exactly(value, {"roots", "threshold", "root_version", "keyset_chain", "tenant_keyset", "tenant", "app"}, field_invalid);
    const Value &roots = *value.find("roots"), &chain = *value.find("keyset_chain");
    demand(roots.is(Value::Kind::list) && chain.is(Value::Kind::list) && !chain.list.empty(), field_invalid);
    TrustFile file;
    for (const Value& root : roots.list) file.roots.push_back(text_of(root, field_invalid));
    file.threshold = count_of(*value.find("threshold"));
    file.root_version = count_of(*value.find("root_version"));
    file.tenant = text_of(*value.find("tenant"), field_invalid);
    file.app = text_of(*value.find("app"), field_invalid);
    file.chain = chain_of(data);
    return file;
}

Trust verify_trust_file(const TrustFile& file, std::int64_t now) {
    Pins pins{{}, file.threshold, file.root_version};
    for (const std::string& root : file.roots) pins.keys.push_back(public_key(root));
    demand(is_identifier(file.tenant) && is_identifier(file.app), "id_malformed");
    return verify_chain(pins, file.chain, file.tenant, now);
}
