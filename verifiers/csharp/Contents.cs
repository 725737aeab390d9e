// Says what a license grants, for the mode `contents` (../README.md).
using System.Collections.Generic;
using System.Linq;

namespace Sealgate
{
    static class Contents
    {
        /// <summary>What a license says as compact JSON, in the order and the form of the payload.</summary>
        public static string Of(Statement license)
        {
            Terms terms = license.Terms;
            Conditions conditions = license.Conditions;
            return new Written()
                .Put("features", terms.Features.Select(Feature).ToList())
                .Put("limits", Pairs(terms.Limits))
                .Put("variables", terms.Variables.Count > 0 ? terms.Variables.Select(v => Pair(v.Name, v.Value)).ToList() : null)
                .Put("licensee", Licensee(terms.Licensee))
                .Put("trial_days", terms.TrialDays)
                .Put("policy", Policy(conditions.Policy))
                .Put("max_instances", conditions.MaxInstances)
                .Put("offline", Offline(conditions.Offline))
                .Put("allowances", Allowances(conditions.Allowances))
                .Put("pool_epoch", conditions.PoolEpoch)
                .Put("slot", conditions.Slot).Text();
        }

        static Written Licensee(Licensee said)
        {
            if (said == null) return null;
            return new Written().Put("name", said.Name).Put("company", said.Company).Put("email", said.Email);
        }

        static Written Policy(Policy said)
        {
            if (said == null) return null;
            return new Written()
                .Put("heartbeat", Heartbeat(said.Heartbeat))
                .Put("seat", said.Seat)
                .Put("fail", said.Fail)
                .Put("integrity", said.Integrity)
                .Put("anti_tamper", AntiTamper(said.AntiTamper))
                .Put("clock", Clock(said.Clock))
                .Put("freshness", Freshness(said.Freshness))
                .Put("tenant_limits", Pairs(said.TenantLimits));
        }

        static Written Heartbeat(Heartbeat said)
        {
            if (said == null) return null;
            return new Written()
                .Put("interval", said.Interval).Put("grace", said.Grace).Put("longest_grace", said.LongestGrace);
        }

        static Written AntiTamper(AntiTamper said)
        {
            if (said == null) return null;
            List<object> agents = said.Agents == null ? null : said.Agents.ToList<object>();
            return new Written().Put("unknown", said.Unknown).Put("agents", agents);
        }

        static Written Clock(Clock said)
        {
            return said == null ? null : new Written().Put("tolerance", said.Tolerance).Put("mode", said.Mode);
        }

        static Written Freshness(Freshness said)
        {
            if (said == null) return null;
            return new Written().Put("warn", said.Warn).Put("restrict", said.Restrict).Put("block", said.Block);
        }

        static Written Offline(Offline said)
        {
            if (said == null) return null;
            return new Written().Put("days", said.Days).Put("pool", said.Pool).Put("journal_days", said.JournalDays);
        }

        static Written Allowances(Allowances said)
        {
            if (said == null) return null;
            return new Written().Put("releases", said.Releases).Put("replacements", said.Replacements);
        }

        static object Feature(Feature feature)
        {
            return feature.Value == null ? feature.Name : Pair(feature.Name, feature.Value);
        }

        /// <summary>Null where there are none.</summary>
        static List<object> Pairs(List<Limit> limits)
        {
            return limits == null || limits.Count == 0 ? null : limits.Select(l => Pair(l.Name, l.Value)).ToList();
        }

        static object Pair(string name, object value)
        {
            return new List<object> { name, value };
        }
    }

    /// <summary>An object, member by member; what is null is left out.</summary>
    sealed class Written
    {
        readonly List<string> members = new List<string>();

        public Written Put(string name, object value)
        {
            var inner = value as Written;
            string text = inner == null ? StrictJson.Write(value) : inner.Text();
            if (value != null) members.Add(StrictJson.Write(name) + ":" + text);
            return this;
        }

        public string Text()
        {
            return "{" + string.Join(",", members) + "}";
        }
    }
}
