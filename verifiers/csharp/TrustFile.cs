// trust.json (spec/keys.md §6): what a program pins, and the statements that come along.
using System.Collections.Generic;
using System.Linq;

namespace Sealgate
{
    /// <summary>The file as it is written: nothing that it pins was read, nothing in it is believed.</summary>
    sealed class TrustFile
    {
        const int TrustFileBytes = 20000000;

        public List<string> Roots;
        public long Threshold, RootVersion;
        public ChainBytes Chain;
        public string Tenant, App;

        /// <summary>§6.4, steps 1 to 3. A courier (§6.2) is read no further.</summary>
        public static TrustFile Read(byte[] data)
        {
            Refused.Unless(data.Length <= TrustFileBytes, "artifact_too_large");
            Members members = Envelope.Exactly(StrictJson.Parse(data), Fields.Invalid,
                "roots", "threshold", "root_version", "keyset_chain", "tenant_keyset", "tenant", "app");
            List<object> roots = members["roots"] as List<object>, chain = members["keyset_chain"] as List<object>;
            Refused.Unless(roots != null && chain != null && chain.Count > 0, Fields.Invalid);
            return new TrustFile
            {
                Roots = roots.ConvertAll(root => Envelope.Text(root, Fields.Invalid)),
                Threshold = Count(members["threshold"]),
                RootVersion = Count(members["root_version"]),
                Tenant = Envelope.Text(members["tenant"], Fields.Invalid),
                App = Envelope.Text(members["app"], Fields.Invalid),
                Chain = ChainOf(data),
            };
        }

        /// <summary>§6.4, steps 4 and 5.</summary>
        public Chain Verify(long now)
        {
            var pins = new Pins { Threshold = Threshold, Version = RootVersion };
            pins.Keys.AddRange(Roots.Select(Statement.PublicKey));
            Refused.Unless(Statement.Identifier.IsMatch(Tenant) && Statement.Identifier.IsMatch(App), "id_malformed");
            return new Chain(pins, Chain, Tenant, now);
        }

        /// <summary>The envelopes as the text that stands in the file.</summary>
        static ChainBytes ChainOf(byte[] data)
        {
            Dictionary<string, byte[]> texts = StrictJson.Texts(data).ToDictionary(text => text.Key, text => text.Value);
            List<byte[]> roots = StrictJson.Texts(texts["keyset_chain"]).ConvertAll(text => text.Value);
            byte[] keyset = roots.Last();
            roots.RemoveAt(roots.Count - 1);
            return new ChainBytes { Roots = roots, Keyset = keyset, TenantKeyset = texts["tenant_keyset"] };
        }

        static long Count(object value)
        {
            Refused.Unless(value is long && (long)value >= 0, Fields.Invalid);
            return (long)value;
        }
    }
}
