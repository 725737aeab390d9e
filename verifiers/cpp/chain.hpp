// From pinned roots to a license (spec/keys.md §4): every level by the same function, and no other way.
#pragma once

#include "envelope.hpp"
#include "statements.hpp"

/// Root keys that a program or a person trusts from the start; a person knows no version.
struct Pins {
    std::vector<Bytes> keys;
    std::int64_t threshold = 1;
    std::optional<std::int64_t> version;
};

/// The statements of a chain as they were received.
struct ChainBytes {
    std::vector<Bytes> roots;
    Bytes keyset, tenant_keyset;
};

struct Verified : Statement {
    std::string id;
};

struct Trust {
    Verified root, keyset, tenant_keyset;
};

Trust verify_chain(const Pins& pins, const ChainBytes& chain, const std::optional<std::string>& tenant, std::int64_t now);

/// spec/license.md §2.14, §2.2, §2.1. Who says `Policies::enforced` must enforce §2.13.
Verified verify_license(const Verified& tenant_keyset, const Bytes& data, const std::optional<std::string>& app,
                        Policies policies = Policies::refused);

/// §4.2: the last root statement; `seen` becomes every root key on the way.
Verified follow(const Pins& pins, const std::vector<Bytes>& roots, std::int64_t now, std::vector<Bytes>& seen);
