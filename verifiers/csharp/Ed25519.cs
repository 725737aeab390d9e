// The Ed25519 rule (spec/ed25519.md): a pre-check on which all languages agree, then libsodium's verification.
using System;
using System.Linq;
using System.Runtime.InteropServices;

namespace Sealgate
{
    static class Ed25519
    {
        // Little-endian, as in signatures.
        static readonly byte[] Prime = Hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        static readonly byte[] Order = Hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

        /// <summary>§1.3: the y coordinates of all points of order 1, 2, 4 and 8.</summary>
        static readonly byte[][] SmallOrder =
        {
            Hex("0000000000000000000000000000000000000000000000000000000000000000"),
            Hex("0100000000000000000000000000000000000000000000000000000000000000"),
            Hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
            Hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            Hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        };

        [DllImport("libsodium.so.23")]
        static extern int sodium_init();

        [DllImport("libsodium.so.23")]
        static extern int crypto_sign_verify_detached(byte[] signature, byte[] message, ulong length, byte[] key);

        [DllImport("libsodium.so.23")]
        static extern int crypto_core_ed25519_add(byte[] sum, byte[] p, byte[] q);

        [DllImport("libsodium.so.23")]
        static extern int crypto_core_ed25519_is_valid_point(byte[] point);

        static Ed25519()
        {
            if (sodium_init() < 0) throw new InvalidOperationException("libsodium does not start");
        }

        /// <summary>§1</summary>
        public static bool Verify(byte[] key, byte[] message, byte[] signature)
        {
            if (key.Length != 32 || signature.Length != 64) return false;
            if (!PointIsAcceptable(key) || !PointIsAcceptable(signature.Take(32).ToArray())) return false;
            if (!Less(signature.Skip(32).ToArray(), Order)) return false;
            return crypto_sign_verify_detached(signature, message, (ulong)message.Length, key) == 0;
        }

        /// <summary>§2: what every key passes that is listed.</summary>
        public static void CheckKey(byte[] key)
        {
            byte[] y = Y(key);
            // The sign of a point of small order may contradict its x = 0; the point is refused as weak either way.
            bool isWeak = HasSmallOrder(y);
            // Adding reads both points and asks no more of them than that they lie on the curve.
            bool isOnCurve = isWeak || crypto_core_ed25519_add(new byte[32], key, key) == 0;
            Refused.Unless(Less(y, Prime) && isOnCurve, "key_malformed");
            Refused.Unless(!isWeak && crypto_core_ed25519_is_valid_point(key) == 1, "key_weak");
        }

        static bool PointIsAcceptable(byte[] point)
        {
            byte[] y = Y(point);
            return Less(y, Prime) && !HasSmallOrder(y);
        }

        static bool HasSmallOrder(byte[] y)
        {
            return SmallOrder.Any(small => small.SequenceEqual(y));
        }

        static byte[] Y(byte[] point)
        {
            byte[] y = (byte[])point.Clone();
            y[31] &= 0x7f;
            return y;
        }

        static bool Less(byte[] a, byte[] b)
        {
            for (int i = 31; i >= 0; i--)
            {
                if (a[i] != b[i]) return a[i] < b[i];
            }
            return false;
        }

        /// <summary>The bytes of hexadecimal digits; anything else is a FormatException.</summary>
        public static byte[] Hex(string digits)
        {
            if (digits.Length % 2 != 0 || !digits.All(Uri.IsHexDigit)) throw new FormatException("not hexadecimal");
            return Enumerable.Range(0, digits.Length / 2).Select(i => Convert.ToByte(digits.Substring(2 * i, 2), 16)).ToArray();
        }
    }
}
