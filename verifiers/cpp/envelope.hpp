// DSSE envelopes, bare or with attachments (spec/envelope.md §1, §6). Decoding believes nothing.
#pragma once

#include "json.hpp"

struct Envelope {
    std::string payload_type;
    Bytes payload;
    std::vector<Bytes> signatures;

    /// §1.5: DSSE's pre-authentication encoding.
    Bytes signed_bytes() const;
    /// §2.3
    std::string id() const;
};

struct Carrier {
    Envelope envelope;
    std::vector<Bytes> attachments;
};

Envelope decode_envelope(const Bytes& data);

/// §6.2: an object that has a field `statement` carries attachments, everything else is a bare envelope.
Carrier decode_carrier(const Bytes& data);

/// §1.3: standard alphabet, padded, in its only spelling.
Bytes decode_base64(const std::string& text, const char* code = "base64_invalid");

std::string sha256_hex(const Bytes& data);

/// Demands an object of exactly these members.
void exactly(const Value& value, std::initializer_list<const char*> names, const char* code);

/// Demands a string.
const std::string& text_of(const Value& value, const char* code);

constexpr std::size_t attachment_bytes = 262'144;
