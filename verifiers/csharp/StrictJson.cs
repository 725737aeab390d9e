// The strict JSON reader (spec/envelope.md §3.1, §3.2). It refuses every text on which readers could disagree.
using System;
using System.Collections.Generic;
using System.Text;

namespace Sealgate
{
    /// <summary>An object of the strict profile; names are compared code unit by code unit.</summary>
    sealed class Members : Dictionary<string, object>
    {
        public Members() : base(StringComparer.Ordinal) { }
        public Members(Members other) : base(other, StringComparer.Ordinal) { }
    }

    /// <summary>Objects are Members, lists List&lt;object&gt;, strings string, numbers long, and null is null.</summary>
    sealed class StrictJson
    {
        const int DepthLimit = 8;
        const int NamesLimit = 256;
        const long IntegerBound = 1L << 53;
        const string Invalid = "json_invalid";

        readonly string text;
        int at;

        StrictJson(string text)
        {
            this.text = text;
        }

        /// <summary>The value that fills the data, white space aside.</summary>
        public static object Parse(byte[] data)
        {
            var reader = new StrictJson(Utf8.Decode(data, Invalid));
            reader.SkipSpace();
            object value = reader.Value(1);
            reader.SkipSpace();
            Refused.Unless(reader.at == reader.text.Length, Invalid);
            return value;
        }

        /// <summary>What the object or list that fills the data holds, each value as the text that stands there; of a list, with null for a name.</summary>
        public static List<KeyValuePair<string, byte[]>> Texts(byte[] data)
        {
            Parse(data);
            var reader = new StrictJson(Utf8.Decode(data, Invalid));
            var found = new List<KeyValuePair<string, byte[]>>();
            reader.SkipSpace();
            bool isList = reader.Peek() == '[';
            reader.Items(isList ? ']' : '}', 1, () =>
            {
                string name = isList ? null : reader.Name();
                found.Add(new KeyValuePair<string, byte[]>(name, reader.Written()));
            });
            return found;
        }

        object Value(int depth)
        {
            switch (Peek())
            {
                case '{': return Object(depth);
                case '[': return List(depth);
                case '"': return String();
            }
            if (Word("true")) return true;
            if (Word("false")) return false;
            if (Word("null")) return null;
            return Integer();
        }

        Members Object(int depth)
        {
            var members = new Members();
            Items('}', depth, () =>
            {
                string name = Name();
                // Compared after unescaping: "a" and "\u0061" are one name.
                Refused.Unless(!members.ContainsKey(name) && members.Count < NamesLimit, Invalid);
                members.Add(name, Value(depth + 1));
            });
            return members;
        }

        /// <summary>A member's name, up to its value.</summary>
        string Name()
        {
            string name = String();
            SkipSpace();
            Expect(':');
            SkipSpace();
            return name;
        }

        byte[] Written()
        {
            int start = at;
            Value(2);
            return Utf8.Encode(text.Substring(start, at - start));
        }

        List<object> List(int depth)
        {
            var values = new List<object>();
            Items(']', depth, () => values.Add(Value(depth + 1)));
            return values;
        }

        /// <summary>The items of an object or list, from its opening to behind its closing bracket.</summary>
        void Items(char close, int depth, Action item)
        {
            Refused.Unless(depth <= DepthLimit, Invalid);
            at++;
            SkipSpace();
            for (bool first = true; Peek() != close; first = false)
            {
                if (!first)
                {
                    Expect(',');
                    SkipSpace();
                }
                item();
                SkipSpace();
            }
            at++;
        }

        string String()
        {
            Expect('"');
            var found = new StringBuilder();
            while (true)
            {
                char c = Peek();
                Refused.Unless(c >= 0x20, Invalid);
                at++;
                if (c == '"') return found.ToString();
                if (c == '\\') found.Append(Escape());
                else found.Append(c);
            }
        }

        string Escape()
        {
            char letter = Peek();
            at++;
            if (letter == 'u') return UnicodeEscape();
            int which = "\"\\/bfnrt".IndexOf(letter);
            Refused.Unless(which >= 0, Invalid);
            return "\"\\/\b\f\n\r\t".Substring(which, 1);
        }

        string UnicodeEscape()
        {
            int point = FourHex();
            if (point >= 0xd800 && point < 0xdc00)
            {
                Expect('\\');
                Expect('u');
                int low = FourHex();
                Refused.Unless(low >= 0xdc00 && low < 0xe000, Invalid);
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            }
            Refused.Unless(point != 0 && !(point >= 0xd800 && point < 0xe000), Invalid);
            return char.ConvertFromUtf32(point);
        }

        int FourHex()
        {
            int point = 0;
            for (int i = 0; i < 4; i++, at++)
            {
                int digit = "0123456789abcdef".IndexOf(Lower(Peek()));
                Refused.Unless(digit >= 0, Invalid);
                point = point << 4 | digit;
            }
            return point;
        }

        static char Lower(char c)
        {
            return c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
        }

        object Integer()
        {
            bool negative = Peek() == '-';
            if (negative) at++;
            int start = at;
            long number = 0;
            for (char c = Peek(); c >= '0' && c <= '9'; c = Peek())
            {
                number = number * 10 + (c - '0');
                Refused.Unless(number < IntegerBound, Invalid);
                at++;
            }
            int length = at - start;
            Refused.Unless(length > 0 && (length == 1 || text[start] != '0') && !(negative && number == 0), Invalid);
            Refused.Unless(".eE".IndexOf(Peek()) < 0, Invalid);
            return negative ? -number : number;
        }

        bool Word(string word)
        {
            bool found = string.CompareOrdinal(text, at, word, 0, word.Length) == 0;
            if (found) at += word.Length;
            return found;
        }

        void Expect(char c)
        {
            Refused.Unless(Peek() == c, Invalid);
            at++;
        }

        /// <summary>NUL at the end of the text; a NUL in the text is nowhere allowed either.</summary>
        char Peek()
        {
            return at < text.Length ? text[at] : '\0';
        }

        void SkipSpace()
        {
            while (at < text.Length && " \t\n\r".IndexOf(text[at]) >= 0) at++;
        }

        /// <summary>Compact text that Parse reads back to the same value.</summary>
        public static string Write(object value)
        {
            var members = value as Members;
            if (members != null)
            {
                var parts = new List<string>();
                foreach (var member in members) parts.Add(WriteText(member.Key) + ":" + Write(member.Value));
                return "{" + string.Join(",", parts) + "}";
            }
            var list = value as List<object>;
            if (list != null) return "[" + string.Join(",", list.ConvertAll(Write)) + "]";
            if (value is string) return WriteText((string)value);
            if (value is bool) return (bool)value ? "true" : "false";
            return value == null ? "null" : ((long)value).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        static string WriteText(string text)
        {
            var written = new StringBuilder("\"");
            foreach (char c in text)
            {
                if (c < 0x20) written.Append("\\u00").Append("0123456789abcdef"[c >> 4]).Append("0123456789abcdef"[c & 15]);
                else if (c == '"' || c == '\\') written.Append('\\').Append(c);
                else written.Append(c);
            }
            return written.Append('"').ToString();
        }
    }

    static class Utf8
    {
        static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        /// <summary>A byte order mark is kept as the character it is, so that the reader refuses it.</summary>
        public static string Decode(byte[] data, string code)
        {
            try
            {
                return Strict.GetString(data);
            }
            catch (ArgumentException)
            {
                throw new Refused(code);
            }
        }

        public static byte[] Encode(string text)
        {
            return Strict.GetBytes(text);
        }
    }
}
