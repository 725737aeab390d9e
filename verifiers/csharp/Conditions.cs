// Under which conditions a license gives its rights (spec/license.md §2.13 to §2.26).
using System.Collections.Generic;
using System.Linq;

namespace Sealgate
{
    /// <summary>Whether a program enforces every field of a policy (§2.14).</summary>
    enum Policies { Refused, Enforced }

    /// <summary>Null where a license does not say them.</summary>
    sealed class Conditions
    {
        /// <summary>In seconds and in days.</summary>
        public const long Year = 31536000, TenYears = 3650;
        const long Largest = (1L << 53) - 1;

        public Policy Policy;
        public long? MaxInstances;
        public Offline Offline;
        public Allowances Allowances;
        public long? PoolEpoch, Slot;

        /// <summary>Takes the fields in the order of their table.</summary>
        public void Take(Fields fields)
        {
            object value;
            if (fields.Optional("policy", out value)) Policy = new Policy(new Fields(value));
            MaxInstances = fields.OptionalWhole("max_instances", 1, 1000);
            if (fields.Optional("offline", out value)) Offline = new Offline(new Fields(value));
            if (fields.Optional("allowances", out value)) Allowances = new Allowances(new Fields(value));
            PoolEpoch = fields.OptionalWhole("pool_epoch", 1, Largest);
            Slot = fields.OptionalWhole("slot", 0, Largest);
        }
    }

    /// <summary>§2.22</summary>
    sealed class Offline
    {
        public readonly long Days;
        public readonly long? Pool, JournalDays;

        public Offline(Fields fields)
        {
            Days = fields.Whole("days", 1, Conditions.TenYears);
            Pool = fields.OptionalWhole("pool", 1, 1000000);
            JournalDays = fields.OptionalWhole("journal_days", 1, Conditions.TenYears);
            fields.Finish();
        }
    }

    /// <summary>§2.23</summary>
    sealed class Allowances
    {
        public readonly long? Releases, Replacements;

        public Allowances(Fields fields)
        {
            Releases = fields.OptionalWhole("releases", 0, 1000);
            Replacements = fields.OptionalWhole("replacements", 0, 1000);
            Refused.Unless((Releases ?? Replacements) != null, Fields.Invalid);
            fields.Finish();
        }
    }

    /// <summary>§2.13: what is not said is null.</summary>
    sealed class Policy
    {
        public readonly Heartbeat Heartbeat;
        public readonly string Seat, Fail, Integrity;
        public readonly AntiTamper AntiTamper;
        public readonly Clock Clock;
        public readonly Freshness Freshness;
        public readonly List<Limit> TenantLimits;

        public Policy(Fields fields)
        {
            object value;
            if (fields.Optional("heartbeat", out value)) Heartbeat = new Heartbeat(new Fields(value));
            Seat = fields.OptionalOneOf("seat", "lease");
            Fail = fields.OptionalOneOf("fail", "hard", "soft");
            Integrity = fields.OptionalOneOf("integrity", "required", "where_listed");
            if (fields.Optional("anti_tamper", out value)) AntiTamper = new AntiTamper(new Fields(value));
            if (fields.Optional("clock", out value)) Clock = new Clock(new Fields(value));
            if (fields.Optional("freshness", out value)) Freshness = new Freshness(new Fields(value));
            if (fields.Optional("tenant_limits", out value)) TenantLimits = TenantLimitsOf(value);
            object said = Heartbeat ?? Seat ?? Fail ?? Integrity ?? AntiTamper ?? Clock ?? Freshness ?? (object)TenantLimits;
            Refused.Unless(said != null && (Seat == null || Heartbeat != null), Fields.Invalid);
            fields.Finish();
        }

        /// <summary>§2.20</summary>
        static List<Limit> TenantLimitsOf(object value)
        {
            var limits = new List<Limit>();
            foreach (object entry in Terms.ListOf(value, 1, 4))
            {
                List<object> pair = Terms.ListOf(entry, 2, 2);
                Refused.Unless(pair[1] is long && (long)pair[1] >= 1 && (long)pair[1] <= 1000000000, Fields.Invalid);
                Terms.Put(limits, new Limit { Name = Terms.Word(pair[0], 16), Value = (long)pair[1] });
            }
            return limits;
        }
    }

    /// <summary>§2.15</summary>
    sealed class Heartbeat
    {
        public readonly long Interval, Grace;
        public readonly long? LongestGrace;

        public Heartbeat(Fields fields)
        {
            Interval = fields.Whole("interval", 60, 2592000);
            Grace = fields.Whole("grace", 0, Conditions.Year);
            LongestGrace = fields.OptionalWhole("longest_grace", 0, Conditions.Year);
            Refused.Unless(Grace >= Interval && (LongestGrace == null || LongestGrace > Grace), Fields.Invalid);
            fields.Finish();
        }
    }

    /// <summary>§2.17: both fields may be absent.</summary>
    sealed class AntiTamper
    {
        public readonly string Unknown;
        public readonly List<string> Agents;

        public AntiTamper(Fields fields)
        {
            object value;
            Unknown = fields.OptionalOneOf("unknown", "tamper");
            if (fields.Optional("agents", out value))
            {
                Agents = Terms.ListOf(value, 1, 8).ConvertAll(entry => Terms.Word(entry, 16));
                Refused.Unless(Agents.Distinct().Count() == Agents.Count, Fields.Invalid);
            }
            fields.Finish();
        }
    }

    /// <summary>§2.18</summary>
    sealed class Clock
    {
        public readonly long? Tolerance;
        public readonly string Mode;

        public Clock(Fields fields)
        {
            Tolerance = fields.OptionalWhole("tolerance", 0, 604800);
            Mode = fields.OptionalOneOf("mode", "run_time");
            Refused.Unless(Tolerance != null || Mode != null, Fields.Invalid);
            fields.Finish();
        }
    }

    /// <summary>§2.19</summary>
    sealed class Freshness
    {
        public readonly long? Warn, Restrict, Block;

        public Freshness(Fields fields)
        {
            Warn = fields.OptionalWhole("warn", 1, Conditions.TenYears);
            Restrict = fields.OptionalWhole("restrict", 1, Conditions.TenYears);
            Block = fields.OptionalWhole("block", 1, Conditions.TenYears);
            List<long?> days = new[] { Warn, Restrict, Block }.Where(age => age != null).ToList();
            Refused.Unless(days.Count > 0 && days.SequenceEqual(days.OrderBy(age => age)), Fields.Invalid);
            fields.Finish();
        }
    }
}
