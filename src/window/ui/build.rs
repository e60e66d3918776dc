//! Compiles the window's `.slint` files, with the catalogues that they are said in.

use std::path::Path;
use std::{env, fs};

const CATALOGUES: &str = "../../text/lang";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=.");
    println!("cargo::rerun-if-changed={CATALOGUES}");
    let catalogues = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("lang");
    for language in fs::read_dir(CATALOGUES)? {
        let language = language?.file_name();
        let [theirs, ours] =
            [Path::new(CATALOGUES), &catalogues].map(|folder| folder.join(&language).join("LC_MESSAGES"));
        fs::create_dir_all(&ours)?;
        // Slint looks for the catalogue by the name of the crate.
        fs::copy(theirs.join("patchcord.po"), ours.join(concat!(env!("CARGO_PKG_NAME"), ".po")))?;
    }
    let debug = env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent".into())
        .with_bundled_translations(&catalogues)
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        // Tests find elements by what they are called.
        .with_debug_info(debug);
    if let Err(error) = slint_build::compile_with_config("window.slint", config) {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
    Ok(())
}
