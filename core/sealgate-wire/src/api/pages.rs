//! What a page looks like in the OpenAPI document: it has the name of its items.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Page;

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new()
            .items(RefOr::<Schema>::Ref(Ref::from_schema_name(T::name())))
            .description(Some("At most as many as were asked for."));
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some("Send it back as `cursor` for the next page; absent on the last."));
        ObjectBuilder::new()
            .description(Some("One page of a list."))
            .property("items", items)
            .property("next_cursor", cursor)
            .required("items")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    /// `LicensePage`, of `LicenseView`.
    fn name() -> Cow<'static, str> {
        let items = T::name();
        format!("{}Page", items.strip_suffix("View").unwrap_or(&items)).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
