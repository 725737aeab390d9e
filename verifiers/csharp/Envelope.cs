// DSSE envelopes, bare or with attachments (spec/envelope.md §1, §6). Decoding believes nothing.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

namespace Sealgate
{
    sealed class Envelope
    {
        const int EnvelopeBytes = 16384, CarrierBytes = 1500000, PayloadBytes = 3800, KeyIdBytes = 64;
        const string Invalid = "envelope_invalid", TooLarge = "artifact_too_large";

        public const int AttachmentBytes = 262144;

        public string PayloadType;
        public byte[] Payload;
        public List<byte[]> Signatures = new List<byte[]>();
        public List<byte[]> Attachments = new List<byte[]>();

        /// <summary>A bare envelope.</summary>
        public static Envelope Decode(byte[] data)
        {
            Refused.Unless(data.Length <= EnvelopeBytes, TooLarge);
            return Of(StrictJson.Parse(data));
        }

        /// <summary>§6.2: an object that has a field `statement` carries attachments, everything else is a bare envelope.</summary>
        public static Envelope DecodeCarrier(byte[] data)
        {
            Refused.Unless(data.Length <= CarrierBytes, TooLarge);
            object value = StrictJson.Parse(data);
            var members = value as Members;
            if (members == null || !members.ContainsKey("statement"))
            {
                Refused.Unless(data.Length <= EnvelopeBytes, TooLarge);
                return Of(value);
            }
            Exactly(members, Invalid, "statement", "attachments");
            var texts = members["attachments"] as List<object>;
            Refused.Unless(texts != null && texts.Count >= 1 && texts.Count <= 4 && texts.All(t => t is string), Invalid);
            Envelope envelope = Of(members["statement"]);
            foreach (string text in texts)
            {
                byte[] attachment = Base64(text, "base64_invalid");
                Refused.Unless(attachment.Length <= AttachmentBytes, TooLarge);
                envelope.Attachments.Add(attachment);
            }
            return envelope;
        }

        /// <summary>§1.3: standard alphabet, padded, in its only spelling. The stock decoder skips white space.</summary>
        public static byte[] Base64(string text, string code)
        {
            try
            {
                byte[] data = Convert.FromBase64String(text);
                Refused.Unless(Convert.ToBase64String(data) == text, code);
                return data;
            }
            catch (FormatException)
            {
                throw new Refused(code);
            }
        }

        /// <summary>§1.5: DSSE's pre-authentication encoding.</summary>
        public byte[] SignedBytes()
        {
            byte[] kind = Utf8.Encode(PayloadType);
            byte[] begin = Encoding.ASCII.GetBytes("DSSEv1 " + kind.Length + " ");
            byte[] middle = Encoding.ASCII.GetBytes(" " + Payload.Length + " ");
            return begin.Concat(kind).Concat(middle).Concat(Payload).ToArray();
        }

        /// <summary>§2.3</summary>
        public string Id()
        {
            return Sha256(SignedBytes());
        }

        public static string Sha256(byte[] data)
        {
            using (var hash = SHA256.Create())
            {
                return string.Concat(hash.ComputeHash(data).Select(b => b.ToString("x2")));
            }
        }

        /// <summary>Demands an object of exactly these members.</summary>
        public static Members Exactly(object value, string code, params string[] names)
        {
            var members = value as Members;
            Refused.Unless(members != null && members.Count == names.Length && names.All(members.ContainsKey), code);
            return members;
        }

        public static string Text(object value, string code)
        {
            Refused.Unless(value is string, code);
            return (string)value;
        }

        static Envelope Of(object value)
        {
            Members members = Exactly(value, Invalid, "payloadType", "payload", "signatures");
            string payloadType = Text(members["payloadType"], Invalid), payload = Text(members["payload"], Invalid);
            var envelope = new Envelope { PayloadType = payloadType, Payload = Base64(payload, "base64_invalid") };
            Refused.Unless(envelope.Payload.Length <= PayloadBytes, TooLarge);
            var entries = members["signatures"] as List<object>;
            Refused.Unless(entries != null && entries.Count >= 1 && entries.Count <= 24, Invalid);
            envelope.Signatures.AddRange(entries.Select(Signature));
            return envelope;
        }

        static byte[] Signature(object entry)
        {
            Members members = Exactly(entry, Invalid, "keyid", "sig");
            string keyid = Text(members["keyid"], Invalid), sig = Text(members["sig"], Invalid);
            Refused.Unless(Utf8.Encode(keyid).Length <= KeyIdBytes, TooLarge);
            return Base64(sig, "base64_invalid");
        }
    }
}
