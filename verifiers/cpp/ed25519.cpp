// The Ed25519 rule on libsodium.
#include "ed25519.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "refused.hpp"

namespace {

Bytes unhex(std::string_view digits) {
    Bytes bytes(digits.size() / 2, '\0');
    sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), digits.data(), digits.size(), nullptr,
                   nullptr, nullptr);
    return bytes;
}

// Little-endian, as in signatures.
const Bytes prime = unhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
const Bytes order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
/// §1.3: the y coordinates of all points of order 1, 2, 4 and 8.
const std::array<Bytes, 5> small_order = {
    unhex("0000000000000000000000000000000000000000000000000000000000000000"),
    unhex("0100000000000000000000000000000000000000000000000000000000000000"),
    unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
};

bool less(const Bytes& a, const Bytes& b) {
    auto below = [](char x, char y) { return static_cast<unsigned char>(x) < static_cast<unsigned char>(y); };
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend(), below);
}

Bytes y_of(Bytes point) {
    point[31] = static_cast<char>(point[31] & 0x7f);
    return point;
}

bool has_small_order(const Bytes& y) {
    return std::find(small_order.begin(), small_order.end(), y) != small_order.end();
}

bool point_is_acceptable(const Bytes& point) {
    Bytes y = y_of(point);
    return less(y, prime) && !has_small_order(y);
}

const unsigned char* raw(const Bytes& bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// Adding reads both points and asks no more of them than that they lie on the curve.
bool is_on_curve(const Bytes& point) {
    unsigned char sum[crypto_core_ed25519_BYTES];
    return crypto_core_ed25519_add(sum, raw(point), raw(point)) == 0;
}

}  // namespace

bool verify_signature(const Bytes& key, const Bytes& message, const Bytes& signature) {
    if (key.size() != 32 || signature.size() != 64) return false;
    if (!point_is_acceptable(key) || !point_is_acceptable(signature.substr(0, 32))) return false;
    if (!less(signature.substr(32), order)) return false;
    return crypto_sign_verify_detached(raw(signature), raw(message), message.size(), raw(key)) == 0;
}

void check_key(const Bytes& key) {
    Bytes y = y_of(key);
    // The sign of a point of small order may contradict its x = 0; the point is refused as weak either way.
    bool is_weak = has_small_order(y);
    demand(less(y, prime) && (is_weak || is_on_curve(key)), "key_malformed");
    demand(!is_weak && crypto_core_ed25519_is_valid_point(raw(key)) == 1, "key_weak");
}
