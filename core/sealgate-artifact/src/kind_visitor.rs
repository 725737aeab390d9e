//! From a kind to the type that holds its fields.

use crate::kind::for_every_kind;
use crate::{Kind, Statement};

/// A generic function of a kind's type, for [`Kind::visit`].
pub trait KindVisitor {
    /// What the function returns.
    type Output;

    /// The function, for the type `T`.
    fn visit<T: Statement>(self) -> Self::Output;
}

macro_rules! types {
    ($($kind:ident $name:literal $key_use:ident $form:ident $purpose:literal)*) => {
        impl Kind {
            /// Calls the visitor with the type of this kind.
            pub fn visit<V: KindVisitor>(self, visitor: V) -> V::Output {
                match self { $(Self::$kind => visitor.visit::<crate::$kind>()),* }
            }
        }

        // A type under another kind's row does not compile.
        $(const _: () = assert!(matches!(<crate::$kind as Statement>::KIND, Kind::$kind));)*
    };
}

for_every_kind!(types);
