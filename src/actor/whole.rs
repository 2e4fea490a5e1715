//! A right where it is about tenants as a whole.

use std::marker::PhantomData;

use super::{Impersonating, Needs, Privilege};

/// The right of `P` on what belongs to tenants as a whole and to none of their clients, such as their people. Who has it
/// on a client finds nothing with it.
pub struct Whole<P>(PhantomData<fn() -> P>);

impl<P: Privilege> Privilege for Whole<P> {
    const NAME: &'static str = P::NAME;
    const DESCRIPTION: &'static str = P::DESCRIPTION;
    const LOG_READS: bool = P::LOG_READS;
    const NEEDS: Needs = P::NEEDS;
    const ELEVATED: bool = P::ELEVATED;
    const WHILE_ENROLLING: bool = P::WHILE_ENROLLING;
    const IN_ANY_NAME: bool = P::IN_ANY_NAME;
    const WHILE_ACTING: bool = P::WHILE_ACTING;
    const DELEGABLE: bool = P::DELEGABLE;
    const PLATFORM_ONLY: bool = P::PLATFORM_ONLY;
    const OF_WHOLE_TENANTS: bool = true;
    const WHILE_IMPERSONATING: Impersonating = P::WHILE_IMPERSONATING;
    const FROM_ELSEWHERE: bool = P::FROM_ELSEWHERE;
    const DATABASE_ROLE: Option<&'static str> = P::DATABASE_ROLE;
}
