//! Compiles the window's `.slint` files, with the catalogues that they are said in.

use std::path::{Path, PathBuf};
use std::{env, fs};

const CATALOGUES: &str = "../../text/lang";

fn main() {
    println!("cargo::rerun-if-changed=.");
    println!("cargo::rerun-if-changed={CATALOGUES}");
    if let Err(error) = compile() {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
}

fn compile() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo runs this")?);
    let catalogues = out.join("lang");
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
    // Not `compile_with_config`: it would be done again for each catalogue that has just been copied.
    let generated = out.join("window.rs");
    slint_build::compile_with_output_path("window.slint", &generated, config)?;
    println!("cargo::rustc-env=SLINT_INCLUDE_GENERATED={}", generated.display());
    Ok(())
}
