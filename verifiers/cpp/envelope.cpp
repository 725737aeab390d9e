// DSSE envelopes, bare or with attachments.
#include "envelope.hpp"

#include <sodium.h>

#include "refused.hpp"

namespace {

constexpr std::size_t envelope_bytes = 16'384, carrier_bytes = 1'500'000, payload_bytes = 3'800, keyid_bytes = 64;
constexpr const char* invalid = "envelope_invalid";
constexpr const char* too_large = "artifact_too_large";

Bytes signature_of(const Value& entry) {
    exactly(entry, {"keyid", "sig"}, invalid);
    const std::string& keyid = text_of(*entry.find("keyid"), invalid);
    const std::string& sig = text_of(*entry.find("sig"), invalid);
    demand(keyid.size() <= keyid_bytes, too_large);
    return decode_base64(sig);
}

Envelope envelope_of(const Value& value) {
    exactly(value, {"payloadType", "payload", "signatures"}, invalid);
    Envelope read;
    read.payload_type = text_of(*value.find("payloadType"), invalid);
    read.payload = decode_base64(text_of(*value.find("payload"), invalid));
    demand(read.payload.size() <= payload_bytes, too_large);
    const Value& entries = *value.find("signatures");
    demand(entries.is(Value::Kind::list) && !entries.list.empty() && entries.list.size() <= 24, invalid);
    for (const Value& entry : entries.list) read.signatures.push_back(signature_of(entry));
    return read;
}

}  // namespace

Bytes Envelope::signed_bytes() const {
    return "DSSEv1 " + std::to_string(payload_type.size()) + " " + payload_type + " " +
           std::to_string(payload.size()) + " " + payload;
}

std::string Envelope::id() const {
    return sha256_hex(signed_bytes());
}

Envelope decode_envelope(const Bytes& data) {
    demand(data.size() <= envelope_bytes, too_large);
    return envelope_of(parse_json(data));
}

Carrier decode_carrier(const Bytes& data) {
    demand(data.size() <= carrier_bytes, too_large);
    Value value = parse_json(data);
    if (value.find("statement") == nullptr) {
        demand(data.size() <= envelope_bytes, too_large);
        return {envelope_of(value), {}};
    }
    exactly(value, {"statement", "attachments"}, invalid);
    const Value& texts = *value.find("attachments");
    demand(texts.is(Value::Kind::list) && !texts.list.empty() && texts.list.size() <= 4, invalid);
    for (const Value& text : texts.list) text_of(text, invalid);
    Carrier carrier{envelope_of(*value.find("statement")), {}};
    for (const Value& text : texts.list) {
        carrier.attachments.push_back(decode_base64(text.text));
        demand(carrier.attachments.back().size() <= attachment_bytes, too_large);
    }
    return carrier;
}

Bytes decode_base64(const std::string& text, const char* code) {
    Bytes data(text.size() / 4 * 3 + 3, '\0');
    std::size_t length = 0;
    const char* end = nullptr;
    int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(data.data()), data.size(), text.data(), text.size(),
                                   nullptr, &length, &end, sodium_base64_VARIANT_ORIGINAL);
    demand(failed == 0 && end == text.data() + text.size(), code);
    data.resize(length);
    std::string again(sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(again.data(), again.size(), reinterpret_cast<const unsigned char*>(data.data()), length,
                      sodium_base64_VARIANT_ORIGINAL);
    again.pop_back();  // libsodium ends it with a NUL
    demand(again == text, code);
    return data;
}

std::string sha256_hex(const Bytes& data) {
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(data.data()), data.size());
    char digits[2 * sizeof digest + 1];
    return sodium_bin2hex(digits, sizeof digits, digest, sizeof digest);
}

void exactly(const Value& value, std::initializer_list<const char*> names, const char* code) {
    demand(value.is(Value::Kind::object) && value.members.size() == names.size(), code);
    for (const char* name : names) demand(value.find(name) != nullptr, code);
}

const std::string& text_of(const Value& value, const char* code) {
    demand(value.is(Value::Kind::text), code);
    return value.text;
}
