//! The route table's row: a path, a verb, a handler, and the privilege read off the handler's own signature.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, Handler, HttpRequest, Responder, Route as ActixRoute, guard, http::Method, web};
use uuid::Uuid;

use super::list::ListSpec;
use crate::actor::{Can, Impersonating, Needs, Personal, Privilege};
use crate::error::AppError;

/// One row of the route table.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    /// What the handler asks for in its first argument.
    pub privilege: &'static str,
    pub needs: Needs,
    /// Whether a role on one tenant is not enough.
    pub platform_only: bool,
    /// The list that its page shows above all, if it shows one with filters.
    pub list: Option<&'static ListSpec>,
    /// Whether the session must be elevated.
    pub elevated: bool,
    /// Whether reading it leaves an event.
    pub logs_reads: bool,
    /// What of people it shows; reading that leaves an event under any privilege.
    pub personal: Option<Personal>,
    pub while_impersonating: Impersonating,
    /// Open in whoever's name somebody acts.
    pub in_any_name: bool,
    /// What is sent to it changes nothing.
    pub only_asks: bool,
    /// Whether it is taken from other sites and machines, too.
    pub from_elsewhere: bool,
    make: Box<dyn Fn() -> ActixRoute + Send + Sync>,
}

impl Route {
    /// For `App::configure`.
    pub fn actix(&self) -> ActixRoute {
        (self.make)()
    }

    /// Marks a page that shows personal data. What is sent to its address is not a read.
    pub fn shows(mut self, personal: Personal) -> Route {
        if self.method == Method::GET {
            self.personal = Some(personal);
            self.logs_reads = true;
        }
        self
    }

    /// The same row, whose page shows a list that people may keep views of.
    pub fn lists(self, spec: &'static ListSpec) -> Route {
        Route { list: Some(spec), ..self }
    }
}

/// Arguments of a handler that begins with a proof of authority. A handler without one does not fit the route
/// table, so that forgetting it does not compile.
pub trait Guarded {
    const PRIVILEGE: &'static str;
    const NEEDS: Needs;
    const PLATFORM_ONLY: bool;
    const ELEVATED: bool;
    const LOG_READS: bool;
    const WHILE_IMPERSONATING: Impersonating;
    const IN_ANY_NAME: bool;
    const ONLY_ASKS: bool;
    const FROM_ELSEWHERE: bool;
}

macro_rules! guarded {
    ($($argument:ident),*) => {
        impl<P: Privilege, $($argument),*> Guarded for (Can<P>, $($argument,)*) {
            const PRIVILEGE: &'static str = P::NAME;
            const NEEDS: Needs = P::NEEDS;
            const PLATFORM_ONLY: bool = P::PLATFORM_ONLY;
            const ELEVATED: bool = P::ELEVATED;
            const LOG_READS: bool = P::LOG_READS;
            const WHILE_IMPERSONATING: Impersonating = P::WHILE_IMPERSONATING;
            const IN_ANY_NAME: bool = P::IN_ANY_NAME;
            const ONLY_ASKS: bool = P::ONLY_ASKS;
            const FROM_ELSEWHERE: bool = P::FROM_ELSEWHERE;
        }
    };
}

guarded!();
guarded!(A);
guarded!(A, B);
guarded!(A, B, C);
guarded!(A, B, C, D);
guarded!(A, B, C, D, E);
guarded!(A, B, C, D, E, F);

/// A row for a verb of HTTP.
pub fn route<H, Args>(method: Method, path: &'static str, handler: H) -> Route
where
    H: Handler<Args> + Send + Sync,
    Args: FromRequest + Guarded + 'static,
    H::Output: Responder + 'static,
{
    let verb = method.clone();
    Route {
        method,
        path,
        privilege: Args::PRIVILEGE,
        needs: Args::NEEDS,
        platform_only: Args::PLATFORM_ONLY,
        list: None,
        elevated: Args::ELEVATED,
        logs_reads: Args::LOG_READS,
        personal: None,
        while_impersonating: Args::WHILE_IMPERSONATING,
        in_any_name: Args::IN_ANY_NAME,
        only_asks: Args::ONLY_ASKS,
        from_elsewhere: Args::FROM_ELSEWHERE,
        make: Box::new(move || verbs(&verb).to(handler.clone())),
    }
}

/// A page also answers HEAD, without its body.
fn verbs(method: &Method) -> ActixRoute {
    match *method {
        Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        _ => web::method(method.clone()),
    }
}

/// `GET`.
pub fn get<H, Args>(path: &'static str, handler: H) -> Route
where
    H: Handler<Args> + Send + Sync,
    Args: FromRequest + Guarded + 'static,
    H::Output: Responder + 'static,
{
    route(Method::GET, path, handler)
}

/// `POST`.
pub fn post<H, Args>(path: &'static str, handler: H) -> Route
where
    H: Handler<Args> + Send + Sync,
    Args: FromRequest + Guarded + 'static,
    H::Output: Responder + 'static,
{
    route(Method::POST, path, handler)
}

/// The row's id: the last parameter of the path, whose earlier ones name what the row belongs to.
#[derive(Debug, Clone, Copy)]
pub struct RowId(pub Uuid);

impl FromRequest for RowId {
    type Error = AppError;
    type Future = Ready<Result<RowId, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let last = request.match_info().iter().last().and_then(|(_, value)| value.parse().ok());
        ready(last.map(RowId).ok_or(AppError::NotFound))
    }
}

/// A row has one address. Under a parent that is not its own it is not found.
pub fn own_address(path: &str, address: &str) -> Result<(), AppError> {
    let path = path.strip_suffix("/new").or_else(|| path.strip_suffix("/edit")).unwrap_or(path);
    if path == address { Ok(()) } else { Err(AppError::NotFound) }
}
