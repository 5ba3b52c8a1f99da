//! What both cells that are filled once have in common.

/// A cell over tokio's of the same name: how it is made, and what it shows.
macro_rules! filled_once {
    ($name:ident, $kind:literal, $causes:expr) => {
        #[track_caller]
        const fn object() -> unpick_sim::probe::Object {
            unpick_sim::probe::Object::in_static($kind).with_causes($causes)
        }

        impl<T> $name<T> {
            #[doc = concat!("As tokio's [`new`](real::", stringify!($name), "::new).")]
            #[track_caller]
            pub fn new() -> Self {
                $name { object: object().registered(), inner: real::$name::new() }
            }

            #[doc = concat!("As tokio's [`const_new`](real::", stringify!($name), "::const_new).")]
            #[track_caller]
            pub const fn const_new() -> Self {
                $name { object: object(), inner: real::$name::const_new() }
            }

            #[doc = concat!("As tokio's [`new_with`](real::", stringify!($name), "::new_with).")]
            #[track_caller]
            pub fn new_with(value: Option<T>) -> Self {
                $name { object: object().registered(), inner: real::$name::new_with(value) }
            }

            #[doc = concat!(
                "As tokio's [`const_new_with`](real::", stringify!($name), "::const_new_with)."
            )]
            #[track_caller]
            pub const fn const_new_with(value: T) -> Self {
                $name { object: object(), inner: real::$name::const_new_with(value) }
            }

            #[doc = concat!(
                "As tokio's [`initialized`](real::", stringify!($name), "::initialized)."
            )]
            #[track_caller]
            pub fn initialized(&self) -> bool {
                self.get().is_some()
            }

            #[doc = concat!("As tokio's [`get`](real::", stringify!($name), "::get).")]
            #[track_caller]
            pub fn get(&self) -> Option<&T> {
                self.object.immediate("get", unpick_sim::probe::Access::Read);
                let value = self.inner.get();
                if value.is_some() {
                    self.object.observe();
                }
                value
            }

            #[doc = concat!(
                "As tokio's [`into_inner`](real::", stringify!($name), "::into_inner)."
            )]
            pub fn into_inner(self) -> Option<T> {
                self.inner.into_inner()
            }
        }

        impl<T> Default for $name<T> {
            #[track_caller]
            fn default() -> Self {
                $name::new()
            }
        }

        impl<T: Clone> Clone for $name<T> {
            #[track_caller]
            fn clone(&self) -> Self {
                $name::new_with(self.get().cloned())
            }
        }

        impl<T: PartialEq> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.get() == other.get()
            }
        }

        impl<T: Eq> Eq for $name<T> {}

        impl<T> From<T> for $name<T> {
            #[track_caller]
            fn from(value: T) -> Self {
                $name::new_with(Some(value))
            }
        }

        impl<T: std::fmt::Debug> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}

pub(super) use filled_once;
