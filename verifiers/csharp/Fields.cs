// Taking an object apart field by field, so that what is left over is noticed (spec/envelope.md §3.3 to §3.5).
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Sealgate
{
    /// <summary>The members of one object that have not been taken yet.</summary>
    sealed class Fields
    {
        const long LastSecond = 253402300799;
        public const string Invalid = "field_invalid";
        static readonly Regex Name = new Regex(@"\A[a-z0-9_]{1,64}\z", RegexOptions.CultureInvariant);

        readonly Members left;

        public Fields(object value)
        {
            var members = value as Members;
            Refused.Unless(members != null, Invalid);
            CheckNames(members);
            left = new Members(members);
        }

        public object Take(string name)
        {
            Refused.Unless(left.ContainsKey(name), "field_missing");
            object value = left[name];
            left.Remove(name);
            return value;
        }

        public string Text(string name)
        {
            return Envelope.Text(Take(name), Invalid);
        }

        public string Matching(string name, Regex pattern)
        {
            string text = Text(name);
            Refused.Unless(pattern.IsMatch(text), Invalid);
            return text;
        }

        public string OneOf(string name, params string[] words)
        {
            string text = Text(name);
            Refused.Unless(words.Contains(text), Invalid);
            return text;
        }

        public long Count(string name)
        {
            object value = Take(name);
            Refused.Unless(value is long && (long)value >= 0, Invalid);
            return (long)value;
        }

        public long Time(string name)
        {
            long time = Count(name);
            Refused.Unless(time <= LastSecond, Invalid);
            return time;
        }

        /// <summary>Takes the field if it is null.</summary>
        public bool IsNull(string name)
        {
            bool isNull = left.ContainsKey(name) && left[name] == null;
            if (isNull) left.Remove(name);
            return isNull;
        }

        /// <summary>Takes a field that may be absent.</summary>
        public bool Optional(string name, out object value)
        {
            return left.TryGetValue(name, out value) && left.Remove(name);
        }

        public List<object> List(string name, int most)
        {
            var values = Take(name) as List<object>;
            Refused.Unless(values != null && values.Count <= most, Invalid);
            return values;
        }

        /// <summary>A number of that range.</summary>
        public long Whole(string name, long least, long most)
        {
            object value = Take(name);
            Refused.Unless(value is long && (long)value >= least && (long)value <= most, Invalid);
            return (long)value;
        }

        public long? OptionalWhole(string name, long least, long most)
        {
            return left.ContainsKey(name) ? Whole(name, least, most) : (long?)null;
        }

        public string OptionalOneOf(string name, params string[] words)
        {
            return left.ContainsKey(name) ? OneOf(name, words) : null;
        }

        /// <summary>§3.5: `ext`, and the names in `crit`, of which each must be known.</summary>
        public List<object> Extensions(params string[] known)
        {
            if (left.ContainsKey("ext")) Refused.Unless(Take("ext") is Members, Invalid);
            if (!left.ContainsKey("crit")) return new List<object>();
            var critical = Take("crit") as List<object>;
            Refused.Unless(critical != null && critical.Count > 0, Invalid);
            foreach (object name in critical)
            {
                Refused.Unless(known.Contains(Envelope.Text(name, Invalid)), "crit_unknown");
            }
            return critical;
        }

        /// <summary>§3.5, then what nobody took.</summary>
        public void Finish()
        {
            Extensions();
            Refused.Unless(left.Count == 0, "field_unknown");
        }

        /// <summary>§3.3, at every depth.</summary>
        static void CheckNames(object value)
        {
            var members = value as Members;
            if (members != null)
            {
                Refused.Unless(members.Keys.All(name => Name.IsMatch(name)), "field_unknown");
                foreach (object inner in members.Values) CheckNames(inner);
            }
            var list = value as List<object>;
            if (list != null) list.ForEach(CheckNames);
        }
    }
}
