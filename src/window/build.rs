//! Compiles the window's `.slint` files, with the catalogues that they are said in.

fn main() {
    println!("cargo::rerun-if-changed=src/window/ui");
    println!("cargo::rerun-if-changed=src/text/lang");
    #[cfg(feature = "desktop")]
    window();
}

#[cfg(feature = "desktop")]
fn window() {
    let debug = std::env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent".into())
        .with_bundled_translations("src/text/lang")
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        // Tests find elements by what they are called.
        .with_debug_info(debug);
    if let Err(error) = slint_build::compile_with_config("src/window/ui/window.slint", config) {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
}
