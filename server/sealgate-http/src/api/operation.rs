//! One operation of the management API: what it takes, gives and needs, and who carries it out.

use std::sync::Arc;

use axum::extract::FromRef;
use axum::routing::MethodRouter;
use sealgate_authority::AuthorityError;
use sealgate_control::{Caller, Control, Scope, Tokens};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::caller::Repeats;

/// An operation. The router and the OpenAPI document are made from the same value; what only the document shows is made
/// when that is.
pub(crate) struct Operation {
    /// The use case's name.
    pub(crate) name: &'static str,
    /// What it does; the first line is a summary.
    pub(crate) about: &'static [&'static str],
    /// `GET`, `POST`, …
    pub(crate) method: &'static str,
    /// The path, with its one parameter in braces.
    pub(crate) path: &'static str,
    /// The scope that a token needs; none where every token will do.
    pub(crate) scope: Option<Scope>,
    /// Another one that it needs, too.
    pub(crate) also: Option<Scope>,
    /// Parameters of the query.
    pub(crate) query: fn() -> Vec<Parameter>,
    /// The body.
    pub(crate) body: Option<fn() -> Shape>,
    /// The status of a success.
    pub(crate) status: u16,
    /// The type of a success, and its shape.
    pub(crate) media_type: &'static str,
    /// What a success looks like.
    pub(crate) answer: fn() -> Shape,
    /// Whether a request under an idempotency key is carried out once.
    pub(crate) repeats: Repeats,
    /// Whether it can answer 409.
    pub(crate) conflicts: bool,
    /// Who carries it out.
    pub(crate) handler: MethodRouter<Vendor>,
}

/// The vendor's side, as the router holds it. Each row of the table calls one group of it.
#[derive(Clone)]
pub(crate) struct Vendor(pub(crate) Arc<Control>);

impl FromRef<Vendor> for Tokens {
    fn from_ref(vendor: &Vendor) -> Self {
        vendor.0.tokens.clone()
    }
}

impl Vendor {
    /// Carries out an operation if its caller may still act: the request may have waited for its body or its turn.
    pub(crate) async fn carry_out<T>(
        &self,
        method: &'static str,
        caller: &Caller,
        asked: impl Future<Output = Result<T, AuthorityError>>,
    ) -> Result<T, AuthorityError> {
        let tokens = &self.0.tokens;
        let reads = method == "GET";
        if !reads {
            // A change looks again in its transaction. This is before keys are made for it, and it costs others nothing.
            tokens.may_act(caller).await?;
        }
        let done = asked.await;
        let is_told = match &done {
            // A change that was made is answered, whatever came since: it may have revoked the token that asked for it.
            Ok(_) => reads,
            Err(error) => !error.is_failure(),
        };
        if is_told {
            tokens.may_act(caller).await?;
        }
        done
    }
}

/// Bytes in the place of JSON.
pub(crate) struct Octets;

impl PartialSchema for Octets {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for Octets {}

/// A shape with all that it is made of.
pub(crate) struct Shape {
    /// Its name; shapes that are made for one answer have none.
    pub(crate) name: Option<String>,
    /// What it looks like.
    pub(crate) schema: RefOr<Schema>,
    /// What it is made of.
    pub(crate) parts: Vec<(String, RefOr<Schema>)>,
}

impl Shape {
    pub(crate) fn of<T: ToSchema>() -> Self {
        let mut parts = vec![];
        T::schemas(&mut parts);
        // A page's name does not say of what, and bytes have no fields.
        let name = Some(T::name().into_owned()).filter(|name| !matches!(&**name, "Page" | "Octets"));
        Self { name, schema: T::schema(), parts }
    }
}

/// The parameters of a query.
pub(crate) fn parameters<T: IntoParams>() -> Vec<Parameter> {
    T::into_params(|| None)
}

/// Reads a table of operations.
macro_rules! operations {
    ($($(#[doc = $about:literal])+
       $method:ident $path:literal, $scope:ident $(and $also:ident)?, $name:ident = $group:ident.$call:ident $takes:tt
           -> $status:literal $answer:ty $(as $media:literal)? $(, $flag:ident)*;
    )*) => {
        vec![$(Operation {
            name: stringify!($name),
            about: &[$($about),+],
            method: stringify!($method),
            path: $path,
            scope: $crate::api::operation::scope!($scope),
            also: $crate::api::operation::also!($($also)?),
            query: $crate::api::operation::query!($takes),
            body: $crate::api::operation::body!($takes),
            status: $status,
            media_type: $crate::api::operation::media!($($media)?),
            answer: Shape::of::<$answer>,
            repeats: $crate::api::operation::repeats!($($flag)*),
            conflicts: $crate::api::operation::conflicts!($method $($flag)*),
            handler: $crate::api::operation::handler!(
                $method $takes ($status, $crate::api::operation::media!($($media)?)), $group.$call
            ).layer(axum::Extension(Demands {
                scope: $crate::api::operation::scope!($scope),
                also: $crate::api::operation::also!($($also)?),
                repeats: $crate::api::operation::repeats!($($flag)*),
            })),
        }),*]
    };
}

/// `AnyToken`: no scope is needed.
macro_rules! scope {
    (AnyToken) => {
        None
    };
    ($scope:ident) => {
        Some(Scope::$scope)
    };
}

macro_rules! also {
    () => {
        None
    };
    ($scope:ident) => {
        Some(Scope::$scope)
    };
}

macro_rules! media {
    () => {
        "application/json"
    };
    ($media:literal) => {
        $media
    };
}

/// `once`: a request under an idempotency key is carried out once.
macro_rules! repeats {
    () => {
        $crate::caller::Repeats::Plainly
    };
    (once $($flag:ident)*) => {
        $crate::caller::Repeats::Once
    };
    (conflicts $($flag:ident)*) => {
        $crate::api::operation::repeats!($($flag)*)
    };
}

/// Every change can meet a conflict. `conflicts`: a read that can, too.
macro_rules! conflicts {
    (GET) => {
        false
    };
    (GET conflicts) => {
        true
    };
    ($method:ident $($flag:ident)*) => {
        true
    };
}

macro_rules! query {
    ((query $query:ty)) => {
        parameters::<$query>
    };
    ((id, query $query:ty)) => {
        parameters::<$query>
    };
    ((id, query $query:ty, as file)) => {
        parameters::<$query>
    };
    ($other:tt) => {
        Vec::new
    };
}

macro_rules! body {
    ((body $body:ty)) => {
        Some(Shape::of::<$body>)
    };
    ((file $body:ty)) => {
        Some(Shape::of::<$body>)
    };
    ((id, body $body:ty)) => {
        Some(Shape::of::<$body>)
    };
    ((id, long $body:ty)) => {
        Some(Shape::of::<$body>)
    };
    ($other:tt) => {
        None
    };
}

/// Which parts of a request a use case takes: the caller always comes first.
macro_rules! handler {
    ($method:ident () $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!($method, |State(vendor): State<Vendor>, auth: Authenticated, _: NoQuery| async move {
            let asked = vendor.0.$group.$call(&auth.caller);
            auth.answer($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
        })
    };
    ($method:ident (id) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!(
            $method,
            |State(vendor): State<Vendor>, auth: Authenticated, _: NoQuery, Id(id): Id| async move {
                let asked = vendor.0.$group.$call(&auth.caller, &id);
                auth.answer($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
            }
        )
    };
    ($method:ident (query $query:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!(
            $method,
            |State(vendor): State<Vendor>, auth: Authenticated, QueryOf(query): QueryOf<$query>| async move {
                // Lists and exports, and nothing else, have a query.
                let _turn = vendor.0.lists.turn(&auth.caller).await;
                let asked = vendor.0.$group.$call(&auth.caller, &query);
                auth.answer($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
            }
        )
    };
    ($method:ident (id, query $query:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!(
            $method,
            |State(vendor): State<Vendor>, auth: Authenticated, QueryOf(query): QueryOf<$query>, Id(id): Id| async move {
                let _turn = vendor.0.lists.turn(&auth.caller).await;
                let asked = vendor.0.$group.$call(&auth.caller, &id, &query);
                auth.answer($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
            }
        )
    };
    ($method:ident (id, query $query:ty, as file) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!(
            $method,
            |State(vendor): State<Vendor>, auth: Authenticated, QueryOf(query): QueryOf<$query>, Id(id): Id| async move {
                let asked = vendor.0.$group.$call(&auth.caller, &id, &query);
                auth.answer_file($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
            }
        )
    };
    ($method:ident (body $body:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::handler!($method (of Body<$body>) $good, $group.$call)
    };
    ($method:ident (file $body:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::handler!($method (of Body<$body, FILE_BODY_BYTES>) $good, $group.$call)
    };
    ($method:ident (of $body:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!(
            $method,
            |State(vendor): State<Vendor>, mut auth: Authenticated, _: NoQuery, body: $body| async move {
                let request = body.for_caller(&mut auth.caller);
                let asked = vendor.0.$group.$call(&auth.caller, &request);
                auth.answer($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
            }
        )
    };
    ($method:ident (id, body $body:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::handler!($method (id, of Body<$body>) $good, $group.$call)
    };
    ($method:ident (id, long $body:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::handler!($method (id, of Body<$body, LONG_BODY_BYTES>) $good, $group.$call)
    };
    ($method:ident (id, of $body:ty) $good:tt, $group:ident.$call:ident) => {
        $crate::api::operation::route!(
            $method,
            |State(vendor): State<Vendor>, mut auth: Authenticated, _: NoQuery, Id(id): Id, body: $body| async move {
                let request = body.for_caller(&mut auth.caller);
                let asked = vendor.0.$group.$call(&auth.caller, &id, &request);
                auth.answer($good, vendor.carry_out(stringify!($method), &auth.caller, asked).await)
            }
        )
    };
}

macro_rules! route {
    (GET, $handler:expr) => {
        axum::routing::get($handler)
    };
    (POST, $handler:expr) => {
        axum::routing::post($handler)
    };
    (PUT, $handler:expr) => {
        axum::routing::put($handler)
    };
    (PATCH, $handler:expr) => {
        axum::routing::patch($handler)
    };
    (DELETE, $handler:expr) => {
        axum::routing::delete($handler)
    };
}

pub(super) use {also, body, conflicts, handler, media, operations, query, repeats, route, scope};
