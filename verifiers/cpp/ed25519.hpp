// The Ed25519 rule (spec/ed25519.md): a pre-check on which all languages agree, then the stock verification.
#pragma once

#include "json.hpp"

/// §1
bool verify_signature(const Bytes& key, const Bytes& message, const Bytes& signature);

/// §2: what every key passes that is listed.
void check_key(const Bytes& key);
