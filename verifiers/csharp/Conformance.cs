// Runs the verifier over test points, vectors and files: `ed25519`, `vectors`, `contents` or `verify`; see ../README.md.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Sealgate
{
    static class Conformance
    {
        static int Main(string[] words)
        {
            switch (words.FirstOrDefault())
            {
                case "ed25519": return AnswerLines(Point);
                case "vectors": return AnswerLines(Vectors.Answer);
                case "contents": return AnswerLines(Vectors.AnswerContents);
                case "verify": return VerifyFile(words.Skip(1).ToArray());
                default: return Usage();
            }
        }

        static int Usage()
        {
            Console.Error.WriteLine("usage: conformance ed25519 | vectors | contents | verify --root PUB... [--threshold N] FILE");
            return 2;
        }

        static int AnswerLines(Func<string, string> answer)
        {
            var output = new StringBuilder();
            for (string line = Console.In.ReadLine(); line != null; line = Console.In.ReadLine())
            {
                output.Append(answer(line)).Append('\n');
            }
            // Bytes, because the console may have another encoding.
            byte[] bytes = Utf8.Encode(output.ToString());
            using (Stream standard = Console.OpenStandardOutput()) standard.Write(bytes, 0, bytes.Length);
            return 0;
        }

        static string Point(string line)
        {
            string[] words = line.Split(new[] { ' ', '\t' }, StringSplitOptions.RemoveEmptyEntries);
            try
            {
                byte[][] parts = words.Select(word => Ed25519.Hex(word == "-" ? "" : word)).ToArray();
                return parts.Length == 3 && Ed25519.Verify(parts[0], parts[1], parts[2]) ? "ok" : "no";
            }
            catch (FormatException)
            {
                return "no";
            }
        }

        static int VerifyFile(string[] words)
        {
            List<string> roots = new List<string>(), files = new List<string>();
            string threshold = "1";
            bool taking = false;
            for (int i = 0; i < words.Length; i++)
            {
                bool isRoot = taking && words[i].Length == 44 && words[i].EndsWith("=", StringComparison.Ordinal);
                taking = isRoot || words[i] == "--root";
                if (isRoot) roots.Add(words[i]);
                else if (words[i] == "--threshold" && i + 1 < words.Length) threshold = words[++i];
                else if (words[i] != "--root") files.Add(words[i]);
            }
            ushort number;
            if (!ushort.TryParse(threshold, out number) || roots.Count == 0 || files.Count != 1) return Usage();
            string answer = Vectors.Attempt(() =>
            {
                var pins = new Pins { Threshold = number };
                pins.Keys.AddRange(roots.Select(Statement.PublicKey));
                return "ok " + Judge(pins, files[0], DateTimeOffset.UtcNow.ToUnixTimeSeconds());
            });
            Console.Out.Write(answer + "\n");
            return answer.StartsWith("ok ", StringComparison.Ordinal) ? 0 : 1;
        }

        /// <summary>Verifies the file as far as its own level, and says its id.</summary>
        static string Judge(Pins pins, string file, long now)
        {
            byte[] artifact = ReadFile(file);
            string type = Envelope.DecodeCarrier(artifact).PayloadType;
            string kind = Statement.Kinds.FirstOrDefault(known => Statement.PayloadType(known) == type);
            Refused.Unless(kind != null, "kind_unexpected");
            bool hasCourier = File.Exists(file + ".trust");
            // spec/keys.md §6.2: of what it pins nothing is taken.
            ChainBytes courier = hasCourier ? TrustFile.Read(ReadFile(file + ".trust")).Chain : new ChainBytes();
            if (kind == "root")
            {
                courier.Roots.Add(artifact);
                return Chain.Follow(pins, courier.Roots, now, new List<byte[]>()).Id;
            }
            Refused.Unless(hasCourier, "trust_missing");
            if (kind == "keyset") courier.Keyset = artifact;
            if (kind == "tenant-keyset") courier.TenantKeyset = artifact;
            var chain = new Chain(pins, courier, null, now);
            if (kind != "license") return (kind == "keyset" ? chain.Keyset : chain.TenantKeyset).Id;
            Statement license = chain.VerifyLicense(artifact, null);
            license.DemandInForce(now);
            return license.Id;
        }

        static byte[] ReadFile(string file)
        {
            try
            {
                return File.ReadAllBytes(file);
            }
            catch (Exception error) when (error is IOException || error is UnauthorizedAccessException)
            {
                throw new Refused("file_unreadable");
            }
        }
    }
}
