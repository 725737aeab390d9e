// trust.json (spec/keys.md §6): what a program pins, and the statements that come along.
#pragma once

#include "chain.hpp"

/// The file as it is written: nothing that it pins was read, nothing in it is believed.
struct TrustFile {
    std::vector<std::string> roots;
    std::int64_t threshold = 0, root_version = 0;
    ChainBytes chain;
    std::string tenant, app;
};

/// §6.4, steps 1 to 3. A courier (§6.2) is read no further.
TrustFile read_trust_file(const Bytes& data);

/// §6.4, steps 4 and 5.
Trust verify_trust_file(const TrustFile& file, std::int64_t now);
