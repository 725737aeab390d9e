// From pinned roots to a license (spec/keys.md §4): every level by the same function, and no other way.
using System.Collections.Generic;
using System.Linq;

namespace Sealgate
{
    /// <summary>Root keys that a program or a person trusts from the start; a person knows no version.</summary>
    sealed class Pins
    {
        public List<byte[]> Keys = new List<byte[]>();
        public long Threshold = 1;
        public long? Version;
    }

    /// <summary>The statements of a chain as they were received.</summary>
    sealed class ChainBytes
    {
        public List<byte[]> Roots = new List<byte[]>();
        public byte[] Keyset, TenantKeyset;
    }

    /// <summary>The verified chain from pinned roots down to the issuers of one tenant.</summary>
    sealed class Chain
    {
        const long Day = 86400;
        const int RootStatements = 1024;

        public readonly Statement Root, Keyset, TenantKeyset;

        /// <summary>Every key of every level so far: none may stand twice.</summary>
        readonly List<byte[]> seen = new List<byte[]>();

        public Chain(Pins pins, ChainBytes chain, string tenant, long now)
        {
            Root = Follow(pins, chain.Roots, now, seen);
            Keyset = Verify("keyset", Claim("keyset", chain.Keyset), Root.RootKeys, Root.Threshold);
            CheckWindow("keyset", Keyset, now);
            Keyset.Records.ForEach(record => Admit(seen, record.Key));
            Envelope claim = Claim("tenant-keyset", chain.TenantKeyset);
            TenantKeyset = Verify("tenant-keyset", claim, Signers(Keyset, "authority"), 1);
            Refused.Unless(tenant == null || TenantKeyset.Tenant == tenant, "wrong_tenant");
            CheckWindow("keyset", TenantKeyset, now);
            TenantKeyset.Records.ForEach(record => Admit(seen, record.Key));
        }

        /// <summary>spec/license.md §2.14, §2.2, §2.1. Who says `Policies.Enforced` must enforce §2.13.</summary>
        public Statement VerifyLicense(byte[] data, string app, Policies policies = Policies.Refused)
        {
            Statement license = Verify("license", Claim("license", data), Signers(TenantKeyset, "issuer"), 1);
            Refused.Unless(policies == Policies.Enforced || license.Conditions.Policy == null, "crit_unknown");
            Refused.Unless(license.Tenant == TenantKeyset.Tenant, "wrong_tenant");
            Refused.Unless(app == null || license.App == app, "wrong_app");
            return license;
        }

        /// <summary>§4.2: the last root statement; `seen` becomes every root key on the way.</summary>
        public static Statement Follow(Pins pins, List<byte[]> roots, long now, List<byte[]> seen)
        {
            Refused.Unless(pins.Threshold > 0, "config_invalid");
            pins.Keys.ForEach(key => Admit(seen, key));
            Refused.Unless(roots.Count <= RootStatements, "chain_too_long");
            Statement last = null;
            foreach (byte[] data in roots)
            {
                Envelope claim = Claim("root", data);
                // Only a choice of where to begin, and of a code: nothing of it is believed yet.
                Statement claimed = Statement.Read("root", claim.Payload, claim.Attachments);
                if (last != null) last = Next(last, claim, claimed, seen);
                else if (Claims(claimed, pins)) last = Verify("root", claim, pins.Keys, pins.Threshold);
            }
            Refused.Unless(last != null, "root_unknown");
            CheckWindow("root", last, now);
            return last;
        }

        static bool Claims(Statement claimed, Pins pins)
        {
            return claimed.Threshold == pins.Threshold
                && claimed.RootKeys.Count == pins.Keys.Count
                && pins.Keys.All(key => Includes(claimed.RootKeys, key))
                && (pins.Version == null || pins.Version == claimed.Version);
        }

        static Statement Next(Statement last, Envelope claim, Statement claimed, List<byte[]> seen)
        {
            long step = claimed.Version - last.Version;
            Refused.Unless(step != 0 || claim.Id() == last.Id, "equivocation");
            Refused.Unless(step > 0, "version_rollback");
            Refused.Unless(step == 1, "version_gap");
            Statement byLast = Verify("root", claim, last.RootKeys, last.Threshold);
            var known = new List<byte[]>();
            foreach (byte[] key in byLast.RootKeys)
            {
                bool hasLeft = Includes(seen, key) && !Includes(last.RootKeys, key);
                if (hasLeft) known.Add(key);
                Admit(known, key);
            }
            seen.AddRange(byLast.RootKeys.Where(key => !Includes(seen, key)).ToList());
            return Verify("root", claim, byLast.RootKeys, byLast.Threshold);
        }

        /// <summary>spec/envelope.md §5: signers are counted, not signatures; then the payload is read, once.</summary>
        static Statement Verify(string kind, Envelope claim, List<byte[]> keys, long threshold)
        {
            byte[] message = claim.SignedBytes();
            int signers = keys.Count(key => claim.Signatures.Any(signature => Ed25519.Verify(key, message, signature)));
            Refused.Unless(signers > 0, "signature_invalid");
            Refused.Unless(signers >= threshold, "threshold_not_met");
            Statement statement = Statement.Read(kind, claim.Payload, claim.Attachments);
            statement.Id = claim.Id();
            return statement;
        }

        static Envelope Claim(string kind, byte[] data)
        {
            Envelope claim = kind == "license" ? Envelope.DecodeCarrier(data) : Envelope.Decode(data);
            Refused.Unless(claim.PayloadType == Statement.PayloadType(kind), "kind_unexpected");
            return claim;
        }

        /// <summary>§4.4</summary>
        static List<byte[]> Signers(Statement keyset, string use)
        {
            var signers = keyset.Records.Where(record => record.Use == use && record.State != "revoked");
            return signers.Select(record => record.Key).ToList();
        }

        /// <summary>§2.1, §2.3: every key is sound and stands once.</summary>
        static void Admit(List<byte[]> seen, byte[] key)
        {
            Ed25519.CheckKey(key);
            Refused.Unless(!Includes(seen, key), "key_duplicate");
            seen.Add(key);
        }

        static bool Includes(List<byte[]> keys, byte[] key)
        {
            return keys.Any(other => other.SequenceEqual(key));
        }

        /// <summary>§4.3: a day's tolerance at the start, none at the end.</summary>
        static void CheckWindow(string whose, Statement statement, long now)
        {
            Refused.Unless(now + Day >= statement.IssuedAt, whose + "_not_yet_valid");
            Refused.Unless(now < statement.ExpiresAt, whose + "_expired");
        }
    }
}
