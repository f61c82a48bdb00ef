//! Finds and loads the policies to run.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use crate::{
    Engine, LoadError, Policy,
    embedded::{self, Code},
    engine::Module,
    manifests::bounded,
    names::{UnknownName, name_of_module},
};

/// Where policies are when nothing else is said and none are in the binary.
pub const FOLDER: &str = "dist";

/// How references to registries begin.
const SCHEME: &str = "registry://";

/// Policies that cannot be loaded or chosen.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// No policies were named, and there is nothing where they are looked for.
    #[error(
        "there are no policies to run: name them with --wasm, or build them into the folder `{FOLDER}`"
    )]
    NoPolicies,
    /// A path that was named does not exist or cannot be read.
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A registry was named, without saying so.
    #[error(
        "{reference}: there is no such file; for a policy in a registry write registry://{bare}",
        reference = .0,
        bare = without_scheme(.0)
    )]
    NoScheme(String),
    /// A folder was named that has no policies.
    #[error("{}: there is no .wasm file in this folder", .0.display())]
    EmptyFolder(PathBuf),
    /// A file is not a policy that runs here.
    #[error("{file}: {error}")]
    Load {
        /// The file.
        file: String,
        /// Why.
        error: LoadError,
    },
    /// A registry does not give the policy.
    #[cfg(feature = "registry")]
    #[error(transparent)]
    Registry(#[from] policy_registry::RegistryError),
    /// This program does not talk to registries.
    #[cfg(not(feature = "registry"))]
    #[error(
        "{0}: this preflight was built without registries: build it with `make install`, or pull the file first"
    )]
    NoRegistries(String),
    /// Two policies of one name would make settings and reports ambiguous.
    #[error("{file}: a policy named {name:?} is loaded already")]
    Twice {
        /// The second file.
        file: String,
        /// The name.
        name: String,
    },
    /// A name that no policy has.
    #[error("there is no policy {0}")]
    Unknown(UnknownName),
}

/// Policies that were found, and are not compiled yet.
#[derive(Debug)]
pub struct Bundle {
    /// Each with its file.
    modules: Vec<(String, Module<'static>)>,
}

impl Bundle {
    /// Finds the policies of these files, folders and references to registries (`registry://…`), or those of the binary, or
    /// those in [`FOLDER`].
    pub fn find(engine: &Engine, paths: &[PathBuf]) -> Result<Self, BundleError> {
        let found = if !paths.is_empty() {
            read(paths)?
        } else if !embedded::POLICIES.is_empty() {
            return Self::embedded(engine);
        } else if Path::new(FOLDER).is_dir() {
            read(&[PathBuf::from(FOLDER)])?
        } else {
            return Err(BundleError::NoPolicies);
        };
        let found = found
            .into_iter()
            .map(|(file, wasm)| (file, wasm.into(), None));
        Self::of(engine, found)
    }

    /// Finds those of the binary.
    fn embedded(engine: &Engine) -> Result<Self, BundleError> {
        let found = embedded::POLICIES.iter();
        let found = found.map(|one| (one.file.to_owned(), one.wasm.into(), one.code));
        Self::of(engine, found)
    }

    fn of(
        engine: &Engine,
        found: impl Iterator<Item = (String, Cow<'static, [u8]>, Option<Code>)>,
    ) -> Result<Self, BundleError> {
        let mut names = BTreeSet::new();
        let mut modules = Vec::new();
        for (file, wasm, code) in found {
            let module = match engine.inspect(stem(&file), wasm) {
                Ok(module) => module.with_code(code),
                Err(error) => return Err(BundleError::Load { file, error }),
            };
            let name = module.name().to_owned();
            if !names.insert(name.clone()) {
                return Err(BundleError::Twice { file, name });
            }
            modules.push((file, module));
        }
        Ok(Self { modules })
    }

    /// The names of the policies.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let modules = self.modules.iter();
        modules.map(|(_, module)| module.name()).collect()
    }

    /// Compiles the policies with these names; all of them when there are no names.
    pub fn load(self, engine: &Engine, names: &[String]) -> Result<Vec<Policy>, BundleError> {
        check_names(names, self.names().into_iter())?;
        let mut modules = self.modules;
        let is_named = |module: &Module<'_>| names.iter().any(|name| name == module.name());
        modules.retain(|(_, module)| names.is_empty() || is_named(module));
        let loaded = modules.into_par_iter().map(|(file, module)| {
            let policy = engine.compile(&module);
            policy.map_err(|error| BundleError::Load { file, error })
        });
        // All of them, so that the error is that of the first file, whichever is compiled first.
        let loaded: Vec<_> = loaded.collect();
        loaded.into_iter().collect()
    }
}

/// Finds and compiles all policies of these files, folders and references.
pub fn load(engine: &Engine, paths: &[PathBuf]) -> Result<Vec<Policy>, BundleError> {
    Bundle::find(engine, paths)?.load(engine, &[])
}

/// Whether each of these names is one of those that are known.
pub fn check_names<'a>(
    names: &[String],
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), BundleError> {
    let unknown = |name: &&String| !known.clone().any(|known| known == name.as_str());
    match names.iter().find(unknown) {
        Some(name) => Err(BundleError::Unknown(UnknownName::new(name, known))),
        None => Ok(()),
    }
}

fn read(paths: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
    let mut modules = Vec::new();
    for path in paths {
        if let Some(reference) = path.to_str().filter(|path| path.starts_with(SCHEME)) {
            modules.push((reference.to_owned(), pull(reference)?));
            continue;
        }
        let unreadable = |error| BundleError::Unreadable {
            path: path.clone(),
            error,
        };
        if !path.exists()
            && let Some(reference) = path.to_str().filter(|path| looks_like_a_reference(path))
        {
            return Err(BundleError::NoScheme(reference.to_owned()));
        }
        if !path.is_dir() {
            modules.push((
                path.display().to_string(),
                bounded::read(path).map_err(unreadable)?,
            ));
            continue;
        }
        let entries: io::Result<Vec<_>> = fs::read_dir(path).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        });
        let mut files = entries.map_err(unreadable)?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "wasm"));
        files.sort();
        if files.is_empty() {
            return Err(BundleError::EmptyFolder(path.clone()));
        }
        for file in files {
            modules.push((
                file.display().to_string(),
                bounded::read(&file).map_err(unreadable)?,
            ));
        }
    }
    Ok(modules)
}

/// Whether a path has the name of a host before it, and maybe another scheme: `ghcr.example.com/policies/web:v1`.
fn looks_like_a_reference(path: &str) -> bool {
    let Some((host, rest)) = without_scheme(path).split_once('/') else {
        return false;
    };
    let is_host =
        host.contains(['.', ':']) && host.starts_with(|it: char| it.is_ascii_alphanumeric());
    let is_file = Path::new(rest)
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("wasm"));
    is_host && !is_file
}

fn without_scheme(path: &str) -> &str {
    path.split_once("://").map_or(path, |(_, rest)| rest)
}

#[cfg(feature = "registry")]
fn pull(reference: &str) -> Result<Vec<u8>, BundleError> {
    Ok(policy_registry::pull(reference)?)
}

#[cfg(not(feature = "registry"))]
fn pull(reference: &str) -> Result<Vec<u8>, BundleError> {
    Err(BundleError::NoRegistries(reference.to_owned()))
}

/// What a policy without a title is called by: the name of its file, without its ending or its tag.
fn stem(file: &str) -> &str {
    if let Some(reference) = file.strip_prefix(SCHEME) {
        return name_of_module(reference);
    }
    Path::new(file)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or(file)
}
