//! Compiles the window's `.slint` files, with the catalogues that they are said in.

fn main() {
    println!("cargo::rerun-if-changed=src/window");
    println!("cargo::rerun-if-changed=src/text/lang");
}
