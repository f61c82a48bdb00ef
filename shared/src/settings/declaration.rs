//! One declaration for each setting: what users read of it, its name, its type and its default.

#[cfg(not(target_arch = "wasm32"))]
use serde_json::Value;

use super::Reader;
#[cfg(not(target_arch = "wasm32"))]
use super::described::{Form, Setting, Type};

/// A type of settings. [`settings!`](crate::settings!) writes most of them.
pub trait SettingType {
    /// What rules work with: a setting of type `Namespace` is a `String`.
    type Value;
    /// What a declaration has behind the `=`; nothing where the type itself says what holds.
    type Default;

    /// Reads a field of a map. Where it has a problem, the problem is noted and any value will do.
    fn read(map: &mut Reader<'_, '_>, name: &'static str, default: Self::Default) -> Self::Value;

    /// The type for documents.
    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type;

    /// Whether the setting must not be left out.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    fn is_required() -> bool {
        false
    }

    /// The default as users write it. None where leaving the setting out says something that cannot be written.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    fn written(_default: Self::Default) -> Option<Value> {
        None
    }
}

/// A type of settings that lists can have: `[Namespace]` is a list of namespaces.
pub trait Item {
    /// What rules work with.
    type Value;

    /// Reads a field that is a list.
    fn read_list(map: &mut Reader<'_, '_>, name: &'static str) -> Vec<Self::Value>;

    /// The type for documents.
    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type;
}

/// A map with fields that are known: a struct that [`settings!`](crate::settings!) declares.
pub trait Fields: Sized {
    /// Reads all fields.
    fn read_fields(map: &mut Reader<'_, '_>) -> Self;

    /// The map for documents.
    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type;
}

impl<F: Fields> SettingType for F {
    type Value = F;
    type Default = ();

    fn read(map: &mut Reader<'_, '_>, name: &'static str, (): ()) -> F {
        map.map(name, F::read_fields)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        <F as Fields>::described()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn written((): ()) -> Option<Value> {
        let map = <F as Fields>::described();
        let of = |setting: &Setting| Some((setting.name.to_owned(), setting.default.clone()?));
        Some(map.settings().iter().filter_map(of).collect())
    }
}

impl<F: Fields> Item for F {
    type Value = F;

    fn read_list(map: &mut Reader<'_, '_>, name: &'static str) -> Vec<F> {
        map.list(name, F::read_fields)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        <F as Fields>::described()
    }
}

impl<I: Item> SettingType for [I] {
    type Value = Vec<I::Value>;
    type Default = ();

    fn read(map: &mut Reader<'_, '_>, name: &'static str, (): ()) -> Self::Value {
        I::read_list(map, name)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(Form::List(Box::new(I::described())))
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn written((): ()) -> Option<Value> {
        Some(Value::Array(Vec::new()))
    }
}

impl SettingType for bool {
    type Value = bool;
    type Default = bool;

    fn read(map: &mut Reader<'_, '_>, name: &'static str, default: bool) -> bool {
        map.flag(name, default)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn described() -> Type {
        Type::unnamed(Form::Flag)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn written(default: bool) -> Option<Value> {
        Some(default.into())
    }
}

/// A setting of a map, for documents.
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[must_use]
pub fn setting<T: SettingType + ?Sized>(
    name: &'static str,
    about: &[&str],
    default: T::Default,
    example: Option<Value>,
) -> Setting {
    let kind = T::described();
    Setting {
        name,
        about: super::described::one_line(about),
        default: if T::is_required() {
            None
        } else {
            T::written(default)
        },
        is_required: T::is_required(),
        example: example.unwrap_or_else(|| kind.example()),
        kind,
    }
}

/// Declares types of settings, each once: what reads them, and what documents are written from. Users read the doc
/// comments, in one line; nothing of them is in the wasm.
///
/// ```
/// use shared::settings::{Namespace, OnUpdate, Reason};
/// use shared::{Level, Reader, quote, settings};
///
/// settings! {
///     /// The settings of some policy. All are optional.
///     pub struct Settings {
///         /// Which hours count.
///         "hours" => hours: Hours = Hours::Office, example "all";
///         /// A Deployment at night.
///         "atNight" => at_night: Level = Level::Warn, example "deny";
///         /// Whether Sundays are nights.
///         "sundays" => sundays: bool = true, example false;
///         /// Deployments that are refused in any case.
///         "denied" => denied: [Denied];
///         /// What to do about violations that an object already had before an UPDATE.
///         "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
///     }
///
///     /// Deployments that are refused.
///     pub struct Denied {
///         /// Their namespaces. Empty: all.
///         "namespaces" => namespaces: [Namespace], example ["shop"];
///         /// The name of the team.
///         "team" => team: Team, example "payment";
///         /// Why, in one line for the user who is refused.
///         "reason" => reason: Reason, example "ask the platform team";
///         check Self::check;
///     }
///
///     /// Hours of a day.
///     pub enum Hours {
///         /// From nine to five.
///         "office" => Office,
///         /// The whole day.
///         "all" => All,
///     }
///
///     /// A team.
///     pub text Team {
///         problem: team_problem,
///         pattern: "^[a-z]+$",
///     }
/// }
///
/// impl Denied {
///     /// Notes what two fields say together. It may also change what was read into what rules need.
///     fn check(&mut self, entry: &mut Reader<'_, '_>) {
///         if self.namespaces.contains(&self.team) {
///             entry.problem("team", "is one of namespaces, too");
///         }
///     }
/// }
///
/// fn team_problem(name: &str) -> Option<String> {
///     let is_team = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
///     (!is_team).then(|| format!("{} is not a team", quote(name)))
/// }
///
/// impl shared::Settings for Settings {
///     fn on_update(&self) -> OnUpdate {
///         self.on_update
///     }
/// }
/// ```
///
/// - A `struct` is a map. A field has the name that users write, its own name, its [type](crate::settings::SettingType),
///   `= …` with the default where the type has one, and an example that is not the default.
/// - An `enum` is one of some words. Its doc comments say what each means.
/// - A `text` is a `String` that a function finds nothing wrong with. It is required where the function refuses an empty
///   one. Instead of a pattern it can have `words`. Without a doc comment it is described where it is used.
/// - Other types implement [`SettingType`](crate::settings::SettingType) themselves.
#[macro_export]
macro_rules! settings {
    () => {};
    (
        $(#[doc = $about:literal])+
        $visible:vis struct $name:ident {
            $(
                $(#[doc = $says:literal])+
                $key:literal => $seen:vis $field:ident: $kind:ty $(= $default:expr)? $(, example $example:tt)?;
            )+
            $(check $check:path;)?
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        $visible struct $name {
            $(
                $(#[doc = $says])+
                $seen $field: <$kind as $crate::settings::SettingType>::Value,
            )+
        }

        impl $crate::settings::Fields for $name {
            fn read_fields(map: &mut $crate::Reader<'_, '_>) -> Self {
                #[allow(unused_mut, reason = "it is for the check alone")]
                let mut read = Self {
                    $($field: <$kind as $crate::settings::SettingType>::read(map, $key, ($($default)?)),)+
                };
                $($check(&mut read, map);)?
                read
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn described() -> $crate::settings::described::Type {
                let settings = vec![$(
                    $crate::settings::setting::<$kind>(
                        $key,
                        &[$($says),+],
                        ($($default)?),
                        [$($crate::settings::described::json!($example))?].into_iter().next(),
                    ),
                )+];
                let form = $crate::settings::described::Form::Map(settings);
                $crate::settings::described::Type::new(stringify!($name), &[$($about),+], form)
            }
        }

        $crate::settings! { $($rest)* }
    };
    (
        $(#[doc = $about:literal])+
        $visible:vis enum $name:ident {
            $($(#[doc = $says:literal])+ $word:literal => $variant:ident),+ $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visible enum $name {
            $($(#[doc = $says])+ $variant,)+
        }

        impl $crate::settings::SettingType for $name {
            type Value = Self;
            type Default = Self;

            fn read(map: &mut $crate::Reader<'_, '_>, name: &'static str, default: Self) -> Self {
                map.choice(name, &[$($word),+], &[$(Self::$variant),+], default)
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn described() -> $crate::settings::described::Type {
                let words: &[(&str, &[&str])] = &[$(($word, &[$($says),+])),+];
                let form = $crate::settings::described::Form::words(words);
                $crate::settings::described::Type::new(stringify!($name), &[$($about),+], form)
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn written(default: Self) -> Option<$crate::settings::described::Value> {
                Some($crate::settings::described::Value::from(match default { $(Self::$variant => $word),+ }))
            }
        }

        $crate::settings! { $($rest)* }
    };
    (
        $(#[doc = $about:literal])*
        $visible:vis text $name:ident {
            problem: $problem:path,
            $(pattern: $pattern:literal,)?
            $(max_length: $most:literal,)?
            $(words: { $($(#[doc = $says:literal])* $word:literal),+ $(,)? },)?
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visible enum $name {}

        $(
            impl $name {
                /// Every word.
                const WORDS: &[&'static str] = &[$($word),+];
            }
        )?

        impl $crate::settings::SettingType for $name {
            type Value = String;
            type Default = ();

            fn read(map: &mut $crate::Reader<'_, '_>, name: &'static str, (): ()) -> String {
                map.checked(name, $problem).to_owned()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn described() -> $crate::settings::described::Type {
                <Self as $crate::settings::Item>::described()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn is_required() -> bool {
                $problem("").is_some()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn written((): ()) -> Option<$crate::settings::described::Value> {
                Some($crate::settings::described::Value::from(""))
            }
        }

        impl $crate::settings::Item for $name {
            type Value = String;

            fn read_list(map: &mut $crate::Reader<'_, '_>, name: &'static str) -> Vec<String> {
                map.texts(name, $problem)
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn described() -> $crate::settings::described::Type {
                let words: &[(&str, &[&str])] = &[$($(($word, &[$($says),*])),+)?];
                let form = if words.is_empty() {
                    $crate::settings::described::Form::Text {
                        pattern: concat!($($pattern)?),
                        max_length: [$($most)?].into_iter().next(),
                    }
                } else {
                    $crate::settings::described::Form::words(words)
                };
                $crate::settings::described::Type::new(stringify!($name), &[$($about),*], form)
            }
        }

        $crate::settings! { $($rest)* }
    };
}
