// The strict JSON reader, and the writer to match.
#include "json.hpp"

#include "refused.hpp"

namespace {

constexpr int depth_limit = 8;
constexpr std::size_t names_limit = 256;
constexpr std::int64_t integer_bound = std::int64_t{1} << 53;
constexpr const char* invalid = "json_invalid";

void append_utf8(std::string& out, std::uint32_t point) {
    auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xc0 | (point >> 6));
        tail(0);
    } else if (point < 0x10000) {
        out += static_cast<char>(0xe0 | (point >> 12));
        tail(6), tail(0);
    } else {
        out += static_cast<char>(0xf0 | (point >> 18));
        tail(12), tail(6), tail(0);
    }
}

/// How many bytes the sequence at the beginning of `text` has; refuses what is not UTF-8.
std::size_t sequence_length(std::string_view text) {
    auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
    unsigned first = byte(0);
    if (first < 0x80) return 1;
    std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    demand(first >= 0xc2 && first <= 0xf4, invalid);
    for (std::size_t at = 1; at < length; at++) demand(byte(at) >= 0x80 && byte(at) < 0xc0, invalid);
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    demand(!(first == 0xe0 && byte(1) < 0xa0) && !(first == 0xed && byte(1) >= 0xa0), invalid);
    demand(!(first == 0xf0 && byte(1) < 0x90) && !(first == 0xf4 && byte(1) >= 0x90), invalid);
    return length;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {
        for (std::size_t at = 0; at < text.size(); at += sequence_length(text.substr(at))) {}
    }

    Value whole() {
        skip_space();
        Value read = value(1);
        skip_space();
        demand(at_ == text_.size(), invalid);
        return read;
    }

  /// The texts of the values of a whole object or list.
    std::multimap<std::string, Bytes> texts() {
        std::multimap<std::string, Bytes> found;
        auto put = [&](const std::string& name) {
            std::size_t start = at_;
            value(2);
            found.emplace(name, text_.substr(start, at_ - start));
        };
        skip_space();
        if (peek() == '[') items(']', 1, [&] { put(""); });
        else if (peek() == '{') items('}', 1, [&] { put(name()); });
        return found;
    }

  private:
    Value value(int depth) {
        switch (peek()) {
            case '{': return object(depth);
            case '[': return list(depth);
            case '"': return of_text(string());
        }
        if (word("true")) return of_truth(true);
        if (word("false")) return of_truth(false);
        if (word("null")) return {};
        return integer();
    }

    Value object(int depth) {
        Value read;
        read.kind = Value::Kind::object;
        items('}', depth, [&] {
            std::string called = name();
            // Compared after unescaping: "a" and "\u0061" are one name.
            demand(read.find(called) == nullptr && read.members.size() < names_limit, invalid);
            read.members.emplace(std::move(called), value(depth + 1));
        });
        return read;
    }

    /// A member's name, up to its value.
    std::string name() {
        std::string read = string();
        skip_space();
        expect(':');
        skip_space();
        return read;
    }

    Value list(int depth) {
        Value read;
        read.kind = Value::Kind::list;
        items(']', depth, [&] { read.list.push_back(value(depth + 1)); });
        return read;
    }

    /// The items of an object or list, from its opening to behind its closing bracket.
    template <typename Item>
    void items(char close, int depth, Item item) {
        demand(depth <= depth_limit, invalid);
        at_++;
        skip_space();
        for (bool first = true; peek() != close; first = false) {
            if (!first) {
                expect(',');
                skip_space();
            }
            item();
            skip_space();
        }
        at_++;
    }

    std::string string() {
        expect('"');
        std::string out;
        for (;;) {
            char c = peek();
            demand(static_cast<unsigned char>(c) >= 0x20, invalid);
            at_++;
            if (c == '"') return out;
            if (c == '\\') {
                append_utf8(out, escape());
            } else {
                out += c;
            }
        }
    }

    std::uint32_t escape() {
        constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        char letter = peek();
        at_++;
        if (letter == 'u') return unicode_escape();
        auto found = letters.find(letter);
        demand(letter != 0 && found != std::string_view::npos, invalid);
        return static_cast<unsigned char>(meanings[found]);
    }

    std::uint32_t unicode_escape() {
        std::uint32_t point = four_hex();
        if (point >= 0xd800 && point < 0xdc00) {
            expect('\\');
            expect('u');
            std::uint32_t low = four_hex();
            demand(low >= 0xdc00 && low < 0xe000, invalid);
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
        demand(point != 0 && !(point >= 0xd800 && point < 0xe000), invalid);
        return point;
    }

    std::uint32_t four_hex() {
        std::uint32_t point = 0;
        for (int i = 0; i < 4; i++, at_++) {
            char c = peek();
            bool digit = c >= '0' && c <= '9', low = c >= 'a' && c <= 'f', high = c >= 'A' && c <= 'F';
            demand(digit || low || high, invalid);
            point = point << 4 | static_cast<std::uint32_t>(digit ? c - '0' : low ? c - 'a' + 10 : c - 'A' + 10);
        }
        return point;
    }

    Value integer() {
        bool negative = peek() == '-';
        if (negative) at_++;
        std::size_t start = at_;
        Value read;
        read.kind = Value::Kind::integer;
        for (char c = peek(); c >= '0' && c <= '9'; c = peek()) {
            read.number = read.number * 10 + (c - '0');
            demand(read.number < integer_bound, invalid);
            at_++;
        }
        std::size_t length = at_ - start;
        demand(length > 0 && (length == 1 || text_[start] != '0') && !(negative && read.number == 0), invalid);
        char next = peek();
        demand(next != '.' && next != 'e' && next != 'E', invalid);
        if (negative) read.number = -read.number;
        return read;
    }

    static Value of_text(std::string text) {
        Value read;
        read.kind = Value::Kind::text;
        read.text = std::move(text);
        return read;
    }

    static Value of_truth(bool truth) {
        Value read;
        read.kind = Value::Kind::boolean;
        read.truth = truth;
        return read;
    }

    bool word(std::string_view word) {
        bool found = text_.substr(at_, word.size()) == word;
        if (found) at_ += word.size();
        return found;
    }

    void expect(char c) {
        demand(peek() == c, invalid);
        at_++;
    }

    /// 0 at the end of the text; a NUL in the text is nowhere allowed either.
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) at_++;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string write_text(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            out += std::string("\\u00") + digits[static_cast<std::size_t>(c >> 4)] + digits[static_cast<std::size_t>(c & 15)];
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    return out + '"';
}

template <typename Items, typename Write>
std::string write_items(const Items& items, char open, char close, Write write) {
    std::string out(1, open);
    for (const auto& item : items) out += (out.size() == 1 ? "" : ",") + write(item);
    return out + close;
}

}  // namespace

Value parse_json(std::string_view text) {
    return Reader(text).whole();
}

std::multimap<std::string, Bytes> json_texts(std::string_view text) {
    parse_json(text);
    return Reader(text).texts();
}

std::string write_json(const Value& value) {
    switch (value.kind) {
        case Value::Kind::null: return "null";
        case Value::Kind::boolean: return value.truth ? "true" : "false";
        case Value::Kind::integer: return std::to_string(value.number);
        case Value::Kind::text: return write_text(value.text);
        case Value::Kind::list: return write_items(value.list, '[', ']', write_json);
        case Value::Kind::object: break;
    }
    return write_items(value.members, '{', '}',
                       [](const auto& member) { return write_text(member.first) + ":" + write_json(member.second); });
}
