// The one way to say no.
using System;

namespace Sealgate
{
    /// <summary>Why something is not believed: a stable code of spec/errors.md §2.</summary>
    sealed class Refused : Exception
    {
        public readonly string Code;

        public Refused(string code) : base(code)
        {
            Code = code;
        }

        public static void Unless(bool condition, string code)
        {
            if (!condition) throw new Refused(code);
        }
    }
}
