// Answers vectors (vectors/README.md).
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Sealgate
{
    static class Vectors
    {
        /// <summary>The line that belongs into the .expected file, or `skip`.</summary>
        public static string Answer(string path)
        {
            return Attempt(() =>
            {
                var question = (Members)StrictJson.Parse(File.ReadAllBytes(path));
                switch ((string)question["check"])
                {
                    case "envelope": return "ok " + Envelope.Decode(Bytes(question["envelope"])).Id();
                    case "chain": return question.ContainsKey("accepted") ? "skip" : AnswerChain(question);
                    case "trust-file": return AnswerTrustFile(question);
                    case "signatures": return Unanimous(question, Signature);
                    case "keys": return Unanimous(question, entry => Ed25519.CheckKey(Part(entry, "key")));
                    default: return "skip";
                }
            });
        }

        /// <summary>What the license of a vector grants, or `skip`.</summary>
        public static string AnswerContents(string path)
        {
            return Attempt(() =>
            {
                var question = (Members)StrictJson.Parse(File.ReadAllBytes(path));
                bool isAsked = question.ContainsKey("license") && !question.ContainsKey("accepted");
                return isAsked ? "ok " + Contents.Of(Believed(question).Last()) : "skip";
            });
        }

        /// <summary>The answer, or the code it was refused with.</summary>
        public static string Attempt(Func<string> action)
        {
            try
            {
                return action();
            }
            catch (Refused refused)
            {
                return refused.Code;
            }
        }

        static string AnswerChain(Members question)
        {
            return "ok " + string.Join(" ", Believed(question).Select(statement => statement.Id));
        }

        static string AnswerTrustFile(Members question)
        {
            Chain found = TrustFile.Read(Bytes(question["file"])).Verify((long)question["now"]);
            return "ok " + found.Root.Id + " " + found.Keyset.Id + " " + found.TenantKeyset.Id;
        }

        /// <summary>The last root statement, keyset, tenant keyset and, if there is one, license.</summary>
        static List<Statement> Believed(Members question)
        {
            string tenant = ExpectedId(question["expect_tenant"]), app = ExpectedId(question["expect_app"]);
            var pins = new Pins { Threshold = (long)question["threshold"], Version = question["root_version"] as long? };
            pins.Keys.AddRange(List(question, "roots").Select(root => Statement.PublicKey((string)root)));
            var chain = new ChainBytes { Keyset = Bytes(question["keyset"]), TenantKeyset = Bytes(question["tenant_keyset"]) };
            chain.Roots.AddRange(List(question, "root_chain").Select(Bytes));
            var found = new Chain(pins, chain, tenant, (long)question["now"]);
            var statements = new List<Statement> { found.Root, found.Keyset, found.TenantKeyset };
            if (!question.ContainsKey("license")) return statements;
            statements.Add(found.VerifyLicense(Bytes(question["license"]), app, Policies.Enforced));
            return statements;
        }

        static string ExpectedId(object id)
        {
            Refused.Unless(id == null || Statement.Identifier.IsMatch((string)id), "id_malformed");
            return (string)id;
        }

        static void Signature(Members entry)
        {
            bool isValid = Ed25519.Verify(Part(entry, "key"), Part(entry, "message"), Part(entry, "signature"));
            Refused.Unless(isValid, "signature_invalid");
        }

        /// <summary>The verdict that all entries share.</summary>
        static string Unanimous(Members question, Action<Members> judge)
        {
            Func<object, string> verdict = entry => Attempt(() =>
            {
                judge((Members)entry);
                return "ok";
            });
            List<string> verdicts = List(question, "list").Select(verdict).Distinct().ToList();
            return verdicts.Count == 1 ? verdicts[0] : "not_unanimous";
        }

        static byte[] Part(Members entry, string name)
        {
            return Ed25519.Hex((string)entry[name]);
        }

        static List<object> List(Members members, string name)
        {
            return (List<object>)members[name];
        }

        /// <summary>Text, or base64 where the bytes are not UTF-8.</summary>
        static byte[] Bytes(object written)
        {
            var members = (Members)written;
            object text;
            return members.TryGetValue("text", out text)
                ? Utf8.Encode((string)text)
                : Envelope.Base64((string)members["base64"], "base64_invalid");
        }
    }
}
