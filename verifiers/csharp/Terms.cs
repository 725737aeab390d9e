// What a license grants in the vendor's own words (spec/license.md §2.6 to §2.11).
using System.Collections.Generic;
using System.Linq;

namespace Sealgate
{
    abstract class Named
    {
        public string Name;
    }

    /// <summary>Without a value, Value is null.</summary>
    sealed class Feature : Named
    {
        public string Value;
    }

    sealed class Limit : Named
    {
        public long Value;
    }

    /// <summary>Value is a string, a long or a bool.</summary>
    sealed class Variable : Named
    {
        public object Value;
    }

    /// <summary>At least one of the three is not null.</summary>
    sealed class Licensee
    {
        public string Name, Company, Email;
    }

    /// <summary>Empty or null where a license does not say them.</summary>
    sealed class Terms
    {
        public List<Feature> Features = new List<Feature>();
        public List<Limit> Limits = new List<Limit>();
        public List<Variable> Variables = new List<Variable>();
        public Licensee Licensee;
        public long? TrialDays;

        /// <summary>Takes the fields that may be absent, in the order of their table.</summary>
        public void TakeOptional(Fields fields)
        {
            object value;
            if (fields.Optional("limits", out value)) TakeLimits(value);
            if (fields.Optional("variables", out value)) TakeVariables(value);
            if (fields.Optional("licensee", out value)) TakeLicensee(new Fields(value));
            if (!fields.Optional("trial_days", out value)) return;
            Refused.Unless(value is long && (long)value >= 1 && (long)value <= 3650, Fields.Invalid);
            TrialDays = (long)value;
        }

        /// <summary>§2.6: names, and pairs of name and value.</summary>
        public void TakeFeatures(object value, int least, int most)
        {
            foreach (object entry in ListOf(value, least, most))
            {
                var pair = entry as List<object>;
                Refused.Unless(pair == null || pair.Count == 2, Fields.Invalid);
                var feature = new Feature { Name = Word(pair == null ? entry : pair[0], 32) };
                if (pair != null) feature.Value = Word(pair[1], 64);
                Put(Features, feature);
            }
        }

        /// <summary>§2.8</summary>
        void TakeLimits(object value)
        {
            foreach (object entry in ListOf(value, 1, 32))
            {
                List<object> pair = ListOf(entry, 2, 2);
                Refused.Unless(pair[1] is long && (long)pair[1] >= 0, Fields.Invalid);
                Put(Limits, new Limit { Name = Word(pair[0], 32), Value = (long)pair[1] });
            }
        }

        /// <summary>§2.9</summary>
        void TakeVariables(object value)
        {
            foreach (object entry in ListOf(value, 1, 50))
            {
                List<object> pair = ListOf(entry, 2, 2);
                var text = pair[1] as string;
                bool isValue = text == null ? pair[1] is long || pair[1] is bool : !text.Any(char.IsControl);
                Refused.Unless(isValue, Fields.Invalid);
                Put(Variables, new Variable { Name = Word(pair[0], 64), Value = pair[1] });
            }
        }

        /// <summary>§2.10</summary>
        void TakeLicensee(Fields fields)
        {
            Licensee = new Licensee { Name = Part(fields, "name") };
            Licensee.Company = Part(fields, "company");
            Licensee.Email = Part(fields, "email");
            Refused.Unless((Licensee.Name ?? Licensee.Company ?? Licensee.Email) != null, Fields.Invalid);
            fields.Finish();
        }

        static string Part(Fields fields, string name)
        {
            object value;
            return fields.Optional(name, out value) ? Word(value, 128) : null;
        }

        public static List<object> ListOf(object value, int least, int most)
        {
            var list = value as List<object>;
            Refused.Unless(list != null && list.Count >= least && list.Count <= most, Fields.Invalid);
            return list;
        }

        /// <summary>Text of 1 to so many bytes without control characters.</summary>
        public static string Word(object value, int longest)
        {
            string text = Envelope.Text(value, Fields.Invalid);
            int length = Utf8.Encode(text).Length;
            Refused.Unless(length >= 1 && length <= longest && !text.Any(char.IsControl), Fields.Invalid);
            return text;
        }

        public static void Put<T>(List<T> entries, T entry) where T : Named
        {
            Refused.Unless(entries.All(other => other.Name != entry.Name), Fields.Invalid);
            entries.Add(entry);
        }
    }
}
