// Payloads of the kinds this verifier knows (spec/envelope.md §3, §6; spec/keys.md §5; spec/license.md §1).
using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace Sealgate
{
    sealed class KeyRecord
    {
        public string Use, State;
        public byte[] Key;
    }

    /// <summary>What verification asks of any kind.</summary>
    sealed class Statement
    {
        public static readonly Regex Identifier = Pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
        static readonly Regex Digest = Pattern("[0-9a-f]{64}");

        public static readonly string[] Kinds = { "root", "keyset", "tenant-keyset", "license" };

        /// <summary>Known once the signatures were checked.</summary>
        public string Id;
        public long Version, IssuedAt, ExpiresAt, Threshold, NotBefore;
        public bool NeverExpires;
        public List<byte[]> RootKeys = new List<byte[]>();
        public List<KeyRecord> Records = new List<KeyRecord>();
        public string Tenant, App;
        public readonly Terms Terms = new Terms();
        public readonly Conditions Conditions = new Conditions();

        /// <summary>§3.6: the payload of a statement of this kind, and the attachments it names.</summary>
        public static Statement Read(string kind, byte[] payload, List<byte[]> attachments)
        {
            var fields = new Fields(StrictJson.Parse(payload));
            var left = new List<byte[]>(attachments);
            Refused.Unless(fields.Text("typ") == kind, "kind_unexpected");
            var statement = new Statement();
            switch (kind)
            {
                case "root": statement.TakeRoot(fields); break;
                case "keyset": statement.TakeDatedKeys(fields, 12); break;
                case "tenant-keyset": statement.TakeTenantKeyset(fields); break;
                default: statement.TakeLicense(fields, left); break;
            }
            statement.JudgeCritical(fields, kind == "license");
            fields.Finish();
            Refused.Unless(left.Count == 0, "attachment_unexpected");
            return statement;
        }

        public static string PayloadType(string kind)
        {
            return "application/vnd.sealgate." + kind + ".v1+json";
        }

        public static byte[] PublicKey(string text)
        {
            byte[] key = Envelope.Base64(text, "key_malformed");
            Refused.Unless(key.Length == 32, "key_malformed");
            return key;
        }

        /// <summary>spec/license.md §4, as far as a file can tell.</summary>
        public void DemandInForce(long now)
        {
            Refused.Unless(now >= NotBefore, "not_yet_valid");
            Refused.Unless(NeverExpires || now < ExpiresAt, "expired");
            Refused.Unless(Terms.TrialDays == null, "trial_not_begun");
        }

        void TakeRoot(Fields fields)
        {
            Version = fields.Count("version");
            Refused.Unless(Version > 0, Fields.Invalid);
            IssuedAt = fields.Time("issued_at");
            ExpiresAt = fields.Time("expires_at");
            Threshold = fields.Count("threshold");
            foreach (object key in fields.List("keys", 12)) RootKeys.Add(PublicKey(Envelope.Text(key, Fields.Invalid)));
            Refused.Unless(Threshold >= 1 && Threshold <= RootKeys.Count, Fields.Invalid);
        }

        void TakeTenantKeyset(Fields fields)
        {
            Tenant = fields.Matching("tenant", Identifier);
            TakeDatedKeys(fields, 16);
        }

        void TakeDatedKeys(Fields fields, int most)
        {
            Version = fields.Count("version");
            IssuedAt = fields.Time("issued_at");
            ExpiresAt = fields.Time("expires_at");
            foreach (object entry in fields.List("keys", most)) Records.Add(TakeRecord(new Fields(entry)));
        }

        static readonly string[] Uses =
        {
            "root", "authority", "server", "issuer", "activation", "update", "snapshot", "log", "app",
        };

        static KeyRecord TakeRecord(Fields fields)
        {
            fields.OneOf("alg", "ed25519");
            var record = new KeyRecord { Use = fields.OneOf("use", Uses) };
            record.Key = PublicKey(fields.Text("public_key"));
            record.State = fields.OneOf("state", "active", "retired", "revoked");
            fields.Finish();
            return record;
        }

        void TakeLicense(Fields fields, List<byte[]> attachments)
        {
            Tenant = fields.Matching("tenant", Identifier);
            App = fields.Matching("app", Identifier);
            fields.Matching("license", Identifier);
            Version = fields.Count("version");
            IssuedAt = fields.Time("issued_at");
            NotBefore = fields.Time("not_before");
            NeverExpires = fields.IsNull("expires_at");
            if (!NeverExpires) ExpiresAt = fields.Time("expires_at");
            fields.OneOf("tier", "free", "licensed", "enterprise");
            TakeFeatures(fields.Take("features"), attachments);
            if (!fields.IsNull("max_devices"))
            {
                long devices = fields.Count("max_devices");
                Refused.Unless(devices >= 1 && devices <= 1000000, Fields.Invalid);
            }
            Terms.TakeOptional(fields);
            Conditions.Take(fields);
            Refused.Unless(NeverExpires || ExpiresAt > NotBefore, Fields.Invalid);
        }

        /// <summary>spec/license.md §2.14: `crit` names `policy` once where there is a policy, and nowhere else.</summary>
        void JudgeCritical(Fields fields, bool knowsPolicy)
        {
            List<object> critical = knowsPolicy ? fields.Extensions("policy") : fields.Extensions();
            Refused.Unless(critical.Count == (Conditions.Policy == null ? 0 : 1), Fields.Invalid);
        }

        /// <summary>spec/envelope.md §6.4: a few stand in the payload, many in an attachment.</summary>
        void TakeFeatures(object value, List<byte[]> attachments)
        {
            if (value is Members) Terms.TakeFeatures(StrictJson.Parse(Attached(new Fields(value), attachments)), 33, 128);
            else Terms.TakeFeatures(value, 0, 32);
        }

        /// <summary>§6.3: hashed before it is read.</summary>
        static byte[] Attached(Fields reference, List<byte[]> attachments)
        {
            long length = reference.Count("length");
            Refused.Unless(length >= 1 && length <= Envelope.AttachmentBytes, Fields.Invalid);
            string digest = reference.Matching("sha256", Digest);
            reference.Finish();
            int at = attachments.FindIndex(data => data.Length == length && Envelope.Sha256(data) == digest);
            Refused.Unless(at >= 0, "attachment_missing");
            byte[] found = attachments[at];
            attachments.RemoveAt(at);
            return found;
        }

        static Regex Pattern(string pattern)
        {
            return new Regex(@"\A" + pattern + @"\z", RegexOptions.CultureInvariant);
        }
    }
}
