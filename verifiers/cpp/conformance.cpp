// Runs the verifier over test points, vectors and files: `ed25519`, `vectors`, `contents` or `verify`; see ../README.md.
#include <sodium.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <set>
#include <sstream>

#include "chain.hpp"
#include "contents.hpp"
#include "ed25519.hpp"
#include "fields.hpp"
#include "trust_file.hpp"

namespace {

using Words = std::vector<std::string>;

int usage() {
    std::cerr << "usage: conformance ed25519 | vectors | contents | verify --root PUB… [--threshold N] FILE\n";
    return 2;
}

std::optional<Bytes> unhex(const std::string& digits) {
    Bytes bytes(digits.size() / 2, '\0');
    std::size_t length = 0;
    const char* end = nullptr;
    sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), digits.data(), digits.size(), nullptr,
                   &length, &end);
    if (digits.size() % 2 != 0 || end != digits.data() + digits.size()) return std::nullopt;
    return bytes;
}

std::string answer_point(const std::string& line) {
    std::istringstream words(line);
    std::vector<Bytes> parts;
    for (std::string word; words >> word;) {
        std::optional<Bytes> part = unhex(word == "-" ? "" : word);
        if (!part) return "no";
        parts.push_back(*part);
    }
    return parts.size() == 3 && verify_signature(parts[0], parts[1], parts[2]) ? "ok" : "no";
}

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    demand(file.is_open() && !std::filesystem::is_directory(path), "file_unreadable");
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Bytes of a vector: text, or base64 where they are not UTF-8.
Bytes bytes_of(const Value& written) {
    const Value* text = written.find("text");
    return text ? text->text : decode_base64(written.find("base64")->text);
}

std::optional<std::string> expected_id(const Value& id) {
    if (id.is(Value::Kind::null)) return std::nullopt;
    demand(is_identifier(id.text), "id_malformed");
    return id.text;
}

/// The last root statement, keyset, tenant keyset and, if there is one, license.
std::vector<Verified> believed(const Value& question) {
    auto at = [&](const char* name) -> const Value& { return *question.find(name); };
    auto tenant = expected_id(at("expect_tenant")), app = expected_id(at("expect_app"));
    Pins pins;
    for (const Value& root : at("roots").list) pins.keys.push_back(public_key(root.text));
    pins.threshold = at("threshold").number;
    if (at("root_version").is(Value::Kind::integer)) pins.version = at("root_version").number;
    ChainBytes chain{{}, bytes_of(at("keyset")), bytes_of(at("tenant_keyset"))};
    for (const Value& root : at("root_chain").list) chain.roots.push_back(bytes_of(root));
    Trust trust = verify_chain(pins, chain, tenant, at("now").number);
    std::vector<Verified> found{trust.root, trust.keyset, trust.tenant_keyset};
    if (const Value* license = question.find("license")) {
        found.push_back(verify_license(trust.tenant_keyset, bytes_of(*license), app, Policies::enforced));
    }
    return found;
}

std::string answer_chain(const Value& question) {
    std::string answer = "ok";
    for (const Verified& statement : believed(question)) answer += " " + statement.id;
    return answer;
}

std::string answer_trust_file(const Value& question) {
    TrustFile file = read_trust_file(bytes_of(*question.find("file")));
    Trust trust = verify_trust_file(file, question.find("now")->number);
    return "ok " + trust.root.id + " " + trust.keyset.id + " " + trust.tenant_keyset.id;
}

std::string attempt(const std::function<std::string()>& action) {
    try {
        return action();
    } catch (const Refused& refused) {
        return refused.code;
    }
}

/// The verdict that all entries share.
std::string unanimous(const Value& question, const std::function<void(const Value&)>& judge) {
    std::set<std::string> verdicts;
    for (const Value& entry : question.find("list")->list) {
        verdicts.insert(attempt([&] { return judge(entry), std::string("ok"); }));
    }
    return verdicts.size() == 1 ? *verdicts.begin() : "not_unanimous";
}

std::string answer_question(const Value& question) {
    const std::string& check = question.find("check")->text;
    auto part = [](const Value& entry, const char* name) { return unhex(entry.find(name)->text).value(); };
    if (check == "envelope") return "ok " + decode_envelope(bytes_of(*question.find("envelope"))).id();
    if (check == "chain" && !question.find("accepted")) return answer_chain(question);
    if (check == "trust-file") return answer_trust_file(question);
    if (check == "keys") return unanimous(question, [&](const Value& entry) { check_key(part(entry, "key")); });
    if (check == "signatures") {
        return unanimous(question, [&](const Value& entry) {
            bool valid = verify_signature(part(entry, "key"), part(entry, "message"), part(entry, "signature"));
            demand(valid, "signature_invalid");
        });
    }
    return "skip";
}

std::string answer_vector(const std::string& path) {
    return attempt([&] { return answer_question(parse_json(read_file(path))); });
}

/// What the license of a vector grants.
std::string answer_contents(const std::string& path) {
    return attempt([&]() -> std::string {
        Value question = parse_json(read_file(path));
        if (!question.find("license") || question.find("accepted")) return "skip";
        Verified license = believed(question)[3];
        return "ok " + contents(license, license);
    });
}

/// Verifies the file as far as its own level, and says its id.
std::string judge_file(const Pins& pins, const std::string& file, std::int64_t now) {
    Bytes artifact = read_file(file);
    std::string kind = kind_of(decode_carrier(artifact).envelope.payload_type);
    demand(!kind.empty(), "kind_unexpected");
    bool has_courier = std::filesystem::exists(file + ".trust");
    // spec/keys.md §6.2: of what it pins nothing is taken.
    ChainBytes courier = has_courier ? read_trust_file(read_file(file + ".trust")).chain : ChainBytes{};
    if (kind == "root") {
        std::vector<Bytes> seen;
        courier.roots.push_back(artifact);
        return follow(pins, courier.roots, now, seen).id;
    }
    demand(has_courier, "trust_missing");
    if (kind == "keyset") courier.keyset = artifact;
    if (kind == "tenant-keyset") courier.tenant_keyset = artifact;
    Trust trust = verify_chain(pins, courier, std::nullopt, now);
    if (kind != "license") return kind == "keyset" ? trust.keyset.id : trust.tenant_keyset.id;
    Verified license = verify_license(trust.tenant_keyset, artifact, std::nullopt);
    license.in_force(now);
    return license.id;
}

int verify_file(const Words& words) {
    Words roots, files;
    std::string threshold = "1";
    bool taking = false;
    for (std::size_t at = 0; at < words.size(); at++) {
        const std::string& word = words[at];
        if (word == "--root") {
            taking = true;
        } else if (word == "--threshold" && at + 1 < words.size()) {
            threshold = words[++at];
            taking = false;
        } else if (taking && word.size() == 44 && word.back() == '=') {
            roots.push_back(word);
        } else {
            files.push_back(word);
            taking = false;
        }
    }
    bool is_number = !threshold.empty() && threshold.size() < 6 && std::all_of(threshold.begin(), threshold.end(), is_digit);
    if (!is_number || roots.empty() || files.size() != 1) return usage();
    std::string answer = attempt([&] {
        Pins pins;
        pins.threshold = std::stoi(threshold);
        for (const std::string& root : roots) pins.keys.push_back(public_key(root));
        return "ok " + judge_file(pins, files[0], std::time(nullptr));
    });
    std::cout << answer << "\n";
    return answer.rfind("ok ", 0) == 0 ? 0 : 1;
}

int answer_lines(const std::function<std::string(const std::string&)>& answer) {
    for (std::string line; std::getline(std::cin, line);) std::cout << answer(line) << "\n";
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (sodium_init() < 0) return 3;
    Words words(arguments + 1, arguments + count);
    std::string mode = words.empty() ? "" : words[0];
    if (mode == "ed25519") return answer_lines(answer_point);
    if (mode == "vectors") return answer_lines(answer_vector);
    if (mode == "contents") return answer_lines(answer_contents);
    if (mode == "verify") return verify_file(Words(words.begin() + 1, words.end()));
    return usage();
}
