// Says what a license grants, for the mode `contents` (../README.md).
using System.Collections.Generic;
using System.Linq;

namespace Sealgate
{
    static class Contents
    {
        /// <summary>The terms as compact JSON, in the order and the form of the payload.</summary>
        public static string Of(Terms terms)
        {
            var said = new List<string> { Member("features", terms.Features.Select(Written).ToList()) };
            if (terms.Limits.Count > 0) said.Add(Member("limits", terms.Limits.Select(l => Pair(l.Name, l.Value)).ToList()));
            if (terms.Variables.Count > 0)
            {
                said.Add(Member("variables", terms.Variables.Select(v => Pair(v.Name, v.Value)).ToList()));
            }
            if (terms.Licensee != null) said.Add("\"licensee\":{" + string.Join(",", Parts(terms.Licensee)) + "}");
            if (terms.TrialDays != null) said.Add(Member("trial_days", terms.TrialDays.Value));
            return "{" + string.Join(",", said) + "}";
        }

        static IEnumerable<string> Parts(Licensee licensee)
        {
            if (licensee.Name != null) yield return Member("name", licensee.Name);
            if (licensee.Company != null) yield return Member("company", licensee.Company);
            if (licensee.Email != null) yield return Member("email", licensee.Email);
        }

        static object Written(Feature feature)
        {
            return feature.Value == null ? feature.Name : Pair(feature.Name, feature.Value);
        }

        static object Pair(string name, object value)
        {
            return new List<object> { name, value };
        }

        static string Member(string name, object value)
        {
            return StrictJson.Write(name) + ":" + StrictJson.Write(value);
        }
    }
}
