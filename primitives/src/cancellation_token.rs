//! Telling a tree of tasks to stop: after tokio-util's `CancellationToken`.
//!
//! Cancelling a token cancels its children, and theirs, and wakes everybody who waits for any of
//! them; it does not touch its parent. A clone is the same token. A child of a token that is
//! cancelled already is cancelled from the start.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Cause};
use crate::waiters::{Waiters, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 1] = [Cause { wait: "cancelled", by: &["cancel"], owed: &[] }];

/// Is cancelled once, for everybody who has a clone or a child of it.
///
/// # Examples
/// ```
/// use unpick_primitives::CancellationToken;
///
/// let stop = CancellationToken::new().named("stop");
/// let child = stop.child_token();
/// futures::executor::block_on(async {
///     futures::join!(child.cancelled(), async { stop.cancel() });
/// });
/// assert_eq!(format!("{stop:?}"), "<CancellationToken stop [cancelled]>");
/// ```
pub struct CancellationToken {
    node: Arc<Node>,
}

struct Node {
    base: Instrumented<State>,
    /// Keeps the way from the root to here alive. Taken when the node is dropped.
    parent: Option<Link>,
}

/// A node's place among its parent's children.
struct Link {
    parent: Arc<Node>,
    place: usize,
}

struct State {
    is_cancelled: bool,
    children: Children,
    waiters: Waiters,
}

/// Children in places that stay theirs until they are dropped.
#[derive(Default)]
struct Children {
    places: Vec<Option<Weak<Node>>>,
    free: Vec<usize>,
}

impl Children {
    fn insert(&mut self, child: Weak<Node>) -> usize {
        match self.free.pop() {
            Some(place) => {
                self.places[place] = Some(child);
                place
            }
            None => {
                self.places.push(Some(child));
                self.places.len() - 1
            }
        }
    }

    /// Does nothing once the children were taken, by the parent's cancellation.
    fn remove(&mut self, place: usize) -> Option<Weak<Node>> {
        let child = self.places.get_mut(place)?.take();
        self.free.push(place);
        child
    }
}

impl State {
    const fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }

    /// Cancels this one. Its children are to be cancelled next.
    fn cancel(&mut self) -> (Children, Wakeups) {
        self.is_cancelled = true;
        (std::mem::take(&mut self.children), self.waiters.grant_all(()))
    }
}

impl Node {
    #[track_caller]
    fn new(parent: Option<Link>, is_cancelled: bool) -> Node {
        let (children, waiters) = (Children::default(), Waiters::new());
        let state = State { is_cancelled, children, waiters };
        Node { base: Instrumented::new("cancellation_token", state).with_causes(&CAUSES), parent }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop, not recursion: a chain of tokens may be longer than the stack is deep.
        let mut link = self.parent.take();
        while let Some(Link { parent, place }) = link {
            let child = parent.base.lock().children.remove(place);
            drop(child);
            link = Arc::into_inner(parent).and_then(|mut parent| parent.parent.take());
        }
    }
}

impl CancellationToken {
    /// Makes a token without a parent.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::CancellationToken::new().is_cancelled());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new() -> CancellationToken {
        CancellationToken { node: Arc::new(Node::new(None, false)) }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Panics
    /// If it has clones or children already.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new().named("stop");
    /// assert_eq!(format!("{token:?}"), "<CancellationToken stop [active]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> CancellationToken {
        // A parent knows its child weakly, so that `get_mut` would refuse every child.
        match Arc::get_mut(&mut self.node) {
            Some(node) => node.base.set_name(name),
            None => panic!("a token is named before it is shared, and a child by `named_child`"),
        }
        self
    }

    /// Makes a token that is cancelled with this one, and can be cancelled alone.
    ///
    /// # Examples
    /// ```
    /// let parent = unpick_primitives::CancellationToken::new();
    /// let (first, second) = (parent.child_token(), parent.child_token());
    /// first.cancel();
    /// assert!(!parent.is_cancelled() && !second.is_cancelled());
    /// parent.cancel();
    /// assert!(second.is_cancelled());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn child_token(&self) -> CancellationToken {
        self.adopt(Node::new(None, false))
    }

    /// Makes a child with a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let child = unpick_primitives::CancellationToken::new().named_child("upload");
    /// assert_eq!(format!("{child:?}"), "<CancellationToken upload [active]>");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn named_child(&self, name: impl Into<Cow<'static, str>>) -> CancellationToken {
        let mut node = Node::new(None, false);
        node.base.set_name(name);
        self.adopt(node)
    }

    fn adopt(&self, mut node: Node) -> CancellationToken {
        let mut state = self.node.base.lock();
        if state.is_cancelled {
            drop(state);
            node.base.get_mut().is_cancelled = true;
            return CancellationToken { node: Arc::new(node) };
        }
        let node = Arc::new_cyclic(|child| {
            let place = state.children.insert(child.clone());
            node.parent = Some(Link { parent: self.node.clone(), place });
            node
        });
        drop(state);
        CancellationToken { node }
    }

    /// Cancels this token and all its descendants.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// token.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    #[track_caller]
    pub fn cancel(&self) {
        self.node.base.object.immediate("cancel", Access::Change);
        let mut nodes = vec![self.node.clone()];
        while let Some(node) = nodes.pop() {
            let base = &node.base;
            base.object.publish();
            let (children, woken) = base.lock().cancel();
            base.object.notified(woken.len());
            woken.wake();
            let children = children.places.iter().rev().flatten();
            nodes.extend(children.filter_map(Weak::upgrade));
        }
    }

    /// Whether it was cancelled, itself or with an ancestor.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// token.cancel();
    /// assert!(token.child_token().is_cancelled());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_cancelled(&self) -> bool {
        let base = &self.node.base;
        base.object.immediate("is_cancelled", Access::Read);
        let is_cancelled = base.lock().is_cancelled;
        if is_cancelled {
            base.object.observe();
        }
        is_cancelled
    }

    /// Waits until it is cancelled.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// use futures::FutureExt;
    ///
    /// let token = unpick_primitives::CancellationToken::new();
    /// assert_eq!(token.cancelled().now_or_never(), None);
    /// token.cancel();
    /// assert_eq!(token.cancelled().now_or_never(), Some(()));
    /// ```
    #[track_caller]
    pub fn cancelled(&self) -> Cancelled<'_> {
        let waiting = Waiting::new("cancelled", Access::Read, Location::caller());
        Cancelled { token: Cow::Borrowed(self), waiting }
    }

    /// Waits until it is cancelled, and keeps a clone of it meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// let cancelled = token.clone().cancelled_owned();
    /// token.cancel();
    /// futures::executor::block_on(cancelled);
    /// ```
    #[track_caller]
    pub fn cancelled_owned(self) -> Cancelled<'static> {
        let waiting = Waiting::new("cancelled", Access::Read, Location::caller());
        Cancelled { token: Cow::Owned(self), waiting }
    }

    /// Polls a future until it returns, or until this is cancelled: then it is dropped. If both
    /// happen at once, its output counts; if the token is cancelled before, it is not polled.
    ///
    /// # Cancel safety
    /// Dropping it drops the future.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// futures::executor::block_on(async {
    ///     assert_eq!(token.run_until_cancelled(async { 1 }).await, Some(1));
    ///     token.cancel();
    ///     assert_eq!(token.run_until_cancelled(async { 1 }).await, None);
    /// });
    /// ```
    #[track_caller]
    pub fn run_until_cancelled<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<'_, F> {
        self.cancelled().or(future)
    }

    /// Polls a future until it returns, or until this is cancelled: then it is dropped. Keeps a
    /// clone of the token meanwhile.
    ///
    /// # Cancel safety
    /// Dropping it drops the future.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// let work = token.clone().run_until_cancelled_owned(std::future::pending::<()>());
    /// let working = std::thread::spawn(|| futures::executor::block_on(work));
    /// token.cancel();
    /// assert_eq!(working.join().expect("it does not panic"), None);
    /// ```
    #[track_caller]
    pub fn run_until_cancelled_owned<F: Future>(
        self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<F> {
        self.cancelled_owned().or(future)
    }

    /// Makes a guard that cancels the token when it is dropped.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// drop(token.clone().drop_guard());
    /// assert!(token.is_cancelled());
    /// ```
    pub const fn drop_guard(self) -> DropGuard {
        BaseDropGuard { token: Some(self) }
    }

    /// Makes a guard that borrows the token, and cancels it when it is dropped.
    ///
    /// # Examples
    /// ```
    /// let token = unpick_primitives::CancellationToken::new();
    /// drop(token.drop_guard_ref());
    /// assert!(token.is_cancelled());
    /// ```
    pub const fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        BaseDropGuard { token: Some(self) }
    }
}

impl Default for CancellationToken {
    #[track_caller]
    fn default() -> CancellationToken {
        CancellationToken::new()
    }
}

/// Whether both are the same token: clones are, a child is not.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &CancellationToken) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for CancellationToken {}

impl Clone for CancellationToken {
    fn clone(&self) -> CancellationToken {
        CancellationToken { node: self.node.clone() }
    }
}

/// Cancels a token when it is dropped.
///
/// # Examples
/// ```
/// use unpick_primitives::CancellationToken;
///
/// /// Whatever it spawned ends with it, whichever way it ends.
/// fn serve(stop: CancellationToken, fails: bool) -> Result<(), &'static str> {
///     let _guard = stop.drop_guard();
///     if fails { Err("no port") } else { Ok(()) }
/// }
///
/// let stop = CancellationToken::new();
/// assert_eq!(serve(stop.child_token(), true), Err("no port"));
/// assert!(!stop.is_cancelled(), "its own token only");
/// assert!(serve(stop.clone(), false).is_ok());
/// assert!(stop.is_cancelled());
/// ```
pub type DropGuard = BaseDropGuard<CancellationToken>;

/// Cancels a token that it borrows when it is dropped.
///
/// # Examples
/// ```
/// let token = unpick_primitives::CancellationToken::new();
/// let guard = token.drop_guard_ref();
/// assert!(!guard.disarm().is_cancelled());
/// assert!(!token.is_cancelled());
/// ```
pub type DropGuardRef<'a> = BaseDropGuard<&'a CancellationToken>;

/// Cancels a token when it is dropped: a [`DropGuard`] or a [`DropGuardRef`].
///
/// # Examples
/// ```
/// let token = unpick_primitives::CancellationToken::new();
/// drop(token.clone().drop_guard());
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard cancels the token"]
pub struct BaseDropGuard<K: Borrow<CancellationToken>> {
    // Invariant: `None` only while it is disarmed.
    token: Option<K>,
}

impl<K: Borrow<CancellationToken>> BaseDropGuard<K> {
    /// The token.
    ///
    /// # Examples
    /// ```
    /// let guard = unpick_primitives::CancellationToken::new().drop_guard();
    /// let child = guard.token().child_token();
    /// drop(guard);
    /// assert!(child.is_cancelled());
    /// ```
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        let token = self.token.as_ref().expect("a guard has its token until it is disarmed");
        token.borrow()
    }

    /// Gives the token back, and cancels nothing.
    ///
    /// # Examples
    /// ```
    /// let guard = unpick_primitives::CancellationToken::new().drop_guard();
    /// assert!(!guard.disarm().is_cancelled());
    /// ```
    #[must_use]
    pub fn disarm(mut self) -> K {
        self.token.take().expect("a guard has its token until it is disarmed")
    }
}

impl<K: Borrow<CancellationToken>> Drop for BaseDropGuard<K> {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.borrow().cancel();
        }
    }
}

/// The future of [`CancellationToken::cancelled`] and [`CancellationToken::cancelled_owned`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Cancelled<'a> {
    token: Cow<'a, CancellationToken>,
    waiting: Waiting,
}

impl Cancelled<'_> {
    /// Polls a future until it returns, or until the token is cancelled.
    async fn or<F: Future>(self, future: F) -> Option<F::Output> {
        if self.token.is_cancelled() {
            return None;
        }
        let (mut cancelled, mut future) = (self, pin!(future));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Pin::new(&mut cancelled).poll(cx).map(|()| None),
        })
        .await
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Cancelled { token, waiting } = &mut *self;
        let base = &token.node.base;
        let attempt = |state: &mut State, _woken: Option<()>| state.is_cancelled.then_some(());
        base.poll(waiting, cx, State::waiters, attempt).map(|()| base.object.observe())
    }
}

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        self.token.node.base.cancel(&mut self.waiting, State::waiters, |_, ()| ());
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_cancelled, waiters) = {
            let state = self.node.base.lock();
            (state.is_cancelled, Count("waiters", state.waiters.len()))
        };
        let stage = if is_cancelled { "cancelled" } else { "active" };
        show(f, "CancellationToken", &self.node.base.object, format_args!("{stage}{waiters}"))
    }
}

impl fmt::Debug for Cancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Cancelled of {:?}>", self.token)
    }
}
